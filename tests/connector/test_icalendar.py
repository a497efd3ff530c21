"""Reading iCalendar: what is seen in the wild, and what nobody should write."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import ConnectorError, Malformed
from connector.icalendar import read
from rooms.model import Days, Event, Response, Window
from tests.connector.source_contract import DAY, HOUR, WINDOW
from tests.fakes.almanac import calendar
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

TOKYO = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0900
TZOFFSETTO:+0900
END:STANDARD
END:VTIMEZONE""".replace("\n", "\r\n")
ONE = timedelta(hours=1)


def event(
    *lines: str, uid: str = "one@example.com", start: str = "DTSTART:20261123T130000Z"
) -> str:
    head = (f"UID:{uid}",) if uid else ()
    return "\r\n".join(["BEGIN:VEVENT", *head, *((start,) if start else ()), *lines, "END:VEVENT"])


def told(*components: str) -> list[Event]:
    return read(calendar(*components), room(), WINDOW)


def only(*components: str) -> Event:
    (found,) = told(*components)
    return found


def starts(events: list[Event]) -> list[datetime]:
    return sorted(found.when.start for found in events if isinstance(found.when, Window))


def start(found: Event) -> datetime:
    assert isinstance(found.when, Window)
    return found.when.start


# --- times


@pytest.mark.parametrize(
    ("line", "hour"),
    [
        ("DTSTART:20261123T130000Z", 13),
        ("DTSTART:20261123T130000", 13),  # floating: London's, where the room is
        ("DTSTART;TZID=Europe/Berlin:20261123T130000", 12),
        ('DTSTART;TZID="W. Europe Standard Time":20261123T130000', 12),
        ("DTSTART;TZID=W. Europe Standard Time:20261123T130000", 12),
        ("DTSTART;TZID=/example.org/2026_1/Europe/Berlin:20261123T130000", 12),
        ("DTSTART;TZID=/example.org/America/Argentina/Salta:20261123T100000", 13),
        ("DTSTART;TZID=tzone://Microsoft/Utc:20261123T130000", 13),
        ("DTSTART;VALUE=DATE-TIME;TZID=Asia/Tokyo:20261123T220000", 13),
    ],
)
@pytest.mark.fault("event_zones", "ics_feed")
def test_times_are_told_in_many_zones(line: str, hour: int) -> None:
    assert start(only(event(start=line))) == datetime(2026, 11, 23, hour, tzinfo=UTC)


@pytest.mark.fault("event_zones")
@pytest.mark.parametrize("name", ["Customized Time Zone", "EST", "Room's own", "tzone://x/Custom"])
def test_a_zone_that_only_the_calendar_describes_is_understood(name: str) -> None:
    found = only(TOKYO.format(name=name), event(start=f"DTSTART;TZID={name}:20261123T220000"))
    assert start(found) == datetime(2026, 11, 23, 13, tzinfo=UTC)


@pytest.mark.fault("event_zones")
def test_a_zone_of_one_calendar_means_nothing_in_another() -> None:
    entry = event(start="DTSTART;TZID=Own:20261123T220000")
    assert only(TOKYO.format(name="Own"), entry).when is not None
    assert only(entry).when is None


@pytest.mark.fault("event_zones")
def test_a_name_beside_the_rules_is_preferred() -> None:
    described = TOKYO.format(name="Own").replace(
        "TZID:Own", "TZID:Own\r\nX-LIC-LOCATION:Europe/Berlin"
    )
    found = only(described, event(start="DTSTART;TZID=Own:20261123T220000"))
    assert start(found) == datetime(2026, 11, 23, 21, tzinfo=UTC)


@pytest.mark.fault("event_zones")
def test_times_that_clocks_skip_or_repeat_are_still_times() -> None:
    around = Window(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 11, 1, tzinfo=UTC))
    text = calendar(
        event("DURATION:PT1H", uid="gap", start="DTSTART;TZID=Europe/Berlin:20260329T023000"),
        event("DURATION:PT1H", uid="twice", start="DTSTART;TZID=Europe/Berlin:20261025T023000"),
    )
    for found in read(text, room(), around):
        assert isinstance(found.when, Window)
        assert found.when.end - found.when.start == ONE


