"""The unit's calendar client, against a server that others wrote (endpoints.md 3.2, 3.8)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

from connector.simulators.exchange import Exchange, Meeting, serve
from connector.simulators.poly import Fault, Unit
from connector.simulators.poly import serve as serve_unit
from connector.simulators.poly.reader import Reader
from tests.fakes.virtual import in_virtual_time

from .poly_room import NOON, Clock
from .test_poly_bodies import USUAL

KESTREL = "kestrel@example.com"
USER = "EXAMPLE\\kestrel"


class House:
    """A server with one room, and a unit that reads it."""

    def __init__(
        self, exchange: Exchange, unit: Unit, reader: Reader, url: str, clock: Clock
    ) -> None:
        self.clock = clock
        self.exchange = exchange
        self.unit = unit
        self.reader = reader
        self.url = url
        self.host = url.partition("//")[2]

    def add(self, subject: str = "Review", hour: float = 13, **more: Any) -> Any:
        start = NOON.replace(hour=int(hour))
        more.setdefault("body", f"<html><body>{USUAL}</body></html>")
        meeting = Meeting(subject=subject, start=start, end=start.replace(minute=30), **more)
        return self.exchange.mailbox(KESTREL).add(meeting)

    @property
    def asked(self) -> list[tuple[str, int]]:
        return [(one.what, one.status) for one in self.unit.requests if one.way == "ews"]

    @property
    def status(self) -> str:
        return self.unit.status

    @property
    def titles(self) -> list[str]:
        return [one.title for one in self.unit.screen().meetings]


@asynccontextmanager
async def house(
    family: Any = "studio", *, server: str = "", **options: Any
) -> AsyncIterator[House]:
    clock = Clock()
    exchange = Exchange(clock=clock)
    exchange.add_mailbox(KESTREL, name="Kestrel", time_zone="Europe/London")
    exchange.add_user(USER, "right", mailbox=KESTREL)
    unit = Unit(family, clock=clock, **options)
    reader = Reader(unit)
    async with serve(exchange) as url:
        one = House(exchange, unit, reader, url, clock)
        unit.configure(server or one.host, USER, "right", KESTREL)
        try:
            yield one
        finally:
            await reader.leave()


async def test_a_meeting_is_read_shown_and_dialled() -> None:
    async with house() as one:
        one.add("R&D <today>", locations=("Kestrel",))
        await one.reader.poll()
        assert one.status == "ONLINE"
        (shown,) = one.unit.screen().meetings
        assert (shown.title, shown.dial) == ("R&D <today>", "123@example.com")
        assert (shown.organizer, shown.join) == ("Ada Lovelace", True)
        assert one.unit.press_join(shown.id).number == "123@example.com"


async def test_without_a_scheme_it_tries_https_and_then_http() -> None:
    async with house() as one:
        await one.reader.poll()
        assert one.asked[:2] == [("FindItem", 0), ("FindItem", 200)]
    async with house(server="https://127.0.0.1:9") as one:
        await one.reader.poll()
        assert {status for _, status in one.asked} == {0}
        assert one.status == "OFFLINE"


async def test_only_what_is_new_or_changed_is_read_again() -> None:
    async with house() as one:
        one.add()
        await one.reader.poll()
        one.unit.requests.clear()
        await one.reader.poll()
        assert one.asked == [("FindItem", 200)]
        one.add("Second", hour=15)
        await one.reader.poll()
        assert one.asked[1:] == [("FindItem", 200), ("GetItem", 200)]
        assert one.titles == ["Review", "Second"]


async def test_it_looks_from_two_hours_ago_until_a_day_from_now() -> None:
    async with house() as one:
        for hour in (8, 11):
            one.add(f"at {hour}", hour=hour)
        await one.reader.poll()
        assert [meeting.subject for meeting in one.unit.meetings] == ["at 11"]


@pytest.mark.parametrize("form", ["view", "restriction"])
@pytest.mark.parametrize("path", ["usual", "lower"])
async def test_it_asks_in_either_form_under_either_path(form: str, path: str) -> None:
    async with house(form=form, path=path) as one:
        one.add()
        await one.reader.poll()
        assert one.titles == ["Review"]
        assert one.exchange.journal.requests()[-1].path.islower() == (path == "lower")


@pytest.mark.parametrize(
    ("login", "offers", "status"),
    [
        ("ntlm", ("NTLM",), "ONLINE"),
        ("ntlm", ("Basic",), "ERR_AUTHENTICATION"),
        ("basic", ("NTLM", "Basic"), "ONLINE"),
        ("basic", ("NTLM",), "ERR_AUTHENTICATION"),
        ("either", ("Basic", "NTLM"), "ONLINE"),
    ],
)
async def test_it_logs_in_as_it_is_set_to(login: str, offers: Any, status: str) -> None:
    async with house(login=login) as one:
        one.exchange.offers = offers
        await one.reader.poll()
        assert one.status == status


async def test_a_trio_takes_basic_only_when_a_setting_allows_it() -> None:
    async with house("trio") as one:
        one.exchange.offers = ("Basic",)
        await one.reader.poll()
        assert one.status == "ERR_AUTHENTICATION"
        one.unit.settings.set("feature.exchange.allowBasicAuth", "1")
        await one.reader.poll()
        assert one.status == "ONLINE"


async def test_a_connection_is_logged_on_once() -> None:
    async with house() as one:
        await one.reader.poll()
        await one.reader.poll()
        seen = one.exchange.journal.requests()
        assert [note.auth for note in seen][-2:] == ["connection", "connection"]
        assert len({note.connection for note in seen}) == 1


async def test_a_handshake_that_was_torn_is_begun_anew() -> None:
    async with house() as one:
        one.unit.faults.add(Fault(kind="drop", path="ews ntlm"))
        await one.reader.poll()
        assert one.status == "ONLINE"
        assert len({note.connection for note in one.exchange.journal.requests()}) > 1


async def test_a_wrong_password_and_a_silent_server_are_told_apart() -> None:
    async with house() as one:
        one.unit.settings.give("password", "wrong")
        await one.reader.poll()
        assert one.status == "ERR_AUTHENTICATION"
        one.unit.settings.give("server", "http://127.0.0.1:9")
        await one.reader.poll()
        assert one.status == "OFFLINE"
        one.unit.settings.give("enabled", value=False)
        await one.reader.poll()
        assert (one.status, one.unit.meetings) == ("DISABLED", ())


async def test_an_operation_that_nobody_knows_harms_nothing() -> None:
    async with house(operation="GetTheUnheardOf") as one:
        one.add()
        await one.reader.poll()
        assert ("GetTheUnheardOf", 500) in one.asked
        assert one.titles == ["Review"]


async def test_equivalent_xml_is_nothing_to_it() -> None:
    """Another prefix for the same names, and the unit is blind."""
    async with house() as one:
        one.add()

        async def translate(request: web.Request) -> web.Response:
            async with one_session.post(
                one.url + request.path,
                data=await request.read(),
                headers={"Content-Type": "text/xml", "Authorization": _basic()},
            ) as answer:
                root = etree.fromstring(await answer.read())
            text = etree.tostring(root).replace(b"m:", b"q:").replace(b"xmlns:m=", b"xmlns:q=")
            return web.Response(body=text, content_type="text/xml")

        between = web.Application()
        between.router.add_post("/{path:.*}", translate)
        async with aiohttp.ClientSession() as one_session, TestServer(between) as server:
            one.unit.settings.give("server", str(server.make_url("")).rstrip("/"))
            await one.reader.poll()
        assert one.status == "ERR_UNKNOWN"


def _basic() -> str:
    return aiohttp.encode_basic_auth(USER, "right")


async def test_private_and_cancelled_meetings_are_told_by_what_ews_says() -> None:
    async with house() as one:
        one.add("Secret", sensitivity="private")
        one.add("Off", hour=15, cancelled=True)
        await one.reader.poll()
        assert one.titles == ["private meeting"]
        assert [meeting.canceled for meeting in one.unit.meetings] == [False, True]


async def test_it_may_try_its_login_otherwise_and_accept_what_it_reads() -> None:
    async with house(enters="folder", accepts=True) as one:
        one.add(response="notResponded")
        await one.reader.poll()
        await one.reader.poll()
        names = [what for what, status in one.asked if status]
        assert names == ["GetFolder", "FindItem", "GetItem", "CreateItem", "FindItem", "GetItem"]
        assert one.status == "ONLINE"


async def test_a_trio_that_asks_an_authority_does_not_take_any_certificate() -> None:
    async with house("trio") as one, serve_unit(Unit("trio")) as strange:
        one.unit.settings.give("server", strange.url)
        await one.reader.poll()
        assert one.status == "ERR_UNKNOWN"
        one.unit.settings.set("feature.exchangeCalendar.validateCaCerts", "1")
        await one.reader.leave()
        await one.reader.poll()
        assert one.status == "OFFLINE"


async def test_a_trios_screen_shows_what_its_settings_let_it() -> None:
    async with house("trio") as one:
        one.add(locations=("sip:9@example.com",))
        await one.reader.poll()
        (shown,) = one.unit.screen().meetings
        assert (shown.title, shown.location, shown.dial) == (
            "Review",
            "sip:9@example.com",
            "9@example.com",
        )
        for name in ("Subject", "Organizer", "Location"):
            one.unit.settings.set(f"exchange.meeting.show{name}", "0")
        (shown,) = one.unit.screen().meetings
        assert (shown.title, shown.organizer, shown.location) == ("", "", "")


async def test_a_restart_reads_everything_again() -> None:
    async with house() as one:
        one.add()
        await one.reader.poll()
        one.unit.reboot()
        assert one.titles == []
        await one.reader.poll()
        assert one.titles == ["Review"]


async def _until(happened: Callable[[], bool], unit: Unit) -> None:
    """Wait until the unit's meetings or settings changed so."""
    changed = asyncio.Event()
    unit.changed.append(changed.set)
    async with asyncio.timeout(10):
        while not happened():
            await changed.wait()
            changed.clear()


