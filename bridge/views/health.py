"""Everything that is not as it should be, and the live checks that find it out."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from aiohttp import web

from bridge.callers import Caller
from bridge.findings import ORDER
from bridge.health import BRIDGE, Subject, Trouble
from bridge.views.house import House
from bridge.views.shapes import ConcernedShape, FindingShape, HealthShape, UpkeepShape
from bridge.views.web import Problem, Route, answer


class Rounds(Protocol):
    """Who makes the live checks."""

    @property
    def as_of(self) -> datetime | None:
        """When everything was looked at last."""

    @property
    def go(self) -> Callable[[str | None], Awaitable[None]]:
        """Look at everything, or at what concerns one room."""


Upkeep = Callable[[], Iterable[UpkeepShape]]
"""Who knows what sources cost; none where nothing is read."""


def routes(rounds: Rounds, upkeep: Upkeep = tuple) -> tuple[Route, Route]:
    """Health as it stands, and the live checks."""

    async def stands(house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
        found = (pair for pair in _everything(house) if _concerns(house, caller, pair[0]))
        costs = upkeep() if caller.rooms is None else ()
        return answer(_shape(rounds.as_of, found, costs))

    async def check(house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        room = request.query.get("room")
        if room is not None and room not in house.rooms:
            raise Problem(404, "unknown_room")
        await rounds.go(room)
        found = _everything(house) if room is None else _around(house, room)
        costs = [one for one in upkeep() if room is None or one.source == house.rooms[room].source]
        return answer(_shape(house.clock.now(), found, costs))

    return (
        Route(
            method="GET",
            path="/api/v1/health",
            serve=stands,
            scope="read",
            displays=False,  # they see their own room's health with the room
            summary="Everything that fails now, and what the last live checks found",
            answer=HealthShape,
        ),
        Route(
            method="POST",
            path="/api/v1/doctor",
            serve=check,
            scope="control",
            summary="Do the live checks now",
            answer=HealthShape,
            query={"room": "Only what concerns this room"},
            problems=("unknown_room",),
        ),
    )


def _everything(house: House) -> Iterator[tuple[Subject, Trouble]]:
    now = house.clock.now()
    for room in house.rooms.values():
        yield from ((Subject("room", room.id), one) for one in house.age_of(room, now))
    yield from house.health.all()


def _concerns(house: House, caller: Caller, subject: Subject) -> bool:
    """Whether something is about rooms that a caller knows, or about all of them."""
    if caller.rooms is None:
        return True
    match subject.about:
        case "room":
            return subject.id in caller.rooms
        case "endpoint":
            return any(subject.id in house.room_endpoints(room) for room in caller.rooms)
        case "source":
            near = (house.rooms.get(room) for room in caller.rooms)
            return any(room is not None and room.source == subject.id for room in near)
        case "bridge":
            return True


def _around(house: House, room: str) -> Iterator[tuple[Subject, Trouble]]:
    """What concerns a room; which other rooms its source has does not."""
    near: dict[str, Collection[str]] = {
        "bridge": {BRIDGE.id},
        "room": {room},
        "source": {house.rooms[room].source},
        "endpoint": house.room_endpoints(room),
    }
    for subject, trouble in _everything(house):
        if subject.id in near[subject.about] and subject.kind != "discovery":
            yield subject, trouble


def _shape(
    as_of: datetime | None, found: Iterator[tuple[Subject, Trouble]], costs: Iterable[UpkeepShape]
) -> HealthShape:
    worst = sorted(found, key=lambda pair: (ORDER.index(pair[1].severity), pair[0], pair[1].code))
    return HealthShape(
        as_of=as_of, findings=tuple(_finding(*pair) for pair in worst), sources=tuple(costs)
    )


def _finding(subject: Subject, trouble: Trouble) -> FindingShape:
    return FindingShape(
        code=trouble.code,
        severity=trouble.severity,
        subject=ConcernedShape(kind=subject.about, id=subject.id),
        words=trouble.words,
        fix=trouble.fix,
        since=trouble.since,
    )