@pytest.mark.fault("event_times")
@pytest.mark.parametrize(
    ("lines", "length"),
    [
        (("DTEND:20261123T140000Z",), ONE),
        (("DTEND;TZID=Asia/Tokyo:20261123T230000",), ONE),
        (("DURATION:PT1H",), ONE),
        (("DURATION:P1D",), 24 * ONE),
        (("DURATION:-PT1H",), 0 * ONE),
        (("DURATION:nonsense",), 0 * ONE),
        (("DTEND:20261123T120000Z",), 0 * ONE),
        ((), 0 * ONE),
    ],
)
def test_an_end_is_told_in_many_ways(lines: tuple[str, ...], length: timedelta) -> None:
    found = only(event(*lines))
    assert isinstance(found.when, Window)
    assert found.when.end - found.when.start == length


@pytest.mark.fault("event_times")
@pytest.mark.parametrize(
    "line",
    [
        "",
        "DTSTART:",
        "DTSTART:soon",
        "DTSTART:20261399T130000Z",
        "DTSTART:00000101T000000Z",
        "DTSTART;TZID=Asia/Tokyo:00010101T000000",
        "DTSTART:99991231T235959Z\r\nDURATION:P9D",
    ],
)
def test_times_that_make_no_sense_spoil_no_other_event(line: str) -> None:
    found = told(event("SUMMARY:Odd", start=line, uid="odd"), event("SUMMARY:Good"))
    assert [one.subject for one in found if one.when is not None] == ["Good"]


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (("DTSTART;VALUE=DATE:20261124",), 1),
        (("DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126"), 2),
        (("DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261124"), 1),
        (("DTSTART;VALUE=DATE:20261124", "DURATION:P2D"), 2),
        (("DTSTART:20261124",), 1),
        (
            (
                "DTSTART;TZID=Asia/Tokyo:20261124T000000",
                "DTEND;TZID=Asia/Tokyo:20261126T000000",
                "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
            ),
            2,
        ),
    ],
)
def test_whole_days_are_told_in_many_ways(lines: tuple[str, ...], days: int) -> None:
    first = date(2026, 11, 24)
    found = only(event(*lines, start=""))
    assert found.when == Days(first=first, after=first + timedelta(days=days))


# --- series

DAILY = "DTSTART;TZID=Europe/London:20261123T130000"


def test_an_occurrence_moved_out_of_the_window_is_gone_and_one_moved_in_is_there() -> None:
    found = told(
        event("RRULE:FREQ=DAILY;COUNT=30", "DURATION:PT1H", start=DAILY),
        event("RECURRENCE-ID:20261124T130000Z", start="DTSTART:20270124T130000Z"),
        event("RECURRENCE-ID:20261220T130000Z", start="DTSTART:20261125T180000Z"),
    )
    assert datetime(2026, 11, 24, 13, tzinfo=UTC) not in starts(found)
    moved = next(one for one in found if start(one) == datetime(2026, 11, 25, 18, tzinfo=UTC))
    assert moved.occurrence == "20261220T130000Z"
    assert len(found) == 7


def test_all_later_occurrences_move_with_one() -> None:
    found = told(
        event("RRULE:FREQ=DAILY;COUNT=5", "DURATION:PT1H", "SUMMARY:Before", start=DAILY),
        event(
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20261125T130000Z",
            "DURATION:PT30M",
            "SUMMARY:After",
            start="DTSTART:20261125T150000Z",
        ),
    )
    by_name = {one.occurrence: (one.subject, start(one).hour) for one in found}
    assert by_name == {
        "20261123T130000Z": ("Before", 13),
        "20261124T130000Z": ("Before", 13),
        "20261125T130000Z": ("After", 15),
        "20261126T130000Z": ("After", 15),
        "20261127T130000Z": ("After", 15),
    }


