"""Nothing readable of the other services either: Exchange, Google, feeds, CalDAV, hooks, writing.

The search is that of `test_nothing_readable`; every message is logged, those of the libraries too.
"""

import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.simulators.exchange import PATH, Exchange, Meeting
from connector.simulators.exchange import app as exchange_app
from connector.simulators.exchange.faults import kinds
from connector.simulators.google import ACCOUNT, Fault, Workspace
from connector.simulators.google import app as google_app
from rooms.model import Person
from tests.fakes import dav as davs
from tests.fakes.almanac import Almanac
from tests.fakes.dav import Dav
from tests.process import conftest
from tests.process.conftest import HOUR, Running, Site, until
from tests.process.test_nothing_readable import DEBUG, Heard, found, lying_in
from tests.process.test_writing import post, token

SECRETS = {
    "Exchange password": "Plntd-30-exchange-password-Kq7",
    "Exchange password that is wrong": "Plntd-31-wrong-password-Zr4",
    "key in a feed's address": "Plntd-32-feed-key-Wt9",
    "password of a feed": "Plntd-33-feed-password-Mb2",
    "CalDAV password": "Plntd-34-dav-password-Nc5",
    "secret at a hook": "Plntd-35-hook-secret-Xv8",
}
CONTENT = {
    "subject of a private meeting": "Plntd 36 takeover of Northwind",
    "organizer of a private meeting": "Plntd-37-Organizer",
    "organizer's address": "plntd-38-organizer@example.com",
    "body": "Plntd 39 confidential agenda",
    "private one in a feed": "Plntd 40 private entry",
    "private one at Google": "Plntd 41 private entry",
}
NOT_LOGGED = {
    "title of a booking": "Plntd 42 quick talk",
    "who booked": "Plntd 43 Ada",
    "subject of an open meeting": "Plntd 44 weekly",
    "subject in a feed": "Plntd 45 lecture",
    "subject on a CalDAV server": "Plntd 46 workshop",
    "subject at Google": "Plntd 47 review",
}
LOUD = DEBUG.replace("sys.exit", "logs._LOUD = ()\nsys.exit")
"""Nor are the libraries kept quiet: what they say is searched too."""
ROOMS = ("kestrel", "heron", "wren", "merlin")
ACCOUNT_NAME = "EXAMPLE\\bridge"


