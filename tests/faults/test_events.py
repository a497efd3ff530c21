"""What calendars hold that no calendar should, from a service to what a room shows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connector.simulators.exchange.faults import kinds as ews
from connector.simulators.google import Fault as Google
from connector.simulators.graph import Meeting
from connector.simulators.graph.faults import kinds as graph
from rooms.model import Booking, NoJoinReason
from tests.fakes.virtual import NOON, VirtualClock
from tests.faults import services
from tests.faults.house import KESTREL, House, played
from tests.faults.services import Service

# Folders are made and drivers found within the loop; what the appliance does has its own tests.
pytestmark = pytest.mark.allow_blocking

Make = Callable[[VirtualClock], Service]
EVERY = pytest.mark.parametrize(
    "make", [services.Graph, services.Exchange, services.Google], ids=["graph", "ews", "google"]
)
MICROSOFT = pytest.mark.parametrize(
    "make", [services.Graph, services.Exchange], ids=["graph", "ews"]
)
SOON = timedelta(minutes=20)
ZOOM = "https://example.zoom.us/j/91234567890"
OTHER = "https://example.zoom.us/j/90000000002"


def told(house: House, words: str) -> dict[str, Any]:
    """The text of an invitation, as the service calls it."""
    return {"description" if house.service.name == "google" else "body": f"<p>{words}</p>"}


def hide(house: House, title: str, hours: float, **more: Any) -> None:
    """A meeting that is not to be shown."""
    house.add("kestrel", title, hours, **more)
    house.truth["kestrel"].discard(title)


def shown(house: House, title: str) -> Booking:
    """The one booking of a title."""
    (found,) = [one for one in house.agenda().bookings if one.title == title]
    return found


async def right(house: House) -> None:
    """Both rooms show what they should, and nothing fails."""
    await house.pass_(SOON)
    for name in ("kestrel", "osprey"):
        assert house.fine(name), (name, house.titles(name), house.truth[name])
        assert not house.codes("room", name)


@EVERY
@pytest.mark.fault("event_overlap")
def test_meetings_at_once_are_all_shown(tmp_path: Path, make: Make) -> None:
    async def work(house: House) -> None:
        await house.settle()
        for title in ("One", "Two", "Three"):
            house.add("kestrel", title, 30)
        await right(house)
        assert len({one.start for one in house.agenda().bookings}) == 3

    played(tmp_path, make, work)


@MICROSOFT
@pytest.mark.fault("event_cancelled")
def test_meetings_that_will_not_be_are_not_shown(tmp_path: Path, make: Make) -> None:
    async def work(house: House) -> None:
        await house.settle()
        hide(house, "Called off", 30, cancelled=True)
        hide(house, "Canceled: Review", 31)
        hide(house, "No room", 32, response="declined")
        await right(house)

    played(tmp_path, make, work)


@pytest.mark.fault("event_cancelled", "google_cancelled_exception")
def test_meetings_that_google_deleted_or_the_room_declined_are_not_shown(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        await house.settle()
        house.world.faults.add(Google(kind="odd_items", calendar=KESTREL, times=1))
        calendar = house.calendars["kestrel"]
        series = house.add("kestrel", "Daily", 30, repeat="FREQ=DAILY;COUNT=4")
        calendar.delete(calendar.occurrence(series, 1).id)
        hide(house, "No room", 32, response="declined")
        await right(house)
        days = [one.start.day for one in house.agenda().bookings if one.title == "Daily"]
        assert days == [24, 26, 27]

    played(tmp_path, services.Google, work)


@EVERY
@pytest.mark.fault("event_private")
def test_a_private_meeting_is_told_to_nobody(
    tmp_path: Path, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(house: House) -> None:
        await house.settle()
        private = {"visibility" if house.service.name == "google" else "sensitivity": "private"}
        house.add("kestrel", "Merger", 30, **private, **told(house, f"Secret {ZOOM}"))
        house.truth["kestrel"] ^= {"Merger", "Private meeting"}
        await right(house)
        booking = shown(house, "Private meeting")
        assert (booking.private, booking.organizer, booking.can_join) == (True, "", True)
        assert b"Merger" not in msgspec.json.encode(house.agenda())

    caplog.set_level("DEBUG", "bridge")
    caplog.set_level("DEBUG", "connector")
    played(tmp_path, make, work)
    assert "Merger" not in caplog.text
    assert "91234567890" not in caplog.text


@EVERY
@pytest.mark.fault("event_text")
def test_text_that_deceives_neither_shows_nor_dials(tmp_path: Path, make: Make) -> None:
    async def work(house: House) -> None:
        await house.settle()
        wrapped = "https://nam02.safelinks.protection.outlook.com/?url=" + quote(ZOOM, safe="")
        house.add("kestrel", "Wrapped", 30, **told(house, f'<a href="{wrapped}">Join</a>'))
        false = "https://example.zoom.us.evil.example/j/91234567890"
        house.add("kestrel", "Look-alike", 31, **told(house, false))
        script = '<a href="javascript:alert(1)">Join</a><script>alert(2)</script>'
        house.add("kestrel", "Script", 32, **told(house, script))
        house.add("kestrel", "\u202eReview\u200b", 33)
        house.truth["kestrel"] ^= {"\u202eReview\u200b", "Review"}
        await right(house)
        join = shown(house, "Wrapped").join
        assert join
        assert (join.provider, join.join_url) == ("zoom", ZOOM)
        assert not shown(house, "Look-alike").can_join
        assert not shown(house, "Script").can_join

    played(tmp_path, make, work)


@EVERY
@pytest.mark.fault("event_two_links")
def test_of_two_links_the_better_place_is_taken_and_the_choice_is_told(
    tmp_path: Path, make: Make
) -> None:
    async def work(house: House) -> None:
        await house.settle()
        google = house.service.name == "google"
        where: dict[str, Any] = {"location": ZOOM} if google else {"locations": (ZOOM,)}
        house.add("kestrel", "Review", 30, **where, **told(house, OTHER))
        await right(house)
        booking = shown(house, "Review")
        assert booking.join
        assert booking.join.meeting_id == "91234567890"
        account = await house.bridge.store.account("kestrel")
        (how,) = [one for one in account.explained if one.booking == booking.id]
        assert how.source == "location"
        assert any(one.join_url == OTHER for one in how.candidates)

    played(tmp_path, make, work)


@MICROSOFT
@pytest.mark.fault("event_stripped")
def test_a_mailbox_without_any_text_says_why_nothing_can_be_joined(
    tmp_path: Path, make: Make
) -> None:
    async def work(house: House) -> None:
        await house.settle()
        for number in range(20):
            house.add("kestrel", f"Meeting {number}", 28 + number)
        await right(house)
        reasons = {one.no_join_reason for one in house.agenda().bookings}
        assert reasons == {NoJoinReason.BODY_STRIPPED}

    played(tmp_path, make, work)


ODD = (
    "end_before_start",
    "zero_length",
    "year_1601",
    "year_4500",
    "ten_years",
    "not_a_time",
    "unknown_zone",
    "custom_zone",
)


@pytest.mark.fault("event_times", "event_zones")
@pytest.mark.parametrize("oddity", ODD)
@MICROSOFT
def test_an_event_that_makes_no_sense_spoils_no_other(
    tmp_path: Path, make: Make, oddity: str
) -> None:
    async def work(house: House) -> None:
        await house.settle()
        odd = house.add("kestrel", "Odd", 30)
        house.truth["kestrel"].discard("Odd")
        is_graph = house.service.name == "m365"
        fault: Any = (
            graph.OddItems(oddities=(oddity,), mailbox=KESTREL)
            if is_graph
            else ews.OddItems(oddity=oddity, item=odd, mailbox=KESTREL)
        )
        house.world.faults.add(fault)
        house.add("kestrel", "Added", 32)
        house.add("osprey", "Added", 32)
        await house.pass_(SOON)
        assert house.met
        assert house.titles() >= house.truth["kestrel"]
        assert house.age() < SOON
        assert house.fine("osprey")
        assert not house.codes("room", "kestrel")
        house.world.faults.clear()
        house.truth["kestrel"].add("Odd")
        await right(house)

    played(tmp_path, make, work)


@EVERY
@pytest.mark.fault("event_zones")
def test_a_whole_day_is_a_day_of_the_room_and_other_zones_are_the_same_instants(
    tmp_path: Path, make: Make
) -> None:
    async def work(house: House) -> None:
        await house.settle()
        calendar, day = house.calendars["kestrel"], date(2026, 11, 25)
        if house.service.name == "google":
            calendar.add("Day", day, day + timedelta(days=1))
            tokyo = datetime(2026, 11, 26, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
            calendar.add("Tokyo", tokyo, tokyo + timedelta(hours=1), zone="Asia/Tokyo")
        else:
            calendar.add(Meeting(subject="Day", start=day, end=day + timedelta(days=1)))
            tokyo = datetime(2026, 11, 26, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
            end = tokyo + timedelta(hours=1)
            calendar.add(
                Meeting(subject="Tokyo", start=tokyo, end=end, time_zone="Tokyo Standard Time")
            )
        house.truth["kestrel"] |= {"Day", "Tokyo"}
        await right(house)
        whole = shown(house, "Day")
        assert whole.all_day
        assert whole.start.astimezone(ZoneInfo("Europe/London")).date() == day
        assert shown(house, "Tokyo").start == datetime(2026, 11, 26, 0, tzinfo=UTC)

    played(tmp_path, make, work)


@pytest.mark.fault("google_conference")
def test_a_conference_is_joined_as_soon_as_google_has_made_it(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        await house.settle()
        pending = {"createRequest": {"requestId": "1", "status": {"statusCode": "pending"}}}
        call = house.add("kestrel", "Call", 30, conferenceData=pending)
        await right(house)
        assert not shown(house, "Call").can_join
        entries = [
            {"entryPointType": "video", "uri": ZOOM},
            {"entryPointType": "sip", "uri": "sip:91234567890@zoomcrc.com"},
        ]
        house.calendars["kestrel"].edit(call, conferenceData={"entryPoints": entries})
        await right(house)
        join = shown(house, "Call").join
        assert join
        assert (join.join_url, join.sip_printed) == (ZOOM, "91234567890@zoomcrc.com")

    played(tmp_path, services.Google, work)


@pytest.mark.fault("event_twice", "graph_elsewhere")
def test_a_mailbox_that_moves_to_exchange_is_shown_once_before_and_after(tmp_path: Path) -> None:
    both: list[Service] = []

    def make(clock: VirtualClock) -> tuple[Service, ...]:
        both[:] = [services.Graph(clock), services.Exchange(clock)]
        return tuple(both)

    async def work(house: House) -> None:
        old, new = both
        await house.settle()
        before = house.agenda().bookings
        moved = new.add_room(KESTREL)
        for event in house.calendars["kestrel"].entries():
            moved.add(msgspec.structs.replace(event.meeting, uid=event.uid))
        await house.pass_(SOON)
        assert house.agenda().bookings == before, "while it is in both"
        old.world.faults.add(
            graph.Status(status=404, code="MailboxNotEnabledForRESTAPI", mailbox=KESTREL)
        )
        await house.pass_(2 * SOON)
        assert house.age() < SOON
        assert [one.title for one in house.agenda().bookings] == [one.title for one in before]
        assert house.codes("mailbox", "kestrel") == {"mailbox_moved"}
        house.truth["kestrel"].add("Added")
        start = NOON + timedelta(hours=30)
        new.add(moved, "Added", start, start + timedelta(hours=1))
        await right(house)

    played(tmp_path, make, work)
