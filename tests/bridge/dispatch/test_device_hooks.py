"""Where devices post to: secrets that nobody can guess, in virtual time."""

import asyncio
import logging
import re
from typing import Any

import pytest

from bridge.posted import posted
from bridge.views.hooks import HookCall
from connector.secret import Secret
from connector.watching import Call
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDevice, FakeDriver

SITE = "https://rooms.example.com"
POST = Call(query={}, headers={"content-type": "text/xml"}, body=b"<Event/>")


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver(FakeDevice)


def secret_of(world: World) -> str:
    """The last part of the path that the device was told."""
    hook = world.driver.outside[-1].hook
    assert hook is not None
    assert str(hook).startswith(f"{SITE}/hooks/fake/")
    return hook.name


def test_each_device_has_a_path_of_its_own_that_nobody_can_guess(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt("one", "two", public_url=SITE)
        first, second = (str(outside.hook) for outside in world.driver.outside)
        assert first != second
        assert re.fullmatch(r"[\w-]{22,}", secret_of(world))

    play(story)


def test_what_is_posted_there_reaches_that_device_and_its_answer_comes_back(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt("one", "codec", public_url=SITE)
        reply = world.dispatch.heard("fake", secret_of(world), POST)
        assert reply is not None
        assert (reply.status, reply.text) == (200, "<heard/>")
        assert world.device.posts == [POST]
        assert not world.driver.made[0].posts

    play(story)


def test_a_wrong_secret_or_kind_reaches_nobody(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt(public_url=SITE)
        secret = secret_of(world)
        for kind, guess in (
            ("fake", secret[:-1]),
            ("fake", secret.swapcase()),
            ("fake", ""),
            ("fake", "codec"),
            ("cisco", secret),
        ):
            assert world.dispatch.heard(kind, guess, POST) is None
        assert not world.device.posts

    play(story)


def test_without_a_public_url_no_device_is_told_where_to_post(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt()
        assert world.driver.outside[-1].hook is None

    play(story)


def test_a_secret_that_stands_in_the_unit_is_taken_without_a_public_url(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt(hook=Secret("typed-into-the-unit"))
        assert world.dispatch.heard("fake", "typed-into-the-unit", POST) is not None
        await world.adopt(hook=Secret("another"))
        assert world.dispatch.heard("fake", "typed-into-the-unit", POST) is None
        assert world.dispatch.heard("fake", "another", POST) is not None

    play(story)


def test_a_path_stays_the_same_over_a_change_of_settings_and_ends_with_the_device(
    play: Any,
) -> None:
    async def story(world: World) -> None:
        await world.adopt(public_url=SITE)
        before = secret_of(world)
        await world.adopt(public_url=SITE, password="new")
        assert secret_of(world) == before
        assert world.dispatch.heard("fake", before, POST) is not None
        await world.dispatch.adopt([], public_url=SITE)
        assert world.dispatch.heard("fake", before, POST) is None
        await world.adopt(public_url=SITE)
        assert secret_of(world) != before

    play(story)


def test_another_public_url_is_told_to_every_device(play: Any) -> None:
    async def story(world: World) -> None:
        await world.adopt(public_url="https://before.example.com")
        await world.adopt(public_url=SITE)
        assert secret_of(world)
        assert len(world.driver.made) == 2

    play(story)


def test_sources_come_first_and_devices_answer_with_their_own_content_type(play: Any) -> None:
    async def story(world: World) -> None:
        sync: Any = type("Sync", (), {"notified": lambda *_: None})()
        await world.adopt(public_url=SITE)
        post = posted(sync, world.dispatch)
        call = HookCall({}, {}, b"<Event/>")
        reply = post("fake", secret_of(world), call)
        assert reply is not None
        assert reply.headers == {"Content-Type": "text/xml"}
        assert post("fake", "another", call) is None

    play(story)


def test_no_secret_is_ever_logged(play: Any, caplog: pytest.LogCaptureFixture) -> None:
    secrets = []

    async def story(world: World) -> None:
        await world.adopt(public_url=SITE)
        secrets.append(secret_of(world))
        world.dispatch.heard("fake", secret_of(world), POST)
        world.dispatch.heard("fake", "wrong", POST)
        await asyncio.sleep(60)

    with caplog.at_level(logging.DEBUG):
        play(story)
    assert secrets[0] not in caplog.text
