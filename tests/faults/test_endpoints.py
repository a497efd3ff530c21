"""Every fault of a room system: simulated device, driver, dispatcher and store, in virtual time.

Whatever happens at kestrel's codec, osprey's is told at once; and without a hand, or with the one
that the words ask for, all is well again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bridge.settings.model import Poll
from connector.outside import Trust, open_outside
from connector.secret import Secret
from connector.simulators.cisco import Codec, Fault
from connector.simulators.graph.faults import kinds as graph
from tests.faults import services
from tests.faults.house import KESTREL, House
from tests.faults.house import played as house_played
from tests.faults.room_systems import ROOMS, Site, passes, played, room_systems

# Folders are made and drivers found within the loop; what the appliance does has its own tests.
pytestmark = pytest.mark.allow_blocking

SOON = 10.0
"""Seconds in which a change of an afternoon is on a screen."""
A_WHILE = 20 * 60.0
LONGEST = 90 * 60.0
"""In which one is tried again that failed in a way that a person must mend."""
NIGHT = 8 * 3600.0
REFUSED = {401, 403}
OVER_HTTP = "ce9.15.17.4"
OLD = "TC7.3.9"


async def others_are_told_at_once(site: Site) -> None:
    """The codec of the other room takes each change within seconds."""
    for titles in (("Board", "Harvest"), ("Board",)):
        await site.keep("osprey", *titles)
        await site.comes(partial(site.lists, "osprey", *titles), SOON)
    await site.comes(partial(site.well, "osprey", "Board"), 60)


def refusals(codec: Codec) -> int:
    """How often somebody was not let in."""
    return sum(seen.status in REFUSED for seen in codec.requests)


def opened(codec: Codec) -> list[Any]:
    """When somebody asked for a WebSocket."""
    return [seen.at for seen in codec.requests if (seen.method, seen.path) == ("GET", "/ws")]


@pytest.mark.fault("endpoint_reboot")
@pytest.mark.parametrize("version", ["RoomOS 26.4.1", "RoomOS 11.27.2.0", OVER_HTTP, OLD])
@pytest.mark.parametrize("minutes", [0, 4])
def test_a_list_that_a_reboot_took_comes_back(tmp_path: Path, version: str, minutes: int) -> None:
    async def work(site: Site) -> None:
        site.codec().reboot(timedelta(minutes=minutes))
        assert not site.listed()
        await others_are_told_at_once(site)
        await site.comes(partial(site.well, "kestrel", "Board"), A_WHILE)
        assert site.codec().is_up()

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("form", ["401", "redirect", "page"])
@pytest.mark.parametrize("version", ["RoomOS 26.4.1", OVER_HTTP, OLD])
def test_a_wrong_password_is_tried_once_and_the_right_one_begins_anew(
    tmp_path: Path, version: str, form: str
) -> None:
    async def work(site: Site) -> None:
        await site.comes(lambda: site.status().state == "denied", 60)
        tried = len(site.codec().requests)
        assert tried == 1
        assert site.troubles() == ["endpoint_denied"]
        for name in ROOMS:
            await site.keep(name, "Board", "Harvest")
        await site.comes(partial(site.lists, "osprey", "Board", "Harvest"), SOON)
        await passes(NIGHT)
        assert len(site.codec().requests) == tried
        await others_are_told_at_once(site)
        await site.adopt(password=Secret("right"))
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), 60)

    def prepared(site: Site) -> None:
        site.codec().switch(sign_in=form)

    played(tmp_path, work, version=version, password="wrong", before=prepared)


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("version", ["RoomOS 26.4.1", OVER_HTTP, OLD])
def test_a_password_that_somebody_changes_at_the_unit_locks_nobody_out(
    tmp_path: Path, version: str
) -> None:
    async def work(site: Site) -> None:
        codec = site.codec()
        codec.users = type(codec.users)({"bridge": "another"})
        codec.reboot()
        codec.requests.clear()
        await site.keep("kestrel", "Board", "Harvest")
        await site.comes(lambda: site.status().state == "denied", A_WHILE)
        await passes(NIGHT)
        assert refusals(codec) == 1
        assert site.troubles() == ["endpoint_denied"]
        await site.adopt(password=Secret("another"))
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), 60)

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_certificate")
@pytest.mark.parametrize("version", ["RoomOS 11.27.2.0", OVER_HTTP])
def test_another_certificate_is_told_nothing_before_somebody_compared_it(
    tmp_path: Path, version: str
) -> None:
    async def work(site: Site) -> None:
        await site.addresses["kestrel"].renew()
        site.codec().requests.clear()
        await site.keep("kestrel", "Board", "Harvest")
        await site.comes(lambda: "endpoint_quarantined" in site.troubles(), 2 * A_WHILE)
        failure = site.status().last_error
        assert failure
        assert failure.code == "certificate_changed"
        await others_are_told_at_once(site)
        assert not site.codec().requests
        assert site.listed() == ["Board"]
        # The default of the options is the certificate that is served now.
        await site.adopt(tls=Trust(fingerprint=site.addresses["kestrel"].fingerprint))
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), 60)

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_half_open")
@pytest.mark.parametrize("version", ["RoomOS 11.27.2.0", OVER_HTTP, OLD])
def test_a_unit_that_says_nothing_any_more_is_given_up_and_comes_back(
    tmp_path: Path, version: str
) -> None:
    async def work(site: Site) -> None:
        site.codec().faults.add(Fault(kind="hang", times=None))
        await site.keep("kestrel", "Board", "Harvest")
        await others_are_told_at_once(site)
        await site.comes(lambda: site.troubles() == ["endpoint_unreachable"], 120)
        assert site.status().reachable is False
        await passes(3600)
        await others_are_told_at_once(site)
        site.codec().faults.clear()
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), A_WHILE)

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_slow")
@pytest.mark.parametrize("version", ["RoomOS 11.27.2.0", OVER_HTTP, OLD])
def test_answers_after_twenty_seconds_count_and_delay_nobody_else(
    tmp_path: Path, version: str
) -> None:
    async def work(site: Site) -> None:
        site.codec().faults.add(Fault(kind="slow", seconds=20, times=None))
        await site.keep("kestrel", "Board", "Harvest")
        await others_are_told_at_once(site)
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), 180)
        await passes(3600)
        assert site.well("kestrel", "Board", "Harvest")

    played(tmp_path, work, version=version)


INSIDE: list[Any] = ["error", "parameter_error", "unknown", "empty", "page", "malformed", "huge"]


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("kind", INSIDE)
@pytest.mark.parametrize("version", [OVER_HTTP, OLD])
def test_a_200_with_an_error_inside_is_never_taken_for_a_list_that_is_there(
    tmp_path: Path, version: str, kind: Any
) -> None:
    async def work(site: Site) -> None:
        site.codec().faults.add(Fault(kind=kind, times=None))
        await site.keep("kestrel", "Board", "Harvest")
        await site.comes(lambda: site.status().state != "confirmed", 10)
        await others_are_told_at_once(site)
        await asyncio.sleep(120)
        assert site.listed() == ["Board"], "the former list stays"
        # What `bookingsputxml` answers is not documented: anything but a plain error is believed,
        # until the list is read back.
        assert site.status().state != "confirmed"
        assert site.status().state != "shown" or kind in {"unknown", "empty", "malformed"}
        site.codec().faults.clear()
        if site.status().state == "denied":  # a page with 200 is how some say no
            await site.adopt(call_rate=4000)
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), LONGEST)

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("kind", ["error", "parameter_error", "malformed", "huge", "drop", "rpc"])
def test_nor_is_an_error_on_an_open_websocket(tmp_path: Path, kind: Any) -> None:
    async def work(site: Site) -> None:
        site.codec().faults.add(Fault(kind=kind, path="/ws/xCommand/Bookings", times=None))
        site.codec().switch(private_api=False)
        await site.keep("kestrel", "Board", "Harvest")
        await site.comes(lambda: site.status().state not in {"shown", "confirmed"}, 60)
        await others_are_told_at_once(site)
        site.codec().faults.clear()
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), A_WHILE)

    played(tmp_path, work)


@pytest.mark.fault("endpoint_control_characters")
@pytest.mark.parametrize("version", ["RoomOS 26.4.1", OVER_HTTP, OLD])
def test_control_characters_there_and_in_titles_do_no_harm(tmp_path: Path, version: str) -> None:
    async def work(site: Site) -> None:
        site.codec().switch(control_characters=True)
        await site.keep("kestrel", "Board \x07\x01\x0bwith\x1f bells \ufffe", "]]> <b>&amp;")
        await site.comes(
            lambda: len(site.listed()) == 2 and site.status().state == "confirmed", 120
        )
        first, second = site.listed()
        assert first.startswith("Board")
        assert not set(map(ord, first)) & {0, 1, 7, 11, 31, 0xFFFE}
        assert second == "]]> <b>&amp;"
        await passes(7 * 3600)
        facts = site.status().facts
        assert facts
        assert facts.serial == site.codec().serial
        assert not site.troubles()

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_sessions")
@pytest.mark.parametrize("version", ["RoomOS 26.4.1", OVER_HTTP, OLD])
def test_where_all_sessions_are_taken_the_list_comes_all_the_same_and_none_is_added(
    tmp_path: Path, version: str
) -> None:
    async def work(site: Site) -> None:
        codec = site.codec()
        while codec.begin_session("somebody else") or codec.begin_session("bridge"):
            pass
        taken = len(codec.sessions)
        assert taken >= 1
        for day in range(30):
            await site.keep("kestrel", f"Day {day}")
            await site.comes(lambda: site.status().state == "confirmed", A_WHILE)
            await asyncio.sleep(60)
            assert len(codec.sessions) <= taken
        assert site.listed() == ["Day 29"]

    played(tmp_path, work, version=version)


@pytest.mark.fault("endpoint_websocket_refused")
def test_an_upgrade_refused_with_403_is_a_wrong_password_and_not_tried_again(
    tmp_path: Path,
) -> None:
    async def work(site: Site) -> None:
        codec = site.codec()
        codec.faults.add(Fault(kind="status", status=403, path="/ws", times=None))
        for cut in tuple(codec.lines):
            cut()
        before = len(opened(codec))
        await site.comes(lambda: site.status().state == "denied", A_WHILE)
        await passes(NIGHT)
        assert len(opened(codec)) == before + 1
        await others_are_told_at_once(site)
        codec.faults.clear()
        await site.adopt(call_rate=4000)
        await site.comes(lambda: site.status().connected, 120)

    played(tmp_path, work)


@pytest.mark.fault("endpoint_websocket_refused")
@pytest.mark.parametrize(("status", "pause"), [(502, 2), (503, 60)])
def test_an_upgrade_refused_for_now_is_asked_for_again_later_and_lists_come_meanwhile(
    tmp_path: Path, status: int, pause: int
) -> None:
    async def work(site: Site) -> None:
        codec = site.codec()
        codec.faults.add(Fault(kind="status", status=status, path="/ws", times=5))
        for cut in tuple(codec.lines):
            cut()
        before = len(opened(codec))
        await site.comes(lambda: not site.status().connected, 60)
        await site.keep("kestrel", "Board", "Harvest")
        await site.comes(partial(site.lists, "kestrel", "Board", "Harvest"), 120)
        await others_are_told_at_once(site)
        await site.comes(lambda: site.status().connected, A_WHILE)
        asked = opened(codec)[before:]
        assert len(asked) == 6
        pauses = [late - early for early, late in pairwise(asked)]
        assert min(pauses) >= timedelta(seconds=pause)
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), A_WHILE)

    played(tmp_path, work)


@pytest.mark.fault("endpoint_clock")
@pytest.mark.parametrize(("minutes", "word"), [(-10, "behind"), (45, "ahead")])
def test_a_wrong_clock_is_told_and_the_list_is_right_all_the_same(
    tmp_path: Path, minutes: int, word: str
) -> None:
    async def work(site: Site) -> None:
        site.codec().offset = timedelta(minutes=minutes)
        await site.keep("kestrel", "Board", "Harvest")
        await site.comes(lambda: site.troubles() == ["endpoint_clock"], 7 * 3600)
        (trouble,) = site.health.of(site.dispatch._boxes["kestrel"].subject)
        assert word in trouble.words
        assert site.listed() == ["Board", "Harvest"]
        await site.comes(lambda: site.status().state == "confirmed", A_WHILE)
        site.codec().offset = timedelta()
        await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), 7 * 3600)

    played(tmp_path, work)


MAILBOX: dict[str, Any] = {"mailbox": KESTREL}
SOURCE: list[Any] = [
    graph.Status(status=503),
    graph.Status(status=401),
    graph.Status(status=403, **MAILBOX),
    graph.Status(status=404, **MAILBOX),
    graph.Truncated(**MAILBOX),
    graph.Portal(**MAILBOX),
    graph.Empty(times=1, **MAILBOX),
]


@asynccontextmanager
async def shown_by(house: House) -> AsyncIterator[Site]:
    """The codecs of a house whose calendars are really read."""
    store, health, clock = house.bridge.store, house.bridge.health, house.clock
    units = dict.fromkeys(ROOMS, "RoomOS 11.27.2.0")
    async with (
        open_outside(clock) as outside,
        room_systems(outside, store, health, clock, **units) as site,
    ):
        house.hearers.append(lambda name, changed: site.dispatch.changed(name) if changed else None)
        await site.adopt()
        yield site


@pytest.mark.fault("endpoint_source_fails")
@pytest.mark.parametrize("fault", SOURCE, ids=lambda fault: str(fault)[:40])
def test_no_failure_of_a_source_empties_a_screen(tmp_path: Path, fault: Any) -> None:
    async def work(house: House) -> None:
        async with shown_by(house) as site:
            for name in ROOMS:
                await site.comes(partial(site.well, name, "Board", "Harvest"), A_WHILE)
            house.world.faults.add(fault)
            site.codec().reboot()  # even one that has lost its list is told the last good one
            house.add("osprey", "Added", 24)
            await passes(2 * 3600)
            assert house.met
            assert site.well("kestrel", "Board", "Harvest")
            house.world.faults.clear()
            house.add("kestrel", "Added", 24)
            for name in ROOMS:
                titles = ("Board", "Added", "Harvest")
                await site.comes(partial(site.well, name, *titles), 2 * 3600)
            assert not [push for push in site.codec().received if "Board" not in push.body]

    house_played(tmp_path, services.Graph, work, poll=Poll())


@pytest.mark.fault("endpoint_source_fails")
def test_a_room_that_was_never_read_is_told_nothing_at_all(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        house.world.faults.add(graph.Status(status=503))
        assert house.bridge.store.agenda("kestrel") is None
        async with shown_by(house) as site:
            await passes(NIGHT)
            assert not site.codec().received
            assert not site.codec().bookings
            assert site.status().shown_at is None
            house.world.faults.clear()
            await site.comes(partial(site.well, "kestrel", "Board", "Harvest"), 2 * 3600)

    house_played(tmp_path, services.Graph, work)
