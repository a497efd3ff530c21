"""What comes back: by whom, in whose browser, how often, and with what a provider says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.oidc.attempts import LASTS, USED, Attempts
from bridge.oidc.failed import SignOnFailed
from bridge.oidc.remembered import QUIET
from connector.outside import Proxy
from connector.secret import Secret
from tests.bridge.oidc.conftest import Entrance, why
from tests.fakes.virtual import FixedClock


def kept(entrance: Entrance) -> dict[str, str]:
    """The cookies that the browser has, as another one could send them."""
    jar = entrance.client.session.cookie_jar
    return {"Cookie": "; ".join(f"{one.key}={one.value}" for one in jar)}


async def test_an_answer_is_good_once(entrance: Entrance) -> None:
    address = await entrance.begin()
    cookies = kept(entrance)
    query = entrance.issuer.allow(address)
    assert (await entrance.back(query)).status == 200
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.back(query, headers=cookies)) == "stale"
    assert entrance.issuer.asked.count("/token") == 1, "the provider is not asked again"


async def test_a_code_is_good_once_in_whichever_browser(entrance: Entrance) -> None:
    """Somebody who read the address tries the code with an attempt of their own."""
    query = entrance.issuer.allow(await entrance.begin())
    await entrance.back(query)
    code = query.partition("&")[0]
    entrance.client.session.cookie_jar.clear()
    state = parse_qs(urlsplit(await entrance.begin()).query)["state"][0]
    assert why(await entrance.back(f"{code}&state={state}")) == "unproven"


async def test_a_stolen_code_is_bound_to_the_request_that_it_was_for(entrance: Entrance) -> None:
    stolen = entrance.issuer.allow(await entrance.begin()).partition("&")[0]
    entrance.client.session.cookie_jar.clear()
    state = parse_qs(urlsplit(await entrance.begin()).query)["state"][0]
    assert why(await entrance.back(f"{stolen}&state={state}")) == "unproven", "PKCE"


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("state=", "state=x"),
        lambda query: query.partition("&")[0],
        lambda query: f"{query.partition('&')[0]}&state=",
        lambda query: f"{query.partition('&')[0]}&state=%ff%00é",
    ],
)
async def test_another_state_is_refused(entrance: Entrance, change: Callable[[str], str]) -> None:
    query = entrance.issuer.allow(await entrance.begin())
    assert why(await entrance.back(change(query))) == "stale"
    assert "/token" not in entrance.issuer.asked


async def test_another_browser_cannot_finish_what_one_began(entrance: Entrance) -> None:
    """Else somebody could sign others in as themselves, and read what they then do."""
    query = entrance.issuer.allow(await entrance.begin())
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.back(query)) == "stale"
    await entrance.begin()
    assert why(await entrance.back(query)) == "stale"
    forged = {"Cookie": "roombridge_sso=gAAAAABnothing"}
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.back(query, headers=forged)) == "stale"


@pytest.mark.parametrize(
    ("sender", "due", "code"),
    [
        ("", False, ""),
        ("", True, "unproven"),
        ("&iss=https://other.example.com", False, "unproven"),
        ("&iss=https://other.example.com", True, "unproven"),
        ("&iss={issuer}", True, ""),
        ("&iss={issuer}/", True, "unproven"),
        ("&iss=", False, "unproven"),
    ],
)
async def test_an_answer_of_another_provider_is_refused(
    entrance: Entrance, sender: str, due: bool, code: str
) -> None:
    entrance.issuer.described = {"authorization_response_iss_parameter_supported": due}
    query = entrance.issuer.allow(await entrance.begin())
    answer = await entrance.back(query + sender.format(issuer=entrance.issuer.url))
    assert (why(answer) if answer.status == 303 else "") == code
    assert ("/token" in entrance.issuer.asked) is not bool(code)


async def test_an_answer_to_a_provider_that_is_no_longer_configured_is_refused(
    entrance: Entrance,
) -> None:
    query = entrance.issuer.allow(await entrance.begin())
    url = entrance.issuer.url
    entrance.issuer.url = url.replace("127.0.0.1", "localhost")
    entrance.set(issuer=entrance.issuer.url)
    assert why(await entrance.back(query)) == "stale"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "denied"),
        ("login_required", "denied"),
        ("temporarily_unavailable", "unavailable"),
        ("server_error", "unavailable"),
        ("invalid_request", "refused"),
        ("unauthorized_client", "refused"),
        ("<script>alert(1)</script>", "refused"),
    ],
)
async def test_what_the_provider_refuses_is_said_in_words_of_ours(
    entrance: Entrance, error: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = parse_qs(urlsplit(await entrance.begin()).query)["state"][0]
    query = {"error": error, "error_description": "Ada is not allowed", "state": state}
    answer = await entrance.client.get("/admin/callback", params=query, allow_redirects=False)
    assert why(answer) == code
    page = await (await entrance.client.get(answer.headers["Location"])).text()
    assert f"sso_{code}" in page
    for where in (page, caplog.text):
        assert "Ada" not in where
        assert "script>alert" not in where


def status(number: int, **told: str) -> Callable[[], web.StreamResponse]:
    return lambda: web.json_response(told, status=number)


def text(body: str, number: int = 200, **headers: str) -> Callable[[], web.StreamResponse]:
    return lambda: web.Response(text=body, status=number, headers=headers)


@pytest.mark.parametrize(
    ("path", "instead", "code"),
    [
        ("/token", status(400, error="invalid_grant"), "unproven"),
        ("/token", status(401, error="invalid_client"), "refused"),
        ("/token", status(401), "refused"),
        ("/token", status(400, error="Ada's <secret>"), "unavailable"),
        ("/token", text("<html>", 400), "unavailable"),
        ("/token", status(503), "unavailable"),
        ("/token", text("", 302, Location="https://elsewhere.example.com/"), "unavailable"),
        ("/token", text("<html>sign in to the network"), "unfit"),
        ("/token", text('{"access_token": "x"}'), "unfit"),
        ("/token", text('{"id_token": 7}'), "unfit"),
        ("/token", text("[" * 100_000), "unfit"),
        ("/token", text(" " * (2 << 20)), "unavailable"),
        ("/token", text('{"id_token": "nothing"}'), "unproven"),
        ("/token", text('{"id_token": ""}'), "unproven"),
        ("/keys", status(500), "unavailable"),
        ("/keys", text("<html>"), "unfit"),
        ("/keys", text('{"keys": [1]}'), "unfit"),
        ("/keys", text('{"keys": []}'), "unproven"),
        ("/keys", text('{"keys": [{"kty": "RSA", "kid": "k1"}]}'), "unproven"),
        ("/keys", text('{"keys": [{"kty": ["RSA"], "kid": {}, "use": []}]}'), "unproven"),
    ],
)
async def test_whatever_a_provider_answers_is_an_error_with_a_name(
    entrance: Entrance,
    path: str,
    instead: Any,
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    query = entrance.issuer.allow(await entrance.begin())
    entrance.issuer.answers[path] = instead
    assert why(await entrance.back(query)) == code
    assert "Ada" not in caplog.text
    assert await entrance.who() is None
    assert list(entrance.views.people.accounts) == []


@pytest.mark.parametrize(
    ("described", "code"),
    [
        ({"issuer": "https://elsewhere.example.com"}, "unfit"),
        ({"token_endpoint": "http://elsewhere.example.com/token"}, "unfit"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "unfit"),
        ({"jwks_uri": "file:///etc/passwd"}, "unfit"),
        ({"token_endpoint": "https://id.example.com:84433/token"}, "unfit"),
        ({"userinfo_endpoint": "https://id\\.example.com/"}, "unfit"),
        ({"end_session_endpoint": "//elsewhere"}, "unfit"),
        ({"token_endpoint": None}, "unfit"),
        ({"token_endpoint": 7}, "unfit"),
    ],
)
async def test_a_description_that_does_not_fit_is_not_believed(
    entrance: Entrance, described: dict[str, Any], code: str
) -> None:
    entrance.issuer.described = described
    assert await entrance.begin() == f"/admin/login?sso={code}"
    entrance.issuer.described = {}
    assert await entrance.begin() == f"/admin/login?sso={code}", "not for who waited for the same"
    assert len(entrance.issuer.asked) == 1
    entrance.views.clock.move(QUIET)
    assert (await entrance.begin()).startswith(entrance.issuer.url), "it is asked again"


async def test_a_provider_that_is_not_there_is_said_to_be_away(entrance: Entrance) -> None:
    entrance.issuer.answers["/.well-known/openid-configuration"] = status(503)
    assert await entrance.begin() == "/admin/login?sso=unavailable"
    entrance.set(issuer="http://127.0.0.1:9")
    assert await entrance.begin() == "/admin/login?sso=unavailable"
    out = await entrance.client.get("/admin/sso/out", allow_redirects=False)
    assert why(out) == "unavailable"


async def test_a_provider_that_is_away_is_logged_once_however_often_somebody_asks(
    entrance: Entrance, caplog: pytest.LogCaptureFixture
) -> None:
    entrance.issuer.answers["/.well-known/openid-configuration"] = status(503)
    for lines in (1, 2):
        for path in ("/admin/sso", "/admin/sso/out") * 3:
            assert why(await entrance.client.get(path, allow_redirects=False)) == "unavailable"
        assert caplog.text.count("unavailable (description: HTTP 503)") == lines
        entrance.views.clock.move(QUIET)


async def test_a_provider_is_reached_by_the_sites_proxy(entrance: Entrance) -> None:
    asked: list[tuple[str, str]] = []

    async def pass_on(request: web.Request) -> web.StreamResponse:
        asked.append((str(request.url), request.headers.get("Proxy-Authorization", "")))
        return web.Response(status=502)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", pass_on)
    async with TestServer(app) as server:
        proxy = Proxy(url=str(server.make_url("/")), username="u", password=Secret("p"))
        entrance.adopt(msgspec.structs.replace(entrance.site, proxy=proxy))
        assert await entrance.begin() == "/admin/login?sso=unavailable"
        assert asked == [(f"{entrance.issuer.url}/.well-known/openid-configuration", "Basic dTpw")]
        direct = msgspec.structs.replace(proxy, bypass=("127.0.0.1",))
        entrance.adopt(msgspec.structs.replace(entrance.site, proxy=direct))
        assert (await entrance.enter()).status == 200


async def test_who_invents_codes_is_locked_out(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("guard", "sessions"):
        monkeypatch.setattr(f"bridge.views.{module}.client_address", lambda *_: "192.0.2.7")
    for _ in range(10):
        state = parse_qs(urlsplit(await entrance.begin()).query)["state"][0]
        assert why(await entrance.back(f"code=invented&state={state}")) == "unproven"
    answer = await entrance.back("code=invented&state=x")
    assert answer.status == 429
    assert answer.content_type == "text/html"


async def test_what_is_on_its_way_takes_no_memory_and_what_was_used_little() -> None:
    clock = FixedClock()
    attempts = Attempts(clock)
    first, cookie = attempts.begin("https://id.example.com", "/admin")
    assert attempts.end(cookie, first.state) == first
    for _ in range(USED + 5):
        attempt, sealed = attempts.begin("https://id.example.com", "/admin")
        attempts.end(sealed, attempt.state)
    assert len(attempts._used) <= USED
    clock.move(LASTS + timedelta(seconds=1))
    attempt, sealed = attempts.begin("https://id.example.com", "/admin")
    attempts.end(sealed, attempt.state)
    assert len(attempts._used) == 1
    with pytest.raises(SignOnFailed, match="cookie"):
        attempts.end(cookie, first.state)
    with pytest.raises(SignOnFailed, match="cookie"):
        Attempts(clock).end(sealed, attempt.state)
