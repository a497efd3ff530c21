"""What people expect of a room's display, feature by feature: `reference/peers.md` §3.2.

Rows that are proven elsewhere name the tests that prove them; the others are proven here.
"""

import json
import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from bridge.views.files import release
from rooms.display import CheckIn, DisplayPolicy
from rooms.model import Person
from rooms.room import Policy
from tests.bridge.conftest import Views
from tests.fakes.sources import room
from tests.process.conftest import Site, until
from tests.process.doors import Door, door, opened
from tests.process.live_display import answered, told
from tests.process.test_display_pairing import Wall

__all__ = ["door"]  # fixtures
pytestmark = pytest.mark.browser

PROVEN: dict[str, tuple[str, ...]] = {
    "Colour **and** text/shape": (
        "process/display_look: states_differ_by_word_colour_and_shape",
        "process/display_look: where_the_device_forces_its_colours_shapes_and_words_stay",
        "process/board: each_room_tells_how_it_stands_by_word_shape_and_colour",
    ),
    "Now / next / rest of day": (
        "process/display_rows: a_free_room_tells_when_its_next_meeting_starts_and_what_follows",
        "process/display_page: the_rest_of_the_day_is_listed_with_its_gaps",
        "process/display_page: the_state_is_right_at_every_edge_of_the_clock",
    ),
    "Book now 15/30/45/60/until next": (
        "process/display_rows: a_quarter_to_an_hour_or_until_the_next_meeting_can_be_booked",
        "process/display_acts: only_durations_that_end_before_the_next_meeting_are_offered",
        "process/display_actions: a_room_is_booked_extended_ended_and_given_back_at_its_door",
    ),
    "Extend, end early": (
        "process/display_acts: a_running_meeting_is_extended_and_ended",
        "process/display_acts: meetings_back_to_back_cannot_be_extended",
        "process/display_actions: a_room_is_booked_extended_ended_and_given_back_at_its_door",
    ),
    "Check-in + auto release": (
        "process/display_rows: nothing_is_given_back_hidden_or_asked_for_unless_a_site_wants_it",
        "bridge/attendance/releasing: some_bookings_are_left_alone",
        "process/check_in: who_checks_in_stays_and_a_room_without_anybody_is_given_back",
    ),
    "Strikes on recurring": (
        "process/display_rows: nothing_is_given_back_hidden_or_asked_for_unless_a_site_wants_it",
        "bridge/attendance/series: a_series_that_nobody_comes_to_is_given_up",
        "bridge/attendance/series: a_dry_run_only_tells",
    ),
    "Find another room": (
        "process/display_actions: another_room_is_found_and_booked_from_a_door",
        "process/display_sheets: another_room_is_found_by_what_is_wished_and_booked",
    ),
    "Private masking": (
        "process/display_rows: of_a_private_meeting_the_door_tells_the_time_alone",
        "bridge/display_views: no_byte_that_a_display_may_ask_for_tells_of_a_private_meeting",
        "process/join_button: a_private_meeting_has_its_button_and_nothing_to_read",
    ),
    "Subject / organizer": (
        "process/display_rows: in_a_corridor_neither_organizer_nor_subject_needs_to_be_told",
        "bridge/display_views: a_door_may_be_silent_about_titles_and_organizers",
    ),
    "Languages": (
        "process/display_rows: a_language_in_the_address_is_kept",
        "process/display_words: every_language_speaks_with_its_own_dates_and_numbers",
    ),
    "Offline cache, visible age": (
        "process/display_live: without_the_bridge_the_agenda_stays_and_says_so",
        "process/display_live: the_browser_starts_while_the_bridge_is_away",
        "process/display_page: the_badge_tells_what_is_missing_and_since_when",
    ),
    "E-ink / mono": (
        "process/faces: a_meeting_of_the_calendar_service_reaches_every_face",
        "bridge/panel: it_holds_only_the_inks_that_there_are",
        "bridge/panel: it_says_when_to_come_again",
        "bridge/panel: it_never_says_to_come_at_once_or_much_later",
    ),
    "Kiosk pairing": (
        "process/display_pairing: a_display_is_paired_by_what_it_shows_and_stays_so",
        "process/display_pairing: its_token_is_renewed_in_the_browser_and_the_copied_one_is_noticed",
        "process/display_thieves: no_secret_of_a_display_is_in_an_address_a_log_or_a_file",
    ),
    "Dim / office hours": ("process/display_look: at_night_it_is_dark_until_somebody_touches_it",),
    "Report a fault": (
        "process/display_actions: a_fault_is_reported_at_the_door_outlives_a_restart_and_is_cleared",
        "process/display_acts: a_fault_is_reported_with_its_kind",
    ),
    "LED": (
        "connector/cisco_people: the_light_shows_each_colour_where_it_may_be_set",
        "bridge/occupancy/lights: each_state_has_its_colour_and_an_old_agenda_none",
    ),
    "Heartbeat, admin page, analytics": (
        "process/display_rows: of_each_display_one_sees_when_it_was_there_and_what_it_runs",
        "bridge/pairing: a_display_that_asks_for_nothing_is_silent_and_said_to_be",
        "bridge/attendance/views: the_report_is_for_services_and_not_for_displays",
    ),
}
"""By row: `file: name` of tests, without the `test_` of either."""
TESTS = Path(__file__).parents[1]


