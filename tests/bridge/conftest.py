"""An appliance's views over a real store and a real socket."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bridge.admin.composition import Admin
from bridge.admin.pages import environment
from bridge.callers import Caller
from bridge.discovered import Difference
from bridge.displays.faults import Faults
from bridge.displays.gate import Gate
from bridge.displays.pairing import Pairing
from bridge.following import Following
from bridge.health import Health
from bridge.inventory.keeper import Keeper
from bridge.inventory.rows import Rows
from bridge.keeping import Counter
from bridge.oidc.single import SingleSignOn
from bridge.paired import Paired
from bridge.people.passwords import Passwords
from bridge.people.reception import Reception
from bridge.proposed_shapes import shape
from bridge.proposing import Told
from bridge.settings.model import Configuration, Inventory, Site
from bridge.settings.stored import Memory
from bridge.tabling import Tables
from bridge.tokens import Tokens
from bridge.views import (
    again,
    alerts,
    alternatives,
    attendance,
    audit,
    board,
    bookings,
    discovery,
    display,
    endpoints,
    explain,
    faults,
    health,
    hooks,
    inventory,
    inventory_tables,
    joining,
    openapi,
    pages,
    pairing,
    people,
    rooms,
    sessions,
    sources,
    status,
    stream,
    tokens,
)
from bridge.views.board import Boards
from bridge.views.decision_shapes import DecidedShape, DecisionOrder
from bridge.views.discovery_shapes import DiscoveryShape, ProgressShape
from bridge.views.faces import ics, panel
from bridge.views.faces.ics import Calendars
from bridge.views.faces.panel import Panels
from bridge.views.house import House
from bridge.views.site import site
from bridge.views.stream import Hub
from bridge.views.web import Route
from connector.discovery import FoundRoom
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.join import Rules
from rooms.model import Event, Window
from rooms.store import Store
from tests.fakes.actions import FakeActions
from tests.fakes.check_ins import FakeCheckIns
from tests.fakes.desk import FakeDesk
from tests.fakes.diallers import FakeEndpoints, FakeJoins
from tests.fakes.furnished import furnished
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

Client = TestClient[Any, Any]


class FakeRounds:
    """Live checks that find what they are told to."""

    def __init__(self) -> None:
        self.as_of: datetime | None = None
        self.asked: list[str | None] = []
        self.find: Callable[[], None] = lambda: None

    async def go(self, room: str | None = None) -> None:
        """A round."""
        self.asked.append(room)
        self.find()


class FakeDiscovery:
    """Knows one source, and one room that is new."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    async def go(self, source: str | None = None) -> None:
        """Asked."""
        if source not in {None, "m365"}:
            raise KeyError(source)
        self.asked.append(source)

    def begin(self, source: str | None = None) -> None:
        """Asked, without waiting."""
        if source not in {None, "m365"}:
            raise KeyError(source)
        self.asked.append(f"{source} later")

    def progress(self) -> Mapping[str, ProgressShape]:
        """Nothing is asked."""
        return {}

    async def decide(self, order: DecisionOrder, caller: Caller) -> DecidedShape:
        """Nothing comes of it."""
        return DecidedShape(kept_in="store", plan=None, entries=None, applied=None)

    async def stands(
        self, source: str | None = None, caller: Caller | None = None
    ) -> DiscoveryShape:
        """What is known."""
        if source not in {None, "m365"}:
            raise KeyError(source)
        found = [(Difference(what="new", mailbox="heron@example.com"), True)]
        listed = FoundRoom(mailbox="heron@example.com", name="Heron", lists=("North",))
        one = Told(name="m365", as_of=NOON, believed=[listed], found=found, health=())
        return shape([one], Inventory(), (), caller)


