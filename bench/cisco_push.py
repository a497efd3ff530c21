"""Lists pushed to a thousand simulated codecs, against bare aiohttp posts of the same bytes.

The bridge's side is all of it: what is due, the agenda, the list in Cisco's words, the request and
how it stands afterwards. Both sides take turns, and have as many requests in flight.
"""

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.codecs import Site, codecs, collecting_as_the_appliance, host, site
from bench.result import Row, row
from bench.service import loop_factory

COUNT, ROUNDS = 1000, 7


def measure() -> list[Row]:
    """Pushes a second."""
    with codecs() as port, asyncio.Runner(loop_factory=loop_factory) as runner:
        ours, bare = runner.run(_compared(port))
    return [
        row(
            "cisco_push_vs_aiohttp",
            value=ours,
            unit="pushes/s",
            baseline=bare,
            goal=0.7,
            better="more",
        )
    ]


async def _compared(port: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with site(port, COUNT, Path(folder)) as whole:
            collecting_as_the_appliance()
            rounds = [(await _ours(whole), await _bare(whole)) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(a for a, _ in rounds), statistics.median(b for _, b in rounds)


async def _ours(whole: Site) -> float:
    numbers = range(COUNT)
    since = datetime.now(UTC)  # a read-back that is due meanwhile may push the change already
    await whole.change(numbers)
    began = time.perf_counter()
    for number in numbers:
        whole.dispatch.changed(f"room-{number}")
    await whole.shown(since, numbers)
    return COUNT / (time.perf_counter() - began)


async def _bare(whole: Site) -> float:
    told = await whole.asked("bodies")
    bodies = {number: told[host(number)].encode() for number in range(COUNT)}
    began = time.perf_counter()
    await whole.bare(bodies)
    return COUNT / (time.perf_counter() - began)
