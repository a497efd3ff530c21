"""What Graph sends, decoded: held against Microsoft's metadata and the samples of its documents."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest

from connector.errors import Malformed
from connector.sources.graph import wire
from rooms.model import Days, Event, Window
from tests.fakes.virtual import NOON

KINDS = {
    wire.Item: "microsoft.graph.event",
    wire.Moment: "microsoft.graph.dateTimeTimeZone",
    wire.Body: "microsoft.graph.itemBody",
    wire.Address: "microsoft.graph.emailAddress",
    wire.Recipient: "microsoft.graph.recipient",
    wire.Location: "microsoft.graph.location",
    wire.Answered: "microsoft.graph.responseStatus",
    wire.OnlineMeeting: "microsoft.graph.onlineMeetingInfo",
}
PRIMITIVES = {"Edm.String": str, "Edm.Boolean": bool, "Edm.DateTimeOffset": str}


@pytest.fixture(scope="session")
def csdl(contracts: Path) -> Any:
    """Microsoft's published metadata of Graph v1.0."""
    folder = contracts / "schema" / "graph"
    spec = importlib.util.spec_from_file_location("csdl", folder / "check.py")
    assert spec
    assert spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Csdl(folder / "metadata-v1.0.xml")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_in_microsofts_metadata(csdl: Any, kind: type[msgspec.Struct]) -> None:
    known = csdl.props(KINDS[kind])
    for field in msgspec.structs.fields(kind):
        assert field.encode_name in known, f"{KINDS[kind]} has no {field.encode_name}"
        told = known[field.encode_name].get("Type")
        ours = [arm for arm in get_args(field.type) if arm is not type(None)] or [field.type]
        if told in PRIMITIVES:
            assert ours == [PRIMITIVES[told]], field.encode_name


def test_every_field_that_is_asked_for_is_in_microsofts_metadata(csdl: Any) -> None:
    known = csdl.props("microsoft.graph.event")
    assert not set(wire.SELECT.split(",")) - set(known)
    fields = {field.encode_name for field in msgspec.structs.fields(wire.Item)}
    assert set(wire.SELECT.split(",")) == fields


def samples(folder: Path) -> list[tuple[str, bytes]]:
    """Every sample that holds events, as a page."""
    found = []
    for file in sorted((folder / "samples" / "graph").glob("*.json")):
        sample = json.loads(file.read_text())
        if sample.get("type") != "microsoft.graph.event":
            continue
        body = sample["body"]
        items = body.get("value", [body])
        found.append((file.name, json.dumps({"value": items}).encode()))
    return found


def test_microsofts_own_samples_are_read(contracts: Path) -> None:
    found = samples(contracts)
    assert len(found) >= 5
    for name, body in found:
        sample = json.loads(body)["value"]
        if all("id" in item for item in sample):
            assert len(list(wire.events(wire.page(body)))) <= len(sample), name
        else:
            with pytest.raises(Malformed):
                wire.page(body)


def only(**item: Any) -> Event:
    usual = {
        "id": "AAMk=",
        "start": {"dateTime": "2026-11-23T13:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-23T14:00:00.0000000", "timeZone": "UTC"},
    }
    body = json.dumps({"value": [{**usual, **item}]}).encode()
    (event,) = wire.events(wire.page(body))
    return event


def moment(text: str, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": text, "timeZone": zone}


def test_seven_digits_of_fraction_are_read() -> None:
    when = only().when
    assert isinstance(when, Window)
    assert (when.start - NOON).total_seconds() == 3600


@pytest.mark.fault("event_times")
def test_a_meeting_that_ends_before_it_begins_lasts_no_time() -> None:
    when = only(end=moment("2026-11-23T12:00:00")).when
    assert isinstance(when, Window)
    assert when.start == when.end


@pytest.mark.fault("event_times")
@pytest.mark.parametrize(
    "odd",
    [
        {"start": None},
        {"start": moment("yesterday")},
        {"start": moment("2026-11-23T13:00:00", "tzone://Microsoft/Custom")},
        {"start": moment("0001-01-01T00:00:00", "Tokyo Standard Time")},
        {"start": {"dateTime": 5, "timeZone": "UTC"}},
        {"start": "2026-11-23"},
    ],
)
def test_times_that_make_no_sense_leave_the_event_without_any(odd: dict[str, Any]) -> None:
    assert only(**odd).when is None


@pytest.mark.fault("event_times")
def test_far_away_years_are_read() -> None:
    for year in (1601, 4500):
        when = only(
            start=moment(f"{year}-01-01T00:00:00"), end=moment(f"{year}-01-01T01:00:00")
        ).when
        assert isinstance(when, Window)
        assert when.start.year == year


@pytest.mark.fault("event_zones")
@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2026-11-24T00:00:00", "2026-11-25T00:00:00", "UTC"),
        ("2026-11-24T00:00:00", "2026-11-25T00:00:00", "Tokyo Standard Time"),
        ("2026-11-23T23:00:00", "2026-11-24T23:00:00", "UTC"),
        ("2026-11-24T00:00:00", "2026-11-24T00:00:00", "UTC"),
    ],
)
def test_whole_days_are_found_again_whatever_the_zone(start: str, end: str, zone: str) -> None:
    event = only(
        isAllDay=True,
        start=moment(start, zone),
        end=moment(end, zone),
        originalStartTimeZone="W. Europe Standard Time",
    )
    assert isinstance(event.when, Days)
    assert (event.when.first.day, event.when.after.day) == (24, 25)


def test_null_fields_are_like_absent_ones() -> None:
    nothing = {field.encode_name: None for field in msgspec.structs.fields(wire.Item)}
    for name in ("id", "start", "end"):
        del nothing[name]
    assert only(**nothing) == only()


def test_one_item_of_the_wrong_shape_loses_only_itself() -> None:
    items = [{"id": "a", "subject": 5}, {"id": "b", "start": moment("2026-11-23T13:00:00")}]
    found = list(wire.events(wire.page(json.dumps({"value": items}).encode())))
    assert [(event.id, event.when) for event in found] == [("a", None), ("b", None)]


@pytest.mark.fault("graph_huge")
@pytest.mark.fault("graph_not_json")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"value": [', "not_json"),
        (b'{"value": [{"id": "\xff"}]}', "not_json"),
        (b"[]", "wrong_shape"),
        (b"{}", "wrong_shape"),
        (b'{"value": 5}', "wrong_shape"),
        (b'{"value": [{"subject": "no id"}]}', "wrong_shape"),
        (b'{"value": [], "@odata.nextLink": 5}', "wrong_shape"),
        (b"[" * 100_000, "wrong_shape"),
        (b'{"value": [], "deep": ' + b"[" * 100_000, "not_json"),
    ],
)
def test_what_is_no_page_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        wire.page(body)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            b'{"error": {"code": "ErrorAccessDenied", "message": "Ada may not"}}',
            "ErrorAccessDenied",
        ),
        (b'{"error": "no"}', ""),
        (b'{"error": {"code": "<script>"}}', ""),
        (b"<html>", ""),
        (b"\xff", ""),
    ],
)
def test_an_errors_code_is_read_and_nothing_else_of_it(body: bytes, code: str) -> None:
    assert wire.error_code(body) == code