class Views:
    """What the web application shows, and what stands behind it."""

    def __init__(self, database: Database, clock: FixedClock, keeper: Keeper | None = None) -> None:
        self.clock = clock
        self.database = database
        self.store = Store(database)
        self.health = Health(clock)
        self.tokens = Tokens(database, Audit(database), clock)
        self.people = Reception(database, Audit(database), clock, Passwords(memory=64))
        self.house = House(
            store=self.store,
            health=self.health,
            clock=clock,
            tokens=self.tokens,
            started=clock.now(),
            rooms={name: room(name) for name in ("kestrel", "heron")},
            people=self.people,
            csrf=self.people.form_secret,
        )
        self.rounds = FakeRounds()
        self.actions = FakeActions()
        self.check_ins = FakeCheckIns()
        self.endpoints = FakeEndpoints()
        self.joins = FakeJoins()
        self.discovery = FakeDiscovery()
        self.panels = Panels()
        self.boards = Boards(names={"north": "North wing"})
        self.audit = Audit(database)
        self.house.gate = Gate(self.audit, clock)
        self.house.writable = lambda room: room.source not in self.unwritable
        self.house.dials = lambda room: self.joins.dials and room == "kestrel"
        self.unwritable: set[str] = set()
        """Sources that can only be read."""
        self.doors = display.Doors(self.house)
        self.house.display = self.doors.version
        self.faults = Faults(database, self.audit, self.health, clock)
        self.hub = Hub(self.house)
        self.tokens.on_revoked = self.hub.expel
        self.people.sessions.on_ended = self.hub.expel_session
        if keeper is None:
            keeper = Keeper(
                Rows(database), clock=clock, memory=Memory(), following=Following(database)
            )
            keeper.attach(lambda: NO_ROOMS, lambda: None, nothing)
        self.keeper = keeper
        self.paired = Paired(database, self.tokens, self.audit, clock)
        self.pairing = Pairing(self.paired, house=self.house, hub=self.hub, audit=self.audit)
        self.lists: Mapping[str, str] = {}
        """Names of room lists, by id."""
        self.hinted: list[str] = []
        """Rooms that somebody wants read now."""
        self.admin = self.pages()
        self.called: list[tuple[str, str, hooks.HookCall]] = []
        self.replied: hooks.HookReply | None = None

    def pages(self, single: SingleSignOn | None = None) -> Admin:
        """The pages for people."""
        counter = Counter(self.keeper)
        return Admin(
            self.house,
            desk=self.endpoints,
            pairs=self.pairing,
            faults=self.faults,
            lists=lambda: self.lists,
            read=self.hinted.append,
            keeping=counter,
            single=single,
            plans=self.keeper,
            copying=Tables(self.keeper, counter),
            discovering=self.discovery,
            deciding=self.discovery,
        )

    def hook(self, kind: str, source: str, call: hooks.HookCall, /) -> hooks.HookReply | None:
        """A service called."""
        self.called.append((kind, source, call))
        if self.replied is not None:
            return self.replied
        if source != "m365":
            return None
        text = call.query.get("validationToken", "")
        return hooks.HookReply(200 if text else 202, text, {})

    def routes(self) -> Sequence[Route]:
        served = [
            *rooms.ROUTES,
            stream.route(self.hub),
            *explain.ROUTES,
            *bookings.routes(self.actions),
            *attendance.routes(self.check_ins),
            *endpoints.routes(self.endpoints),
            *joining.routes(self.joins),
            *ics.routes(Calendars()),
            *panel.routes(self.panels),
            *board.routes(self.boards),
            *display.routes(self.doors),
            *faults.routes(self.faults),
            *alternatives.routes(alternatives.Elsewhere(self.doors, self.actions)),
            *pairing.routes(self.pairing),
            *tokens.ROUTES,
            *people.ROUTES,
            *sessions.ROUTES,
            *sources.routes(FakeDesk()),
            *discovery.routes(self.discovery, self.discovery),
            *inventory.routes(counter := Counter(self.keeper)),
            *inventory_tables.routes(Tables(self.keeper, counter)),
            again.route(self.hinted.append),
            *self.admin.routes,
            alerts.route(nobody),
            *audit.routes(self.audit, self.audit.verify),
            hooks.route(self.hook),
            *pages.ROUTES,
            *status.ROUTES,
            *health.routes(self.rounds),
            status.metrics(lambda: [status.Family("a_gauge", "gauge", "Words", (), {(): 1})]),
        ]
        return [*served, openapi.route(served, "1.2.3")]

    async def keep(
        self, *events: Event, name: str = "kestrel", as_of: datetime | None = None
    ) -> None:
        """A room was read."""
        now = as_of or self.clock.now()
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, account = agenda_of(room(name), events, window=window, as_of=now)
        if await self.store.replace(room(name), agenda, account):
            self.hub.changed(name)

    async def token(self, *scopes: Any, **more: Any) -> dict[str, str]:
        """The header of a caller with a token of its own."""
        _, secret = await self.tokens.create("test", scopes or ("read",), actor="test", **more)
        return {"Authorization": f"Bearer {secret}"}


NO_ROOMS = Configuration(
    file=Path("bridge.yaml"), read=(), site=Site(inventory="store"), sources={}, rules=Rules()
)
"""What an inventory is changed for, which there is no file of: nothing fits it."""


async def nothing(_: Configuration) -> None:
    """Nobody works by it."""


async def nobody() -> list[tuple[str, bool, str]]:
    """Alerts that nobody gets."""
    return []


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def made(tmp_path: Path, clock: FixedClock) -> Views:
    """Opened before the loop runs."""
    pages.files()
    environment()
    return Views(Database(furnished(tmp_path / "bridge.db")), clock)


@pytest.fixture
async def views(made: Views) -> AsyncIterator[Views]:
    async with made.database.running():
        yield made
    made.panels.close()


@pytest.fixture
async def client(views: Views) -> AsyncIterator[Client]:
    """A caller at the appliance itself."""
    async with TestClient(TestServer(site(views.house, views.routes()))) as opened:
        yield opened
        views.hub.close()
