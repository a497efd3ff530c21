"""How fast a service is asked."""

import asyncio

import pytest

from bridge.pace import START, STEP, Breaker, Gate, doubling
from tests.fakes.virtual import VirtualClock, in_virtual_time


def test_no_more_are_inside_than_the_gate_allows() -> None:
    async def run() -> int:
        gate = Gate(VirtualClock())
        most = inside = 0

        async def visit() -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(1)
            inside -= 1
            gate.leave()

        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                await gate.enter()
                group.create_task(visit())
        return most

    assert in_virtual_time(run()) == START


def test_good_answers_open_the_gate_by_one_at_a_time() -> None:
    async def run() -> int:
        gate = Gate(VirtualClock())
        for _ in range(3 * STEP):
            gate.well()
        return gate.limit

    assert in_virtual_time(run()) == START + 3


def test_throttling_halves_the_gate_but_once_for_answers_that_come_together() -> None:
    async def run() -> list[int]:
        gate = Gate(VirtualClock())
        limits = []
        for pause in (0, 0.1, 0.1, 2, 2, 2, 2):
            await asyncio.sleep(pause)
            gate.throttled()
            limits.append(gate.limit)
        return limits

    assert in_virtual_time(run()) == [4, 4, 4, 2, 1, 1, 1]


def test_a_tripped_breaker_lets_probes_through_less_and_less_often() -> None:
    async def run() -> list[float]:
        clock = VirtualClock()
        breaker = Breaker(clock)
        probes = []
        for _ in range(6):
            began = clock.monotonic()
            breaker.trip(began, 1, 10)
            await breaker.probe()
            probes.append(clock.monotonic() - began)
        return probes

    waits = in_virtual_time(run())
    wanted = [1, 2, 4, 8, 10, 10]
    assert waits == pytest.approx(wanted, rel=0.11)


def test_requests_that_fail_together_trip_it_once() -> None:
    async def run() -> float:
        clock = VirtualClock()
        breaker = Breaker(clock)
        await asyncio.sleep(5)
        for _ in range(8):
            breaker.trip(1.0, 1, 60)
        await breaker.probe()
        return clock.monotonic() - 5

    assert in_virtual_time(run()) == pytest.approx(1, rel=0.11)


def test_a_good_answer_mends_it_at_once() -> None:
    async def run() -> tuple[bool, float]:
        clock = VirtualClock()
        breaker = Breaker(clock)
        breaker.trip(0, 50, 60)
        waiting = asyncio.ensure_future(breaker.probe())
        await asyncio.sleep(1)
        breaker.mend()
        await waiting
        return breaker.open, clock.monotonic()

    assert in_virtual_time(run()) == (False, 1)


def test_doubling_is_bounded_however_often() -> None:
    assert [doubling(1, times, 30) for times in (0, 1, 4, 5, 10_000)] == [1, 2, 16, 30, 30]
