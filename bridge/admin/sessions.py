"""Where somebody is signed in, and how that is ended."""

from datetime import datetime
from typing import NamedTuple

from bridge.callers import Caller
from bridge.people.reception import Reception
from bridge.views.people import refusals


class Stay(NamedTuple):
    """A session as a page tells it."""

    id: str
    browser: str
    address: str
    """Empty for the appliance itself."""
    began: datetime
    seen: datetime
    here: bool
    """Whether it is the one that looks."""


def stays(desk: Reception, person: str, caller: Caller) -> list[Stay]:
    """Where somebody is signed in, the one that was used last first."""
    found = (
        Stay(
            id=one.id,
            browser=one.browser,
            address=one.address,
            began=one.created,
            seen=desk.sessions.seen(one),
            here=one.id == caller.session,
        )
        for one in desk.sessions
        if one.person == person
    )
    return sorted(found, key=lambda one: (not one.here, -one.seen.timestamp()))


async def end(desk: Reception, person: str, wanted: str, caller: Caller) -> None:
    """End a session of somebody, or where none is named all but the one that asks.

    Raises:
        Problem: `unknown_session`, `disk_failing`.
    """
    known = [one.id for one in stays(desk, person, caller) if not one.here]
    with refusals():
        await desk.end(person, [one for one in known if wanted in {"", one}], caller)