class Feed(Almanac):
    """A feed at an address with a key in it; goes wrong in every way that it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.instead: list[web.Response] = []

    async def serve(self, request: web.Request) -> web.Response:
        if request.match_info["key"] != SECRETS["key in a feed's address"]:
            return web.Response(status=404)
        if self.instead:
            return self.instead[0]
        return web.Response(body=self.text(), content_type="text/calendar")


@dataclass
class Services:
    """All that the site reads."""

    exchange: Exchange
    workspace: Workspace
    feed: Feed
    dav: Dav

    def book(self) -> None:
        """Something private and something open everywhere."""
        start = datetime.now(UTC).replace(microsecond=0) + 3 * HOUR
        end = start + HOUR / 2
        whose = Person(
            name=CONTENT["organizer of a private meeting"], address=CONTENT["organizer's address"]
        )
        mailbox = self.exchange.mailbox("kestrel@example.com")
        hidden = CONTENT["subject of a private meeting"]
        more: dict[str, Any] = {"body": CONTENT["body"], "organizer": whose}
        mailbox.add(Meeting(subject=hidden, start=start, end=end, sensitivity="private", **more))
        shown = NOT_LOGGED["subject of an open meeting"]
        mailbox.add(Meeting(subject=shown, start=end, end=end + HOUR))
        self.feed.add(NOT_LOGGED["subject in a feed"], start, end, text=CONTENT["body"])
        self.feed.add(CONTENT["private one in a feed"], end, end + HOUR, private=True)
        self.dav.add(NOT_LOGGED["subject on a CalDAV server"], start, end, text=CONTENT["body"])
        calendar = self.workspace.add_room("merlin@example.com", shared_with=[ACCOUNT])
        calendar.add(NOT_LOGGED["subject at Google"], start, end, description=CONTENT["body"])
        calendar.add(CONTENT["private one at Google"], end, end + HOUR, visibility="private")


@pytest.fixture
async def services(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    """A site with a room at each of them, and everything planted."""
    monkeypatch.setattr(conftest, "PROGRAM", [sys.executable, "-c", LOUD])
    monkeypatch.setattr(davs, "LOGIN", davs.basic("bridge", SECRETS["CalDAV password"]))
    made = Services(Exchange(), Workspace(), Feed(), Dav())
    password = SECRETS["Exchange password"]
    made.exchange.add_user(ACCOUNT_NAME, password, impersonates="all")
    made.exchange.add_mailbox("kestrel@example.com", name="Kestrel")
    made.dav.mailbox = "wren@example.com"
    feeds = web.Application()
    feeds.router.add_get("/{key}/{mailbox}", made.feed.serve)
    servers = [
        TestServer(app)
        for app in (
            exchange_app(made.exchange),
            google_app(made.workspace),
            feeds,
            made.dav.application(),
        )
    ]
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server)
        configure(site, made, [str(server.make_url("/")) for server in servers])
        made.book()
        yield made


def configure(site: Site, made: Services, urls: list[str]) -> None:
    """Let the site read them all."""
    exchange, google, feed, dav = urls
    ews = {"kind": "ews", "url": exchange.rstrip("/") + PATH, "auth": "basic"}
    account = {"username": ACCOUNT_NAME, "password_file": "exchange"}
    site.settings["sources"] = {
        "exchange": ews | account | {"notifications": "poll"},
        "refused": ews | {"auth": "ntlm", "username": "EXAMPLE\\nobody", "password_file": "wrong"},
        "timetable": {"kind": "ics", "url_file": "feed", "username": "bridge"}
        | {"password_file": "feed-password"},
        "dav": {"kind": "caldav", "url": dav, "username": "bridge", "password_file": "dav"},
        "workspace": {
            "kind": "google",
            "service_account_file": "key",
            "calendar_url": f"{google}calendar/v3/",
            "token_url": f"{google}token",
        },
    }
    site.secrets = {
        "exchange": SECRETS["Exchange password"],
        "wrong": SECRETS["Exchange password that is wrong"],
        "feed": feed + SECRETS["key in a feed's address"] + "/{mailbox}",
        "feed-password": SECRETS["password of a feed"],
        "dav": SECRETS["CalDAV password"],
        "key": made.workspace.add_service_account().key_file(f"{google}token"),
    }
    site.rooms.clear()
    sources = ("exchange", "timetable", "dav", "workspace")
    for name, source in zip(ROOMS, sources, strict=True):
        site.add_room(name, source=source)
    site.add_room("osprey", source="refused")
    site.settings["writes"] = "adhoc"


async def trouble(running: Running, services: Services, heard: Heard) -> None:
    """Each service fails in several ways, and rooms say so."""

    async def troubled(*rooms: str) -> bool:
        told = [await running.get(f"/api/v1/rooms/{room}") for room in rooms]
        return all(one["health"] for one in told)

    ways = [
        (kinds.Portal(), Fault(kind="portal"), web.Response(status=302)),
        (kinds.Truncated(), Fault(kind="truncated"), web.Response(body=services.feed.text()[:-40])),
        (kinds.Status(status=500), Fault(kind="status", status=500), web.Response(status=500)),
        (kinds.LogonRefused(), Fault(kind="invalid_json"), web.Response(status=401)),
    ]
    for exchange, google, feed in ways:
        services.exchange.faults.add(exchange)
        services.workspace.faults.add(google)
        services.feed.instead = [feed]
        await until(lambda: troubled("kestrel", "heron", "merlin"), f"trouble after {exchange}")
        for room in (*ROOMS, "osprey"):
            await heard.ask(running, "GET", f"/api/v1/rooms/{room}")
        for path in ("/metrics", "/readyz", "/api/v1/health"):
            await heard.ask(running, "GET", path)
        services.exchange.faults.clear()
        services.workspace.faults.clear()
        services.feed.instead = []


async def hooked(running: Running, heard: Heard) -> None:
    """Notifications that prove nothing, at every hook."""
    secret = SECRETS["secret at a hook"]
    headers = {
        "X-Goog-Channel-Id": secret,
        "X-Goog-Channel-Token": secret,
        "X-Goog-Resource-State": "exists",
    }
    body = f'{{"value": [{{"clientState": "{secret}", "subscriptionId": "{secret}"}}, 3, '
    for where in ("google/workspace", "graph/m365", "ews/exchange", secret):
        await heard.ask(
            running, "POST", f"/hooks/{where}?{secret}={secret}", headers=headers, data=body
        )


async def written(site: Site, running: Running) -> None:
    """A booking is made, refused and given back."""
    headers = await token(site, "--scope", "write")
    start = (datetime.now(UTC) + HOUR).isoformat()
    order = {"title": NOT_LOGGED["title of a booking"], "organizer": NOT_LOGGED["who booked"]}
    order |= {"minutes": "", "start": start}
    path = "/api/v1/rooms/kestrel/bookings"
    status, made = await post(running, path, headers, **(order | {"minutes": 30}))
    assert (status, made["done"]) == (201, "created")
    assert (await post(running, path, headers, **(order | {"minutes": 30})))[0] == 409
    assert (await post(running, path, headers, **order))[0] == 400
    assert (await post(running, f"{path}/{made['booking']['id']}/release", headers))[0] == 200


@pytest.mark.timeout(240)
async def test_nothing_of_any_service_can_be_read_anywhere(site: Site, services: Services) -> None:
    heard = Heard(site)
    async with site.running() as running:
        for room in ROOMS:
            await until(lambda room=room: running.titles(room), f"{room} as it is")  # type: ignore[misc]
        await written(site, running)
        await hooked(running, heard)
        for words in (["agenda", "kestrel"], ["explain", "kestrel"], ["explain", "heron"]):
            await heard.command(*words)
        for words in (["check"], ["doctor"], ["explain", "osprey"]):
            await heard.command(*words)
        await trouble(running, services, heard)
        assert await running.stop() == 0
    everything = "\n".join(running.log).encode()
    issued = SECRETS | CONTENT | {"Google's key": pem(site), "access token": "ya29."}
    leaks = found(issued | NOT_LOGGED, everything, "the log")
    for name, content in lying_in(site.folder / "data").items():
        leaks += found(issued, content, name)
    for where, body in heard.answers + heard.refusals:
        leaks += found(issued, body, where)
    for where, body in heard.refusals:
        leaks += found(NOT_LOGGED, body, where)
    assert leaks == []
    assert found(NOT_LOGGED | CONTENT, audit(site), "the audit log") == []
    assert b"debug" in everything, "nothing was logged, so that nothing was proven"


def pem(site: Site) -> str:
    """A line of the private key."""
    return site.secrets["key"].partition("PRIVATE KEY-----\\n")[2][70:120]


def audit(site: Site) -> bytes:
    with sqlite3.connect(site.folder / "data" / "bridge.db") as database:
        rows = database.execute("SELECT * FROM audit").fetchall()
    database.close()
    assert any("bookings.create" in row for row in rows)
    return str(rows).encode()
