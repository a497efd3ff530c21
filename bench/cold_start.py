"""CPU of the first read of ten thousand rooms against bare aiohttp and msgspec on the same pages.

Ten bookings a room with two kilobytes of text each, half of them with an invitation to Zoom. The
appliance's side is all of it: requests, events, join details, agendas, the commit. The other side
sends the same requests, as many at a time, and decodes the answers into the same typed items. Both
run in this process, the service in another; the database's thread is counted too.

In the first row all rooms hold the same meetings, so that most invitations were read before; in the
second no two texts are alike.
"""

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from bench.graph_read import TOKEN
from bench.result import Row, row
from bench.service import loop_factory, page, served_by
from bridge.clock import SystemClock
from bridge.counts import Counts
from bridge.health import Health
from bridge.lane import Lane
from bridge.prepared import collect_seldom
from bridge.settings.model import Poll, WindowSpan
from connector.outside import open_outside
from connector.secret import Secret
from connector.sources import graph
from connector.sources.graph import service, wire
from rooms.database import Database
from rooms.room import Room
from rooms.store import Store

ROOMS = 10_000
ROUNDS = 3
TOGETHER = 64
"""Requests in flight: as many as the appliance soon has."""
BOOKINGS = 10
QUERY = (
    "startDateTime=2026-11-20T15:00:00Z&endDateTime=2026-11-28T15:00:00Z"
    f"&$select={wire.SELECT}&$orderby=start/dateTime&$top=100"
)
HEADERS = {
    "Authorization": f"Bearer {'x' * 1800}",
    "Prefer": service.PREFER,
    "Accept": "application/json",
}


def measure() -> list[Row]:
    """Both figures."""
    collect_seldom()  # as the appliance does, and for both sides
    return [
        _measured("cold_start_10000_rooms_vs_aiohttp", _alike),
        _measured("cold_start_10000_rooms_vs_aiohttp (no two alike)", _different),
    ]


def _measured(name: str, service: Callable[[], web.Application]) -> Row:
    ours, bare = [], []
    with served_by(service) as url:
        for _ in range(ROUNDS):
            bare.append(_timed(_bare(url)))
            with tempfile.TemporaryDirectory() as folder:
                ours.append(_timed(_cold(url, Path(folder))))
    return row(
        name,
        value=statistics.median(ours),
        unit="s CPU",
        baseline=statistics.median(bare),
        goal=3,
        better="less",
    )


def _timed(work: Coroutine[Any, Any, None]) -> float:
    began = time.process_time()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(work)
    return time.process_time() - began


def _alike() -> web.Application:
    """The same page for every room."""
    body = page(BOOKINGS)
    return _answering(lambda _: body)


def _different() -> web.Application:
    """A page for each room: its number is in every link, every number and every id."""
    parts = re.split(rb"912345678\d", page(BOOKINGS))

    def body(path: str) -> bytes:
        number = int(path.partition("room-")[2].partition("@")[0])
        return (b"%010d" % (1_000_000_000 + number)).join(parts)

    return _answering(body)


def _answering(body: Callable[[str], bytes]) -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/token"):
            return web.Response(body=TOKEN.body, headers=TOKEN.headers)
        return web.Response(body=body(request.path), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    return app


async def _bare(url: str) -> None:
    """Request and decode, and nothing else."""
    decode = msgspec.json.Decoder(wire.Page).decode
    rooms = iter(_rooms())
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:

        async def worker() -> None:
            for room in rooms:
                target = URL(f"{url}/v1.0/users/{room.mailbox}/calendarView?{QUERY}", encoded=True)
                async with session.get(target, headers=HEADERS) as answer:
                    decode(await answer.read())

        for _ in range(TOGETHER):
            group.create_task(worker())


async def _cold(url: str, folder: Path) -> None:
    """Every room once, from nothing to an agenda on disk."""
    clock = SystemClock()
    options = graph.Options(
        tenant_id="tenant", client_id="app", client_secret=Secret("x"), graph_url=url, login_url=url
    )
    database = Database(folder / "bridge.db")
    read: set[str] = set()
    done = asyncio.Event()

    def heard(room: str, /, *, changed: bool) -> None:
        assert changed or room in read
        read.add(room)
        if len(read) == ROOMS:
            done.set()

    async with (
        database.running(),
        open_outside(clock) as outside,
        graph.connect(options, outside) as source,
    ):
        lane = Lane(
            "m365",
            store=Store(database),
            health=Health(clock),
            clock=clock,
            counts=Counts(),
            heard=heard,
            poll=Poll(),
            span=WindowSpan(),
        )
        lane.adopt(_rooms(), poll=Poll(), span=WindowSpan())
        running = asyncio.create_task(lane.run(source))
        await done.wait()
        running.cancel()
        await asyncio.wait([running])


def _rooms() -> list[Room]:
    return [
        Room(
            id=f"room-{number}",
            name=f"Room {number}",
            mailbox=f"room-{number}@example.com",
            source="m365",
            time_zone="Europe/London",
        )
        for number in range(ROOMS)
    ]
