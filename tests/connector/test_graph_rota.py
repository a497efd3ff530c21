"""Whose turn it is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from connector.sources.graph.rota import Rota
from tests.fakes.virtual import VirtualClock, in_virtual_time


def played(work: Callable[[Rota], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        await work(Rota(VirtualClock()))

    in_virtual_time(play())


def now() -> float:
    return round(asyncio.get_running_loop().time(), 3)


def test_rooms_come_in_the_order_in_which_they_are_due() -> None:
    async def work(rota: Rota) -> None:
        for room, seconds in (("c", 30), ("a", 10), ("b", 20)):
            rota.put(room, seconds)
        told = [(await rota.next(), now()) for _ in range(3)]
        assert told == [("a", 10), ("b", 20), ("c", 30)]
        assert not rota.rooms

    played(work)


def test_a_room_that_is_put_again_or_dropped_comes_once_or_never() -> None:
    async def work(rota: Rota) -> None:
        rota.put("a", 10)
        rota.put("b", 5)
        rota.put("a", 20)
        rota.drop("b")
        rota.drop("nobody")
        assert (await rota.next(), now()) == ("a", 20)

    played(work)


def test_who_waits_hears_of_a_room_that_is_due_sooner() -> None:
    async def work(rota: Rota) -> None:
        rota.put("late", 1000)
        waiting = asyncio.create_task(rota.next())
        await asyncio.sleep(5)
        rota.put("soon", 1)
        assert (await waiting, now()) == ("soon", 6)

    played(work)


def test_a_held_rota_lets_one_room_through_at_a_time_until_it_is_released() -> None:
    async def work(rota: Rota) -> None:
        for room in "abcd":
            rota.put(room, 0)
        rota.hold(60)
        assert (await rota.next(), now()) == ("a", 60)
        assert (await rota.next(), now()) == ("b", 120)
        waiting = asyncio.create_task(rota.next())
        await asyncio.sleep(1)
        rota.release()
        assert (await waiting, now()) == ("c", 121)
        assert (await rota.next(), now()) == ("d", 121)

    played(work)
