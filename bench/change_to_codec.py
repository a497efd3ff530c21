"""From a change to the codec: a hundred rooms of ten thousand change at once.

The time until the last percent of the codecs has its list, without the debounce, against bare
aiohttp posts of the same lists. When a list came is the codecs' word.
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

COUNT, CHANGED, ROUNDS = 10_000, 100, 15


def measure() -> list[Row]:
    """The 99th percentile."""
    with codecs() as port, asyncio.Runner(loop_factory=loop_factory) as runner:
        ours, bare = runner.run(_compared(port))
    return [
        row(
            "change_to_codec_vs_aiohttp",
            value=ours * 1000,
            unit="ms p99",
            baseline=bare * 1000,
            goal=3,
            better="less",
        )
    ]


async def _compared(port: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with site(port, COUNT, Path(folder)) as whole:
            collecting_as_the_appliance()
            rounds = [await _both(whole, turn) for turn in range(ROUNDS + 1)][1:]
    return statistics.median(a for a, _ in rounds), statistics.median(b for _, b in rounds)


async def _both(whole: Site, turn: int) -> tuple[float, float]:
    """Both sides for the same codecs; other ones each time, so that none is connected already."""
    numbers = [(turn + number * 100) % COUNT for number in range(CHANGED)]
    since = datetime.now(UTC)
    await whole.asked("came")
    await whole.change(numbers)
    began = time.monotonic()
    for number in numbers:
        whole.dispatch.changed(f"room-{number}")
    await whole.shown(since, numbers)
    ours = await _slowest(whole, numbers, began)
    told = await whole.asked("bodies")
    bodies = {number: told[host(number)].encode() for number in numbers}
    began = time.monotonic()
    await whole.bare(bodies)
    return ours, await _slowest(whole, numbers, began)


async def _slowest(whole: Site, numbers: list[int], began: float) -> float:
    came = await whole.asked("came")
    took = sorted(float(came[host(number)]) - began for number in numbers)
    return took[round(0.99 * (len(took) - 1))]