async def test_on_the_network_it_polls_and_takes_new_settings_at_once() -> None:
    async with house(poll=3600.0) as one:
        one.add()
        account = one.unit.settings.account()
        assert account is not None
        one.unit.settings.give("enabled", value=False)
        async with serve_unit(one.unit, tls=False) as address, aiohttp.ClientSession() as http:
            log_in = {"user": "admin", "password": "secret", "action": "Login"}
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as admin:
                async with admin.post(f"{address.url}/rest/session", json=log_in) as answer:
                    token = answer.cookies["XSRF-TOKEN"].value
                on = {"vars": [{"name": "exchange.enable", "value": "true"}]}
                await admin.post(
                    f"{address.url}/rest/config", json=on, headers={"x-xsrf-token": token}
                )
            await _until(lambda: one.titles == ["Review"], one.unit)
            one.add("Second", hour=15)
            async with http.post(f"{address.url}/control/poll") as answer:
                assert len((await answer.json())["meetings"]) == 2


async def test_a_unit_that_is_told_by_push_reads_when_it_is_told() -> None:
    async with house(push=True) as one, serve_unit(one.unit, tls=False) as address:
        assert address.reader is not None
        while not address.reader.subscription:
            await address.reader.poll()
        one.add("Pushed")
        await _until(lambda: one.titles == ["Pushed"], one.unit)
        async with aiohttp.ClientSession() as http:
            strange = "<t:SubscriptionId>other</t:SubscriptionId>"
            listener = address.reader.listener
            async with http.post(listener, data=strange) as answer:
                assert "Unsubscribe" in await answer.text()


