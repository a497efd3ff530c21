"""Kerberos without Kerberos: what is told where it is missing, and what numbers and tokens mean.

The real thing is in tests/peers/test_kerberos.py.
"""

from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from requests import Response

from connector.errors import ConnectorError, Denied, Unavailable
from connector.outside import Outside
from connector.simulators.exchange import Exchange
from connector.sources.ews import kerberos, tickets
from tests.connector.source_contract import WINDOW
from tests.fakes.exchange import Kestrel, calendar, connected, exchange, server
from tests.fakes.sources import room

__all__ = ["calendar", "exchange", "server"]  # fixtures
BASE = 2529638912
"""ERROR_TABLE_BASE_krb5 of krb5.h, without a sign."""
SKEWED = bytes.fromhex(
    "a1743072a0030a0102a26b0469606706092a864886f71201020203007e58"
    "3056a003020105a10302011ea411180f32303236313132313137343233385a"
    "a5050203 0cfd5ea603020125a90d1b0b4558414d504c452e434f4d"
)
"""What MIT Kerberos' acceptor answered to a ticket an hour off."""


async def refused(outside: Outside, server: TestServer) -> Denied:
    async with connected(
        outside, server, auth="kerberos", username="", password=None, notifications="poll"
    ) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    return caught.value


async def test_libraries_that_went_away_are_told(
    outside: Outside,
    server: TestServer,
    exchange: Exchange,
    calendar: Kestrel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kerberos, "_gssapi", None)
    error = await refused(outside, server)
    assert (error.reason, error.everywhere) == ("kerberos_missing", True)
    assert "libkrb5-dev" in error.fix
    assert {one.auth for one in exchange.journal.requests()} == {""}, "nothing else is tried"


async def test_a_server_that_takes_no_kerberos_is_told(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.offers = ("NTLM", "Basic")
    error = await refused(outside, server)
    assert error.reason == "credentials_refused"
    assert "does not take kerberos, but basic, ntlm" in str(error)


async def test_a_server_that_asks_for_nothing_is_not_believed(
    outside: Outside,
    server: TestServer,
    exchange: Exchange,
    calendar: Kestrel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = exchange.people.get("svc-rooms")
    monkeypatch.setattr(exchange.connections, "user", lambda _: account)
    assert (await refused(outside, server)).reason == "server_unproven"


@pytest.mark.parametrize(
    ("major", "code", "reason"),
    [
        (13, 7, "spn_wrong"),
        (7, 6, "credentials_refused"),
        (7, 18, "credentials_refused"),
        (7, 23, "credentials_refused"),
        (7, 24, "credentials_refused"),
        (13, 37, "clock_skewed"),
        (13, 148, "clock_skewed"),
        (7, 141, "credentials_missing"),
        (7, 195, "credentials_missing"),
        (13, 32, "ticket_expired"),
        (11, 100001 - BASE, "ticket_expired"),
        (13, 154, "kerberos_failed"),
        (13, 60, "kerberos_failed"),
    ],
)
def test_the_numbers_of_gssapi_have_names(major: int, code: int, reason: str) -> None:
    error = tickets.named(major << 16, BASE + code)
    assert isinstance(error, Denied)
    assert (error.reason, error.everywhere) == (reason, True)


@pytest.mark.parametrize("code", [156, 220])
def test_a_kdc_that_is_away_passes_by_itself(code: int) -> None:
    error = tickets.named(7 << 16, BASE + code)
    assert isinstance(error, Unavailable)
    assert error.reason == "unreachable"


def test_what_the_server_says_of_a_ticket_is_understood() -> None:
    error = tickets.said(SKEWED)
    assert error is not None
    assert error.reason == "clock_skewed"


@given(st.binary() | st.binary().map(lambda more: SKEWED[:-30] + more))
def test_any_token_says_something_or_nothing(token: bytes) -> None:
    assert isinstance(tickets.said(token), ConnectorError | None)


@given(st.text(st.characters(codec="latin-1")))
def test_any_offer_is_a_token_or_none(words: str) -> None:
    response = Response()
    response.headers["WWW-Authenticate"] = words
    assert isinstance(kerberos._offered(response), bytes | None)


@pytest.mark.parametrize(
    ("words", "token"),
    [
        ("Negotiate", b""),
        ("NTLM, Negotiate", b""),
        ('Basic realm="Negotiate", NTLM', None),
        ("negotiate YWJj", b"abc"),
        ("NTLM, Negotiate YWJj, Basic realm=x", b"abc"),
        ("NTLM", None),
        ("Negotiate YWJ", b""),
    ],
)
def test_an_offer_is_read(words: str, token: bytes | None) -> None:
    response = Response()
    response.headers["WWW-Authenticate"] = words
    assert kerberos._offered(response) == token


@pytest.mark.parametrize(
    ("status", "proven", "believed"),
    [(200, True, True), (200, False, False), (503, False, True), (500, False, True)],
)
def test_only_a_proven_connection_brings_calendars(
    status: int, *, proven: bool, believed: bool
) -> None:
    response = Response()
    response.status_code = status
    # What urllib3 leaves of a connection whose last answer says `Connection: close`.
    closing = SimpleNamespace(sock=None, proven=proven)
    response.raw = SimpleNamespace(connection=closing, close=lambda: None)
    response._content_consumed = True
    ticket = kerberos.Ticket("mail.example.com")
    if believed:
        assert ticket._answered(response) is response
    else:
        with pytest.raises(Denied, match="did not prove"):
            ticket._answered(response)
