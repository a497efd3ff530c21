"""Whatever is done to the rows of the audit log afterwards is found."""

import hashlib
import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.chain import START, Bad, Head, Row, Walk, detail_of, head_of, linked

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
DETAIL = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True), TEXT | st.integers(-(2**53), 2**53), max_size=2
)
FIELDS = st.fixed_dictionaries(
    dict.fromkeys(("at", "actor", "action", "object", "origin"), TEXT) | {"detail": DETAIL}
)
NAMES = ("at", "actor", "action", "object", "origin", "detail", "former", "hash", "seq")


@st.composite
def logs(draw: st.DrawFn, least: int = 1) -> list[Row]:
    """A log as it was written."""
    head, rows = Head(), []
    for fields in draw(st.lists(FIELDS, min_size=least, max_size=5)):
        rows.append(linked(head, fields))
        head = Head(seq=rows[-1].seq, hash=rows[-1].hash)
    return rows


def found(rows: Sequence[Row], known: Head | None = None) -> Bad | None:
    walk = Walk(known)
    for row in rows:
        if (bad := walk.step(row)) is not None:
            return bad
    return walk.end()


def head(rows: Sequence[Row]) -> Head:
    return Head(seq=rows[-1].seq, hash=rows[-1].hash)


@settings(deadline=None)
@given(logs())
def test_a_log_that_nobody_touched_is_sound_and_its_head_is_its_last_row(rows: list[Row]) -> None:
    assert found(rows) is None
    assert found(rows, head(rows)) is None
    assert found(rows, head(rows[:1])) is None


@settings(deadline=None)
@given(logs(), st.data())
def test_any_change_of_a_row_is_found_at_it_or_at_the_next(
    rows: list[Row], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(NAMES))
    kinds = {"detail": DETAIL | TEXT, "seq": st.integers(0, 99)}
    value = data.draw(kinds.get(name, TEXT))
    before = getattr(rows[place], name)
    changed = msgspec.structs.replace(rows[place], **{name: value})
    bad = found([*rows[:place], changed, *rows[place + 1 :]])
    if value == before:
        assert bad is None
    else:
        assert bad is not None
        assert bad.seq == rows[place].seq


@settings(deadline=None)
@given(logs(least=2), st.data())
def test_a_row_that_was_taken_out_is_found(rows: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 2))
    assert found(rows[:place] + rows[place + 1 :]) == Bad(seq=place + 1, why="missing")


@settings(deadline=None)
@given(logs(least=2), st.data())
def test_a_row_that_was_taken_out_is_found_where_the_others_were_numbered_anew(
    rows: list[Row], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 2))
    later = [msgspec.structs.replace(row, seq=row.seq - 1) for row in rows[place + 1 :]]
    bad = found(rows[:place] + later)
    assert bad is not None
    assert bad.seq == place + 1


@settings(deadline=None)
@given(logs(least=2), st.data())
def test_two_rows_that_changed_places_are_found(rows: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 2))
    swapped = [*rows[:place], rows[place + 1], rows[place], *rows[place + 2 :]]
    numbered = [msgspec.structs.replace(row, seq=n) for n, row in enumerate(swapped, 1)]
    for forged in (swapped, numbered):
        bad = found(forged)
        assert bad is not None
        assert bad.seq == place + 1


@settings(deadline=None)
@given(logs(), FIELDS, st.data())
def test_a_row_that_was_put_in_is_found_though_its_own_hash_is_right(
    rows: list[Row], fields: dict[str, object], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    before = head(rows[:place]) if place else Head()
    forged = linked(before, fields)
    bad = found([*rows[:place], forged, *rows[place:]])
    assert bad is not None
    assert bad.seq == place + 2
    later = [msgspec.structs.replace(row, seq=row.seq + 1) for row in rows[place:]]
    bad = found([*rows[:place], forged, *later])
    assert bad is not None
    assert bad.seq == place + 2


@settings(deadline=None)
@given(logs(least=2), st.data())
def test_an_end_that_was_cut_off_is_found_by_a_head_that_is_known(
    rows: list[Row], data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, len(rows) - 1))
    assert found(rows[:left]) is None  # by itself a shorter log is sound
    bad = found(rows[:left], head(rows))
    assert bad == Bad(seq=left + 1, why="missing: the log was longer")


@settings(deadline=None)
@given(logs(least=2), FIELDS, st.data())
def test_a_log_written_anew_from_some_row_on_is_found_by_a_head_that_is_known(
    rows: list[Row], fields: dict[str, object], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    former = head(rows[:place]) if place else Head()
    forged = rows[:place]
    names = ("at", "actor", "action", "object", "origin", "detail")
    for row in rows[place:]:
        kept = {name: getattr(row, name) for name in names}
        forged = [*forged, linked(former, fields if row.seq == place + 1 else kept)]
        former = head(forged)
    assert found(forged) is None
    bad = found(forged, head(rows))
    same = forged == rows
    assert (bad is None) is same
    if bad is not None:
        assert bad == Bad(seq=len(rows), why="is not the row whose hash is known")


@settings(deadline=None)
@given(logs())
def test_a_hash_is_what_anybody_gets_from_a_line_of_the_export(rows: list[Row]) -> None:
    """As `docs/audit.md` says it, with nothing of this program."""
    former = START
    for line in map(msgspec.json.encode, rows):
        told = json.loads(line)
        hash_ = told.pop("hash")
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == hash_
        assert told["former"] == former
        former = hash_


@settings(deadline=None)
@given(TEXT)
def test_whatever_stands_in_a_detail_it_is_an_object_or_a_text(text: str) -> None:
    assert detail_of(text) == text or isinstance(detail_of(text), dict)
    assert detail_of('{"a":1,"b":"c"}') == {"a": 1, "b": "c"}


@pytest.mark.parametrize(
    "text", ["", "7", "7:", f"x:{START}", f"7:{START}0", "7:zz", f"-1:{START}"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SEQ:HASH"):
        head_of(text)


def test_a_head_is_written_and_read_alike() -> None:
    assert head_of(str(Head(seq=7, hash="a" * 64))) == Head(seq=7, hash="a" * 64)
