"""What is remembered of a room between rounds, and what a change touches."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sources.graph import marks
from connector.sources.graph.delta import Change
from connector.sources.graph.marks import ALWAYS, Known, Look, Mark, apply, differs
from rooms.model import Window
from tests.fakes.virtual import NOON

DAY = timedelta(days=1)
LOOK = Look(
    served=marks.span(Window(start=NOON - DAY, end=NOON + 7 * DAY)),
    kept=marks.span(Window(start=NOON - DAY, end=NOON + 15 * DAY)),
)
_change = msgspec.json.Decoder(Change)


def change(name: str = "a", days: float = 1, etag: str | None = "1", **more: Any) -> Change:
    """An item of an hour, some days from now."""
    start = NOON + days * DAY
    item = {
        "id": name,
        "type": "singleInstance",
        "start": {"dateTime": f"{start:%Y-%m-%dT%H:%M:%S.0000000}", "timeZone": "UTC"},
        "end": {
            "dateTime": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%S.0000000}",
            "timeZone": "UTC",
        },
        "@odata.etag": etag,
    }
    return _change.decode(json.dumps(item | more))


def removed(name: str = "a") -> Change:
    return _change.decode(json.dumps({"id": name, "@removed": {"reason": "deleted"}}))


changes = st.lists(
    st.builds(
        change,
        name=st.sampled_from("abcd"),
        days=st.floats(-200, 500),
        etag=st.sampled_from(["1", "2", "3"]),
    )
    | st.builds(removed, st.sampled_from("abcd"))
)


@given(changes)
def test_the_same_changes_again_touch_nothing(told: list[Change]) -> None:
    known: Known = {}
    last = {one.id: one for one in told}
    apply(known, last.values(), LOOK)
    before = dict(known)
    again = apply(known, [*last.values(), *last.values()], LOOK)
    assert not again.near
    assert not again.changed
    assert known == before


@given(changes)
def test_what_is_known_survives_being_kept(told: list[Change]) -> None:
    known: Known = {}
    apply(known, told, LOOK)
    mark = Mark(
        mailbox=marks.digest("kestrel@example.com"),
        link="https://graph.microsoft.com/v1.0/x?$deltatoken=\u00e9",
        window=(0, ALWAYS),
        kept=LOOK.kept,
        made=1,
        known=marks.remembered(known),
    )
    back = marks.unpacked(marks.packed(mark))
    assert back == mark
    assert marks.known_of(mark) == known
    assert not differs(known, marks.known_of(mark), LOOK.served)


@given(st.binary())
def test_bytes_that_are_no_mark_are_none(raw: bytes) -> None:
    mark = marks.unpacked(raw)
    assert mark is None or marks.known_of(mark) is not None


@pytest.mark.parametrize(
    ("told", "near"),
    [
        (change(days=3), True),
        (change(days=-0.99), True),
        (change(days=7.5), False),
        (change(days=-3), False),
        (change(days=3, end={"dateTime": "1601-01-01T00:00:00", "timeZone": "UTC"}), True),
        (change(days=3, start=None), True),
        (change(days=3, start={"dateTime": "yesterday", "timeZone": "UTC"}), True),
        (change(days=3, start={"dateTime": "2026-11-24", "timeZone": "tzone://x"}), True),
        (_change.decode(b'{"id": "a"}'), True),
        (removed(), False),
    ],
)
def test_a_change_is_near_where_it_is_served_or_does_not_say(told: Change, *, near: bool) -> None:
    known: Known = {}
    assert apply(known, [told], LOOK).near is near


def test_what_leaves_or_enters_what_is_served_is_near() -> None:
    known: Known = {}
    apply(known, [change(days=3)], LOOK)
    assert apply(known, [change(days=100)], LOOK).near
    assert not known
    assert apply(known, [change(days=3)], LOOK).near
    assert apply(known, [removed()], LOOK).near
    assert not known
    assert apply(known, [removed()], LOOK) == (False, True, False)


def test_without_a_version_every_word_of_an_item_counts() -> None:
    known: Known = {}
    apply(known, [change(etag=None)], LOOK)
    assert apply(known, [change(etag=None)], LOOK).near


@pytest.mark.parametrize(
    ("ends", "near"),
    [
        ({"type": "noEnd", "startDate": "2020-01-01"}, True),
        ({"type": "numbered", "startDate": "2020-01-01", "endDate": "0001-01-01"}, True),
        ({"type": "endDate", "startDate": "2020-01-01", "endDate": "2027-01-01"}, True),
        ({"type": "endDate", "startDate": "2020-01-01", "endDate": "2021-01-01"}, False),
        ({"type": "noEnd", "startDate": "2027-06-01"}, False),
        ({"type": "endDate", "startDate": "never", "endDate": "2021-01-01"}, True),
    ],
)
def test_a_series_is_near_as_long_as_it_lasts(ends: dict[str, str], *, near: bool) -> None:
    told = change(type="seriesMaster", days=-2000, recurrence={"pattern": {}, "range": ends})
    assert apply({}, [told], LOOK).near is near


def test_what_was_told_is_not_told_again() -> None:
    known: Known = {}
    stub = change("b", seriesMasterId="series")
    touched = apply(known, [change("a"), stub], LOOK, told={"a", "series"})
    assert touched == (False, False, True)
    assert len(known) == 2


@pytest.mark.parametrize("year", [1, 1601, 1970, 4500, 9999])
def test_minutes_are_counted_as_far_as_they_can_be(year: int) -> None:
    assert 0 <= marks.minutes(datetime(year, 1, 1, tzinfo=UTC)) <= ALWAYS
