"""Tables of rooms: what people's spreadsheets write, and what an inventory becomes in one."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.inventory import Document, Edit, edited
from rooms.inventory.cells import BadCell, cell, doubt, value
from rooms.inventory.columns import LISTS, NotHere, column
from rooms.inventory.sheet import Unreadable, letter, sheet
from rooms.inventory.table import Table, edit_of, read_table
from rooms.inventory.tabled import tabled

HOUSE = Document(
    rooms={
        "kestrel": {"name": "Kestrel", "mailbox": "Kestrel@Example.com", "floor": "2"},
        "owl": {
            "mailbox": "owl@example.com",
            "lists": ["north"],
            "endpoints": [{"id": "codec", "kind": "cisco", "address": "10.0.0.1"}],
        },
    },
    lists={"north": {"name": "North building"}, "south": {}},
)


def read(text: str | bytes, house: Document = HOUSE, **how: bool) -> Table:
    data = text if isinstance(text, bytes) else text.encode()
    return read_table(data, house, house, **how)


def after(text: str | bytes, house: Document = HOUSE, **how: bool) -> Document:
    """The inventory that a table without fault makes."""
    table = read(text, house, **how)
    assert [one for one in table.findings if one.severity == "error"] == []
    edit, _ = edit_of(table, house)
    return edited(house, edit)


def faults(text: str | bytes, house: Document = HOUSE) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in read(text, house).findings if one.severity == "error"]


# --- what is a table


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_however_it_was_saved(sign: str, ends: str, kind: str) -> None:
    rows = ["name", "mailbox", "floor"], ["Müller, groß", "m@example.com", "3;4"]
    text = io.StringIO()
    csv.writer(text, delimiter=sign, lineterminator=ends).writerows(rows)
    made = after(text.getvalue().encode(kind)).rooms["muller-gross"]
    assert made == {"name": "Müller, groß", "mailbox": "m@example.com", "floor": "3;4"}


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nname;mailbox\nNew;n@example.com\n",
        "\n\nname,mailbox\n\nNew,n@example.com\n,\n\n",
        "name,mailbox,,\nNew,n@example.com,,\n,,,\n",
        'Room Name,"E-Mail"\r\n"New","n@example.com"',
        " NAME ,Primary SMTP Address\nNew,n@example.com",
        "Postfach;Raum\nn@example.com;New",
        "name,mailbox\nNew,n@example.com,,,,",
    ],
)
def test_what_spreadsheets_add_does_not_matter(text: str) -> None:
    assert after(text).rooms["new"] == {"name": "New", "mailbox": "n@example.com"}


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("Gebäude", "building"),
        ("ETAGE", "floor"),
        ("Plätze", "capacity"),
        ("Number of Seats", "capacity"),
        ("time-zone", "time_zone"),
        ("Zeitzone", "time_zone"),
        ("Raumlisten", "lists"),
        ("Check In.Enabled", "check_in.enabled"),
        ("display.dim.from", "display.dim.from"),
        ("Endpoint Kind", "endpoint_kind"),
        ("Passwort", "endpoint_password"),
        ("endpoint_tls.fingerprint", "endpoint_tls.fingerprint"),
        ("remarks", None),
        ("nothing.enabled", None),
        ("endpoint_!", None),
    ],
)
def test_columns_go_by_the_names_that_people_use(heading: str, meant: str | None) -> None:
    assert column(heading) == meant


@pytest.mark.parametrize(
    "heading",
    [
        "join.host_key",
        "join.host_key_file",
        "display.pin",
        "endpoint_hook",
        "endpoint_password_file",
        "endpoint_facade.password",
        "display.logo_file",
    ],
)
def test_secrets_of_rooms_have_no_column(heading: str) -> None:
    with pytest.raises(NotHere):
        column(heading)
    with pytest.raises(Unreadable, match="secrets"):
        sheet(f"id,{heading}\nkestrel,x".encode())


@pytest.mark.parametrize(
    ("data", "row", "words"),
    [
        (b"", 0, "empty"),
        (b"\n\n", 0, "empty"),
        (b"name,mailbox\n", 0, "no rows"),
        (b"one,two\n1,2\n", 1, "does not name the columns"),
        (b"Kestrel,kestrel@example.com\n", 1, "does not name the columns"),
        (b"name,room,mailbox\n1,2,3\n", 1, "two columns for name"),
        ("name,mailbox\nM\u00fcller,m@example.com\n".encode("cp1252"), 2, "not UTF-8"),
        (b"PK\x03\x04xxxx", 0, "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1", 0, "workbook"),
        (b"\xff\xfen\x00a", 1, "not UTF-16"),
        (b"name,mailbox\nA,a@example.com\nB\0,b\n", 3, "zero byte"),
        (b'name,mailbox\nA,"a@example.com\n', 2, "quoted cell"),
        (b'name,mailbox\nA,"a"b\n', 2, "quoted cell"),
        (b"name,mailbox\nA," + b"x" * 140_000, 2, "too long"),
    ],
)
def test_of_what_is_no_table_nothing_is_taken(data: bytes, row: int, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert words in str(caught.value)
    assert caught.value.row == row


def test_columns_that_are_not_known_are_told() -> None:
    (found,) = read("id,capactiy,\nkestrel,8,").findings
    assert (found.row, found.column, found.severity) == (1, "capactiy", "warning")
    assert found.hint == "did you mean capacity?"


def test_letters_of_columns_are_those_of_spreadsheets() -> None:
    assert [letter(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


# --- cells


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("capacity", "8.0", "8"),
        ("capacity", "8,00", "8"),
        ("capacity", " 8\u00a0", "8"),
        ("capacity", "1.000", "1.000"),
        ("floor", "2.0", "2"),
        ("floor", "'2.0", "2.0"),
        ("name", "2.0", "2.0"),
        ("name", '="007"', "007"),
        ("name", '="a ""b"""', 'a "b"'),
        ("name", "'=1+1", "=1+1"),
        ("name", "''t Hooft", "'t Hooft"),
        ("name", "'t Hooft", "'t Hooft"),
        ("name", "'007", "007"),
        ("name", "two\nlines", "two lines"),
        ("name", "-", None),
        ("name", "'-", "-"),
        ("check_in.enabled", "WAHR", "true"),
        ("check_in.enabled", "nein", "false"),
        ("privacy.private_title", "Ja", "Ja"),
        ("lists", "a; b ;a", ["a", "b"]),
        ("lists", "a,b", ["a", "b"]),
        ("features", "TV, large|board", ["TV, large", "board"]),
        ("features", "TV, large|", ["TV, large"]),
        ("features", "one\ntwo", ["one", "two"]),
    ],
)
def test_cells_mean_what_people_mean(name: str, text: str, meant: Any) -> None:
    assert value(name, text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "=A1&B1",
        '=HYPERLINK("x")',
        "#REF!",
        "#NV",
        "#WERT!",
        "#N/A",
        "######",
        "1.23E+11",
        "4,9E+12",
        "a\x07b",
        "x" * 4001,
        "'=\x00",
    ],
)
def test_what_a_spreadsheet_spoilt_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        value("name", text)


