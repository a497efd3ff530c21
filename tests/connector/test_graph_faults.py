"""What goes wrong at Microsoft 365 while it is watched: nothing is made up, all is well again."""

import asyncio
import contextlib
import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, NotFound
from connector.identity import Identity
from connector.outside import Outside
from connector.simulators.graph import Attendee, Recurrence
from connector.simulators.graph.faults import kinds
from connector.sources.graph import delta, sensing
from connector.sources.graph.managed import ManagedIdentity
from connector.sources.graph.service import Service
from rooms.model import Person, Window
from tests.connector.graph_site import DAY, HOUR, LONG, Site, played
from tests.fakes.sources import room

WINDOW = timedelta(days=7)


async def failed(site: Site, name: str | None = "kestrel") -> ConnectorError:
    """Wait until it is said that watching a room fails, and what is said."""
    await site.watch.until(lambda: site.watch.failures, LONG)
    said, error = site.watch.failures[-1]
    assert said == name
    return error


async def recovered(site: Site, *, hints: int = 1) -> None:
    """No more faults: what changed meanwhile is told, and what changes from now on."""
    site.tenant.faults.clear()
    await site.hinted(hints)
    site.add(2)
    await site.hinted(hints + 1)
    said = {name for name, _ in site.watch.failures}
    await site.watch.until(lambda: said <= set(site.watch.wells), LONG)
    for _, error in site.watch.failures:
        for secret in ("Review", "Board", "example.com", "eyJ"):
            assert secret not in str(error) + error.fix


@pytest.mark.fault("graph_delta_endless")
@pytest.mark.parametrize("changing", [True, False])
def test_pages_that_never_end_are_left_alone_for_a_day(*, changing: bool) -> None:
    async def work(site: Site) -> None:
        site.add()
        async with site.watching() as watch:
            await site.settled()
            known = watch.marks["kestrel"]
            site.tenant.faults.add(
                kinds.EndlessPages(at="delta", mailbox="kestrel@example.com", changing=changing)
            )
            site.add()
            asked = len(site.asked())
            error = await failed(site)
            assert error.reason == "delta_endless"
            assert len(site.asked()) - asked <= 5
            asked = len(site.asked())
            site.add(to=site.osprey)
            await site.hinted(1, "osprey")
            await asyncio.sleep(sensing.QUARANTINE * 0.9)
            assert len(site.asked()) == asked
            assert watch.marks["kestrel"] == known
            assert len(watch.failures) == 1
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_delta_endless")
def test_more_pages_than_a_calendar_can_have_are_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(site: Site) -> None:
        for number in range(450):
            site.add(number / 100)
        monkeypatch.setattr(delta, "PAGES", 3)
        async with site.watching():
            assert (await failed(site)).reason == "delta_endless"
            assert len(site.asked()) == 3

    played(work)


LOSSES = ["gone", "bad_request", "not_found", "location", "resync"]


@pytest.mark.fault("graph_delta_lost")
@pytest.mark.parametrize("how", LOSSES)
def test_a_lost_token_loses_no_change(how: Any) -> None:
    async def work(site: Site) -> None:
        gone = site.add()
        site.add(1)
        async with site.watching() as watch:
            await site.settled()
            site.tenant.faults.add(kinds.TokenLost(how=how, times=1, mailbox="kestrel@example.com"))
            site.kestrel.delete(gone)
            await recovered(site)
            assert not watch.failures
            assert not watch.hinted("osprey")

    played(work)


@pytest.mark.fault("graph_delta_lost")
def test_a_lost_token_is_no_hint_where_nothing_changed() -> None:
    async def work(site: Site) -> None:
        site.add()
        site.add(-3, recurrence=Recurrence(type="daily"))
        async with site.watching() as watch:
            await site.settled()
            for _ in range(3):
                site.kestrel.forget()
                await site.rounds(4)
            assert not watch.hints
            assert not watch.failures

    played(work)


