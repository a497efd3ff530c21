"""Commands and settings over /putxml."""

from datetime import timedelta

import pytest
from lxml import etree

from connector.simulators.cisco import User

from .cisco_room import LOGIN, NOON, booking, command, put, room, xml_booking, xml_list

LIST = command('<Bookings><List command="True"/></Bookings>')


def only(answer: etree._Element) -> etree._Element:
    """The one result of an answer."""
    assert answer.tag == "Command"
    assert len(answer) == 1
    return answer[0]


async def test_a_put_replaces_the_whole_list() -> None:
    async with room() as unit:
        await unit.put(booking("1"), booking("2"))
        result = only(await unit.put(booking("3")))
        assert (result.tag, result.get("status")) == ("BookingsPutResult", "OK")
        assert [one.id for one in unit.codec.bookings] == ["3"]


async def test_a_put_is_read_whether_or_not_it_says_that_it_is_a_command() -> None:
    async with room() as unit:
        await unit.tell(put(booking()).replace(' command="True"', ""))
        assert len(unit.codec.bookings) == 1


@pytest.mark.parametrize("version", ["TC7.3.9", "ce9.1.4"])
async def test_old_units_do_not_know_put(version: str) -> None:
    async with room(version=version) as unit:
        assert len(await unit.put(booking())) == 0
        assert unit.codec.bookings == ()
        assert not unit.codec.received


@pytest.mark.parametrize(
    ("version", "registered", "status"),
    [
        ("ce9.15.17.4", False, "Error"),
        ("ce9.15.17.4", True, "OK"),
        ("RoomOS 10.19", False, "Error"),
        ("RoomOS 11.13", False, "Error"),
        ("RoomOS 11.14.4.0", False, "OK"),
        ("RoomOS 26.4.1", False, "OK"),
    ],
)
async def test_put_asks_for_webex_before_11_14(version: str, registered: bool, status: str) -> None:
    async with room(version=version, webex_registered=registered) as unit:
        assert only(await unit.put(booking())).get("status") == status


async def test_whether_put_needs_webex_is_a_switch() -> None:
    async with room(version="ce9.15.17.4", put_needs_webex=False) as unit:
        assert only(await unit.put(booking())).get("status") == "OK"


async def test_teams_takes_put_away_from_26_4_on() -> None:
    for version, status in (("RoomOS 26.4.1", "Error"), ("RoomOS 11.27.2.0", "OK")):
        async with room(version=version, teams_mode=True) as unit:
            assert only(await unit.put(booking())).get("status") == status


async def test_a_wrong_body_is_a_parameter_error_with_words() -> None:
    async with room() as unit:
        await unit.put(booking("kept"))
        result = only(await unit.put(booking(Protocol="Telepathy")))
        assert result.get("status") == "ParameterError"
        assert "Protocol" in (result.findtext("Reason") or "")
        assert unit.codec.bookings[0].id == "kept"
        assert not unit.codec.received[-1].accepted


async def test_the_body_of_a_put_is_kept_as_it_came() -> None:
    async with room() as unit:
        await unit.put(booking())
        assert unit.codec.received[-1].path == "/putxml"
        assert unit.codec.received[-1].body == put(booking())


async def test_clear_empties_the_list() -> None:
    async with room() as unit:
        await unit.put(booking())
        result = only(await unit.tell(command('<Bookings><Clear command="True"/></Bookings>')))
        assert (result.tag, result.get("status")) == ("BookingsClearResult", "OK")
        assert unit.codec.bookings == ()


async def test_an_empty_list_has_no_booking() -> None:
    async with room() as unit:
        result = only(await unit.tell(LIST))
        assert result.findtext("ResultInfo/TotalRows") == "0"
        assert result.find("Booking") is None


