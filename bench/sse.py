"""2,000 displays, one a room, on Server-Sent Events against a bare aiohttp server of streams.

Memory is what a stream adds to the process that serves it. Fan-out is agendas told for each second
of that process's time, when all rooms change at once: both sides turn an agenda into JSON and hand
it to its stream, ours also into an entity tag and into what this caller may see.
"""

import asyncio
import gc
import itertools
import json
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
from aiohttp import web

from bench.agenda_get import meetings
from bench.result import Row, row
from bench.service import loop_factory
from bridge.callers import Caller
from bridge.clock import SystemClock
from bridge.health import Health
from bridge.prepared import collect_seldom
from bridge.tokens import Tokens
from bridge.views import stream
from bridge.views.house import House
from bridge.views.site import site
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.model import Event, Window
from rooms.room import Room
from rooms.store import Store

DISPLAYS, ROUNDS = 2000, 5
AT_ONCE = 100
"""Streams opened at a time."""
WARM = 500
"""Those that first take what memory the start has left free."""


@dataclass(frozen=True)
class Served:
    """A server that is measured."""

    app: web.Application
    prepare: Callable[[], Awaitable[None]]
    """What comes before a change is told, and is not measured."""
    tell: Callable[[], Awaitable[None]]
    """Tells every display its changed agenda."""
    tokens: Sequence[str]
    """Each display's own."""


Build = Callable[[Path], AsyncIterator[Served]]


def measure() -> list[Row]:
    """Both figures."""
    ours, bare = _measured(_ours), _measured(_bare)
    return [
        row(
            "sse_idle_kib_vs_aiohttp",
            value=ours[0],
            unit="KiB a stream",
            baseline=bare[0],
            goal=1.5,
            better="less",
        ),
        row(
            "sse_fanout_vs_aiohttp",
            value=DISPLAYS / ours[1],
            unit="agendas/s CPU",
            baseline=DISPLAYS / bare[1],
            goal=0.7,
            better="more",
        ),
    ]


def _measured(build: Build) -> tuple[float, float]:
    """KiB a stream, and the least seconds of processor time that a change of all rooms took."""
    with tempfile.TemporaryDirectory() as folder, _serving(build, Path(folder)) as (port, asks):
        return asyncio.run(_watched(port, asks))


async def _watched(port: int, asks: Connection) -> tuple[float, float]:
    tokens = asks.recv()
    before = 0.0
    readers: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for first in range(0, DISPLAYS, AT_ONCE):
        if first == WARM:
            before = _asked(asks, "memory")
        numbers = range(first, first + AT_ONCE)
        readers += await asyncio.gather(
            *(_display(port, number, tokens[number]) for number in numbers)
        )
    after = _asked(asks, "memory")
    spent = []
    for _ in range(ROUNDS):
        asks.send("change")
        await asyncio.gather(*(_event(reader) for reader, _ in readers))
        spent.append(asks.recv())
    for _, writer in readers:
        writer.close()
    return (after - before) / (DISPLAYS - WARM), min(spent)


async def _display(
    port: int, number: int, token: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /api/v1/rooms/room-{number}/stream HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n".encode()
    )
    await _event(reader)
    return reader, writer


async def _event(reader: asyncio.StreamReader) -> None:
    """Wait for the next agenda."""
    await reader.readuntil(b"event: agenda\n")
    await reader.readuntil(b"\n\n")


def _asked(asks: Connection, what: str) -> float:
    asks.send(what)
    return float(asks.recv())


@contextmanager
def _serving(build: Build, folder: Path) -> Iterator[tuple[int, Connection]]:
    """A server in a process of its own: its port, and where it is asked.

    It starts from nothing: a copy of this process would fill what the listeners of the server
    before it have left free, and its streams would seem smaller than they are.
    """
    listening = socket.create_server(("127.0.0.1", 0), backlog=DISPLAYS)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=[listening, build, folder, there]
    )
    process.start()
    try:
        yield listening.getsockname()[1], here
    finally:
        process.terminate()
        process.join()
        listening.close()


def _serve(listening: socket.socket, build: Build, folder: Path, asked: Connection) -> None:
    collect_seldom()  # as the appliance does, and for both sides

    async def run() -> None:
        async with AsyncExitStack() as stack:
            served = await stack.enter_async_context(asynccontextmanager(build)(folder))
            runner = web.AppRunner(served.app, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listening).start()
            asked.send(served.tokens)
            while True:
                asked.send(await _answer(await asyncio.to_thread(asked.recv), served))

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run())


