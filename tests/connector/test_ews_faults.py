"""Everything that goes wrong at an Exchange Server, and what comes of it."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.certificates import fingerprint, self_signed
from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside, Proxy, Trust, open_outside
from connector.secret import Secret
from connector.simulators.exchange import PATH, USERNAME, Exchange, app
from connector.simulators.exchange.faults import kinds
from connector.source import CalendarSource
from connector.sources.ews import channel
from connector.sources.ews.caution import REST
from rooms.model import Window
from tests.connector.source_contract import HOUR, WINDOW
from tests.fakes.exchange import (
    PASSWORD,
    Kestrel,
    calendar,
    connected,
    exchange,
    server,
    source,
)
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

__all__ = ["calendar", "exchange", "server", "source"]  # fixtures


def busy(code: str, **more: Any) -> kinds.Error:
    return kinds.Error(code=code, **more)


FAULTS = [
    (busy("ErrorServerBusy", back_off=7000), Unavailable, "throttled"),
    (busy("ErrorServerBusy", back_off=7000, status=200), Unavailable, "throttled"),
    (busy("ErrorServerBusy"), Unavailable, "throttled"),
    (busy("ErrorExceededConnectionCount"), Unavailable, "throttled"),
    (busy("ErrorExceededSubscriptionCount"), Unavailable, "throttled"),
    (busy("ErrorTimeoutExpired"), Unavailable, "service_error"),
    (busy("ErrorInternalServerError"), Unavailable, "service_error"),
    (busy("ErrorInternalServerTransientError", status=200), Unavailable, "service_error"),
    (busy("ErrorMailboxMoveInProgress"), Unavailable, "service_error"),
    (busy("ErrorMailboxStoreUnavailable", status=200), Unavailable, "service_error"),
    (busy("ErrorMailboxFailover"), Unavailable, "service_error"),
    (busy("ErrorImpersonateUserDenied"), Denied, "access_denied"),
    (busy("ErrorAccessDenied", status=200), Denied, "access_denied"),
    (busy("ErrorAccountDisabled"), Denied, "credentials_refused"),
    (busy("ErrorNonExistentMailbox"), NotFound, "not_found"),
    (busy("ErrorNonExistentMailbox", status=200), NotFound, "not_found"),
    (busy("ErrorInvalidServerVersion"), Malformed, "request_refused"),
    (busy("ErrorSchemaValidation"), Malformed, "request_refused"),
    (busy("ErrorOfTheFuture"), Malformed, "request_refused"),
    (kinds.Status(status=500), Unavailable, "service_error"),
    (kinds.Status(status=502), Unavailable, "service_error"),
    (kinds.Status(status=503), Unavailable, "service_error"),
    (kinds.Status(status=503, retry_after=7), Unavailable, "service_error"),
    (kinds.Status(status=403), Denied, "access_denied"),
    (kinds.Status(status=404), Malformed, "not_soap"),
    (kinds.Redirect(), Malformed, "redirected"),
    (
        kinds.Redirect(location="/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"),
        Unavailable,
        "service_error",
    ),
    (kinds.Portal(), Malformed, "not_soap"),
    (kinds.Dropped(), Unavailable, "broken_off"),
    (kinds.Truncated(), Malformed, "not_soap"),
    (kinds.Bomb(), Malformed, "not_soap"),
    (kinds.ExternalEntity(), Malformed, "not_soap"),
    (kinds.Deep(), Malformed, "not_soap"),
    (kinds.Oversized(), Malformed, "too_large"),
]


@pytest.mark.fault("ews_inner_error", "ews_busy", "ews_xml")
@pytest.mark.parametrize("operation", ["FindItem", "GetItem"])
@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS, ids=lambda value: repr(value)[:70])
async def test_every_fault_is_one_of_the_four_errors(
    source: CalendarSource,
    calendar: Kestrel,
    exchange: Exchange,
    fault: Any,
    kind: type[ConnectorError],
    reason: str,
    operation: str,
) -> None:
    calendar.add("Board meeting", NOON + HOUR, NOON + 2 * HOUR)
    exchange.faults.add(replaced(fault, operation))
    with pytest.raises(kind) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == reason
    for secret in ("Board meeting", PASSWORD, "svc-rooms", "ada@", "kestrel@"):
        assert secret not in str(caught.value) + caught.value.fix
    exchange.faults.clear()
    assert await source.fetch(room(), WINDOW), "recovers without a hand"


def replaced(fault: Any, operation: str) -> Any:
    fields = {name: getattr(fault, name) for name in fault.__struct_fields__}
    return type(fault)(**{**fields, "operation": operation})


@pytest.mark.fault("ews_busy")
@pytest.mark.parametrize("status", [200, 500])
async def test_a_busy_server_says_how_long_and_means_everybody(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange, status: Any
) -> None:
    exchange.faults.add(busy("ErrorServerBusy", back_off=297_749, status=status))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.retry_after == timedelta(milliseconds=297_749)
    assert caught.value.everywhere
    assert len(exchange.journal.requests()) == 1, "nothing sleeps or tries again by itself"


@pytest.mark.fault("ews_busy")
async def test_a_back_off_of_days_is_capped(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    exchange.faults.add(busy("ErrorServerBusy", back_off=10**11))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.retry_after == timedelta(minutes=30)


async def test_one_room_s_trouble_is_not_everybody_s(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    exchange.add_mailbox("merlin@example.com")
    exchange.faults.add(
        kinds.Error(code="ErrorMailboxMoveInProgress", mailbox="merlin@example.com")
    )
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room("merlin"), WINDOW)
    assert not caught.value.everywhere
    assert list(await source.fetch(room(), WINDOW)) == []


# --- views that are not whole


@pytest.mark.fault("ews_partial_view")
async def test_a_view_that_is_not_whole_is_read_in_parts(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    for number in range(24):
        start = NOON + number * timedelta(hours=6)
        calendar.add(f"{number}", start, start + HOUR)
    exchange.faults.add(kinds.PartialView(most=5, operation="FindItem"))
    assert len(await source.fetch(room(), WINDOW)) == 24


@pytest.mark.fault("ews_partial_view")
async def test_a_view_that_never_gets_whole_is_no_calendar(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    for number in range(3):
        calendar.add(f"{number}", NOON, NOON + HOUR)
    exchange.faults.add(kinds.PartialView(most=1, operation="FindItem"))
    with pytest.raises(Malformed) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == "endless_pages"
    assert len(exchange.journal.requests()) < 30


async def test_views_of_a_thousand_at_most_are_enough(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    exchange.find_limit = 100
    for number in range(300):
        start = NOON + (number % 100) * HOUR
        calendar.add(f"{number}", start, start + HOUR)
    assert len(await source.fetch(room(), WINDOW)) == 300


# --- items that make no sense


ODD = [
    "naive_times",
    "unknown_zone",
    "custom_zone",
    "end_before_start",
    "zero_length",
    "ten_years",
    "year_1601",
    "year_4500",
    "not_a_time",
    "without_times",
    "unknown_response",
    "control_character",
]


@pytest.mark.fault("event_times", "event_zones")
@pytest.mark.parametrize("oddity", ODD)
async def test_an_odd_item_does_not_spoil_the_others(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange, oddity: str
) -> None:
    calendar.add("Good", NOON, NOON + HOUR)
    odd = calendar.add("Odd", NOON + HOUR, NOON + 2 * HOUR)
    exchange.faults.add(kinds.OddItems(oddity=oddity, item=odd, operation="GetItem"))
    events = {event.subject: event for event in await source.fetch(room(), WINDOW)}
    assert events["Good"].when == Window(start=NOON, end=NOON + HOUR)
    for event in events.values():
        assert event.when is None or event.when.window(room().zone).start.tzinfo is not None
    if oddity in {"naive_times", "not_a_time", "without_times"}:
        assert events["Odd"].when is None
    if oddity == "control_character":
        assert "" in events, "the character is gone, the meeting is not"


@pytest.mark.fault("ews_xml")
async def test_a_text_of_many_megabytes_costs_its_own_meeting_only_the_text(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    for number in range(3):
        start = NOON + number * HOUR
        calendar.add(f"{number}", start, start + HOUR, text="Join us")
    exchange.faults.add(kinds.HugeBody(mebibytes=12, operation="GetItem"))
    events = await source.fetch(room(), WINDOW)
    assert sorted(event.subject for event in events) == ["0", "1", "2"]


# --- passwords


@pytest.mark.fault("ews_inner_error")
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
async def test_a_wrong_password_is_sent_once_however_many_rooms_wait(
    outside: Outside,
    server: TestServer,
    exchange: Exchange,
    calendar: Kestrel,
    clock: FixedClock,
    auth: str,
) -> None:
    async with connected(outside, server, auth=auth, password=Secret("wrong")) as opened:
        for _ in range(3):
            told = await asyncio.gather(
                *(opened.fetch(room(), WINDOW) for _ in range(12)), return_exceptions=True
            )
            assert {type(one) for one in told} == {Denied}
            assert {getattr(one, "reason", "") for one in told} == {"credentials_refused"}
            assert all(getattr(one, "everywhere", False) for one in told)
    assert exchange.people.get(USERNAME).wrong == 1
    async with connected(outside, server, auth=auth, password=Secret("wrong")) as again:
        with pytest.raises(Denied) as caught:
            await again.fetch(room(), WINDOW)
    assert exchange.people.get(USERNAME).wrong == 1, "a reload forgets no refusal"
    assert caught.value.retry_after is not None
    clock.move(REST)
    async with connected(outside, server, auth=auth, password=Secret("wrong")) as later:
        with pytest.raises(Denied):
            await later.fetch(room(), WINDOW)
    assert exchange.people.get(USERNAME).wrong == 2
    async with connected(outside, server, auth=auth) as mended:
        assert list(await mended.fetch(room(), WINDOW)) == []


@pytest.mark.fault("ews_inner_error")
async def test_a_401_under_load_is_not_a_wrong_password(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange
) -> None:
    await source.fetch(room(), WINDOW)
    exchange.faults.add(kinds.LogonRefused(times=1))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == "throttled"
    assert list(await source.fetch(room(), WINDOW)) == []


@pytest.mark.fault("ews_inner_error")
async def test_a_password_that_stops_working_is_tried_twice_and_then_rests(
    source: CalendarSource, calendar: Kestrel, exchange: Exchange, clock: FixedClock
) -> None:
    await source.fetch(room(), WINDOW)
    exchange.people.get(USERNAME).password = "changed"
    kinds_of_error = []
    for _ in range(6):
        with pytest.raises(ConnectorError) as caught:
            await source.fetch(room(), WINDOW)
        kinds_of_error.append(type(caught.value))
    assert kinds_of_error == [Unavailable, *[Denied] * 5]
    assert exchange.people.get(USERNAME).wrong == 2
    exchange.people.get(USERNAME).password = PASSWORD
    clock.move(REST)
    assert list(await source.fetch(room(), WINDOW)) == []


# --- certificates


class Site:
    """A server's certificate and what trusts it."""

    def __init__(self, folder: Path, *, now: datetime, names: tuple[str, ...]) -> None:
        made = self_signed(list(names), days=2, now=now)
        self.ca, both = folder / "ca.pem", folder / "both.pem"
        self.ca.write_bytes(made.pem)
        both.write_bytes(made.pem + made.key)
        self.fingerprint = fingerprint(made.pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)


