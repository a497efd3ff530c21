"""Agendas a second, token check included, against a bare aiohttp handler with the same bytes.

wrk asks from the other core; both servers run on the appliance's loop, each in a process of its
own, and are measured in turns.
"""

import asyncio
import contextlib
import multiprocessing
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

from aiohttp import web

from bench.result import Row, row
from bench.service import loop_factory, text
from bridge.clock import SystemClock
from bridge.health import Health
from bridge.tokens import Tokens
from bridge.views import rooms
from bridge.views.house import House
from bridge.views.site import site
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.model import Event, Person, Window
from rooms.room import Room
from rooms.store import Store

ROUNDS, SECONDS = 5, 3
PATH = "/api/v1/rooms/kestrel/agenda"
ROOM = Room(
    id="kestrel", name="Kestrel", mailbox="k@example.com", source="m365", time_zone="Europe/London"
)
Build = Callable[[], AsyncIterator[web.Application]]


def measure() -> list[Row]:
    """200 and 304."""
    if shutil.which("wrk") is None:
        subprocess.run(["scripts/need", "wrk", "wrk"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "bridge.db")
        token = Path(folder) / "token"
        with _process(lambda: _ours(database, token)) as ours:
            login = {"Authorization": f"Bearer {token.read_text()}"}
            body, headers = _answer(ours, login)
            known = login | {"If-None-Match": headers["ETag"]}
            with _process(lambda: _bare(body, headers)) as bare:
                good = _compared(ours, bare, login, body)
                same = _compared(ours, f"{bare}/same", known, b"")
    return [
        _row("agenda_get_vs_aiohttp", good, 0.65),
        _row("agenda_304_vs_aiohttp", same, 0.8),
    ]


def _row(name: str, found: tuple[float, float], goal: float) -> Row:
    ours, bare = found
    return row(name, value=ours, unit="requests/s", baseline=bare, goal=goal, better="more")


def _compared(ours: str, bare: str, headers: dict[str, str], body: bytes) -> tuple[float, float]:
    """Requests a second of both, medians of rounds taken in turns."""
    for url in (ours, bare):
        told, _ = _answer(url, headers)
        assert len(told) == len(body), f"{url} answers something else"
    found = [(_load(ours, headers), _load(bare, headers)) for _ in range(ROUNDS + 1)]
    rounds = found[1:]  # the first warms up
    return statistics.median(a for a, _ in rounds), statistics.median(b for _, b in rounds)


def _load(url: str, headers: dict[str, str]) -> float:
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s", *given, url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    return float(found[1])


def _answer(url: str, headers: dict[str, str]) -> tuple[bytes, Message]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read(), answer.headers
    except urllib.error.HTTPError as answer:
        if answer.code != 304:
            raise
        return b"", answer.headers


@contextlib.contextmanager
def _process(build: Build) -> Iterator[str]:
    """Serve an application from another process; where the agenda is."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    serving = multiprocessing.get_context("fork").Event()
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=[listening, build, serving]
    )
    process.start()
    assert serving.wait(20)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}"
    finally:
        process.terminate()
        process.join()
        listening.close()


def _serve(listening: socket.socket, build: Build, serving: object) -> None:
    async def run() -> None:
        async with asynccontextmanager(build)() as app:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listening).start()
            serving.set()  # type: ignore[attr-defined] # an event of multiprocessing
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run())


async def _bare(body: bytes, headers: Message) -> AsyncIterator[web.Application]:
    """The least that aiohttp can do for the same bytes."""
    kept = {
        name: value
        for name, value in headers.items()
        if name not in {"Content-Length", "Date", "Connection"}
    }

    async def whole(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers=kept)

    async def same(_request: web.Request) -> web.Response:
        return web.Response(status=304, headers=kept)

    app = web.Application()
    app.router.add_get("/api/v1/rooms/{room}/agenda", whole)
    app.router.add_get("/api/v1/rooms/{room}/agenda/same", same)
    yield app


async def _ours(database: Database, token: Path) -> AsyncIterator[web.Application]:
    """The appliance's own application with one room."""
    clock = SystemClock()
    tokens = Tokens(database, Audit(database), clock)
    house = House(
        store=Store(database),
        health=Health(clock),
        clock=clock,
        tokens=tokens,
        started=clock.now(),
        rooms={"kestrel": ROOM},
    )
    async with database.running():
        now = datetime.now(UTC)
        window = Window.around(now, timedelta(days=1), timedelta(days=7))
        agenda, account = agenda_of(ROOM, meetings(now), window=window, as_of=now)
        await house.store.replace(ROOM, agenda, account)
        _, secret = await tokens.create("bench", ("read", "join"), actor="bench")
        token.write_text(secret)  # noqa: ASYNC240 - before anything is measured
        yield site(house, rooms.ROUTES)


def meetings(now: datetime) -> list[Event]:
    """Ten meetings of one room."""
    return [
        Event(
            id=f"{number}",
            uid=f"uid-{number}",
            when=Window(
                start=now + timedelta(hours=number), end=now + timedelta(hours=number, minutes=50)
            ),
            subject=f"Review of the harvest, part {number}",
            organizer=Person(name="Ada Lovelace", address="ada@example.com"),
            body=text(number),
        )
        for number in range(10)
    ]
