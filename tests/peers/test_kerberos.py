"""Rooms of Exchange read by Kerberos: a real KDC, the simulated server, the real program."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from connector.certificates import self_signed
from connector.simulators.exchange import PATH, Exchange, app
from tests.peers.conftest import need, simulated
from tests.peers.realm import Realm, realm
from tests.process.conftest import HOUR, Running, Site, until

__all__ = ["realm"]  # a fixture

SERVER = "HTTP/localhost"
ACCOUNT = "svc@example.com"
NTLM = bytes.fromhex("060a2b06010401823702020a")
"""The mechanism 1.3.6.1.4.1.311.2.2.10 in a token of SPNEGO."""
ROOMS = ("kestrel", "heron", "osprey")


class Mail:
    """A simulated Exchange Server that runs as a process and has a keytab."""

    def __init__(self, told: dict[str, str], http: aiohttp.ClientSession) -> None:
        self._told = told
        self._http = http

    def url(self, host: str = "localhost") -> str:
        return self._told["url"].replace("127.0.0.1", host)

    async def control(self, method: str, path: str, **more: Any) -> Any:
        url = f"{self._told['control']}{path}"
        async with self._http.request(method, url, ssl=False, **more) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    async def book(self, subject: str, room: str = "kestrel") -> None:
        start = datetime.now(UTC).replace(microsecond=0) + HOUR
        meeting = {
            "subject": subject,
            "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{start + HOUR / 2:%Y-%m-%dT%H:%M:%SZ}",
        }
        await self.control("POST", f"/mailboxes/{room}@example.com/events", json=meeting)

    async def asked(self) -> list[dict[str, Any]]:
        return list((await self.control("GET", "/requests"))["requests"])


@asynccontextmanager
async def mail(realm: Realm, site: Site) -> AsyncIterator[Mail]:
    """The server, and a site whose room it holds."""
    authority = site.folder / "ca.pem"
    keytab = await realm.add(SERVER)
    environment = realm.environment | {"KRB5_KTNAME": str(keytab)}
    words = "exchange", "--rooms", "1", "--empty", "--ca", str(authority)
    async with simulated(*words, **environment) as told:
        made = Mail(told, site.http)
        account = {"name": ACCOUNT, "password": "not used", "impersonates": "all"}
        await made.control("POST", "/users", json=account)
        await made.book("Review")
        configure(site, made.url(), tls={"ca_file": str(authority)})
        yield made


def configure(site: Site, url: str, **more: Any) -> None:
    source = {"kind": "ews", "url": url, "auth": "kerberos", **more}
    site.settings["sources"] = {"exchange": source}


async def code(appliance: Running) -> str:
    """What is said of the room beside that it was never read."""
    room = await appliance.get("/api/v1/rooms/kestrel")
    found = [one["code"] for one in room["health"] if one["code"] not in {"never_read", "stale"}]
    return found[0] if found else ""


async def refusal(site: Site, environment: dict[str, str]) -> str:
    """What is said of the room where it cannot be read; nobody is named in the log."""
    async with site.running(**environment) as appliance:
        found = str(await until(lambda: code(appliance), "a word about the room"))
        assert await appliance.stop() == 0
    assert "svc" not in "\n".join(appliance.log).lower()
    return found


async def test_a_room_is_read_with_the_ticket_of_a_keytab(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    async with realm.serving(), mail(realm, site) as server:
        mine = {"KRB5_CLIENT_KTNAME": str(keytab), "KRB5CCNAME": "MEMORY:"}
        async with site.running(**realm.environment | mine) as appliance:
            assert await until(appliance.titles) == ["Review"]
            await server.book("Talk")

            async def both() -> bool:
                return await appliance.titles() == ["Review", "Talk"]

            await until(both, "a later read over the same connection")
            assert await appliance.stop() == 0
        asked = [one for one in await server.asked() if one["path"] == PATH]
    assert {one["auth"].lower() for one in asked if one["status"] == 200} == {
        "negotiate",
        "connection",
    }
    assert {one["user"] for one in asked if one["status"] == 200} == {ACCOUNT}
    refused = [one["connection"] for one in asked if one["status"] == 401]
    assert len(refused) == len(set(refused)), "a connection is asked once who it is"
    assert "svc" not in "\n".join(appliance.log).lower()


async def test_a_ticket_of_kinit_will_do(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    async with realm.serving(), mail(realm, site):
        cache = await realm.ticket(keytab, "svc", "1h")
        async with site.running(**realm.environment | {"KRB5CCNAME": cache}) as appliance:
            assert await until(appliance.titles) == ["Review"]
            assert await appliance.stop() == 0


async def test_an_old_keytab_is_shown_to_the_kdc_once(realm: Realm, site: Site) -> None:
    old = await realm.add("svc")
    await realm.keytab("svc")
    for room in ROOMS[1:]:
        site.add_room(room)
    async with realm.serving(), mail(realm, site):
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(old)}
        assert await refusal(site, environment) == "credentials_refused"
    assert realm.asked("PREAUTH_FAILED") == 1


async def test_no_keytab_and_no_ticket_is_told(realm: Realm, site: Site) -> None:
    async with realm.serving(), mail(realm, site) as server:
        assert await refusal(site, realm.environment) == "credentials_missing"
        assert {one["auth"] for one in await server.asked()} == {""}, "no other way is tried"
    assert realm.asked("AS_REQ") == 0


async def test_an_expired_ticket_is_told(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    async with realm.serving(), mail(realm, site):
        cache = await realm.ticket(keytab, "svc", "1s")
        await until(realm.expired, "the end of the ticket")
        assert await refusal(site, realm.environment | {"KRB5CCNAME": cache}) == "ticket_expired"


async def test_a_name_that_no_principal_has_is_told(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    async with realm.serving(), mail(realm, site) as server:
        site.settings["sources"]["exchange"]["url"] = server.url("127.0.0.1")
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "spn_wrong"
        assert {one["auth"] for one in await server.asked()} == {""}


async def test_a_kdc_that_is_away_is_told(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    async with mail(realm, site):
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "unreachable"


async def test_a_clock_that_is_not_that_of_the_kdc_is_told(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    realm.let_clients(follow_the_kdc=False)
    async with realm.serving(need("faketime", "faketime"), "-f", "+1h"), mail(realm, site):
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "clock_skewed"


async def test_a_server_whose_clock_is_not_that_of_the_kdc_is_told(
    realm: Realm, site: Site
) -> None:
    keytab = await realm.add("svc")
    async with realm.serving(need("faketime", "faketime"), "-f", "+1h"), mail(realm, site):
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "clock_skewed"


async def test_a_server_with_an_old_key_is_told(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    async with realm.serving(), mail(realm, site):
        await realm.keytab(SERVER)
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "spn_wrong"


async def test_ntlm_is_not_spoken_instead(realm: Realm, site: Site) -> None:
    keytab = await realm.add("svc")
    exchange = Exchange()
    exchange.add_mailbox("kestrel@example.com", name="Kestrel")
    exchange.offers = ("NTLM", "Basic")
    async with realm.serving(), TestServer(app(exchange), host="localhost") as server:
        configure(site, str(server.make_url(PATH)))
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "credentials_refused"
    assert {one.auth for one in exchange.journal.requests()} == {""}


@pytest.mark.skipif(
    not Path("/etc/gss/mech.d/mech.ntlmssp.conf").exists(),
    reason="no NTLM for GSSAPI here: make peers brings it",
)
async def test_ntlm_is_not_offered_beside_kerberos(realm: Realm, site: Site) -> None:
    """Not even where GSSAPI has a way to speak it, and somebody's password (gss-ntlmssp)."""
    keytab = await realm.add("svc")
    await realm.add(SERVER)
    passwords = site.folder / "ntlm"
    passwords.write_text("EXAMPLE:somebody:password")
    offered: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        if token := request.headers.get("Authorization", "").removeprefix("Negotiate "):
            offered.append(b64decode(token))
        return web.Response(status=401, headers={"WWW-Authenticate": "Negotiate"})

    application = web.Application()
    application.router.add_post(PATH, answer)
    async with realm.serving(), TestServer(application, host="localhost") as server:
        configure(site, str(server.make_url(PATH)))
        mine = {"KRB5_CLIENT_KTNAME": str(keytab), "NTLM_USER_FILE": str(passwords)}
        assert await refusal(site, realm.environment | mine) == "credentials_refused"
    assert offered
    assert all(NTLM not in token for token in offered)


