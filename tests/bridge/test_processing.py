"""The export of `Get-CalendarProcessing`."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.doctor.processing import NotAnExport, matched, parsed, rows, told
from tests.fakes.sources import room

GOOD: dict[str, Any] = {
    "Mailbox": "kestrel@example.com",
    "Identity": "Kestrel",
    "AutomateProcessing": "AutoAccept",
    "DeleteComments": False,
    "DeleteSubject": False,
    "AddOrganizerToSubject": False,
    "RemovePrivateProperty": False,
    "ProcessExternalMeetingMessages": True,
}


def codes(**more: Any) -> list[str]:
    return [one.code for one in told(room(), {**GOOD, **more})]


def test_a_mailbox_that_is_set_right_is_nothing_to_mention() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("DeleteComments", True, "bodies_stripped"),
        ("DeleteComments", "True", "bodies_stripped"),
        ("DeleteSubject", True, "subjects_stripped"),
        ("AddOrganizerToSubject", True, "organizer_as_subject"),
        ("RemovePrivateProperty", True, "private_flag_lost"),
        ("ProcessExternalMeetingMessages", False, "external_never_accepted"),
        ("AutomateProcessing", "AutoUpdate", "never_accepts"),
        ("AutomateProcessing", 1, "never_accepts"),
        ("AutomateProcessing", {"value": 0, "Value": "None"}, "never_accepts"),
    ],
)
def test_each_setting_is_one_finding_with_its_command(name: str, value: Any, code: str) -> None:
    (one,) = told(room(), {**GOOD, name: value})
    assert one.code == code
    assert "-Identity 'kestrel@example.com'" in one.fix


@pytest.mark.parametrize("value", ["autoaccept", 2, {"value": 2, "Value": "AutoAccept"}])
def test_a_value_may_be_a_word_a_number_or_both(value: Any) -> None:
    assert codes(AutomateProcessing=value) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("many", [True, False])
def test_every_way_in_which_powershell_writes_it_is_read(encoding: str, *, many: bool) -> None:
    text = json.dumps([GOOD, GOOD] if many else GOOD)
    assert parsed(text.encode(encoding), "rooms.json")[0] == GOOD


def test_rooms_are_matched_by_address_or_by_the_name_of_the_mailbox() -> None:
    listed = [room(), room("heron"), room("avocet")]
    exported = [GOOD, {"Identity": "HERON", "AutomateProcessing": "AutoAccept"}]
    assert [one.id for one, _ in matched(listed, exported)] == ["kestrel", "heron"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Identity : Kestrel", "is not JSON: end the command with | ConvertTo-Json"),
        (b"[]", "has no mailbox"),
        (b'[{"Identity": "Kestrel"}]', "has no mailbox"),
        (b"\xff\xfe\x00", "is not JSON"),
    ],
)
def test_what_is_no_export_is_told_with_its_name(content: bytes, words: str) -> None:
    with pytest.raises(NotAnExport, match=r"rooms\.json") as caught:
        parsed(content, "rooms.json")
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotAnExport, match="cannot be read"):
        rows(tmp_path / "rooms.json")


NAMES = some.sampled_from([*sorted(GOOD), "value", "Value", "", "True", "\ud7ff"])
WILD = some.recursive(
    some.none() | some.booleans() | some.integers() | NAMES,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@given(some.dictionaries(NAMES, WILD))
def test_any_row_is_judged_without_a_fault(row: dict[str, Any]) -> None:
    list(told(room(), row))
    list(matched([room()], [row]))


@given(some.binary() | WILD.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_export_or_refused(content: bytes) -> None:
    with suppress(NotAnExport):
        assert parsed(content, "rooms.json")
