"""Who may see what."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from bridge.callers import is_loopback
from bridge.tokens import PREFIX
from tests.bridge.conftest import Client, Views
from tests.bridge.test_views import AGENDA, CALL, SECRET, code, get
from tests.fakes.virtual import FixedClock

FOREIGN = {"Host": "rooms.example.com"}
"""What a call through another name than loopback carries; it needs credentials."""


@pytest.mark.parametrize(
    ("remote", "host", "headers", "loopback"),
    [
        ("127.0.0.1", "127.0.0.1:8080", {}, True),
        ("127.0.0.1", "localhost", {}, True),
        ("127.8.9.1", "LOCALHOST:80", {}, True),
        ("::1", "[::1]:8443", {}, True),
        ("10.0.0.9", "127.0.0.1", {}, False),
        ("127.0.0.1", "evil.example.com", {}, False),
        ("127.0.0.1", "127.0.0.1.evil.example.com", {}, False),
        ("127.0.0.1", "", {}, False),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}, False),
        ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=10.0.0.9"}, False),
        ("127.0.0.1", "127.0.0.1", {"Via": "1.1 proxy"}, False),
        (None, "127.0.0.1", {}, False),
        ("somewhere", "127.0.0.1", {}, False),
    ],
)
def test_loopback_is_loopback_and_nothing_behind_it(
    remote: str | None, host: str, headers: dict[str, str], *, loopback: bool
) -> None:
    assert is_loopback(remote, host, headers) is loopback


async def test_without_credentials_little_is_open(client: Client, views: Views) -> None:
    await views.keep(CALL)
    assert (await client.get("/healthz", headers=FOREIGN)).status == 200
    assert (await client.get("/static/display/main.js", headers=FOREIGN)).status == 200
    for path in (AGENDA, "/api/v1/rooms", "/readyz", "/metrics", "/api/v1/openapi.json"):
        assert await code(client, "GET", path, headers=FOREIGN) == (401, "unauthorized"), path
    answer = await client.get("/display/kestrel", headers=FOREIGN)
    assert answer.status == 401
    assert "Call" not in await answer.text()


async def test_behind_a_proxy_loopback_needs_credentials_too(client: Client, views: Views) -> None:
    views.house.proxies = (ip_network("10.0.0.5/32"),)
    assert await code(client, "GET", AGENDA) == (401, "unauthorized")


async def test_a_token_opens_what_it_may(client: Client, views: Views) -> None:
    await views.keep(CALL)
    narrow = FOREIGN | await views.token("read")
    (booking,) = (await get(client, AGENDA, headers=narrow))["bookings"]
    assert (booking["can_join"], booking["join"]) == (True, None)
    assert await code(client, "GET", "/api/v1/rooms/kestrel/explain", headers=narrow) == (
        403,
        "forbidden",
    )
    wide = FOREIGN | await views.token("read", "join")
    (booking,) = (await get(client, AGENDA, headers=wide))["bookings"]
    assert booking["join"]["sip"]


@pytest.mark.parametrize(
    "login",
    ["Bearer", "Bearer wrong", f"Bearer {PREFIX}{'x' * 43}", "Basic YTpi", "bearer  ", "Bearer \t"],
)
async def test_a_wrong_token_opens_nothing_even_on_loopback(client: Client, login: str) -> None:
    answer = await client.get(AGENDA, headers={"Authorization": login})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_ends_when_it_expires_and_when_it_is_revoked(
    client: Client, views: Views, clock: FixedClock
) -> None:
    short = await views.token(expires=clock.now() + timedelta(days=1))
    long = await views.token()
    assert (await client.get(AGENDA, headers=short)).status == 200
    clock.move(timedelta(days=1))
    assert (await client.get(AGENDA, headers=short)).status == 401
    assert (await client.get(AGENDA, headers=long)).status == 200
    (token,) = [one for one in views.tokens if one.expires is None]
    await views.tokens.revoke(token.id, actor="test")
    assert (await client.get(AGENDA, headers=long)).status == 401


async def test_a_display_sees_its_own_room_whole_and_little_of_others(
    client: Client, views: Views
) -> None:
    await views.keep(CALL, SECRET)
    await views.keep(CALL, name="heron")
    display = FOREIGN | await views.token(room="kestrel")
    open_, private = (await get(client, AGENDA, headers=display))["bookings"]
    assert open_["join"]["sip"]
    assert (private["can_join"], private["join"]) == (True, None)
    heron = await get(client, "/api/v1/rooms/heron", headers=display)
    assert set(heron) == {"id", "name", "building", "floor", "state", "until"}
    for path in ("/api/v1/rooms/heron/agenda", "/api/v1/rooms/heron/stream"):
        assert await code(client, "GET", path, headers=display) == (403, "forbidden")
    told = await get(client, "/api/v1/rooms", headers=display)
    assert "next" in told["rooms"][0]
    assert "next" not in told["rooms"][1]


async def test_no_byte_for_a_display_tells_a_private_meeting(client: Client, views: Views) -> None:
    await views.keep(SECRET)
    display = FOREIGN | await views.token(room="kestrel")
    for path in (AGENDA, "/api/v1/rooms/kestrel", "/api/v1/rooms", "/display/kestrel"):
        body = await (await client.get(path, headers=display)).read()
        for word in (b"Merger", b"Ada", b"91234567890"):
            assert word not in body, path


async def test_a_display_signs_in_with_a_cookie_that_scripts_cannot_read(
    client: Client, views: Views
) -> None:
    await views.keep(CALL)
    display = await views.token(room="kestrel")
    answer = await client.post("/display/kestrel/sign-in", headers=FOREIGN | display)
    assert answer.status == 204
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    signed_in = FOREIGN | {"Cookie": cookie.partition(";")[0]}
    assert (await client.get(AGENDA, headers=signed_in)).status == 200
    page = await client.get("/display/kestrel", headers=signed_in)
    assert 'data-room="kestrel"' in await page.text()
    assert (await client.get("/display/heron", headers=signed_in)).status == 401


async def test_signing_in_needs_a_token_for_that_room(client: Client, views: Views) -> None:
    display = await views.token(room="kestrel")
    path = "/display/heron/sign-in"
    assert await code(client, "POST", path, headers=FOREIGN | display) == (403, "forbidden")
    assert (await client.post("/display/kestrel/sign-in")).status == 401
    assert (await client.post("/display/kestrel/sign-in", headers=FOREIGN)).status == 401


async def test_loopback_may_look_but_never_change(client: Client) -> None:
    assert (await client.get(AGENDA)).status == 200
    assert await code(client, "POST", "/api/v1/tokens", json={"name": "x"}) == (403, "forbidden")
    assert await code(client, "GET", "/api/v1/tokens") == (403, "forbidden")


async def test_pages_cannot_be_framed_or_made_to_call_out(client: Client, views: Views) -> None:
    await views.keep(CALL)
    policy = (await client.get("/display/kestrel")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_only_hashes_of_tokens_are_kept(views: Views, tmp_path: Any) -> None:
    import asyncio

    header = await views.token()
    secret = header["Authorization"].removeprefix("Bearer ")
    files = await asyncio.to_thread(lambda: b"".join(f.read_bytes() for f in tmp_path.iterdir()))
    assert b"test" in files
    assert secret.encode() not in files
    assert secret.removeprefix(PREFIX).encode() not in files
