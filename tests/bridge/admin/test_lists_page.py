"""Room lists on their pages: added, renamed, moved, removed; each looked at before it is done."""

from typing import Any

import pytest

from bridge.people.accounts import Account
from rooms.inventory import Edit
from tests.bridge.admin.conftest import person
from tests.bridge.admin.stocked import Stock, filed, made, stock, written

__all__ = ["filed", "made", "stock", "written"]

PATH = "/admin/lists"


async def applied(stock: Stock, answer: Any) -> str:
    """Look at the plan that a form led to, do it, and go where that leads."""
    assert answer.status == 303, await answer.text()
    plan = answer.headers["Location"]
    assert plan.startswith("/admin/plans/")
    await stock.text(plan)
    done = await stock.send(plan)
    assert done.status == 303
    return str(done.headers["Location"])


async def test_lists_stand_as_the_tree_that_they_are(stock: Stock) -> None:
    page = await stock.text(PATH)
    house, north = page.index(">Harbour House<"), page.index(">North wing<")
    assert house < north < page.index(">South wing<")
    assert "0 rooms</span>" not in page[house : house + 60]
    assert "3 with its parts" in page
    assert 'href="/admin/choose?list=north"' in page
    assert "Room lists" in await stock.text("/admin")


async def test_a_list_is_added_below_another(stock: Stock) -> None:
    fields = {"name": "  Dritter Stock ", "parent": "north", "why": "new floor"}
    assert await applied(stock, await stock.send(PATH, fields)) == f"{PATH}?done=applied"
    assert stock.document.lists["dritter-stock"] == {"name": "Dritter Stock", "parent": "north"}
    again = await stock.send(PATH, {"name": "Dritter Stock"})
    await applied(stock, again)
    assert "dritter-stock-2" in stock.document.lists
    taken = await stock.send(PATH, {"name": "X", "id": "north"})
    assert taken.status == 422
    assert "There is a room list of this short name already." in await taken.text()
    odd = await stock.send(PATH, {"name": "Kept words", "id": "No!"})
    assert odd.status == 422
    told = await odd.text()
    assert 'value="Kept words"' in told
    assert 'value="No!"' in told
    assert (await stock.send(PATH, {"name": ""})).status == 422


async def test_a_whole_list_moves_below_another(stock: Stock) -> None:
    fields = {"name": "North", "parent": "south"}
    assert await applied(stock, await stock.send(f"{PATH}/north", fields)) == (
        f"{PATH}/north?done=applied"
    )
    assert stock.document.lists["north"] == {"name": "North", "parent": "south"}
    assert stock.document.rooms["kestrel"]["lists"] == ["north"]
    page = await stock.text(f"{PATH}/south")
    assert '<option value="north"' not in page  # nothing is below itself
    below = await stock.send(f"{PATH}/south", {"name": "South", "parent": "north"})
    assert below.status == 422
    assert "A list cannot be a part of itself" in await below.text()
    await applied(stock, await stock.send(f"{PATH}/north", {"name": "North", "parent": ""}))
    assert "parent" not in stock.document.lists["north"]


async def test_a_list_gets_another_id(stock: Stock) -> None:
    answer = await stock.send(f"{PATH}/north", {"act": "id", "id": "nord"})
    page = await stock.text(answer.headers["Location"])
    assert "keep it by its new short name" in page
    assert await applied(stock, answer) == f"{PATH}/nord?done=applied"
    assert stock.document.rooms["kestrel"]["lists"] == ["nord"]
    assert "Kestrel" in await stock.text("/admin/rooms?list=nord")
    taken = await stock.send(f"{PATH}/nord", {"act": "id", "id": "south"})
    assert taken.status == 422
    assert "There is a room list with the short name south already." in await taken.text()
    assert 'href="/admin/lists/nord?lang=de"' in await taken.text()
    for id_ in ("", "No!", "x" * 64):
        assert (await stock.send(f"{PATH}/nord", {"act": "id", "id": id_})).status == 422, id_


async def test_a_list_that_goes_leaves_its_rooms_and_parts(stock: Stock) -> None:
    page = await stock.text(f"{PATH}/north")
    assert "2 rooms are taken out of it. The rooms themselves stay." in page
    assert "2 of them are in no room list then" in page
    answer = await stock.send(f"{PATH}/north", {"act": "remove"})
    assert await applied(stock, answer) == f"{PATH}?done=applied"
    assert "north" not in stock.document.lists
    assert set(stock.document.rooms) == {"kestrel", "wren", "heron"}
    assert "lists" not in stock.document.rooms["kestrel"]
    await applied(stock, await stock.send(f"{PATH}/harbour", {"act": "remove"}))
    assert stock.document.lists == {"south": {"name": "South wing"}}


