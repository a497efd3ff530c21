"""The JSON Schemas of the configuration: up to date, and of one mind with the reader."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bridge.settings import schema

CONFIG = Path(__file__).parents[2] / "config"


def faults(name: str, text: str) -> list[str]:
    validator = Draft202012Validator(schema.SCHEMAS[name]())
    return [
        ".".join(map(str, error.absolute_path))
        for error in validator.iter_errors(yaml.safe_load(text))
    ]


@pytest.mark.parametrize("name", list(schema.SCHEMAS))
def test_the_files_are_what_the_structs_say(name: str) -> None:
    Draft202012Validator.check_schema(schema.SCHEMAS[name]())
    wanted = (CONFIG / f"{name}.schema.json").read_text()
    assert schema.text(name) == wanted, "run `make schemas`"


@pytest.mark.parametrize("name", list(schema.SCHEMAS))
def test_the_examples_are_valid(name: str) -> None:
    assert faults(name, (CONFIG / f"{name}.yaml").read_text()) == []


def described(part: Any, path: str = "") -> list[str]:
    """The settings without a word about them."""
    if isinstance(part, list):
        return [found for one in part for found in described(one, path)]
    if not isinstance(part, dict):
        return []
    below = [
        found
        for key, one in part.items()
        if key not in {"properties", "if"}
        for found in described(one, path)
    ]
    for name, one in part.get("properties", {}).items():
        here = f"{path}.{name}"
        if not one.keys() & {"description", "const", "enum"} and name != "id":
            below.append(here)
        below += described(one, here)
    return below


@pytest.mark.parametrize("name", list(schema.SCHEMAS))
def test_every_setting_is_described(name: str) -> None:
    assert described(schema.SCHEMAS[name]()) == []


GRAPH = """
sources:
  m365: {kind: graph, tenant_id: t, client_id: c, client_secret_file: s}
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("poll: {near: 60}", "poll.near"),
        ("poll: {neer: 60s}", "poll"),
        ("polls: {}", ""),
        ("tentative: maybe", "tentative"),
        ("listen: {port: high}", "listen.port"),
        ("endpoint_networks: [everywhere]", "endpoint_networks.0"),
        ("join: {rules: [{name: x, kind: guess}]}", "join.rules.0.kind"),
        ("sources: {Big Corp: {kind: graph}}", "sources"),
        ("sources: {m365: {kind: grpah}}", "sources.m365.kind"),
        ("sources: {m365: {kind: graph, tenant: t}}", "sources.m365"),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses_in_bridge_yaml(text: str, place: str) -> None:
    found = faults("bridge", text if text.startswith("sources") else GRAPH + text)
    assert place in found


ROOM = "{id: kestrel, mailbox: k@example.com, time_zone: Europe/London, %s}"
CISCO = "endpoints: [{id: c, kind: cisco, address: 10.0.0.1, username: u, %s}]"


@pytest.mark.parametrize(
    ("more", "fits"),
    [
        ("floor: 2", True),
        ("floor: '2'", True),
        ("capacity: '010'", True),
        ("capacity: many", False),
        ("colour: red", False),
        (CISCO % "password_file: s", True),
        (CISCO % "password: s3cret", False),
        (CISCO % "transport: pigeon", False),
        ("join: {start_buffer: 10m, rules: []}", False),
    ],
)
def test_rooms_hold_no_secret_and_nothing_unknown(more: str, *, fits: bool) -> None:
    assert (not faults("rooms", f"rooms: [{ROOM % more}]")) == fits