def test_every_row_names_tests_that_there_are() -> None:
    for row, tests in PROVEN.items():
        assert tests, row
        for one in tests:
            file, _, name = one.partition(": ")
            folder, _, last = file.rpartition("/")
            text = (TESTS / folder / f"test_{last}.py").read_text()
            found = re.search(rf"^(async )?def test_{name}\(", text, re.MULTILINE)
            assert found, one


def test_every_row_is_here() -> None:
    folder = os.environ.get("BRIDGE_CONTRACTS", "")
    file = Path(folder) / "reference" / "peers.md"
    if not folder or not file.exists():
        pytest.skip("BRIDGE_CONTRACTS holds no list of what people expect")
    part = file.read_text().partition("### 3.2")[2].partition("###")[0]
    rows = re.findall(r"^\| (.+?) \|", part, re.MULTILINE)[1:]
    assert set(rows) == PROVEN.keys()


async def test_a_free_room_tells_when_its_next_meeting_starts_and_what_follows(door: Door) -> None:
    """Now / next / rest of day: the next start is there while nothing is going on."""
    await door.keep(("Harvest", 60, 30), ("Review", 95, 25))
    await door.open()
    await expect(door.page.locator("#word")).to_have_text("Free")
    await expect(door.page.locator("#until")).to_contain_text("until")
    agenda = door.views.store.agenda("kestrel")
    assert agenda
    start = agenda.bookings[0].start.astimezone(ZoneInfo("Europe/London"))
    for shown in ("#until", "#times"):
        await expect(door.page.locator(shown)).to_contain_text(f"{start:%H:%M}")
    await expect(door.page.locator("#title")).to_have_text("Harvest")
    await expect(door.page.locator("#list")).to_contain_text("Review")


async def test_a_quarter_to_an_hour_or_until_the_next_meeting_can_be_booked(door: Door) -> None:
    """Book now 15/30/45/60/until next."""
    await door.keep(("Harvest", 90, 30))
    await door.open()
    await door.touch("Book now")
    shown = await door.sheet.locator(".choices button").all_inner_texts()
    assert [one.split("\n")[0] for one in shown[:4]] == ["15 min", "30 min", "45 min", "1 h"]
    assert len(shown) == 5
    assert "next" in shown[4].lower()


