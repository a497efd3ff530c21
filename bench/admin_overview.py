"""The first page of ten thousand rooms a second, against a bare handler with the same bytes.

As agendas are measured: wrk asks from the other core, both servers run on the appliance's loop and
are measured in turns. The person is signed in before; the counts are made anew every second, which
is in the figure.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

from aiohttp import web

from bench.agenda_get import _answer, _compared, _process, meetings
from bench.result import Row, row
from bridge.admin.composition import Admin
from bridge.admin.pages import environment
from bridge.callers import SCOPES, Caller
from bridge.clock import SystemClock
from bridge.displays.faults import Faults
from bridge.displays.pairing import Pairing
from bridge.following import Following
from bridge.health import Health, Subject
from bridge.inventory.keeper import Keeper
from bridge.inventory.rows import Rows
from bridge.keeping import Counter
from bridge.paired import Paired
from bridge.settings.stored import Memory
from bridge.tabling import Tables
from bridge.tokens import Tokens
from bridge.views import guard
from bridge.views.house import House
from bridge.views.site import site
from bridge.views.stream import Hub
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.model import Window
from rooms.room import Room
from rooms.store import Store
from tests.bridge.conftest import FakeDiscovery
from tests.fakes.diallers import FakeEndpoints

ROOMS = 10_000
PATH = "/admin"
ADA = Caller(name="Ada", scopes=SCOPES["engineer"], role="engineer", person="p", session="s")
BROWSER = {"Accept-Language": "en-GB"}


def measure() -> list[Row]:
    """Requests a second of both."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "bridge.db")
        with _process(lambda: _ours(database)) as address:
            ours = address.partition("/api/")[0] + PATH
            body, headers = _answer(ours, BROWSER)
            assert f"{ROOMS:,} rooms in all".encode() in body
            with _process(lambda: _bare(body, headers)) as bare:
                other = bare.partition("/api/")[0] + PATH
                good = _compared(ours, other, BROWSER, body)
    return [
        row(
            "admin_overview_10000_rooms_vs_aiohttp",
            value=good[0],
            unit="requests/s",
            baseline=good[1],
            goal=0.1,
            better="more",
        )
    ]


async def _bare(body: bytes, headers: Message) -> AsyncIterator[web.Application]:
    """The least that aiohttp can do for the same bytes."""
    own = {"Content-Length", "Date", "Connection"}
    kept = {name: value for name, value in headers.items() if name not in own}

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers=kept)

    app = web.Application()
    app.router.add_get(PATH, serve)
    yield app


async def _ours(database: Database) -> AsyncIterator[web.Application]:
    """The appliance's own application, with a hundredth of the rooms in trouble."""
    environment()
    clock = SystemClock()
    audit = Audit(database)
    tokens = Tokens(database, audit, clock)
    health = Health(clock)
    house = House(
        store=Store(database), health=health, clock=clock, tokens=tokens, started=clock.now()
    )
    house.rooms = {f"r{number}": _room(number) for number in range(ROOMS)}
    hub = Hub(house)
    keeper = Keeper(Rows(database), clock=clock, memory=Memory(), following=Following(database))
    counter, discovery = Counter(keeper), FakeDiscovery()
    admin = Admin(
        house,
        desk=FakeEndpoints(),
        pairs=Pairing(Paired(database, tokens, audit, clock), house=house, hub=hub, audit=audit),
        faults=Faults(database, audit, health, clock),
        lists=dict,
        read=lambda _room: None,
        keeping=counter,
        plans=keeper,
        copying=Tables(keeper, counter),
        discovering=discovery,
        deciding=discovery,
    )
    guard.identified = lambda *_: ADA  # in place of a session
    async with database.running():
        now = datetime.now(UTC)
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, account = agenda_of(_room(0), meetings(now), window=window, as_of=now)
        await asyncio.gather(
            *(house.store.replace(one, agenda, account) for one in house.rooms.values())
        )
        for number in range(0, ROOMS, 100):
            health.bad(Subject("room", f"r{number}"), "access_denied")
        yield site(house, admin.routes)


def _room(number: int) -> Room:
    return Room(
        id=f"r{number}",
        name=f"Room {number}",
        mailbox=f"r{number}@example.com",
        source="m365",
        time_zone="Europe/London",
        building=f"House {number % 40}",
        floor=str(number % 7),
    )
