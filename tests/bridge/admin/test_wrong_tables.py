"""What is wrong with a table is said in the reader's language: each sentence that there is."""

import pytest

from bridge.admin.words import catalogues
from bridge.admin.wrong import KEYS, said
from rooms.inventory import Document, Fields
from rooms.inventory.sheet import MOST_ROWS, Unreadable
from rooms.inventory.table import read_table

MINE: dict[str, Fields] = {
    "kestrel": {"name": "Kestrel", "mailbox": "kestrel@example.com", "lists": ["north"]},
    "twin": {"name": "Twin", "mailbox": "kestrel@example.com", "lists": ["north"]},
    "wren": {
        "lists": ["north"],
        "endpoints": [{"id": "a", "kind": "cisco", "address": "10.0.0.1"}],
    },
    "both": {"lists": ["north"], "endpoints": [{"id": "b"}, {"id": "c"}]},
}
OTHERS: dict[str, Fields] = {"owl": {"lists": ["south"], "endpoints": [{"id": "theirs"}]}}
HOUSE = Document(rooms=MINE | OTHERS, lists={"north": {}, "south": {}})
SEEN = Document(rooms=MINE, lists={"north": {}})
BAD: dict[str, bytes | str] = {
    "id": "id,floor\nKestrel,2",
    "room_not_yours": "id,floor\nowl,2",
    "unit_not_yours": "id,endpoint_id,endpoint_kind\nkestrel,theirs,cisco",
    "cell_long": f"id,floor\nkestrel,{'x' * 4001}",
    "cell_control": "id,floor\nkestrel,a\x07",
    "cell_formula": "id,floor\nkestrel,=A1",
    "cell_error": "id,floor\nkestrel,#REF!",
    "cell_short": "id,floor\nkestrel,1E+12",
    "cell_date": "id,floor\nkestrel,01-Feb",
    "cell_stray": "id,floor\nkestrel,2,3",
    "row_kept": "id,floor\n-,2",
    "row_shared": "mailbox,floor\nkestrel@example.com,2",
    "row_no_room": "id,floor\n,2",
    "row_differs": "id,floor\nkestrel,2\nkestrel,3",
    "row_units": "id,endpoint_address\nboth,10.0.0.2",
    "row_no_unit": "id,endpoint_id,endpoint_password\nwren,-,x",
    "row_unit_twice": "id,endpoint_id\nwren,a\nwren,a",
    "column_unknown": "id,remarks\nkestrel,x",
    "table_empty": b"",
    "table_long": "id\n" + "kestrel\n" * (MOST_ROWS + 1),
    "table_no_rows": "id,floor\n",
    "table_workbook": b"PK\x03\x04xxxx",
    "table_letters": b"id,name\nkestrel,M\xfcller\n",
    "table_zero": b"id,name\nkestrel,a\0\n",
    "table_quote": 'id,name\nkestrel,"a',
    "table_secret": "id,join.host_key\nkestrel,x",
    "table_twice": "id,name,room\nkestrel,a,b",
    "table_heading": "kestrel,2\n",
}


@pytest.mark.parametrize("key", BAD)
def test_what_is_wrong_with_a_table_is_known(key: str) -> None:
    words, text = catalogues()["de"], BAD[key]
    try:
        data = text if isinstance(text, bytes) else text.encode()
        found = [one.words for one in read_table(data, HOUSE, SEEN).findings]
    except Unreadable as error:
        found = [str(error)]
    start = words(f"wrong.{key}").partition("{")[0]
    told = [said(one, words) for one in found]
    assert any(one.startswith(start) and lang == "de" for one, lang in told), found


def test_no_sentence_of_tables_is_left_out() -> None:
    of_tables = {key for key in KEYS if key.startswith(("cell_", "row_", "table_", "column_"))}
    assert of_tables <= BAD.keys()