async def test_a_list_gives_back_what_was_pushed() -> None:
    async with room() as unit:
        await unit.put(booking(Title="Tea & <cake>", MeetingId="abc"))
        result = only(await unit.tell(LIST))
    found = result.find("Booking")
    assert found is not None
    assert (found.get("item"), found.get("maxOccurrence")) == ("1", "n")
    said = {path: found.findtext(path) for path in ("Id", "MeetingId", "Title", "Privacy")}
    assert said == {"Id": "1", "MeetingId": "abc", "Title": "Tea & <cake>", "Privacy": "Public"}
    assert found.findtext("Organizer/FirstName") == "Ann Baker"
    assert found.findtext("Time/StartTime") == "2026-02-06T12:00:00Z"
    assert found.findtext("Time/EndTime") == "2026-02-06T13:00:00Z"
    assert found.findtext("DialInfo/Calls/Call/Number") == "123@example.com"
    assert found.findtext("DialInfo/ConnectMode") == "OBTP"


async def test_later_units_give_back_fields_that_nobody_pushed() -> None:
    added = {"MeetingId", "Cancellable", "Spark"}
    spark = "<Spark><MeetingType>Scheduled</MeetingType></Spark>"
    for version, expected in (("ce9.1.4", set()), ("ce9.15.17.4", added)):
        async with room(version=version) as unit:
            await unit.push(xml_list(xml_booking(more=spark)))
            found = only(await unit.tell(LIST)).find("Booking")
            assert found is not None
            assert {child.tag for child in found} & added == expected
            assert found.find("MeetingExtensionAvailability") is not None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", ["yesterday", "running", "later", "tomorrow"]),
        ("<DayOffset>0</DayOffset>", ["running", "later", "tomorrow"]),
        ("<Days>1</Days>", ["running", "later"]),
        ("<Days>1</Days><DayOffset>1</DayOffset>", ["tomorrow"]),
        ("<Limit>2</Limit>", ["yesterday", "running"]),
        ("<Limit>2</Limit><Offset>3</Offset>", ["tomorrow"]),
        ("<ScheduleType>Current</ScheduleType>", ["running"]),
        ("<ScheduleType>Upcoming</ScheduleType>", ["later", "tomorrow"]),
    ],
)
async def test_a_list_can_be_narrowed(asked: str, expected: list[str]) -> None:
    day = timedelta(days=1)
    async with room() as unit:
        await unit.put(
            booking("tomorrow", start=NOON + day),
            booking("yesterday", start=NOON - day),
            booking("later", start=NOON + day / 6),
            booking("running", start=NOON - day / 48),
        )
        result = only(await unit.tell(command(f"<Bookings><List>{asked}</List></Bookings>")))
    assert [found.findtext("Id") for found in result.iter("Booking")] == expected


async def test_get_gives_one_booking() -> None:
    async with room() as unit:
        await unit.put(booking("1"), booking("2", MeetingId="m"))
        for asked, expected in (("<Id>2</Id>", "2"), ("<MeetingId>m</MeetingId>", "2")):
            result = only(await unit.tell(command(f"<Bookings><Get>{asked}</Get></Bookings>")))
            assert result.findtext("Booking/Id") == expected
        result = only(await unit.tell(command("<Bookings><Get><Id>3</Id></Get></Bookings>")))
        assert result.get("status") == "Error"


async def test_dial_calls_and_disconnect_ends_it() -> None:
    async with room() as unit:
        asked = "<Dial><Number>1@x.com</Number><BookingId>b</BookingId></Dial>"
        result = only(await unit.tell(command(asked)))
        assert (result.tag, result.findtext("CallId")) == ("DialResult", "1")
        call = unit.codec.screen().calls[0]
        assert (call.number, call.booking_id) == ("1@x.com", "b")
        result = only(await unit.tell(command("<Call><Disconnect/></Call>")))
        assert (result.tag, result.get("status")) == ("CallDisconnectResult", "OK")
        result = only(await unit.tell(command("<Call><Disconnect/></Call>")))
        assert result.get("status") == "Error"


async def test_a_call_is_ended_by_its_number() -> None:
    async with room() as unit:
        for number in ("1@x.com", "2@x.com"):
            await unit.tell(command(f"<Dial><Number>{number}</Number></Dial>"))
        asked = "<Call><Disconnect><CallId>1</CallId></Disconnect></Call>"
        await unit.tell(command(asked))
        assert [call.number for call in unit.codec.screen().calls] == ["2@x.com"]


