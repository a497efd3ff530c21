"""Rooms, room lists and people by their names on the pages, and nobody's that are not for them."""

from bridge.admin.naming import Names, person
from tests.bridge.admin.conftest import FACILITIES, House
from tests.bridge.admin.conftest import person as somebody
from tests.bridge.conftest import Client


async def test_rooms_and_lists_have_names_where_they_have_any(opened: Client, house: House) -> None:
    house.house.lists = {"harbour": "Harbour House", "mill": "The Mill"}
    names = Names(house.house, somebody())
    assert names.of("room", "kestrel") == "Kestrel"
    assert names.of("list", "mill") == "The Mill"
    assert (
        names.of("room", "gone") == names.of("list", "gone") == names.of("endpoint", "mill") == ""
    )
    assert names.value("lists", "mill, gone") == "The Mill, gone"
    assert names.value("parent", "harbour") == "Harbour House"
    assert names.value("building", "mill") == "mill"


async def test_lists_of_others_keep_their_names_to_themselves(opened: Client, house: House) -> None:
    house.house.lists = {"elsewhere": "The secret wing"}
    assert Names(house.house, FACILITIES).value("parent", "elsewhere") == "elsewhere"


async def test_who_did_something_is_called_as_others_call_them(
    opened: Client, house: House
) -> None:
    assert person(house.house, "token:lobby") == "token:lobby"
    assert person(house.house, "person:gone") == "gone"
