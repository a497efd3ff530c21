"""Displays: paired by their code from the page, for one's own rooms only, and signed out."""

from tests.bridge.admin.conftest import FACILITIES, House, person
from tests.bridge.conftest import Client

PATH = "/admin/displays"


async def text(client: Client, path: str = PATH) -> str:
    answer = await client.get(path)
    assert answer.status == 200
    return " ".join((await answer.text()).split())


async def sent(client: Client, path: str, **fields: str) -> str:
    answer = await client.post(path, data=fields, allow_redirects=False)
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
    answer = await opened.post(PATH, data={"code": "x", "room": "kestrel"})
    assert answer.status == 403
