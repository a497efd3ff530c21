"""Rooms added and changed by form: what is not touched stays, what is wrong is told beside it."""

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from rooms.inventory import Edit
from tests.bridge.admin.conftest import PROOF, person
from tests.bridge.admin.stocked import Stock, filed, made, stock, written

__all__ = ["filed", "made", "stock", "written"]  # fixtures

EDIT = "/admin/rooms/kestrel/edit"
_INPUT = re.compile(r'<input [^>]*?name="([\w.]+)"[^>]*?value="([^"]*)"')
_SELECTED = re.compile(r'<option value="([^"]*)" selected>')


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of a form as it came, but for boxes that can be ticked."""
    main = page[page.index("<main") :]
    found = {name: unescape(value) for name, value in _INPUT.findall(main) if name != "lists"}
    for name, inside in re.findall(r'<select id="([\w.]+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        chosen = _SELECTED.search(inside)
        found[name] = unescape(chosen[1]) if chosen else ""
    rest = re.search(r"<textarea [^>]*>(.*?)</textarea>", main, re.DOTALL)
    ticked = re.findall(r'name="lists" value="([^"]*)" checked', main)
    if ticked:
        found["lists"] = unescape(ticked[0])
    return found | ({"rest": unescape(rest[1])} if rest else {})


async def opened(stock: Stock, path: str = EDIT) -> dict[str, str]:
    """A form as it comes."""
    answer = await stock.client.get(path)
    assert answer.status == 200
    return fields_of(await answer.text())


async def planned(stock: Stock, path: str, fields: Mapping[str, str]) -> str:
    """The address of the plan that a form comes to."""
    answer = await stock.send(path, fields)
    assert answer.status == 303, await answer.text()
    return str(answer.headers["Location"])


async def applied(stock: Stock, path: str, fields: Mapping[str, str]) -> str:
    """Where somebody is once a form's plan is applied."""
    where = await planned(stock, path, fields)
    assert where.startswith("/admin/plans/"), where
    answer = await stock.send(where)
    location = str(answer.headers["Location"])
    assert location.endswith("done=applied"), location
    return location


async def checked(stock: Stock, path: str, fields: Mapping[str, str]) -> Any:
    answer = await stock.client.post(f"{path}?check=1", data=PROOF | dict(fields))
    assert answer.status == 200
    return await answer.json()


async def test_a_form_that_is_sent_as_it_came_changes_nothing(stock: Stock) -> None:
    for who in (person(), stock.facilities("north")):
        stock.look_as(who)
        fields = await opened(stock)
        assert fields["name"] == "Kestrel"
        answer = await stock.send(EDIT, fields)
        assert answer.headers["Location"] == "/admin/rooms/kestrel?done=nothing"


async def test_only_what_was_touched_is_changed(stock: Stock) -> None:
    fields = await opened(stock)
    await stock.apply(Edit(rooms={"kestrel": {"floor": "9", "features": ["hoist"]}}))
    where = await applied(stock, EDIT, fields | {"name": "Falcon", "capacity": ""})
    assert where == "/admin/rooms/kestrel?done=applied"
    room = stock.document.rooms["kestrel"]
    assert room["name"] == "Falcon"
    assert "capacity" not in room
    assert (room["floor"], room["features"]) == ("9", ["hoist"]), "of somebody else"


async def test_every_kind_of_setting_is_changed_by_its_field(stock: Stock) -> None:
    fields = await opened(stock)
    fields |= {
        "features": "camera,  whiteboard , camera",
        "lists": "south",
        "display.language": "de",
        "display.titles": "false",
        "all_day": "hide",
        "time_zone": "Europe/Berlin",
        "why": "CHG0042",
    }
    where = await planned(stock, EDIT, fields)
    page = await stock.text(where)
    assert "CHG0042" in page
    assert "<dt>Language of the displays</dt>" in page
    assert "Not shown" in page
    await stock.send(where)
    room = stock.document.rooms["kestrel"]
    assert room["features"] == ["camera", "whiteboard"]
    assert room["lists"] == ["south"]
    assert room["display"] == {"language": "de", "titles": "false"}
    again = await opened(stock)
    assert again["display.language"] == "de"
    await applied(stock, EDIT, again | {"display.language": "", "display.titles": ""})
    assert "display" not in stock.document.rooms["kestrel"]


