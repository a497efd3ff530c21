"""What the JSON API answers, as types: what is sent and what OpenAPI says are the same."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bridge.callers import Scope
from bridge.views.instants import LocalTime


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer."""


class TroubleShape(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that fails."""

    code: Annotated[str, Meta(description="Stable code.")]
    since: datetime
    words: Annotated[str, Meta(description="What happened, for people.")]
    fix: Annotated[str, Meta(description="What a person can do about it.")] = ""
    endpoint: Annotated[str, Meta(description="The room system concerned.")] | None = None
    source: Annotated[str, Meta(description="The calendar source concerned.")] | None = None


class ConcernedShape(Shape, frozen=True, kw_only=True):
    """What a finding is about."""

    kind: Literal["bridge", "source", "room", "endpoint"]
    id: Annotated[str, Meta(description="Its id; empty for the bridge itself.")]


class FindingShape(Shape, frozen=True, kw_only=True):
    """One thing that is not as it should be."""

    code: Annotated[str, Meta(description="Stable code.")]
    severity: Annotated[
        Literal["critical", "error", "warning", "info"],
        Meta(description="`info` asks for nothing."),
    ]
    subject: ConcernedShape
    words: Annotated[str, Meta(description="What it is, for people.")]
    fix: Annotated[str, Meta(description="The command or page that mends it.")]
    since: datetime


class UpkeepShape(Shape, frozen=True, kw_only=True):
    """What reading a calendar source costs, and how old the agendas of its rooms are."""

    source: str
    rooms: int
    covered: Annotated[int, Meta(description="Rooms whose changes the service tells.")]
    requests_day: Annotated[int, Meta(description="Requests of 24 hours, or since the start.")]
    budget: Annotated[int, Meta(description="Requests that it may send a day.")] | None
    interval_s: Annotated[float, Meta(description="How often quiet rooms are read.")]
    age_p50_s: float | None
    age_p99_s: float | None
    age_worst_s: float | None
    worst_room: str | None


class HealthShape(Shape, frozen=True, kw_only=True):
    """Everything that fails now, and what the last live checks found; the worst first."""

    as_of: Annotated[datetime, Meta(description="When the live checks were done.")] | None
    findings: tuple[FindingShape, ...]
    sources: tuple[UpkeepShape, ...]


class NextShape(Shape, frozen=True, kw_only=True):
    """The next booking of a room."""

    id: str
    start: datetime
    end: datetime
    title: str
    private: bool


class PresenceShape(Shape, frozen=True, kw_only=True):
    """Whether anybody uses the room, whatever its calendar says."""

    state: Annotated[
        Literal["unknown", "free", "in_use", "in_call"],
        Meta(description="`unknown`: nothing in the room tells."),
    ]
    since: datetime | None


class RoomShape(Shape, frozen=True, kw_only=True):
    """A room and how it stands."""

    id: str
    name: str
    mailbox: str
    time_zone: str
    building: str
    floor: str
    capacity: int
    features: tuple[str, ...]
    lists: tuple[str, ...]
    state: Literal["free", "busy"]
    until: Annotated[datetime, Meta(description="When the state ends.")] | None
    next: NextShape | None
    as_of: Annotated[datetime, Meta(description="When the calendar was last read well.")] | None
    age_s: int | None
    stale: bool
    presence: PresenceShape
    health: tuple[TroubleShape, ...]


class OtherRoomShape(Shape, frozen=True, kw_only=True):
    """What a display may know of a room that is not its own."""

    id: str
    name: str
    building: str
    floor: str
    state: Literal["free", "busy"]
    until: datetime | None


_ROOMS = ("RoomShape", "OtherRoomShape")
_EITHER = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in _ROOMS]}


class RoomsShape(Shape, frozen=True, kw_only=True):
    """All rooms, each a `RoomShape` or, for a display, an `OtherRoomShape`."""

    rooms: tuple[Annotated[Any, Meta(extra_json_schema=_EITHER)], ...]


class JoinShape(Shape, frozen=True, kw_only=True):
    """What one touch needs."""

    provider: str
    meeting_id: str | None
    sip: Annotated[str, Meta(description="SIP URI without its scheme.")] | None
    h323: Annotated[str, Meta(description="H.323 address.")] | None
    url: str | None
    dial: Annotated[str, Meta(description="The address to dial: SIP before H.323.")] | None


class CheckInShape(Shape, frozen=True, kw_only=True):
    """A span in which somebody must check in."""

    opens: datetime
    until: datetime
    releases: Annotated[bool, Meta(description="Whether the room is given back then.")]


class BookingShape(Shape, frozen=True, kw_only=True):
    """A booking as its room shows it."""

    id: Annotated[str, Meta(description="Stable while the meeting lives.", max_length=64)]
    start: LocalTime
    end: LocalTime
    all_day: bool
    title: str
    organizer: str
    private: bool
    state: Literal["confirmed", "tentative"]
    show_as: Annotated[
        Literal["busy", "free"], Meta(description="`free`: a note that does not take the room.")
    ]
    checked_in: bool
    check_in: Annotated[
        CheckInShape | None,
        Meta(description="When somebody must check in, or the room is given back."),
    ]
    can_join: Annotated[bool, Meta(description="Whether one touch is enough.")]
    join: JoinShape | None
    no_join_reason: str | None


class AgendaRoomShape(Shape, frozen=True, kw_only=True):
    """The room of an agenda."""

    id: str
    name: str
    mailbox: str
    time_zone: str


class AgendaShape(Shape, frozen=True, kw_only=True):
    """A room's agenda."""

    room: AgendaRoomShape
    as_of: datetime | None
    age_s: int | None
    stale: bool
    bookings: tuple[BookingShape, ...]


class StatusShape(Shape, frozen=True, kw_only=True):
    """The stream's `status` event."""

    as_of: datetime | None
    age_s: int | None
    stale: bool
    health: tuple[TroubleShape, ...]
    time: Annotated[datetime, Meta(description="The bridge's clock.")]
    presence: PresenceShape
    display: Annotated[
        str, Meta(description="Changes with what `GET /rooms/{id}/display` answers.")
    ]


class CandidateShape(Shape, frozen=True, kw_only=True):
    """A meeting that was found and not chosen."""

    provider: str
    source: Annotated[str, Meta(description="Where it stood in the invitation.")]
    score: int
    meeting_id: str | None
    url: str | None
    why: str


class EndpointStateShape(Shape, frozen=True, kw_only=True):
    """Whether a room system has a booking."""

    endpoint: str
    kind: str
    has_it: bool
    dial: str | None
    reason: str | None
    words: str
    fix: str


class ExplainedShape(Shape, frozen=True, kw_only=True):
    """How a booking became what it is."""

    id: str
    start: datetime | None
    end: datetime | None
    title: str
    shown: bool
    can_join: bool
    join: JoinShape | None
    reason: Annotated[str, Meta(description="Why it has no button, or is not shown.")] | None
    words: str
    fix: str
    source: str | None
    rule: str | None
    confidence: float | None
    candidates: tuple[CandidateShape, ...]
    tried: tuple[str, ...]
    notes: tuple[str, ...]
    endpoints: tuple[EndpointStateShape, ...]


class ExplanationShape(Shape, frozen=True, kw_only=True):
    """How a room's agenda came about."""

    room: AgendaRoomShape
    as_of: datetime | None
    age_s: int | None
    stale: bool
    health: tuple[TroubleShape, ...]
    bookings: tuple[ExplainedShape, ...]


class TokenShape(Shape, frozen=True, kw_only=True):
    """What is known of a token."""

    id: str
    name: str
    scopes: tuple[str, ...]
    room: str | None
    lists: Annotated[tuple[str, ...], Meta(description="Only of rooms of these.")] | None = None
    display: Annotated[str, Meta(description="The paired display that it is for.")] | None = None
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class TokensShape(Shape, frozen=True, kw_only=True):
    """All tokens."""

    tokens: tuple[TokenShape, ...]


class NewTokenShape(Shape, frozen=True, kw_only=True):
    """A new token; `token` is told this once."""

    id: str
    name: str
    scopes: tuple[str, ...]
    room: str | None
    lists: tuple[str, ...] | None = None
    created: datetime
    expires: datetime | None
    token: str


class TokenOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new token shall be."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    scopes: Annotated[
        tuple[Scope, ...], Meta(description="At most those that one has oneself.")
    ] = ("read",)
    room: Annotated[str, Meta(description="For the display of this room.")] | None = None
    lists: (
        Annotated[
            tuple[str, ...],
            Meta(
                min_length=1,
                description="For the rooms of these lists only, with the scopes"
                " `read`, `join`, `write` and `rooms`.",
            ),
        ]
        | None
    ) = None
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class ReceiverShape(Shape, frozen=True, kw_only=True):
    """How a test message went for one receiver of alerts."""

    receiver: str
    ok: bool
    words: str
    """Why it did not arrive."""


class AlertTestShape(Shape, frozen=True, kw_only=True):
    """How a test message went."""

    receivers: tuple[ReceiverShape, ...]


class LiveShape(Shape, frozen=True, kw_only=True):
    """That the process answers."""

    status: Literal["ok"] = "ok"


class ReadyShape(Shape, frozen=True, kw_only=True):
    """Whether the appliance does its work, and how many rooms stand how."""

    ready: bool
    rooms: int
    fresh: int
    stale: int
    never_read: int
    health: tuple[TroubleShape, ...]


class ProblemShape(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    code: Annotated[str, Meta(description="Stable code.")]
    detail: str = ""
