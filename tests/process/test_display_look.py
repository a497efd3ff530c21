"""How the page beside the door looks: every size, theme and direction, and by whom it can be read."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.process.chromium import resized
from tests.process.stage import (
    MONDAY,
    MORE_SIZES,
    Json,
    Stage,
    asked,
    booking,
    scene,
    staged,
    zoom,
)

pytestmark = pytest.mark.browser

MINUTE = timedelta(minutes=1)
LONG = "A meeting whose subject is rather long, longer than anybody would read by a door"
LATER = [
    booking(MONDAY + (108 + 35 * number) * MINUTE, 30, f"{LONG}, number {number}", **zoom())
    for number in range(8)
]
NOW = booking(MONDAY - 12 * MINUTE, 60, "Harvest planning", organizer="Grace Hopper", **zoom())
LOST = {
    "state": "lost",
    "missing": "bridge",
    "since": (MONDAY - 14 * MINUTE).isoformat(),
    "asOf": (MONDAY - 15 * MINUTE).isoformat(),
}
SCENES: dict[str, Json] = {
    "free": scene(MONDAY, *LATER),
    "empty": scene(MONDAY),
    "busy": scene(MONDAY, NOW, *LATER, presence="in_call"),
    "long": scene(
        MONDAY,
        NOW
        | {
            "title": LONG,
            "organizer": "Maximiliane von Hohenstein-Wolkenburg",
            "can_join": False,
            "no_join_reason": "passcode_unknown",
        },
        *LATER,
        name="Sir Christopher Wren Suite",
        features=["Screen", "Whiteboard", "Camera", "Hearing loop"],
    ),
    "soon": scene(MONDAY, booking(MONDAY + 8 * MINUTE, 60, **zoom()), *LATER),
    "check_in": scene(
        MONDAY, booking(MONDAY - 6 * MINUTE, 60, **asked(MONDAY, opens=-16, until=4)), *LATER
    ),
    "lost": scene(MONDAY, NOW, *LATER, trust=LOST),
    "out": scene(MONDAY, trust={"state": "out", "missing": "signed_out"}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hung(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A page that is loaded once."""
    async with staged(browser, tmp_path_factory.mktemp("stage")) as opened:
        await opened.open(scene(MONDAY))
        yield opened


@pytest.fixture
async def stage(hung: Stage) -> AsyncIterator[Stage]:
    """A page that shows a free room; whatever it complains of fails the test."""
    await hung.afresh()
    yield hung
    assert hung.complaints == []


def looking(shown: Json, **look: Any) -> Json:
    """A scene with another look."""
    display = shown["display"]
    return shown | {"display": display | {"look": display["look"] | look}}


MEASURE = """() => {
  const box = (e) => e.getBoundingClientRect();
  const shown = (e) => e.getClientRects().length > 0;
  const all = [...document.querySelectorAll('body *')].filter(shown);
  const text = all.filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  const short = 'h2 bdi, #list bdi, .organizer bdi';  // long ones end in dots, in their own place
  const outside = text.filter((e) => !e.matches(short)).filter((e) => box(e).left < -1 || box(e).right > innerWidth + 1 ||
    box(e).top < -1 || box(e).bottom > innerHeight + 1);
  const panels = [['.now', '.room, .state, .meeting, .bar'], ['.meeting', '.meeting > *'],
                  ['.day', '.clock, .strip, #list']];
  const spilt = panels.flatMap(([outer, inner]) => {
    const whole = document.querySelector(outer);
    return [...document.querySelectorAll(inner)].filter((e) => shown(whole) && shown(e) &&
      (box(e).bottom > box(whole).bottom + 1 || box(e).right > box(whole).right + 1 || box(e).left < box(whole).left - 1));
  });
  const name = (e) => e.id || e.className || e.tagName;
  const list = document.getElementById('list');
  return {
    outside: outside.map(name), spilt: spilt.map(name),
    list: list.scrollHeight - list.clientHeight, wide: document.documentElement.scrollWidth - innerWidth,
    lines: ['word', 'until'].map((id) => document.getElementById(id)).filter(shown)
      .map((e) => parseFloat(getComputedStyle(e).fontSize)),
    targets: [...document.querySelectorAll('button')].filter(shown).map((e) => [box(e).width, box(e).height]),
    dense: Number(document.documentElement.dataset.dense),
  };
}"""


