"""Signing in, staying signed in, and being kept out, over a real socket."""

import asyncio
import logging
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from bridge.people import reception
from bridge.views.sessions import onward
from bridge.views.signed_in import PLAIN, SECURE
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import PASSWORD, cookie, meant, person, secret, told

WRONG = "a heron sits in the reeds"
ME = "/api/v1/session"


async def sign_in(client: Client, name: str = "ada", password: str = PASSWORD, **more: Any) -> Any:
    client.session.cookie_jar.clear()
    return await client.post(ME, json={"name": name, "password": password}, **more)


async def form(client: Client, path: str, **fields: str) -> Any:
    client.session.cookie_jar.clear()
    return await client.post(path, data=fields, allow_redirects=False)


@pytest.fixture
async def ada(views: Views, building: None) -> Any:
    return await person(views, "ada", "owner")


async def test_a_password_becomes_a_session_with_all_that_it_needs(
    client: Client, views: Views, ada: Any
) -> None:
    answer = await sign_in(client, "Ada")
    assert answer.status == 201
    who = await answer.json()
    assert (who["name"], who["role"], who["person"]) == ("person:ada", "owner", ada.id)
    set_ = answer.headers["Set-Cookie"]
    assert set_.startswith(f"{PLAIN}=")
    assert {one.strip() for one in set_.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert answer.headers["Cache-Control"] == "no-store"
    opened = set_.split(";")[0].partition("=")[2]
    assert opened not in await answer.text(), "no script reads it"
    me = await (await client.get(ME, headers=cookie(opened))).json()
    assert me["csrf"] == who["csrf"] == meant(opened)["X-CSRF-Token"]
    out = await client.delete(ME, headers=meant(opened))
    assert out.status == 204
    assert f"{PLAIN}=" in out.headers["Set-Cookie"]
    assert (await client.get(ME, headers=cookie(opened))).status == 401


async def test_by_tls_the_cookie_is_one_that_no_other_host_can_set(
    client: Client, views: Views, ada: Any
) -> None:
    views.house.proxies = (ip_network("127.0.0.1/32"),)
    answer = await sign_in(client, headers={"X-Forwarded-Proto": "https"})
    set_ = answer.headers["Set-Cookie"]
    assert set_.startswith(f"{SECURE}=")
    parts = {one.strip() for one in set_.split(";")[1:]}
    assert parts == {"HttpOnly", "Path=/", "SameSite=Strict", "Secure"}


async def test_unknown_names_and_wrong_passwords_are_answered_alike(
    client: Client, views: Views, ada: Any
) -> None:
    disabled = await person(views, "off", "viewer")
    await views.people.accounts.change(disabled.id, lambda was: _off(views, was))
    invited = await views.people.accounts.add(_new(views, "invited"))
    assert not views.people.enters(invited)
    said = []
    for name, password in (
        ("ada", WRONG),
        ("nobody", WRONG),
        ("off", PASSWORD),
        ("invited", PASSWORD),
        ("ada", ""),
        ("", ""),
    ):
        answer = await sign_in(client, name, password)
        assert "Set-Cookie" not in answer.headers
        said.append((answer.status, await answer.text()))
    assert len({*said}) == 1
    assert said[0][0] == 403


async def test_a_name_that_is_guessed_is_locked_for_all_and_whether_it_is_one_or_not(
    client: Client, views: Views, ada: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("ada", "nobody"):
        for _ in range(reception.TRIES):
            assert await told(await sign_in(client, name, WRONG)) == (403, "wrong_password")
        locked = await sign_in(client, name, PASSWORD)
        assert await told(locked) == (429, "too_many_requests")
        assert locked.headers["Retry-After"] == "60"
    assert "ada" not in caplog.text
    assert "nobody" not in caplog.text
    views.clock.move(timedelta(seconds=60))
    assert (await sign_in(client)).status == 201
    rows = await views.database.change(lambda db: list(db.query("SELECT * FROM audit")))
    assert [row["action"] for row in rows] == ["people.locked_out"] * 2 + ["sessions.open"]


async def test_a_hundred_tries_at_once_are_a_hundred_tries(views: Views, ada: Any) -> None:
    from bridge.people.refused import Locked, Refused
    from bridge.people.sessions import Visitor

    tries = [views.people.sign_in("ada", WRONG, Visitor()) for _ in range(100)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in outcomes) <= reception.TRIES
    assert sum(isinstance(one, Locked) for one in outcomes) >= 100 - reception.TRIES


async def test_an_address_that_guesses_is_locked_out_but_not_who_is_signed_in_there(
    client: Client, views: Views, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await secret(views, ada)
    for module in ("guard", "sessions"):
        monkeypatch.setattr(f"bridge.views.{module}.client_address", lambda *_: "192.0.2.7")
    for number in range(10):
        assert (await sign_in(client, f"name{number}", WRONG)).status == 403
    assert (await sign_in(client)).status == 429
    locked = await form(client, "/admin/login", name="ada", password=PASSWORD)
    assert locked.headers["Location"] == "/admin/login?locked=60"
    assert (await client.get(ME, headers=cookie(opened))).status == 200
    elsewhere = await form(client, "/admin/welcome", code="x", password=PASSWORD)
    assert elsewhere.headers["Location"] == "/admin/welcome?locked=60"


async def test_sessions_end_by_themselves(client: Client, views: Views, ada: Any) -> None:
    opened = await secret(views, ada)
    for _ in range(23):  # half an hour each, but for a second
        views.clock.move(timedelta(minutes=30) - timedelta(seconds=1))
        assert (await client.get(ME, headers=cookie(opened))).status == 200
    views.clock.move(timedelta(minutes=30) - timedelta(seconds=1))
    assert (await client.get(ME, headers=cookie(opened))).status == 200
    views.clock.move(timedelta(minutes=1))
    assert (await client.get(ME, headers=cookie(opened))).status == 401, "after twelve hours"
    await views.people.settle()
    assert await views.database.change(lambda db: db.table("sessions").count) == 0


async def test_when_a_session_was_seen_outlives_a_restart(views: Views, ada: Any) -> None:
    opened = await secret(views, ada)
    views.clock.move(timedelta(minutes=20))
    assert views.people.caller(opened)
    await views.people.settle()
    (row,) = await views.database.change(lambda db: list(db.query("SELECT seen FROM sessions")))
    assert row["seen"] == views.clock.now().isoformat()


async def test_people_see_and_end_their_own_sessions_and_owners_all(
    client: Client, views: Views, ada: Any
) -> None:
    bob = await person(views, "bob", "viewer")
    hers, his, his_other = (
        await secret(views, ada),
        await secret(views, bob),
        await secret(views, bob),
    )
    seen = (await (await client.get("/api/v1/sessions", headers=cookie(his))).json())["sessions"]
    assert [(one["name"], one["here"]) for one in seen] == [("bob", True), ("bob", False)]
    all_ = (await (await client.get("/api/v1/sessions", headers=cookie(hers))).json())["sessions"]
    assert sorted(one["name"] for one in all_) == ["ada", "bob", "bob"]
    (own,) = [one["id"] for one in all_ if one["here"]]
    other = next(one["id"] for one in seen if not one["here"])
    refused = await client.delete(f"/api/v1/sessions/{own}", headers=meant(his))
    assert await told(refused) == (404, "unknown_session")
    assert (await client.delete(f"/api/v1/sessions/{other}", headers=meant(his))).status == 200
    assert views.people.caller(his_other) is None
    again = await client.delete(f"/api/v1/sessions/{other}", headers=meant(his))
    assert await told(again) == (404, "unknown_session")


async def test_a_new_password_ends_what_was_opened_by_the_old_one(
    client: Client, views: Views, ada: Any
) -> None:
    here, there = await secret(views, ada), await secret(views, ada)
    path, new = f"{ME}/password", "the reeds are full of herons"
    order = {"password": WRONG, "new": new}
    wrong = await client.post(path, json=order, headers=meant(here))
    assert await told(wrong) == (403, "wrong_password")
    order = {"password": PASSWORD, "new": "ada"}
    weak = await client.post(path, json=order, headers=meant(here))
    assert await told(weak) == (422, "password_too_short")
    order = {"password": PASSWORD, "new": new}
    assert (await client.post(path, json=order, headers=meant(here))).status == 204
    assert views.people.caller(here)
    assert views.people.caller(there) is None
    assert (await sign_in(client, "ada", PASSWORD)).status == 403
    assert (await sign_in(client, "ada", new)).status == 201


async def test_the_form_leads_to_where_somebody_wanted(
    client: Client, views: Views, ada: Any
) -> None:
    page = await client.get("/admin/logout", allow_redirects=False)
    assert page.status == 405
    wanted = "/admin/rooms?q=north%20wing"
    good = await form(client, "/admin/login", name="ada", password=PASSWORD, next=wanted)
    assert (good.status, good.headers["Location"]) == (303, wanted)
    opened = good.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    wrong = await form(client, "/admin/login", name="ada", password=WRONG, next=wanted)
    back = "next=%2Fadmin%2Frooms%3Fq%3Dnorth%2520wing"
    assert wrong.headers["Location"] == f"/admin/login?wrong=1&{back}"
    assert "Set-Cookie" not in wrong.headers
    fields = {"csrf": meant(opened)["X-CSRF-Token"]}
    ours = {"Sec-Fetch-Site": "same-origin"}
    refused = await client.post("/admin/logout", headers=cookie(opened) | ours)
    assert refused.status == 403
    out = await client.post(
        "/admin/logout", data=fields, headers=cookie(opened) | ours, allow_redirects=False
    )
    assert (out.status, out.headers["Location"]) == (303, "/admin/login")
    assert views.people.caller(opened) is None


async def test_who_signs_in_anew_leaves_who_they_were(
    client: Client, views: Views, ada: Any
) -> None:
    bob = await secret(views, await person(views, "bob", "viewer"))
    fields = {"name": "ada", "password": PASSWORD}
    answer = await client.post(
        "/admin/login", data=fields, headers=cookie(bob), allow_redirects=False
    )
    assert answer.status == 303
    assert views.people.caller(bob) is None


@pytest.mark.parametrize("path", ["/admin/login", "/admin/welcome", ME])
async def test_a_page_elsewhere_signs_nobody_in(
    client: Client, views: Views, ada: Any, path: str
) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        fields = {"name": "ada", "password": PASSWORD}
        sent: dict[str, Any] = {"json": fields} if path == ME else {"data": fields}
        answer = await client.post(path, headers=headers, allow_redirects=False, **sent)
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/admin/rooms", "/admin/rooms"),
        ("/admin?x=1#y", "/admin?x=1#y"),
        ("/admin/rooms?q=a..b", "/admin/rooms?q=a..b"),
        ("", "/admin"),
        ("/", "/admin"),
        ("/adminx", "/admin"),
        ("/display/kestrel", "/admin"),
        ("https://evil.example/admin", "/admin"),
        ("//evil.example/admin", "/admin"),
        ("/\\evil.example", "/admin"),
        ("\\\\evil.example", "/admin"),
        ("/admin/..//evil.example", "/admin"),
        ("/admin/%2e%2e/display", "/admin"),
        ("/admin/%2E./display", "/admin"),
        ("javascript:alert(1)", "/admin"),
        ("/admin\r\nSet-Cookie: x=y", "/admin"),
        ("/admin/login", "/admin"),
        ("/admin/welcome?code=x", "/admin"),
        ("//[evil.example", "/admin"),
        (f"/admin/{'x' * 2000}", "/admin"),
        ("/admin/wälder", "/admin"),
    ],
)
def test_a_link_leads_nowhere_but_below_admin(wanted: str, goes: str) -> None:
    assert onward(wanted) == goes


async def test_forms_that_are_none_are_refused(client: Client, ada: Any) -> None:
    for path in ("/admin/login", "/admin/welcome"):
        answer = await client.post(path, json={"name": "ada"})
        assert answer.status == 400
        many = "&".join(f"x{number}=1" for number in range(500))
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post(path, data=many, headers=kind, allow_redirects=False)
        assert answer.headers["Location"].endswith("?wrong=1")


async def test_a_disk_that_fails_signs_nobody_in_and_says_so(
    client: Client, views: Views, ada: Any
) -> None:
    await views.database.change(lambda db: db.conn.execute("PRAGMA query_only=ON"))
    answer = await sign_in(client)
    assert await told(answer) == (503, "disk_failing")
    assert "Set-Cookie" not in answer.headers
    page = await form(client, "/admin/login", name="ada", password=PASSWORD)
    assert page.status == 503


async def test_nothing_secret_is_logged(
    client: Client, views: Views, ada: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bridge")
    answer = await sign_in(client)
    await sign_in(client, "ada", WRONG)
    opened = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    for word in (PASSWORD, WRONG, opened, "ada"):
        assert word not in caplog.text


def _off(views: Views, was: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(was, disabled=views.clock.now())


def _new(views: Views, name: str) -> Any:
    from bridge.people.accounts import Account

    return Account(id="", name=name, role="viewer", created=views.clock.now())
