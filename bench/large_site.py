"""Five thousand rooms of ten bookings each: what they weigh, and how soon they are served.

`rss_5000_rooms_mib`: the real process after every room was read once from a bare service; the
baseline is a process that imported aiohttp. `start_to_serving_vs_import`: from the start of the
process to its first answer, against a process that imports aiohttp and reads the same rows.
"""

import asyncio
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.agenda_get import meetings
from bench.graph_read import TOKEN
from bench.result import Row, row
from bench.service import Service, page, served
from rooms.agenda import agenda_of
from rooms.database import Database
from rooms.model import Window
from rooms.room import Room
from rooms.store import Store

ROOMS = 5000
ROUNDS = 7
PATIENCE = 180
ROWS = 'SELECT room, mailbox, bookings, as_of, start, "end" FROM agendas JOIN reads USING (room)'
IMPORT = f"""
import sqlite3, sys
import aiohttp.web
rows = sqlite3.connect(sys.argv[1]).execute({ROWS!r}).fetchall()
assert len(rows) == {ROOMS}
"""


def measure() -> list[Row]:
    """Both figures."""
    answer = Service(body=page(10), headers={"Content-Type": "application/json"})
    with (
        tempfile.TemporaryDirectory() as name,
        served({"": answer, "/tenant/oauth2/v2.0/token": TOKEN}) as url,
    ):
        folder = Path(name)
        rooms = [_room(number) for number in range(ROOMS)]
        file = _configure(folder, rooms, url)
        asyncio.run(_fill(folder, rooms))
        weight = _weight(file)
        starts, imports = [], []
        for number in range(ROUNDS + 1):
            started, imported = _start(file), _timed(lambda: _import(folder))
            if number:  # the first warms up, and keeps the room list as it was understood
                starts.append(started)
                imports.append(imported)
    return [
        row(
            "rss_5000_rooms_mib",
            value=weight,
            unit="MiB",
            baseline=_imported_weight(),
            ratio=weight,
            goal=200,
            better="less",
        ),
        row(
            "start_to_serving_vs_import",
            value=statistics.median(starts),
            unit="s",
            baseline=statistics.median(imports),
            goal=3,
            better="less",
        ),
    ]


def _room(number: int) -> Room:
    return Room(
        id=f"room-{number}",
        name=f"Room {number}",
        mailbox=f"room-{number}@example.com",
        source="m365",
        time_zone="Europe/London",
    )


def _configure(folder: Path, rooms: list[Room], url: str) -> Path:
    """The configuration of a large site, as YAML."""
    (folder / "secret").write_text("x")
    (folder / "secret").chmod(0o600)
    (folder / "data").mkdir()
    entries = [
        f"  - id: {room.id}\n    name: {room.name}\n    mailbox: {room.mailbox}\n"
        "    time_zone: Europe/London\n    building: Harbour House\n"
        "    floor: '2'\n    capacity: 8\n"
        for room in rooms
    ]
    (folder / "rooms.yaml").write_text("rooms:\n" + "".join(entries))
    file = folder / "bridge.yaml"
    graph = {
        "kind": "graph",
        "tenant_id": "tenant",
        "client_id": "app",
        "client_secret_file": "secret",
        "graph_url": url,
        "login_url": url,
    }
    listen = {"address": "127.0.0.1", "port": "0"}
    poll = {"near": "15m", "far": "15m"}
    site = {"listen": listen, "data_dir": "data", "sources": {"m365": graph}, "poll": poll}
    file.write_text(json.dumps(site))
    return file


async def _fill(folder: Path, rooms: list[Room]) -> None:
    """The agendas of an earlier run."""
    database = Database(folder / "data" / "bridge.db")
    store = Store(database)
    now = datetime.now(UTC)
    window = Window.around(now, timedelta(days=1), timedelta(days=7))
    events = meetings(now)
    async with database.running():
        agenda, account = agenda_of(rooms[0], events, window=window, as_of=now)
        await asyncio.gather(*(store.replace(room, agenda, account) for room in rooms))


@contextmanager
def _running(file: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The real process, and the port at which it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "run", "--config", str(file)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    port = 0
    for line in process.stderr:
        if found := re.search(r"serving on .* port (\d+)", line):
            port = int(found[1])
            break
    try:
        yield process, port
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()


def _start(file: Path) -> float:
    """Seconds from the start of the process to its first whole answer."""
    began = time.perf_counter()
    with _running(file) as (_, port):
        told = json.loads(_ask(port, f"/api/v1/rooms/room-{ROOMS - 1}/agenda"))
        took = time.perf_counter() - began
    assert len(told["bookings"]) == 10
    return took


def _weight(file: Path) -> float:
    """Resident MiB of the real process once every room was read by it."""
    with _running(file) as (process, port):
        began = time.time()
        while time.time() - began < PATIENCE:
            told = _ask(port, "/metrics")
            found = re.search(r'roombridge_reads_total{outcome="ok",source="m365"} ([\d.]+)', told)
            # Twice: the service has other meetings than the rooms knew, which is doubted once.
            if found and float(found[1]) >= 2 * ROOMS:
                return _resident(process.pid)
            time.sleep(0.5)
    raise AssertionError("the rooms were never all read")


def _ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return str(answer.read().decode())


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def _import(folder: Path) -> None:
    database = folder / "data" / "bridge.db"
    subprocess.run([sys.executable, "-c", IMPORT, str(database)], check=True)


def _imported_weight() -> float:
    own = "print(open('/proc/self/status').read())"
    told = subprocess.run(
        [sys.executable, "-c", f"import aiohttp.web; {own}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"VmRSS:\s+(\d+) kB", told)
    assert found
    return int(found[1]) / 1024


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
