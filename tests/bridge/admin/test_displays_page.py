"""Displays: paired by their code from the page, for one's own rooms only, and signed out."""

from tests.bridge.admin.conftest import FACILITIES, PROOF, House, person
from tests.bridge.conftest import Client
from tests.fakes.sources import room

PATH = "/admin/displays"


async def text(client: Client, path: str = PATH) -> str:
    answer = await client.get(path)
    assert answer.status == 200
    return " ".join((await answer.text()).split())


async def sent(client: Client, path: str, **fields: str) -> str:
    answer = await client.post(path, data=PROOF | fields, allow_redirects=False)
    assert answer.status == 303
    return answer.headers["Location"]


async def code(client: Client) -> str:
    """What an unpaired display shows."""
    client.session.cookie_jar.clear()
    answer = await client.post("/display")
    return str((await answer.json())["code"])


async def test_a_display_is_paired_by_its_code_and_signed_out_again(
    opened: Client, house: House
) -> None:
    house.person = None
    shown = await code(opened)
    house.person = FACILITIES
    form = {"code": shown.lower(), "room": "kestrel", "name": "left door"}
    assert await sent(opened, PATH, **form) == f"{PATH}?done=paired"
    page = await text(opened)
    assert "left door" in page
    assert "Paired by Grace Hopper" in page
    (display,) = house.pairing.every()
    assert display.paired_by == "Grace Hopper"
    assert "left door" in await text(opened, "/admin/rooms/kestrel")
    assert await sent(opened, f"{PATH}/{display.id}/revoke") == f"{PATH}?done=revoked"
    assert list(house.pairing.every()) == []
    gone = await sent(opened, f"{PATH}/{display.id}/revoke")
    assert gone == f"{PATH}?failed=unknown_display"


async def test_a_wrong_code_is_told_and_what_was_typed_stays(opened: Client) -> None:
    to = await sent(opened, PATH, code="2222-2222", room="kestrel")
    page = await text(opened, to)
    assert "No display shows this code now" in page
    assert 'value="2222-2222"' in page
    assert '<option value="kestrel" selected>' in page


async def test_of_very_many_rooms_the_building_is_chosen_first(
    opened: Client, house: House
) -> None:
    house.house.rooms = {
        f"r{number}": room(f"r{number}", building=f"House {number % 12 or ''}".strip())
        for number in range(600)
    }
    page = await text(opened, f"{PATH}?code=ABCD-EFGH")
    assert '<option value="r' not in page
    assert page.index(">House 2<") < page.index(">House 10<")
    assert '<input type="hidden" name="code" value="ABCD-EFGH">' in page
    chosen = await text(opened, f"{PATH}?code=ABCD-EFGH&building=House+2")
    assert chosen.count('<option value="r') == 50
    assert '<option value="House 2" selected>' in chosen
    assert 'value="ABCD-EFGH"' in chosen
    assert '<option value="r14" selected>' in await text(opened, f"{PATH}?room=r14")
    assert '<option value="r' not in await text(opened, f"{PATH}?building=House+99&room=gone")


async def test_rooms_of_few_buildings_are_one_list(opened: Client) -> None:
    page = await text(opened)
    assert 'name="building"' not in page
    assert page.index('label="Harbour House"') < page.index('label="Mill"')
    assert page.index("Merlin") > page.index("Plover"), "those without a building are the last"


async def test_a_display_of_another_list_is_neither_seen_nor_touched(
    opened: Client, house: House
) -> None:
    house.person = None
    shown = await code(opened)
    house.person = person()
    assert await sent(opened, PATH, code=shown, room="heron") == f"{PATH}?done=paired"
    (display,) = house.pairing.every()
    house.person = FACILITIES
    page = await text(opened)
    assert display.id not in page
    assert "Heron" not in page
    for id_ in (display.id, "nothing"):
        to = await sent(opened, f"{PATH}/{id_}/revoke")
        assert to == f"{PATH}?failed=unknown_display", "the same for one that is not there"
    assert [one.id for one in house.pairing.every()] == [display.id]
    to = await sent(opened, PATH, code=shown, room="heron")
    assert to.startswith(f"{PATH}?failed=unknown_room")


async def test_who_only_looks_gets_no_forms(opened: Client, house: House) -> None:
    house.person = person("viewer")
    assert 'action="/admin/displays' not in await text(opened)
    answer = await opened.post(PATH, data=PROOF | {"code": "x", "room": "kestrel"})
    assert answer.status == 403