@pytest.mark.parametrize("asks", [True, False])
async def test_a_server_that_proves_nothing_is_not_believed(
    realm: Realm, site: Site, *, asks: bool
) -> None:
    keytab = await realm.add("svc")
    await realm.add(SERVER)

    async def answer(request: web.Request) -> web.Response:
        if asks and "Authorization" not in request.headers:
            return web.Response(status=401, headers={"WWW-Authenticate": "Negotiate"})
        return web.Response(text="<Envelope/>", content_type="text/xml")

    application = web.Application()
    application.router.add_post(PATH, answer)
    async with realm.serving(), TestServer(application, host="localhost") as server:
        configure(site, str(server.make_url(PATH)))
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "server_unproven"


async def test_without_its_libraries_the_check_says_what_to_install(site: Site) -> None:
    configure(site, "https://mail.example.com/EWS/Exchange.asmx")
    site.write()
    status, out, _ = await site.command("check")
    assert status == 2
    assert "kerberos_missing" in out
    assert "requirements/kerberos.lock" in out


@asynccontextmanager
async def between(folder: Path, port: int) -> AsyncIterator[tuple[int, Path]]:
    """Somebody who ends TLS and begins it anew, with a certificate that is trusted too."""
    made = self_signed(["localhost"], days=2, now=datetime.now(UTC))
    authority, both = folder / "between.pem", folder / "between-key.pem"
    authority.write_bytes(made.pem)
    both.write_bytes(made.pem + made.key)
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.load_cert_chain(both)
    behind = ssl.create_default_context(cafile=folder / "ca.pem")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(1 << 16):
                writer.write(some)
                await writer.drain()
        writer.close()

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port, ssl=behind)
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))

    async with await asyncio.start_server(passed, "127.0.0.1", 0, ssl=mine) as server:
        yield server.sockets[0].getsockname()[1], authority


async def test_a_ticket_that_passes_through_somebody_between_is_worth_nothing(
    realm: Realm, site: Site
) -> None:
    keytab = await realm.add("svc")
    async with (
        realm.serving(),
        mail(realm, site) as server,
        between(site.folder, URL(server.url()).port or 0) as (port, authority),
    ):
        url = str(URL(server.url()).with_port(port))
        configure(site, url, tls={"ca_file": str(authority)})
        environment = realm.environment | {"KRB5_CLIENT_KTNAME": str(keytab)}
        assert await refusal(site, environment) == "credentials_refused"
        asked = [one for one in await server.asked() if one["path"] == PATH]
    assert {one["status"] for one in asked} == {401}
    assert "Negotiate" in {one["auth"] for one in asked}, "the ticket itself was there"