@pytest.mark.parametrize(
    "text",
    ["02. Jan", "2-Jan", "02.01.2026", "1/2/26", "2026-01-02", "2026-01-02 00:00:00", "Mrz 26"],
)
def test_dates_are_not_guessed_but_told(text: str) -> None:
    assert value("floor", text) == text
    assert doubt("floor", text)
    (found,) = read(f"id,floor\nkestrel,{text}").findings
    assert (found.row, found.column, found.severity) == (2, "floor", "warning")


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["-", "'", "''", "=1", "+49", "@x", "'=", "007", "8.0", "1E+5", "#REF!", "true", "ja", "|", ";"]
)
COLUMNS = st.sampled_from(["name", "floor", "capacity", "lists", "features", "check_in.enabled"])


@settings(deadline=None)
@given(COLUMNS, TEXTS | st.lists(TEXTS, max_size=3))
def test_a_cell_says_the_setting_or_nothing(name: str, setting: str | list[str]) -> None:
    text = cell(name, setting)
    assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    if text:
        assert value(name, text) == setting


# --- rows and rooms


def test_a_row_is_of_the_room_with_its_id_or_its_mailbox() -> None:
    assert after("id,floor\nkestrel,3").rooms["kestrel"]["floor"] == "3"
    assert after("mailbox,floor\nKESTREL@example.COM,3").rooms["kestrel"]["floor"] == "3"
    assert list(after("id,mailbox\nnew,n@example.com").rooms) == ["kestrel", "owl", "new"]


def test_a_mailbox_that_several_rooms_have_tells_none_of_them() -> None:
    house = Document(rooms={"a": {"mailbox": "x@example.com"}, "b": {"mailbox": "X@example.com"}})
    assert faults("mailbox,floor\nx@example.com,2", house) == [(2, "mailbox")]
    assert faults("id,mailbox,floor\na,x@example.com,2", house) == []


