"""XML read with suspicion, and written as it comes."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector.simulators.cisco.markup import (
    SIZE_LIMIT,
    BadMarkup,
    Items,
    Tree,
    document,
    nest,
    parse,
    pick,
)

TREE: Tree = {
    "Call": Items({3: {"Status": "Connected"}, 5: {"Status": "OnHold", "Number": "1"}}),
    "SystemUnit": {"Software": {"Version": "ce9"}, "Uptime": "1"},
}
LAUGHS = "".join(f'<!ENTITY {chr(b)} "{f"&{chr(b - 1)};" * 10}">' for b in range(98, 108))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"\xff\xfe\x00",
        b"<a>\x01</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        f'<!DOCTYPE a [<!ENTITY a "ha">{LAUGHS}]><a b="&k;">&k;</a>'.encode(),
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<a>" + b" " * SIZE_LIMIT + b"</a>",
        b"<a>" * 10_000,
    ],
)
def test_what_nobody_should_send_is_not_read(text: bytes) -> None:
    with pytest.raises(BadMarkup):
        parse(text)


@given(st.binary())
def test_anything_is_either_read_or_refused(text: bytes) -> None:
    with suppress(BadMarkup):
        parse(text)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("SystemUnit/Uptime", {"SystemUnit": {"Uptime": "1"}}),
        ("SystemUnit/Software", {"SystemUnit": {"Software": {"Version": "ce9"}}}),
        ("Call[5]/Number", {"Call": {5: {"Number": "1"}}}),
        ("Call[3]", {"Call": {3: {"Status": "Connected"}}}),
        ("Call/Status", {"Call": {3: {"Status": "Connected"}, 5: {"Status": "OnHold"}}}),
        ("Call[4]", None),
        ("Call[x]", None),
        ("Call/Coffee", None),
        ("SystemUnit/Uptime/More", None),
        ("SystemUnit[1]", None),
        ("Coffee", None),
        ("", None),
    ],
)
def test_a_path_leads_to_a_part_with_all_above_it(path: str, found: Any) -> None:
    assert pick(TREE, path) == found


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])))
def test_every_text_comes_back(text: str) -> None:
    # U+FFFE and U+FFFF cannot stand in XML at all, and a carriage return is read as a line feed.
    text = text.translate({0xFFFE: None, 0xFFFF: None})
    root = etree.fromstring(document("a", {"@b": text, "c": text}).encode())
    assert (root.get("b"), root.findtext("c")) == (text, text)


def test_numbered_branches_say_their_number() -> None:
    root = etree.fromstring(document("Status", TREE).encode())
    assert [call.get("item") for call in root.iter("Call")] == ["3", "5"]


def test_paths_become_branches() -> None:
    assert nest({"a/b/c": "1", "a/d": "2", "e": "3"}) == {
        "a": {"b": {"c": "1"}, "d": "2"},
        "e": "3",
    }
