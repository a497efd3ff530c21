"""The person at the unit, and what happens as time passes."""

from typing import Any

import pytest

from connector.simulators.cisco import Codec, touch
from connector.simulators.cisco.markup import Tree
from connector.simulators.cisco.values import plain

from .cisco_room import NOON, Clock, Room, booking, instant, room

ADHOC = "Bookings/AdhocBooking/Enabled"


class Ear:
    """Everything that a unit tells."""

    def __init__(self, codec: Codec) -> None:
        self.heard: list[dict[str, Any]] = []
        codec.news.listen(self._hear)

    def _hear(self, news: Tree) -> None:
        self.heard.append(plain(news))

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """The events about bookings so far, and forget them."""
        found = [
            one["Event"]["Bookings"] for one in self.heard if "Bookings" in one.get("Event", {})
        ]
        self.heard.clear()
        return [next(iter(one.items())) for one in found]

    def names(self) -> list[str]:
        return [name for name, _content in self.events()]


def adhoc(**options: Any) -> tuple[Codec, Clock, Ear]:
    clock = Clock()
    codec = Codec(clock=clock, **options)
    codec.configure(ADHOC, "True")
    return codec, clock, Ear(codec)


async def listed(unit: Room, ear: Ear, *bookings: dict[str, Any]) -> list[str]:
    await unit.put(*bookings)
    return ear.names()


def test_a_booking_at_the_unit_is_shown_at_once_and_withdrawn_after_a_minute() -> None:
    codec, clock, ear = adhoc()
    result = touch(codec, "Bookings Book", Title="Quick", Duration="15", BookingRequestUUID="u1")
    assert result.status == "OK"
    asked = {
        "BookingRequestUUID": "u1",
        "Duration": 15,
        "StartTime": instant(NOON),
        "Title": "Quick",
    }
    assert ear.events() == [("BookingRequested", asked)]
    assert [one.title for one in codec.screen().bookings] == ["Quick"]
    assert codec.awake
    clock.move(seconds=59)
    codec.life.tick()
    assert codec.bookings
    clock.move(seconds=1)
    codec.life.tick()
    assert codec.bookings == ()
    assert ear.events()[-1] == (
        "BookingFailed",
        {"BookingRequestUUID": "u1", "FailureCause": "Timeout"},
    )


async def test_a_list_that_holds_it_confirms_it() -> None:
    async with room() as unit:
        unit.codec.configure(ADHOC, "True")
        ear = Ear(unit.codec)
        touch(unit.codec, "Bookings Book", Duration="30", BookingRequestUUID="u1")
        ear.events()
        await unit.put(booking("other", start=NOON.replace(hour=15)))
        assert len(unit.codec.bookings) == 2
        await unit.put(booking("cal-7", minutes=30, Title="Booked"))
        (created,) = [content for name, content in ear.events() if name == "BookingCreated"]
        assert (created["Id"], created["BookingRequestUUID"]) == ("cal-7", "u1")
        unit.clock.move(minutes=2)
        unit.codec.life.tick()
        assert [one.id for one in unit.codec.bookings] == ["cal-7"]


def test_the_timeout_is_a_setting() -> None:
    codec, clock, _ear = adhoc()
    codec.configure("Bookings/AdhocBooking/BookingTimeout", "300")
    touch(codec, "Bookings Book")
    clock.move(seconds=299)
    codec.life.tick()
    assert codec.bookings
    clock.move(seconds=1)
    codec.life.tick()
    assert not codec.bookings


def test_booking_is_refused_unless_it_is_enabled_and_the_room_is_free() -> None:
    assert touch(Codec(clock=Clock()), "Bookings Book").status == "Error"
    codec, _clock, _ear = adhoc()
    assert touch(codec, "Bookings Book", StartTime="noon").status == "ParameterError"
    assert touch(codec, "Bookings Book").status == "OK"
    assert touch(codec, "Bookings Book").status == "Error"
    codec.configure("Bookings/MaxDuration", "1")
    later = instant(NOON.replace(hour=15))
    assert touch(codec, "Bookings Book", StartTime=later, Duration="90").status == "Error"


