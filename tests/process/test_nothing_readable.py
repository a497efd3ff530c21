"""Nothing readable: recognisable values are planted everywhere, and searched wherever they may lie.

The real program runs with every message logged, through reads, pushes, faults, changes, commands,
a refused configuration, a crash and a restart.
"""

import base64
import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connector.simulators.cisco import Codec
from connector.simulators.cisco.users import Users
from connector.simulators.graph import Tenant
from connector.simulators.graph.faults import kinds
from rooms.model import Person
from tests.process import conftest
from tests.process.conftest import Running, Site, until

DEBUG = """
import logging, sys
from bridge import logs
from bridge.cli import main
logs.set_up.__kwdefaults__["level"] = logging.DEBUG
sys.exit(main())
"""
SECRETS = {
    "client secret": "Plntd-0-client-secret-Kq7",
    "codec password": "Plntd-1-codec-password-Zr4",
    "proxy password": "Plntd-2-proxy-password-Wt9",
    "secret in the wrong place": "Plntd-3-inline-secret-Mb2",
    "secret of a room list that is refused": "Plntd-4-inline-password-Nc5",
    "token that nobody made": "rb_Plntd5noBodysTokenXv8",
    "key in a webhook's address": "Plntd-17-hook-key-Ty3",
    "webhook's token": "Plntd-18-hook-token-Bf6",
    "mail password": "Plntd-19-mail-password-Gh8",
}
CONTENT = {
    "subject of a private meeting": "Plntd 6 takeover of Northwind",
    "subject of a meeting that became private": "Plntd 7 layoffs",
    "organizer of a private meeting": "Plntd-8-Organizer",
    "organizer's address": "plntd-9-organizer@example.com",
    "body of a private meeting": "Plntd 10 confidential agenda",
    "body of an open meeting": "Plntd 11 open agenda",
    "attendee": "Plntd-12-Attendee",
    "canary": "plntd-13-canary@example.com",
}
NOT_LOGGED = {
    "subject of an open meeting": "Plntd 14 weekly",
    "passcode of a private meeting": "914159",
    "number of a private meeting": "91234567890",
    "passcode in a link": "Plntd15PwdInLink",
    "organizer of an open meeting": "Plntd-16-Organizer",
}
"""What displays show or room systems dial, which is therefore kept; and told to those who may ask."""

PRIVATE = (
    f"<p>{CONTENT['body of a private meeting']}<br>Join Zoom Meeting<br>"
    f"https://zoom.us/j/{NOT_LOGGED['number of a private meeting']}"
    f"?pwd={NOT_LOGGED['passcode in a link']}<br>"
    f"Passcode: {NOT_LOGGED['passcode of a private meeting']}<br>Join by SIP<br>"
    f"{NOT_LOGGED['number of a private meeting']}@zoomcrc.com</p>"
)
FAULTS = [
    kinds.Status(status=503),
    kinds.Status(status=403),
    kinds.Portal(),
    kinds.Truncated(),
    kinds.InvalidJson(),
    kinds.ForeignLink(),
    kinds.Redirect(),
    kinds.TokenRefused(),
]


