"""Ten thousand rooms planned and applied, against bare inserts of the same rows.

The whole way of a change: the plan (what differs, read by every rule as a start reads it) and its
application (rows, history, audit log, committed to disk); applying alone, as when somebody has
looked at the plan before, is less than half of it. The other side writes the same rows with
`executemany` in one transaction, to the same kind of file with the same care. Processor time of
both, which counts all threads; what the appliance then does with its new rooms is other rows'.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import msgspec

from bench.result import Row, row
from bridge.callers import SCOPES, Caller
from bridge.following import Following
from bridge.inventory.keeper import Keeper
from bridge.inventory.opening import Opening
from bridge.prepared import collect_seldom
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from rooms.inventory import Document, Edit
from tests.fakes.virtual import FixedClock

ROOMS = 10_000
ROUNDS = 9
OWNER = Caller(name="ada", scopes=SCOPES["owner"], role="owner")
BRIDGE = """
data_dir: data
inventory: store
sources:
  m365: {kind: graph, tenant_id: t, client_id: c, client_secret_file: secret}
"""
LISTS = {f"house-{number}": {"name": f"House {number}"} for number in range(40)}
MANY = {
    f"room-{number}": {
        "name": f"Room {number}",
        "mailbox": f"room{number}@example.com",
        "source": "m365",
        "time_zone": "Europe/London",
        "building": f"House {number % 40}",
        "floor": str(number % 7),
        "capacity": str(2 + number % 20),
        "lists": [f"house-{number % 40}"],
    }
    for number in range(ROOMS)
}


def measure() -> list[Row]:
    """Seconds of processor for both, in turns."""
    pairs = [(_ours(), _bare()) for _ in range(ROUNDS)]
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    return [
        row(
            "inventory_apply_10000_rooms_vs_sqlite",
            value=ours,
            unit="s CPU",
            baseline=bare,
            goal=5.0,
            better="less",
        )
    ]


def _ours() -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "secret").write_text("s")
        (folder / "secret").chmod(0o600)
        (folder / "bridge.yaml").write_text(BRIDGE)
        return asyncio.run(_applied(folder / "bridge.yaml"))


async def _applied(file: Path) -> float:
    opening = Opening()
    current, _ = usable(file, stored=opening)
    database = opening.database(current.site.data_dir)
    keeper = Keeper(
        opening.rows(current.site),
        clock=FixedClock(),
        memory=opening.memory,
        following=Following(database),
    )

    async def adopt(configuration: Configuration) -> None:
        nonlocal current
        current = configuration

    keeper.attach(lambda: current, lambda: None, adopt)
    collect_seldom()
    async with database.running():
        start = time.process_time()
        plan = await keeper.plan(Edit(rooms=MANY, lists=LISTS), OWNER)
        await keeper.apply(plan, OWNER)
        took = time.process_time() - start
    assert len(current.inventory.rooms) == ROOMS
    assert keeper.document() == Document(rooms=MANY, lists=LISTS)
    return took


def _bare() -> float:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA secure_delete=ON")
        database.execute("CREATE TABLE inventory (kind, id, entry, PRIMARY KEY (kind, id))")
        start = time.process_time()
        rows = [("rooms", name, msgspec.json.encode(one)) for name, one in MANY.items()]
        rows += [("lists", name, msgspec.json.encode(one)) for name, one in LISTS.items()]
        database.execute("BEGIN")
        database.executemany("INSERT INTO inventory VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
        return time.process_time() - start
