"""What comes in over the terminal and the WebSocket, whatever it is."""

import asyncio
import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from connector.simulators.cisco import Codec, queries
from connector.simulators.cisco.calling import Refused, asked
from connector.simulators.cisco.markup import Items
from connector.simulators.cisco.queries import difference, merge, select, steps
from connector.simulators.cisco.shell import Ended, Shell
from connector.simulators.cisco.values import plain

from .cisco_room import Clock, body, booking

names = st.sampled_from(["Call", "Status", "Audio", "Volume", "Id"])
trees: st.SearchStrategy[Any] = st.recursive(
    st.text("ab1", max_size=3),
    lambda below: st.one_of(
        st.dictionaries(names, below, max_size=3),
        st.dictionaries(st.integers(1, 3), st.dictionaries(names, below, max_size=2)).map(Items),
    ),
    max_leaves=8,
)
documents = st.dictionaries(names, trees, max_size=3)

LINES = (
    "echo off",
    "xStatus Audio Volume",
    'xCommand Dial Number: "1@example.com" | resultId="3"',
    f"xCommand Bookings Put\n{body(booking())}\n.",
    "xFeedback register /Event/Bookings",
    "xPreferences outputmode json",
    "xCommand Bookings List",
    'xConfiguration SystemUnit Name: "a: b"',
)


def said(*pieces: bytes) -> str:
    """What the terminal answers to what comes in pieces."""
    written: list[str] = []

    async def talk() -> None:
        shell = Shell(Codec(clock=Clock()), "bridge", "", written.append)
        with suppress(Ended):
            for piece in pieces:
                await shell.hear(piece)
        shell.close()

    asyncio.run(talk())
    return "".join(written)


@given(st.lists(st.sampled_from(LINES), max_size=5), st.lists(st.integers(0, 400), max_size=5))
def test_it_does_not_matter_how_lines_are_cut(lines: list[str], cuts: list[int]) -> None:
    whole = "".join(f"{line}\n" for line in lines).encode()
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(edges)]
    assert said(*pieces) == said(whole)


@given(st.binary(max_size=200))
def test_the_terminal_survives_anything(data: bytes) -> None:
    said(data, b"\n")
    said(b"xCommand ", data, b"\n")
    said(b"{9} \n", data)


@given(st.one_of(st.text(max_size=60), st.recursive(st.none() | st.integers(), st.lists).map(str)))
def test_a_message_is_a_request_or_refused(text: str) -> None:
    with suppress(Refused):
        assert asked(text).method is not None


@given(st.text(max_size=60))
@example("²")
def test_any_text_is_an_address(text: str) -> None:
    for step in steps(text):
        assert step != ""


@given(documents, st.lists(st.one_of(names, st.sampled_from(["*", "**"]), st.integers(1, 3))))
def test_what_is_selected_is_a_part(tree: Any, wanted: list[Any]) -> None:
    found = select(tree, wanted)
    if found is not None:
        assert select(found, wanted) == found
        assert json.dumps(plain(found))


@given(documents, documents)
def test_the_difference_leads_from_one_to_the_other(before: Any, after: Any) -> None:
    assert difference(before, before) == {}
    for name, told in difference(before, after).items():
        assert name in after
        if isinstance(told, str):
            assert after[name] == told


@given(documents, documents)
def test_merging_keeps_what_the_second_says(one: Any, other: Any) -> None:
    found = merge(one, other)
    assert found.keys() == one.keys() | other.keys()
    assert queries.branch(found) is found