async def test_a_push_subscription_that_fell_silent_is_made_again() -> None:
    async with house(push=True) as one:
        one.reader.listener = "http://127.0.0.1:9/ews/notifications"
        await one.reader.poll()
        first = one.reader.subscription
        assert "OK" in one.reader.notified(f"<t:SubscriptionId>{first}</t:SubscriptionId>")
        await one.reader.poll()
        assert one.reader.subscription == first
        one.clock.move(minutes=6)
        await one.reader.poll()
        assert one.reader.subscription not in {"", first}


async def test_it_discovers_its_server_by_an_address() -> None:
    async with house() as one:
        one.unit.autodiscover = one.url
        found = await one.reader.discover(KESTREL, USER, "right")
        assert found.lower().endswith("/ews/exchange.asmx")
        assert await one.reader.discover(KESTREL, USER, "wrong") == ""


def test_a_polling_unit_asks_every_15_seconds_and_a_trio_every_30() -> None:
    async def polls(family: Any) -> int:
        count = 0
        unit = Unit(family, clock=lambda: NOON)
        reader = Reader(unit)

        async def poll() -> None:
            nonlocal count
            count += 1

        reader.poll = poll  # type: ignore[method-assign] # only how often
        with suppress(TimeoutError):
            async with asyncio.timeout(61):
                await reader.run()
        return count

    assert in_virtual_time(polls("studio")) == 5
    assert in_virtual_time(polls("trio")) == 3
