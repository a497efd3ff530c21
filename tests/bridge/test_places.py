"""Places that nobody keeps for long, in virtual time."""

import asyncio

from bridge.places import Places
from tests.fakes.virtual import in_virtual_time


async def begin(places: Places, seconds: float) -> float:
    """Have something begin that takes so long; when it began."""
    await places.acquire()
    places.hold(asyncio.create_task(asyncio.sleep(seconds)))
    return round(asyncio.get_running_loop().time(), 1)


def test_what_takes_long_gives_its_place_up_and_goes_on() -> None:
    async def story() -> None:
        places = Places(2, prompt=1.0, beside=8)
        assert [await begin(places, 50) for _ in range(5)] == [0.0, 0.0, 1.0, 1.0, 2.0]

    in_virtual_time(story())


def test_only_so_many_go_on_beside() -> None:
    async def story() -> None:
        places = Places(1, prompt=1.0, beside=2)
        assert [await begin(places, 50) for _ in range(3)] == [0.0, 1.0, 2.0]
        assert 50 <= await begin(places, 50) <= 51.1

    in_virtual_time(story())


def test_what_ends_early_or_never_began_leaves_its_place_at_once() -> None:
    async def story() -> None:
        places = Places(1, prompt=60.0)
        assert await begin(places, 0.5) == 0.0
        assert await begin(places, 0.5) == 0.5
        await places.acquire()
        task = asyncio.create_task(asyncio.sleep(50))
        places.hold(task)
        task.cancel()
        assert await begin(places, 0.5) == 1.0
        await places.acquire()
        places.release()
        assert await begin(places, 0.5) == 1.5

    in_virtual_time(story())
