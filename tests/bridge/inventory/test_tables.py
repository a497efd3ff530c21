"""Tables of rooms against a keeper: what each row is told, what is applied, what never is."""

import asyncio
import csv
import io
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.callers import SCOPES, Caller
from bridge.inventory import tables
from bridge.inventory.keeper import Changed
from bridge.inventory.leave import NotYours
from bridge.inventory.tables import TablePlan, plan_table
from bridge.inventory.texts import inventory_of, plan_text, text_of
from bridge.settings.entries import OF_ROOMS
from bridge.settings.typed import fields as settings_of
from connector import load
from rooms.inventory import Document, Edit, edited
from rooms.inventory.columns import LISTS
from rooms.inventory.sheet import Unreadable
from rooms.inventory.table import Table, Wanted, edit_of, read_table
from rooms.inventory.tabled import tabled
from tests.bridge.inventory.keeping import OWNER, Keeping, KeptVault, keeping

KESTREL = {"mailbox": "kestrel@example.com", "time_zone": "Europe/London", "lists": ["north"]}
OWL = {"mailbox": "owl@example.com", "time_zone": "Europe/London", "lists": ["south"]}
LISTS_THERE = {"north": {"name": "North"}, "south": {}}
ANNA = Caller(
    name="anna",
    scopes=SCOPES["facilities"],
    role="facilities",
    rooms=frozenset(["kestrel"]),
    lists=frozenset(["north"]),
)
HEAD = "name,mailbox,time_zone,lists,capacity\n"
GOOD = "Heron,heron@example.com,Europe/London,North,8\n"


async def two(kept: Keeping) -> None:
    await change(kept, Edit(rooms={"kestrel": KESTREL, "owl": OWL}, lists=LISTS_THERE))


async def change(kept: Keeping, edit: Edit) -> None:
    await kept.keeper.apply(await kept.keeper.plan(edit, OWNER), OWNER)


async def planned(
    kept: Keeping, text: str | bytes, caller: Caller = OWNER, **how: Any
) -> TablePlan:
    data = text if isinstance(text, bytes) else text.encode()
    return await plan_table(kept.keeper, data, caller, Wanted(**how))


def rows(made: TablePlan) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in made.findings if one.severity == "error"]


