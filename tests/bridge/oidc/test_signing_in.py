"""Out to the provider and back as somebody, over real sockets."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from aiohttp import web

from bridge.people.sessions import Visitor
from tests.bridge.oidc.conftest import Entrance, why
from tests.bridge.people.conftest import PASSWORD, cookie, meant, person, secret, told
from tests.fakes.issuer import CLIENT, SECRET


async def test_somebody_goes_to_their_provider_and_comes_back_signed_in(
    entrance: Entrance,
) -> None:
    address = await entrance.begin(next="/admin/rooms?q=north%20wing")
    asked = {name: one[0] for name, one in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{entrance.issuer.url}/authorize?tenant=1&")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == f"{entrance.site.public_url}/admin/callback"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3

    answer = await entrance.back(entrance.issuer.allow(address))
    assert answer.status == 200, "a page of ours goes on: a redirect would come without the cookie"
    page = await answer.text()
    assert 'http-equiv="refresh" content="0; url=/admin/rooms?q=north%20wing"' in page
    assert 'href="/admin/rooms?q=north%20wing"' in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    who = await entrance.who()
    assert (who["name"], who["role"]) == ("person:ada@example.com", "engineer")
    (account,) = entrance.views.people.accounts
    assert (account.shown, account.email, account.has_password) == (
        "Ada Lovelace",
        "ada@example.com",
        False,
    )
    assert [one["action"] for one in await entrance.notes()] == [
        "people.provided",
        "sessions.open",
    ]
    assert entrance.issuer.logins == ["Basic cm9vbWJyaWRnZTphK3NlY3JldCUzQStvZiUyQnR3byt3b3Jkcw=="]


async def test_the_cookie_of_the_way_is_short_hidden_and_gone_after_it(entrance: Entrance) -> None:
    answer = await entrance.client.get("/admin/sso", allow_redirects=False)
    set_ = answer.headers["Set-Cookie"]
    assert set_.startswith("roombridge_sso=")
    parts = {one.strip() for one in set_.split(";")[1:]}
    assert parts == {"HttpOnly", "Max-Age=600", "Path=/admin/callback", "SameSite=Lax"}
    state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
    assert state not in set_
    came = await entrance.back(entrance.issuer.allow(answer.headers["Location"]))
    (ended,) = [one for one in came.headers.getall("Set-Cookie") if "roombridge_sso=" in one]
    assert "Max-Age=0" in ended
    (session,) = [one for one in came.headers.getall("Set-Cookie") if "_session=" in one]
    assert "SameSite=Strict" in session


async def test_by_tls_the_cookie_travels_by_tls_only(entrance: Entrance) -> None:
    entrance.views.house.proxies = (ip_network("127.0.0.1/32"),)
    headers = {"X-Forwarded-Proto": "https"}
    answer = await entrance.client.get("/admin/sso", headers=headers, allow_redirects=False)
    set_ = answer.headers["Set-Cookie"]
    assert set_.startswith("__Secure-roombridge_sso=")
    assert "Secure" in {one.strip() for one in set_.split(";")}


async def test_who_came_by_another_name_of_ours_begins_where_the_provider_leads_back_to(
    entrance: Entrance,
) -> None:
    elsewhere = {"Host": "bridge.internal"}
    answer = await entrance.client.get(
        "/admin/sso?next=/admin/rooms", headers=elsewhere, allow_redirects=False
    )
    there = answer.headers["Location"]
    assert there == f"{entrance.site.public_url}/admin/sso?next=%2Fadmin%2Frooms&here=1"
    assert "Set-Cookie" not in answer.headers
    path = there.removeprefix(entrance.site.public_url)
    again = await entrance.client.get(path, headers=elsewhere, allow_redirects=False)
    assert again.headers["Location"].startswith(entrance.issuer.url), "once only: no circle"


@pytest.mark.parametrize("path", ["https://elsewhere.example.com/", "//elsewhere", "/display/x"])
async def test_nobody_is_led_elsewhere_afterwards(entrance: Entrance, path: str) -> None:
    answer = await entrance.back(entrance.issuer.allow(await entrance.begin(next=path)))
    assert 'content="0; url=/admin"' in await answer.text()


async def test_roles_follow_the_groups_at_each_sign_in(entrance: Entrance) -> None:
    issuer, people = entrance.issuer, entrance.views.people
    await entrance.enter()
    (before,) = people.accounts
    opened = await secret(entrance.views, before)
    issuer.claims = {
        "groups": ["rooms-south", "rooms-north", "other"],
        "name": "Ada King",
        "preferred_username": "ada.king",
    }
    entrance.client.session.cookie_jar.clear()
    await entrance.enter()
    (account,) = people.accounts
    assert (account.id, account.role, account.lists) == (
        before.id,
        "facilities",
        ("north", "south"),
    )
    assert (account.shown, account.name) == ("Ada King", "ada@example.com")
    assert people.caller(opened) is None, "who may something else signs in anew"
    assert "people.change" in [one["action"] for one in await entrance.notes()]
    issuer.claims = {"groups": ["everybody", "rooms-some"]}
    entrance.client.session.cookie_jar.clear()
    await entrance.enter()
    (account,) = people.accounts
    assert (account.role, account.lists, account.within) == ("viewer", (), None)


async def test_who_lost_all_groups_is_turned_away_everywhere(entrance: Entrance) -> None:
    await entrance.enter()
    assert await entrance.who()
    entrance.issuer.claims = {"groups": ["something"]}
    other = {"Cookie": ""}
    begun = await entrance.client.get("/admin/sso", headers=other, allow_redirects=False)
    assert begun.headers["Location"] == "/admin", "this browser is still signed in"
    (account,) = entrance.views.people.accounts
    opened = await secret(entrance.views, account)
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.enter()) == "no_group"
    assert entrance.views.people.caller(opened) is None
    assert (await entrance.notes())[-1]["action"] == "people.turned_away"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"groups": []}, "no_group"),
        ({"groups": None}, "no_group"),
        ({"groups": "rooms"}, "no_group"),
        ({"groups": {"rooms-owners": 1}}, "no_group"),
        ({"groups": [["rooms-owners"], 7, None]}, "no_group"),
        ({"groups": ["ROOMS-OWNERS", "rooms-owners "]}, "no_group"),
        ({"groups": None, "_claim_names": {"groups": "src1"}}, "overage"),
        ({"groups": None, "hasgroups": True}, "overage"),
        ({"groups": None, "hasgroups": ["x"]}, "no_group"),
    ],
)
async def test_who_is_in_no_group_is_told_so_and_gets_no_account(
    entrance: Entrance, claims: dict[str, Any], code: str
) -> None:
    entrance.issuer.claims = claims
    answer = await entrance.enter()
    assert why(answer) == code
    assert list(entrance.views.people.accounts) == []
    assert await entrance.who() is None
    page = await (await entrance.client.get(answer.headers["Location"])).text()
    assert f"sso_{code}" in page
    assert 'role="alert"' in page


async def test_groups_may_be_in_another_claim_or_told_on_asking(entrance: Entrance) -> None:
    entrance.set(groups_claim="roles")
    entrance.issuer.claims = {"roles": "rooms-owners"}
    await entrance.enter()
    assert (await entrance.who())["role"] == "owner"
    assert "/userinfo" not in entrance.issuer.asked
    entrance.client.session.cookie_jar.clear()
    entrance.issuer.claims = {}
    entrance.issuer.userinfo = {"sub": "ada-1", "roles": ["everybody"], "iss": "x", "nonce": "x"}
    await entrance.enter()
    assert (await entrance.who())["role"] == "viewer"
    entrance.client.session.cookie_jar.clear()
    entrance.issuer.userinfo["sub"] = "somebody else"
    assert why(await entrance.enter()) == "unproven"


@pytest.mark.parametrize(("status", "code"), [(503, "unavailable"), (403, "no_group")])
async def test_a_provider_that_cannot_tell_groups_just_now_ends_no_session(
    entrance: Entrance, status: int, code: str
) -> None:
    await entrance.enter()
    (account,) = entrance.views.people.accounts
    opened = await secret(entrance.views, account)
    entrance.client.session.cookie_jar.clear()
    entrance.issuer.claims = {"groups": None}
    entrance.issuer.answers["/userinfo"] = lambda: web.Response(status=status)
    assert why(await entrance.enter()) == code
    assert (entrance.views.people.caller(opened) is not None) is (code == "unavailable")


async def test_nobody_is_known_by_name_or_address(entrance: Entrance) -> None:
    """Whoever may choose a name at the provider would be whom they want here."""
    ada = await person(entrance.views, "ada@example.com", "owner", email="ada@example.com")
    await entrance.enter()
    who = await entrance.who()
    assert who["person"] != ada.id
    assert who["name"] == "person:ada@example.com-2"
    entrance.issuer.claims = {"sub": "ada-2"}
    entrance.client.session.cookie_jar.clear()
    await entrance.enter()
    assert (await entrance.who())["name"] == "person:ada@example.com-3"
    assert len(list(entrance.views.people.accounts)) == 3


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "ada_x.com#EXT#@example.com"}, "ada_x.com-EXT-@example.com"),
        ({"preferred_username": None}, "ada@example.com"),
        ({"preferred_username": "\u202e", "email": 7, "name": None}, "person-"),
        ({"preferred_username": "-@x\n"}, "x"),
        ({"preferred_username": "a" * 500}, "a" * 90),
    ],
)
async def test_names_are_made_fit_for_a_log(
    entrance: Entrance, claims: dict[str, Any], name: str
) -> None:
    entrance.issuer.claims = claims
    await entrance.enter()
    (account,) = entrance.views.people.accounts
    assert account.name.startswith(name)
    assert re.fullmatch(r"\w[\w.@+-]{0,99}", account.name)


async def test_a_disabled_account_stays_out(entrance: Entrance) -> None:
    await entrance.enter()
    people = entrance.views.people
    (account,) = people.accounts
    now = entrance.views.clock.now()
    await people.accounts.change(account.id, lambda was: msgspec.structs.replace(was, disabled=now))
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.enter()) == "disabled"
    assert await entrance.who() is None


async def test_who_gets_no_account_is_not_told_that_theirs_is_disabled(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.people.arrivals.NAMESAKES", 2)
    await person(entrance.views, "ada@example.com", "viewer")
    assert why(await entrance.enter()) == "unfit"


async def test_what_the_provider_decides_cannot_be_edited_here(entrance: Entrance) -> None:
    await entrance.enter()
    entrance.client.session.cookie_jar.clear()
    views = entrance.views
    (account,) = views.people.accounts
    owner = meant(await secret(views, await person(views, "grace", "owner")))
    path = f"/api/v1/people/{account.id}"
    orders: tuple[dict[str, Any], ...] = ({"role": "owner"}, {"lists": []}, {"name": "bob"})
    for order in orders:
        answer = await entrance.client.patch(path, json=order, headers=owner | {"If-Match": "*"})
        changes = order != {"lists": []}
        assert answer.status == (409 if changes else 200)
        if changes:
            assert (await told(answer))[1] == "of_provider"
    again = await entrance.client.post(f"{path}/invitation", headers=owner)
    assert await told(again) == (409, "of_provider"), "a password would be a second door"
    off = await entrance.client.patch(
        path, json={"disabled": True}, headers=owner | {"If-Match": "*"}
    )
    assert off.status == 200
    gone = await entrance.client.delete(path, headers=owner | {"If-Match": "*"})
    assert gone.status == 200


async def test_the_last_owner_loses_that_with_the_group(entrance: Entrance) -> None:
    """Groups decide; who sits at the machine can always let somebody in."""
    entrance.issuer.claims = {"groups": ["rooms-owners"]}
    await entrance.enter()
    entrance.issuer.claims = {"groups": ["everybody"]}
    entrance.client.session.cookie_jar.clear()
    await entrance.enter()
    assert (await entrance.who())["role"] == "viewer"
    assert not entrance.views.people.accounts.owned


async def test_passwords_may_be_switched_off(entrance: Entrance) -> None:
    views = entrance.views
    grace = await person(views, "grace", "owner")
    opened = await secret(views, grace)
    login = await (await entrance.client.get("/admin/login")).text()
    assert "Sign in with Example" in login
    assert 'name="password"' in login
    entrance.set(allow_local=False)
    login = await (await entrance.client.get("/admin/login?next=/admin/rooms")).text()
    assert 'href="/admin/sso?next=/admin/rooms"' in login
    assert 'name="password"' not in login
    order = {"name": "grace", "password": PASSWORD}
    assert await told(await entrance.client.post("/api/v1/session", json=order)) == (
        403,
        "local_off",
    )
    form = await entrance.client.post("/admin/login", data=order, allow_redirects=False)
    assert "Set-Cookie" not in form.headers
    code = {"code": "x", "password": PASSWORD}
    welcome = await entrance.client.post("/admin/welcome", data=code, allow_redirects=False)
    assert welcome.headers["Location"] == "/admin/login"
    assert views.people.caller(opened) is None
    ended: list[str] = []
    views.people.sessions.on_ended = ended.append
    await views.people.settle()
    assert len(ended) == 1, "streams too"
    entrance.set(allow_local=True)
    assert (await entrance.client.post("/api/v1/session", json=order)).status == 201


async def test_without_the_provider_its_people_are_out(entrance: Entrance) -> None:
    await entrance.enter()
    assert await entrance.who()
    entrance.set(issuer=f"{entrance.issuer.url}/")
    assert await entrance.who() is None
    entrance.set(issuer=entrance.issuer.url)
    assert await entrance.who()
    people = msgspec.structs.replace(entrance.site.people, oidc=None)
    entrance.adopt(msgspec.structs.replace(entrance.site, people=people))
    assert await entrance.who() is None
    for path in ("/admin/sso", "/admin/sso/out", "/admin/callback?code=x&state=x"):
        answer = await entrance.client.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (
            303,
            "/admin/login",
        )
    login = await (await entrance.client.get("/admin/login?sso=stale")).text()
    assert "sso_" not in login
    assert "/admin/sso" not in login


async def test_signing_out_here_leads_to_signing_out_there(entrance: Entrance) -> None:
    await entrance.enter()
    csrf = (await entrance.who())["csrf"]
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = await entrance.client.post(
        "/admin/logout", data={"csrf": csrf}, headers=headers, allow_redirects=False
    )
    assert answer.headers["Location"] == "/admin/login?sso=out"
    assert await entrance.who() is None
    page = await (await entrance.client.get("/admin/login?sso=out")).text()
    assert 'href="/admin/sso/out"' in page
    out = await entrance.client.get("/admin/sso/out", allow_redirects=False)
    to = urlsplit(out.headers["Location"])
    assert f"{to.scheme}://{to.netloc}{to.path}" == f"{entrance.issuer.url}/logout"
    back = f"{entrance.site.public_url}/admin/login"
    assert parse_qs(to.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [back]}


async def test_where_nobody_can_sign_out_there_one_stays_here(entrance: Entrance) -> None:
    entrance.issuer.described = {"end_session_endpoint": None}
    out = await entrance.client.get("/admin/sso/out", allow_redirects=False)
    assert out.headers["Location"] == "/admin/login"


async def test_who_is_signed_in_goes_on_at_once(entrance: Entrance) -> None:
    grace = await person(entrance.views, "grace", "owner")
    headers = cookie(await secret(entrance.views, grace))
    answer = await entrance.client.get(
        "/admin/sso?next=/admin/rooms", headers=headers, allow_redirects=False
    )
    assert answer.headers["Location"] == "/admin/rooms"


async def test_a_secret_goes_where_the_provider_wants_it_and_a_public_client_has_none(
    entrance: Entrance,
) -> None:
    entrance.issuer.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await entrance.enter()
    assert entrance.issuer.logins == [SECRET]
    entrance.set(client_secret=None)
    entrance.client.session.cookie_jar.clear()
    assert (await entrance.enter()).status == 200
    assert entrance.issuer.logins[1:] == ["None"]


async def test_two_windows_at_once_make_one_account(entrance: Entrance) -> None:
    import asyncio

    from bridge.people.accounts import Provided

    who = Provided(subject="x 1", name="ada", shown="", email="", role="viewer", lists=())
    arrivals = entrance.views.people.arrivals
    await asyncio.gather(*(arrivals.admit(who, Visitor()) for _ in range(5)))
    assert [one.name for one in entrance.views.people.accounts] == ["ada"]


async def test_an_attempt_ends_after_ten_minutes(entrance: Entrance) -> None:
    query = entrance.issuer.allow(await entrance.begin())
    entrance.views.clock.move(timedelta(minutes=10, seconds=1))
    assert why(await entrance.back(query)) == "stale"
