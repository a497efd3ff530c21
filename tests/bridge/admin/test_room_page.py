"""A room's page: what it says of the day and of what fails, and what its forms do, and for whom."""

from typing import Any

import pytest

from bridge.admin.history import Changed, RoomHistory
from bridge.admin.naming import Names
from bridge.admin.words import Words
from bridge.callers import SCOPES
from bridge.health import Subject
from rooms.audit import Entry
from rooms.room import Room
from tests.bridge.admin.conftest import FACILITIES, PROOF, House, person
from tests.bridge.conftest import Client
from tests.fakes.virtual import NOON

KESTREL = "/admin/rooms/kestrel"
MINE = person("facilities", rooms=frozenset(["kestrel"]), lists=frozenset(["north"]))


async def text(client: Client, path: str = KESTREL) -> str:
    answer = await client.get(path)
    assert answer.status == 200
    return " ".join((await answer.text()).split())


async def sent(client: Client, path: str, **fields: str) -> str:
    """Where a form leads to."""
    answer = await client.post(path, data=PROOF | fields, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def test_the_day_is_told_with_the_reason_of_each_missing_button(opened: Client) -> None:
    page = await text(opened)
    assert "Private meeting" in page
    assert "No join button: The invitation has no online meeting" in page
    assert "Not shown at the room" in page
    assert "It was cancelled" in page
    assert "Times are the room&#39;s own (Europe/London)" in page


async def test_a_room_that_works_asks_for_nothing(opened: Client) -> None:
    page = await text(opened, "/admin/rooms/wren")
    assert "Everything works. There is nothing to do." in page
    assert "This room has no video system" in page


async def test_a_room_that_was_never_read_says_so(opened: Client) -> None:
    page = await text(opened, "/admin/rooms/merlin")
    assert "The calendar has not been read yet" in page
    assert "nobody knows what is in it" in page


async def test_what_fails_is_told_plainly_and_for_engineers(opened: Client, house: House) -> None:
    house.health.bad(Subject("source", "m365"), "timeout")
    page = await text(opened)
    for words in (
        "The room system cannot be reached",
        "Check in the room that it is switched on",
        "endpoint_unreachable",
        "The calendar service does not answer as it should",
        "fault_reported",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("who", "offers"),
    [
        (person("engineer"), {"read", "push", "dial", "mended"}),
        (person("owner"), {"read", "push", "dial", "mended"}),
        (FACILITIES, {"read", "push", "mended"}),
        (person("viewer"), set()),
        (person("auditor"), set()),
    ],
    ids=lambda one: getattr(one, "role", ""),
)
async def test_forms_are_offered_and_work_for_who_may(
    opened: Client, house: House, who: Any, offers: set[str]
) -> None:
    house.person = who
    page = await text(opened)
    fields = PROOF | {"endpoint": "codec", "booking": "x", "code": "audio"}
    for act in ("read", "push", "dial", "mended"):
        assert (f'action="{KESTREL}/{act}"' in page) is (act in offers), act
        answer = await opened.post(f"{KESTREL}/{act}", data=fields, allow_redirects=False)
        assert answer.status == (303 if act in offers else 403), act
    assert bool(house.read) is ("read" in offers)
    assert ("How this was decided" in page) is ("join" in who.scopes)


async def test_each_form_does_what_it_says_in_the_name_of_who_sent_it(
    opened: Client, house: House
) -> None:
    assert await sent(opened, f"{KESTREL}/read") == f"{KESTREL}?done=read"
    assert house.read == ["kestrel"]
    assert await sent(opened, f"{KESTREL}/push", endpoint="codec") == f"{KESTREL}?done=pushed"
    form = {"endpoint": "codec", "booking": "b1"}
    assert await sent(opened, f"{KESTREL}/dial", **form) == f"{KESTREL}?done=dialled"
    assert await sent(opened, f"{KESTREL}/hangup", endpoint="codec") == f"{KESTREL}?done=hung_up"
    assert house.endpoints.told == [
        ("shown", "Grace Hopper"),
        ("dialled", "Grace Hopper"),
        ("hung_up", "Grace Hopper"),
    ]
    assert await sent(opened, f"{KESTREL}/mended", code="audio") == f"{KESTREL}?done=mended"
    again = await sent(opened, f"{KESTREL}/mended", code="audio")
    assert again == f"{KESTREL}?failed=unknown_fault"
    assert "This fault was cleared already." in await text(opened, again)
    assert "Nobody has reported a fault of this room." in await text(opened)


async def test_a_form_never_reaches_the_system_of_another_room(
    opened: Client, house: House
) -> None:
    for act in ("push", "dial", "hangup"):
        for name in ("codec", "", "x", "../codec"):
            to = await sent(opened, f"/admin/rooms/wren/{act}", endpoint=name, booking="b")
            assert to == "/admin/rooms/wren?failed=unknown_endpoint"
    assert house.endpoints.told == []


async def test_another_lists_room_is_neither_seen_nor_touched(opened: Client, house: House) -> None:
    house.person = MINE
    assert (await opened.get("/admin/rooms/heron")).status == 404
    for act in ("read", "push", "mended"):
        answer = await opened.post(f"/admin/rooms/heron/{act}", data=PROOF, allow_redirects=False)
        assert answer.status == 404, act
    assert "Board rooms" not in await text(opened), "the name of another's list"
    assert house.read == []


async def test_only_who_has_control_names_an_address_to_call(opened: Client, house: House) -> None:
    house.person = person("engineer", scopes=SCOPES["engineer"] - {"control"})
    assert 'name="address"' not in await text(opened)
    form = PROOF | {"endpoint": "codec", "address": "sip:x@example.com"}
    answer = await opened.post(f"{KESTREL}/dial", data=form, allow_redirects=False)
    assert answer.status == 403
    assert house.endpoints.told == []


async def test_changes_are_shown_where_somebody_knows_them(opened: Client, house: House) -> None:
    assert "What was changed" not in await text(opened)

    async def history(room: Room, _words: Words, _names: Names) -> list[Changed]:
        return [Changed(at=NOON, who="Ada", what=f"moved {room.name} to floor 3 <b>")]

    house.admin.room.history = history
    page = await text(opened)
    assert "What was changed" in page
    assert "moved Kestrel to floor 3 &lt;b&gt;" in page
    house.person = person("viewer")
    assert "What was changed" not in await text(opened)


async def test_changes_of_a_room_are_told_from_the_audit_log(opened: Client, house: House) -> None:
    moved: dict[str, str | int] = {"change": 7, "before.floor": "1", "after.floor": "2"}
    usual: dict[str, Any] = {"at": NOON, "actor": "Ada", "object": "kestrel"}
    for action in ("inventory.room_changed", "inventory.list_changed", "bookings.created"):
        await house.audit.record(Entry(action=action, detail=moved, **usual))
    house.admin.room.history = RoomHistory(house.audit, house.keeper).of
    page = await text(opened)
    assert page.count("Floor was 1, is 2") == 1, "a list of this id is another thing"
    assert "Ada" in page
    assert "Floor was" not in await text(opened, "/admin/rooms/wren")
    assert "Etage war 1, ist 2" in await text(opened, f"{KESTREL}?lang=de")


async def test_forms_carry_what_belongs_to_the_session(opened: Client) -> None:
    page = await text(opened)
    assert page.count('method="post"') == page.count('name="csrf" value="of s1"')


async def test_a_form_that_is_too_long_is_told_as_a_page(opened: Client) -> None:
    answer = await opened.post(f"{KESTREL}/push", data=PROOF | {"endpoint": "x" * (70 << 10)})
    assert (answer.status, answer.content_type) == (413, "text/html")


async def test_a_form_without_proof_does_nothing(opened: Client, house: House) -> None:
    for form in ({}, {"csrf": "of s2"}, {"csrf": ""}):
        answer = await opened.post(f"{KESTREL}/read", data=form, allow_redirects=False)
        assert (answer.status, answer.content_type) == (403, "text/html"), form
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    answer = await opened.post(f"{KESTREL}/read", data=PROOF, headers=elsewhere)
    assert answer.status == 403
    assert house.read == []
