"""The simulated codec against the schemas that Cisco publishes, where they are at hand."""

import json
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from connector.simulators.cisco import Codec, User
from connector.simulators.cisco.bookings_json import platforms, protocols
from connector.simulators.cisco.catalogue import known
from connector.simulators.cisco.commands import Order, execute
from connector.simulators.cisco.configuration import Configuration
from connector.simulators.cisco.spaces import OneOf, Space, Text, Whole
from connector.simulators.cisco.versions import Version

from .cisco_room import Clock, body, booking, room

FILES = {
    "ce9.15.17.4": "ce-9.15.17.4-bookings-dial.json",
    "RoomOS 11.27.2.0": "roomos-11.27.2.0-bookings-dial.json",
    "RoomOS 26.4.1": "roomos-26.4.1-bookings-dial.json",
}
Published: TypeAlias = tuple[str, list[dict[str, Any]]]

OURS = ("Bookings Clear", "Bookings Get", "Bookings List", "Bookings Put", "Dial")


@pytest.fixture(params=FILES)
def published(request: pytest.FixtureRequest, contracts: Path) -> Published:
    """A version and the objects of its schema."""
    text = (contracts / "schema" / "cisco" / FILES[request.param]).read_text()
    return request.param, json.loads(text)


def variants(objects: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """What a command takes, once for each family of units."""
    return [one["attributes"] for one in objects if (one["type"], one["path"]) == ("Command", path)]


def space(published: dict[str, Any]) -> Space:
    """A value space as the schema writes it."""
    if published["type"] == "Integer":
        return Whole(int(published["Min"]), int(published["Max"]))
    if published["type"] == "String":
        return Text(int(published["MaxLength"]), int(published["MinLength"]))
    return OneOf(tuple(published["Values"]))


def same(ours: Space, theirs: Space) -> bool:
    """Whether two value spaces agree, words in any order."""
    if isinstance(ours, OneOf) and isinstance(theirs, OneOf):
        return set(ours.words) == set(theirs.words)
    return ours == theirs


@pytest.mark.parametrize("path", OURS)
def test_commands_take_what_is_published(published: Published, path: str) -> None:
    text, objects = published
    command = known(Version.parse(text))[tuple(path.split())]
    theirs = variants(objects, path)
    assert any(set(command.roles) == set(one["role"]) for one in theirs)
    assert all(command.multiline == (one.get("multiline") == "True") for one in theirs)
    for name, parameter in command.parameters.items():
        found = [p for one in theirs for p in one.get("params", []) if p["name"] == name]
        assert any(
            same(parameter.space, space(p["valuespace"])) and parameter.required == p["required"]
            for p in found
        ), name
    assert {p["name"] for one in theirs for p in one.get("params", [])} == set(command.parameters)


def fits(order: Order, theirs: list[dict[str, Any]]) -> bool:
    """Whether the schema takes a command with these parameters."""
    return any(_fits(order, {p["name"]: p for p in one.get("params", [])}) for one in theirs)


def _fits(order: Order, parameters: dict[str, dict[str, Any]]) -> bool:
    given = order.parameters
    return (
        given.keys() <= parameters.keys()
        and all(name in given for name, p in parameters.items() if p["required"])
        and all(space(parameters[name]["valuespace"]).accepts(text) for name, text in given.items())
    )


ORDERS = [
    Order(path=path, parameters=parameters)
    for path, parameters in [
        (("Bookings", "Clear"), {}),
        (("Bookings", "Clear"), {"Id": "1"}),
        (("Bookings", "List"), {}),
        (("Bookings", "List"), {"Days": "1", "DayOffset": "0", "Limit": "50", "Offset": "0"}),
        (("Bookings", "List"), {"Days": "0"}),
        (("Bookings", "List"), {"Days": "366"}),
        (("Bookings", "List"), {"ScheduleType": "Current"}),
        (("Bookings", "List"), {"ScheduleType": "Past"}),
        (("Bookings", "List"), {"AccountType": "Shared"}),
        (("Bookings", "Get"), {"Id": "1"}),
        (("Bookings", "Get"), {"MeetingId": "1"}),
        (("Bookings", "Get"), {}),
        (("Bookings", "Get"), {"Id": "x" * 129}),
        (("Dial",), {"Number": "1@x.com", "Protocol": "Sip", "BookingId": "1"}),
        (("Dial",), {"Number": "1@x.com", "Protocol": "H320"}),
        (("Dial",), {"Number": "1@x.com", "Protocol": "SIP"}),
        (("Dial",), {"Number": "1@x.com", "CallRate": "6000", "CallType": "Video"}),
        (("Dial",), {"Number": "1@x.com", "CallRate": "63"}),
        (("Dial",), {"Number": "x" * 256}),
        (("Dial",), {"DisplayName": "x"}),
    ]
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_command_is_accepted_if_and_only_if_the_schema_takes_it(
    published: Published, order: Order
) -> None:
    text, objects = published
    codec = Codec(clock=Clock(), version=text)
    result = execute(codec, order, User(password="").roles)
    expected = fits(order, variants(objects, " ".join(order.path)))
    assert (result.status in {"OK", "Error"}) == expected


def test_put_takes_the_words_that_its_description_lists(published: Published) -> None:
    text, objects = published
    version = Version.parse(text)
    (put,) = variants(objects, "Bookings Put")
    assert f'"{"/".join(protocols(version))}"' in put["description"]
    if platforms(version):
        assert f'"{"/".join(platforms(version))}"' in put["description"]
    else:
        assert "MeetingPlatform" not in put["description"]
    assert ("linked to Webex Edge" in put["description"]) == Codec(
        version=text
    ).switches.put_needs_webex


async def test_the_example_of_every_description_is_accepted(published: Published) -> None:
    text, objects = published
    (put,) = variants(objects, "Bookings Put")
    _, _, rest = put["description"].partition("For example: ")
    example, _ = json.JSONDecoder().raw_decode(rest)
    async with room(version=text, webex_registered=True) as unit:
        for inner in (json.dumps(example), body(booking())):
            put_command = f"<Bookings><Put><body>{escape(inner)}</body></Put></Bookings>"
            answer = await unit.tell(f"<Command>{put_command}</Command>")
            assert answer[0].get("status") == "OK"


def test_settings_are_as_published(published: Published) -> None:
    text, objects = published
    ours = Configuration(Version.parse(text)).settings
    theirs = {
        one["path"].replace(" ", "/"): one["attributes"]
        for one in objects
        if one["type"] == "Configuration"
    }
    both = ours.keys() & theirs.keys()
    assert both >= {"Bookings/ProtocolPriority", "HttpFeedback/TlsVerify"}
    for path in both:
        assert ours[path].default == theirs[path]["default"], path
        assert same(ours[path].space, space(theirs[path]["valuespace"])), path
    assert {path for path in ours if path.startswith("Bookings/")} <= theirs.keys()