def spellings(value: str) -> Iterator[bytes]:
    """A value as it may stand in a file: in clear, quoted, encoded."""
    yield from (value.encode(), value.encode("utf-16-le"), quote(value).encode())
    yield value.encode().hex().encode()
    for shift in range(3):  # within Base64, at any place: the groups that hold nothing else
        coded = base64.b64encode(b"x" * shift + value.encode())
        yield coded[4 if shift else 0 : (len(value.encode()) + shift) // 3 * 4]


def found(values: dict[str, str], text: bytes, where: str) -> list[str]:
    """Which of these values stand there."""
    return [
        f"{name} in {where}"
        for name, value in values.items()
        if any(len(one) > 4 and one in text for one in spellings(value))
    ]


def lying_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder: databases with their free pages, write-ahead logs, keys."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


class Heard:
    """All that the appliance said to anybody."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.answers: list[tuple[str, bytes]] = []
        self.refusals: list[tuple[str, bytes]] = []
        self.logs: list[str] = []

    async def ask(self, running: Running, method: str, path: str, **more: Any) -> None:
        url = f"http://127.0.0.1:{running.port}{path}"
        async with running.http.request(method, url, **more) as answer:
            kept = self.refusals if answer.status >= 400 else self.answers
            kept.append((f"{method} {path}", await answer.read()))

    async def command(self, *words: str) -> str:
        _, out, errors = await self.site.command(*words)
        self.answers.append((" ".join(words), out.encode()))
        self.refusals.append((f"{' '.join(words)} (errors)", errors.encode()))
        return out


@pytest.fixture
def planted(site: Site, tenant: Tenant, codec: Codec, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site in which everything that must not be seen can be recognised."""
    monkeypatch.setattr(conftest, "PROGRAM", [sys.executable, "-c", DEBUG])
    tenant.register_app(secret=SECRETS["client secret"])
    codec.users = Users({"bridge": SECRETS["codec password"]})
    site.secrets |= {
        "secret": SECRETS["client secret"],
        "codec": SECRETS["codec password"],
        "proxy": SECRETS["proxy password"],
        "hook": "http://127.0.0.1:9/" + SECRETS["key in a webhook's address"],
        "hook-token": SECRETS["webhook's token"],
        "mail": SECRETS["mail password"],
    }
    mail = {"host": "127.0.0.1", "port": "9", "username": "bridge", "password_file": "mail"}
    site.settings["alerts"] = {
        "hold": "1s",
        "smtp": mail | {"from": "rooms@example.com", "to": ["av@example.com"]},
        "webhooks": [{"url_file": "hook", "token_file": "hook-token"}],
    }
    m365 = site.settings["sources"]["m365"]
    m365["mailboxes"] = {"domains": ["example.com"], "canary": CONTENT["canary"]}
    proxy = {"url": "http://127.0.0.1:9", "username": "proxyuser", "password_file": "proxy"}
    away = {"graph_url": "https://graph.example.net", "login_url": "https://login.example.net"}
    site.settings["sources"]["away"] = m365 | away | {"proxy": proxy}
    site.add_room("heron", source="away")
    site.rooms[0]["source"] = "m365"
    return site


def book(site: Site) -> str:
    """The meetings; the one that will become private."""
    whose = Person(
        name=CONTENT["organizer of a private meeting"], address=CONTENT["organizer's address"]
    )
    site.book(
        CONTENT["subject of a private meeting"],
        body=PRIVATE,
        organizer=whose,
        sensitivity="private",
    )
    site.book(
        NOT_LOGGED["subject of an open meeting"],
        hour=3,
        body=f"<p>{CONTENT['body of an open meeting']}, {CONTENT['attendee']}</p>",
        organizer=Person(name=NOT_LOGGED["organizer of an open meeting"], address="a@example.com"),
    )
    return site.book(CONTENT["subject of a meeting that became private"], hour=5)


async def vault(site: Site, heard: Heard) -> None:
    """One source's secret is in the vault; the other's stays in a file."""
    m365 = site.settings["sources"]["m365"]
    del m365["client_secret_file"]
    m365["client_secret"] = "vault:m365"
    site.settings["vault"] = {"key_file": "vault.key"}
    site.write()
    await heard.command("secrets", "init")
    status, *_ = await site.command("secrets", "set", "m365", stdin=SECRETS["client secret"])
    assert status == 0


async def callers(heard: Heard, running: Running) -> dict[str, str]:
    """Tokens made, used and revoked; their text."""
    display = await heard.command("tokens", "create", "--display", "kestrel", "Panel", "--json")
    service = await heard.command("tokens", "create", "Service", "--scope", "join", "--json")
    made = {"display's token": json.loads(display), "service's token": json.loads(service)}
    # Told once, to whoever made it: that is no leak.
    heard.answers = [one for one in heard.answers if not one[0].startswith("tokens create")]
    for told in made.values():
        bearer = {"Authorization": f"Bearer {told['token']}"}
        for path in ("/api/v1/rooms", "/api/v1/rooms/kestrel/agenda", "/metrics"):
            await heard.ask(running, "GET", path, headers=bearer)
        await heard.ask(running, "POST", "/display/kestrel/sign-in", headers=bearer)
        await heard.ask(running, "GET", f"/display/kestrel?token={told['token']}")
        running.http.cookie_jar.clear()
        await heard.command("tokens", "revoke", told["id"])
        await heard.ask(running, "GET", "/api/v1/rooms", headers=bearer)
    return {name: told["token"] for name, told in made.items()}


async def misuse(heard: Heard, running: Running) -> None:
    """Requests that go wrong, with what must not be repeated in them."""
    stranger = SECRETS["token that nobody made"]
    for headers in ({"Authorization": f"Bearer {stranger}"}, {"Cookie": f"x={stranger}"}):
        await heard.ask(running, "GET", f"/api/v1/rooms?token={stranger}", headers=headers)
        await heard.ask(running, "DELETE", f"/api/v1/tokens/{stranger}", headers=headers)
    await heard.ask(running, "POST", "/api/v1/tokens", data=f'{{"name": "{stranger}"')
    await heard.ask(running, "GET", f"/nowhere/{stranger}")
    await heard.ask(running, "GET", "/api/v1/rooms/kestrel/agenda?from=soon")
    for path in (
        "/api/v1/rooms",
        "/api/v1/rooms/kestrel",
        "/readyz",
        "/metrics",
        "/healthz",
        "/api/v1/health",
    ):
        await heard.ask(running, "GET", path)


async def suffer(site: Site, running: Running, tenant: Tenant, heard: Heard) -> None:
    """Faults of the service, each until it is noticed and until it is over."""

    async def troubled() -> bool:
        return bool((await running.get("/api/v1/rooms/kestrel"))["health"])

    async def well() -> bool:
        return not await troubled()

    for fault in FAULTS:
        if isinstance(fault, kinds.TokenRefused):
            tenant.revoke_tokens()
        tenant.faults.add(fault)
        await until(troubled, f"trouble after {fault}")
        await heard.ask(running, "GET", "/api/v1/rooms/kestrel")
        await heard.ask(running, "GET", "/metrics")
        tenant.faults.clear()
        await until(well, f"recovery from {fault}")


async def refuse(site: Site, running: Running) -> None:
    """A changed configuration with secrets where none may be; then the good one again."""
    good = site.write().read_text()
    bad = json.loads(good)
    bad["sources"]["m365"]["clientsecret"] = SECRETS["secret in the wrong place"]
    bad["proxy"] = SECRETS["secret in the wrong place"]
    (site.folder / "bridge.yaml").write_text(json.dumps(bad))
    rooms = json.loads((site.folder / "rooms.yaml").read_text())
    rooms["rooms"][0]["endpoints"][0]["password"] = SECRETS["secret of a room list that is refused"]
    (site.folder / "rooms.yaml").write_text(json.dumps(rooms))
    running.process.send_signal(signal.SIGHUP)

    async def refused() -> bool:
        return any("clientsecret" in line for line in running.log)

    await until(refused, "the refusal")
    site.write()


async def undelivered(heard: Heard, running: Running) -> bool:
    """Whether alerts were tried, in vain."""
    await heard.ask(running, "GET", "/api/v1/health")
    return b"alerts_failing" in heard.answers[-1][1]


async def settled(site: Site) -> dict[str, bytes]:
    """The files, once what was overwritten has left the write-ahead log too.

    That was emptied when it is smaller than before: it may not stay so for long.
    """
    log = site.folder / "data" / "bridge.db-wal"
    largest = 0

    async def emptied() -> bool:
        nonlocal largest
        size = log.stat().st_size
        largest = max(largest, size)
        return size < max(largest, 1)

    await until(emptied, "an empty write-ahead log", seconds=60)
    return lying_in(site.folder / "data")


@pytest.mark.timeout(240)
async def test_nothing_that_was_planted_can_be_read_anywhere(
    planted: Site, tenant: Tenant, codec: Codec
) -> None:
    site, heard = planted, Heard(planted)
    await vault(site, heard)
    turning = book(site)
    issued = dict(SECRETS | CONTENT)
    async with site.running() as running:

        async def pushed() -> bool:
            return len(codec.screen().bookings) == 3

        await until(pushed, "the codec's list")
        mailbox = site.tenant.mailbox("kestrel@example.com")
        mailbox.edit(turning, sensitivity="private", subject="Plntd 7 layoffs, really")

        async def masked() -> bool:
            titles = await running.titles() or []
            return not [one for one in titles if "layoffs" in one]

        await until(masked, "the private one, masked")
        issued |= await callers(heard, running)
        await heard.command("agenda", "kestrel")
        await heard.command("explain", "kestrel")
        await heard.command("explain", "heron")
        await heard.command("check")
        await heard.command("doctor")
        await heard.command("secrets", "rotate")
        await heard.command("secrets", "list")
        await heard.command("alerts", "test")
        await misuse(heard, running)
        await suffer(site, running, tenant, heard)
        await until(lambda: undelivered(heard, running), "alerts that nobody takes")
        await refuse(site, running)
        await heard.command("check")
        issued |= {f"access token {number}": text for number, text in enumerate(tenant._tokens)}
        assert any(name.startswith("access token") for name in issued)
        await running.stop(signal.SIGKILL)
    heard.logs += running.log
    after_crash = lying_in(site.folder / "data")
    async with site.running() as running:
        await until(running.titles, "the room, after the crash")
        site.tenant.mailbox("kestrel@example.com").delete(turning)

        async def gone() -> bool:
            return len(await running.titles() or []) == 2

        await until(gone, "the meeting that was deleted")
        codec.users = Users({"bridge": "another"})
        site.book("Another", hour=7)

        async def denied() -> bool:
            told = await running.get("/api/v1/rooms/kestrel")
            return "endpoint_denied" in str(told["health"])

        await until(denied, "the room system's refusal")
        restarted = await settled(site)
        assert await running.stop() == 0
    heard.logs += running.log
    stopped = lying_in(site.folder / "data")
    kept = NOT_LOGGED["subject of an open meeting"].encode()
    assert any(kept in content for content in stopped.values()), (
        "the search cannot read the database"
    )
    judge(heard, issued, {"crashed": after_crash, "running": restarted, "stopped": stopped})


def judge(heard: Heard, issued: dict[str, str], folders: dict[str, dict[str, bytes]]) -> None:
    """Search everything, and tell all that was found at once."""
    leaks: list[str] = []
    everything = "\n".join(heard.logs).encode()
    leaks += found(issued | NOT_LOGGED, everything, "the log")
    for when, files in folders.items():
        for name, content in files.items():
            late = {} if when != "crashed" else {"subject of a meeting that became private"}
            kept = {key: value for key, value in issued.items() if key not in late}
            leaks += found(kept, content, f"{name} ({when})")
    for where, body in heard.answers:
        leaks += found(issued, body, where)
        if "metrics" in where or where.endswith(("/readyz", "/healthz", "check")):
            leaks += found(NOT_LOGGED, body, where)
    for where, body in heard.refusals:
        leaks += found(issued | NOT_LOGGED, body, where)
    assert leaks == []
    assert re.search(rb"debug|info", everything), "the log is empty: nothing was proven"
    assert b"kestrel" in everything


@pytest.mark.parametrize("before", ["", "?", "??", "bridge:", "someone:"])
def test_the_search_finds_a_value_however_it_is_written(before: str) -> None:
    value = "Plntd secret/äö 1"
    coded = base64.b64encode(f"{before}{value} and more".encode())
    for text in (value.encode(), quote(value).encode(), value.encode("utf-16-le"), coded):
        assert found({"x": value}, b"before " + text + b" after", "here") == ["x in here"]
    assert found({"x": value}, b"before and after", "here") == []
