"""Simulated Poly units, made from documents alone, read the façade (EP-23 to EP-33)."""

from typing import Any

import pytest

from connector.endpoint import Calendar, Facade
from connector.outside import open_outside
from connector.secret import Secret
from connector.simulators.poly import Fault, Unit
from connector.simulators.poly.reader import Reader
from rooms.endpoint_agenda import within_reach
from rooms.model import Agenda
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import CALL, MAILBOX, QUIET, SECRET, Client
from tests.connector.poly_unit import standing

INTERFACES = [
    ("studio", "rest"),
    ("group", "rest"),
    ("group", "telnet"),
    ("hdx", "ssh"),
    ("trio", "rest"),
]
HABITS: list[dict[str, Any]] = [
    {"path": "lower"},
    {"form": "restriction"},
    {"enters": "folder", "accepts": True},
    {"operation": "GetTheUnheardOf"},
    {"strict_token": True},
    {"push": True},
]


def served(views: Views) -> Agenda:
    """What the room has now."""
    agenda = views.store.agenda("kestrel")
    assert agenda
    return within_reach(agenda, views.clock.now())


@pytest.mark.parametrize(("family", "way"), INTERFACES, ids=str)
@pytest.mark.parametrize("login", ["ntlm", "basic"])
async def test_a_unit_that_its_driver_points_here_lists_what_the_room_has(
    client: Client, views: Views, family: str, way: str, login: str
) -> None:
    await views.keep(CALL, QUIET, SECRET)
    calendar = Calendar(
        url=str(client.make_url("/EWS/Exchange.asmx")),
        mailbox=MAILBOX,
        facade=Facade(username="kestrel", password=Secret("pass word")),
    )
    switches: dict[str, Any] = {"rest": True, "telnet": True, "login": login}
    async with (
        open_outside(views.clock) as outside,
        standing(outside, family, way, **switches) as stand,
    ):
        await stand.driven.provision(calendar)
        reader = Reader(stand.unit)
        await reader.poll()
        assert stand.unit.status == "ONLINE"
        facts = await stand.driven.facts()
        known = {"rest": "ONLINE", "ssh": "established", "telnet": "established"}
        assert facts.calendar == ("" if family == "trio" else known[way])
        confirmed = None if family == "trio" else True
        assert await stand.driven.lists(served(views)) is confirmed
        await views.keep(QUIET)
        if family != "trio":
            assert await stand.driven.lists(served(views)) is False
        await reader.poll()
        assert await stand.driven.lists(served(views)) is confirmed
        await reader.leave()


@pytest.mark.parametrize("family", ["hdx", "group", "studio", "trio"])
@pytest.mark.parametrize("habit", HABITS, ids=str)
async def test_every_family_shows_what_is_to_be_shown_whatever_its_habits(
    client: Client, views: Views, family: Any, habit: dict[str, Any]
) -> None:
    await shows(client, views, Unit(family, clock=views.clock.now, **habit))


async def shows(client: Client, views: Views, unit: Unit) -> None:
    """The unit shows the room's meetings, and can dial the one that can be joined."""
    await views.keep(CALL, QUIET, SECRET)
    reader = Reader(unit)
    unit.configure(f"{client.host}:{client.port}", "kestrel", "pass word", MAILBOX)
    try:
        await reader.poll()
        await reader.poll()
    finally:
        await reader.leave()
    assert unit.status == "ONLINE"
    call, quiet, secret = unit.screen().meetings
    assert (call.title, call.dial) == ("Plans & <schemes>", "91234567890@zoomcrc.com")
    assert (quiet.title, quiet.join) == ("Lunch", False)
    assert "merger" not in secret.title


async def test_a_handshake_that_was_torn_is_begun_anew(client: Client, views: Views) -> None:
    unit = Unit("trio", clock=views.clock.now)
    unit.faults.add(Fault(kind="drop", path="ews ntlm"))
    await shows(client, views, unit)


async def test_a_wrong_password_is_told_at_the_unit(client: Client, views: Views) -> None:
    unit = Unit("studio", clock=views.clock.now)
    unit.configure(f"{client.host}:{client.port}", "kestrel", "wrong", MAILBOX)
    reader = Reader(unit)
    await reader.poll()
    await reader.leave()
    assert (unit.status, unit.meetings) == ("ERR_AUTHENTICATION", ())