async def test_nothing_is_given_back_hidden_or_asked_for_unless_a_site_wants_it() -> None:
    """Check-in + auto release, strikes, PIN and night: what holds where nothing is configured."""
    check_in, display = CheckIn(), DisplayPolicy()
    assert (check_in.enabled, check_in.strikes, check_in.strikes_dry_run) == (False, 0, True)
    assert check_in.grace == timedelta(minutes=10)
    assert (check_in.longest, check_in.ahead) == (timedelta(hours=8), timedelta(hours=2))
    assert (display.pin, display.dim.start, display.longest) == ("", "", timedelta(hours=4))
    assert [span.seconds // 60 for span in display.book] == [15, 30, 45, 60]
    assert Policy().writes == "none", "and no calendar is changed at all"


async def test_of_a_private_meeting_the_door_tells_the_time_alone(door: Door) -> None:
    """Private masking: subject and organizer, in the page and in what it was sent."""
    asked = answered(door.page)
    ada = Person(name="Ada Lovelace", address="ada@example.com")
    await door.keep(("Merger", -10, 60), private=True, organizer=ada)
    await door.open()
    await expect(door.page.locator("#title")).to_have_text("Private meeting")
    await expect(door.page.locator("#word")).to_have_text("In use")
    known = await told(asked) + await door.page.content()
    assert not [word for word in ("Merger", "Lovelace", "ada@") if word in known]


async def test_in_a_corridor_neither_organizer_nor_subject_needs_to_be_told(door: Door) -> None:
    """Subject / organizer: each by the room's policy."""
    ada = Person(name="Ada Lovelace", address="ada@example.com")
    title, organizer = door.page.locator("#title"), door.page.locator("#organizer")
    for titles, organizers in ((True, True), (True, False), (False, False)):
        policy = Policy(display=DisplayPolicy(titles=titles, organizers=organizers))
        door.views.house.rooms = dict(door.views.house.rooms) | {"kestrel": room(policy=policy)}
        await door.keep(("Harvest", -10, 60), organizer=ada)
        await door.open()
        await expect(door.page.locator("#word")).to_have_text("In use")
        await (
            expect(title).to_have_text("Harvest")
            if titles
            else expect(title).not_to_contain_text("Harvest")
        )
        await (
            expect(organizer).to_contain_text("Ada Lovelace")
            if organizers
            else expect(organizer).not_to_contain_text("Ada")
        )
        assert ("Ada" in await door.page.content()) is organizers


async def test_a_language_in_the_address_is_kept(browser: Browser, views_of_now: Views) -> None:
    """Languages: `?lang=` persisted."""
    async with opened(browser, views_of_now) as door:
        await door.open()
        await expect(door.page.locator("#word")).to_have_text("Free")
        await door.page.goto(f"{door.url}?lang=de")
        await expect(door.page.locator("#word")).to_have_text("Frei")
        await door.page.goto(door.url)
        await expect(door.page.locator("#word")).to_have_text("Frei")
        await door.page.goto(f"{door.url}?lang=auto")
        await expect(door.page.locator("#word")).to_have_text("Free")


@pytest.fixture
async def wall(site: Site, browser: Browser) -> AsyncIterator[Wall]:
    async with site.running() as running:
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        yield Wall(site, running, context, await context.new_page())
        await context.close()


async def test_of_each_display_one_sees_when_it_was_there_and_what_it_runs(wall: Wall) -> None:
    """Heartbeat: last seen and version. No browser of the baseline tells of its battery."""
    await wall.page.clock.install()
    code = await wall.code()
    status, _, errors = await wall.site.command("displays", "pair", code, "kestrel")
    assert status == 0, errors
    await wall.page.clock.run_for(3_000)
    await expect(wall.page.locator("h1")).to_have_text("Kestrel")
    async with wall.page.expect_response(lambda one: one.url.endswith("/renew")):
        await wall.page.clock.run_for(31_000)

    async def listed() -> dict[str, Any]:
        status, out, _ = await wall.site.command("displays", "list", "--json")
        assert status == 0
        (one,) = json.loads(out)["displays"]
        return dict(one)

    async def live() -> bool:
        return [one["live"] for one in await wall.displays()] == [True]

    async def gone() -> bool:
        return not await live()

    await until(live, "a display that listens")
    told = await listed()
    assert told["live"]
    assert (told["room"], told["browser"], told["silent"]) == (
        "kestrel",
        "Chromium on Linux",
        False,
    )
    assert told["page"] == release()
    status, out, _ = await wall.site.command("displays", "list")
    headings, row = out.splitlines()
    assert headings.split() == ["ID", "ROOM", "NAME", "BROWSER", "PAGE", "PAIRED", "SEEN"]
    assert row.endswith("now")
    assert release()[:8] in row.split()
    await wall.page.goto("about:blank")
    await until(gone, "a display that went")
    told = await listed()
    assert not told["live"]
    assert told["seen"] >= told["paired"]
