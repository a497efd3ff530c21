"""The page beside the door: what it says of a room at every edge of the clock, and how it stays."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.process.stage import MONDAY, Json, Stage, asked, booking, scene, staged, zoom

pytestmark = pytest.mark.browser

MINUTE = timedelta(minutes=1)
DAY = 24 * 60
LINES = """() => ["word", "until", "detail"].map((id) => {
  const line = document.getElementById(id);
  return line.hidden ? "" : line.textContent;
})"""


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


def at(text: str) -> datetime:
    """An instant of the room's local time in winter, or with its own offset."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def all_day(start: str, days: int, **more: Any) -> Json:
    """A booking of whole days."""
    return booking(at(start), days * DAY, all_day=True, **more)


NIGHT = at("2026-11-23T23:50")
SPRING = at("2026-03-29T00:30+00:00")
AUTUMN = at("2026-10-25T01:30+01:00")
EDGES: dict[str, tuple[datetime, list[Json], list[str]]] = {
    "nothing at all": (MONDAY, [], ["Free", "for the next days", ""]),
    "later today": (
        MONDAY,
        [booking(MONDAY + 78 * MINUTE, 30)],
        ["Free", "until 11:30", "for 1 h 18 min"],
    ),
    "tomorrow only": (
        MONDAY,
        [booking(MONDAY + DAY * MINUTE, 30)],
        ["Free", "for the rest of the day", ""],
    ),
    "after midnight, seen late": (
        NIGHT,
        [booking(NIGHT + 40 * MINUTE, 30)],
        ["Free", "until 00:30", "for 40 min"],
    ),
    "begins this instant": (
        MONDAY,
        [booking(MONDAY, 18)],
        ["In use", "until 10:30", "for 18 min"],
    ),
    "ends this instant": (
        MONDAY,
        [booking(MONDAY - 30 * MINUTE, 30)],
        ["Free", "for the next days", ""],
    ),
    "ends in a second": (
        MONDAY,
        [booking(MONDAY - 30 * MINUTE, 30 + 1 / 60)],
        ["In use", "until 10:12", "for 1 min"],
    ),
    "back to back": (
        MONDAY,
        [booking(MONDAY - 12 * MINUTE, 30), booking(MONDAY + 18 * MINUTE, 30)],
        ["In use", "until 11:00", "for 48 min"],
    ),
    "overlapping": (
        MONDAY,
        [booking(MONDAY - 12 * MINUTE, 60), booking(MONDAY - 2 * MINUTE, 80)],
        ["In use", "until 11:30", "for 1 h 18 min"],
    ),
    "one inside another": (
        MONDAY,
        [booking(MONDAY - 12 * MINUTE, 60), booking(MONDAY - 2 * MINUTE, 10)],
        ["In use", "until 11:00", "for 48 min"],
    ),
    "of no length": (MONDAY, [booking(MONDAY, 0)], ["Free", "for the next days", ""]),
    "a note that takes nothing": (
        MONDAY,
        [booking(MONDAY - MINUTE, 60, show_as="free")],
        ["Free", "for the next days", ""],
    ),
    "a note that starts soon": (
        MONDAY,
        [booking(MONDAY + 5 * MINUTE, 60, show_as="free")],
        ["Free", "for the next days", ""],
    ),
    "soon": (
        MONDAY,
        [booking(MONDAY + 10 * MINUTE, 60)],
        ["Starting soon", "in 10 min", "at 10:22"],
    ),
    "not quite soon": (
        MONDAY,
        [booking(MONDAY + 10 * MINUTE + timedelta(seconds=1), 60)],
        ["Free", "until 10:22", "for 11 min"],
    ),
    "across midnight": (
        NIGHT,
        [booking(NIGHT - 20 * MINUTE, 60)],
        ["In use", "until 00:30", "for 40 min"],
    ),
    "to midnight": (
        NIGHT,
        [booking(NIGHT - 20 * MINUTE, 30)],
        ["In use", "until 00:00", "for 10 min"],
    ),
    "since yesterday": (
        MONDAY,
        [booking(MONDAY - 600 * MINUTE - 732 * MINUTE, 1440)],
        ["In use", "until 12:00", "for 1 h 48 min"],
    ),
    "all day": (
        MONDAY,
        [all_day("2026-11-23T00:00", 1)],
        ["In use", "for the rest of the day", ""],
    ),
    "days": (
        MONDAY,
        [all_day("2026-11-22T00:00", 4)],
        ["In use", "until the end of Wednesday 25 November", ""],
    ),
    "days and some hours": (
        MONDAY,
        [booking(MONDAY - 12 * MINUTE, 2 * DAY)],
        ["In use", "until Wednesday 25 November, 10:00", ""],
    ),
    "all day, as a note": (
        MONDAY,
        [all_day("2026-11-23T00:00", 1, show_as="free")],
        ["Free", "for the next days", ""],
    ),
    "across the hour that spring leaves out": (
        SPRING,
        [booking(SPRING, 60)],
        ["In use", "until 02:30", "for 1 h"],
    ),
    "across the hour that autumn has twice": (
        AUTUMN,
        [booking(AUTUMN, 60)],
        ["In use", "until 01:30", "for 1 h"],
    ),
    "a whole day of 25 hours": (
        AUTUMN,
        [booking(at("2026-10-25T00:00+01:00"), 25 * 60, all_day=True)],
        ["In use", "for the rest of the day", ""],
    ),
    "a whole day of 23 hours": (
        SPRING,
        [booking(at("2026-03-29T00:00+00:00"), 23 * 60, all_day=True)],
        ["In use", "for the rest of the day", ""],
    ),
}