async def test_engineers_change_every_setting_as_text(stock: Stock) -> None:
    fields = await opened(stock)
    assert fields["rest"] == ""
    rest = "writes: adhoc\ndisplay:\n  book: [15m, 30m]\n"
    await applied(stock, EDIT, fields | {"rest": rest, "display.theme": "dark"})
    room = stock.document.rooms["kestrel"]
    assert room["writes"] == "adhoc"
    assert room["display"] == {"theme": "dark", "book": ["15m", "30m"]}
    fields = await opened(stock)
    assert "book:" in fields["rest"]
    assert "theme" not in fields["rest"]
    await applied(stock, EDIT, fields | {"rest": "writes: none"})
    room = stock.document.rooms["kestrel"]
    assert room["writes"] == "none"
    assert room["display"] == {"theme": "dark"}, "what has a field of its own stays"


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("floor: 3", "floor has a place of its own"),
        ("display: {theme: dark}", "display.theme has a place of its own"),
        ("endpoints: []", "endpoints has a place of its own"),
        ("writes: [", "not YAML"),
        ("writes: none\nwrites: full", "line 2: writes given twice"),
        ("a: &x 1\nb: *x", "aliases"),
        ("- 1", "not YAML"),
        ("rooms: x\n" * 4000, "longer than"),
        ("no_such: 1", "no such setting"),
        ("id: owl", "id"),
    ],
)
async def test_text_that_cannot_be_is_told_beside_it(stock: Stock, rest: str, words: str) -> None:
    fields = await opened(stock)
    answer = await stock.send(EDIT, fields | {"rest": rest})
    assert answer.status == 422
    page = unescape(await answer.text())
    assert words in page[page.index('id="rest-wrong"') :], page[page.index('id="rest-wrong"') :][
        :300
    ]
    assert (await checked(stock, EDIT, fields | {"rest": rest}))["fits"] is False


async def test_facilities_neither_see_nor_send_what_is_for_engineers(stock: Stock) -> None:
    await stock.apply(Edit(rooms={"kestrel": {"writes": "full", "lists": ["north", "south"]}}))
    stock.look_as(stock.facilities("north"))
    fields = await opened(stock)
    assert "rest" not in fields
    page = await stock.text(EDIT)
    assert "South wing" not in page
    await applied(stock, EDIT, fields | {"floor": "3", "rest": "writes: none", "writes": "none"})
    room = stock.document.rooms["kestrel"]
    assert (room["floor"], room["writes"]) == ("3", "full")
    assert room["lists"] == ["north", "south"], "the list of somebody else stays"
    answer = await stock.send(EDIT, fields | {"lists": ""})
    assert answer.status == 403
    assert "A room must stay in one of your room lists" in await answer.text()
    for path in ("/admin/rooms/heron/edit", "/admin/rooms/heron/retire"):
        assert (await stock.client.get(path)).status == 404
        assert (await stock.send(path, fields)).status == 404
    assert (await stock.send(EDIT, fields | {"lists": "south"})).status == 403


async def test_what_is_wrong_stands_beside_its_field(stock: Stock) -> None:
    fields = await opened(stock)
    bad = {"capacity": "many", "time_zone": "Nowhere/At_all", "mailbox": "wren"}
    answer = await stock.send(EDIT, fields | bad | {"name": '"><b>x'})
    assert answer.status == 422
    page = await answer.text()
    assert "<b>x" not in page
    for name, value in bad.items():
        assert re.search(f'id="{name}"[^>]* value="{value}"[^>]* aria-invalid="true"', page), name
        assert re.search(f'id="{name}-wrong">\\s*<li', page), name
    assert stock.document.rooms["kestrel"]["capacity"] == "8"
    told = await checked(stock, EDIT, fields | bad)
    assert told["fields"].keys() == bad.keys()
    assert told["fits"] is False
    assert (await checked(stock, EDIT, fields | {"floor": "4"}))["fits"] is True


async def test_a_mailbox_of_another_room_is_told_though_it_may_be(stock: Stock) -> None:
    fields = await opened(stock)
    for who in (person(), stock.facilities("north")):
        stock.look_as(who)
        told = await checked(stock, EDIT, fields | {"mailbox": "heron@example.com"})
        assert told["fits"] is True
        (one,) = told["fields"]["mailbox"]
        assert one["severity"] == "warning"
        assert "has the same calendar" in one["words"]
        where = await planned(stock, EDIT, fields | {"mailbox": "heron@example.com"})
        page = await stock.text(where)
        assert "has the same calendar" in page
        assert ("heron</code>" in page) is False
        assert ("room heron" in page) is (who.rooms is None), "others are not named"


async def test_what_is_wrong_is_said_in_the_language_of_who_reads(stock: Stock) -> None:
    fields = await opened(stock) | {"capacity": "viele", "time_zone": "Berlin", "mailbox": "x"}
    answer = await stock.client.post(f"{EDIT}?lang=de", data=PROOF | fields)
    page = await answer.text()
    assert '<li class="error" lang="de">Hier muss eine ganze Zahl stehen.</li>' in page
    assert "Es gibt keine Zeitzone Berlin." in page
    assert "Hier muss eine Mailadresse stehen" in page


async def test_a_check_keeps_no_plan(stock: Stock) -> None:
    fields = await opened(stock)
    where = await planned(stock, EDIT, fields | {"floor": "3"})
    for number in range(120):
        await checked(stock, EDIT, fields | {"floor": str(number)})
    await stock.send(where)
    assert stock.document.rooms["kestrel"]["floor"] == "3"