def site(
    folder: Path, *, now: datetime | None = None, names: tuple[str, ...] = ("127.0.0.1",)
) -> Site:
    return Site(folder, now=now or datetime.now(UTC), names=names)


@asynccontextmanager
async def secured(exchange: Exchange, at: Site) -> AsyncIterator[TestServer]:
    running = TestServer(app(exchange), scheme="https")
    await running.start_server(ssl=at.context)
    try:
        yield running
    finally:
        await running.close()


async def refusal(outside: Outside, exchange: Exchange, at: Site) -> Malformed:
    async with secured(exchange, at) as running, connected(outside, running) as opened:
        with pytest.raises(Malformed) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.everywhere
    return caught.value


@pytest.mark.fault("ews_certificate")
async def test_a_self_signed_certificate_is_refused_by_its_name(
    outside: Outside, exchange: Exchange, calendar: Kestrel, tmp_path: Path
) -> None:
    error = await refusal(outside, exchange, await asyncio.to_thread(site, tmp_path))
    assert error.reason == "certificate_untrusted"
    assert "self-signed" in str(error).replace("self signed", "self-signed")
    assert "fingerprint" in error.fix


@pytest.mark.fault("ews_certificate")
async def test_an_expired_certificate_is_refused_by_its_name(
    exchange: Exchange, calendar: Kestrel, clock: FixedClock, tmp_path: Path
) -> None:
    old = await asyncio.to_thread(site, tmp_path, now=datetime(2020, 1, 1, tzinfo=UTC))
    async with open_outside(clock, ca_file=old.ca) as outside:
        error = await refusal(outside, exchange, old)
    assert error.reason == "certificate_untrusted"
    assert "expired" in str(error)
    assert "renew" in error.fix


