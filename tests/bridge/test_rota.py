"""Rooms that are looked at again and again, in virtual time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from bridge.health import Subject
from bridge.rota import Rota
from tests.fakes.virtual import VirtualClock, in_virtual_time

SECRET = "a title"
Look = Callable[[str], Awaitable[float | None]]


def played(look: Look, story: Callable[[Rota], Awaitable[None]], *, at_a_time: int = 64) -> None:
    """A story while the rota runs."""

    async def play() -> None:
        rota = Rota(
            VirtualClock(),
            look,
            subject=lambda name: Subject("attendance", name),
            again=60.0,
            at_a_time=at_a_time,
        )
        running = asyncio.create_task(rota.run())
        await story(rota)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])

    in_virtual_time(play())


def now() -> int:
    return round(asyncio.get_running_loop().time())


def test_each_is_looked_at_when_it_says_or_sooner_when_there_is_something() -> None:
    looks: list[tuple[str, int]] = []

    async def look(name: str) -> float | None:
        looks.append((name, now()))
        return 100.0 if name == "kestrel" else None

    async def story(rota: Rota) -> None:
        rota.soon("kestrel")
        rota.soon("heron")
        await asyncio.sleep(110)
        rota.soon("kestrel")
        await asyncio.sleep(110)
        rota.drop("kestrel")
        await asyncio.sleep(500)
        rota.soon("heron")
        await asyncio.sleep(1)

    played(look, story)
    assert looks == [
        ("kestrel", 0),
        ("heron", 0),
        ("kestrel", 100),
        ("kestrel", 110),
        ("kestrel", 210),
        ("heron", 720),
    ]


def test_the_fault_of_one_is_logged_without_its_words_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks: list[tuple[str, int]] = []

    async def look(name: str) -> float | None:
        looks.append((name, now()))
        if name == "kestrel":
            raise ValueError(SECRET)
        return 50.0

    async def story(rota: Rota) -> None:
        rota.soon("kestrel")
        rota.soon("heron")
        await asyncio.sleep(70)

    with caplog.at_level(logging.ERROR):
        played(look, story)
    assert looks == [("kestrel", 0), ("heron", 0), ("heron", 50), ("kestrel", 60)]
    assert caplog.text.count("attendance kestrel: ValueError") == 2
    assert SECRET not in caplog.text


def test_nobody_is_looked_at_twice_at_once_and_news_meanwhile_are_not_missed() -> None:
    looks: list[int] = []
    running = 0

    async def look(_name: str) -> float | None:
        nonlocal running
        running += 1
        assert running == 1
        looks.append(now())
        await asyncio.sleep(30)
        running -= 1
        return None

    async def story(rota: Rota) -> None:
        rota.soon("kestrel")
        await asyncio.sleep(5)
        rota.soon("kestrel")
        await asyncio.sleep(200)

    played(look, story)
    assert len(looks) == 2
    assert 30 <= looks[1] <= 32


def test_what_takes_long_does_not_hold_up_the_others() -> None:
    looks: dict[str, int] = {}

    async def look(name: str) -> float | None:
        looks[name] = now()
        await asyncio.sleep(1000)
        return None

    async def story(rota: Rota) -> None:
        for name in ("kestrel", "heron", "osprey"):
            rota.soon(name)
        await asyncio.sleep(10)

    played(look, story, at_a_time=1)
    assert looks == {"kestrel": 0, "heron": 1, "osprey": 2}
