"""The bridge's clock as displays keep it, in a real browser with clocks of our own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.process.chromium import lent
from tests.process.live_display import bridge_of, views_of_now

pytestmark = pytest.mark.browser

DAY = 86_400_000
"""In ms."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """Any page of ours; there the module is, of which each test makes a clock."""
    views = views_of_now(tmp_path_factory.mktemp("clock"))
    async with bridge_of(views) as bridge, lent(browser) as context:
        opened = await context.new_page()
        await opened.goto(bridge.url)
        yield opened
        await opened.close()


async def played(page: Page, acts: str) -> Any:
    """What a clock says while `acts` happen to it."""
    return await page.evaluate(
        """async () => {
            const { BridgeClock } = await import("/static/display/clock.js");
            const AT = 1_800_000_000_000;
            const DAY = 86_400_000;
            const device = { steady: 5000, wall: AT + 1000 };
            const pass = (ms) => { device.steady += ms; device.wall += ms; };
            const clock = new BridgeClock(() => device.steady, () => device.wall);
            const late = () => clock.now() - AT;
            ACTS
        }""".replace("ACTS", acts)
    )


async def test_before_anything_is_told_it_is_the_devices(page: Page) -> None:
    assert await played(page, "return [late(), clock.offset];") == [1000, None]


async def test_half_of_the_way_there_and_back_is_added(page: Page) -> None:
    assert await played(page, "clock.told(AT, 400); pass(50); return late();") == 250
    assert await played(page, "clock.told(AT, 9000); return clock.offset;") is None
    assert await played(page, "clock.told(NaN); return clock.offset;") is None


async def test_small_differences_never_turn_it_back(page: Page) -> None:
    found = await played(
        page,
        """
        const seen = [];
        clock.told(AT);
        for (let n = 0; n < 200; n += 1) {
            pass(100);
            clock.told(AT + (n + 1) * 100 + (n % 2 ? -900 : 900));
            seen.push(late());
        }
        return seen;
        """,
    )
    assert found == sorted(found)
    assert abs(found[-1] - 20_000) < 1000


async def test_another_time_is_taken_at_once_in_either_direction(page: Page) -> None:
    acts = "clock.told(AT + DAY); late(); clock.told(AT - DAY); return late();"
    assert await played(page, acts) == -DAY


async def test_setting_the_devices_clock_changes_nothing(page: Page) -> None:
    acts = """
        clock.told(AT);
        pass(1000);
        const leaps = [];
        for (const years of [-30, 30]) {
            device.wall += years * 365 * DAY;
            leaps.push(clock.leapt(false), late());
        }
        return leaps;
        """
    assert await played(page, acts) == [True, 1000, True, 1000]


async def test_after_a_sleep_it_is_later(page: Page) -> None:
    acts = "clock.told(AT); device.wall += DAY; return [clock.leapt(true), late()];"
    assert await played(page, acts) == [True, DAY]
    acts = "clock.told(AT); pass(DAY); return [clock.leapt(true), late()];"
    assert await played(page, acts) == [False, DAY], "where the steady clock goes on in sleep"


async def test_a_start_without_the_bridge_corrects_the_device_as_before(page: Page) -> None:
    acts = "clock.recall({ at: AT - 7 * DAY, offset: -DAY }); return late();"
    assert await played(page, acts) == 1000 - DAY
    acts = "clock.recall({ at: AT + DAY, offset: 0 }); return late();"
    assert await played(page, acts) == DAY, "never before what the bridge said last"
    acts = "clock.told(AT); clock.recall({ at: AT + DAY, offset: 0 }); return late();"
    assert await played(page, acts) == 0, "the bridge itself knows better"
