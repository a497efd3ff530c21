"""What people do at the door, in a real browser: what is offered, what is sent, what is said."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from bridge.views.booking_shapes import CreateOrder, EndOrder, ExtendOrder, ReleaseOrder
from rooms.model import Person
from tests.process.doors import Door, door

__all__ = ["door"]  # fixtures
pytestmark = pytest.mark.browser

ZOOM = "https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"
DONE = {"done": "created", "booking": None, "shown": True, "overlaps": False}


async def test_a_free_room_is_booked_for_as_long_as_is_chosen(door: Door) -> None:
    await door.keep(("Review", 200, 30))
    await door.open()
    await expect(door.bar).to_be_visible()
    assert await door.acts() == ["Book now", "Find a room", "Report a fault"]
    await door.touch("Book now")
    await expect(door.sheet.locator(".choices b")).to_have_text(
        ["15 min", "30 min", "45 min", "1 h", "Until the next meeting"]
    )
    await door.choose("45 min")
    end = datetime.now(UTC) + timedelta(minutes=45)
    await expect(door.title).to_contain_text(f"Booked until {end:%H:}")
    [(asked, order)] = door.actions.taken
    assert order == CreateOrder(minutes=45, title="Booked at the door")
    assert len(asked.key) == 32


async def test_only_durations_that_end_before_the_next_meeting_are_offered(door: Door) -> None:
    await door.keep(("Review", 41, 30))
    await door.open()
    await door.touch("Book now")
    await expect(door.sheet.locator(".choices b")).to_have_text(
        ["15 min", "30 min", "Until the next meeting"]
    )
    await door.choose("Until the next meeting")
    await expect(door.title).to_contain_text("Booked until")
    [(_, order)] = door.actions.taken
    assert isinstance(order, CreateOrder)
    agenda = door.views.store.agenda("kestrel")
    assert agenda
    assert order.minutes is None
    assert order.end
    assert abs(order.end - agenda.bookings[0].start) < timedelta(milliseconds=1)


async def test_durations_go_while_one_looks_at_them(door: Door) -> None:
    await door.open()
    await door.touch("Book now")
    await expect(door.sheet.locator(".choices button")).to_have_count(4)
    await door.keep(("Sudden", 20, 30))
    await expect(door.sheet.locator(".choices b")).to_have_text(
        ["15 min", "Until the next meeting"]
    )
    await door.keep(("Now", -1, 30))
    await expect(door.sheet.get_by_text("no time left")).to_be_visible()


async def test_where_no_booking_fits_none_is_offered(door: Door) -> None:
    await door.keep(("Review", 4, 30))
    await door.open()
    await expect(door.bar).to_be_visible()
    assert "Book now" not in await door.acts()


async def test_a_running_meeting_is_extended_and_ended(door: Door) -> None:
    await door.keep(("Review", -10, 30), ("Standup", 60, 15))
    await door.open()
    await expect(door.bar).to_be_visible()
    assert await door.acts() == ["Extend", "End now", "Find a room", "More"]
    await door.touch("Extend")
    await expect(door.sheet.locator(".choices b")).to_have_text(
        ["+ 15 min", "+ 30 min", "Until the next meeting"]
    )
    await door.choose("+ 15 min")
    await expect(door.title).to_contain_text("Extended until")
    await door.choose("OK")
    await door.touch("End now")
    await expect(door.note).to_contain_text("becomes free now")
    await expect(door.sheet.locator(".meeting-card")).to_contain_text("Review")
    await door.choose("End now")
    await expect(door.title).to_contain_text("The meeting ends at")
    assert [order for _, order in door.actions.taken] == [ExtendOrder(minutes=15), EndOrder()]


async def test_whoever_ends_a_meeting_is_told_who_has_the_room_then(door: Door) -> None:
    await door.keep(("Review", -10, 30), ("Standup", 3, 15), ("Call", -5, 5))
    await door.open()
    await door.touch("End now")
    await expect(door.note).to_contain_text("The room stays taken: \u2068Standup\u2069, ")
    await door.keep(("Review", -10, 30), ("Moment", 2, 0), ("Standup", 30, 15))
    await expect(door.note).to_contain_text("becomes free now")


async def test_giving_the_room_back_is_asked_for_first(door: Door) -> None:
    await door.keep(("Review", -10, 30))
    await door.open()
    await door.touch("More")
    await door.choose("Give back")
    await expect(door.note).to_contain_text("The organiser is told.")
    await door.choose("Cancel")
    await expect(door.sheet).to_be_hidden()
    assert door.actions.taken == []
    await door.touch("More")
    await door.choose("Give back")
    await door.choose("Give back")
    await expect(door.title).to_contain_text("was given back")
    assert [order for _, order in door.actions.taken] == [ReleaseOrder(scope="this")]


async def test_nothing_is_ended_that_has_gone_meanwhile(door: Door) -> None:
    await door.keep(("Review", -10, 30))
    await door.open()
    await door.touch("End now")
    await door.keep()
    await expect(door.note).to_have_text("This meeting is not there any more.")
    go = door.sheet.get_by_role("button", name="End now")
    await expect(go).to_have_attribute("aria-disabled", "true")
    await go.click(force=True)
    assert door.actions.taken == []


async def test_meetings_back_to_back_cannot_be_extended(door: Door) -> None:
    await door.keep(("Review", -10, 30), ("Standup", 20, 15))
    await door.open()
    await expect(door.bar).to_be_visible()
    assert await door.acts() == ["End now", "Find a room", "Give back", "More"]


async def test_only_what_is_offered_is_shown(door: Door) -> None:
    door.offers |= {"book": [], "until_next": False, "find": "none", "report": False}
    door.offers |= {"extend": False, "end": False, "release": False, "check_in": False}
    await door.keep(("Review", -10, 30))
    await door.open()
    await expect(door.page.locator("#word")).to_have_text("In use")
    await expect(door.bar).to_be_hidden()
    door.offers |= {"release": True}
    await door.page.reload()
    await expect(door.bar).to_be_visible()
    assert await door.acts() == ["Give back"]


async def test_joining_comes_first_where_it_can_be_done(door: Door) -> None:
    await door.keep(("Review", -10, 30), body=ZOOM)
    await door.open()
    await expect(door.button).to_have_text("Join")
    assert await door.acts() == ["Join", "Extend", "End now", "More"]


async def test_what_the_room_lost_to_somebody_else_is_told(door: Door) -> None:
    await door.open()

    async def lose(route: Route) -> None:
        await door.keep(("Board <b>meeting</b>", -1, 30), organizer=Person(name="Ada"))
        await route.fulfill(status=409, json={"code": "room_taken"})

    await door.page.route("**/rooms/kestrel/bookings", lose)
    await door.touch("Book now")
    await door.choose("30 min")
    await expect(door.note).to_have_text("Somebody else has just taken the room.")
    taken = door.sheet.locator(".taken li")
    await expect(taken).to_contain_text("Board <b>meeting</b>")
    await expect(taken).to_contain_text("Ada")
    await door.choose("Find a room")
    await expect(door.title).to_have_text("Find another room")


async def test_a_meeting_of_somebody_else_can_be_given_back_instead(door: Door) -> None:
    await door.keep(("Review", -10, 30))
    await door.answer("bookings/*/end", "other_organizer")
    await door.open()
    await door.touch("End now")
    await door.choose("End now")
    await expect(door.note).to_contain_text("Somebody else organised this meeting")
    await door.choose("Give back")
    await expect(door.title).to_have_text("Give the room back?")
    await door.choose("Cancel")
    assert await door.acts() == ["Find a room", "Give back", "Report a fault"], (
        "and is not offered again"
    )


async def test_what_failed_is_said_in_words(door: Door) -> None:
    told = {
        "source_unavailable": "Nothing was changed",
        "source_refused": "Nothing was changed",
        "writes_not_allowed": "rules of this room",
        "not_offered": "not offered at this room",
        "unauthorized": "not signed in",
        "a_code_of_next_year": "did not work",
    }
    await door.answer("bookings", *told)
    await door.open()
    for words in told.values():
        await door.touch("Book now")
        await door.choose("15 min")
        await expect(door.title).to_have_text("That did not work")
        await expect(door.note).to_contain_text(words)
        await door.choose("Close")


async def test_a_touch_keeps_its_key_until_somebody_answers(door: Door) -> None:
    await door.answer("bookings", "", 502, DONE)
    await door.open()
    await door.touch("Book now")
    await door.choose("15 min")
    await expect(door.title).to_contain_text("Booked until", timeout=15_000)
    assert len(door.sent) == 3
    assert len(set(door.keys)) == 1
    await door.choose("OK")
    await door.touch("Book now")
    await door.choose("15 min")
    await expect(door.title).to_contain_text("Booked until")
    assert len(set(door.keys)) == 2, "another touch is another wish"


async def test_asking_how_it_went_is_the_same_touch(door: Door) -> None:
    await door.answer("bookings", "outcome_unknown", "source_unavailable", DONE)
    await door.open()
    await door.touch("Book now")
    await door.choose("15 min")
    await expect(door.note).to_contain_text("is not certain")
    await door.choose("Try again")
    await expect(door.note).to_contain_text("Nothing was changed")
    assert len(set(door.keys)) == 1
    await door.choose("Try again")
    await expect(door.title).to_contain_text("Booked until")
    assert len(set(door.keys)) == 2, "nothing was changed: this is a new wish"


async def test_a_double_tap_books_once(door: Door) -> None:
    await door.open()
    await door.touch("Book now")
    await door.sheet.get_by_role("button", name="30 min").dblclick(delay=5)
    await expect(door.title).to_contain_text("Booked until")
    assert len(door.actions.taken) == 1


async def test_progress_is_seen_at_once_and_cannot_be_walked_away_from(door: Door) -> None:
    held = await door.hold("bookings")
    await door.open()
    await door.touch("Book now")
    seen = await door.page.evaluate(
        """() => {
          document.querySelector('#sheet .choices button').click();
          return document.querySelector('#sheet .working')?.innerText;
        }"""
    )
    assert seen == "One moment …", "in the same turn as the touch"
    await door.page.keyboard.press("Escape")
    await expect(door.sheet).to_be_visible()
    await expect(door.sheet.get_by_text("takes a while")).to_be_visible(timeout=10_000)
    await held[0].fulfill(json=DONE)
    await expect(door.title).to_contain_text("Booked until")


async def test_checking_in_is_shown_at_once(door: Door) -> None:
    await door.keep(("Review", -2, 30))
    booking = await door.ask_to_check_in()
    held = await door.hold("bookings/*/check-in")
    await door.open()
    await expect(door.bar.get_by_role("button").first).to_have_text("Check in")
    await door.bar.get_by_role("button", name="Check in").dblclick()
    await expect(door.said).to_have_text("Checked in. The room is yours.")
    assert "Check in" not in await door.acts()
    await expect(door.sheet).to_be_hidden()  # the second tap was not for what came there
    assert len(held) == 1
    assert booking in held[0].request.url
    await held[0].fulfill(json={**DONE, "done": "checked_in"})
    await door.ask_to_check_in(came=True)
    assert "Check in" not in await door.acts()


async def test_a_check_in_that_failed_is_taken_back_and_can_be_repeated(door: Door) -> None:
    await door.keep(("Review", -2, 30))
    await door.ask_to_check_in()
    await door.answer("bookings/*/check-in", "disk_failing", {**DONE, "done": "checked_in"})
    await door.open()
    await door.touch("Check in")
    await expect(door.note).to_contain_text("cannot save anything")
    await door.choose("Try again")
    await expect(door.title).to_contain_text("Checked in")
    assert len(set(door.keys)) == 2


async def test_a_fault_is_reported_with_its_kind(door: Door) -> None:
    await door.answer("faults", {"done": "reported", "fault": {}}, {"done": "already", "fault": {}})
    await door.open()
    await door.touch("Report a fault")
    await expect(door.sheet.locator(".choices button")).to_have_count(7)
    await door.choose("Sound or microphone")
    await door.sheet.get_by_role("textbox").fill("  It hums.  ")
    await door.choose("Send")
    await expect(door.title).to_contain_text("Thank you. Support was told.")
    await door.choose("OK")
    await door.touch("Report a fault")
    await door.choose("Cleaning")
    await door.choose("Send")
    await expect(door.title).to_contain_text("already")
    assert door.bodies == [
        {"code": "audio", "note": "It hums."},
        {"code": "cleaning", "note": ""},
    ]


async def test_without_the_bridge_nothing_can_be_touched_and_why_is_said(door: Door) -> None:
    await door.keep(("Review", -10, 30))
    await door.open()
    await expect(door.bar).to_be_visible()
    await door.page.context.set_offline(offline=True)
    await door.page.evaluate("dispatchEvent(new Event('offline'))")
    door.views.hub.close()
    await expect(door.said).to_have_text(
        "Not possible now: there is no connection to the bridge.", timeout=60_000
    )
    extend = door.bar.get_by_role("button", name="Extend")
    await expect(extend).to_have_attribute("aria-disabled", "true")
    await extend.click(force=True)
    await expect(door.sheet).to_be_hidden()


async def test_with_an_old_calendar_only_what_needs_none_can_be_done(door: Door) -> None:
    now = datetime.now(UTC)
    await door.views.keep(as_of=now - timedelta(hours=1))
    await door.open()
    await expect(door.said).to_have_text("Not possible now: the calendar is not up to date.")
    book = door.bar.get_by_role("button", name="Book now")
    await expect(book).to_have_attribute("aria-disabled", "true")
    await door.touch("Find a room")
    await expect(door.title).to_have_text("Find another room")
