"""Many simulated codecs in a process of their own, and the bridge or bare aiohttp telling them.

Each has a loopback address of its own, so that no connection serves two. They answer what the
driver asks a codec of RoomOS 11, and remember when a list came; both sides are measured over plain
HTTP, as TLS costs them the same.
"""

import asyncio
import contextlib
import gc
import resource
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from bench.agenda_get import meetings
from bench.service import served_by
from bridge.clock import SystemClock
from bridge.dispatch import Dispatch, dispatch, serving
from bridge.health import Health
from bridge.settings.model import EndpointSettings
from connector import load
from connector.outside import open_outside
from connector.secret import Secret
from rooms.agenda import agenda_of
from rooms.database import Database
from rooms.model import Window
from rooms.room import Room
from rooms.store import Store

VERSION = "RoomOS 11.27.2.0"
STATUS = f"""<Status product="Cisco Codec" version="{VERSION}" apiVersion="4"><SystemUnit><Software>
<Version>{VERSION}</Version></Software></SystemUnit></Status>"""
TAKEN = '<Command><BookingsPutResult status="OK"/></Command>'
PATH = "putxml"
AT_A_TIME = dispatch.AT_A_TIME


class Codecs:
    """The codecs' side."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        self.bodies: dict[str, str] = {}

    def app(self) -> web.Application:
        """What answers on every loopback address."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/getxml", self._status)
        app.router.add_post(f"/{PATH}", self._command)
        app.router.add_get("/came", self._came)
        app.router.add_get("/bodies", self._told)
        return app

    async def _status(self, request: web.Request) -> web.Response:
        known = request.query["location"].startswith("/Status/SystemUnit")
        return web.Response(text=STATUS if known else "<Status/>", content_type="text/xml")

    async def _command(self, request: web.Request) -> web.Response:
        body = await request.read()
        if b"<Put" not in body:
            return web.Response(text="<Command/>", content_type="text/xml")
        name = request.host.partition(":")[0]
        self.bodies[name], self.came[name] = body.decode(), time.monotonic()
        return web.Response(text=TAKEN, content_type="text/xml")

    async def _came(self, _request: web.Request) -> web.Response:
        answer = web.Response(body=msgspec.json.encode(self.came))
        self.came = {}
        return answer

    async def _told(self, _request: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.bodies))


def collecting_as_the_appliance() -> None:
    """Look at garbage as rarely as `bridge.prepared` has it, and never at what is there now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@contextlib.contextmanager
def codecs() -> Iterator[int]:
    """The codecs in a process of their own; the port at which all of them answer."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with served_by(lambda: Codecs().app(), address="0.0.0.0") as url:
        yield int(url.rpartition(":")[2])


def host(number: int) -> str:
    """The loopback address of a codec."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def room(number: int) -> Room:
    """The room of a codec."""
    return Room(
        id=f"room-{number}",
        name=f"Room {number}",
        mailbox=f"room-{number}@example.com",
        source="m365",
        time_zone="Europe/London",
    )


def settings(number: int, port: int, transport: str = "http") -> EndpointSettings:
    """A codec as the room list names it."""
    options = load.endpoint("cisco").Options(
        address=f"http://{host(number)}:{port}",
        username="bridge",
        password=Secret("secret"),
        transport=transport,
    )
    return EndpointSettings(
        id=f"codec-{number}", kind="cisco", room=f"room-{number}", options=options
    )


@dataclass(kw_only=True)
class Site:
    """So many rooms with a codec each, and what looks after them."""

    dispatch: Dispatch
    store: Store
    http: aiohttp.ClientSession
    port: int
    count: int
    clock: SystemClock
    version: int = 0

    async def change(self, numbers: Iterable[int]) -> None:
        """Keep another agenda of ten meetings in these rooms; nobody hears of it yet."""
        self.version += 1
        now = datetime.now(UTC).replace(microsecond=0)  # as calendars tell times
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        events = [
            msgspec.structs.replace(one, subject=f"{one.subject}, version {self.version}")
            for one in meetings(now)
        ]
        first, account = agenda_of(room(0), events, window=window, as_of=now)
        await asyncio.gather(
            *(
                self.store.replace(
                    room(number), msgspec.structs.replace(first, room=f"room-{number}"), account
                )
                for number in numbers
            )
        )

    async def shown(self, since: datetime, numbers: Sequence[int]) -> None:
        """Wait until these codecs took a list that was pushed since."""
        left = list(numbers)
        while left:
            await asyncio.sleep(0.002)
            while left:
                at = self.dispatch.status(f"codec-{left[-1]}").shown_at
                if at is None or at < since:
                    break
                left.pop()

    async def settled(self, since: datetime) -> None:
        """Wait until all codecs have a list, said what they are, and were asked what they list."""
        await self.shown(since, range(self.count))
        left = [f"codec-{number}" for number in range(self.count)]
        asked = self.dispatch.counts.read_backs
        while left or sum(asked.values()) < self.count:
            await asyncio.sleep(0.5)
            left = [name for name in left if self.dispatch.status(name).facts is None]

    async def asked(self, path: str) -> dict[str, str]:
        """What the codecs remember."""
        async with self.http.get(f"http://127.0.0.1:{self.port}/{path}") as answer:
            return dict(msgspec.json.decode(await answer.read()))

    async def bare(self, bodies: dict[int, bytes]) -> None:
        """Post lists as an aiohttp client does that does nothing else, as many at a time."""
        login = {"Authorization": aiohttp.encode_basic_auth("bridge", "secret")}
        headers = login | {"Content-Type": "text/xml; charset=utf-8"}
        left = iter(bodies.items())

        async def post() -> None:
            for number, body in left:
                url = f"http://{host(number)}:{self.port}/{PATH}"
                async with self.http.post(url, data=body, headers=headers) as answer:
                    assert answer.status == 200
                    await answer.read()

        await asyncio.gather(*(post() for _ in range(AT_A_TIME)))


@contextlib.asynccontextmanager
async def site(port: int, count: int, folder: Path) -> AsyncIterator[Site]:
    """A site whose codecs all have their first list, and said what they are.

    The debounce is no part of any figure.
    """
    serving.FACTS_SOON = 1.0
    dispatch.DEBOUNCE = 0.0  # type: ignore[attr-defined] # as that module knows it
    clock = SystemClock()
    database = Database(folder / "bridge.db")
    store = Store(database)
    async with (
        database.running(),
        open_outside(clock) as outside,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
    ):
        made = Dispatch(outside, store=store, health=Health(clock), clock=clock)
        whole = Site(dispatch=made, store=store, http=http, port=port, count=count, clock=clock)
        await whole.change(range(count))
        async with made.running():
            began = clock.now()
            await made.adopt(settings(number, port) for number in range(count))
            await whole.settled(began)
            yield whole