async def test_more_time_is_asked_for_and_granted_or_not() -> None:
    async with room() as unit:
        unit.codec.configure(ADHOC, "True")
        await unit.put(booking("1", MeetingId="m1", minutes=60))
        ear = Ear(unit.codec)
        assert touch(unit.codec, "Bookings Extend", Id="1", Duration="15").status == "OK"
        name, content = ear.events()[0]
        assert name == "ExtensionRequested"
        assert content == {
            "Duration": 15,
            "Id": "1",
            "MeetingId": "m1",
            "NewEndTime": instant(NOON.replace(hour=13, minute=15)),
            "OriginalMeetingId": "m1",
        }
        await unit.put(booking("1", MeetingId="m1", minutes=75))
        unit.clock.move(minutes=2)
        unit.codec.life.tick()
        assert "ExtensionFailed" not in ear.names()
        touch(unit.codec, "Bookings Extend", Id="1", Duration="15")
        unit.clock.move(minutes=2)
        unit.codec.life.tick()
        assert ear.names()[-1] == "ExtensionFailed"


async def test_another_time_is_asked_for() -> None:
    async with room(version="RoomOS 26.4.1") as unit:
        unit.codec.configure(ADHOC, "True")
        await unit.put(booking("1", MeetingId="m1"))
        ear = Ear(unit.codec)
        later = NOON.replace(hour=14)
        touch(unit.codec, "Bookings Edit", MeetingId="m1", StartTime=instant(later))
        assert ear.events() == [("EditRequested", {"MeetingId": "m1"})]
        await unit.put(booking("1", MeetingId="m1", start=later))
        assert "BookingMoved" in ear.names()
        touch(unit.codec, "Bookings Edit", MeetingId="m1", Duration="15")
        unit.clock.move(minutes=1)
        unit.codec.life.tick()
        assert "EditFailed" in ear.names()


async def test_deleting_and_leaving_give_the_room_back() -> None:
    async with room() as unit:
        await unit.put(booking("1"), booking("2", start=NOON.replace(hour=15)))
        ear = Ear(unit.codec)
        unit.clock.move(minutes=20)
        assert touch(unit.codec, "Bookings CheckOut", Id="1").status == "OK"
        assert touch(unit.codec, "Bookings Delete", Id="2").status == "OK"
        assert touch(unit.codec, "Bookings Delete", Id="2").status == "Error"
        (_, first), (_, second) = ear.events()
        assert (first["Cause"], first["MinutesFreed"]) == ("ManualCheckOut", 40)
        assert (second["Cause"], second["MinutesFreed"]) == ("Deleted", 60)
        assert unit.codec.bookings == ()


async def test_what_comes_with_time_is_told_once() -> None:
    async with room() as unit:
        ear = Ear(unit.codec)
        ten = NOON.replace(minute=10)
        assert await listed(unit, ear, booking("1", start=ten)) == ["Updated"]
        for minutes, told in (
            (5, ["StartTimeBuffer"]),
            (5, ["Start"]),
            (5, []),
            (50, ["TimeRemaining"]),
            (5, ["End"]),
            (5, []),
        ):
            unit.clock.move(minutes=minutes)
            unit.codec.life.tick()
            assert ear.names() == told


async def test_nobody_comes_and_the_room_is_released() -> None:
    async with room(version="RoomOS 26.4.1") as unit:
        unit.codec.configure("Bookings/CheckIn/Enabled", "True")
        await unit.put(booking("1"), booking("2", start=NOON.replace(hour=13)))
        ear = Ear(unit.codec)
        unit.clock.move(minutes=10)
        unit.codec.life.tick()
        assert ear.events()[-1][1]["Cause"] == "NoShow"
        unit.clock.move(minutes=52)
        assert touch(unit.codec, "Bookings CheckIn", Id="2").status == "OK"
        name, content = ear.events()[-1]
        assert (name, content["MinuteOffset"]) == ("CheckedIn", 2)
        unit.clock.move(minutes=10)
        unit.codec.life.tick()
        assert [one.id for one in unit.codec.bookings] == ["2"]


async def test_a_call_checks_in() -> None:
    async with room() as unit:
        unit.codec.configure("Bookings/CheckIn/Enabled", "True")
        await unit.put(booking("1"))
        ear = Ear(unit.codec)
        unit.codec.press_join("1")
        unit.codec.life.tick()
        assert "CheckedIn" in ear.names()