async def test_a_list_that_somebody_looks_after_stays(stock: Stock) -> None:
    people = stock.house.people.accounts
    stock.keeper._following.holders["account"] = people.holding
    account = Account(
        id="", name="anna", role="facilities", lists=("north",), created=stock.clock.now()
    )
    await people.add(account)
    answer = await stock.send(f"{PATH}/north", {"act": "remove"})
    assert answer.status == 422
    told = await answer.text()
    assert "A person or a service looks after this list." in told
    assert "anna" not in told
    assert "north" in stock.document.lists


async def test_facilities_people_change_the_names_of_their_own_lists(stock: Stock) -> None:
    stock.look_as(stock.facilities("north"))
    page = await stock.text(PATH)
    assert "North wing" in page
    for foreign in ("South wing", "Harbour House", "Add a room list"):
        assert foreign not in page
    page = await stock.text(f"{PATH}/north")
    assert 'name="parent"' not in page
    assert "Remove the list" not in page
    assert 'href="/admin/lists/harbour"' not in page
    away = await stock.send(f"{PATH}/north", {"name": "Nord", "parent": "south"})
    assert away.status == 403
    await applied(stock, await stock.send(f"{PATH}/north", {"name": "Nord"}))
    assert stock.document.lists["north"] == {"name": "Nord", "parent": "harbour"}
    for path in ("south", "harbour", "nowhere"):
        assert (await stock.client.get(f"{PATH}/{path}")).status == 404
        for act in ("", "id", "remove"):
            answer = await stock.send(f"{PATH}/{path}", {"act": act, "name": "x", "id": "x"})
            assert answer.status == 404, (path, act)
    for path, fields in ((PATH, {"name": "Mine"}), (f"{PATH}/north", {"act": "id", "id": "x"})):
        answer = await stock.send(path, fields)
        assert answer.status == 403, path
    assert (await stock.send(f"{PATH}/north", {"act": "remove"})).status == 403


async def test_facilities_people_move_a_list_among_their_own(stock: Stock) -> None:
    stock.look_as(stock.facilities("north", "south", "harbour"))
    page = await stock.text(f"{PATH}/north")
    assert 'name="parent"' in page
    await applied(stock, await stock.send(f"{PATH}/north", {"name": "North", "parent": "south"}))
    assert stock.document.lists["north"]["parent"] == "south"
    stock.look_as(stock.facilities("north"))
    assert "not yours: IT staff can move it" in await stock.text(f"{PATH}/north")


async def test_who_only_looks_finds_no_lists_to_change(stock: Stock) -> None:
    stock.look_as(person("viewer"))
    assert PATH not in await stock.text("/admin")
    assert (await stock.client.get(PATH)).status == 403
    assert (await stock.send(PATH, {"name": "x"})).status == 403
    assert "/admin/choose" not in await stock.text("/admin/rooms?by=list")


async def test_a_list_that_went_meanwhile_is_not_made_anew(stock: Stock) -> None:
    await stock.apply(Edit(lists={"attic": {"name": "Attic"}}))
    answer = await stock.send(f"{PATH}/attic", {"name": "Loft"})
    plan = answer.headers["Location"]
    await stock.apply(Edit(lists={"attic": None}))
    assert (await stock.client.get(plan)).status == 412
    path, _, query = plan.partition("?")
    anew = await stock.send(f"{path}/anew?{query}")
    assert anew.status in {303, 404}
    assert "attic" not in stock.document.lists


async def test_a_list_that_somebody_added_meanwhile_stays_as_it_is(stock: Stock) -> None:
    plans = []
    for given in ("", "london"):
        answer = await stock.send(PATH, {"name": "London", "parent": "north", "id": given})
        plans.append(answer.headers["Location"].partition("?"))
    await stock.apply(Edit(lists={"london": {"name": "London", "parent": "south"}}))
    (made, _, way), (named, _, _) = plans
    await applied(stock, await stock.send(f"{made}/anew?{way}"))
    assert stock.document.lists["london"]["parent"] == "south"
    assert stock.document.lists["london-2"]["parent"] == "north"
    answer = await stock.send(f"{named}/anew?{way}")
    assert answer.status == 422
    assert "There is a room list of this short name already." in await answer.text()


async def test_in_files_lists_are_only_shown(filed: Stock) -> None:
    page = await filed.text(PATH)
    assert "The rooms of this site are kept in files." in page
    assert 'name="name"' not in page
    assert "/admin/choose" not in await filed.text("/admin/rooms")


@pytest.mark.parametrize("fields", [{"name": "<b>x</b>"}, {"name": "'\"&"}])
async def test_names_stay_what_they_are(stock: Stock, fields: dict[str, str]) -> None:
    await applied(stock, await stock.send(f"{PATH}/north", fields))
    assert stock.document.lists["north"]["name"] == fields["name"]
    answer = await stock.client.get(PATH)
    assert fields["name"] not in (await answer.text()).split("</html>")[0].replace(
        "&", "&amp;"
    ) or ("<" not in fields["name"])