async def test_the_state_is_right_at_every_edge_of_the_clock(stage: Stage) -> None:
    for name, (now, bookings, lines) in EDGES.items():
        await stage.play(scene(now, *bookings))
        assert await stage.page.evaluate(LINES) == lines, name


async def test_a_room_in_another_zone_shows_its_own_time(stage: Stage) -> None:
    await stage.play(scene(MONDAY, booking(MONDAY + 78 * MINUTE, 30), zone="Asia/Kolkata"))
    await expect(stage.page.locator("#time")).to_have_text("15:42")
    assert await stage.page.evaluate(LINES) == ["Free", "until 17:00", "for 1 h 18 min"]


async def test_the_day_goes_by_without_a_word_from_the_bridge(
    browser: Browser, tmp_path: Path
) -> None:
    async with staged(browser, tmp_path) as stage:
        await stage.page.clock.install(time=MONDAY)
        await stage.open(scene(MONDAY))
        meeting = booking(MONDAY + 18 * MINUTE, 30)
        await stage.play(scene(MONDAY, meeting))
        seen = []
        for minutes in (0, 9, 9.5, 29, 2):
            await stage.page.clock.fast_forward(int(minutes * 60_000))
            await stage.page.clock.run_for(1_000)
            seen.append((await stage.page.evaluate(LINES))[0])
        assert seen == ["Free", "Starting soon", "In use", "In use", "Free"]
        await expect(stage.page.locator("#time")).to_have_text("11:01")


WATCH = """() => {
  window.touched = [];
  new MutationObserver((all) => touched.push(...all.map((one) =>
    `${one.type} ${(one.target.id || one.target.parentElement.id)}`))).observe(document.documentElement,
    { subtree: true, childList: true, characterData: true, attributes: true });
}"""


async def test_a_second_touches_nothing_but_the_words_that_changed(
    browser: Browser, tmp_path: Path
) -> None:
    async with staged(browser, tmp_path) as stage:
        await stage.page.clock.install(time=MONDAY)
        now = booking(MONDAY - 12 * MINUTE, 600, **zoom())
        await stage.open(scene(MONDAY, now))
        await stage.page.clock.run_for(5_000)
        await stage.page.evaluate(WATCH)
        await stage.page.clock.run_for(5_000)
        touched = set(await stage.page.evaluate("touched"))
        assert touched <= {"characterData read", "attributes needle"}
        assert "characterData read" in touched