async def test_calls_come_in_and_are_taken_held_and_ended() -> None:
    async with room() as unit:
        call = await unit.control("POST", "/ring", {"number": "2@example.com"})
        assert call["state"] == "Ringing"
        for words, state in (
            ("Call Accept", "Connected"),
            ("Call Hold", "OnHold"),
            ("Call Resume", "Connected"),
        ):
            await unit.control("POST", "/command", {"path": words})
            assert unit.codec.calls.all()[0].state == state
        await unit.control("POST", "/command", {"path": "Call Accept"}, status=409)
        tones = {"path": "Call DTMFSend", "parameters": {"DTMFString": "12#"}}
        await unit.control("POST", "/command", tones)
        assert unit.codec.calls.all()[0].tones == "12#"
        await unit.control("POST", "/command", {"path": "Call Disconnect"})
        await unit.control("POST", "/ring", {"number": "3@example.com"})
        await unit.control("POST", "/command", {"path": "Call Reject"})
        assert [call.tones for call in unit.codec.calls.ended] == ["12#", ""]


async def test_whoever_is_dialled_may_let_it_ring_or_be_busy() -> None:
    async with room(called="rings") as unit:
        touch(unit.codec, "Dial", Number="1@example.com")
        assert unit.codec.calls.all()[0].state == "Ringing"
        assert touch(unit.codec, "Call DTMFSend", DTMFString="1").status == "Error"
        await unit.control("POST", "/answer", {})
        assert unit.codec.calls.all()[0].state == "Connected"
        await unit.control("POST", "/answer", {}, status=409)
        ear = Ear(unit.codec)
        unit.codec.switch(called="busy")
        touch(unit.codec, "Dial", Number="2@example.com")
        (ended,) = [e["Event"]["CallDisconnect"] for e in ear.heard if "CallDisconnect" in str(e)]
        assert ended["CauseType"] == "Busy"


async def test_any_event_may_be_told() -> None:
    async with room() as unit:
        ear = Ear(unit.codec)
        await unit.control("POST", "/event", {"path": "Bookings/SyncRequired"})
        assert ear.events() == [("SyncRequired", {})]


@pytest.mark.parametrize("word", ["Deleted", "Timeout"])
async def test_snoozing_and_responding_need_what_they_need(word: str) -> None:
    async with room(webex_registered=word == "Deleted") as unit:
        await unit.put(booking("1", MeetingId="m1"))
        assert touch(unit.codec, "Bookings NotificationSnooze", Id="1").status == "OK"
        result = touch(unit.codec, "Bookings Respond", MeetingId="m1", Type="Decline")
        assert (result.status == "OK") == (word == "Deleted")
        assert bool(unit.codec.bookings) == (word != "Deleted")


async def test_people_are_counted_as_the_settings_say() -> None:
    async with room() as unit:
        await unit.control("PUT", "/people", {"count": 3})
        found = await unit.get("/Status/RoomAnalytics")
        assert found.findtext("RoomAnalytics/PeopleCount/Current") == "-1"
        assert found.findtext("RoomAnalytics/PeoplePresence") == "Unknown"
        unit.codec.configure("RoomAnalytics/PeopleCountOutOfCall", "On")
        unit.codec.configure("RoomAnalytics/PeoplePresenceDetector", "On")
        unit.codec.configure("Bookings/CheckIn/Enabled", "True")
        found = await unit.get("/Status/RoomAnalytics")
        assert found.findtext("RoomAnalytics/PeopleCount/Current") == "3"
        assert found.findtext("RoomAnalytics/PeoplePresence") == "Yes"
        ear = Ear(unit.codec)
        await unit.put(booking("1"))
        assert "CheckedIn" in ear.names()


async def test_meetings_of_platforms_are_joined() -> None:
    async with room() as unit:
        for words, name, protocol in (
            ("WebRTC Join", "Url", "WebRTC"),
            ("Webex Join", "Number", "Spark"),
            ("Zoom Join", "MeetingID", "SIP"),
        ):
            assert touch(unit.codec, words, **{name: "x"}).status == "OK"
            assert unit.codec.calls.all()[-1].protocol == protocol
    assert touch(Codec(version="ce9.15"), "WebRTC Join", Url="x").status == "Unknown"
