"""What a person in the room sees and can press."""

from datetime import timedelta
from typing import Any

import pytest

from connector.simulators.cisco import Codec, NotJoinable
from connector.simulators.cisco.bookings import Shown
from connector.simulators.cisco.bookings_json import read as read_json
from connector.simulators.cisco.bookings_xml import read as read_xml

from .cisco_room import NOON, Clock, body, booking, xml_booking, xml_list

HOUR = timedelta(hours=1)


def codec(*entries: dict[str, Any], **options: Any) -> Codec:
    """A unit at noon that was told these."""
    unit = Codec(clock=Clock(), **options)
    unit.replace(read_json(body(*entries), unit.version))
    return unit


def pushed(*bookings: str) -> Codec:
    """The same over the private API."""
    unit = Codec(clock=Clock(), version="ce9.1.4")
    unit.replace(read_xml(xml_list(*bookings).encode()))
    return unit


def only(unit: Codec) -> Shown:
    (shown,) = unit.screen().bookings
    return shown


@pytest.mark.parametrize(
    ("seconds", "lit"),
    [(-301, False), (-300, True), (0, True), (3599, True), (3600, True), (3659, True)],
)
def test_join_is_lit_between_the_buffers(seconds: int, lit: bool) -> None:
    unit = pushed(xml_booking(buffers=(300, 60)))
    assert unit.screen(NOON + timedelta(seconds=seconds)).bookings[0].join == lit


def test_a_booking_leaves_the_screen_when_its_buffer_ends() -> None:
    unit = pushed(xml_booking(buffers=(300, 60)))
    assert unit.screen(NOON + HOUR + timedelta(seconds=60)).bookings == ()


def test_bookings_stand_in_order_of_time() -> None:
    unit = codec(booking("late", start=NOON + 2 * HOUR), booking("soon", start=NOON + HOUR))
    assert [shown.id for shown in unit.screen().bookings] == ["soon", "late"]


def test_the_screen_says_what_join_would_dial_even_before_it_is_lit() -> None:
    shown = only(codec(booking(start=NOON + HOUR)))
    assert (shown.join, shown.dial, shown.protocol) == (False, "123@example.com", "SIP")


@pytest.mark.parametrize(
    "text",
    [
        xml_booking(call=""),
        xml_booking(call="", mode="Manual"),
        xml_booking(mode="Manual"),
        xml_booking(call="<Call><Number/></Call>"),
    ],
)
def test_without_a_number_or_with_manual_there_is_no_join(text: str) -> None:
    unit = pushed(text)
    shown = only(unit)
    assert (shown.join, shown.dial) == (False, None)
    with pytest.raises(NotJoinable):
        unit.press_join("1")


def test_pressing_join_calls_what_the_screen_promised() -> None:
    unit = codec(booking("b"))
    call = unit.press_join("b")
    assert (call.number, call.booking_id, call.protocol) == ("123@example.com", "b", "SIP")
    assert unit.screen().calls == (call,)
    assert only(unit).in_call
    assert not only(unit).join


def test_join_cannot_be_pressed_twice_before_its_time_or_for_nothing() -> None:
    unit = codec(booking("now"), booking("later", start=NOON + HOUR))
    unit.press_join("now")
    for identity in ("now", "later", "never"):
        with pytest.raises(NotJoinable):
            unit.press_join(identity)


def test_join_is_lit_again_after_hanging_up() -> None:
    unit = codec(booking("b"))
    unit.press_join("b")
    unit.calls.hang_up()
    assert only(unit).join


def test_a_unit_may_hide_titles_organizers_and_what_cannot_be_joined() -> None:
    unit = codec(booking("a"), booking("b", number=""))
    for what in ("Title", "Organizer", "NonJoinableMeetings"):
        unit.configuration.change(f"UserInterface/Bookings/Visibility/{what}", "Hidden")
    shown = only(unit)
    assert (shown.id, shown.title, shown.organizer) == ("a", "Scheduled meeting", "")


def test_private_and_platform_are_told() -> None:
    shown = only(codec(booking(Privacy="Private", MeetingPlatform="Zoom")))
    assert (shown.private, shown.platform) == (True, "Zoom")


def test_a_reboot_loses_the_list_and_ends_calls() -> None:
    unit = codec(booking("b"))
    unit.press_join("b")
    unit.reboot()
    assert (unit.screen().bookings, unit.screen().calls) == ((), ())


def test_whether_a_reboot_loses_the_list_is_a_switch() -> None:
    unit = codec(booking(), keeps_bookings=True)
    unit.reboot()
    assert len(unit.screen().bookings) == 1


def test_an_upgrade_keeps_the_settings_that_the_new_version_knows() -> None:
    unit = codec(booking())
    unit.configuration.change("HttpFeedback/TlsVerify", "Off")
    unit.configuration.change("Bookings/CheckIn/Enabled", "True")
    unit.upgrade("ce9.15.17.4")
    assert unit.configuration["HttpFeedback/TlsVerify"] == "Off"
    assert "Bookings/CheckIn/Enabled" not in unit.configuration
    assert unit.switches.put_needs_webex


def test_switches_survive_what_is_usual_for_another_version() -> None:
    unit = Codec(clock=Clock(), version="RoomOS 26.4.1", put_needs_webex=True)
    assert not unit.switches.private_api
    unit.upgrade("RoomOS 11.27.2.0")
    assert unit.switches.private_api
    assert unit.switches.put_needs_webex


@pytest.mark.parametrize("switch", [{"coffee": True}, {"private_api": "yes"}, {"sign_in": "302"}])
def test_a_switch_that_is_not_there_is_refused(switch: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown|Expected|Invalid"):
        Codec(**switch)
