"""Ten thousand rooms are judged without the loop standing still."""

import asyncio
import time
import tracemalloc
from collections.abc import Sequence

from bridge.discovery import Discovery
from bridge.health import Health
from connector.discovery import FoundRoom
from tests.bridge.test_discovery import Able, Directory, configured, no_rejections
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock

MANY = 10_000
SHORT = 0.05
"""Seconds for which the loop may stand still."""


def answer(capacity: int) -> Sequence[FoundRoom]:
    return [
        FoundRoom(mailbox=f"room-{number}@example.com", name=f"R {number}", capacity=capacity)
        for number in range(MANY)
    ]


async def longest(work: asyncio.Task[None]) -> float:
    """The processor's seconds that the loop worked at one piece while this was done.

    The thread's own time: what other programs of a busy machine take is no work of ours.
    """
    loop, worst = asyncio.get_running_loop(), 0.0
    before = time.thread_time()
    while not work.done():
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
        now = time.thread_time()
        worst, before = max(worst, now - before), now
    await work
    return worst


async def test_judging_ten_thousand_rooms_never_holds_the_loop() -> None:
    first, second = answer(4), answer(8)
    configuration = configured([room(f"room-{number}") for number in range(0, MANY, 2)])
    clock = FixedClock()
    discovery = Discovery(
        Able(m365=Directory(first, second)),
        health=Health(clock),
        clock=clock,
        rejections=no_rejections(),
    )
    await discovery.adopt(configuration)

    async def all_of_it() -> None:
        for _ in range(3):
            await discovery.go()
            await discovery.stands()
            await discovery.proposals()

    assert await longest(asyncio.create_task(all_of_it())) < SHORT
    (one,) = (await discovery.stands()).sources
    assert len(one.findings) == MANY // 2 * 3


async def test_what_is_kept_of_ten_thousand_rooms_is_two_answers() -> None:
    clock = FixedClock()
    directory = Directory(answer(4))
    discovery = Discovery(
        Able(m365=directory), health=Health(clock), clock=clock, rejections=no_rejections()
    )
    await discovery.adopt(configured([room(f"room-{number}") for number in range(100)]))
    tracemalloc.start()
    try:
        for capacity in range(1, 5):
            directory.told = [answer(capacity)]
            await discovery.go()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 32 << 20, "bytes"