async def test_who_has_to_check_in_is_told_until_when(stage: Stage) -> None:
    waits = booking(MONDAY - 6 * MINUTE, 60, **asked(MONDAY, opens=-16, until=4))
    await stage.play(scene(MONDAY, waits))
    assert await stage.page.evaluate(LINES) == [
        "Check in",
        "by 10:16",
        "The room is given back in 4 min",
    ]
    told = booking(MONDAY - 6 * MINUTE, 60, **asked(MONDAY, opens=-16, until=4, releases=False))
    await stage.play(scene(MONDAY, told))
    assert (await stage.page.evaluate(LINES))[2] == "4 min left to check in"
    await stage.play(scene(MONDAY, waits | {"checked_in": True}))
    assert (await stage.page.evaluate(LINES))[0] == "In use"
    await expect(stage.page.locator("#times")).to_contain_text("Checked in")
    before = booking(MONDAY - 6 * MINUTE, 10)
    coming = booking(MONDAY + 4 * MINUTE, 30, "Next", **asked(MONDAY, opens=-6, until=14))
    await stage.play(scene(MONDAY, before, coming))
    assert (await stage.page.evaluate(LINES))[0] == "In use", "the room is still another's"


async def test_what_is_seen_in_the_room_is_told(stage: Stage) -> None:
    there = stage.page.locator("#presence")
    for presence, words in {
        "in_call": "In a call",
        "in_use": "Not booked, but somebody is here",
    }.items():
        await stage.play(scene(MONDAY, presence=presence))
        await expect(there).to_have_text(words)
    await stage.play(scene(MONDAY, booking(MONDAY, 30), presence="in_use"))
    await expect(there).to_have_text("Somebody is here")
    await stage.play(scene(MONDAY, presence="free"))
    await expect(there).to_be_hidden()


BADGES: list[tuple[Json, str, str]] = [
    ({}, "", "Calendar read 5 seconds ago"),
    (
        {"state": "lost", "missing": "bridge", "since": -14, "asOf": -15},
        "No connection to the bridge since 09:58",
        "Calendar as of 09:57 (15 minutes ago)",
    ),
    (
        {"state": "lost", "missing": "network", "since": -1440, "asOf": -1441},
        "No network since Sunday 22 November, 10:12",
        "Calendar as of Sunday 22 November, 10:11 (24 hours ago)",
    ),
    (
        {"state": "old", "missing": "calendar", "since": -34, "asOf": -35, "words": "it is away"},
        "The calendar cannot be read since 09:38: it is away",
        "Calendar as of 09:37 (35 minutes ago)",
    ),
    ({"state": "old", "missing": "calendar", "asOf": None}, "The calendar was not read yet", ""),
]


async def test_the_badge_tells_what_is_missing_and_since_when(stage: Stage) -> None:
    for trust, wrong, read in BADGES:
        told = dict(trust)
        for name in ("since", "asOf"):
            if told.get(name) is not None:
                told[name] = (MONDAY + told[name] * MINUTE).isoformat()
        await stage.play(scene(MONDAY, trust=told))
        assert (await stage.page.locator("#wrong").text_content(), read) == (
            wrong,
            await stage.page.locator("#read").text_content(),
        )


async def test_an_old_agenda_never_says_that_the_room_is_free(stage: Stage) -> None:
    since = (MONDAY - 13 * 60 * MINUTE).isoformat()
    lost = {"state": "lost", "missing": "bridge", "since": since, "asOf": since}
    await stage.play(scene(MONDAY, trust=lost))
    word, until, detail = await stage.page.evaluate(LINES)
    assert (word, until) == ("Not known", "")
    assert detail == "Calendar as of Sunday 22 November, 21:12"


