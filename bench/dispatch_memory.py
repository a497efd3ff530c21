"""What an endpoint weighs that is looked after and has no connection open.

The real driver as it finds its way by itself, its settings and options, the outbox and its place
among the turns, after a push and all that follows it; without its room's agenda, which is there
anyway. The baseline is the same list of settings alone.
"""

import asyncio
import gc
import tempfile
import tracemalloc
from pathlib import Path

from bench.codecs import codecs, settings, site
from bench.result import Row, row

COUNT = 2000
KEPT_ALIVE = 20
"""Seconds after which idle connections are closed, and a little more."""


def measure() -> list[Row]:
    """KiB an endpoint."""
    with codecs() as port:
        ours, bare = asyncio.run(_weighed(port))
    return [
        row(
            "endpoint_memory_kib",
            value=ours / 1024,
            unit="KiB",
            baseline=bare / 1024,
            ratio=ours / 1024,
            goal=10,
            better="less",
        )
    ]


async def _weighed(port: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with site(port, COUNT, Path(folder)) as whole:
            await _quiet()
            tracemalloc.start()
            alone = [settings(number, port, "auto") for number in range(COUNT)]
            bare = tracemalloc.get_traced_memory()[0] / COUNT
            del alone
            await whole.dispatch.adopt([])
            await _quiet()
            before = tracemalloc.get_traced_memory()[0]
            began = whole.clock.now()
            await whole.dispatch.adopt(settings(number, port, "auto") for number in range(COUNT))
            await whole.settled(began)
            await _quiet()
            return (tracemalloc.get_traced_memory()[0] - before) / COUNT, bare


async def _quiet() -> None:
    """Wait until no connection is open any more."""
    await asyncio.sleep(KEPT_ALIVE)
    gc.collect()
