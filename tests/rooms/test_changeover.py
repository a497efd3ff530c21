"""What becomes of rooms, and of what is kept by their ids."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database as Tables

from rooms.changeover import Changeover, changeover, rewrite
from rooms.migrations import schema
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

IDS = ("a", "b", "c", "d")


def rooms(**mailboxes: str) -> dict[str, Any]:
    """Rooms by id."""
    return {name: room(name, mailbox=f"{one}@example.com") for name, one in mailboxes.items()}


def test_a_room_that_comes_with_the_mailbox_of_one_that_goes_is_that_room() -> None:
    change = changeover(rooms(a="kestrel", b="owl"), rooms(c="kestrel", b="owl"), {}, {})
    assert change == Changeover(renamed={"a": "c"}, taken=frozenset("c"))


def test_where_nobody_knows_which_is_which_rooms_go_and_come() -> None:
    change = changeover(rooms(a="kestrel", b="kestrel"), rooms(c="kestrel"), {}, {})
    assert not change.renamed
    assert {*change.retired} == {"a", "b"}
    assert change.came == frozenset("c")


def test_a_room_that_comes_back_takes_its_id_and_another_ends_what_was_let_in_by_it() -> None:
    left = {"a": "kestrel@example.com"}
    assert not changeover({}, rooms(a="kestrel"), {}, left).taken
    assert changeover({}, rooms(a="owl"), {}, left).taken == {"a"}


def test_nothing_changes_where_no_id_does() -> None:
    assert not changeover(rooms(a="kestrel"), rooms(a="owl"), {}, {})


@given(
    before=st.sets(st.sampled_from(IDS), min_size=1),
    names=st.permutations(IDS),
    kept=st.sets(st.sampled_from(IDS)),
)
def test_the_disk_has_what_memory_has(before: set[str], names: list[str], kept: set[str]) -> None:
    had = rooms(**{name: name for name in before})
    renamed = {old: new for old, new in zip(IDS, names, strict=True) if old in before}
    renamed = {old: new for old, new in renamed.items() if old != new}
    has = {renamed.get(name, name): one for name, one in had.items()}
    change = changeover(had, has, renamed, {})
    tables = Tables(memory=True)
    schema.apply(tables)
    for name in kept:
        tables.execute("INSERT INTO marks VALUES (?, 'm365', ?)", [name, name])
        tables.execute(
            "INSERT INTO tokens (id, name, scopes, room, hash, created)"
            " VALUES (?, ?, 'read', ?, x'00', '')",
            [name, name, name],
        )
    rewrite(tables, change, NOON)
    marks = dict(tables.execute("SELECT room, mark FROM marks").fetchall())
    assert marks == change.of({name: name for name in kept})
    good = "SELECT id, room FROM tokens WHERE revoked IS NULL"
    for id_, where in tables.execute(good).fetchall():
        assert where == renamed.get(id_, id_)
        assert id_ in before or id_ not in has
