"""What a codec says, taken apart: nothing in it does harm, and both forms mean the same."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.endpoint import BookingWanted, ExtensionWanted
from connector.endpoints.cisco import documents, listing, notices
from connector.endpoints.cisco.bookings import Shown, shown
from connector.errors import Malformed
from tests.connector.endpoint_contract import agenda, booking, plain
from tests.fakes.virtual import NOON

BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<Status><Name>&b;</Name></Status>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<Status><Name>&a;</Name></Status>"""


@pytest.mark.fault("endpoint_control_characters")
@pytest.mark.parametrize("name", [b"TV\x01\x02\x05", b"TV&#1;&#x5;", b"TV&#0;&#31;&#x1F;"])
def test_control_characters_are_dropped(name: bytes) -> None:
    root = documents.xml(b"<Status><Name>" + name + b"</Name></Status>")
    assert documents.text(root, "Name") == "TV"


@pytest.mark.fault("endpoint_control_characters")
@pytest.mark.parametrize(
    "body",
    [BOMB, FILE, b"", b"no XML", b"<Status>", b"\xff\xfe", b"<a>" * 5000 + b"</a>" * 5000],
)
def test_bombs_and_what_is_no_xml_are_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        documents.xml(body)
    assert caught.value.reason == "not_xml"


@pytest.mark.fault("endpoint_control_characters")
def test_json_that_is_too_deep_is_refused() -> None:
    for body in (b'{"A":' * 100 + b"1" + b"}" * 100, b'{"A":' * 100_000, b'{"<": 1}', b"nothing"):
        with pytest.raises(Malformed):
            documents.element("Status", documents.json(body))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_refused(body: bytes) -> None:
    with suppress(Malformed):
        documents.xml(body)
    with suppress(Malformed):
        documents.element("Status", documents.json(body))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=6), below, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_json_value_becomes_an_element_or_is_refused(value: object) -> None:
    with suppress(Malformed):
        documents.element("Status", msgspec.json.decode(msgspec.json.encode(value)))


def test_plain_and_wrapped_json_and_xml_mean_the_same() -> None:
    plain_form = {"Call": [{"id": 3, "Status": "Connected", "Duration": 5, "Ghost": True}]}
    wrapped = {
        "Call": [
            {
                "id": "3",
                "maxOccurrence": "n",
                "Status": {"Value": "Connected"},
                "Duration": {"Value": "5"},
                "Ghost": {"Value": "True"},
            }
        ]
    }
    xml = documents.xml(
        b'<Status><Call item="3"><Status item="1">Connected</Status>'
        b"<Duration>5</Duration><Ghost>True</Ghost></Call></Status>"
    )
    for root in (xml, *(documents.element("Status", one) for one in (plain_form, wrapped))):
        (call,) = root.iterchildren("Call")
        assert documents.number(call) == "3"
        said = [documents.text(call, name) for name in ("Status", "Duration", "Ghost")]
        assert said == ["Connected", "5", "True"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-02-06T10:00:00Z", datetime(2026, 2, 6, 10, tzinfo=UTC)),
        ("2026-02-06T11:00:00+0100", datetime(2026, 2, 6, 10, tzinfo=UTC)),
        ("2026-02-06T10:00:00.300000000Z", datetime(2026, 2, 6, 10, 0, 0, 300000, tzinfo=UTC)),
        ("2026/02/06 10:00:00", None),
        ("2026-02-06T10:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
    ],
)
def test_times_without_a_zone_tell_nothing(said: str, meant: datetime | None) -> None:
    assert documents.instant(said) == meant


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("ce9.15.17.4.5f1e6c0a9d2", (9, 15, 17, 4)),
        ("RoomOS 11.27.2.0 8f2c", (11, 27, 2, 0)),
        ("TC7.3.9.a1b2", (7, 3, 9)),
        ("nothing", ()),
        ("9" * 5000 + ".x", ()),
    ],
)
def test_versions_are_read_out_of_every_form(said: str, version: tuple[int, ...]) -> None:
    root = documents.element("Status", {"SystemUnit": {"Software": {"Version": said}}})
    assert documents.version_of(root)[:4] == version