async def test_who_was_signed_out_sees_nothing_of_the_room(stage: Stage) -> None:
    secret = booking(MONDAY, 30, "Merger", organizer="Ada Lovelace", **zoom())
    await stage.play(scene(MONDAY, secret, booking(MONDAY + 60 * MINUTE, 30, "Buyout")))
    await expect(stage.page.locator("#list")).to_contain_text("Buyout")
    await stage.play(scene(MONDAY, secret, trust={"state": "out", "missing": "signed_out"}))
    await expect(stage.page.locator("#wrong")).to_contain_text("signed out")
    left = await stage.page.content()
    assert not [word for word in ("Merger", "Ada", "zoomcrc", "Buyout") if word in left]


async def test_a_missing_button_is_explained_where_somebody_could_mend_it(stage: Stage) -> None:
    reason = stage.page.locator("#reason")
    await stage.play(scene(MONDAY, booking(MONDAY, 30, no_join_reason="passcode_unknown")))
    await expect(reason).to_contain_text("lacks the numeric passcode")
    await stage.play(scene(MONDAY, booking(MONDAY, 30)))
    await expect(reason).to_be_hidden()


async def test_the_rest_of_the_day_is_listed_with_its_gaps(stage: Stage) -> None:
    await stage.play(
        scene(
            MONDAY,
            booking(MONDAY - 12 * MINUTE, 60, "Harvest"),
            booking(MONDAY + 48 * MINUTE, 30, "Review"),
            booking(MONDAY + 138 * MINUTE, 30, "Talk", state="tentative"),
            booking(MONDAY + DAY * MINUTE, 30, "Planning"),
        )
    )
    items = await stage.page.locator("#list > li").all_text_contents()
    assert items == [
        "11:00– 11:30Review",
        "free for 1 h",
        "12:30– 13:00Talknot confirmed",
        "Tuesday 24 November",
        "10:12– 10:42Planning",
    ]
    blocks = stage.page.locator("#track > .block")
    await expect(blocks).to_have_count(3)
    await expect(stage.page.locator("#track > .is-tentative")).to_have_count(1)


async def test_a_note_within_a_gap_does_not_end_it(stage: Stage) -> None:
    await stage.play(
        scene(
            MONDAY,
            booking(MONDAY - 12 * MINUTE, 60, "Harvest"),
            booking(MONDAY + 78 * MINUTE, 30, "Fire drill", show_as="free"),
            booking(MONDAY + 108 * MINUTE, 0, "Moment"),
            booking(MONDAY + 138 * MINUTE, 30, "Talk"),
            booking(MONDAY + 198 * MINUTE, 30, "Lunch", show_as="free"),
        )
    )
    items = await stage.page.locator("#list > li").all_text_contents()
    assert items == [
        "free for 1 h 30 min",
        "11:30– 12:00Fire drill",
        "12:00– 12:00Moment",
        "12:30– 13:00Talk",
        "13:30– 14:00Lunch",
    ]


ODD = [
    "<img src=x onerror=alert(1)><b>bold</b>",
    "\u202egnissecorP\u202d \u2066\u2067",
    "👩‍👩‍👧‍👦" * 400,
    "W" * 10_000,
    "اجتماع التخطيط",
    "{name} ${1} </script><!--",
]


async def test_odd_subjects_are_text_and_keep_their_place(stage: Stage) -> None:
    for odd in ODD:
        now = booking(MONDAY, 30, odd, id="odd", organizer=odd, **zoom())
        later = booking(MONDAY + 90 * MINUTE, 30, odd, id="later", organizer=odd)
        await stage.play(scene(MONDAY, now, later, name=odd[:200], features=[odd[:200]]))
        assert await stage.page.locator("#title").text_content() == odd
        assert await stage.page.locator("#title *, #list img, #name *").count() == 0
        wide = await stage.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 1280
        word = await stage.page.locator("#word").bounding_box()
        assert word
        assert word["x"] < 200, "nothing turned the page's own direction"
        await expect(stage.page.locator("#until")).to_have_text("until 10:42")
