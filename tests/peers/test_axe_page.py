"""The page beside the door in each of its states and themes, judged by axe."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.peers.axe import violations
from tests.process.stage import MONDAY, scene, staged
from tests.process.test_display_look import SCENES, THEMES, looking

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("number", range(len(THEMES)))
async def test_every_state_in_every_theme_can_be_read_by_everybody(
    browser: Browser, tmp_path: Path, number: int
) -> None:
    async with staged(browser, tmp_path) as stage:
        await stage.open(scene(MONDAY))
        for name, shown in SCENES.items():
            await stage.play(looking(shown, **THEMES[number]))
            assert await violations(stage.page) == [], name


async def test_it_can_be_read_by_everybody_upright_and_from_right_to_left(
    browser: Browser, tmp_path: Path
) -> None:
    async with staged(browser, tmp_path) as stage:
        await stage.open(scene(MONDAY))
        await stage.page.set_viewport_size({"width": 480, "height": 800})
        for name in ("busy", "long", "lost"):
            await stage.play(SCENES[name])
            await stage.page.evaluate("document.documentElement.dir = 'rtl'")
            assert await violations(stage.page) == [], name
