"""Every source in a lane of its own, and what they do for one another."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from yarl import URL

from bridge.health import Health, Subject
from bridge.settings.model import Configuration, Inventory, Mailboxes, Site, SourceSettings
from bridge.sync import REOPEN_AFTER, Sync
from connector.errors import Denied, NotFound, Unavailable
from connector.meter import Meter
from connector.outside import Outside
from connector.watching import Call, Reply
from rooms.room import Room
from rooms.store import Store
from tests.bridge.test_lane import STANDUP
from tests.fakes.furnished import furnished
from tests.fakes.sources import TellingSource, room
from tests.fakes.virtual import PatientDatabase, VirtualClock, in_virtual_time

ELSEWHERE = NotFound("HTTP 404", reason="mailbox_elsewhere")


class HookedSource(TellingSource):
    """One that takes calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.opening: Exception | None = None

    def notified(self, call: Call, /) -> Reply:
        self.calls.append(call)
        return Reply(status=202)


class House:
    """A sync over fake drivers, by kind."""

    def __init__(self, database: PatientDatabase) -> None:
        self.clock = VirtualClock()
        self.health = Health(self.clock)
        self.store = Store(database)
        self.sources = {kind: HookedSource() for kind in ("graph", "ews", "google")}
        self.meters: list[Meter] = []
        session: Any = None  # nobody asks it
        outside = Outside(http=session, sockets=session, clock=self.clock)
        self.sync = Sync(
            outside,
            store=self.store,
            health=self.health,
            clock=self.clock,
            heard=lambda _room, /, *, changed: None,
        )

    def driver(self, kind: str) -> Any:
        @asynccontextmanager
        async def connect(_options: Any, outside: Outside) -> AsyncIterator[Any]:
            self.meters.append(outside.meter)
            if error := self.sources[kind].opening:
                raise error
            yield self.sources[kind]

        return SimpleNamespace(connect=connect)

    async def adopt(self, *rooms: Room, **more: Any) -> None:
        """The configuration in force."""
        settings = {
            "m365": SourceSettings(kind="graph", options=None),
            "exchange": SourceSettings(kind="ews", options=None),
        }
        settings |= more.pop("sources", {})
        await self.sync.adopt(
            Configuration(
                file=Path("bridge.yaml"),
                site=Site(**{"public_url": "https://rooms.example.com", **more}),
                sources=settings,
                inventory=Inventory(rooms=rooms),
            )
        )

    def titles(self, name: str = "kestrel") -> list[str] | None:
        held = self.store.agenda(name)
        return [one.title for one in held.bookings] if held else None

    def moved(self) -> list[str]:
        return [one.words for one in self.health.of(Subject("mailbox", "kestrel"))]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., House]:
    """Play a story in virtual time."""
    database = PatientDatabase(furnished(tmp_path / "bridge.db"))
    house = House(database)
    monkeypatch.setattr("connector.load.source", house.driver)

    def played(story: Callable[[House], Coroutine[Any, Any, None]]) -> House:
        async def run() -> None:
            async with database.running(), house.sync.running():
                await story(house)

        in_virtual_time(run())
        return house

    return played


def test_a_source_watches_beside_its_lane(play: Any) -> None:
    async def story(house: House) -> None:
        await house.adopt(room())
        await asyncio.sleep(1)
        house.sources["graph"].tell("kestrel")
        await asyncio.sleep(4)

    house = play(story)
    assert house.sources["graph"].times("kestrel") == pytest.approx([0, 4], abs=0.01)
    watch = house.sources["graph"].watch_
    assert watch
    assert watch.hook == URL("https://rooms.example.com/hooks/graph/m365")


def test_without_a_public_url_there_is_no_hook(play: Any) -> None:
    async def story(house: House) -> None:
        await house.adopt(room(), public_url="")
        await asyncio.sleep(1)

    watch = play(story).sources["graph"].watch_
    assert watch
    assert watch.hook is None


def test_a_call_goes_to_the_source_of_that_name_and_kind_only(play: Any) -> None:
    call = Call(query={}, headers={}, body=b"")

    async def story(house: House) -> None:
        await house.adopt(room())
        await asyncio.sleep(1)
        assert house.sync.notified("graph", "m365", call) == Reply(status=202)
        assert house.sync.notified("google", "m365", call) is None
        assert house.sync.notified("graph", "nowhere", call) is None
        await house.sync.withhold("m365")
        assert house.sync.notified("graph", "m365", call) is None

    assert len(play(story).sources["graph"].calls) == 1


def test_each_source_has_a_meter_of_its_own_that_outlives_its_reopening(play: Any) -> None:
    async def story(house: House) -> None:
        await house.adopt(room())
        await asyncio.sleep(1)
        await house.sync.release("m365")
        await asyncio.sleep(1)

    graph, ews, again = play(story).meters
    assert graph is again
    assert graph is not ews


def test_what_is_said_of_a_watch_ends_with_its_source(play: Any) -> None:
    async def story(house: House) -> None:
        await house.adopt(room())
        await asyncio.sleep(1)
        house.sources["graph"].end(Unavailable("no", reason="unreachable"))
        await asyncio.sleep(1)
        assert house.health.of(Subject("watch", "m365"))
        await house.sync.withhold("m365")
        assert not house.health.of(Subject("watch", "m365"))

    play(story)


# --- mailboxes that moved


