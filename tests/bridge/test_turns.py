"""Whose turn it is."""

import asyncio

from bridge.turns import FIRST, TOLD, Turns
from tests.fakes.virtual import VirtualClock, in_virtual_time


def order(*wanted: tuple[str, float], take: int) -> list[tuple[str, float]]:
    """The first keys that come, and when."""

    async def run() -> list[tuple[str, float]]:
        turns: Turns[str] = Turns(VirtualClock())
        for key, due in wanted:
            turns.at(key, due)
        loop = asyncio.get_running_loop()
        return [(await turns.next(), round(loop.time(), 3)) for _ in range(take)]

    return in_virtual_time(run())


def test_keys_come_when_they_are_due() -> None:
    assert order(("b", 5), ("a", 2), take=2) == [("a", 2), ("b", 5)]


def test_the_last_word_counts() -> None:
    assert order(("a", 1), ("b", 3), ("a", 7), take=2) == [("b", 3), ("a", 7)]


def test_among_equals_the_first_to_come_is_the_first_to_go() -> None:
    assert [key for key, _ in order(*((f"{n}", 1) for n in range(9)), take=9)] == list("012345678")


def test_sooner_never_makes_it_later() -> None:
    async def run() -> tuple[str, float]:
        turns: Turns[str] = Turns(VirtualClock())
        turns.at("a", 4)
        turns.sooner("a", 9)
        turns.sooner("a", 2)
        return await turns.next(), asyncio.get_running_loop().time()

    assert in_virtual_time(run()) == ("a", 2)


def test_a_key_that_comes_while_waiting_is_not_missed() -> None:
    async def run() -> float:
        turns: Turns[str] = Turns(VirtualClock())
        turns.at("late", 100)
        waiting = asyncio.ensure_future(turns.next())
        await asyncio.sleep(3)
        turns.at("soon", 4)
        assert await waiting == "soon"
        return asyncio.get_running_loop().time()

    assert round(in_virtual_time(run()), 3) == 4


def test_a_dropped_key_does_not_come() -> None:
    async def run() -> str:
        turns: Turns[str] = Turns(VirtualClock())
        turns.at("a", 1)
        turns.at("b", 2)
        turns.drop("a")
        assert len(turns) == 1
        return await turns.next()

    assert in_virtual_time(run()) == "b"


def test_of_what_is_due_the_lower_rank_goes_first() -> None:
    async def run() -> list[str]:
        turns: Turns[str] = Turns(VirtualClock())
        for number in range(3):
            turns.at(f"usual-{number}", 0)
        turns.at("told", 2, TOLD)
        turns.at("first", 3, FIRST)
        before = await turns.next()
        await asyncio.sleep(3)
        return [before, *[await turns.next() for _ in range(4)]]

    assert in_virtual_time(run()) == ["usual-0", "first", "told", "usual-1", "usual-2"]


def test_what_is_due_and_given_another_turn_comes_once() -> None:
    async def run() -> list[str]:
        turns: Turns[str] = Turns(VirtualClock())
        turns.at("a", 0)
        turns.at("b", 0)
        assert await turns.next() == "a"
        turns.at("b", 5)
        turns.at("b", 5, FIRST)
        return [await turns.next(), str(len(turns))]

    assert in_virtual_time(run()) == ["b", "0"]