# --- the list read back


def listed(*entries: dict[str, object]) -> documents.Document:
    return documents.element("BookingsListResult", {"status": "OK", "Booking": list(entries)})


def entry(name: str, hour: int, number: str = "", **more: object) -> dict[str, object]:
    time = {
        "StartTime": f"2026-11-23T{12 + hour:02}:00:00Z",
        "EndTime": f"2026-11-23T{13 + hour:02}:00:00Z",
    }
    calls = {"Calls": {"Call": [{"id": 1, "Number": number, "Protocol": "SIP"}]}} if number else {}
    return {"Id": name, "Title": "what it likes", "Time": time, "DialInfo": calls, **more}


def told() -> list[Shown]:
    return shown(agenda(booking("one"), plain("two", 3)), ("sip",))


NUMBER = "91234567890.123456@zoomcrc.com"
ONE, TWO = entry("one", 1, NUMBER), entry("two", 3)


@pytest.mark.parametrize(
    ("entries", "same"),
    [
        ([ONE, TWO], True),
        ([TWO, ONE], True),
        ([entry("one", 1, "sip:" + NUMBER.upper()), TWO], True),
        ([ONE], False),
        ([], False),
        ([ONE, TWO, entry("three", 5)], False),
        ([ONE, TWO, entry("over", -2)], True),
        ([entry("one", 2, NUMBER), TWO], False),
        ([entry("one", 1, "1@example.com"), TWO], False),
        ([entry("one", 1), TWO], False),
        ([ONE, entry("two", 3, NUMBER)], False),
        ([entry("one", 1, NUMBER, Time={"StartTime": "2026-11-23T13:00:00Z"}), TWO], True),
        (
            [
                entry(
                    "one",
                    1,
                    NUMBER,
                    Time={"StartTime": "2026-11-23T13:00:00Z", "Duration": 30},
                ),
                TWO,
            ],
            False,
        ),
    ],
)
def test_a_list_is_the_same_by_ids_times_and_what_is_dialled(
    entries: list[dict[str, object]], *, same: bool
) -> None:
    assert listing.same(listed(*entries), told(), NOON) is same


def test_an_empty_list_has_no_booking_in_it() -> None:
    empty = documents.xml(b'<R status="OK"><ResultInfo><TotalRows>0</TotalRows></ResultInfo></R>')
    assert listing.same(empty, [], NOON)
    assert not listing.same(empty, told(), NOON)


def test_what_is_over_a_codec_may_have_dropped() -> None:
    over = shown(agenda(booking("past", -2), booking("one")), ("sip",))
    assert listing.same(listed(ONE), over, NOON)
    assert listing.same(listed(ONE, entry("past", -2, NUMBER)), over, NOON)


# --- what it tells by itself

EVENTS = st.sampled_from(
    ["BookingRequested", "ExtensionRequested", "Deleted", "CheckedIn", "SyncRequired", "Updated"]
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["Id", "MeetingId", "BookingRequestUUID", "StartTime", "NewEndTime", "Duration", "Cause"]
    ),
    st.sampled_from(["one", "", "2026-11-23T13:00:00Z", "9999-12-31T23:59:59Z", "-1", "9" * 99])
    | st.text(max_size=12)
    | st.integers(),
)


@given(event=EVENTS, fields=FIELDS)
def test_any_event_of_a_booking_is_a_notice_or_nothing(
    event: str, fields: dict[str, object]
) -> None:
    with suppress(Malformed):
        document = documents.element("Event", {"Bookings": {event: fields}})
        for told in notices.read(document):
            if isinstance(told, BookingWanted):
                assert timedelta() < told.end - told.start <= timedelta(days=1)
            if isinstance(told, ExtensionWanted):
                assert told.booking
                assert told.end.tzinfo is not None


@given(VALUES)
def test_any_event_is_a_notice_or_nothing(value: object) -> None:
    with suppress(Malformed):
        body = msgspec.json.encode({"Bookings": value, "Call": value, "Other": value})
        list(notices.read(documents.element("Event", documents.json(body))))
