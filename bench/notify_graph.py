"""What learning of changes costs with the real driver of Microsoft 365 and a simulated tenant.

As `requests_per_room_hour_notify`, but every request is one that reached the tenant: a read for
each change, rounds of delta over 24 months, subscriptions and their renewal, tokens. Safety reads
and reads before starts stand apart. In virtual time, after the first day.
"""

import logging
import random
import tempfile
from collections import Counter
from pathlib import Path

from aiohttp.test_utils import TestServer

from bench.notify import LEAST
from bench.result import Row, row
from bridge.settings.model import Poll
from connector.simulators.graph import Tenant, app
from tests.fakes.virtual import VirtualClock, in_virtual_time
from tests.soak.calendars import Calendars, room_of
from tests.soak.month import lively
from tests.soak.site import SECRET, Bridge, graph_source

ROOMS, DAYS = 20, 3
APART = {"safety": "safety_reads", "before_start": "reads_before_starts"}
GOALS = {"safety_reads": 5, "reads_before_starts": 3}
"""Beside 25 changes a day: a read every quarter of an hour, and two before each start."""


def measure() -> list[Row]:
    """The figure, and what stands apart."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        changes, reads, watching = in_virtual_time(_days(Path(folder)))
    hours = ROOMS * DAYS * 24
    known = sum(reads.values()) - sum(reads[cause] for cause in APART)
    rows = [
        _row("requests_per_room_hour_notify (graph)", (known + watching) / hours, 2),
        *(
            _row(
                f"requests_per_room_hour_notify (graph): {name}", reads[cause] / hours, GOALS[name]
            )
            for cause, name in APART.items()
        ),
    ]
    assert changes / hours > LEAST / 2, "nothing changed"
    return rows


def _row(name: str, value: float, goal: float) -> Row:
    unit = "requests a room and hour"
    return row(name, value=value, unit=unit, baseline=LEAST, goal=goal, better="less")


async def _days(folder: Path) -> tuple[int, Counter[str], int]:
    """Changes, reads by cause and requests of the watch, all but those of the first day."""
    clock = VirtualClock()
    tenant = Tenant(clock=clock.now)
    tenant.register_app(secret=SECRET)
    known = [room_of(number) for number in range(ROOMS)]
    calendars = Calendars(tenant, known, random.Random(1))
    async with TestServer(app(tenant)) as server:
        url = str(server.make_url("")).rstrip("/")
        bridge = Bridge(folder, clock, known, {"m365": graph_source(url)}, poll=Poll())
        async with bridge.reachable():
            await bridge.start()
            await lively(calendars, known, 1)
            before = _told(bridge), calendars.changes
            await lively(calendars, known, DAYS)
            after = _told(bridge), calendars.changes
            await bridge.stop()
    (reads, watching), (reads_before, watching_before) = after[0], before[0]
    return after[1] - before[1], reads - reads_before, watching - watching_before


def _told(bridge: Bridge) -> tuple[Counter[str], int]:
    """Reads by cause, and all other requests."""
    assert bridge.sync is not None
    reads: Counter[str] = Counter()
    for (_, cause), count in bridge.sync.counts.causes.items():
        reads[cause] += count
    meter = bridge.sync.lanes["m365"].budget.meter
    return reads, meter.total - meter.spent["read"]
