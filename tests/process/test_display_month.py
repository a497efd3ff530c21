"""A display that nobody reloads for a month: as many changes and ticks, and no more memory."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, async_playwright, expect

from tests.bridge.conftest import Views
from tests.fakes.sources import event
from tests.process.chromium import CHROMIUM, has_chromium
from tests.process.conftest import until
from tests.process.live_display import Bridge, bridge_of, sign_in, trusts, views_of_now

pytestmark = pytest.mark.browser

DAYS = 30
CHANGES = 24
"""Agendas that differ, in a day: a room with a dozen meetings, each booked and begun."""
AT_ONCE = 12
"""Changes between two looks at the page, in less than a stream may be silent."""
TICKS, TICK_MS = 3, 1_000
"""Ticks with each change, and how much of the page's time each takes: most draw next to nothing,
some the whole. The rest of a day passes in one leap, in which the stream goes silent."""
GROWTH = 1.05
"""What a month may add. Functions that the engine compiles when they are first needed are most of
it, some 90 KB that come in the first days or later; what stays of a day is less than 1 KB."""
STREAM = "/api/v1/rooms/kestrel/stream"
CLOCK = """(() => {
    // Time that passes when the test says so, and as ever. Timers that are due then are called.
    const real = { Date };
    for (const name of ["setTimeout", "setInterval", "clearTimeout", "clearInterval"]) {
        real[name] = globalThis[name].bind(globalThis);
    }
    const steady = performance.now.bind(performance);
    const timers = new Map();
    let ahead = 0;
    performance.now = () => steady() + ahead;
    globalThis.Date = class extends real.Date {
        constructor(...given) {
            if (given.length) super(...given);
            else super(real.Date.now() + ahead);
        }
        static now() { return real.Date.now() + ahead; }
    };
    const setter = (name, again) => (act, ms = 0, ...given) => {
        const call = () => {
            if (again) timers.get(id).due = performance.now() + ms;
            else timers.delete(id);
            act(...given);
        };
        const id = real[name](call, ms);
        timers.set(id, { call, again, due: performance.now() + ms });
        return id;
    };
    globalThis.setInterval = setter("setInterval", true);
    globalThis.setTimeout = setter("setTimeout", false);
    for (const name of ["clearTimeout", "clearInterval"]) {
        globalThis[name] = (id) => { timers.delete(id); real[name](id); };
    }
    globalThis.pass = async (ms, times) => {
        for (let n = 0; n < times; n += 1) {
            ahead += ms;
            const due = [...timers].filter(([, one]) => one.due <= performance.now());
            for (const [id, one] of due) {
                if (!one.again) real.clearTimeout(id);
                one.call();
            }
            if (n % 50 === 49) await new Promise((done) => real.setTimeout(done));
        }
    };
})()"""


@pytest.fixture
def views() -> Iterator[Views]:
    """In memory: what disks take is measured elsewhere."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.exists() else None) as folder:
        yield views_of_now(Path(folder))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium that keeps nothing for hot code: that would be the engine's growth, not the page's."""
    if not has_chromium():
        pytest.skip("no Chromium here: scripts/need /usr/bin/chromium chromium")
    flags = "--no-opt,--no-maglev,--no-sparkplug,--no-lazy-feedback-allocation"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", f"--js-flags={flags}"]
        )
        yield opened
        await opened.close()


async def passes(page: Page, bridge: Bridge, changes: int, day: int) -> None:
    """A part of a day, with changes."""
    for first in range(0, changes, AT_ONCE):
        for number in range(first, first + AT_ONCE):
            now = bridge.views.clock.now()
            meetings = [
                event(f"m{day}-{number}-{n}", now + timedelta(minutes=80 * n - number % 10), 30)
                for n in range(1 + number % 3, 4)
            ]
            now_on = event(f"d{day} c{number}", now - timedelta(minutes=5), 35)
            await bridge.views.keep(now_on, *meetings, as_of=now)
        await expect(page.locator("#title")).to_have_text(f"D{day} C{number}")
        await page.evaluate(f"pass({TICK_MS}, {TICKS * AT_ONCE})")
        bridge.pass_by(timedelta(milliseconds=TICK_MS * TICKS * AT_ONCE))


async def a_day(page: Page, bridge: Bridge, day: int) -> None:
    """A day, most of which is a night without a word from the bridge."""
    await passes(page, bridge, CHANGES, day)
    rest = 86_400_000 - CHANGES * TICKS * TICK_MS
    bridge.views.clock.move(timedelta(milliseconds=rest))
    before = bridge.asked.count(STREAM)
    await page.evaluate(f"pass({rest}, 1)")
    await bridge.keep(f"morning {day}")

    async def back() -> bool:
        if bridge.asked.count(STREAM) == before:  # what is on its way needs no time of the page's
            await page.evaluate("pass(500, 1)")
        return bridge.asked.count(STREAM) > before

    await until(back, "a stream again")
    await expect(page.locator("#title")).to_have_text(f"Morning {day}")
    await trusts(page, "good")


async def weight(page: Page, session: CDPSession) -> dict[str, float]:
    """What the page weighs once everything that can go is gone."""
    for _ in range(3):
        await session.send("HeapProfiler.collectGarbage")
    heap: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    counters: dict[str, Any] = await session.send("Memory.getDOMCounters")
    elements = await page.evaluate("document.querySelectorAll('*').length")
    return {
        "heap": heap["usedSize"],
        "nodes": counters["nodes"],
        "listeners": counters["jsEventListeners"],
        "elements": elements,
    }


@pytest.mark.timeout(300)
async def test_a_month_without_a_reload_leaves_nothing_behind(
    browser: Browser, views: Views
) -> None:
    async with bridge_of(views) as bridge:
        # A screen that is small and still is drawn for little: what is measured is not the drawing.
        context = await browser.new_context(
            viewport={"width": 640, "height": 400}, reduced_motion="reduce"
        )
        await sign_in(context, bridge)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.add_init_script(CLOCK)
        await page.goto(bridge.url)
        await expect(page.locator("#title")).to_have_text("First")
        await expect(page.locator("#bar button").first).to_be_attached()
        await page.evaluate("document.documentElement.dataset.mark = 'same'")
        session = await context.new_cdp_session(page)
        for day in range(3):  # what is made once is made
            await a_day(page, bridge, day)
        before = await weight(page, session)
        for day in range(3, 3 + DAYS):
            await a_day(page, bridge, day)
        after = await weight(page, session)
        grown = {name: after[name] / before[name] for name in before}
        assert all(one <= GROWTH for one in grown.values()), (before, after)
        assert await page.locator("html").get_attribute("data-mark") == "same"
        assert complaints == []
        await context.close()