def moved(house: House) -> None:
    """The mailbox is in Exchange now."""
    house.sources["graph"].answer("kestrel", ELSEWHERE)
    house.sources["ews"].answer("kestrel", [STANDUP])


@pytest.mark.fault("graph_elsewhere")
@pytest.mark.fault("event_twice")
def test_a_room_is_read_from_the_source_that_has_its_mailbox_and_from_no_other(play: Any) -> None:
    async def story(house: House) -> None:
        house.sources["graph"].answer("kestrel", [STANDUP])
        house.sources["ews"].answer("kestrel", [STANDUP])
        await house.adopt(room())
        await asyncio.sleep(100)
        assert not house.sources["ews"].reads, "one source at a time"
        before = house.store.agenda("kestrel")
        moved(house)
        house.sync.hint("kestrel")
        await asyncio.sleep(1)
        after = house.store.agenda("kestrel")
        assert before
        assert after
        assert [one.id for one in after.bookings] == [one.id for one in before.bookings]
        assert "exchange" in house.moved()[0]
        reads = len(house.sources["graph"].reads)
        await asyncio.sleep(1200)
        assert len(house.sources["graph"].reads) == reads
        assert house.moved(), "good reads do not end it"
        assert not house.health.of(Subject("room", "kestrel"))

    house = play(story)
    assert house.titles() == ["Standup"], "shown once"


def test_a_mailbox_that_returns_is_read_at_home_again(play: Any) -> None:
    async def story(house: House) -> None:
        moved(house)
        await house.adopt(room())
        await asyncio.sleep(5)
        assert house.moved()
        house.sources["graph"].answer("kestrel", [STANDUP])
        house.sources["ews"].answer("kestrel", NotFound("no", reason="not_found"))
        house.sync.hint("kestrel")
        await asyncio.sleep(30)
        assert not house.moved()
        assert house.sync.source_of(room()) == "m365"

    assert play(story).titles() == ["Standup"]


def test_a_changed_configuration_is_followed(play: Any) -> None:
    async def story(house: House) -> None:
        moved(house)
        await house.adopt(room())
        await asyncio.sleep(5)
        await house.adopt(room(source="exchange"))
        await asyncio.sleep(5)
        assert not house.moved()

    house = play(story)
    assert house.titles() == ["Standup"]


def test_a_mailbox_is_asked_for_only_where_that_is_allowed(play: Any) -> None:
    only = Mailboxes(domains=("other.example",))

    async def story(house: House) -> None:
        moved(house)
        exchange = SourceSettings(kind="ews", options=None, mailboxes=only)
        await house.adopt(room(), sources={"exchange": exchange})
        await asyncio.sleep(60)

    house = play(story)
    assert house.sources["ews"].reads == []
    assert [one.code for one in house.health.of(Subject("room", "kestrel"))] == [
        "mailbox_elsewhere"
    ]


def test_a_mailbox_that_nobody_has_stays_as_it_was(play: Any) -> None:
    async def story(house: House) -> None:
        house.sources["graph"].answer("kestrel", [STANDUP], ELSEWHERE)
        house.sources["ews"].answer("kestrel", Denied("no", reason="access_denied"))
        await house.adopt(room())
        await asyncio.sleep(600)
        assert not house.moved()

    assert play(story).titles() == ["Standup"]


def test_a_room_that_is_denied_is_not_looked_for(play: Any) -> None:
    async def story(house: House) -> None:
        house.sources["graph"].answer("kestrel", Denied("no", reason="access_denied"))
        await house.adopt(room())
        await asyncio.sleep(60)

    assert play(story).sources["ews"].reads == []


def test_a_source_whose_driver_falls_over_stops_nobody_else(play: Any) -> None:
    async def story(house: House) -> None:
        house.sources["graph"].opening = RuntimeError("secret subject")
        house.sources["ews"].answer("heron", [STANDUP])
        await house.adopt(room(), room("heron", source="exchange"))
        await asyncio.sleep(30)
        assert house.titles("heron") == ["Standup"]
        found = house.health.of(Subject("source", "m365"))
        assert [one.code for one in found] == ["unexpected"]
        assert "secret" not in found[0].words
        house.sources["graph"].opening = None
        house.sources["graph"].answer("kestrel", [STANDUP])
        await asyncio.sleep(REOPEN_AFTER * 1.2)
        assert house.titles() == ["Standup"]
        assert house.health.of(Subject("source", "m365")) == ()

    play(story)


def test_a_fault_in_a_lane_is_over_once_the_lane_begins_again(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async def story(house: House) -> None:
        house.sources["graph"].answer("kestrel", [STANDUP])
        with monkeypatch.context() as patched:
            patched.setattr("bridge.lane.Lane._usual", broken)
            await house.adopt(room())
            await asyncio.sleep(10)
        assert house.health.of(Subject("source", "m365"))[0].code == "unexpected"
        await asyncio.sleep(REOPEN_AFTER * 1.2)
        assert house.health.of(Subject("source", "m365")) == ()
        assert len(house.sources["graph"].times("kestrel")) == 2

    play(story)


def test_what_waits_while_its_source_closes_leaves_no_trace_in_the_budget(play: Any) -> None:
    async def story(house: House) -> None:
        await house.adopt(room())
        await asyncio.sleep(10)
        budget = house.sync.lanes["m365"].budget
        waiting = budget._inside
        for _ in range(5):
            await house.sync.release("m365")
            await asyncio.sleep(10)
        assert house.sync.lanes["m365"].budget is budget
        assert budget._inside == waiting

    play(story)
