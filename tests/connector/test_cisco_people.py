"""People that a codec sees, and the light of its panel."""

from typing import Any

import pytest

from connector.endpoint import CallsChanged, Glows, Lit, PeopleChanged
from connector.endpoints import cisco
from connector.endpoints.cisco import documents, people
from connector.errors import Malformed
from connector.simulators.cisco import Codec
from tests.connector.cisco_units import Screen, address, attended, codec, device, endpoint

__all__ = ["address", "codec", "device", "endpoint"]  # fixtures


@pytest.mark.parametrize(
    ("count", "presence", "seen"),
    [
        ("-1", "Unknown", None),
        ("", "", None),
        ("0", "Unknown", False),
        ("3", "Unknown", True),
        ("-1", "Yes", True),
        ("-1", "No", False),
        ("0", "Yes", True),
        ("2", "No", True),
        ("99999", "Unknown", None),
        ("²", "maybe", None),
    ],
)
def test_whoever_is_seen_or_heard_is_there(count: str, presence: str, seen: bool | None) -> None:
    said = {"PeopleCount": {"Current": count}, "PeoplePresence": presence}
    status = documents.element("Status", {"RoomAnalytics": said})
    assert people.seen(status) is seen


async def test_people_who_come_and_go_are_told(codec: Codec, endpoint: Any) -> None:
    codec.configure("RoomAnalytics/PeoplePresenceDetector", "On")
    async with attended(endpoint) as ear:
        assert (await ear.hears(PeopleChanged)).seen is False
        codec.count(4)
        assert (await ear.hears(PeopleChanged)).seen is True
        codec.count(2)
        codec.count(0)
        assert (await ear.hears(PeopleChanged)).seen is False
        codec.configure("RoomAnalytics/PeoplePresenceDetector", "Off")
        codec.news.changed()
        assert (await ear.hears(PeopleChanged)).seen is None


async def test_a_codec_without_detectors_tells_nothing_of_people(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        codec.count(4)
        await ear.hears(CallsChanged)
        await ear.quiet(endpoint)
        assert not [one for one in ear.heard if isinstance(one, PeopleChanged)]


async def test_the_light_shows_each_colour_where_it_may_be_set(
    codec: Codec, endpoint: Any, device: Screen
) -> None:
    assert isinstance(endpoint, Glows)
    await endpoint.glow("red")
    assert codec.light == "Off", "the unit keeps it to itself"
    codec.configure("UserInterface/LedControl/Mode", "Manual")
    for colour in ("green", "yellow", "red", "off"):
        await endpoint.glow(colour)
        assert codec.light == colour.title()


async def test_a_codec_without_a_light_says_so(codec: Codec, endpoint: Any) -> None:
    codec.upgrade("ce9.15.17.4")
    with pytest.raises(Malformed) as refused:
        await endpoint.glow("green")
    assert refused.value.reason == "unsupported"


def test_a_unit_that_is_never_reached_out_to_has_no_light() -> None:
    lit = cisco.Options(transport="pull", led=True)
    assert isinstance(lit, Lit)
    assert "led" in [key for key, _ in lit.problems()]


async def test_people_who_are_counted_in_calls_only_do_not_make_the_room_seem_empty(
    codec: Codec, endpoint: Any
) -> None:
    async with attended(endpoint) as ear:
        await ear.hears(CallsChanged)
        call = codec.calls.dial("somebody@example.com", codec.now())
        assert (await ear.hears(CallsChanged)).calls
        assert (await ear.hears(PeopleChanged)).seen is False
        codec.calls.hang_up(call.id)
        assert (await ear.hears(PeopleChanged)).seen is None
        await ear.hears(CallsChanged, lambda told: not told.calls)
