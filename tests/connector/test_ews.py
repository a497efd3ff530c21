"""The driver for Exchange Server, against the simulated one."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer

from connector.checkup import Examined, Wanted
from connector.discovery import Discovers, FoundRoom
from connector.errors import Denied, NotFound
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.exchange import USERNAME, Exchange, Meeting
from connector.source import CalendarSource, Identified
from connector.sources import ews
from connector.sources.ews import calendar as reading
from rooms.model import Window
from tests.connector.source_contract import HOUR, WINDOW, SourceContract
from tests.fakes.exchange import (
    PASSWORD,
    Kestrel,
    calendar,
    connected,
    exchange,
    server,
    settings,
    source,
)
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

__all__ = ["calendar", "exchange", "server", "source"]  # fixtures
PRIVATE_ROOM = "kestrel@example.com"


class TestContract(SourceContract):
    """Exchange Server keeps what every source promises."""


class TestContractOfDelegates(SourceContract):
    """It does so too where the calendar is shared with an account that has one of its own."""

    # Once found, they are read as above, and thousands of them cost seconds.
    test_ten_thousand_meetings_come_whole = None  # type: ignore[assignment]

    @pytest.fixture
    async def source(
        self, exchange: Exchange, outside: Outside, server: TestServer
    ) -> AsyncIterator[CalendarSource]:
        account = exchange.add_user(
            USERNAME,
            PASSWORD,
            reviewer_of=[PRIVATE_ROOM, "kestrel-2@example.com"],
            mailbox="svc-rooms@example.com",
        )
        assert account.mailbox is not None
        account.mailbox.add(Meeting(subject="The account's own", start=NOON, end=NOON + HOUR))
        async with connected(outside, server, impersonation=False) as opened:
            yield opened


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
async def test_every_way_of_signing_in_reads(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel, auth: str
) -> None:
    calendar.add("Review", NOON, NOON + HOUR)
    async with connected(outside, server, auth=auth) as opened:
        for _ in range(3):
            (event,) = await opened.fetch(room(), WINDOW)
    assert event.subject == "Review"
    asked = exchange.journal.requests()
    refused = [one for one in asked if one.status == 401]
    assert len(refused) == (2 if auth == "ntlm" else 0), "one handshake, then the connection counts"
    assert {one.auth.lower() for one in asked if one.status == 200} <= {auth, "connection"}


async def test_each_request_names_its_mailbox_as_anchor(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    calendar.add("Review", NOON, NOON + HOUR)
    await source.fetch(room(), WINDOW)
    asked = exchange.journal.requests()
    assert [one.operation for one in asked] == ["FindItem", "GetItem"]
    assert {one.anchor for one in asked} == {PRIVATE_ROOM}


async def test_items_are_read_ten_at_a_time(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel, outside: Outside
) -> None:
    for number in range(25):
        calendar.add(f"{number}", NOON, NOON + HOUR)
    assert len(await source.fetch(room(), WINDOW)) == 25
    assert [one.operation for one in exchange.journal.requests()] == ["FindItem", *["GetItem"] * 3]
    assert outside.meter.spent == {"read": 4}


async def test_three_years_are_read_in_views_that_exchange_allows(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    calendar.add("Soon", NOON, NOON + HOUR)
    calendar.add("Late", NOON + timedelta(days=540), NOON + timedelta(days=540, hours=1))
    calendar.add("Throughout", NOON - timedelta(days=2), NOON + timedelta(days=2))
    around = Window(start=NOON - timedelta(days=550), end=NOON + timedelta(days=550))
    events = await source.fetch(room(), around)
    assert sorted(event.subject for event in events) == ["Late", "Soon", "Throughout"]
    assert exchange.journal.requests()[-1].code == "NoError"


async def test_an_item_that_goes_while_the_calendar_is_read_is_not_missed(
    source: CalendarSource,
    exchange: Exchange,
    calendar: Kestrel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a real server a meeting that is moved has another id."""
    meeting = calendar.add("Review", NOON, NOON + HOUR)
    original = reading.EwsCalendar._ids
    moves = iter([1])

    async def moved(self: reading.EwsCalendar, *given: object) -> list[str]:
        ids = await original(self, *given)  # type: ignore[arg-type]
        if next(moves, None):
            calendar.mailbox.refile(meeting)
        return ids

    monkeypatch.setattr(reading.EwsCalendar, "_ids", moved)
    (event,) = await source.fetch(room(), WINDOW)
    assert event.subject == "Review"