@pytest.mark.fault("graph_delta_lost")
@pytest.mark.parametrize("how", LOSSES)
def test_a_token_that_is_lost_in_mid_round_loses_no_change(how: Any) -> None:
    async def work(site: Site) -> None:
        for number in range(250):
            site.add(number / 50)
        async with site.watching():
            await site.settled()
            site.tenant.faults.add(
                kinds.TokenLost(how=how, upon="any", times=3, mailbox="kestrel@example.com")
            )
            site.add()
            await site.hinted(1)
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_delta_lost")
def test_a_token_that_is_lost_for_ever_is_asked_for_more_and_more_rarely() -> None:
    async def work(site: Site) -> None:
        for number in range(250):
            site.add(number / 50)
        site.tenant.faults.add(kinds.TokenLost(upon="any"))
        async with site.watching() as watch:
            await asyncio.sleep(86_400)
            assert 8 < len(site.asked()) < 50
            assert not watch.hints
            site.tenant.faults.clear()
            await site.settled()

    played(work)


@pytest.mark.fault("graph_delta_lost")
def test_a_stop_in_mid_round_loses_nothing() -> None:
    async def work(site: Site) -> None:
        async with site.watching():
            await site.settled()
        known = dict(site.watch.marks)
        for number in range(250):
            site.add(number / 50)
        site.tenant.faults.add(kinds.Slow(at="delta", seconds=30))
        async with site.watching() as watch:
            await site.rounds(2)  # the first pages have come
            assert not watch.hints
        assert site.watch.marks == known
        site.tenant.faults.clear()
        async with site.watching():
            await site.hinted(1)

    played(work)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda deeper: (
            st.lists(deeper)
            | st.dictionaries(
                st.sampled_from(
                    ["value", "id", "start", "recurrence", "range", "@removed", "@odata.deltaLink"]
                ),
                deeper,
            )
        ),
    ).map(lambda value: json.dumps({"value": [value]}).encode())
)
def test_whatever_a_round_holds_is_read_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        list(delta.changes(delta.page(body)))


@pytest.mark.fault("graph_delta_stub")
def test_stubs_without_their_master_are_hints_all_the_same() -> None:
    async def work(site: Site) -> None:
        series = site.add(-3, recurrence=Recurrence(type="daily", count=20))
        site.tenant.faults.add(kinds.Orphans())
        async with site.watching() as watch:
            await site.settled()
            site.kestrel.move(
                site.kestrel.on(series, site.tenant.now().date()).id, in_an_hour(site)
            )
            await site.hinted(1)
            assert site.source is not None
            events = await site.source.fetch(room(), around(site))
            assert {event.subject for event in events} == {"Review"}
            assert not watch.failures

    played(work)


@pytest.mark.fault("graph_delta_removed")
def test_removals_of_what_is_not_known_are_no_hints() -> None:
    async def work(site: Site) -> None:
        site.add()
        async with site.watching() as watch:
            await site.settled()
            site.tenant.faults.add(kinds.UnknownRemovals())
            await site.rounds(4)
            assert not watch.hints
            await recovered(site, hints=0)

    played(work)


@pytest.mark.fault("graph_delta_removed")
def test_duplicates_replays_and_disorder_are_no_changes() -> None:
    async def work(site: Site) -> None:
        for number in range(20):
            site.add(number / 10)
        site.add(-3, recurrence=Recurrence(type="daily"))
        async with site.watching() as watch:
            await site.settled()
            site.tenant.faults.add(kinds.Muddle(replays=True))
            site.tenant.faults.add(kinds.EmptyPages(pages=3))
            site.tenant.faults.add(kinds.Overshoot())
            await site.rounds(12)
            assert not watch.hints
            site.add()
            await site.hinted(1)
            await asyncio.sleep(4 * 3600)
            assert watch.hinted("kestrel") == 1

    played(work)


