"""Deadlines that share a timer, held against what `asyncio.timeout` does."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.deadline import within
from tests.fakes.virtual import in_virtual_time

Deadline = Callable[[float], AbstractAsyncContextManager[object]]
Outcome = tuple[str, float]


class Job(NamedTuple):
    """Work under two deadlines that somebody may cancel; in seconds."""

    begin: int
    work: int
    outer: int
    inner: int
    cancelled: int


@asynccontextmanager
async def ours(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout` is used."""
    with within(seconds):
        yield


async def outcomes(jobs: list[Job], deadline: Deadline) -> list[Outcome]:
    """What becomes of each, and when."""
    loop = asyncio.get_running_loop()

    async def do(job: Job) -> Outcome:
        said = []
        try:
            await asyncio.sleep(job.begin)
            async with deadline(job.outer + 0.25):
                try:
                    async with deadline(job.inner + 0.5):
                        await asyncio.sleep(job.work)
                        said.append("done")
                except TimeoutError:
                    said.append("inner")
                await asyncio.sleep(1)
        except TimeoutError:
            said.append("outer")
        except asyncio.CancelledError:
            said.append("cancelled")
        return "+".join(said), loop.time()

    tasks = [asyncio.create_task(do(job)) for job in jobs]
    for job, task in zip(jobs, tasks, strict=True):
        loop.call_at(job.cancelled + 0.125, task.cancel)
    return list(await asyncio.gather(*tasks, return_exceptions=True))  # type: ignore[arg-type]


SPAN = st.integers(min_value=0, max_value=6)


@given(st.lists(st.builds(Job, SPAN, SPAN, SPAN, SPAN, SPAN), max_size=8))
def test_whatever_is_under_way_ends_as_asyncio_would_end_it(jobs: list[Job]) -> None:
    theirs = in_virtual_time(outcomes(jobs, asyncio.timeout))
    assert repr(in_virtual_time(outcomes(jobs, ours))) == repr(theirs)


def test_a_cancellation_at_the_same_time_is_not_swallowed() -> None:
    async def run() -> None:
        async def work() -> None:
            with within(1):
                await asyncio.sleep(9)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(1, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    in_virtual_time(run())


def test_another_error_is_not_hidden_by_a_deadline_that_is_over() -> None:
    async def work() -> None:
        with within(1):
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                raise KeyError from None

    async def run() -> None:
        with pytest.raises(KeyError):
            await work()
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]

    in_virtual_time(run())


def test_no_timer_is_left_behind() -> None:
    async def run() -> list[str]:
        async def work() -> None:
            with within(60):
                await asyncio.sleep(1)

        await asyncio.gather(*(work() for _ in range(100)))
        loop = asyncio.get_running_loop()
        gc.collect()
        return [repr(timer) for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]

    assert in_virtual_time(run()) == []


def test_a_deadline_needs_a_task() -> None:
    async def run() -> None:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def outside() -> None:
            try:
                with within(1):
                    pass
            except RuntimeError as error:
                failed.set_exception(error)

        asyncio.get_running_loop().call_soon(outside)
        await failed

    with pytest.raises(RuntimeError, match="needs a task"):
        in_virtual_time(run())
