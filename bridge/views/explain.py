"""How each booking became what it is: for engineers who wonder about a missing button."""

from collections.abc import Iterator

from aiohttp import web

from bridge.callers import Caller
from bridge.reasons import LEFT_OUT, NO_JOIN
from bridge.views import render
from bridge.views.house import EndpointState, House
from bridge.views.rooms import seen_room
from bridge.views.shapes import (
    CandidateShape,
    EndpointStateShape,
    ExplainedShape,
    ExplanationShape,
)
from bridge.views.web import Problem, Route, answer
from bridge.words import ADVICE, Advice
from rooms.agenda import Account, Explained
from rooms.model import Agenda, Booking, LeftOut
from rooms.room import Room


async def explanation(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """The bookings of a room, each with its reasons; one of them with `booking`."""
    room = seen_room(house, caller, request)
    account = await house.store.account(room.id)
    now = house.clock.now()
    kept, held = house.store.kept(room.id), house.store.agenda(room.id)
    wanted = request.query.get("booking")
    found = [one for one in explained(house, room, held, account) if wanted in {None, one.id}]
    if wanted is not None and not found:
        raise Problem(404, "unknown_booking")
    shape = ExplanationShape(
        room=render.agenda_room(room),
        as_of=kept.as_of if kept else None,
        age_s=render.age(kept.as_of, now) if kept else None,
        stale=house.stale(kept, now),
        health=render.troubles(house.health_of(room, now)),
        bookings=tuple(found),
    )
    return answer(shape)


def explained(
    house: House, room: Room, held: Agenda | None, account: Account
) -> Iterator[ExplainedShape]:
    """Each booking of an agenda with its reasons, then what was left out of it."""
    ways = {how.booking: how for how in account.explained}
    for booking in held.bookings if held else ():
        how = ways.get(booking.id, Explained(booking=booking.id))
        yield _shown(room, booking, how, house.endpoints(room.id, booking))
    for out in account.left_out:
        yield _left_out(room, out)


def _shown(
    room: Room, booking: Booking, how: Explained, states: tuple[EndpointState, ...]
) -> ExplainedShape:
    advice = NO_JOIN[booking.no_join_reason] if booking.no_join_reason else Advice("", "")
    return ExplainedShape(
        id=booking.id,
        start=booking.start.astimezone(room.zone),
        end=booking.end.astimezone(room.zone),
        title=booking.title,
        shown=True,
        can_join=booking.can_join,
        join=render.details(booking.join) if booking.join else None,
        reason=booking.no_join_reason,
        words=advice.words,
        fix=advice.fix.format(mailbox=room.mailbox),
        source=how.source,
        rule=how.rule,
        confidence=how.confidence,
        candidates=tuple(
            CandidateShape(
                provider=one.provider,
                source=one.source,
                score=one.score,
                meeting_id=one.meeting_id,
                url=one.join_url,
                why=one.why,
            )
            for one in how.candidates
        ),
        tried=how.tried,
        notes=how.notes,
        endpoints=tuple(_state(one) for one in states),
    )


def _left_out(room: Room, out: LeftOut) -> ExplainedShape:
    return ExplainedShape(
        id=out.id,
        start=out.start.astimezone(room.zone) if out.start else None,
        end=out.end.astimezone(room.zone) if out.end else None,
        title=out.title,
        shown=False,
        can_join=False,
        join=None,
        reason=out.reason,
        words=LEFT_OUT.get(out.reason, ""),
        fix="",
        source=None,
        rule=None,
        confidence=None,
        candidates=(),
        tried=(),
        notes=(),
        endpoints=(),
    )


def _state(one: EndpointState) -> EndpointStateShape:
    advice = ADVICE[one.reason] if one.reason else Advice("", "")
    return EndpointStateShape(
        endpoint=one.endpoint,
        kind=one.kind,
        has_it=one.has_it,
        dial=one.dial,
        reason=one.reason,
        words=advice.words,
        fix=advice.fix,
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/rooms/{room}/explain",
        serve=explanation,
        scope="join",
        displays=False,
        summary="How each booking became what it is, and what the room systems know",
        answer=ExplanationShape,
        query={"booking": "Only this booking"},
        problems=("unknown_room", "unknown_booking"),
    ),
)
