"""What every endpoint driver promises; a driver's test says how to build one and what it shows."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

import pytest

from connector.endpoint import Lists, Shows
from rooms.model import Agenda, Booking, Buffers, JoinDetails, NoJoinReason, Window
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
ZOOM = JoinDetails(
    provider="zoom",
    meeting_id="91234567890",
    join_url="https://zoom.us/j/91234567890",
    sip="91234567890.123456@zoomcrc.com",
    h323="162.255.37.11##91234567890#123456",
)
TEAMS = JoinDetails(provider="teams", join_url="https://teams.microsoft.com/l/meetup-join/x")


class Listed(NamedTuple):
    """A booking as a person in the room sees it."""

    id: str
    title: str
    dial: str | None


class Device(Protocol):
    """The device's own side."""

    def listed(self) -> Sequence[Listed]:
        """What a person in the room sees."""

    def lose(self) -> None:
        """Forget the list, as in a restart."""


def booking(name: str, hour: float = 1, **more: Any) -> Booking:
    """A booking that can be joined."""
    usual: dict[str, Any] = {
        "id": name,
        "start": NOON + hour * HOUR,
        "end": NOON + (hour + 1) * HOUR,
        "title": name.title(),
        "organizer": "Ada Lovelace",
        "organizer_address": "ada@example.com",
        "join": ZOOM,
    }
    return Booking(**{**usual, **more})


def plain(name: str, hour: float = 1) -> Booking:
    """A booking that nobody can join."""
    return booking(name, hour, join=None, no_join_reason=NoJoinReason.NO_ONLINE_MEETING)


def agenda(*bookings: Booking) -> Agenda:
    """A list as an endpoint gets it."""
    window = Window(start=NOON - HOUR, end=NOON + 72 * HOUR)
    return Agenda(
        room="kestrel",
        as_of=NOON,
        window=window,
        bookings=bookings,
        buffers=Buffers(start=timedelta(minutes=5)),
    )


class ShowsAndLists(Shows, Lists, Protocol):
    """A room system that is told its agenda, and asked for it."""


class ShowsContract:
    """Subclasses bring `endpoint` and `device`."""

    async def test_the_device_lists_exactly_the_bookings(
        self, endpoint: Shows, device: Device
    ) -> None:
        await endpoint.show(agenda(booking("one"), booking("two", 3)))
        assert [one.id for one in device.listed()] == ["one", "two"]
        await endpoint.show(agenda(booking("two", 3), booking("three", 5)))
        assert [one.id for one in device.listed()] == ["two", "three"]

    async def test_showing_again_changes_nothing(self, endpoint: Shows, device: Device) -> None:
        await endpoint.show(agenda(booking("one")))
        before = list(device.listed())
        await endpoint.show(agenda(booking("one")))
        assert list(device.listed()) == before

    async def test_an_empty_list_is_shown_too(self, endpoint: Shows, device: Device) -> None:
        await endpoint.show(agenda(booking("one")))
        await endpoint.show(agenda())
        assert not device.listed()

    async def test_join_dials_what_the_invitation_says(
        self, endpoint: Shows, device: Device
    ) -> None:
        await endpoint.show(agenda(booking("one")))
        assert device.listed()[0].dial == ZOOM.sip

    async def test_what_cannot_be_joined_has_no_button(
        self, endpoint: Shows, device: Device
    ) -> None:
        no_route = booking("teams", 3, join=TEAMS, no_join_reason=NoJoinReason.NO_DIAL_ROUTE)
        tentative = booking("perhaps", 5, no_join_reason=NoJoinReason.TENTATIVE)
        await endpoint.show(agenda(plain("talk"), no_route, tentative))
        assert [one.dial for one in device.listed()] == [None, None, None]

    async def test_odd_titles_arrive_as_they_are(self, endpoint: Shows, device: Device) -> None:
        titles = ["<b>&amp;", "日本語 ✓ 🎉", "שלום", 'quote " and \\ back', "x" * 500]
        await endpoint.show(agenda(*(booking(f"b{n}", n, title=t) for n, t in enumerate(titles))))
        assert [one.title for one in device.listed()] == titles

    async def test_fifty_bookings_are_borne(self, endpoint: Shows, device: Device) -> None:
        await endpoint.show(agenda(*(booking(f"b{number}", number) for number in range(50))))
        assert len(device.listed()) == 50


class ListsContract:
    """Subclasses bring `endpoint` and `device`."""

    @pytest.mark.fault("endpoint_reboot")
    async def test_a_list_is_known_to_be_there_and_known_to_be_lost(
        self, endpoint: ShowsAndLists, device: Device
    ) -> None:
        told = agenda(booking("one"), plain("two", 3))
        assert await endpoint.lists(told) is False
        await endpoint.show(told)
        assert await endpoint.lists(told) is True
        device.lose()
        assert await endpoint.lists(told) is False
        await endpoint.show(told)
        assert await endpoint.lists(told) is True

    async def test_another_list_is_not_taken_for_the_right_one(
        self, endpoint: ShowsAndLists, device: Device
    ) -> None:
        await endpoint.show(agenda(booking("one"), booking("two", 3)))
        other = JoinDetails(provider="zoom", meeting_id="7", sip="7@zoomcrc.com")
        for wrong in (
            agenda(),
            agenda(booking("one")),
            agenda(booking("one"), booking("three", 3)),
            agenda(booking("one"), booking("two", 3.5)),
            agenda(booking("one"), booking("two", 3), booking("three", 5)),
            agenda(booking("one"), booking("two", 3, join=other)),
        ):
            assert await endpoint.lists(wrong) is False
        assert len(device.listed()) == 2, "asking changes nothing"

    async def test_an_empty_list_is_known_too(
        self, endpoint: ShowsAndLists, device: Device
    ) -> None:
        assert await endpoint.lists(agenda()) is True
        await endpoint.show(agenda(booking("one")))
        assert await endpoint.lists(agenda()) is False
        await endpoint.show(agenda())
        assert await endpoint.lists(agenda()) is True
        assert not device.listed()
