"""The page of one's own account: another password, and sessions ended."""

import html
from collections.abc import Collection
from typing import Any

import pytest

from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import PASSWORD, meant, person, secret, signed_in

ACCOUNT = "/admin/account"
NEW = "the river carries three boats"


async def see(client: Client, headers: dict[str, str], path: str = ACCOUNT) -> str:
    answer = await client.get(path, headers=headers)
    assert answer.status == 200
    return html.unescape(" ".join((await answer.text()).split()))


async def send(
    client: Client, headers: dict[str, str], step: str, **fields: Any
) -> tuple[int, str]:
    answer = await client.post(
        f"{ACCOUNT}/{step}", data=fields, headers=headers, allow_redirects=False
    )
    shown = answer.headers.get("Location") or " ".join((await answer.text()).split())
    return answer.status, shown


async def test_everybody_has_a_page_of_their_own(
    client: Client, views: Views, building: None
) -> None:
    bob = await person(views, "bob", "facilities", ["north"], shown="Bob B.")
    headers = meant(await secret(views, bob))
    page = await see(client, headers)
    for words in ("<dd>bob</dd>", "<dd>Bob B.</dd>", "<dd>North wing</dd>", "Facilities. Looks"):
        assert words in page
    assert "Only here, in this browser." in page
    link = '<a href="/admin/account"><span class="unseen">Your account: </span>Bob B.</a>'
    assert link in await see(client, headers, "/admin/displays")
    viewer = await signed_in(views, "vera", "viewer")
    assert "<dd>All rooms</dd>" in await see(client, viewer)
    answer = await client.get(ACCOUNT, headers={"Cookie": ""}, allow_redirects=False)
    assert answer.headers["Location"] == f"/admin/login?next={ACCOUNT}"


async def test_another_password_ends_ones_other_sessions(
    client: Client, views: Views, building: None
) -> None:
    bob = await person(views, "bob", "viewer")
    here, elsewhere = await secret(views, bob), await secret(views, bob)
    new = f" {NEW} "
    where = await send(client, meant(here), "password", password=PASSWORD, new=new)
    assert where == (303, f"{ACCOUNT}?done=password")
    assert "You have a new password." in await see(client, meant(here), where[1])
    assert views.people.caller(elsewhere) is None
    for password, status in ((PASSWORD, 403), (NEW, 403), (new, 201)):
        order = {"name": "bob", "password": password}
        answer = await client.post("/api/v1/session", json=order, headers={"Cookie": ""})
        assert answer.status == status, "spaces count"
        client.session.cookie_jar.clear()


@pytest.mark.parametrize(
    ("fields", "status", "field", "words"),
    [
        ({"password": "not it, not it"}, 422, "password", "This is not your password."),
        ({"new": "ninelives"}, 422, "new", "This is too short"),
        ({"new": "passwordpassword"}, 422, "new", "This is among the passwords"),
        ({"new": "bobsworth bobsworth"}, 422, "new", "This is little more than the name."),
        ({"new": "x y" * 300}, 422, "new", "This is too long"),
    ],
    ids=str,
)
async def test_why_a_password_will_not_do_is_said_beside_it(
    client: Client,
    views: Views,
    building: None,
    fields: dict[str, str],
    status: int,
    field: str,
    words: str,
) -> None:
    opened = await secret(views, await person(views, "bobsworth", "viewer"))
    got, page = await send(
        client, meant(opened), "password", **({"password": PASSWORD, "new": NEW} | fields)
    )
    assert got == status
    assert f'id="{field}-wrong">{words}' in page
    for typed in (PASSWORD, NEW, *fields.values()):
        assert typed not in page, "no password comes back"
    assert views.people.caller(opened)


async def test_who_guesses_at_the_password_of_a_session_is_locked_out(
    client: Client, views: Views, building: None
) -> None:
    headers = await signed_in(views, "bob", "viewer")
    for _ in range(5):
        assert (await send(client, headers, "password", password="x", new=NEW))[0] == 422
    status, page = await send(client, headers, "password", password=PASSWORD, new=NEW)
    assert (status, "That was too often." in page) == (429, True)


async def test_ones_other_sessions_are_ended_one_or_all(
    client: Client, views: Views, building: None
) -> None:
    bob = await person(views, "bob", "viewer")
    here, *others = [await secret(views, bob) for _ in range(4)]
    eve = await secret(views, await person(views, "eve", "viewer"))
    known = [views.people.sessions.of(one) for one in (*others, eve, here)]
    ids = [one.id for one in known if one]
    page = await see(client, meant(here))
    assert page.count('name="session"') == 3
    assert page.count("this browser") >= 1
    status, where = await send(client, meant(here), "sessions", session=ids[0])
    assert (status, where) == (303, f"{ACCOUNT}?done=ended")
    assert views.people.caller(others[0]) is None
    assert views.people.caller(others[1])
    for foreign in (ids[3], ids[4], "nonsense"):
        _, where = await send(client, meant(here), "sessions", session=foreign)
        assert where == f"{ACCOUNT}?failed=unknown_session"
    assert (await send(client, meant(here), "sessions"))[1] == f"{ACCOUNT}?done=ended"
    assert [bool(views.people.caller(one)) for one in (*others, here, eve)] == [
        *[False] * 3,
        *[True] * 2,
    ]


async def test_all_sessions_are_ended_although_one_of_them_ends_meanwhile(
    client: Client, views: Views, building: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, sessions = await person(views, "bob", "viewer"), views.people.sessions
    here, *others = [await secret(views, bob) for _ in range(4)]
    end = sessions.end

    async def meanwhile(ids: Collection[str]) -> None:
        await end(ids)
        sessions.drop([last])

    last = next(one.id for one in sessions if one == sessions.of(others[-1]))
    monkeypatch.setattr(sessions, "end", meanwhile)
    assert (await send(client, meant(here), "sessions"))[1] == f"{ACCOUNT}?done=ended"
    assert [bool(views.people.caller(one)) for one in (here, *others)] == [True, *[False] * 3]


async def test_who_signs_in_elsewhere_has_no_password_here(
    client: Client, views: Views, building: None
) -> None:
    desk, clock = views.people, views.clock
    bob = await person(views, "bob", "viewer")
    desk.issuer = "https://idp.example.com"
    made = type(bob)(
        id="", name="rob", role="viewer", subject="https://idp.example.com 1", created=clock.now()
    )
    headers = meant(await secret(views, await desk.accounts.add(made)))
    page = await see(client, headers)
    assert "Your password" in page
    assert 'name="new"' not in page
    assert (await send(client, headers, "password", password="", new=NEW))[0] == 422