def test_dates_are_left_out_and_added() -> None:
    found = told(
        event(
            "RRULE:FREQ=DAILY;COUNT=4",
            "EXDATE;TZID=Europe/London:20261124T130000,20261125T130000",
            "EXDATE;VALUE=DATE:20261126",
            "RDATE:20261128T090000Z",
            "RDATE;VALUE=PERIOD:20261129T090000Z/PT2H",
            start=DAILY,
        )
    )
    assert [f"{moment:%d %H}" for moment in starts(found)] == ["23 13", "28 09", "29 09"]


def test_an_exception_may_name_its_occurrence_by_its_day() -> None:
    found = told(
        event("RRULE:FREQ=DAILY;COUNT=2", start=DAILY),
        event("RECURRENCE-ID;VALUE=DATE:20261124", start="DTSTART:20261124T170000Z"),
    )
    assert [moment.hour for moment in starts(found)] == [13, 17]


def test_an_invitation_to_one_occurrence_stands_alone() -> None:
    found = only(event("RECURRENCE-ID:20261124T130000Z", start="DTSTART:20261124T170000Z"))
    assert (start(found).hour, found.occurrence) == (17, "20261124T130000Z")


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261125T130000Z", 25),
        ("20261125T125959Z", 24),
        ("20261125T130000", 25),
        ("20261125", 25),
    ],
)
def test_a_series_ends_when_its_writer_meant(until: str, last: int) -> None:
    found = told(event(f"RRULE:FREQ=DAILY;UNTIL={until}", start=DAILY))
    assert starts(found)[-1].day == last


@pytest.mark.fault("ics_feed")
def test_a_start_outside_its_own_rule_counts() -> None:
    found = told(event("RRULE:FREQ=WEEKLY;BYDAY=TH", start=DAILY))  # it starts on a Monday
    assert [moment.day for moment in starts(found)] == [23, 26]


@pytest.mark.fault("ics_feed")
def test_a_series_without_an_end_is_read_as_far_as_needed() -> None:
    found = told(event("RRULE:FREQ=DAILY", start="DTSTART:20060101T090000Z"))
    assert len(found) == 8


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=4", [23, 24]),
        ("FREQ=MONTHLY;BYDAY=-1MO", [23, 30]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", [23, 30]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", [23, 26]),
        ("FREQ=YEARLY;BYWEEKNO=48;BYDAY=WE", [23, 25]),
        ("FREQ=MONTHLY;BYMONTHDAY=25,-3", [23, 25, 28]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU", [23, 25]),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", [23, 24, 25, 26, 27, 30]),
        ("FREQ=DAILY;INTERVAL=3;COUNT=2", [23, 26]),
        ("FREQ=YEARLY;BYYEARDAY=330", [23, 26]),
    ],
)
def test_rules_that_calendars_write_are_followed(rule: str, days: list[int]) -> None:
    window = Window(start=WINDOW.start, end=WINDOW.end + DAY)
    found = read(calendar(event(f"RRULE:{rule}", start=DAILY)), room(), window)
    assert [moment.day for moment in starts(found)] == days


@pytest.mark.fault("ics_feed")
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,10,20,30,40,50",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=FR",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;UNTIL=someday",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=77",
        "FREQ=MONTHLY;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=MO,2SU",
        "FREQ=FORTNIGHTLY",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=99",
        "INTERVAL=1",
        "nonsense",
    ],
)
def test_a_rule_without_sense_or_measure_spoils_its_series_only(rule: str) -> None:
    begun = time.perf_counter()
    found = told(event(f"RRULE:{rule}", uid="odd", start=DAILY), event("SUMMARY:Good", uid="good"))
    assert [(one.uid, one.when is None) for one in found] == [("odd", True), ("good", False)]
    assert time.perf_counter() - begun < 2