async def test_a_room_is_added_with_a_short_name_of_its_own(stock: Stock) -> None:
    stock.look_as(stock.facilities("north"))
    fields = await opened(stock, "/admin/add-room")
    assert fields["time_zone"] == "Europe/London"
    assert fields["lists"] == "north", "there is only one"
    new = {"name": "Großer Saal", "mailbox": "saal@example.com", "capacity": "40"}
    where = await applied(stock, "/admin/add-room", fields | new)
    assert where == "/admin/rooms/grosser-saal?done=applied"
    room = stock.document.rooms["grosser-saal"]
    assert room == {**new, "time_zone": "Europe/London", "lists": ["north"]}
    second = new | {"mailbox": "saal2@example.com"}
    stock.look_as(stock.facilities("north"))
    where = await planned(stock, "/admin/add-room", fields | second)
    assert "rooms%2Fgrosser-saal-2" in where


async def test_a_new_room_takes_no_others_place(stock: Stock) -> None:
    stock.look_as(stock.facilities("north"))
    fields = await opened(stock, "/admin/add-room")
    new = {"name": "Kestrel", "mailbox": "other@example.com", "id": "heron"}
    answer = await stock.send("/admin/add-room", fields | new)
    assert answer.status == 422
    assert "There is a room with the short name heron already." in await answer.text()
    answer = await stock.send("/admin/add-room", fields | new | {"id": "No Good!"})
    assert "A short name is made of a-z" in await answer.text()
    answer = await stock.send("/admin/add-room", fields | new | {"id": "", "name": "会議室"})
    assert "A short name is made of a-z" in await answer.text()
    told = await checked(stock, "/admin/add-room", fields | new)
    assert list(told["fields"]) == ["id"]


async def test_a_form_that_says_nothing_of_what_it_showed_is_still_a_form(stock: Stock) -> None:
    for was in ("", "{", "[]", '{"name": 5}', "[" * 5000, json.dumps({"name": "Kestrel"})):
        fields = await opened(stock) | {"was": was, "floor": "5"}
        answer = await stock.send(EDIT, fields)
        assert answer.status == 303, was


async def test_a_room_that_went_meanwhile_is_told(stock: Stock) -> None:
    fields = await opened(stock)
    where = await planned(stock, EDIT, fields | {"floor": "3"})
    await stock.apply(Edit(rooms={"kestrel": None}))
    assert (await stock.send(EDIT, fields)).status == 404
    again = where.replace("?", "/anew?")
    assert (await stock.send(again)).status == 404
    assert "kestrel" not in stock.document.rooms


async def test_the_way_back_leads_to_the_form_as_it_was_filled_in(stock: Stock) -> None:
    fields = await opened(stock)
    where = await planned(stock, EDIT, fields | {"floor": "3", "why": "because"})
    back = fields_of(await (await stock.client.get(where.replace("?", "/form?"))).text())
    assert (back["floor"], back["why"]) == ("3", "because")
    assert json.loads(back["was"])["floor"] == "2"
    await applied(stock, EDIT, back | {"floor": "4"})
    assert stock.document.rooms["kestrel"]["floor"] == "4"


async def test_a_room_is_retired_after_it_was_said_what_that_means(stock: Stock) -> None:
    page = await stock.text("/admin/rooms/kestrel/retire")
    assert "They stay in the calendar." in page
    stock.look_as(stock.facilities("north"))
    where = await planned(stock, "/admin/rooms/kestrel/retire", {"why": "torn down"})
    assert "torn down" in await stock.text(where)
    answer = await stock.send(where)
    assert answer.headers["Location"] == "/admin/rooms?done=applied"
    assert "kestrel" not in stock.document.rooms


async def test_a_room_gets_another_short_name(stock: Stock) -> None:
    path = "/admin/rooms/kestrel/rename"
    assert "go to the new address by themselves" in await stock.text(path)
    for bad, words in (
        ("wren", "There is a room with the short name wren already."),
        ("No!", "A short name is made of"),
        ("", "A short name is made of"),
    ):
        answer = await stock.send(path, {"id": bad})
        assert answer.status == 422, bad
        assert words in await answer.text()
    answer = await stock.send(path, {"id": "kestrel"})
    assert "done=nothing" in answer.headers["Location"]
    where = await applied(stock, path, {"id": "falcon"})
    assert where == "/admin/rooms/falcon?done=applied"
    assert stock.document.rooms["falcon"]["name"] == "Kestrel"


async def test_where_files_decide_the_yaml_is_shown(filed: Stock) -> None:
    name = next(iter(filed.house.house.rooms))
    for path in ("edit", "retire", "rename", "add-system"):
        page = await filed.text(f"/admin/rooms/{name}/{path}")
        assert f"- id: {name}" in page
        assert '<form class="form' not in page
    assert "- id: short-name" in await filed.text("/admin/add-room")


async def test_viewers_have_no_forms(stock: Stock) -> None:
    stock.look_as(person("viewer"))
    for path in (EDIT, "/admin/add-room", "/admin/rooms/kestrel/retire"):
        assert (await stock.client.get(path)).status == 403
        assert (await stock.send(path)).status == 403
    assert "/edit" not in await stock.text("/admin/rooms/kestrel")