async def test_nothing_that_matters_is_cut_at_any_size(stage: Stage) -> None:
    for width, height in MORE_SIZES:
        await resized(stage.page, width, height)
        for name, shown in SCENES.items():
            await stage.play(shown)
            await stage.page.wait_for_function("document.getElementById('word').textContent")
            fits(await stage.page.evaluate(MEASURE), name, width, height)


def fits(found: Json, name: str, width: int, height: int) -> None:
    """What was measured is whole, can be touched, and read from afar."""
    where = f"{name} at {width} x {height}"
    assert (found["outside"], found["spilt"]) == ([], []), where
    assert found["list"] <= 1, where
    assert found["wide"] <= 0, where
    assert all(min(target) >= 44 for target in found["targets"]), where
    far = min(width, height) / 12
    crowded = name == "long" or min(width, height) < 600
    least = far * (0.5 if crowded else 1)
    assert all(size >= least - 1 for size in found["lines"]), (where, found["lines"], far)


CONTRAST = """() => {
  const parse = (css) => {
    const [r, g, b, a = 1] = css.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
  const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const ground = (e) => {
    const chain = [];
    for (let one = e; one; one = one.parentElement) chain.unshift(one);
    return chain.reduce((under, one) => {
      const style = getComputedStyle(one);
      const flat = over(parse(style.backgroundColor), under);
      const stripe = style.backgroundImage.match(/rgba?\\([^)]*\\)/);  // the first of a pattern
      return stripe ? over(parse(stripe[0]), flat) : flat;
    }, [255, 255, 255]);
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const said = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!said || !e.getClientRects().length || e.closest('dialog, noscript')) continue;
    const style = getComputedStyle(e);
    const under = ground(e);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const value = ratio(over(parse(style.color), under), under);
    if (value < (large ? 3 : 4.5)) found.push(`${e.id || e.className || e.tagName} ${value.toFixed(2)}`);
  }
  return found;
}"""
THEMES: list[Json] = [
    {"theme": "light"},
    {"theme": "dark"},
    {"theme": "contrast"},
    {"theme": "light", "colours": {"free": "#2e7d32", "busy": "#b3261e", "soon": "#9a5b00"}},
]


async def test_words_stand_out_from_every_ground(stage: Stage) -> None:
    for look in THEMES:
        for name, shown in SCENES.items():
            await stage.play(looking(shown, **look))
            assert await stage.page.evaluate(CONTRAST) == [], (look, name)


GROUND = "e => getComputedStyle(e).backgroundColor"
SIGN = """all => all.filter(e => getComputedStyle(e).display !== 'none').map(e => e.getAttribute('class'))"""


async def test_states_differ_by_word_colour_and_shape(stage: Stage) -> None:
    for theme in ("light", "dark", "contrast"):
        seen = []
        for name in ("free", "busy", "soon", "check_in"):
            await stage.play(looking(SCENES[name], theme=theme))
            page = stage.page
            signs = await page.locator(".sign g").evaluate_all(SIGN)
            word = await page.locator("#word").text_content()
            seen.append((word, await page.locator(".now").evaluate(GROUND), *signs))
        assert [len(one) for one in seen] == [3] * 4
        for part in zip(*seen, strict=True):
            assert len(set(part)) == 4, (theme, part)


async def test_the_theme_follows_the_device_unless_the_room_has_its_own(stage: Stage) -> None:
    root = stage.page.locator("html")
    await expect(root).to_have_attribute("data-theme", "light")
    await stage.page.emulate_media(color_scheme="dark")
    await expect(root).to_have_attribute("data-theme", "dark")
    await stage.page.emulate_media(contrast="more")
    await expect(root).to_have_attribute("data-theme", "contrast")
    await stage.play(looking(scene(MONDAY), theme="light"))
    await expect(root).to_have_attribute("data-theme", "light")


async def test_where_the_device_forces_its_colours_shapes_and_words_stay(stage: Stage) -> None:
    await stage.page.emulate_media(forced_colors="active")
    await stage.play(SCENES["busy"])
    signs = await stage.page.locator(".sign g").evaluate_all(SIGN)
    assert signs == ["sign-busy"]
    edges = await stage.page.locator("#track > .block").evaluate_all(
        "all => all.map((e) => parseFloat(getComputedStyle(e).borderTopWidth))"
    )
    assert edges
    assert min(edges) > 0


