"""Several rooms chosen and changed in one plan."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.admin.several import EVERY, Wish
from bridge.admin.tree import MOST
from rooms.inventory import Edit
from tests.bridge.admin.conftest import PROOF, person
from tests.bridge.admin.stocked import Stock, filed, made, stock, written
from tests.bridge.admin.test_lists_page import applied

__all__ = ["filed", "made", "stock", "written"]

PATH = "/admin/choose"
BOTH = [("room", "kestrel"), ("room", "wren")]


async def send(stock: Stock, rooms: Any, *, path: str = PATH, **fields: str) -> Any:
    """What the form is answered with."""
    data = [*PROOF.items(), *rooms, *fields.items()]
    return await stock.client.post(path, data=data, allow_redirects=False)


async def send_all(stock: Stock, path: str = PATH, **fields: str) -> Any:
    """The same for all rooms that the page has found."""
    return await send(stock, [], path=path, all="1", seen=seen(await stock.text(path)), **fields)


def seen(page: str) -> str:
    return str(re.findall(r'name="seen" value="([^"]+)"', page)[0])


def ticked(page: str) -> list[str]:
    return re.findall(r'name="room" value="([^"]+)" checked', page)


async def test_rooms_move_to_another_floor_and_list_in_one_change(stock: Stock) -> None:
    await stock.text("/admin/rooms")
    answer = await send(
        stock, BOTH, building="Mill", floor="3", into="south", out=EVERY, more="Whiteboard, Screen"
    )
    assert await applied(stock, answer) == "/admin/rooms?done=applied"
    for name in ("kestrel", "wren"):
        room = stock.document.rooms[name]
        assert (room["building"], room["floor"], room["lists"]) == ("Mill", "3", ["south"])
        assert room["features"] == ["Whiteboard", "Screen"]
    assert stock.document.rooms["kestrel"]["capacity"] == "8"
    assert stock.document.rooms["heron"]["building"] == "Harbour House"
    assert (await stock.keeper.history())[0].seq == 2
    assert ">Mill<" in await stock.text("/admin/rooms")  # at once, not a second later


async def test_all_that_fit_a_search_are_meant_without_a_tick(stock: Stock) -> None:
    answer = await send_all(stock, f"{PATH}?list=north", capacity="5")
    assert await applied(stock, answer) == "/admin/lists/north?done=applied"
    assert {name: one["capacity"] for name, one in stock.document.rooms.items()} == {
        "kestrel": "5",
        "wren": "5",
        "heron": "12",
    }


async def test_all_are_those_that_somebody_saw(stock: Stock) -> None:
    path = f"{PATH}?building=Harbour+House&floor=2"
    before = seen(await stock.text(path))
    await stock.apply(Edit(rooms={"heron": {"floor": "2"}}))
    for known in (before, ""):
        answer = await send(stock, [], path=path, all="1", seen=known, capacity="5")
        assert answer.status == 412
        page = await answer.text()
        assert "Somebody changed something in between." in page
        assert "All 3 rooms found" in page
        assert 'name="capacity" value="5"' in page
    await applied(stock, await send_all(stock, path, capacity="5"))
    assert stock.document.rooms["heron"]["capacity"] == "5"


async def test_what_is_emptied_and_taken_away_goes(stock: Stock) -> None:
    await stock.apply(Edit(rooms={"kestrel": {"features": ["Screen", "Phone"]}}))
    answer = await send(
        stock, BOTH, no_floor="on", no_capacity="on", fewer="screen", out="north", building="Mill"
    )
    await applied(stock, answer)
    kestrel = stock.document.rooms["kestrel"]
    assert kestrel["features"] == ["Phone"]
    assert {"floor", "capacity", "lists"}.isdisjoint(kestrel)


@pytest.mark.parametrize(
    ("rooms", "fields", "words"),
    [
        ([], {"floor": "3"}, "No room is chosen."),
        (BOTH, {}, "Nothing is to be different yet."),
        (BOTH, {"out": EVERY}, "say which list they are put into."),
        (BOTH, {"capacity": "many"}, "This must be a whole number."),
        (BOTH, {"into": "nowhere"}, "There is no room list nowhere."),
    ],
)
async def test_what_cannot_be_comes_back_as_it_was_filled_in(
    stock: Stock, rooms: Any, fields: dict[str, str], words: str
) -> None:
    answer = await send(stock, rooms, **{"why": "because", **fields})
    assert answer.status == 422
    page = " ".join((await answer.text()).split())
    assert words in page
    assert ticked(page) == [name for _, name in rooms]
    assert 'value="because"' in page
    if "capacity" in fields:
        assert 'id="capacity-wrong"> <li class="error" lang="en">' in page
        assert page.count('aria-invalid="true"') == 1
    assert (await stock.keeper.history())[0].seq == 1


async def test_who_wants_something_else_finds_the_form_as_it_was(stock: Stock) -> None:
    answer = await send(stock, BOTH, path=f"{PATH}?q=harbour", floor="7")
    path, _, query = answer.headers["Location"].partition("?")
    page = await stock.text(f"{path}/form?{query}")
    assert ticked(page) == ["kestrel", "wren"]
    assert 'action="/admin/choose?q=harbour"' in page
    assert 'name="floor" value="7"' in page


async def test_a_room_that_is_gone_meanwhile_is_not_made_anew(stock: Stock) -> None:
    answer = await send(stock, [*BOTH, ("room", "ghost")], floor="7")
    plan = answer.headers["Location"]
    await stock.apply(Edit(rooms={"wren": None}))
    path, _, query = plan.partition("?")
    assert (await stock.client.get(plan)).status == 412
    await applied(stock, await stock.send(f"{path}/anew?{query}"))
    assert set(stock.document.rooms) == {"kestrel", "heron"}
    assert stock.document.rooms["kestrel"]["floor"] == "7"


async def test_facilities_people_choose_from_their_own_rooms(stock: Stock) -> None:
    stock.look_as(stock.facilities("north"))
    page = await stock.text(PATH)
    assert "Kestrel" in page
    for foreign in ("Heron", "South wing", "Harbour House</option>"):
        assert foreign not in page
    foreign = await send(stock, [("room", "heron")], floor="3")
    assert foreign.headers["Location"].endswith("done=nothing")
    everything = await send_all(stock, floor="3")
    await applied(stock, everything)
    assert stock.document.rooms["heron"]["floor"] == "10"
    assert stock.document.rooms["wren"]["floor"] == "3"
    for fields in ({"out": "north"}, {"out": "north", "into": "south"}):
        answer = await send(stock, BOTH, **fields)
        assert answer.status == 422
        assert "A room would be in none of your room lists." in await answer.text()
    answer = await send(stock, BOTH, into="south")
    assert answer.status == 403
    assert "The room list south is not given to you." in await answer.text()


async def test_a_room_of_others_too_stays_in_their_list(stock: Stock) -> None:
    await stock.apply(Edit(rooms={"kestrel": {"lists": ["south", "north", "harbour"]}}))
    stock.look_as(stock.facilities("north", "harbour"))
    answer = await send(stock, [("room", "kestrel")], into="north", out=EVERY)
    await applied(stock, answer)
    assert stock.document.rooms["kestrel"]["lists"] == ["south", "north"]


async def test_links_choose_beforehand(stock: Stock) -> None:
    page = await stock.text(f"{PATH}?list=north&all=1&out=north")
    assert ticked(page) == ["kestrel", "wren"]
    assert re.search(r'id="out".*<option value="north" selected>', page)
    page = await stock.text("/admin/rooms?q=harbour")
    assert 'href="/admin/choose?q=harbour"' in page
    page = await stock.text("/admin/rooms?by=list")
    assert 'href="/admin/choose?list=north"' in page
    assert 'href="/admin/lists/north"' in page


async def test_of_very_many_rooms_places_are_shown_and_all_can_be_meant(stock: Stock) -> None:
    many = {
        f"r{number}": {
            "mailbox": f"r{number}@example.com",
            "time_zone": "Europe/London",
            "building": "Mill",
            "floor": str(number % 4),
        }
        for number in range(MOST + 100)
    }
    await stock.apply(Edit(rooms=many))
    page = await stock.text(PATH)
    assert 'name="room"' not in page
    assert "These are too many to choose one by one." in page
    assert "All 403 rooms found" in page
    (link,) = re.findall(r'href="(/admin/choose\?building=Mill&amp;floor=0)"', page)
    inside = await stock.text(link.replace("&amp;", "&"))
    assert inside.count('name="room"') == 100
    answer = await send_all(stock, f"{PATH}?building=Mill", building="Old mill")
    await applied(stock, answer)
    moved = [one for one in stock.document.rooms.values() if one["building"] == "Old mill"]
    assert len(moved) == MOST + 100
    page = await stock.text(f"{PATH}?all=1")
    assert re.search(r'name="all" value="1" data-all checked', page)


async def test_as_many_rooms_can_be_ticked_as_a_page_shows(stock: Stock) -> None:
    ghosts = [("room", f"{'ghost' * 11}-{number}") for number in range(MOST - 3)]
    answer = await send(stock, [*ghosts, *BOTH, ("room", "heron")], floor="7")
    await applied(stock, answer)
    assert {one["floor"] for one in stock.document.rooms.values()} == {"7"}


async def test_odd_requests_are_answered(stock: Stock) -> None:
    for query in ("q=%00", "list=%2F..%2F", "into=%22&out=%3C", "building=&floor=", "all=1&q=zz"):
        assert (await stock.client.get(f"{PATH}?{query}")).status == 200, query
    answer = await send(stock, BOTH, path=f"{PATH}?list=%2F%2Fevil.example", floor="3")
    assert "evil.example" not in (await stock.text(answer.headers["Location"])).split("<main")[0]
    stock.look_as(person("viewer"))
    assert (await stock.client.get(PATH)).status == 403
    assert (await send(stock, BOTH, floor="3")).status == 403


async def test_in_files_nothing_is_chosen(filed: Stock) -> None:
    page = await filed.text(PATH)
    assert "The rooms of this site are kept in files." in page
    assert "data-choose" not in page


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), unique=True)
FEATURES = st.lists(st.sampled_from(["Screen", "screen", "Phone", "Board"]), unique=True)


@given(
    lists=NAMES, into=st.sampled_from(["", "a", "d"]), out=st.sampled_from(["", EVERY, "a", "b"])
)
def test_lists_of_others_are_never_left(lists: list[str], into: str, out: str) -> None:
    mine = frozenset(["a", "d"])
    left = Wish(into=into, out=out).lists({"lists": lists}, mine)
    if out == EVERY:
        assert [one for one in left if one not in mine] == [one for one in lists if one not in mine]
    if into:
        assert into in left
    assert len({*left}) == len(left)


@given(had=FEATURES, more=FEATURES, fewer=FEATURES)
def test_equipment_is_there_once_however_it_is_written(
    had: list[str], more: list[str], fewer: list[str]
) -> None:
    wish = Wish.of({"more": ", ".join(more), "fewer": ";".join(fewer)})
    patch = wish.patch({"features": had}, None)
    after = patch.get("features", had) or []
    low = [one.casefold() for one in after]
    assert {one.casefold() for one in more} <= {*low}
    assert {one.casefold() for one in fewer} - {one.casefold() for one in more} <= {
        *map(str.casefold, ["Screen", "Phone", "Board"])
    } - {*low}


@given(st.dictionaries(st.sampled_from(["building", "no_building", "more", "out"]), st.text()))
def test_any_form_means_something(fields: dict[str, str]) -> None:
    wish = Wish.of(fields)
    assert wish.patch(wish.patch({}, None), None) is not None
