"""All rooms as a tree: found by words, filtered, and never too many at once."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.admin.tree import MOST, Wanted, natural
from tests.bridge.admin.conftest import House
from tests.bridge.conftest import Client
from tests.fakes.sources import room


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200
    return " ".join((await answer.text()).split())


def names(page: str) -> list[str]:
    return re.findall(r'<li class="row".*?<a href="/admin/rooms/[^"]+">([^<]+)</a>', page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Kestrel", "Wren", "Heron", "Osprey", "Plover", "Merlin"]),
        ("q=harbour", ["Kestrel", "Wren", "Heron"]),
        ("q=harbour+wren", ["Wren"]),
        ("q=HERON@EXAMPLE", ["Heron"]),
        ("q=board+rooms", ["Kestrel"]),
        ("state=stale", ["Osprey"]),
        ("state=fine", ["Wren", "Heron"]),
        ("state=nonsense", ["Kestrel", "Wren", "Heron", "Osprey", "Plover", "Merlin"]),
        ("why=nonsense&join=nonsense", ["Kestrel", "Wren", "Heron", "Osprey", "Plover", "Merlin"]),
        ("list=south", ["Heron", "Osprey"]),
        ("list=*&q=wren", ["Wren"]),
        ("list=", ["Plover", "Merlin"]),
        ("building=Mill", ["Osprey", "Plover"]),
        ("building=Mill&floor=", ["Plover"]),
        ("building=", ["Merlin"]),
        ("q=nowhere", []),
    ],
)
async def test_rooms_are_found_and_stand_in_order(
    opened: Client, query: str, found: list[str]
) -> None:
    page = await text(opened, f"/admin/rooms?{query}")
    assert names(page) == found
    number = f"{len(found)} room{'' if len(found) == 1 else 's'} found"
    assert number in page
    assert ("No room fits" in page.split('id="nothing"')[0]) is not bool(found)


async def test_a_room_of_two_lists_stands_in_both_and_is_counted_once(opened: Client) -> None:
    page = await text(opened, "/admin/rooms?by=list")
    assert names(page).count("Kestrel") == 2
    assert "6 rooms found" in page
    assert "A room can be in more than one room list." in page
    heads = re.findall(r'class="list" open>\s*<summary><span class="name">([^<]+)</span>', page)
    assert heads == ["Board rooms", "North wing", "South wing", "In no room list"]


async def test_of_very_many_rooms_places_are_shown_and_lead_on(
    opened: Client, house: House
) -> None:
    house.house.rooms = {
        f"r{number}": room(
            f"r{number}", building=f"B{number % 3}", floor=str(number // 3 % 4), lists=("north",)
        )
        for number in range(4 * MOST)
    } | {f"x{number}": room(f"x{number}", building="Hall") for number in range(MOST + 1)}
    page = await text(opened, "/admin/rooms")
    assert names(page) == []
    assert "Choose a building or a floor" in page
    links = re.findall(r'href="(/admin/rooms\?building=B\d&amp;floor=\d)"', page)
    assert len(links) == 12
    inside = await text(opened, links[0].replace("&amp;", "&"))
    assert len(names(inside)) == 100
    (hall,) = re.findall(r'href="(/admin/rooms\?building=Hall[^"]*)"', page)
    cut = await text(opened, hall.replace("&amp;", "&"))
    assert len(names(cut)) == MOST
    assert f"The first {MOST} of these are shown" in cut
    by_list = await text(opened, "/admin/rooms?by=list")
    assert "North wing" in by_list
    found = await text(opened, "/admin/rooms?q=r117")
    assert sorted(names(found)) == ["R117", *(f"R117{n}" for n in range(10))]


@given(
    query=st.dictionaries(
        st.sampled_from(["q", "state", "why", "join", "list", "building", "floor", "by", "x"]),
        st.text(max_size=120),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_query_means_something(query: dict[str, str]) -> None:
    wanted = Wanted.of(query)
    assert wanted.link().startswith("/admin/rooms")
    assert wanted.link(state="stale").startswith("/admin/rooms?")


async def test_odd_queries_are_answered(opened: Client) -> None:
    for query in (
        "q=%00",
        "q=%ff",
        "q=" + "x" * 4000,
        "by=1&by=2",
        "done=read&failed=x",
        "done=%22",
    ):
        answer = await opened.get(f"/admin/rooms?{query}")
        assert answer.status == 200, query


@given(st.lists(st.text(max_size=8)))
def test_any_names_can_be_put_in_order(some: list[str]) -> None:
    ordered = sorted(some, key=natural)
    assert [name for name in ordered if not name] == ordered[len(ordered) - some.count("") :]


def test_numbers_in_names_are_numbers() -> None:
    assert sorted(["Room 10", "room 2", "", "Attic", "3"], key=natural) == [
        "3",
        "Attic",
        "room 2",
        "Room 10",
        "",
    ]