async def test_a_delegate_without_rights_is_told_how_to_get_them(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_user(USERNAME, PASSWORD)
    async with connected(outside, server, impersonation=False) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "access_denied"
    assert "Add-MailboxFolderPermission" in caught.value.fix


async def test_who_may_not_impersonate_is_told_so(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_user(USERNAME, PASSWORD, impersonates=["other@example.com"])
    async with connected(outside, server) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "access_denied"
    assert "ApplicationImpersonation" in caught.value.fix
    assert not caught.value.everywhere


async def test_rooms_are_found_in_their_lists(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_mailbox("merlin@example.com", name="Merlin")
    exchange.add_mailbox("hidden@example.com", name="Hidden", hidden=True)
    both = [PRIVATE_ROOM, "merlin@example.com", "hidden@example.com"]
    exchange.add_room_list("london@example.com", both, name="London")
    exchange.add_room_list("small@example.com", [PRIVATE_ROOM], name="Small")
    assert isinstance(source, Discovers)
    assert list(await source.discover()) == [
        FoundRoom(mailbox=PRIVATE_ROOM, name="Kestrel", lists=("London", "Small")),
        FoundRoom(mailbox="merlin@example.com", name="Merlin", lists=("London",)),
    ]


async def test_the_account_proves_itself_without_a_mailbox(source: CalendarSource) -> None:
    assert isinstance(source, Identified)
    await source.prove()
    assert source.credentials() == ()


async def test_an_examination_tells_rights_that_are_missing_or_too_many(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_mailbox("boss@example.com")
    wanted = Wanted(canary="boss@example.com", mailboxes=[PRIVATE_ROOM])
    async with connected(outside, server) as opened:
        assert isinstance(opened, Examined)
        assert [one.code for one in await opened.examine(wanted)] == ["over_privileged"]
        exchange.add_user(USERNAME, PASSWORD, impersonates=[PRIVATE_ROOM])
        assert await opened.examine(wanted) == []
        exchange.add_user(USERNAME, PASSWORD)
        assert [one.code for one in await opened.examine(wanted)] == ["scope_missing"]
        absent = Wanted(canary="nobody@example.com")
        exchange.add_user(USERNAME, PASSWORD, impersonates="all")
        assert [one.code for one in await opened.examine(absent)] == ["canary_absent"]


CLOUDS = [
    "https://outlook.office365.com/EWS/Exchange.asmx",
    "https://OUTLOOK.office365.com./EWS/Exchange.asmx",
    "https://outlook.office.com/EWS/Exchange.asmx",
    "https://outlook.office365.us/EWS/Exchange.asmx",
    "https://partner.outlook.cn/EWS/Exchange.asmx",
]


@pytest.mark.parametrize("url", CLOUDS)
def test_exchange_online_is_refused_with_the_way_out(url: str) -> None:
    options = ews.Options(url=url, username="a", password=Secret("b"))
    (problem,) = options.problems()
    assert problem[0] == "url"
    assert "kind: graph" in problem[1]
    assert "2027" in problem[1]


WRONG = [
    ({}, {"url", "username", "password_file"}),
    ({"url": "http://mail.example.com/EWS/Exchange.asmx"}, {"url", "username", "password_file"}),
    ({"url": "https://a:b@mail.example.com/"}, {"url", "username", "password_file"}),
    ({"auth": "oauth"}, {"url", "client_id", "client_secret_file", "token_url"}),
    (
        {
            "url": "https://mail.example.com/EWS/Exchange.asmx",
            "auth": "oauth",
            "client_id": "a",
            "client_secret": Secret("b"),
            "token_url": "http://login.example.com",
            "impersonation": False,
        },
        {"token_url", "impersonation"},
    ),
]


@pytest.mark.parametrize(("given", "keys"), WRONG)
def test_settings_that_would_not_work_are_named(given: dict[str, object], keys: set[str]) -> None:
    options = ews.Options(**given)  # type: ignore[arg-type]
    assert {key for key, _ in options.problems()} == keys


def test_settings_that_work_have_no_problems(server: TestServer) -> None:
    assert list(settings(server).problems()) == []
    https = ews.Options(
        url="https://mail.example.com/EWS/Exchange.asmx", username="a", password=Secret("b")
    )
    assert list(https.problems()) == []
    assert str(https.services[0]) == https.url


def test_kerberos_without_its_libraries_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ews.kerberos, "is_there", lambda: False)
    options = ews.Options(url="https://mail.example.com/EWS/Exchange.asmx", auth="kerberos")
    ((key, words),) = options.problems()
    assert key == "auth"
    assert "kerberos_missing" in words
    assert "requirements/kerberos.lock" in words


async def test_a_password_that_cannot_be_read_is_never_sent(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    async with connected(outside, server, password=Secret("")) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "credentials_missing"
    assert exchange.journal.requests() == []


async def test_a_mailbox_that_nobody_has_is_named_with_its_mend(source: CalendarSource) -> None:
    with pytest.raises(NotFound) as caught:
        await source.fetch(room("nobody"), WINDOW)
    assert caught.value.reason == "not_found"
    assert "Get-Mailbox" in caught.value.fix


CLIENT = "b9a5c0de-0000-4000-8000-000000000001"


@pytest.fixture
def application(exchange: Exchange) -> dict[str, object]:
    """Settings of an application that gets tokens for the service account."""
    exchange.offers = ()
    exchange.modern_auth = True
    exchange.tokens.clients[CLIENT] = ("secret", USERNAME)
    return {
        "auth": "oauth",
        "username": "",
        "password": None,
        "client_id": CLIENT,
        "client_secret": Secret("secret"),
    }


async def test_an_application_reads_with_tokens_and_renews_them(
    outside: Outside,
    server: TestServer,
    exchange: Exchange,
    calendar: Kestrel,
    application: dict[str, object],
) -> None:
    calendar.add("Review", NOON, NOON + HOUR)
    url = str(server.make_url("/oauth2/token"))
    assert list(settings(server, token_url=url, **application).problems()) == []
    async with connected(outside, server, token_url=url, **application) as opened:
        assert len(await opened.fetch(room(), WINDOW)) == 1
        assert len(await opened.fetch(room(), WINDOW)) == 1
        assert outside.meter.spent["sign_in"] == 1
        exchange.tokens.revoke()
        assert len(await opened.fetch(room(), WINDOW)) == 1
        assert outside.meter.spent["sign_in"] == 2
        assert isinstance(opened, Identified)
        assert [one.kind for one in opened.credentials()] == ["client_secret"]


async def test_a_wrong_client_secret_is_said_to_be(
    outside: Outside,
    server: TestServer,
    exchange: Exchange,
    calendar: Kestrel,
    application: dict[str, object],
) -> None:
    exchange.tokens.clients[CLIENT] = ("another", USERNAME)
    url = str(server.make_url("/oauth2/token"))
    async with connected(outside, server, token_url=url, **application) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
    assert caught.value.reason == "credentials_refused"
    assert caught.value.everywhere
    assert "secret" not in str(caught.value)


async def test_a_way_in_that_is_not_offered_is_named_and_counts_as_no_try(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.offers = ("Basic",)
    async with connected(outside, server, auth="ntlm") as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
        assert "basic" in str(caught.value)
        exchange.offers = ("NTLM",)
        assert list(await opened.fetch(room(), WINDOW)) == []