def test_whole_days_have_no_hours() -> None:
    days = "DTSTART;VALUE=DATE:20261123"
    assert only(event("RRULE:FREQ=HOURLY", start=days)).when is None
    assert len(told(event("RRULE:FREQ=DAILY;COUNT=3;BYHOUR=9,10", start=days))) == 3


@pytest.mark.fault("ics_feed")
def test_a_calendar_that_recurs_without_measure_is_refused() -> None:
    many = [
        event("RRULE:FREQ=HOURLY", uid=f"{number}", start="DTSTART:20230101T000000Z")
        for number in range(100)
    ]
    with pytest.raises(Malformed) as caught:
        told(*many)
    assert caught.value.reason == "too_many_events"


# --- names and versions


@pytest.mark.fault("ics_feed")
def test_what_has_no_uid_has_the_same_name_at_each_read() -> None:
    nameless = [event("SUMMARY:Same", uid=""), event("SUMMARY:Same", uid="")]
    first = told(*nameless)
    assert told(*nameless) == first
    assert len({one.uid for one in first}) == 2
    again = told(event("SUMMARY:Other", uid=""), *nameless)
    assert {one.uid for one in first} < {one.uid for one in again}


@pytest.mark.fault("ics_feed")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("SEQUENCE:1",), ("SEQUENCE:2",)),
        (("SEQUENCE:9",), ("SEQUENCE:10",)),
        ((), ("SEQUENCE:1",)),
        (("SEQUENCE:many",), ("SEQUENCE:1",)),
        (("SEQUENCE:-5",), ("SEQUENCE:1",)),
        (("SEQUENCE:99999999999999999999",), ("SEQUENCE:1",)),
        (("DTSTAMP:20261101T000000Z",), ("DTSTAMP:20261102T000000Z",)),
        (("LAST-MODIFIED:20261101T000000Z",), ("LAST-MODIFIED:20261102T000000Z",)),
    ],
)
def test_of_two_versions_the_later_counts(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    old, new = event("SUMMARY:Old", *one), event("SUMMARY:New", *other)
    assert only(old, new).subject == only(new, old).subject == "New"


@pytest.mark.fault("ics_feed")
def test_an_exception_for_nobody_knows_what_is_no_second_series() -> None:
    found = told(
        event("RRULE:FREQ=DAILY;COUNT=3", start=DAILY),
        event("RECURRENCE-ID:nonsense", start="DTSTART:20261124T170000Z"),
    )
    assert len(starts(found)) == 3
    assert [one.when for one in found].count(None) == 1


# --- words


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (("ATTENDEE;PARTSTAT=ACCEPTED:mailto:kestrel@example.com",), Response.ACCEPTED),
        (("ATTENDEE;PARTSTAT=accepted:MAILTO:Kestrel@Example.com",), Response.ACCEPTED),
        (("ATTENDEE;PARTSTAT=DECLINED:mailto:kestrel@example.com",), Response.DECLINED),
        (("ATTENDEE;PARTSTAT=DELEGATED:mailto:kestrel@example.com",), Response.DECLINED),
        (("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:kestrel@example.com",), Response.TENTATIVE),
        (("ATTENDEE;PARTSTAT=MAYBE LATER:mailto:kestrel@example.com",), Response.TENTATIVE),
        (("ATTENDEE:mailto:kestrel@example.com",), Response.TENTATIVE),
        (("ATTENDEE;EMAIL=kestrel@example.com;PARTSTAT=DECLINED:urn:uuid:1",), Response.DECLINED),
        (("ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.com",), Response.ACCEPTED),
        (("STATUS:TENTATIVE",), Response.TENTATIVE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",), Response.TENTATIVE),
        ((), Response.ACCEPTED),
    ],
)
@pytest.mark.fault("ics_feed")
def test_the_answer_of_the_room_counts(lines: tuple[str, ...], answer: Response) -> None:
    assert only(event(*lines)).response is answer


