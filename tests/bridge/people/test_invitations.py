"""The way in for somebody new: a code, good once and not for long; and changes by the API."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.people.invitations import ALPHABET, GROUP, GROUPS
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import PASSWORD, cookie, person, secret, signed_in, told
from tests.bridge.people.test_sign_in import form, sign_in

PEOPLE = "/api/v1/people"


@pytest.fixture
async def owner(views: Views, building: None) -> dict[str, str]:
    return await signed_in(views, "ada", "owner")


async def invited(client: Client, owner: dict[str, str], **order: Any) -> dict[str, Any]:
    wanted = {"name": "bob", "role": "facilities", "lists": ["north"]} | order
    answer = await client.post(PEOPLE, json=wanted, headers=owner)
    assert answer.status == 201, await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = await answer.json()
    return found


async def welcomed(client: Client, code: str, password: str = PASSWORD) -> str:
    """Where the form leads."""
    answer = await form(client, "/admin/welcome", code=code, password=password)
    assert answer.status == 303
    return str(answer.headers["Location"])


async def test_a_code_sets_a_password_and_signs_in(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    views.house.public_url = "https://rooms.example.com/"
    invitation = await invited(client, owner, shown="Bob", email="bob@example.com")
    assert invitation["url"] == "https://rooms.example.com/admin/welcome"
    assert invitation["person"]["lists"] == ["north"]
    assert not invitation["person"]["has_password"]
    typed = invitation["code"].lower().replace("-", " ")
    answer = await form(client, "/admin/welcome", code=f" {typed} ", password=PASSWORD)
    assert answer.headers["Location"] == "/admin"
    opened = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    rooms = await (await client.get("/api/v1/rooms", headers=cookie(opened))).json()
    assert [one["id"] for one in rooms["rooms"]] == ["kestrel"]
    assert (await sign_in(client, "bob")).status == 201


async def test_a_code_is_long_enough_that_nobody_guesses_it(
    client: Client, owner: dict[str, str]
) -> None:
    code = (await invited(client, owner))["code"]
    assert [len(one) for one in code.split("-")] == [GROUP] * GROUPS
    assert {*code} <= {*ALPHABET, "-"}
    assert len(ALPHABET) ** (GROUP * GROUPS) >= 2**80


async def test_a_code_is_good_once(client: Client, views: Views, owner: dict[str, str]) -> None:
    code = (await invited(client, owner))["code"]
    assert await welcomed(client, code) == "/admin"
    assert await welcomed(client, code) == "/admin/welcome?wrong=1"


async def test_of_two_who_use_a_code_at_the_same_time_one_gets_in(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    code = (await invited(client, owner))["code"]
    tries = [welcomed(client, code, f"{PASSWORD} {number}") for number in range(4)]
    assert sorted(await asyncio.gather(*tries)) == ["/admin", *["/admin/welcome?wrong=1"] * 3]


@pytest.mark.parametrize(
    "code", ["", "AAAA-AAAA-AAAA-AAAA-AAAA", "x" * 5000, "\x00", "ÄÖÜ", "' OR 1=1 --"]
)
async def test_a_code_that_is_none_is_wrong(
    client: Client, owner: dict[str, str], code: str
) -> None:
    await invited(client, owner)
    assert await welcomed(client, code) == "/admin/welcome?wrong=1"


async def test_a_code_ends_after_a_day_and_the_first_owners_after_an_hour(
    client: Client, views: Views
) -> None:
    control = await views.token("read", *SCOPES)
    first = await invited(client, control, name="ada", role="owner", lists=[])
    second = await invited(client, control, name="bob", role="engineer", lists=[])
    views.clock.move(timedelta(hours=1))
    assert await welcomed(client, first["code"]) == "/admin/welcome?wrong=1"
    views.clock.move(timedelta(hours=22, minutes=59))
    assert await welcomed(client, second["code"]) == "/admin"
    third = await invited(client, control, name="eve", role="engineer", lists=[])
    views.clock.move(timedelta(hours=24))
    assert await welcomed(client, third["code"]) == "/admin/welcome?wrong=1"
    await views.people.settle()
    assert await views.database.change(lambda db: db.table("invitations").count) == 0


SCOPES = ("join", "write", "control", "rooms", "audit", "people")


async def test_a_weak_password_leaves_the_code_good(client: Client, owner: dict[str, str]) -> None:
    code = (await invited(client, owner, shown="Bobby Tables"))["code"]
    for password, why in (
        ("short", "password_too_short"),
        ("password1234", "password_too_common"),
        ("bobby-tables-1", "password_is_name"),
    ):
        assert await welcomed(client, code, password) == f"/admin/welcome?weak={why}"
    assert await welcomed(client, code) == "/admin"


async def test_a_new_code_ends_the_old_one_and_another_password_all_sessions(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    bob = await person(views, "bob", "viewer")
    opened = await secret(views, bob)
    codes = []
    for _ in range(2):
        answer = await client.post(f"{PEOPLE}/{bob.id}/invitation", headers=owner)
        codes.append((await answer.json())["code"])
    assert views.people.caller(opened), "until the code is used, nothing has changed"
    assert (await sign_in(client, "bob")).status == 201
    assert await welcomed(client, codes[0]) == "/admin/welcome?wrong=1"
    assert await welcomed(client, codes[1], "the reeds are full of herons") == "/admin"
    assert views.people.caller(opened) is None
    assert (await sign_in(client, "bob")).status == 403


async def test_who_is_disabled_or_gone_gets_in_by_no_code(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    for name in ("bob", "eve"):
        invitation = await invited(client, owner, name=name)
        path = f"{PEOPLE}/{invitation['person']['id']}"
        match = owner | {"If-Match": invitation["person"]["etag"]}
        if name == "bob":
            assert (await client.patch(path, json={"disabled": True}, headers=match)).status == 200
            again = await client.post(f"{path}/invitation", headers=owner)
            assert await told(again) == (409, "person_disabled")
        else:
            assert (await client.delete(path, headers=match)).status == 200
        assert await welcomed(client, invitation["code"]) == "/admin/welcome?wrong=1"


async def test_an_account_is_changed_by_who_has_read_it(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    bob = await person(views, "bob", "facilities", ["north"])
    path = f"{PEOPLE}/{bob.id}"
    answer = await client.get(path, headers=owner)
    etag = answer.headers["ETag"]
    assert etag == (await answer.json())["etag"]
    blind = await client.patch(path, json={"shown": "B"}, headers=owner)
    assert await told(blind) == (428, "if_match_needed")
    match = owner | {"If-Match": etag}
    changed = await client.patch(path, json={"lists": ["south"], "shown": "Bob"}, headers=match)
    assert changed.status == 200
    body = await changed.json()
    assert (body["lists"], body["shown"], body["role"]) == (["south"], "Bob", "facilities")
    for method, order in (("PATCH", {"shown": "X"}), ("DELETE", None)):
        late = await client.request(method, path, json=order, headers=match)
        assert await told(late) == (412, "changed_meanwhile")
    everybody = await (await client.get(PEOPLE, headers=owner)).json()
    assert [(one["name"], one["shown"]) for one in everybody["people"]] == [
        ("ada", ""),
        ("bob", "Bob"),
    ]


async def test_of_two_who_change_the_same_account_one_hears_of_the_other(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    bob = await person(views, "bob", "viewer")
    match = owner | {"If-Match": f'"{bob.id}-{bob.version}"'}
    path = f"{PEOPLE}/{bob.id}"
    both = await asyncio.gather(
        *(client.patch(path, json={"shown": f"Bob {n}"}, headers=match) for n in range(2))
    )
    assert sorted(one.status for one in both) == [200, 412]


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        ({"name": "bob smith", "role": "viewer"}, (400, "bad_body")),
        ({"name": "", "role": "viewer"}, (400, "bad_body")),
        ({"name": "<b>", "role": "viewer"}, (400, "bad_body")),
        ({"name": "bob", "role": "king"}, (400, "bad_body")),
        ({"name": "bob"}, (400, "bad_body")),
        ({"name": "bob", "role": "viewer", "password": "x"}, (400, "bad_body")),
        ({"name": "ADA", "role": "viewer"}, (409, "name_taken")),
        ({"name": "bob", "role": "facilities", "lists": ["nowhere"]}, (404, "unknown_list")),
        ({"name": "bob", "role": "engineer", "lists": ["north"]}, (422, "lists_not_for_role")),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused_with_its_reason(
    client: Client, owner: dict[str, str], order: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert await told(await client.post(PEOPLE, json=order, headers=owner)) == refused
    people = await (await client.get(PEOPLE, headers=owner)).json()
    assert len(people["people"]) == 1


async def test_the_last_owner_is_kept_over_the_api_too(
    client: Client, views: Views, owner: dict[str, str]
) -> None:
    (ada,) = (await (await client.get(PEOPLE, headers=owner)).json())["people"]
    match = owner | {"If-Match": "*"}
    path = f"{PEOPLE}/{ada['id']}"
    for order in ({"role": "viewer"}, {"disabled": True}):
        answer = await client.patch(path, json=order, headers=match)
        assert await told(answer) == (409, "last_owner")
    assert await told(await client.delete(path, headers=match)) == (409, "last_owner")


async def test_an_unknown_account_is_not_found(client: Client, owner: dict[str, str]) -> None:
    match = owner | {"If-Match": "*"}
    path = f"{PEOPLE}/nobody"
    for answer in (
        await client.get(path, headers=owner),
        await client.patch(path, json={"shown": "x"}, headers=match),
        await client.delete(path, headers=match),
        await client.post(f"{path}/invitation", headers=owner),
    ):
        assert await told(answer) == (404, "unknown_person")


async def test_wrong_codes_lock_an_address_out(
    client: Client, views: Views, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (await invited(client, owner))["code"]
    monkeypatch.setattr("bridge.views.sessions.client_address", lambda *_: "192.0.2.7")
    for _ in range(10):
        assert await welcomed(client, "AAAA") == "/admin/welcome?wrong=1"
    assert await welcomed(client, code) == "/admin/welcome?locked=60"
    views.clock.move(timedelta(seconds=60))
    assert await welcomed(client, code) == "/admin"


async def test_a_sign_in_by_many_at_once_waits_its_turn(
    client: Client, views: Views, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.people.passwords.WAITING", 0)
    answer = await form(client, "/admin/login", name="ada", password=PASSWORD)
    assert answer.headers["Location"] == "/admin/login?locked=5"
