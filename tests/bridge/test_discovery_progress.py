"""How far services are with their lists: told from when one waits until its answer counts."""

import asyncio
from typing import Any

import pytest

from bridge import discovery
from bridge.discovered import differences
from tests.bridge.test_discovery import NAMES, Directory, World, clock, configured, listed
from tests.fakes.virtual import FixedClock

__all__ = ["clock"]


async def test_a_list_is_read_until_what_it_says_can_be_told(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(clock, listed(*NAMES))
    await world.begin()
    read: list[set[str]] = []

    def judged(*args: Any) -> Any:
        read.append(set(world.discovery.progress()))
        return differences(*args)

    monkeypatch.setattr(discovery, "differences", judged)
    await world.discovery.go()
    assert (read, dict(world.discovery.progress())) == ([{"m365"}], {})


async def test_a_list_that_waits_for_another_is_not_asked_for_twice(clock: FixedClock) -> None:
    world, other = World(clock, listed(*NAMES)), Directory(listed("jay"))
    world.able.sources["other"] = other
    await world.discovery.adopt(configured((), "m365", "other"))
    world.directory.before = asyncio.Event()
    hourly = asyncio.create_task(world.discovery.run())
    await world.directory.called.wait()
    assert {name: one.asking for name, one in world.discovery.progress().items()} == {
        "m365": True,
        "other": False,
    }
    world.discovery.begin("other")
    world.directory.before.set()
    await hourly
    assert dict(world.discovery.progress()) == {}
    await world.discovery.close()
    assert (world.directory.asked, other.asked) == (1, 1)


async def test_who_ends_leaves_nothing_waiting(clock: FixedClock) -> None:
    world, other = World(clock, listed(*NAMES)), Directory(listed("jay"))
    world.able.sources["other"] = other
    await world.discovery.adopt(configured((), "m365", "other"))
    world.directory.before = asyncio.Event()
    world.discovery.begin()
    await world.directory.called.wait()
    await world.discovery.close()
    assert dict(world.discovery.progress()) == {}