@pytest.mark.parametrize(
    ("line", "private"),
    [("PUBLIC", False), ("PRIVATE", True), ("CONFIDENTIAL", True), ("X-SECRET", True)],
)
@pytest.mark.fault("event_private")
def test_a_class_that_nobody_knows_is_private(line: str, private: bool) -> None:
    assert only(event(f"CLASS:{line}")).private is private


@pytest.mark.parametrize("line", ["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"])
def test_a_note_does_not_take_the_room(line: str) -> None:
    assert not only(event(line)).blocks
    assert only(event()).blocks


def test_a_meeting_without_an_organizer_is_the_room_s_own() -> None:
    assert only(event()).own
    assert only(event("ORGANIZER:mailto:kestrel@example.com")).own
    assert not only(event("ORGANIZER;CN=Ada:mailto:ada@example.com")).own


def test_text_is_unfolded_and_unescaped() -> None:
    found = only(event("SUMMARY:Caf\r\n é\\, one\\; two \\\\ thr\r\n\tee", "DESCRIPTION:a\\nb"))
    assert found.subject == "Café, one; two \\ three"
    assert found.body == "a\nb"


def test_lines_that_were_not_folded_belong_to_the_text_before() -> None:
    found = only(event("DESCRIPTION:Join here:", "https://zoom.us/j/91234567890", "tomorrow"))
    assert "https://zoom.us/j/91234567890\ntomorrow" in found.body


def test_alarms_inside_are_not_the_meeting() -> None:
    alarm = "BEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nDURATION:PT9H\r\nEND:VALARM"
    found = only(event("SUMMARY:Review", alarm, "DTEND:20261123T140000Z"))
    assert (found.subject, found.body) == ("Review", "")


def test_html_is_read_where_the_plain_text_lost_the_link() -> None:
    html = 'X-ALT-DESC;FMTTYPE=text/html:<a href="https://zoom.us/j/1">Join</a>'
    assert only(event("DESCRIPTION:Join", html)).html
    assert not only(event("DESCRIPTION:https://zoom.us/j/1", html)).html
    assert only(event(html)).html


@pytest.mark.parametrize(
    "line",
    [
        "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://meet.example.com/1",
        "X-GOOGLE-CONFERENCE:https://meet.example.com/1",
        'CONFERENCE;VALUE=URI;FEATURE="AUDIO,VIDEO":https://meet.example.com/1',
        "CONFERENCE;VALUE=URI:https://meet.example.com/1",
    ],
)
def test_the_link_that_a_service_attached_is_told(line: str) -> None:
    assert only(event(line)).online_url == "https://meet.example.com/1"


def test_other_ways_in_are_places() -> None:
    found = only(
        event(
            "LOCATION:Kestrel\\, 2nd floor",
            "CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:+1-555-0100",
            "CONFERENCE;VALUE=URI:sip:review@example.com",
            "X-GOOGLE-CONFERENCE:javascript:alert(1)",
            "URL:https://zoom.us/j/91234567890",
        )
    )
    assert found.online_url == ""
    assert found.locations == (
        "Kestrel, 2nd floor",
        "tel:+1-555-0100",
        "sip:review@example.com",
        "https://zoom.us/j/91234567890",
    )


# --- what nobody should write

LINES = st.sampled_from(
    [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VALARM",
        "END:VALARM",
        "BEGIN:VTIMEZONE",
        "TZID:Own",
        "END:VTIMEZONE",
        "BEGIN:VCALENDAR",
        "END:VCALENDAR",
        "UID:1",
        "DTSTART:20261123T130000Z",
        "DTSTART;TZID=Own:20261123T130000",
        "DTSTART;VALUE=DATE:20261123",
        "DTEND;VALUE=DATE:20261124",
        "DTEND:20261123T110000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,-9TU;UNTIL=20261201",
        "RRULE:FREQ=MONTHLY;BYDAY=0MO",
        "RDATE:20261124T130000Z,x,20261125",
        "EXDATE;VALUE=DATE:20261125",
        "EXDATE;TZID=Nowhere:20261125T130000",
        "RECURRENCE-ID:20261124T130000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261124",
        "SEQUENCE:x",
        "ATTENDEE;PARTSTAT=\x00:mailto:kestrel@example.com",
        'ORGANIZER;CN="unended:mailto:x',
        "SUMMARY",
        " folded",
        "\x00\x01",
    ]
)