@pytest.mark.fault("graph_foreign_link")
def test_a_link_to_another_place_is_not_followed() -> None:
    async def work(site: Site) -> None:
        site.add()
        async with site.watching():
            await site.settled()
            known = site.watch.marks["kestrel"]
            site.tenant.faults.add(kinds.ForeignLink(at="delta"))
            site.add()
            await site.watch.until(lambda: len(site.watch.failures) == 2, LONG)
            assert {error.reason for _, error in site.watch.failures} == {"foreign_link"}
            assert site.watch.marks["kestrel"] == known
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_foreign_link")
@pytest.mark.parametrize(
    "link",
    [
        "http://graph.microsoft.com/v1.0/users/a",
        "https://graph.microsoft.com:444/v1.0/users/a",
        "https://graph.microsoft.com.example.net/v1.0/users/a",
        "https://graph.microsoft.com@example.net/v1.0/users/a",
        "https://graph.microsoft.us/v1.0/users/a",
        "//example.net/v1.0",
        "/v1.0/users/a",
        "",
    ],
)
async def test_links_lead_to_the_same_graph_by_the_same_scheme(outside: Outside, link: str) -> None:
    url = URL("https://graph.microsoft.com/v1.0")
    way = ManagedIdentity(client_id="", scope="")
    async with Identity(outside, way) as identity:
        service = Service(outside, identity, url)
        assert service.follow("https://graph.microsoft.com/v1.0/a?$b=%2F").query_string == "$b=/"
        with pytest.raises(Malformed) as caught:
            service.follow(link)
    assert caught.value.reason == "foreign_link"


NOT_JSON = [
    kinds.Portal(at="delta"),
    kinds.Truncated(at="delta"),
    kinds.InvalidJson(at="delta"),
    kinds.WrongCharset(at="delta"),
]
BROKEN = [
    kinds.Oversized(at="delta"),
    kinds.Dropped(at="delta"),
    kinds.Redirect(at="delta"),
    kinds.Status(at="delta", status=500),
    kinds.Status(at="delta", status=503),
]


@pytest.mark.parametrize(
    "fault",
    [
        *(pytest.param(one, marks=pytest.mark.fault("graph_not_json")) for one in NOT_JSON),
        pytest.param(BROKEN[0], marks=pytest.mark.fault("graph_huge")),
        *BROKEN[1:],
    ],
    ids=repr,
)
def test_a_round_that_cannot_be_read_changes_nothing(fault: Any) -> None:
    async def work(site: Site) -> None:
        site.add()
        async with site.watching() as watch:
            await site.settled()
            known = dict(watch.marks)
            site.tenant.faults.add(fault)
            site.kestrel.delete(site.add())
            site.add(1)
            await asyncio.sleep(2 * 3600)
            assert not watch.hints
            assert watch.marks == known
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_huge")
def test_bodies_of_megabytes_and_five_hundred_guests_are_read() -> None:
    async def work(site: Site) -> None:
        guests = tuple(
            Attendee(person=Person(name=f"Guest {one}", address=f"guest{one}@example.com"))
            for one in range(500)
        )
        site.add(attendees=guests)
        site.tenant.faults.add(kinds.HugeBody())
        async with site.watching():
            await site.settled()
            site.add()
            await site.hinted(1)
            assert site.source is not None
            assert len(await site.source.fetch(room(), around(site))) == 2

    played(work)


@pytest.mark.fault("graph_empty")
def test_a_calendar_that_is_suddenly_empty_is_a_hint_and_nothing_more() -> None:
    async def work(site: Site) -> None:
        for _ in range(10):
            site.add()
        async with site.watching() as watch:
            await site.settled()
            site.tenant.faults.add(kinds.Empty())
            site.kestrel.forget()
            await site.hinted(1)
            assert not watch.failures
            site.tenant.faults.clear()
            site.kestrel.forget()
            await site.hinted(2)

    played(work)


