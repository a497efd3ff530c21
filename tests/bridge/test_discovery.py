"""Asking sources for their rooms: when, what is told of failures, and that nothing else changes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from aiohttp.test_utils import TestServer

from bridge.discovery import DENIED_FOR, Discovery
from bridge.health import Health, Subject
from bridge.rejections import Rejections
from bridge.settings.model import Configuration, Inventory, Mailboxes, SourceSettings
from bridge.sync import Sync
from bridge.views.discovery_shapes import ProgressShape
from connector import load
from connector.discovery import Discovers, FoundRoom, Tell, silent
from connector.errors import Denied, Unavailable
from connector.outside import open_outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Tenant, app
from connector.simulators.graph.faults import places
from connector.sources import graph
from rooms.database import Database
from rooms.room import Room
from rooms.store import Store
from tests.bridge.conftest import Client, Views
from tests.fakes.furnished import furnished
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock

load.source("graph")  # as at a start: before the loop runs

NAMES = ("kestrel", "heron", "falcon", "merlin", "osprey")
DENIED = Denied("HTTP 403", reason="access_denied", fix="grant it")
REFUSED = Denied("no token", reason="token_refused", fix="grant it", everywhere=True)
OUTAGE = Unavailable("no connection", reason="unreachable", everywhere=True)
SUBJECT = Subject("discovery", "m365")


def listed(*names: str) -> Sequence[FoundRoom]:
    return [FoundRoom(mailbox=f"{name}@example.com", name=name.title()) for name in names]


class Directory:
    """A source that lists rooms as it is told to; the last answer stays."""

    def __init__(self, *told: Sequence[FoundRoom] | Exception) -> None:
        self.told = list(told)
        self.asked = 0
        self.called = asyncio.Event()
        self.before: asyncio.Event | None = None

    async def discover(self, tell: Tell = silent, /) -> Sequence[FoundRoom]:
        """The next answer."""
        self.asked += 1
        self.called.set()
        tell(3, 1)
        if self.before is not None:
            await self.before.wait()
        answer = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Able:
    """Sources that are open."""

    def __init__(self, **sources: Discovers) -> None:
        self.sources = sources

    def discovering(self) -> dict[str, Discovers]:
        """All of them."""
        return self.sources


def configured(
    rooms: Sequence[Room] = tuple(map(room, NAMES)), *sources: str, **more: Any
) -> Configuration:
    made = SourceSettings(kind="graph", options=None, **more)
    return Configuration(
        file=Path("bridge.yaml"),
        sources=dict.fromkeys(sources or ("m365",), made),
        inventory=Inventory(rooms=tuple(rooms)),
    )


def no_rejections() -> Rejections:
    """Where nobody rejects anything; nothing is ever written."""
    return Rejections(cast("Database", Unwritten()))


class Unwritten:
    """A database that is empty."""

    def rows(self, _sql: str) -> list[tuple[Any, ...]]:
        """None."""
        return []


class World:
    """A discovery that asks a directory."""

    def __init__(self, clock: FixedClock, *told: Sequence[FoundRoom] | Exception) -> None:
        self.clock = clock
        self.directory = Directory(*told)
        self.able = Able(m365=self.directory)
        self.health = Health(clock)
        self.discovery = Discovery(
            self.able, health=self.health, clock=clock, rejections=no_rejections()
        )

    async def begin(self, *runs: int, **more: Any) -> None:
        await self.discovery.adopt(configured(**more))
        await self.run(*runs)

    async def run(self, times: int = 1) -> None:
        """An hour passes, and it is done again."""
        for _ in range(times):
            self.clock.move(timedelta(hours=1))
            await self.discovery.run()

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.health.of(SUBJECT)]

    async def found(self) -> list[tuple[str, str, bool]]:
        (one,) = (await self.discovery.stands()).sources
        return [(each.what, each.room or each.mailbox, each.confirmed) for each in one.findings]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


# --- findings


async def test_a_new_room_is_confirmed_by_the_second_run_and_proposed(clock: FixedClock) -> None:
    world = World(clock, listed(*NAMES, "eagle"))
    await world.begin()
    assert await world.found() == [("new", "eagle@example.com", False)]
    await world.run()
    (one,) = (await world.discovery.stands("m365")).sources
    (finding,) = one.findings
    assert (finding.confirmed, one.rooms, one.as_of) == (True, 6, clock.now())
    assert finding.entry
    assert (finding.entry.id, finding.entry.source) == ("eagle", "m365")
    assert world.codes == [], "nobody has to take a room"


async def test_what_is_entered_is_new_no_more_without_asking_again(clock: FixedClock) -> None:
    world = World(clock, listed(*NAMES, "eagle"))
    await world.begin(2)
    await world.discovery.adopt(configured([*map(room, NAMES), room("eagle")]))
    assert await world.found() == []
    assert world.directory.asked == 2


@pytest.mark.fault("discovery")
async def test_a_hidden_room_is_told_when_it_is_confirmed_and_stays_configured(
    clock: FixedClock,
) -> None:
    world = World(clock, listed(*NAMES), listed(*NAMES[1:]))
    configuration = configured()
    await world.discovery.adopt(configuration)
    await world.run(2)
    assert world.codes == []
    await world.run()
    (trouble,) = world.health.of(SUBJECT)
    assert (trouble.code, trouble.severity) == ("discovery_differs", "info")
    assert trouble.words.endswith("1 gone")
    assert trouble.fix.startswith("`roombridge rooms discover --source m365`")
    assert configuration == configured()
    world.directory.told = [listed(*NAMES)]
    await world.run()
    assert world.codes == []


@pytest.mark.fault("discovery")
@pytest.mark.parametrize(
    ("odd", "code", "what"),
    [
        (listed("kestrel"), "discovery_shrunk", "gone"),
        ([*listed(*NAMES), *listed(*NAMES)], "discovery_doubled", "twice"),
    ],
)
async def test_a_doubted_list_is_a_warning_until_it_is_repeated_or_over(
    clock: FixedClock, odd: Sequence[FoundRoom], code: str, what: str
) -> None:
    world = World(clock, listed(*NAMES), odd, listed(*NAMES), odd)
    await world.begin(2)
    assert world.codes == [code]
    assert world.health.of(SUBJECT)[0].severity == "warning"
    assert await world.found() == []
    await world.run()
    assert world.codes == []
    await world.run()
    assert world.codes == [code]
    await world.run()
    assert world.codes == ["discovery_differs"]
    assert {(kind, sure) for kind, _, sure in await world.found()} == {(what, True)}


@pytest.mark.fault("discovery")
async def test_a_wrong_time_zone_is_told(clock: FixedClock) -> None:
    (one,) = listed("kestrel")
    wrong = FoundRoom(mailbox=one.mailbox, name=one.name, time_zone="Pacific Standard Time")
    world = World(clock, [wrong])
    await world.begin(2, rooms=[room("kestrel")])
    (told,) = (await world.discovery.stands()).sources
    (finding,) = told.findings
    assert (finding.field, finding.here, finding.there) == (
        "time_zone",
        "Europe/London",
        "Pacific Standard Time",
    )
    assert finding.confirmed


async def test_the_canary_and_what_is_kept_out_are_never_new(clock: FixedClock) -> None:
    answer = [*listed("kestrel", "person"), FoundRoom(mailbox="a@elsewhere.example")]
    answer += [FoundRoom(mailbox="no address")]
    world = World(clock, answer)
    mailboxes = Mailboxes(domains=("example.com",), canary="Person@example.com")
    await world.begin(1, rooms=[room("kestrel")], mailboxes=mailboxes)
    assert await world.found() == []


# --- failures


@pytest.mark.parametrize("refusal", [DENIED, REFUSED])
async def test_a_missing_right_is_told_once_as_info_and_asked_for_once_a_day(
    clock: FixedClock, refusal: Denied
) -> None:
    world = World(clock, refusal)
    await world.begin(20)
    (trouble,) = world.health.of(SUBJECT)
    assert (trouble.code, trouble.severity) == ("discovery_denied", "info")
    assert trouble.fix == "grant it"
    assert not world.health.of(Subject("source", "m365"))
    assert world.directory.asked == 1
    world.directory.told = [listed(*NAMES)]
    clock.move(DENIED_FOR)
    await world.run()
    assert (world.directory.asked, world.codes) == (2, [])


async def test_a_person_may_ask_before_the_day_is_over(clock: FixedClock) -> None:
    world = World(clock, DENIED, listed(*NAMES))
    await world.begin(1)
    await world.discovery.go("m365")
    assert (world.directory.asked, world.codes) == (2, [])


async def test_an_outage_takes_nothing_back_and_passes(clock: FixedClock) -> None:
    world = World(clock, listed(*NAMES, "eagle"))
    await world.begin(2)
    before = await world.found()
    world.directory.told = [OUTAGE]
    await world.run()
    (trouble,) = world.health.of(SUBJECT)
    assert (trouble.code, trouble.severity) == ("discovery_failing", "info")
    assert await world.found() == before
    world.directory.told = [listed(*NAMES, "eagle")]
    await world.run()
    assert world.codes == []


async def test_a_service_that_asks_to_wait_is_left_alone_for_so_long(clock: FixedClock) -> None:
    busy = Unavailable("busy", reason="throttled", retry_after=timedelta(hours=3))
    world = World(clock, busy, listed(*NAMES))
    await world.begin(3)
    assert world.directory.asked == 1
    await world.run()
    assert world.directory.asked == 2


async def test_a_fault_of_one_driver_does_not_end_the_others(
    clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(clock, RuntimeError("Merger talks"))
    other = Directory(listed(*NAMES))
    world.able.sources = {"m365": world.directory, "google": other}
    await world.discovery.adopt(configured((), "m365", "google"))
    await world.run()
    assert (world.codes, other.asked) == (["discovery_failing"], 1)
    assert "Merger" not in caplog.text + world.health.of(SUBJECT)[0].words


async def test_a_source_that_cannot_be_asked_now_is_left_out(clock: FixedClock) -> None:
    world = World(clock, listed(*NAMES))
    world.able.sources = {}
    await world.begin(1)
    assert (await world.discovery.stands()).sources == ()
    assert world.directory.asked == 0
    with pytest.raises(KeyError):
        await world.discovery.go("nowhere")
    with pytest.raises(KeyError):
        await world.discovery.stands("nowhere")


# --- changes of the configuration


async def test_another_source_by_the_same_name_begins_anew(clock: FixedClock) -> None:
    world = World(clock, listed(*NAMES), listed("kestrel"))
    await world.begin(2)
    assert world.codes == ["discovery_shrunk"]
    await world.discovery.adopt(configured(mailboxes=Mailboxes(domains=("example.com",))))
    assert world.codes == []
    assert (await world.discovery.stands()).sources[0].as_of is None
    await world.run()
    assert world.codes == []


async def test_an_answer_that_comes_after_its_source_is_gone_is_dropped(clock: FixedClock) -> None:
    world = World(clock, DENIED)
    await world.begin(0)
    world.directory.before = asyncio.Event()
    asking = asyncio.create_task(world.discovery.go())
    await world.directory.called.wait()
    await world.discovery.adopt(configured((), "google"))
    world.directory.before.set()
    await asking
    assert list(world.health.all()) == []


async def test_two_that_ask_at_once_take_turns(clock: FixedClock) -> None:
    world = World(clock, listed(*NAMES, "eagle"))
    await world.begin(0)
    await asyncio.gather(world.discovery.go(), world.discovery.go("m365"))
    assert await world.found() == [("new", "eagle@example.com", True)]


# --- over HTTP


async def test_a_source_that_is_none_is_a_problem(client: Client, views: Views) -> None:
    headers = await views.token("read", "control")
    for method in ("GET", "POST"):
        answer = await client.request(method, "/api/v1/discovery?source=x", headers=headers)
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_source")


async def test_asking_is_for_the_control_socket_and_looking_for_services(
    client: Client, views: Views
) -> None:
    headers = await views.token("read", "join")
    assert (await client.post("/api/v1/discovery", headers=headers)).status == 403
    assert views.discovery.asked == []
    told = await (await client.get("/api/v1/discovery", headers=headers)).json()
    (finding,) = told["sources"][0]["findings"]
    assert finding["entry"]["lists"] == ["north"]
    assert told["room_lists"] == [{"id": "north", "name": "North"}]
    display = await views.token("read", room="kestrel")
    assert (await client.get("/api/v1/discovery", headers=display)).status == 403
    headers = await views.token("control")
    assert (await client.post("/api/v1/discovery?source=m365", headers=headers)).status == 200
    assert views.discovery.asked == ["m365"]


# --- through Sync, the driver, Microsoft's client and the simulated tenant


class Tenanted:
    """A tenant whose rooms the real driver lists."""

    def __init__(self, tenant: Tenant, discovery: Discovery, sync: Sync, health: Health) -> None:
        self.tenant = tenant
        self.discovery = discovery
        self.sync = sync
        self.health = health

    async def found(self) -> list[tuple[str, str, bool]]:
        """What one more run finds."""
        await self.discovery.go()
        (one,) = (await self.discovery.stands()).sources
        return [(each.what, each.room or each.mailbox, each.confirmed) for each in one.findings]

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.health.of(SUBJECT)]


@pytest.fixture
async def tenanted(clock: FixedClock, tmp_path: Path) -> AsyncIterator[Tenanted]:
    read = asyncio.Event()

    def heard(_room: str, /, *, changed: bool) -> None:
        read.set()

    tenant = Tenant(clock=clock.now)
    tenant.register_app(secret="right", roles=["Calendars.Read", "Place.Read.All"])
    for name in NAMES:
        tenant.add_mailbox(f"{name}@example.com", name=name.title())
    database, health = Database(furnished(tmp_path / "bridge.db")), Health(clock)
    rejections = Rejections(database)
    async with TestServer(app(tenant)) as server, database.running(), open_outside(clock) as http:
        url = str(server.make_url("")).rstrip("/")
        options = graph.Options(
            tenant_id=TENANT_ID,
            client_id=CLIENT_ID,
            client_secret=Secret("right"),
            graph_url=url,
            login_url=url,
        )
        settings = SourceSettings(kind="graph", options=options)
        configuration = msgspec.structs.replace(configured(), sources={"m365": settings})
        sync = Sync(http, store=Store(database), health=health, clock=clock, heard=heard)
        discovery = Discovery(sync, health=health, clock=clock, rejections=rejections)
        async with sync.running():
            await sync.adopt(configuration)
            await discovery.adopt(configuration)
            await read.wait()
            yield Tenanted(tenant, discovery, sync, health)


@pytest.mark.allow_blocking
@pytest.mark.process
@pytest.mark.fault("discovery")
async def test_a_list_that_shrinks_or_doubles_at_microsoft_changes_nothing(
    tenanted: Tenanted,
) -> None:
    assert await tenanted.found() == []
    for fault, code in (
        (places.Shrunk(left=2), "discovery_shrunk"),
        (places.Doubled(), "discovery_doubled"),
    ):
        tenanted.tenant.faults.add(fault)
        assert (await tenanted.found(), tenanted.codes) == ([], [code])
        tenanted.tenant.faults.clear()
    assert (await tenanted.found(), tenanted.codes) == ([], [])
    assert sorted(tenanted.sync.lanes["m365"].seats) == sorted(NAMES)


@pytest.mark.allow_blocking
@pytest.mark.process
@pytest.mark.fault("discovery")
async def test_a_hidden_room_and_one_address_twice_at_microsoft_are_told_the_second_time(
    tenanted: Tenanted,
) -> None:
    assert await tenanted.found() == []
    tenanted.tenant.mailbox("osprey@example.com").room = None
    tenanted.tenant.faults.add(places.SameAddress())
    twice = tenanted.tenant.mailboxes()[0].address.partition("@")[0]
    assert await tenanted.found() == [("gone", "osprey", False), ("twice", twice, False)]
    assert await tenanted.found() == [("gone", "osprey", True), ("twice", twice, True)]
    assert tenanted.codes == ["discovery_differs"]
    assert sorted(tenanted.sync.lanes["m365"].seats) == sorted(NAMES)
    assert not list(tenanted.health.of(*(Subject("room", name) for name in NAMES)))


@pytest.mark.allow_blocking
@pytest.mark.process
async def test_an_application_that_may_not_list_rooms_reads_calendars_all_the_same(
    tenanted: Tenanted,
) -> None:
    tenanted.tenant.register_app(secret="right", roles=["Calendars.Read"])
    await tenanted.discovery.go()
    (trouble,) = tenanted.health.of(SUBJECT)
    assert (trouble.code, "Place.Read.All" in trouble.fix) == ("discovery_denied", True)
    assert not tenanted.health.of(Subject("source", "m365"))


# --- ten thousand rooms


@pytest.mark.allow_blocking
@pytest.mark.process
@pytest.mark.timeout(300)
async def test_ten_thousand_rooms_come_with_progress_and_never_block_the_loop(
    tenanted: Tenanted,
) -> None:
    tenant, discovery = tenanted.tenant, tenanted.discovery
    for number in range(10_000 - len(NAMES)):
        tenant.add_mailbox(f"room-{number}@example.com", name=f"Room {number}")
    seen: list[ProgressShape] = []
    discovery.begin("m365")
    discovery.begin("m365")  # is asked already
    (task,) = discovery._begun
    while not task.done():
        (one,) = (await discovery.stands()).sources
        if one.progress and (not seen or seen[-1] != one.progress):
            seen.append(one.progress)
        await asyncio.wait([task], timeout=0.05)
    counted = [one.rooms for one in seen]
    assert counted == sorted(counted)
    assert any(0 < one.rooms < 10_000 and one.pages == one.rooms // 100 for one in seen)
    assert {one.about for one in seen} == {len(NAMES)}
    (one,) = (await discovery.stands()).sources
    assert (one.progress, one.rooms, len(one.findings)) == (None, 10_000, 10_000 - len(NAMES))
    proposals, _ = await discovery.proposals()
    assert len({each.id for each in proposals}) == 10_000 - len(NAMES)