async def test_only_tc_ends_all_calls_at_once() -> None:
    for version, left in (("TC7.3.9", 0), ("ce9.1.4", 1)):
        async with room(version=version) as unit:
            await unit.tell(command("<Dial><Number>1@x.com</Number></Dial>"))
            await unit.tell(command("<Call><DisconnectAll/></Call>"))
            assert len(unit.codec.screen().calls) == left


@pytest.mark.parametrize(
    "asked",
    [
        "<Coffee><Make/></Coffee>",
        "<Bookings><List><Weeks>1</Weeks></List></Bookings>",
        "<Dial><Number>1</Number><Loudly>True</Loudly></Dial>",
        "<Bookings/>",
        "<Bookings><Clear><body>{}</body></Clear></Bookings>",
    ],
)
async def test_words_that_a_unit_has_never_heard_get_an_empty_answer(asked: str) -> None:
    async with room() as unit:
        answer = await unit.tell(command(asked))
        assert (answer.tag, len(answer)) == ("Command", 0)


@pytest.mark.parametrize(
    "asked",
    [
        "<Dial/>",
        f"<Dial><Number>{'1' * 256}</Number></Dial>",
        "<Dial><Number>1</Number><Protocol>SIP</Protocol></Dial>",
        "<Dial><Number>1</Number><CallRate>63</CallRate></Dial>",
        "<Bookings><List><Days>0</Days></List></Bookings>",
        "<Bookings><List><Days>1.5</Days></List></Bookings>",
        "<Bookings><Get><Id/></Get></Bookings>",
    ],
)
async def test_missing_and_impossible_values_are_parameter_errors(asked: str) -> None:
    async with room() as unit:
        result = only(await unit.tell(command(asked)))
        assert result.get("status") == "ParameterError"
        assert result.findtext("XPath", "").startswith("/Command/")


async def test_several_commands_are_done_in_their_order() -> None:
    async with room() as unit:
        inner = "<Bookings><Clear/></Bookings><Dial><Number>1</Number></Dial>"
        answer = await unit.tell(command(inner))
        assert [result.tag for result in answer] == ["BookingsClearResult", "DialResult"]


async def test_put_is_for_administrators() -> None:
    users = {"bridge": User(password="secret", roles=("User",))}
    async with room(users=users) as unit:
        assert only(await unit.put(booking())).get("status") == "Error"
        assert only(await unit.tell(LIST)).get("status") == "OK"


async def test_a_setting_is_changed_and_read_back() -> None:
    asked = "<Configuration><HttpFeedback><TlsVerify>Off</TlsVerify></HttpFeedback></Configuration>"
    async with room() as unit:
        answer = await unit.tell(asked)
        assert (answer.tag, answer[0].tag) == ("Configuration", "Success")
        found = await unit.get("/Configuration/HttpFeedback/TlsVerify")
        assert found.findtext("HttpFeedback/TlsVerify") == "Off"


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ("<HttpFeedback><TlsVerify>Maybe</TlsVerify></HttpFeedback>", "ParameterError"),
        ("<Coffee><Strength>5</Strength></Coffee>", "Error"),
    ],
)
async def test_a_setting_that_cannot_be_is_refused(inner: str, status: str) -> None:
    async with room() as unit:
        answer = await unit.tell(f"<Configuration>{inner}</Configuration>")
        assert answer.get("status") == status
        assert answer.findtext("XPath", "").startswith("Configuration/")


async def test_settings_are_for_administrators() -> None:
    users = {"bridge": User(password="secret", roles=("User",))}
    async with room(users=users) as unit:
        answer = await unit.tell(
            "<Configuration><SystemUnit><Name>x</Name></SystemUnit></Configuration>"
        )
        assert answer.get("status") == "Error"


@pytest.mark.parametrize("text", ["", "<Command>", "<Status/>", "<!DOCTYPE Command><Command/>"])
async def test_what_is_no_command_is_a_bad_request(text: str) -> None:
    async with room() as unit:
        answer = await unit.http.post("/putxml", data=text.encode(), headers=LOGIN)
        assert answer.status == 400
