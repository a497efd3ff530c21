"""What all drivers share to reach the outside world."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.fingerprint import fingerprint_bytes
from connector.http import Answer, ask, failure, retry_after
from connector.outside import Outside, Proxy, within
from connector.secret import Secret
from tests.fakes.virtual import NOON


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CIMultiDictProxy(CIMultiDict(named)), body)


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (301, Malformed, "redirected"),
        (400, Malformed, "request_refused"),
        (401, Denied, "credentials_refused"),
        (403, Denied, "access_denied"),
        (404, NotFound, "not_found"),
        (408, Unavailable, "service_error"),
        (410, NotFound, "gone"),
        (412, Malformed, "request_refused"),
        (429, Unavailable, "throttled"),
        (500, Unavailable, "service_error"),
        (503, Unavailable, "service_error"),
        (507, Unavailable, "service_error"),
    ],
)
def test_every_status_is_one_of_the_four_errors(
    status: int, kind: type[ConnectorError], reason: str
) -> None:
    error = failure(answer(status), NOON)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta()),
        ("99999999999999", timedelta(minutes=30)),
        ("Mon, 23 Nov 2026 12:00:07 GMT", timedelta(seconds=7)),
        ("Mon, 23 Nov 2026 11:00:00 GMT", timedelta()),
        ("Tue, 24 Nov 2026 12:00:00 GMT", timedelta(minutes=30)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٧", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(header: str, wait: timedelta | None) -> None:
    assert retry_after(answer(429, Retry_After=header), NOON) == wait


async def slow(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def large(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(300):
        await response.write(b"x" * 10_000)
    return response


async def away(_: web.Request) -> web.Response:
    raise web.HTTPFound("https://elsewhere.example.com/")


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_get("/slow", slow)
    app.router.add_get("/large", large)
    app.router.add_get("/away", away)
    running = TestServer(app)
    async with running:
        yield running


async def get(outside: Outside, server: TestServer, path: str, **more: Any) -> Answer:
    usual: dict[str, Any] = {"seconds": 5, "limit": 1 << 20}
    return await ask(outside.http, "GET", server.make_url(path), **{**usual, **more})


async def test_an_answer_that_does_not_come_in_time_is_unavailable(
    outside: Outside, server: TestServer
) -> None:
    with pytest.raises(Unavailable) as caught:
        await get(outside, server, "/slow", seconds=0.05)
    assert caught.value.reason == "timeout"


async def test_an_answer_that_is_too_large_is_given_up(
    outside: Outside, server: TestServer
) -> None:
    with pytest.raises(Malformed) as caught:
        await get(outside, server, "/large")
    assert caught.value.reason == "too_large"


async def test_redirects_are_not_followed(outside: Outside, server: TestServer) -> None:
    assert (await get(outside, server, "/away")).status == 302


@pytest.mark.parametrize(
    "bytes_",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"",
    ],
)
async def test_what_is_not_http_is_one_of_the_four_errors(outside: Outside, bytes_: bytes) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes_)
        writer.close()

    listening = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        with pytest.raises((Unavailable, Malformed)):
            await ask(
                outside.http, "GET", URL(f"http://127.0.0.1:{port}/"), seconds=5, limit=1 << 20
            )


async def test_a_proxy_carries_what_it_is_meant_to_and_knows_its_login(outside: Outside) -> None:
    seen: list[tuple[str, str]] = []

    async def relay(request: web.Request) -> web.Response:
        seen.append((str(request.url), request.headers.get("Proxy-Authorization", "")))
        return web.Response(body=b"through the proxy")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", relay)
    running = TestServer(app)
    async with running:
        proxy = Proxy(
            url=str(running.make_url("/")),
            username="bridge",
            password=Secret("s3cret"),
            bypass=("direct.example.com", ".inside.example.com"),
        )
        through = Outside(
            http=outside.http, sockets=outside.sockets, clock=outside.clock, proxy=proxy
        )
        target = URL("http://graph.example.com/v1.0")
        told = await ask(
            outside.http, "GET", target, seconds=5, limit=1 << 20, **through.route(target)
        )
    assert told.body == b"through the proxy"
    login = aiohttp.encode_basic_auth("bridge", "s3cret")
    assert seen == [("http://graph.example.com/v1.0", login)]
    for name in ("direct.example.com", "inside.example.com", "a.inside.example.com"):
        assert not through.route(URL(f"https://{name}/")), name
    assert through.route(URL("https://notinside.example.com/"))


def test_addresses_are_compared_with_networks_of_either_family() -> None:
    from ipaddress import ip_network

    networks = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    assert within("10.2.3.4", networks)
    assert within("fd00::1", networks)
    assert not within("11.0.0.1", networks)
    assert not within("::1", networks)


def test_fingerprints_are_read_in_every_usual_form() -> None:
    digits = "ab" * 32
    wanted = bytes.fromhex(digits)
    for text in (digits, f"sha256:{digits}", f"SHA256:{digits.upper()}", ":".join(["AB"] * 32)):
        assert fingerprint_bytes(text) == wanted
    assert fingerprint_bytes("") is None
    for text in ("sha1:" + "ab" * 20, "ab" * 31, "x" * 64):
        with pytest.raises(ValueError, match="64 hex digits"):
            fingerprint_bytes(text)


def test_secrets_are_told_only_when_asked() -> None:
    secret = Secret("planted")
    assert secret.reveal() == "planted"
    assert "planted" not in f"{secret} {secret!r} {[secret]} {vars}"
    assert secret == Secret("planted")
    assert secret != Secret("other")
