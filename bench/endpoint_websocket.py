"""A thousand codecs held over their WebSockets, against as many bare aiohttp clients.

`endpoint_websocket_vs_aiohttp`: what a process grows by, as PSS, from a few connections that are
warm to a thousand more. The bridge's side is all of it: what is known of each endpoint, the first
push over a connection of its own, the subscriptions, and the list shown once more over the
connection that stays. The other side holds a socket each and a task that reads. Both speak TLS 1.3
under a pinned fingerprint with pings every 30 s, each in a new process on the appliance's loop;
the codecs are simulated in a third.
"""

import asyncio
import contextlib
import gc
import multiprocessing
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import msgspec

from bench.agenda_get import meetings
from bench.codecs import room
from bench.result import Row, row
from bench.service import loop_factory
from bridge.clock import SystemClock
from bridge.dispatch import Dispatch, attending, dispatch, notices, outbox
from bridge.health import Health
from bridge.settings.model import EndpointSettings
from connector import load
from connector.endpoint import Endpoint
from connector.endpoints.cisco.carrier import LIMIT
from connector.endpoints.cisco.websocket import HEARTBEAT
from connector.fingerprint import fingerprint_bytes
from connector.outside import Trust, open_outside
from connector.secret import Secret
from connector.simulators.cisco import Codec, serve_all
from rooms.agenda import agenda_of
from rooms.database import Database
from rooms.model import Window
from rooms.store import Store

COUNT, WARM = 1000, 20
PATIENCE = 300
USER, PASSWORD = "bridge", "secret"


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """Where a simulated codec is."""

    url: str
    fingerprint: str


def measure() -> list[Row]:
    """KiB for each connection."""
    with codecs(COUNT + WARM) as units, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "units.json"
        file.write_bytes(msgspec.json.encode(units))
        bare, ours = _grown("bare", file), _grown("ours", file)
    return [
        row(
            "endpoint_websocket_vs_aiohttp",
            value=ours,
            unit="KiB",
            baseline=bare,
            goal=1.5,
            better="less",
        )
    ]


def _grown(side: str, file: Path) -> float:
    command = [sys.executable, "-m", __name__, side, str(file)]
    told = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, text=True, timeout=2 * PATIENCE
    )
    return float(told.stdout) / COUNT


@contextlib.contextmanager
def codecs(count: int) -> Iterator[list[Unit]]:
    """Simulated codecs in a process of their own, each with a port and a certificate."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_simulate, args=[there, count])
    process.start()
    try:
        yield msgspec.convert(here.recv(), list[Unit])
    finally:
        process.terminate()
        process.join()


def _simulate(pipe: Connection, count: int) -> None:
    async def run() -> None:
        units = [Codec(users={USER: PASSWORD}, serial=f"SIM{n:08}") for n in range(count)]
        async with serve_all(units) as places:
            pipe.send([{"url": place.url, "fingerprint": place.fingerprint} for place in places])
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run())


def weight() -> int:
    """PSS of this process in KiB: its own pages, and its share of those that others map too."""
    gc.collect()
    text = Path("/proc/self/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


async def _bare(units: Sequence[Unit]) -> int:
    """Hold a socket each, as a client does that does nothing else."""
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(_read(await _opened(http, unit))) for unit in units[:WARM]]
        before = weight()
        tasks += [group.create_task(_read(await _opened(http, unit))) for unit in units[WARM:]]
        await asyncio.sleep(1)
        grown = weight() - before
        for task in tasks:
            task.cancel()
    return grown


async def _opened(http: aiohttp.ClientSession, unit: Unit) -> aiohttp.ClientWebSocketResponse:
    pinned = fingerprint_bytes(unit.fingerprint)
    assert pinned is not None
    return await http.ws_connect(
        f"{unit.url}/ws",
        headers={"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)},
        ssl=aiohttp.Fingerprint(pinned),
        heartbeat=HEARTBEAT,
        max_msg_size=LIMIT,
    )


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _message in socket:
        pass


async def _ours(units: Sequence[Unit]) -> int:
    """Look after endpoints until each has its list over the connection that stays."""
    _hurry()
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        async with _store(Path(folder), len(units)) as store, open_outside(clock) as outside:
            made = Dispatch(outside, store=store, health=Health(clock), clock=clock)
            async with made.running():
                await made.adopt(
                    _settings(number, unit) for number, unit in enumerate(units[:WARM])
                )
                await _settled(made, WARM)
                before = weight()
                await made.adopt(_settings(number, unit) for number, unit in enumerate(units))
                await _settled(made, len(units))
                return weight() - before


def _hurry() -> None:
    """Leave out all that is only a wait, and what is asked beside the list."""
    does = outbox.does

    def alone(kind: type[Endpoint]) -> outbox.Does:
        return does(kind)._replace(list=False, describe=False)

    dispatch.does = alone  # type: ignore[attr-defined, assignment] # as that module knows it
    dispatch.DEBOUNCE = notices.DEBOUNCE = 0.0  # type: ignore[attr-defined]
    notices.UNCHANGED = 0.0  # type: ignore[attr-defined]
    attending.START = attending.WAIT = 1.0
    attending.PACE = 0.005


@contextlib.asynccontextmanager
async def _store(folder: Path, count: int) -> AsyncIterator[Store]:
    """Agendas of ten meetings."""
    database = Database(folder / "bridge.db")
    store = Store(database)
    now = datetime.now(UTC)
    window = Window.around(now, timedelta(days=1), timedelta(days=7))
    first, account = agenda_of(room(0), meetings(now), window=window, as_of=now)
    async with database.running():
        for number in range(count):
            agenda = msgspec.structs.replace(first, room=f"room-{number}")
            await store.replace(room(number), agenda, account)
        yield store


def _settings(number: int, unit: Unit) -> EndpointSettings:
    options = load.endpoint("cisco").Options(
        address=unit.url.removeprefix("https://"),
        username=USER,
        password=Secret(PASSWORD),
        tls=Trust(fingerprint=unit.fingerprint),
        transport="websocket",
    )
    return EndpointSettings(
        id=f"codec-{number}", kind="cisco", room=f"room-{number}", options=options
    )


async def _settled(made: Dispatch, count: int) -> None:
    """Wait until all listen, and no list is pushed any more."""
    pushed, listening = -1, 0
    while listening < count or pushed < made.counts.pushes["cisco", "ok"]:
        pushed = made.counts.pushes["cisco", "ok"]
        await asyncio.sleep(1)
        states = (made.status(f"codec-{number}") for number in range(count))
        listening = sum(one.connected is True and one.state == "shown" for one in states)


SIDES: dict[str, Callable[[Sequence[Unit]], Coroutine[None, None, int]]] = {
    "bare": _bare,
    "ours": _ours,
}


def _main(side: str, file: str) -> None:
    units = msgspec.json.decode(Path(file).read_bytes(), type=list[Unit])
    load.endpoint("cisco")
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        print(runner.run(asyncio.wait_for(SIDES[side](units), PATIENCE)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
