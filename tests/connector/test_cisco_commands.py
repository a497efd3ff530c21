"""Every command that is sent to a codec, held against Cisco's published schemas."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector.endpoint import Order
from connector.endpoints.cisco import bookings, commands
from connector.endpoints.cisco.commands import Command
from connector.endpoints.cisco.notices import EXPRESSIONS
from rooms.join import DialString
from tests.connector.endpoint_contract import agenda, booking, plain

CONTRACTS = os.environ.get("BRIDGE_CONTRACTS", "")
VERSIONS = {
    "ce-9.15.17.4": (9, 15, 17, 4),
    "roomos-11.27.2.0": (11, 27, 2, 0),
    "roomos-26.4.1": (26, 4, 1),
}
NOT_IN_EXTRACTS = {("Call", "Disconnect"), ("Call", "DTMFSend")}
ORDER = Order(dial=DialString("sip", "1@example.com"), booking="b1", title="Weekly")


def sent(version: tuple[int, ...]) -> list[Command]:
    told = agenda(booking("one"), plain("two", 3))
    payload = bookings.put_json(bookings.shown(told, ("sip",)), told.buffers, version)
    expressions = tuple("/" + "/".join(path) for path in EXPRESSIONS)
    return [
        commands.put(payload),
        commands.CLEAR,
        *commands.LISTS,
        commands.dial(ORDER, 6000),
        commands.bare(commands.dial(ORDER, 6000)),
        commands.hang_up(3),
        *commands.tones("12#", 3, old=False),
        commands.register(1, "https://bridge.example/hooks/cisco/x", expressions, old=False),
        commands.enable(1),
        commands.deregister(1),
    ]


def schema(name: str) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The parameters of each command; several products may differ."""
    if not CONTRACTS:
        pytest.skip("BRIDGE_CONTRACTS names no folder")
    file = Path(CONTRACTS) / "schema" / "cisco" / f"{name}-bookings-dial.json"
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in msgspec.json.decode(file.read_bytes()):
        if one["type"] == "Command":
            found.setdefault(tuple(one["path"].split()), []).append(one["attributes"])
    return found


def fits(value: Any, space: dict[str, Any]) -> bool:
    match space["type"]:
        case "Integer":
            return isinstance(value, int) and int(space["Min"]) <= value <= int(space["Max"])
        case "Literal":
            return value in space["Values"]
        case "StringArray":
            return isinstance(value, tuple) and len(value) <= int(space["multiple"])
        case _:
            return int(space["MinLength"]) <= len(value) <= int(space["MaxLength"])


@pytest.mark.parametrize("name", VERSIONS)
def test_every_command_is_as_cisco_describes_it(name: str) -> None:
    known = schema(name)
    for command in sent(VERSIONS[name]):
        if command.path in NOT_IN_EXTRACTS:
            continue
        for attributes in known[command.path]:
            parameters = {one["name"]: one for one in attributes.get("params", [])}
            said = dict(command.said)
            assert said.keys() <= parameters.keys(), command.path
            required = {key for key, one in parameters.items() if one.get("required")}
            assert required - {"body"} <= said.keys()
            for key, value in said.items():
                assert fits(value, parameters[key]["valuespace"]), (command.path, key)
            multiline = str(attributes.get("multiline")) == "True"
            assert multiline or not command.body


def test_the_json_of_a_list_has_what_is_required_of_it() -> None:
    for version in VERSIONS.values():
        for entry in msgspec.json.decode(sent(version)[0].body)["Bookings"]:
            assert {"Id", "Title", "Number", "Protocol", "Organizer", "Time"} <= entry.keys()
            assert entry["Organizer"]["Name"]
            assert entry["Time"].keys() >= {"StartTime", "Duration"}


def test_old_codecs_are_told_nothing_of_formats() -> None:
    old = commands.register(2, "https://x", ("/Event/Bookings",), old=True)
    assert [key for key, _ in old.said] == ["FeedbackSlot", "ServerUrl", "Expression"]
    assert next(commands.tones("1", None, old=True)).path == ("DTMFSend",)


def test_many_tones_are_sent_in_pieces() -> None:
    pieces = list(commands.tones("1" * 70, 3, old=False))
    assert [len(str(dict(one.said)["DTMFString"])) for one in pieces] == [32, 32, 6]


ANY = st.text(max_size=60)


@given(title=ANY, number=ANY, booking_id=ANY)
def test_nothing_that_is_said_can_become_a_command_of_its_own(
    title: str, number: str, booking_id: str
) -> None:
    order = Order(dial=DialString("sip", number), booking=booking_id, title=title)
    command = commands.dial(order, 6000)
    root = etree.fromstring(commands.as_xml(command))
    assert [child.tag for child in root] == ["Dial"]
    assert all(len(child) == 0 for child in root[0])
    method, said = commands.as_call(command)
    assert method == "xCommand/Dial"
    assert "\n" not in "".join(map(str, said.values()))
    lines = list(commands.as_lines(command, 7))
    assert len(lines) == 1
    assert len(lines[0].splitlines()) == 1
    assert lines[0].endswith(' | resultId="7"')


def test_a_list_goes_over_the_terminal_as_one_line_and_a_full_stop() -> None:
    command = sent((11, 27))[0]
    first, body, end = commands.as_lines(command, 3)
    assert first == 'xCommand Bookings Put | resultId="3"'
    assert msgspec.json.decode(body)
    assert end == "."