async def test_a_table_without_fault_is_applied(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        made = await planned(kept, HEAD + GOOD + ",owl@example.com,,,12\n")
        assert (made.fits, made.rows, made.bad, made.findings) == (True, 2, 0, ())
        await kept.keeper.apply(made.plan, OWNER)
        assert kept.keeper.document().rooms["heron"]["lists"] == ["north"]
        assert kept.keeper.document().rooms["owl"] == OWL | {"capacity": "12"}


BROKEN: Mapping[str, tuple[str, list[tuple[int, str]]]] = {
    "no mailbox": ("Heron,,Europe/London,,\n", [(2, "mailbox")]),
    "no address": ("Heron,heron,Europe/London,,\n", [(2, "mailbox")]),
    "no zone": ("Heron,heron@example.com,,,\n", [(2, "time_zone")]),
    "a Windows zone": ("Heron,h@example.com,GMT Standard Time,,\n", [(2, "time_zone")]),
    "no such zone": ("Heron,h@example.com,Europe/Nowhere,,\n", [(2, "time_zone")]),
    "no such list": ("Heron,h@example.com,Europe/London,West,\n", [(2, "lists")]),
    "a number in words": ("Heron,h@example.com,Europe/London,,many\n", [(2, "capacity")]),
    "half a person": ("Heron,h@example.com,Europe/London,,8.5\n", [(2, "capacity")]),
    "two of them": (GOOD + ",,,,\n,owl@example.com,x,,y\n", [(4, "capacity"), (4, "time_zone")]),
}


@pytest.mark.parametrize("which", BROKEN)
async def test_what_the_keeper_finds_is_told_with_row_and_column(
    tmp_path: Path, which: str
) -> None:
    body, found = BROKEN[which]
    async with keeping(tmp_path) as kept:
        await two(kept)
        before = kept.keeper.document()
        made = await planned(kept, HEAD + body)
        assert sorted(rows(made)) == found
        assert not made.fits
        assert made.problems == ()
        assert await kept.keeper.planned(made.plan.id, OWNER) is None, "nobody can apply it"
        assert kept.keeper.document() is before


async def test_the_good_rows_are_taken_where_that_is_wanted(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        text = HEAD + GOOD + "Bad,bad,Europe/London,,\nWorse,=A1,,,\n,owl@example.com,,,many\n"
        made = await planned(kept, text, only_good=True)
        assert rows(made) == [(3, "mailbox"), (4, "mailbox"), (5, "capacity")]
        assert (made.fits, made.rows, made.bad) == (True, 4, 3)
        await kept.keeper.apply(made.plan, OWNER)
        assert list(kept.keeper.document().rooms) == ["kestrel", "owl", "heron"]


async def test_a_heading_is_told_as_it_stands_in_the_table(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        made = await planned(kept, "Postfach;Plätze;Check In.Grace\nowl@example.com;viele;bald\n")
        assert rows(made) == [(2, "Plätze"), (2, "Check In.Grace")]


async def test_missing_rooms_are_retired_only_where_that_is_wanted(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        made = await planned(kept, "id\nowl\n")
        assert made.plan.changes == ()
        made = await planned(kept, "id\nowl\n", retire_missing=True)
        assert [(one.what, one.id) for one in made.plan.changes] == [("removed", "kestrel")]
        made = await planned(kept, "id\nowl\nKes trel\n", retire_missing=True, only_good=True)
        assert made.plan.changes == (), "a bad row may mean a room that would be retired"
        assert any("no room is retired" in one.words for one in made.findings)


async def test_what_facilities_may_not_is_told_of_its_row(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        text = "id,mailbox,time_zone,lists,writes,floor,Join.Layout\n"
        text += "owl,,,,,2\nkestrel,,,,full,3\nnew,n@example.com,Europe/London,South,,\n"
        text += "newer,m@example.com,Europe/London,North,,\n"
        made = await planned(kept, text, ANNA, only_good=True)
        assert rows(made) == [(2, "id"), (3, "writes"), (4, "mailbox")]
        assert [(one.what, one.id) for one in made.plan.changes] == [("added", "newer")]
        made = await planned(kept, "id\nkestrel\n", ANNA, retire_missing=True)
        assert made.plan.changes == (), "rooms of others are not missing"


async def test_a_missing_room_that_is_not_theirs_alone_is_named(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        shared = Edit(rooms={"kestrel": {"lists": ["north", "south"]}})
        await kept.keeper.apply(await kept.keeper.plan(shared, OWNER), OWNER)
        text = "name,mailbox,time_zone,lists\nHeron,heron@example.com,Europe/London,North\n"
        with pytest.raises(NotYours, match="the room kestrel is also in a room list"):
            await planned(kept, text, ANNA, retire_missing=True)


async def test_a_mailbox_outside_the_allow_list_is_refused(tmp_path: Path) -> None:
    bridge = """sources:
  m365: {kind: graph, tenant_id: t, client_id: c, client_secret: s,
    mailboxes: {domains: [example.com]}}
data_dir: data
inventory: store
"""
    async with keeping(tmp_path, bridge) as kept:
        made = await planned(
            kept, "mailbox,time_zone\na@example.org,Europe/London\nb@example.com,Europe/London\n"
        )
        assert rows(made) == [(2, "mailbox")]
        assert "outside" in made.findings[0].words


async def test_a_secret_goes_to_the_vault_and_nowhere_else(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        vault = KeptVault()
        kept.keeper.vault = vault
        text = "id,endpoint_kind,endpoint_address,endpoint_username,endpoint_password\n"
        made = await planned(kept, text + "owl,cisco,10.0.0.1,admin,planted\n")
        assert made.fits, (made.findings, made.problems)
        await kept.keeper.apply(made.plan, OWNER)
        assert list(vault.kept.values()) == ["planted"]
        assert b"planted" not in tabled(kept.keeper.document())
        assert "planted" not in text_of(kept.keeper.document())
        again = await planned(kept, tabled(kept.keeper.document()))
        assert again.plan.changes == ()


async def test_ten_thousand_rooms_come_and_go_at_once(tmp_path: Path) -> None:
    text = io.StringIO()
    written = csv.writer(text, delimiter=";")
    written.writerow(["Raum", "Postfach", "Zeitzone", "Etage", "Plätze", "endpoint_kind", "ip"])
    for number in range(10_000):
        zone, mailbox = "Europe/Berlin", f"r{number}@example.com"
        written.writerow([f"Raum {number // 2}", mailbox, zone, number % 9, "8.0", "", ""])
    async with keeping(tmp_path) as kept:
        began = time.perf_counter()
        made = await planned(kept, text.getvalue())
        assert made.fits
        assert len(made.plan.changes) == 10_000
        assert time.perf_counter() - began < 60
        house = made.plan.document
        table = await asyncio.to_thread(read_table, tabled(house), house, house)
        assert edited(house, edit_of(table, house)[0]) == house


def test_columns_with_several_values_are_those_of_the_settings() -> None:
    def several(kind: Any, above: str) -> set[str]:
        found = set()
        for one in settings_of(kind).values():
            inner = [
                part
                for part in (one.kind, *getattr(one.kind, "__args__", ()))
                if hasattr(part, "__struct_fields__")
            ]
            if str(one.kind).startswith("tuple"):
                found.add(f"{above}{one.name}")
            for part in inner:
                found |= several(part, f"{above}{one.name}.")
        return found

    named = {"features", "lists"}
    for part, kind in OF_ROOMS.items():
        named |= several(kind, f"{part}.")
    for unit in load.endpoint_kinds():
        named |= several(load.endpoint(unit).Options, "endpoint_")
    assert named == LISTS


# --- rooms.yaml


PLAIN = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(
    ["true", "No", "null", "~", "8", "08", "1e5", "2026-01-02", "- a", "a: b", "#x", "'", "12:30"]
)
ENTRY: st.SearchStrategy[Any] = st.dictionaries(
    PLAIN.filter(lambda key: key != "id"),
    PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(PLAIN, PLAIN, max_size=2),
    max_size=4,
)


@settings(deadline=None)
@given(st.dictionaries(PLAIN, ENTRY, max_size=3), st.dictionaries(PLAIN, ENTRY, max_size=2))
def test_an_inventory_as_text_is_the_same_when_it_is_read_again(
    rooms: dict[str, Any], lists: dict[str, Any]
) -> None:
    house = Document(rooms=rooms, lists=lists)
    read = inventory_of(text_of(house).encode())
    assert read.findings == ()
    assert read.document == house


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rooms: [", 2),
        ("rooms:\n- {id: a\n", 3),
        ("rooms:\n  - id: a\n rooms: 2\n", 3),
        ("rooms: 5\n", 1),
        ("rooms: {a: b}\n", 1),
        ("- a\n", 1),
        ("just words", 1),
        ("", 1),
        ("%", 1),
        ("\t", 1),
        ("rooms:\n- kestrel\n", 2),
        ("rooms:\n- mailbox: a@example.com\n", 2),
        ("rooms:\n- id: [a]\n", 2),
        ("rooms:\n- id: ''\n", 2),
        ("rooms:\n- id: a\n- id: a\n", 3),
        ("rooms:\n- id: a\n  name: b\n  name: c\n", 4),
        ("rooms:\n- id: a\n  join: {x: 1, x: 2}\n", 3),
        ("rooms:\n- id: a\n  ? [b]\n  : c\n", 3),
        ("rooms: []\nrooms: []\n", 2),
        ("room: []\n", 1),
        ("rooms: &a\n- *a\n", 2),
        ("rooms:\n- id: a\n  name: *b\n", 3),
        ("rooms: " + "[" * 100_000, 1),
        ("rooms:\n" + "- " * 50_000, 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("rooms:\n- id: a\n  name: \x07\n", 0),
    ],
)
def test_what_is_no_inventory_is_told_with_its_line(text: str, line: int) -> None:
    read = inventory_of(text.encode())
    assert read.findings
    assert read.findings[0].row == line, read.findings


@settings(deadline=None)
@given(st.binary(max_size=100) | st.text(alphabet="[]{}:-&*#!|>'\"% \n\tabid", max_size=60))
def test_any_bytes_are_an_inventory_or_are_told_why_not(data: bytes | str) -> None:
    raw = data if isinstance(data, bytes) else data.encode()
    read = inventory_of(raw)
    assert read.findings or isinstance(read.document, Document)


async def test_a_table_puts_nothing_back_that_is_changed_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = {"kind": "sip", "address": "10.0.0.1"}
    codecs = [codec | {"id": name} for name in ("one", "two")]
    loop = asyncio.get_running_loop()
    async with keeping(tmp_path) as kept:
        await two(kept)
        await change(kept, Edit(rooms={"owl": {"endpoints": codecs}}))

        def read(*args: Any, **how: Any) -> Table:
            edit = Edit(endpoints={"two": {"address": "10.0.0.2"}})
            asyncio.run_coroutine_threadsafe(change(kept, edit), loop).result(30)
            return read_table(*args, **how)

        monkeypatch.setattr(tables, "read_table", read)
        with pytest.raises(Changed):
            await planned(kept, "id,endpoint_id,endpoint_address\nowl,one,10.0.0.3\n")


async def test_a_rooms_yaml_replaces_the_inventory_or_says_where_not(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        text = text_of(kept.keeper.document())
        assert (await plan_text(kept.keeper, text.encode(), OWNER)).plan.changes == ()
        wrong = text.replace("owl@example.com", "owl").replace("- id: kestrel", "- id: heron")
        made = await plan_text(kept.keeper, wrong.encode(), OWNER)
        line = wrong.splitlines().index("  mailbox: owl") + 1
        assert [(one.row, one.column) for one in made.findings] == [(line, "rooms.owl.mailbox")]
        assert not made.fits
        good = text.replace("- id: kestrel", "- id: heron")
        made = await plan_text(kept.keeper, good.encode(), OWNER)
        await kept.keeper.apply(made.plan, OWNER)
        assert list(kept.keeper.document().rooms) == ["heron", "owl"]


async def test_a_rooms_yaml_of_facilities_replaces_their_part_alone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        mine = Document(rooms={"kestrel": KESTREL | {"floor": "2"}}, lists={"north": {}})
        made = await plan_text(kept.keeper, text_of(mine).encode(), ANNA)
        assert sorted((one.what, one.id) for one in made.plan.changes) == [
            ("changed", "kestrel"),
            ("changed", "north"),
        ]
        other = Document(rooms={"owl": OWL | {"floor": "2"}}, lists={})
        with pytest.raises(NotYours):
            await plan_text(kept.keeper, text_of(other).encode(), ANNA)


# --- anything


WORDS = [
    "kestrel",
    "owl",
    "North",
    "x@example.com",
    "owl@example.com",
    "Europe/London",
    "-",
    "cisco",
    "8",
    "8.0",
    "=1",
    "#REF!",
    "10.0.0.1",
    "codec",
    "true",
    "full",
    "1E+9",
    "999.1.1.1",
    "a|b",
]
CELLS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(WORDS)
SOME = ["id", "name", "mailbox", "time_zone", "lists", "capacity", "writes", "check_in.grace"]
SOME += ["endpoint_id", "endpoint_kind", "endpoint_address", "display.offers", "all_day"]


async def test_whatever_stands_in_a_table_it_is_told_and_changes_nothing(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        before, loop = kept.keeper.document(), asyncio.get_running_loop()

        @settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
        @given(
            st.lists(st.sampled_from(SOME), min_size=1, max_size=7, unique=True),
            st.lists(st.lists(CELLS, min_size=1, max_size=7), min_size=1, max_size=4),
            st.booleans(),
        )
        def check(columns: list[str], body: list[list[str]], only_good: bool) -> None:
            text = io.StringIO()
            csv.writer(text).writerows([columns, *body])
            work = planned(kept, text.getvalue(), only_good=only_good)
            try:
                made = asyncio.run_coroutine_threadsafe(work, loop).result(30)
            except Unreadable:
                return
            assert made.fits or any(one.severity == "error" for one in made.findings), made.problems
            for one in made.findings:
                assert 0 <= one.row <= len(body) + 1
                assert one.words
            assert made.fits == (made.plan.fits and (only_good or not made.bad))

        await asyncio.to_thread(check)
        assert kept.keeper.document() is before