async def _answer(what: str, served: Served) -> float:
    """What the measuring process asks for: KiB of memory, or seconds that telling took."""
    gc.collect()
    if what == "memory":
        return _resident()
    await served.prepare()
    began = time.process_time()
    await served.tell()
    await asyncio.sleep(0)  # the loop hands over what the kernel did not take at once
    return time.process_time() - began


def _resident() -> float:
    """KiB of this process in memory (proc(5), statm)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def _rooms() -> dict[str, Room]:
    return {
        f"room-{n}": Room(
            id=f"room-{n}",
            name=f"Room {n}",
            mailbox=f"room-{n}@example.com",
            source="m365",
            time_zone="Europe/London",
        )
        for n in range(DISPLAYS)
    }


def _house(database: Database) -> House:
    clock = SystemClock()
    return House(
        store=Store(database),
        health=Health(clock),
        clock=clock,
        tokens=Tokens(database, Audit(database), clock),
        started=clock.now(),
        rooms=_rooms(),
    )


async def _keep(house: House, change: int) -> None:
    """Give every room the agenda that it has after so many changes."""
    now = datetime.now(UTC).replace(microsecond=0)
    window = Window.around(now, timedelta(days=1), timedelta(days=7))
    events = meetings(now + timedelta(minutes=change))
    for number, room in enumerate(house.rooms.values()):
        own = [_moved(event, number) for event in events]
        agenda, account = agenda_of(room, own, window=window, as_of=now)
        await house.store.replace(room, agenda, account)


def _moved(event: Event, number: int) -> Event:
    """A meeting as the room of this number has it: no two rooms have one, or one address to dial.

    They begin at any quarter hour of a day.
    """
    assert isinstance(event.when, Window)
    later, call = timedelta(minutes=15) * (number % 96), f"91{number:08}"
    spaced = f"{call[:3]} {call[3:7]} {call[7:]}"
    return msgspec.structs.replace(
        event,
        uid=f"{event.uid}-{number}",
        when=Window(start=event.when.start + later, end=event.when.end + later),
        subject=f"{event.subject} of {number}",
        body=event.body.replace("9123456789", call).replace("912 3456 789", spaced),
    )


async def _ours(folder: Path) -> AsyncIterator[Served]:
    """The appliance's own streams."""
    database = Database(folder / "bridge.db")
    house = _house(database)
    hub, changes = stream.Hub(house), itertools.count()

    async def prepare() -> None:
        await _keep(house, next(changes))

    async def tell() -> None:
        for name in house.rooms:
            hub.changed(name)

    async with database.running():
        await prepare()
        made = [
            await house.tokens.create(name, ("read",), room=name, actor="bench")
            for name in house.rooms
        ]
        secrets = [secret for _, secret in made]
        yield Served(site(house, [stream.route(hub)]), prepare, tell, secrets)


async def _bare(folder: Path) -> AsyncIterator[Served]:
    """The least that aiohttp can do: a handler that stays, and a write for each stream."""
    told = await _as_told(folder)
    streams: dict[str, web.StreamResponse] = {}

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        streams[request.match_info["room"]] = response
        await response.write(event())
        await asyncio.Event().wait()
        return response

    def event() -> bytes:
        return b"event: agenda\ndata: " + json.dumps(told).encode() + b"\n\n"

    async def prepare() -> None:
        """Nothing: it has its agendas."""

    async def tell() -> None:
        for response in streams.values():
            await response.write(event())

    app = web.Application()
    app.router.add_get("/api/v1/rooms/{room}/stream", serve)
    yield Served(app, prepare, tell, [""] * DISPLAYS)


async def _as_told(folder: Path) -> object:
    """An agenda as ours tells it, read back."""
    database = Database(folder / "bridge.db")
    house = _house(database)
    house.rooms = {"room-0": house.rooms["room-0"]}
    async with database.running():
        await _keep(house, 0)
        caller = Caller(name="bench", scopes=frozenset(["read"]), room="room-0")
        now = house.clock.now()
        return json.loads(house.agenda(house.rooms["room-0"], caller, now).body(now))
