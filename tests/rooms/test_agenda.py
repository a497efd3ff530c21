"""Events become bookings."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import join
from rooms.agenda import agenda_of, plain, strips_bodies
from rooms.model import (
    Agenda,
    Booking,
    Buffers,
    Days,
    Event,
    LeftOut,
    NoJoinReason,
    Person,
    Response,
    Window,
)
from rooms.room import Policy, Privacy
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
WEEK = Window(start=NOON - 24 * HOUR, end=NOON + 168 * HOUR)
ADA = Person(name="Ada Lovelace", address="ada@example.com")
ZOOM = """Join Zoom Meeting
https://example.zoom.us/j/91234567890?pwd=abcdef
Meeting ID: 912 3456 7890
Passcode: 123456
Join by SIP
91234567890@zoomcrc.com
"""


def made(*events: Event, previous: Agenda | None = None, **more: Any) -> Agenda:
    return agenda_of(room(**more), events, window=WEEK, as_of=NOON, previous=previous)[0]


def one(single: Event, **more: Any) -> Booking:
    (booking,) = made(single, **more).bookings
    return booking


def left_out(single: Event, **more: Any) -> LeftOut:
    agenda, account = agenda_of(room(**more), [single], window=WEEK, as_of=NOON)
    assert not agenda.bookings
    (out,) = account.left_out
    return out


def test_bookings_come_in_order_of_time() -> None:
    names = [
        booking.title for booking in made(event("b", NOON + 2 * HOUR), event("a", NOON)).bookings
    ]
    assert names == ["A", "B"]


def test_join_details_are_found_in_the_text() -> None:
    booking = one(event(body=ZOOM, organizer=ADA))
    assert booking.can_join
    assert booking.join
    assert booking.join.sip == "91234567890.123456@zoomcrc.com"


def test_a_meeting_without_a_way_in_says_why() -> None:
    booking = one(event())
    assert not booking.can_join
    assert booking.no_join_reason is NoJoinReason.NO_ONLINE_MEETING


@pytest.mark.fault("event_private")
def test_a_private_meeting_keeps_its_time_and_its_button_and_loses_its_words() -> None:
    booking = one(event(subject="Merger", private=True, body=ZOOM, organizer=ADA))
    assert (booking.title, booking.organizer, booking.organizer_address) == (
        "Private meeting",
        "",
        "",
    )
    assert booking.private
    assert booking.can_join


def test_the_site_decides_what_private_shows() -> None:
    policy = Policy(privacy=Privacy(private_title="Busy", show_organizer=True, private_join=False))
    booking = one(event(subject="Merger", private=True, body=ZOOM, organizer=ADA), policy=policy)
    assert (booking.title, booking.organizer) == ("Busy", "Ada Lovelace")
    assert booking.join is None
    assert booking.no_join_reason is NoJoinReason.PRIVATE_HIDDEN


@pytest.mark.fault("event_private")
def test_a_private_meeting_that_is_left_out_is_masked_too() -> None:
    out = left_out(event(subject="Merger", private=True, cancelled=True))
    assert (out.title, out.reason) == ("Private meeting", "cancelled")


@pytest.mark.fault("event_cancelled")
def test_cancelled_and_declined_meetings_are_left_out() -> None:
    assert left_out(event(cancelled=True)).reason == "cancelled"
    assert left_out(event(response=Response.DECLINED)).reason == "declined"


@pytest.mark.fault("event_cancelled")
@pytest.mark.parametrize(
    "subject",
    [
        "Canceled: Review",
        "Cancelled: Review",
        "CANCELED:Review",
        "Canceled event: Review",
        "Abgesagt: Review",
        "Annulé : Review",
        "Geannuleerd: Review",
    ],
)
def test_a_meeting_that_says_it_was_cancelled_is_left_out(subject: str) -> None:
    assert left_out(event(subject=subject)).reason == "cancelled"


@pytest.mark.parametrize(
    "subject", ["Cancelled orders: review", "Why it was canceled: a talk", "Canceled", ""]
)
def test_a_meeting_about_cancelling_is_shown(subject: str) -> None:
    assert not one(event(subject=subject)).all_day


@pytest.mark.parametrize(
    ("tentative", "reason"), [("show", NoJoinReason.TENTATIVE), ("join", None)]
)
def test_the_site_decides_about_tentative_meetings(
    tentative: Any, reason: NoJoinReason | None
) -> None:
    waiting = event(response=Response.TENTATIVE, body=ZOOM)
    booking = one(waiting, policy=Policy(tentative=tentative))
    assert (booking.state, booking.no_join_reason) == ("tentative", reason)


def test_what_is_hidden_by_policy_is_left_out_with_its_reason() -> None:
    waiting = event(response=Response.TENTATIVE)
    assert left_out(waiting, policy=Policy(tentative="hide")).reason == "tentative"
    fair = event(when=Days(first=date(2026, 11, 24), after=date(2026, 11, 25)))
    assert left_out(fair, policy=Policy(all_day="hide")).reason == "all_day_excluded"


@pytest.mark.fault("event_zones")
def test_whole_days_are_days_of_the_room() -> None:
    fair = event(when=Days(first=date(2026, 11, 24), after=date(2026, 11, 25)))
    for zone, start in (
        ("Europe/London", datetime(2026, 11, 24, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 11, 24, 8, tzinfo=UTC)),
    ):
        booking = one(fair, time_zone=zone)
        assert booking.all_day
        assert (booking.start, booking.end - booking.start) == (start, timedelta(days=1))


@pytest.mark.fault("event_zones")
def test_whole_days_across_a_change_of_clocks_are_as_long_as_the_days_are() -> None:
    window = Window(start=datetime(2026, 3, 20, tzinfo=UTC), end=datetime(2026, 4, 5, tzinfo=UTC))
    short = event(when=Days(first=date(2026, 3, 29), after=date(2026, 3, 30)))
    agenda, _ = agenda_of(room(), [short], window=window, as_of=NOON)
    assert agenda.bookings[0].end - agenda.bookings[0].start == timedelta(hours=23)


def test_a_meeting_that_moves_keeps_its_id() -> None:
    assert one(event(start=NOON + HOUR)).id == one(event(start=NOON + 5 * HOUR)).id


def test_occurrences_of_a_series_have_ids_of_their_own() -> None:
    days = [event(start=NOON + n * 24 * HOUR, occurrence=f"day {n}") for n in range(3)]
    assert len({booking.id for booking in made(*days).bookings}) == 3


def test_entries_that_share_a_uid_are_told_apart_by_the_services_own_ids() -> None:
    twins = [event("a", uid="same"), event("b", NOON + HOUR, uid="same")]
    assert len({booking.id for booking in made(*twins).bookings}) == 2


def test_ids_are_url_safe_and_short() -> None:
    booking = one(event(uid="040000008200E00074C5B7101A82E008/+=?&" * 20))
    assert len(booking.id) <= 64
    assert booking.id.replace("-", "").replace("_", "").isalnum()


@pytest.mark.fault("event_overlap")
def test_overlapping_meetings_are_both_shown() -> None:
    assert len(made(event("a", NOON), event("b", NOON)).bookings) == 2


@pytest.mark.fault("event_overlap")
def test_four_hundred_overlapping_meetings_are_all_shown() -> None:
    assert len(made(*(event(f"m{number}", NOON) for number in range(400))).bookings) == 400


def test_a_meeting_without_a_subject_is_called_after_whoever_invited() -> None:
    assert one(event(subject="", organizer=ADA)).title == "Ada Lovelace"


@pytest.mark.fault("event_times")
def test_an_event_whose_times_make_no_sense_is_left_out_and_spoils_nothing() -> None:
    agenda, account = agenda_of(
        room(), [event("odd", when=None), event("good")], window=WEEK, as_of=NOON
    )
    assert [booking.title for booking in agenda.bookings] == ["Good"]
    assert [out.reason for out in account.left_out] == ["unreadable"]


@pytest.mark.fault("event_times")
def test_an_event_that_cannot_be_read_any_more_keeps_its_booking() -> None:
    before = made(event("review"), event("other", NOON + 3 * HOUR))
    after = made(event("review", when=None), event("other", NOON + 3 * HOUR), previous=before)
    assert after.bookings == before.bookings


def test_buffers_are_those_of_the_room() -> None:
    buffers = Buffers(start=timedelta(minutes=10), end=timedelta(minutes=2))
    assert made(event(), policy=Policy(buffers=buffers)).buffers == buffers


@pytest.mark.fault("event_stripped")
def test_a_mailbox_that_strips_bodies_is_recognised_and_named_as_the_reason() -> None:
    stripped = [event(f"m{number}", NOON + number * HOUR) for number in range(20)]
    assert strips_bodies(stripped)
    reasons = {booking.no_join_reason for booking in made(*stripped).bookings}
    assert reasons == {NoJoinReason.BODY_STRIPPED}


@pytest.mark.parametrize(
    "events",
    [
        [event(f"m{n}") for n in range(19)],
        [event(f"m{n}", body="text" if n < 2 else "") for n in range(20)],
        [event(f"m{n}", own=True) for n in range(40)],
        [event(f"m{n}", response=Response.TENTATIVE) for n in range(40)],
    ],
)
def test_too_little_is_no_proof_that_a_mailbox_strips_bodies(events: list[Event]) -> None:
    assert not strips_bodies(events)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("  a \t b\n", "a b"),
        ("a\u202eb\u2066c", "a b c"),
        ("\x00\x1b[31mred", "[31mred"),
        ("👨‍👩‍👧 family", "👨‍👩‍👧 family"),
        ("x" * 9999, "x" * 500),
    ],
)
@pytest.mark.fault("event_text")
def test_titles_hold_nothing_that_is_not_seen(words: str, shown: str) -> None:
    assert plain(words) == shown


instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
whens = st.one_of(
    st.none(),
    st.builds(
        lambda start, span: Window(start=start, end=start + span),
        instants,
        st.timedeltas(timedelta(), timedelta(days=4000)),
    ),
    st.builds(
        lambda first, days: Days(first=first, after=first + timedelta(days=days)),
        st.dates(date(1970, 1, 1), date(2100, 1, 1)),
        st.integers(1, 400),
    ),
)
events = st.builds(
    Event,
    id=st.text(max_size=5),
    uid=st.text(max_size=2),
    occurrence=st.text(max_size=1),
    when=whens,
    subject=st.text(),
    private=st.booleans(),
    cancelled=st.booleans(),
    response=st.sampled_from(Response),
    body=st.text(),
    html=st.booleans(),
)


@given(found=st.lists(events, max_size=8))
def test_any_events_make_an_agenda_in_order_without_losing_any(found: list[Event]) -> None:
    agenda, account = agenda_of(room(), found, window=WEEK, as_of=NOON)
    starts = [booking.start for booking in agenda.bookings]
    assert starts == sorted(starts)
    zone = room().zone
    inside = [e for e in found if e.when is None or WEEK.overlaps(e.when.window(zone))]
    assert len(agenda.bookings) + len(account.left_out) == len(inside)
    assert len(account.explained) == len(agenda.bookings)
    assert not any(b.private and b.title != "Private meeting" for b in agenda.bookings)


def test_the_account_tells_how_each_booking_was_read() -> None:
    agenda, account = agenda_of(room(), [event(body=ZOOM)], window=WEEK, as_of=NOON)
    (how,) = account.explained
    assert how.booking == agenda.bookings[0].id
    assert how.source == "body"
    assert how.rule
    assert join.read(join.Invitation(body=ZOOM)).rule == how.rule