@pytest.mark.fault("graph_throttled")
@pytest.mark.parametrize(
    ("fault", "least"),
    [
        (kinds.Status(at="delta", status=429), 45),
        (kinds.Status(at="delta", status=429, retry_after=86_400), 1800),
        (kinds.Status(at="delta", status=429, retry_after=86_400, as_date=True), 1700),
        (kinds.Status(at="delta", status=429, retry_after=600, as_date=True), 600),
    ],
    ids=repr,
)
def test_throttled_rounds_wait_as_long_as_they_are_asked_to(fault: Any, least: float) -> None:
    async def work(site: Site) -> None:
        async with site.watching() as watch:
            await site.settled()
            site.tenant.faults.add(fault)
            site.add()
            await asyncio.sleep(86_400)
            refused = [one.time for one in site.asked() if one.status == 429]
            waits = [(b - a).total_seconds() for a, b in pairwise(refused)]
            assert waits[0] >= least - 1
            assert max(waits) <= 1.3 * sensing.SLOWEST
            assert not watch.hinted("kestrel")
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_unauthorized")
def test_a_storm_of_refused_tokens_leaves_one_probe_a_minute() -> None:
    async def work(site: Site) -> None:
        rooms = [room(f"room{number}") for number in range(50)]
        for one in rooms:
            site.tenant.add_mailbox(one.mailbox)
        site.watch.arrange(room(), *rooms)
        async with site.watching():
            await site.settled(51)
            site.tenant.faults.add(kinds.Status(status=401))
            site.tenant.journal.clear()
            site.add()
            await asyncio.sleep(3600)
            assert len(site.tenant.journal.requests()) < 60 * 6
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_forbidden")
def test_a_room_that_is_forbidden_leaves_the_others_alone() -> None:
    async def work(site: Site) -> None:
        async with site.watching():
            await site.settled()
            site.tenant.faults.add(kinds.Status(status=403, mailbox="kestrel@example.com"))
            site.add()
            site.add(to=site.osprey)
            await site.hinted(1, "osprey")
            await asyncio.sleep(86_400)
            assert len([one for one in site.asked() if one.status == 403]) < 15
            await recovered(site)

    played(work)


@pytest.mark.fault("graph_forbidden")
def test_all_rooms_that_are_forbidden_come_back() -> None:
    async def work(site: Site) -> None:
        site.tenant.faults.add(kinds.Status(status=403))
        async with site.watching() as watch:
            await asyncio.sleep(12 * 3600)
            assert not watch.marks
            assert site.source is not None
            with pytest.raises(Denied):
                await site.source.fetch(room(), around(site))
            site.tenant.faults.clear()
            await site.settled()

    played(work)


@pytest.mark.fault("graph_elsewhere")
def test_a_room_that_is_deleted_or_moved_away_leaves_the_others_alone() -> None:
    async def work(site: Site) -> None:
        async with site.watching():
            await site.settled()
            site.tenant.remove_mailbox("kestrel@example.com")
            site.tenant.add_mailbox("kestrel@example.com", rest_enabled=False)
            site.add(to=site.osprey)
            await site.hinted(1, "osprey")
            assert site.source is not None
            with pytest.raises(NotFound) as caught:
                await site.source.fetch(room(), around(site))
            assert caught.value.reason == "mailbox_elsewhere"
            await asyncio.sleep(86_400)
            site.tenant.remove_mailbox("kestrel@example.com")
            site.kestrel = site.tenant.add_mailbox("kestrel@example.com")
            await asyncio.sleep(2 * sensing.SLOWEST)
            site.add()
            await site.hinted(1)

    played(work)


def test_a_series_that_the_service_cannot_take_narrows_the_window() -> None:
    async def work(site: Site) -> None:
        site.add(-1, recurrence=Recurrence(type="daily"))
        site.tenant.faults.add(kinds.SeriesTrouble(spared_days=200))
        async with site.watching():
            await site.settled()
            site.add()
            await site.hinted(1)

    played(work)


@pytest.mark.parametrize("seconds", [5, 300])
def test_changes_that_come_late_are_told_late(seconds: float) -> None:
    async def work(site: Site) -> None:
        site.tenant.faults.add(kinds.DeltaLag(seconds=seconds))
        async with site.watching():
            await site.settled()
            site.add()
            await site.hinted(1)

    played(work)


def around(site: Site) -> Window:
    """A week around now."""
    now = site.tenant.now()
    return Window(start=now - DAY, end=now + WINDOW)


def in_an_hour(site: Site) -> Any:
    """An hour from now, without seconds."""
    return (site.tenant.now() + HOUR).replace(second=0, microsecond=0)