def test_rooms_without_an_id_get_one_that_nobody_has() -> None:
    text = "name,mailbox\nOwl,a@example.com\nOwl,b@example.com\n,c.d@example.com\n日本,e@x.y"
    assert list(after(text).rooms)[2:] == ["owl-2", "owl-3", "c-d", "e"]


def test_an_empty_cell_changes_nothing_and_a_dash_removes() -> None:
    made = after("id,name,floor\nkestrel,,-").rooms["kestrel"]
    assert made == {"name": "Kestrel", "mailbox": "Kestrel@Example.com"}


def test_lists_go_by_their_names_too() -> None:
    made = after("id,lists\nkestrel,north BUILDING|south").rooms["kestrel"]
    assert made["lists"] == ["north", "south"]
    assert after("id,lists\nkestrel,West").rooms["kestrel"]["lists"] == ["West"]


def test_lists_that_nobody_has_are_added_where_that_is_wanted() -> None:
    made = after("id,lists\nkestrel,West wing\nowl,west WING;north", add_lists=True)
    assert made.rooms["kestrel"]["lists"] == ["west-wing"]
    assert made.rooms["owl"]["lists"] == ["west-wing", "north"]
    assert made.lists["west-wing"] == {"name": "West wing"}


def test_policies_have_columns_with_dots() -> None:
    made = after("id,check_in.enabled,display.dim.from\nkestrel,TRUE,20:00").rooms["kestrel"]
    assert made["check_in"] == {"enabled": "true"}
    assert made["display"] == {"dim": {"from": "20:00"}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id,floor\n,2", [(2, "")]),
        ("id,floor\nKestrel,2", [(2, "id")]),
        ("id,floor\n-,2", [(2, "id")]),
        ("Kennung;Etage\nkestrel;#REF!", [(2, "Etage")]),
        ("id,floor\nkestrel,2,3", [(2, "C")]),
        ("id,floor\nkestrel,2\n\nkestrel,3", [(4, "floor")]),
        ('id,name\nowl,"two\nlines"\nkestrel,=A1', [(3, "name")]),
        ("id,endpoint_id\nowl,codec\nkestrel,codec", [(3, "endpoint_id")]),
        ("id,endpoint_id\nowl,Codec", [(2, "endpoint_id")]),
    ],
)
def test_bad_rows_are_told_as_a_person_counts_them(text: str, found: list[tuple[int, str]]) -> None:
    assert faults(text) == found


# --- endpoints


def test_each_row_may_have_one_endpoint() -> None:
    text = (
        "id,endpoint_id,endpoint_kind,endpoint_address\n"
        "kestrel,a,cisco,10.0.0.2\nkestrel,b,poly,10.0.0.3\nowl,codec,,10.0.0.4\n"
    )
    made = after(text).rooms
    assert [one["id"] for one in made["kestrel"]["endpoints"]] == ["a", "b"]
    assert made["owl"]["endpoints"] == [{"id": "codec", "kind": "cisco", "address": "10.0.0.4"}]


def test_an_endpoint_without_an_id_is_the_only_one_or_a_new_one() -> None:
    text = "id,endpoint_kind,endpoint_address\nowl,,10.0.0.9\nkestrel,poly,10.0.0.3\n"
    made = after(text).rooms
    assert made["owl"]["endpoints"][0]["address"] == "10.0.0.9"
    assert made["kestrel"]["endpoints"][0]["id"] == "kestrel-poly"


def test_rooms_without_a_mailbox_are_not_taken_for_one_another() -> None:
    house = Document(rooms={"hall": {"name": "Hall"}, "lobby": {"name": "Lobby"}})
    assert after("name,floor\nFoyer,1", house).rooms["foyer"] == {"name": "Foyer", "floor": "1"}
    house = Document(rooms={"hall": {"name": "Hall"}})
    assert after("name,floor\nFoyer,1", house).rooms.keys() == {"hall", "foyer"}


def test_an_endpoint_that_another_room_has_moves() -> None:
    made = after("id,endpoint_id\nkestrel,codec").rooms
    assert made["kestrel"]["endpoints"] == HOUSE.rooms["owl"]["endpoints"]
    assert "endpoints" not in made["owl"]