@pytest.mark.fault("ews_certificate")
async def test_a_certificate_of_another_name_is_refused(
    exchange: Exchange, calendar: Kestrel, clock: FixedClock, tmp_path: Path
) -> None:
    other = await asyncio.to_thread(site, tmp_path, names=("mail.example.com",))
    async with open_outside(clock, ca_file=other.ca) as outside:
        error = await refusal(outside, exchange, other)
    assert error.reason == "certificate_untrusted"
    assert "`url`" in error.fix


@pytest.mark.fault("ews_certificate")
async def test_a_server_with_tls_1_0_only_is_refused_by_its_name(
    server: TestServer, clock: FixedClock, tmp_path: Path
) -> None:
    old = await asyncio.to_thread(site, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.context.minimum_version = ssl.TLSVersion.TLSv1
        old.context.maximum_version = ssl.TLSVersion.TLSv1
    old.context.set_ciphers("ALL:@SECLEVEL=0")

    def shake_hands(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer, suppress(OSError):
            old.context.wrap_socket(peer, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        shaking = asyncio.create_task(asyncio.to_thread(shake_hands, listening))
        url = f"https://127.0.0.1:{listening.getsockname()[1]}{PATH}"
        async with (
            open_outside(clock, ca_file=old.ca) as outside,
            connected(outside, server, url=url) as opened,
        ):
            with pytest.raises(Malformed) as caught:
                await opened.fetch(room(), WINDOW)
        await shaking
    assert caught.value.reason == "certificate_untrusted"
    assert "the server offers no TLS 1.2" in str(caught.value)
    assert caught.value.everywhere


@pytest.mark.fault("ews_certificate")
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
async def test_a_certificate_is_trusted_by_its_authority_or_its_fingerprint(
    outside: Outside, exchange: Exchange, calendar: Kestrel, tmp_path: Path, auth: str
) -> None:
    at = await asyncio.to_thread(site, tmp_path)
    calendar.add("Review", NOON, NOON + HOUR)
    by_authority = replace(outside, trust=Trust(ca_file=at.ca))
    by_pin = replace(outside, trust=Trust(fingerprint=at.fingerprint))
    before = by_authority.context.cert_store_stats()
    async with secured(exchange, at) as running:
        for trusting in (by_authority, by_pin):
            async with connected(trusting, running, auth=auth) as opened:
                assert len(await opened.fetch(room(), WINDOW)) == 1
        wrong = replace(outside, trust=Trust(fingerprint=f"sha256:{'ab' * 32}"))
        async with connected(wrong, running, auth=auth) as opened:
            with pytest.raises(Malformed) as caught:
                await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "certificate_changed"
    context = by_authority.context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats() == before, "requests has added no authorities of its own"


# --- the network


async def test_a_server_that_is_not_there_concerns_everybody(
    outside: Outside, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}{PATH}"
    made = TestServer(web.Application())
    async with made, connected(outside, made, url=url) as opened:
        with pytest.raises(Unavailable) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "unreachable"
    assert caught.value.everywhere


async def test_a_server_that_says_nothing_is_given_up(
    source: CalendarSource,
    calendar: Kestrel,
    exchange: Exchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "SILENCE_LIMIT", 0.2)
    monkeypatch.setattr(channel.Channel.send, "__kwdefaults__", {"silence": 0.2, "path": ""})
    exchange.faults.add(kinds.Slow(seconds=3, times=1))
    with pytest.raises(Unavailable) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == "timeout"


async def test_a_read_that_is_given_up_leaves_nothing_behind(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    calendar.add("Review", NOON, NOON + HOUR)
    exchange.faults.add(kinds.Slow(seconds=30, times=1))
    arrived = asyncio.Event()

    async def for_long(seconds: float) -> None:
        arrived.set()
        await asyncio.sleep(seconds)

    exchange.sleep = for_long
    async with asyncio.timeout(5):
        async with connected(outside, server) as opened:
            task = asyncio.create_task(opened.fetch(room(), WINDOW))
            await arrived.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert len(await opened.fetch(room(), WINDOW)) == 1


async def test_a_proxy_is_used_and_nothing_of_the_environment(
    outside: Outside, server: TestServer, calendar: Kestrel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    asked = []

    async def pass_on(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Proxy-Authorization", ""))
        headers = {
            key: value
            for key, value in request.headers.items()
            if key.lower() not in {"host", "proxy-authorization"}
        }
        body = await request.read()
        async with outside.http.post(server.make_url(PATH), data=body, headers=headers) as got:
            return web.Response(
                status=got.status, body=await got.read(), content_type=got.content_type
            )

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", pass_on)
    proxy = TestServer(application)
    async with proxy:
        settings = Proxy(url=str(proxy.make_url("/")), username="p", password=Secret("q"))
        async with connected(replace(outside, proxy=settings), server) as opened:
            assert list(await opened.fetch(room(), WINDOW)) == []
    assert asked == ["Basic cDpx"]


# --- mailboxes in the cloud


REDIRECTION = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
<Account><Action>redirectAddr</Action>
<RedirectAddr>kestrel@contoso.mail.onmicrosoft.com</RedirectAddr></Account>
</Response></Autodiscover>"""


async def test_a_mailbox_that_went_to_the_cloud_is_said_to_be_elsewhere(
    outside: Outside, server: TestServer, exchange: Exchange
) -> None:
    async def autodiscover(_: web.Request) -> web.Response:
        return web.Response(text=REDIRECTION, content_type="text/xml")

    async def ews(request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        async with outside.http.post(server.make_url(PATH), data=body, headers=headers) as got:
            return web.Response(
                status=got.status, body=await got.read(), content_type=got.content_type
            )

    front = web.Application()
    front.add_routes(
        [web.post(PATH, ews), web.post("/autodiscover/autodiscover.xml", autodiscover)]
    )
    hybrid = TestServer(front)
    async with hybrid, connected(outside, hybrid) as opened:
        with pytest.raises(NotFound) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "mailbox_elsewhere"
    assert "kind graph" in caught.value.fix


@pytest.mark.parametrize("challenge", ["NTLM AAAA", "NTLM TlRMTVNTUAACAAAA", "NTLM !!", "", None])
async def test_a_handshake_that_makes_no_sense_is_one_of_the_four_errors(
    outside: Outside, challenge: str | None
) -> None:
    async def ews(request: web.Request) -> web.Response:
        first = "Authorization" not in request.headers
        told = "NTLM" if first else challenge
        return web.Response(status=401, headers={} if told is None else {"WWW-Authenticate": told})

    front = web.Application()
    front.add_routes([web.post(PATH, ews)])
    odd = TestServer(front)
    async with odd, connected(outside, odd, auth="ntlm") as opened:
        with pytest.raises(ConnectorError) as caught:
            await opened.fetch(room(), WINDOW)
    assert PASSWORD not in str(caught.value)
