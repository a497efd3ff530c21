"""The private API: XML in, the whole list replaced."""

from datetime import timedelta
from io import BytesIO

import pytest

from .cisco_room import CLEAR, LOGIN, NOON, room, xml_booking, xml_list

NUMBERED = """<?xml version='1.0'?>
<Bookings item="1" status="OK">
 <Booking item="1"><Id item="1">7</Id><Title item="1">Weekly</Title>
  <Time item="1"><StartTime item="1">2026-02-06T12:00:00Z</StartTime>
   <EndTime item="1">2026-02-06T13:00:00Z</EndTime></Time>
  <DialInfo item="1"><Calls item="1"><Call item="1"><Number item="1">1@x.com</Number></Call></Calls>
   <ConnectMode item="1">OBTP</ConnectMode></DialInfo></Booking>
</Bookings>"""


async def test_a_push_replaces_the_whole_list() -> None:
    async with room(version="TC7.3.9") as unit:
        assert (await unit.push(xml_list(xml_booking("1"), xml_booking("2")))).status == 200
        assert (await unit.push(xml_list(xml_booking("3")))).status == 200
        assert [shown.id for shown in unit.codec.screen().bookings] == ["3"]


async def test_an_empty_list_and_a_clear_both_empty_it() -> None:
    async with room(version="ce9.1.4") as unit:
        for nothing in (xml_list(), CLEAR):
            await unit.push(xml_list(xml_booking()))
            assert (await unit.push(nothing)).status == 200
            assert unit.codec.bookings == ()


async def test_item_attributes_and_namespaces_change_nothing() -> None:
    async with room(version="ce9.1.4") as unit:
        space = 'xmlns="http://www.cisco.com/TelePresence/Bookings/1.0"'
        for text in (NUMBERED, NUMBERED.replace("<Bookings ", f"<Bookings {space} ")):
            assert (await unit.push(text)).status == 200
            assert unit.codec.screen().bookings[0].dial == "1@x.com"
            await unit.push(CLEAR)


async def test_everything_that_was_said_is_kept() -> None:
    more = (
        "<Agenda>Tea</Agenda><MaximumMeetingExtension>5</MaximumMeetingExtension>"
        "<Spark><MeetingType>Scheduled</MeetingType></Spark>"
        "<Webex><Enabled>True</Enabled><MeetingNumber>42</MeetingNumber></Webex>"
    )
    async with room(version="ce9.15.17.4") as unit:
        await unit.push(xml_list(xml_booking(buffers=(600, 120), more=more)))
        kept = unit.codec.bookings[0]
    assert (kept.start, kept.end) == (NOON, NOON + timedelta(hours=1))
    assert (kept.start_buffer, kept.end_buffer, kept.extension) == (600, 120, 5)
    assert (kept.organizer.name, kept.organizer.email) == ("Ann Baker", "ann@example.com")
    assert (kept.agenda, kept.meeting_type, kept.webex.meeting_number) == ("Tea", "Scheduled", "42")
    assert kept.targets[0].protocol == "SIP"


async def test_without_the_private_api_there_is_nothing_at_that_path() -> None:
    async with room(version="RoomOS 26.4.1") as unit:
        assert (await unit.push(CLEAR)).status == 404
    async with room(version="ce9.15.17.4", private_api=False) as unit:
        assert (await unit.push(CLEAR)).status == 404


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<Bookings>",
        "<Command/>",
        xml_list(xml_booking("")),
        xml_list(xml_booking("x" * 129)),
        xml_list(xml_booking(end=NOON - timedelta(hours=1))),
        xml_list(xml_booking(mode="Maybe")),
        xml_list(xml_booking(buffers=(-1, 0))),
        xml_list(xml_booking().replace("2026-02-06T12:00:00Z", "2026-02-06T12:00:00+01:00")),
        xml_list(xml_booking().replace("2026-02-06T12:00:00Z", "2026-02-30T12:00:00Z")),
        xml_list(xml_booking().replace("Public", "Secret")),
        "<!DOCTYPE Bookings><Bookings/>",
        '<!DOCTYPE Bookings [<!ENTITY a "b">]><Bookings>&a;</Bookings>',
    ],
)
async def test_what_cannot_be_read_is_refused_and_changes_nothing(text: str) -> None:
    async with room(version="ce9.1.4") as unit:
        await unit.push(xml_list(xml_booking("kept")))
        assert (await unit.push(text)).status == 400
        assert [one.id for one in unit.codec.bookings] == ["kept"]
        assert not unit.codec.received[-1].accepted


async def test_expect_is_refused_before_the_body_comes() -> None:
    async with room(version="ce9.1.4") as unit:
        assert (await unit.push(CLEAR, expect100=True)).status == 417
        assert unit.codec.requests[-1].status == 417
        unit.codec.switch(refuses_expect=False)
        assert (await unit.push(CLEAR, expect100=True)).status == 200


async def test_the_last_push_is_kept_as_it_came() -> None:
    text = xml_list(xml_booking())
    async with room(version="ce9.1.4") as unit:
        await unit.push(text)
        push = unit.codec.received[-1]
    assert (push.path, push.body, push.user, push.accepted) == (
        "/bookingsputxml",
        text,
        "bridge",
        True,
    )


async def test_a_body_beyond_all_measure_is_not_read() -> None:
    async with room(version="ce9.1.4") as unit:
        large = BytesIO(b" " * (9 << 20))
        answer = await unit.http.post("/bookingsputxml", data=large, headers=LOGIN)
        assert answer.status == 413