def components() -> st.SearchStrategy[str]:
    return st.lists(LINES | st.text(max_size=30), max_size=20).map(
        lambda lines: "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])
    )


def sensible(body: bytes) -> None:
    """Events, or one of the four errors, in time."""
    begun = time.thread_time()  # hypothesis makes it ten times slower
    try:
        events: list[Event] = read(body, room(), WINDOW)
    except ConnectorError:
        events = []
    assert time.thread_time() - begun < 20
    for found in events:
        assert found.id
        if found.when is not None:
            assert WINDOW.overlaps(found.when.window(room().zone))
    names = [(found.uid, found.occurrence) for found in events if found.occurrence != "unknown"]
    assert len(names) == len(set(names))


@given(st.binary(max_size=400))
def test_bytes_are_events_or_an_error(body: bytes) -> None:
    sensible(body)


@given(st.lists(components(), max_size=4))
@settings(max_examples=200, deadline=None)
def test_components_are_events_or_an_error(parts: list[str]) -> None:
    sensible(calendar(*parts))


def rules() -> Iterator[st.SearchStrategy[str]]:
    number = st.integers(-400, 400).map(str)
    yield st.sampled_from(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]).map("FREQ={}".format)
    yield st.integers(-1, 50).map("INTERVAL={}".format)
    for part in ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "COUNT"):
        values = st.lists(number, min_size=1, max_size=3).map(",".join)
        yield st.tuples(st.just(part), values).map("=".join)
    yield st.lists(st.sampled_from(["MO", "2TU", "-1FR", "0SU"]), min_size=1).map(
        lambda days: f"BYDAY={','.join(days)}"
    )


@given(
    st.lists(st.one_of(*rules()), min_size=1, max_size=5),
    st.sampled_from([DAILY, "DTSTART;VALUE=DATE:20261123", "DTSTART:16010101T000000"]),
)
@settings(max_examples=50, deadline=None)
def test_rules_are_followed_or_refused_in_time(parts: list[str], begins: str) -> None:
    sensible(calendar(event(f"RRULE:{';'.join(parts)}", start=begins)))


@given(st.binary(max_size=60), st.integers(0, 3000))
@settings(max_examples=100, deadline=None)
def test_damage_in_the_middle_is_events_or_an_error(damage: bytes, at: int) -> None:
    whole = calendar(
        TOKYO.format(name="Own"),
        event("RRULE:FREQ=DAILY;COUNT=3", start="DTSTART;TZID=Own:20261123T220000"),
        event("RECURRENCE-ID:20261124T130000Z", start="DTSTART:20261124T170000Z"),
        event("DESCRIPTION:" + "x" * 200, uid="two"),
    )
    place = at % len(whole)
    sensible(whole[:place] + damage + whole[place + len(damage) :])


@pytest.mark.parametrize("depth", [20, 50_000])
def test_components_without_end_are_refused_at_once(depth: int) -> None:
    with pytest.raises(Malformed):
        read(b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * depth, room(), WINDOW)


def test_a_long_line_costs_its_length_only() -> None:
    begun = time.perf_counter()
    for text in ('SUMMARY;X="' * 200_000, "DESCRIPTION:" + "x" * 2_000_000, ";" * 1_000_000):
        told(event(text))
    assert time.perf_counter() - begun < 5


def test_the_window_ends_where_it_ends() -> None:
    found = told(event("RRULE:FREQ=HOURLY;INTERVAL=6", start="DTSTART:20261120T000000Z"))
    assert min(starts(found)) == WINDOW.start
    assert max(starts(found)) < WINDOW.end
    assert HOUR * 24 == DAY
    assert NOON in starts(found)