def test_a_dash_takes_all_endpoints_out() -> None:
    assert "endpoints" not in after("id,endpoint_id\nowl,-").rooms["owl"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_dash_takes_out_what_no_other_row_puts_somewhere(order: int) -> None:
    units = [{"id": name, "kind": "sip", "address": "10.0.0.1"} for name in "abc"]
    house = Document(
        rooms={
            "kestrel": {"mailbox": "k@example.com", "endpoints": units},
            "owl": {"mailbox": "o@example.com"},
        }
    )
    rows = ["kestrel,-,", "kestrel,a,10.0.0.9", "owl,b,"][::order]
    made = after("\n".join(["id,endpoint_id,endpoint_address", *rows]), house).rooms
    assert made["kestrel"]["endpoints"] == [units[0] | {"address": "10.0.0.9"}]
    assert made["owl"]["endpoints"] == [units[1]]


def test_a_password_in_a_row_that_takes_endpoints_out_is_told_of_that_row() -> None:
    text = "id,endpoint_id,endpoint_password\nkestrel,,\nowl,-,planted\nkestrel,-,-\n"
    assert faults(text) == [(3, "endpoint_password")]


def test_passwords_are_given_to_the_letter_and_stand_nowhere_else() -> None:
    table = read("id,endpoint_id,endpoint_password\nowl,codec, =planted \n")
    edit, given_ = edit_of(table, HOUSE)
    assert given_ == {"codec": {"password": " =planted "}}
    assert "planted" not in str(edit)


# --- out and in again


def test_a_table_can_be_read_in_again_and_changes_nothing() -> None:
    written = tabled(HOUSE)
    assert written.startswith(b"\xef\xbb\xbfid,name,mailbox")
    assert edited(HOUSE, edit_of(read(written), HOUSE)[0]) == HOUSE


def test_no_secret_and_no_place_of_one_comes_out() -> None:
    unit: dict[str, Any] = {
        "id": "c",
        "kind": "poly",
        "password": "vault:planted",
        "hook": "planted",
    }
    unit |= {"facade": {"username": "u", "password_file": "planted"}}
    room = {"mailbox": "a@example.com", "join": {"host_key": "planted"}, "endpoints": [unit]}
    written = tabled(Document(rooms={"a": room | {"display": {"pin_file": "planted"}}}))
    assert b"planted" not in written
    assert b"endpoint_facade.username" in written


SETTINGS = st.fixed_dictionaries(
    {"mailbox": st.emails()},
    optional={
        "name": TEXTS.filter(str.strip),
        "floor": TEXTS,
        "capacity": st.integers(0, 99).map(str),
        "features": st.lists(TEXTS, max_size=3),
        "lists": st.lists(st.sampled_from(["north", "south"]), max_size=2, unique=True),
        "check_in": st.fixed_dictionaries({"enabled": st.sampled_from(["true", "false"])}),
        "endpoints": st.lists(
            st.fixed_dictionaries(
                {"kind": st.sampled_from(["cisco", "poly"]), "address": TEXTS},
            ),
            max_size=2,
        ),
    },
)


@settings(deadline=None)
@given(st.lists(SETTINGS, min_size=1, max_size=4), st.sampled_from([",", ";", "\t"]))
def test_whatever_an_inventory_has_its_table_changes_nothing(
    rooms: list[dict[str, Any]], sign: str
) -> None:
    for number, room in enumerate(rooms):
        for place, unit in enumerate(room.get("endpoints", ())):
            unit["id"] = f"u-{number}-{place}"
    house = Document(
        rooms={f"r{number}": room for number, room in enumerate(rooms)}, lists=HOUSE.lists
    )
    table = read(tabled(house, sign), house)
    assert [one for one in table.findings if one.severity == "error"] == []
    assert edited(house, edit_of(table, house)[0]) == house


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_are_told_why_not(data: bytes) -> None:
    try:
        table = read(data)
    except Unreadable:
        return
    edited(HOUSE, edit_of(table, HOUSE)[0])


@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            TEXTS | st.sampled_from(["kestrel", "owl", "codec", "north", "a@b.c"]),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=6,
    ),
    st.permutations(["id", "name", "mailbox", "lists", "endpoint_id", "endpoint_kind"]),
)
def test_any_cells_below_known_columns_make_an_edit_that_fits(
    rows: list[list[str]], columns: list[str]
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    try:
        table = read(text.getvalue())
    except Unreadable:
        return
    bad = {one.row for one in table.findings if one.severity == "error"}
    made = edited(HOUSE, edit_of(table, HOUSE, bad)[0])
    assert HOUSE.rooms.keys() <= made.rooms.keys()


def test_an_edit_of_nothing_is_none() -> None:
    assert edit_of(read("id\nkestrel"), HOUSE)[0] == Edit(rooms={"kestrel": {}})
    assert "lists" in LISTS
