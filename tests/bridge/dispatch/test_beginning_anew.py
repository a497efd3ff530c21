"""A room system that refused the login, and a person who has it tried again, in virtual time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.health import Subject
from connector.errors import Denied, Malformed
from tests.bridge.dispatch.conftest import World
from tests.fakes.endpoints import FakeDialler, FakeDriver
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

pytestmark = pytest.mark.fault("endpoint_password")

DAY = 24 * 3600
ALWAYS = event("always", NOON, minutes=60 * 24 * 3)
TWO = event("two", NOON + timedelta(hours=5))
REFUSED = Denied("refused", reason="credentials_refused", fix="set the password")


class TriedDialler(FakeDialler):
    """Is shown nothing, and can be signed in to."""

    async def attempt(self) -> None:
        """Sign in."""
        await self.facts()


async def refused(world: World) -> None:
    """A room system that refused its list."""
    world.driver.errors = [REFUSED]
    await world.adopt()
    await world.keep(ALWAYS)
    await asyncio.sleep(3600)
    assert world.status().state == "denied"


def test_a_push_that_a_person_wants_is_one_more_try_after_a_refused_login(play: Any) -> None:
    async def story(world: World) -> None:
        await refused(world)
        with pytest.raises(Denied):
            await world.dispatch.push("codec")
        assert world.driver.made[0].closed
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(DAY)
        assert world.troubles() == ["endpoint_denied"]

    world = play(story)
    assert [one.tries for one in world.driver.made] == [1, 1]


def test_what_was_mended_at_the_unit_is_well_again_after_a_push(play: Any) -> None:
    async def story(world: World) -> None:
        await refused(world)
        world.driver.errors.clear()
        await world.dispatch.push("codec")
        assert not world.troubles()
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(10)

    world = play(story)
    assert world.shown() == [("Always",), ("Always", "Two")]


def test_a_reload_alone_does_not_try_a_refused_password_again(play: Any) -> None:
    async def story(world: World) -> None:
        await refused(world)
        await world.adopt()
        await world.keep(ALWAYS, TWO)
        await asyncio.sleep(DAY)

    world = play(story)
    assert [one.tries for one in world.driver.made] == [1]


def test_several_who_want_it_at_once_are_one_try(play: Any) -> None:
    async def story(world: World) -> None:
        await refused(world)
        pushes = (world.dispatch.push("codec") for _ in range(5))
        outcomes = await asyncio.gather(*pushes, return_exceptions=True)
        assert all(isinstance(outcome, Denied) for outcome in outcomes)
        await asyncio.sleep(DAY)

    world = play(story)
    assert [one.tries for one in world.driver.made] == [1, 1]


@pytest.mark.parametrize("password", ["right", "new"])
def test_a_push_beside_a_reload_opens_it_once_only(play: Any, password: str) -> None:
    async def story(world: World) -> None:
        await refused(world)
        world.driver.errors.clear()
        await asyncio.gather(
            world.dispatch.push("codec"),
            world.adopt(password=password),
            return_exceptions=True,
        )
        await asyncio.sleep(60)
        assert len(world.dispatch.of("kestrel")) == 1
        assert world.status().state == "shown"

    world = play(story)
    assert [one.closed for one in world.driver.made[:-1]] == [True] * (len(world.driver.made) - 1)


@pytest.mark.parametrize("wrong", [True, False])
def test_a_unit_that_is_shown_nothing_is_signed_in_to_instead(
    play: Any, driver: FakeDriver, wrong: bool
) -> None:
    driver.make = TriedDialler

    async def story(world: World) -> None:
        driver.errors = [REFUSED]
        await world.adopt()
        await asyncio.sleep(3600)
        assert world.status().state == "denied"
        if wrong:
            with pytest.raises(Denied):
                await world.dispatch.push("codec")
            await asyncio.sleep(DAY)
            assert [one.asked for one in driver.made] == [1, 1]
            assert world.status().state == "denied"
        else:
            driver.errors.clear()
            await world.dispatch.push("codec")
            assert not world.troubles()
            with pytest.raises(Malformed, match="not told any list"):
                await world.dispatch.push("codec")

    play(story)


def test_who_is_told_of_the_refusal_is_told_how_to_begin_anew(play: Any) -> None:
    async def story(world: World) -> None:
        await refused(world)
        error = world.status().last_error
        assert error is not None
        (trouble,) = world.health.of(Subject("endpoint", "codec"))
        for fix in (error.fix, trouble.fix):
            assert fix.startswith("set the password; ")
            assert "`roombridge endpoints push codec`" in fix

    play(story)


@pytest.mark.parametrize("reason", ["credentials_missing", "certificate_untrusted"])
def test_where_only_settings_mend_it_nobody_is_sent_to_push(play: Any, reason: str) -> None:
    async def story(world: World) -> None:
        world.driver.errors = [Denied("refused", reason=reason, fix="set it")]
        await world.adopt()
        await world.keep(ALWAYS)
        await asyncio.sleep(60)
        error = world.status().last_error
        assert error is not None
        assert error.fix == "set it"

    play(story)