async def test_the_sites_colours_are_taken_and_nothing_else_is(stage: Stage) -> None:
    ground = stage.page.locator(".now")
    own = {"free": "#123456", "busy": "red;}", "soon": "url(//evil.example)", "check_in": ""}
    logo = stage.page.locator("#logo")
    await stage.play(looking(scene(MONDAY), colours=own, logo="/static/icon.svg"))
    assert await ground.evaluate(GROUND) == "rgb(18, 52, 86)"
    await expect(logo).to_be_visible()
    for odd in ("//evil.example/x.png", "https://evil.example/x.png", "javascript:alert(1)"):
        await stage.play(looking(scene(MONDAY), colours=own, logo=odd))
        await expect(logo).to_be_hidden()
    await stage.play(looking(SCENES["busy"], colours=own))
    assert await ground.evaluate(GROUND) == "rgb(162, 28, 43)"
    await stage.play(looking(scene(MONDAY), colours=own, theme="contrast"))
    assert await ground.evaluate(GROUND) == "rgb(0, 71, 47)"


async def test_from_right_to_left_all_is_the_other_way_round(stage: Stage) -> None:
    page = stage.page
    for name in ("busy", "long", "lost"):
        await stage.play(SCENES[name])
        await page.evaluate("document.documentElement.dir = 'rtl'")
        now, day = (
            await page.locator(".now").bounding_box(),
            await page.locator(".day").bounding_box(),
        )
        assert now
        assert day
        assert day["x"] + day["width"] <= now["x"] + 1
        early, late = (
            await page.locator("#track > .block").first.bounding_box(),
            await page.locator("#track > .block").last.bounding_box(),
        )
        assert early
        assert late
        assert late["x"] < early["x"], "the day runs from the right"
        needle = await page.locator("#needle").bounding_box()
        assert needle
        assert early["x"] <= needle["x"] + 2 <= early["x"] + early["width"] + 4
        found = await page.evaluate(MEASURE)
        assert (found["outside"], found["spilt"], found["wide"]) == ([], [], 0), name


async def test_a_time_of_twelve_hours_stays_on_its_line(stage: Stage) -> None:
    late = [booking(MONDAY + hours * 60 * MINUTE, 30) for hours in (1, 2, 12)]
    for width, height in ((1280, 800), (480, 800)):
        await resized(stage.page, width, height)
        await stage.play(looking(scene(MONDAY, NOW, *late), clock="12"))
        await expect(stage.page.locator("#time")).to_contain_text("10:12")
        assert await stage.page.evaluate(WRAPPED) == [], (width, height)
        text = await stage.page.locator("#list").inner_text()
        assert "11:12\u202fam" in text.replace(" ", "\u202f").lower()


WRAPPED = """() => [...document.querySelectorAll('#time, #list .when, #list .when small, .hours span, #until')]
  .filter((e) => {
    const words = document.createRange();
    if (!e.firstChild) return false;
    words.selectNodeContents(e.firstChild);
    return new Set([...words.getClientRects()].map((r) => Math.round(r.top))).size > 1 ||
      e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0;
  }).map((e) => e.textContent)"""


async def test_at_night_it_is_dark_until_somebody_touches_it(
    browser: Browser, tmp_path: Path
) -> None:
    async with staged(browser, tmp_path) as stage:
        await stage.page.clock.install(time=MONDAY)
        await stage.open(scene(MONDAY))
        dim = stage.page.locator("#dim")
        for start, end, dark in (("21:00", "07:00", False), ("10:00", "10:30", True)):
            await stage.play(looking(scene(MONDAY), dim={"from": start, "to": end}))
            await (expect(dim).to_be_visible() if dark else expect(dim).to_be_hidden())
        shade = await dim.evaluate(
            "e => [getComputedStyle(e).opacity, e.getBoundingClientRect().width]"
        )
        assert shade == ["0.9", 1280]
        await stage.page.mouse.click(200, 400)
        await expect(dim).to_be_hidden()
        await stage.page.clock.run_for(58_000)
        await expect(dim).to_be_hidden()
        await stage.page.clock.run_for(5_000)
        await expect(dim).to_be_visible()
        night = MONDAY + 14 * 60 * MINUTE
        await stage.play(looking(scene(night), dim={"from": "21:00", "to": "07:00"}))
        await expect(dim).to_be_visible()


async def test_a_page_that_is_zoomed_can_be_scrolled_and_read(stage: Stage) -> None:
    await stage.page.set_viewport_size({"width": 320, "height": 400})
    await stage.play(SCENES["busy"])
    wide = await stage.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320
    await stage.page.locator("#age").scroll_into_view_if_needed()
    await expect(stage.page.locator("#age")).to_be_in_viewport()
    await expect(stage.page.locator("#list > li").last).to_be_visible()
