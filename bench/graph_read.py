"""CPU of reading a room from Graph against bare aiohttp fetching and decoding the same page.

`graph_read_vs_aiohttp` is the whole read of a room that has not changed, as nearly all are:
request, paging, typed decoding, comparison. `graph_changed_read_vs_aiohttp` is a read in which
every meeting is new: join details are found, the agenda is replaced and committed. It has no goal;
at 25 changes a day it is rare.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.result import Row, row
from bench.service import Service, loop_factory, page, served
from bridge.clock import SystemClock
from bridge.counts import Counts
from bridge.reading import Reading
from bridge.seat import Seat
from bridge.settings.model import WindowSpan
from connector.outside import open_outside
from connector.secret import Secret
from connector.sources import graph
from rooms.database import Database
from rooms.room import Room
from rooms.store import Store

ROUNDS, EACH = 9, 60
ROOM = Room(
    id="kestrel", name="Kestrel", mailbox="k@example.com", source="m365", time_zone="Europe/London"
)
TOKEN = Service(
    body=json.dumps(
        {"token_type": "Bearer", "expires_in": 3599, "access_token": "x" * 1800}
    ).encode(),
    headers={"Content-Type": "application/json"},
)
Work = Callable[[], Awaitable[object]]


def measure() -> list[Row]:
    """Both figures."""
    answer = Service(
        body=page(), headers={"Content-Type": "application/json;odata.metadata=minimal"}
    )
    with (
        served({"": answer, "/tenant/oauth2/v2.0/token": TOKEN}) as url,
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=loop_factory) as runner,
    ):
        database = Database(Path(folder) / "bridge.db")
        ours, changed, bare = runner.run(_measured(url, database))
    return [
        row(
            "graph_read_vs_aiohttp",
            value=ours,
            unit="ms CPU a room",
            baseline=bare,
            goal=2,
            better="less",
        ),
        row(
            "graph_changed_read_vs_aiohttp",
            value=changed,
            unit="ms CPU a room",
            baseline=bare,
            goal=20,
            better="less",
        ),
    ]


async def _measured(url: str, database: Database) -> tuple[float, float, float]:
    clock = SystemClock()
    options = graph.Options(
        tenant_id="tenant",
        client_id="app",
        client_secret=Secret("x"),
        graph_url=url,
        login_url=url,
    )
    store = Store(database)
    async with (
        database.running(),
        open_outside(clock) as outside,
        graph.connect(options, outside) as source,
    ):
        reading = Reading(name="m365", store=store, clock=clock, counts=Counts(), span=WindowSpan())
        seat = Seat(room=ROOM, phase=0.5, since=clock.now())

        async def unchanged() -> object:
            return await reading.refresh(source, seat)

        async def changed() -> object:
            seat.basis = None
            store.adopt([msgspec.structs.replace(ROOM, mailbox="another@example.com")])
            return await reading.refresh(source, seat)

        target = (
            f"{url}/v1.0/users/k@example.com/calendarView?startDateTime={datetime.now(UTC):%FT%TZ}"
        )

        async def bare() -> object:
            async with outside.http.get(target) as answer:
                return json.loads(await answer.read())

        return await _rounds([unchanged, changed, bare])


async def _rounds(works: list[Work]) -> tuple[float, float, float]:
    """The median CPU milliseconds of each kind of work, taken in turns."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(ROUNDS + 1):
        for place, work in enumerate(works):
            began = time.process_time()
            for _ in range(EACH):
                await work()
            if number:  # the first round warms up
                times[place].append((time.process_time() - began) / EACH * 1000)
    first, second, third = (statistics.median(found) for found in times)
    return first, second, third
