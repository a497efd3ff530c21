"""What people want at a room system, done in a calendar in memory."""

from datetime import timedelta

import pytest

from bridge.writing.wishes import TITLE, Wishes
from connector.endpoint import BookingWanted, ExtensionWanted, ReleaseWanted
from rooms.room import Room
from tests.bridge.writing.conftest import Office
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
BOOK = BookingWanted(request="r-1", start=NOON, end=NOON + HOUR / 2, title="Quick talk")
OTHERS = event("review", NOON - HOUR / 2, minutes=60)
OWN = event("talk", NOON - HOUR / 2, minutes=60, own=True)
LATER = event("later", NOON + HOUR, own=True)


@pytest.fixture
def wishes(office: Office) -> Wishes:
    def known(name: str) -> Room | None:
        return office.views.house.rooms.get(name)

    return Wishes(office.actions, known)


async def test_a_room_is_booked_under_the_name_of_the_device(
    office: Office, wishes: Wishes
) -> None:
    assert await wishes("codec", "kestrel", BOOK) == ""
    assert office.shown() == [("Quick talk", NOON, NOON + HOUR / 2)]
    assert await office.audit() == [
        ("endpoint:codec", "bookings.create", f"kestrel/{office.booking()}", "done")
    ]


async def test_the_same_wish_is_done_once(office: Office, wishes: Wishes) -> None:
    assert await wishes("codec", "kestrel", BOOK) == ""
    assert await wishes("codec", "kestrel", BOOK) == ""
    assert [what for what, _ in office.calendars.done] == ["create"]


async def test_the_same_wish_of_another_device_is_another(office: Office, wishes: Wishes) -> None:
    assert await wishes("codec", "kestrel", BOOK) == ""
    assert await wishes("another", "kestrel", BOOK) == "room_taken"


async def test_a_wish_without_a_title_and_in_seconds_gets_a_neutral_one_and_whole_minutes(
    office: Office, wishes: Wishes
) -> None:
    off = timedelta(seconds=17)
    wish = BookingWanted(request="r-2", start=NOON + off, end=NOON + HOUR / 2 + off)
    assert await wishes("codec", "kestrel", wish) == ""
    assert office.shown() == [(TITLE, NOON, NOON + HOUR / 2)]


async def test_a_taken_room_is_refused(office: Office, wishes: Wishes) -> None:
    office.calendars.add(event("other", NOON + HOUR / 4))
    assert await wishes("codec", "kestrel", BOOK) == "room_taken"
    assert office.calendars.done == []


@pytest.mark.parametrize(
    "wish",
    [
        BOOK,
        ExtensionWanted(booking="b", end=NOON + HOUR),
        ReleaseWanted(booking="b"),
    ],
)
async def test_the_policy_of_the_room_counts(office: Office, wishes: Wishes, wish: object) -> None:
    office.let("none")
    assert await wishes("codec", "kestrel", wish) == "writes_not_allowed"  # type: ignore[arg-type] # a wish
    assert office.calendars.done == []


async def test_a_room_that_is_not_there_is_refused(wishes: Wishes) -> None:
    assert await wishes("codec", "nowhere", BOOK) == "unknown_room"


async def test_a_booking_is_extended_to_the_end_that_was_wanted(
    office: Office, wishes: Wishes
) -> None:
    office.calendars.add(OWN)
    await office.read()
    wish = ExtensionWanted(booking=office.booking(), end=NOON + HOUR)
    assert await wishes("codec", "kestrel", wish) == ""
    assert office.shown() == [("Talk", NOON - HOUR / 2, NOON + HOUR)]


async def test_what_runs_and_the_room_organised_is_ended(office: Office, wishes: Wishes) -> None:
    office.calendars.add(OWN)
    await office.read()
    assert await wishes("codec", "kestrel", ReleaseWanted(booking=office.booking())) == ""
    assert office.shown() == [("Talk", NOON - HOUR / 2, NOON + MINUTE)]


@pytest.mark.parametrize(("given", "done"), [(OTHERS, "decline"), (LATER, "cancel")])
async def test_everything_else_is_given_back(
    office: Office, wishes: Wishes, given: object, done: str
) -> None:
    office.calendars.add(given)  # type: ignore[arg-type] # an event
    await office.read()
    assert await wishes("codec", "kestrel", ReleaseWanted(booking=office.booking())) == ""
    assert [what for what, _ in office.calendars.done] == [done]
    assert office.shown() == []


async def test_a_booking_that_the_calendar_lost_itself_needs_no_release(
    office: Office, wishes: Wishes
) -> None:
    wish = ReleaseWanted(booking="gone")
    assert await wishes("codec", "kestrel", wish) == "unknown_booking"
    assert office.calendars.done == []
