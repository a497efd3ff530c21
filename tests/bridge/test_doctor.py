"""Every finding of the doctor, provoked; and a healthy site, of which there is nothing to say."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from bridge.doctor import machine
from bridge.doctor import round as round_
from bridge.doctor.certificates import ending
from bridge.doctor.finding import Finding, finding, merged
from bridge.doctor.round import Rounds
from bridge.doctor.visit import Visit
from bridge.findings import FINDINGS, ORDER
from bridge.health import BRIDGE, Health, Subject
from bridge.settings.model import EndpointSettings, Listen, Mailboxes, Tls
from bridge.sign_on_words import SIGN_ON
from connector.certificates import Certificate, self_signed
from connector.endpoints import cisco
from connector.outside import Proxy, Trust, open_outside
from connector.secret import Secret
from connector.simulators.cisco import Codec
from connector.simulators.cisco.serving import serve
from connector.simulators.graph.faults import kinds
from connector.sources.graph.credentials import Credentials
from rooms.room import Policy
from rooms.signs import Signs
from tests.bridge.patient import CANARY, HEALTHY, KESTREL, Patient, organizer, patient
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

DAY = timedelta(days=1)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Patient]:
    async with patient(tmp_path) as made:
        yield made


async def test_of_a_healthy_site_there_is_nothing_to_say(site: Patient) -> None:
    assert await site.findings() == []


# --- what provokes each finding


async def over_privileged(site: Patient, _: AsyncExitStack) -> None:
    site.register(scope=[KESTREL, CANARY])


async def identity_fails(site: Patient, _: AsyncExitStack) -> None:
    site.options["client_secret"] = Secret("wrong")


async def scope_missing(site: Patient, _: AsyncExitStack) -> None:
    site.register(scope=[])


def granted(*roles: str) -> Callable[[Patient, AsyncExitStack], Awaitable[None]]:
    async def provoke(site: Patient, _: AsyncExitStack) -> None:
        site.register(roles=roles)

    return provoke


async def zoom_application(site: Patient, _: AsyncExitStack) -> None:
    zoom = "f56e91e5-5a82-452f-b435-d4d78aeaf064"
    site.options["client_id"] = zoom  # whose credential nobody has: no token is got


def kept(**mailboxes: Any) -> Callable[[Patient, AsyncExitStack], Awaitable[None]]:
    async def provoke(site: Patient, _: AsyncExitStack) -> None:
        site.mailboxes = Mailboxes(**{"domains": ("example.com",), "canary": CANARY, **mailboxes})

    return provoke


async def canary_unknown(site: Patient, _: AsyncExitStack) -> None:
    site.tenant.faults.add(kinds.Status(status=503, mailbox=CANARY))


def invited(count: int, **more: Any) -> Callable[[Patient, AsyncExitStack], Awaitable[None]]:
    async def provoke(site: Patient, _: AsyncExitStack) -> None:
        site.invite(count, **more)

    return provoke


async def clock_off(site: Patient, _: AsyncExitStack) -> None:
    site.tenant.offset = timedelta(minutes=2)


async def service_unreachable(site: Patient, _: AsyncExitStack) -> None:
    site.options["graph_url"] = f"http://127.0.0.1:{unused_port()}"


async def proxy_unreachable(site: Patient, _: AsyncExitStack) -> None:
    site.proxy = Proxy(url=f"http://127.0.0.1:{unused_port()}")


def proxied(status: int) -> Callable[[Patient, AsyncExitStack], Awaitable[None]]:
    """A proxy that answers every CONNECT so."""

    async def provoke(site: Patient, stack: AsyncExitStack) -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            await writer.wait_closed()

        server = await stack.enter_async_context(await asyncio.start_server(refuse, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        site.proxy = Proxy(url=f"http://127.0.0.1:{port}")
        site.options["login_url"] = site.options["graph_url"] = "https://service.invalid"

    return provoke


def signed(*, days: int = 400, bits: int = 0) -> Certificate:
    """A certificate for loopback."""
    if not bits:
        return self_signed(["127.0.0.1"], days=days, now=NOON)
    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON - DAY)
        .not_valid_after(NOON + 400 * DAY)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        pem=made.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def own(made: Certificate) -> Callable[[Patient, AsyncExitStack], Awaitable[None]]:
    async def provoke(site: Patient, _: AsyncExitStack) -> None:
        file = site.folder / "own.pem"
        await asyncio.to_thread(file.write_bytes, made.pem)
        site.site["listen"] = Listen(tls=Tls(certificate_file=file, key_file=file))

    return provoke


def unit(site: Patient, url: str, password: str = "right") -> None:
    """Configure a room system."""
    options = cisco.Options(address=url, username="bridge", password=Secret(password))
    settings = EndpointSettings(id="kestrel-codec", kind="cisco", room="kestrel", options=options)
    site.endpoints = (settings,)
    site.site["acknowledge"] = ("cisco_permitted_use",)


def other(made: Certificate) -> Callable[[Patient, AsyncExitStack], Awaitable[None]]:
    """A room system with this certificate."""

    async def provoke(site: Patient, stack: AsyncExitStack) -> None:
        context = await asyncio.to_thread(_context, site.folder, made)
        server = TestServer(web.Application())
        await server.start_server(ssl=context)
        stack.push_async_callback(server.close)
        unit(site, f"https://127.0.0.1:{server.port}")
        site.signs = {}  # an appliance runs: no password is tried

    return provoke


def _context(folder: Path, made: Certificate) -> ssl.SSLContext:
    file = folder / "unit.pem"
    file.write_bytes(made.pem + made.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(file)
    return context


WRITER_ID = "6a0e2d0c-7f6b-4c3e-8d0a-3f1b7f9f2a11"


def written(secret: str = "other", **more: Any) -> Callable[[Patient, AsyncExitStack], Any]:
    """Kestrel may be written to, by an identity of its own."""

    async def provoke(site: Patient, _: AsyncExitStack) -> None:
        site.tenant.register_app(client_id=WRITER_ID, secret="other", **more)
        site.options["writer"] = Credentials(client_id=WRITER_ID, client_secret=Secret(secret))
        site.rooms = (room(policy=Policy(writes="release")),)

    return provoke


async def presence_missing(site: Patient, _: AsyncExitStack) -> None:
    site.options["presence"] = "write"


def doubted(code: str) -> Callable[[Patient, AsyncExitStack], Any]:
    """A unit of which the running appliance has this to say."""

    async def provoke(site: Patient, _: AsyncExitStack) -> None:
        unit(site, "http://127.0.0.1:9")
        site.signs, site.doubts = {}, (code,)

    return provoke


async def disk_unwritable(site: Patient, _: AsyncExitStack) -> None:
    site.site["data_dir"] = site.folder / "nowhere"


async def condition_unacknowledged(site: Patient, _: AsyncExitStack) -> None:
    unit(site, "http://127.0.0.1:9")
    site.site["acknowledge"] = ()


class Case(NamedTuple):
    """How a finding is provoked, of what it is, and how bad."""

    provoke: Callable[[Patient, AsyncExitStack], Awaitable[None]]
    subject: Subject
    severity: str = ""


SOURCE = Subject("source", "m365")
ROOM = Subject("room", "kestrel")
ENDPOINT = Subject("endpoint", "kestrel-codec")
ORGANIZER = organizer()

CASES = {
    "over_privileged": Case(over_privileged, SOURCE, "critical"),
    "identity_fails": Case(identity_fails, SOURCE),
    "scope_missing": Case(scope_missing, SOURCE),
    "scope_mail": Case(granted("Mail.Read", "full_access_as_app"), SOURCE),
    "scope_writes": Case(granted("Calendars.ReadWrite"), SOURCE),
    "presence_missing": Case(presence_missing, SOURCE),
    "writer_fails": Case(written(secret="wrong"), SOURCE),
    "writer_refused": Case(written(scope=["heron@example.com"], writes=True), SOURCE),
    "writer_reads_only": Case(written(roles=["Calendars.Read"]), SOURCE),
    "scope_tenant_wide": Case(granted("Calendars.Read"), SOURCE),
    "scope_superfluous": Case(granted("Group.Read.All", "User.Read.All"), SOURCE),
    "zoom_application": Case(zoom_application, SOURCE),
    "no_canary": Case(kept(canary=""), SOURCE),
    "canary_absent": Case(kept(canary="nobody@example.com"), SOURCE),
    "canary_unknown": Case(canary_unknown, SOURCE),
    "mailboxes_open": Case(kept(domains=()), SOURCE),
    "bodies_stripped": Case(invited(5, body=""), ROOM, "error"),
    "subjects_stripped": Case(invited(5, subject=""), ROOM),
    "organizer_as_subject": Case(invited(5, subject="Ada Lovelace ", organizer=ORGANIZER), ROOM),
    "private_flag_unknown": Case(invited(20), ROOM, "info"),
    "external_never_accepted": Case(invited(20), ROOM, "info"),
    "never_accepts": Case(invited(5, response="notResponded"), ROOM),
    "own_certificate_ends": Case(own(signed(days=20)), BRIDGE, "warning"),
    "own_certificate_weak": Case(own(signed(bits=1024)), BRIDGE),
    "peer_certificate_ends": Case(other(signed(days=6)), ENDPOINT, "error"),
    "peer_certificate_weak": Case(other(signed(bits=1024)), ENDPOINT),
    "endpoint_unprovisioned": Case(doubted("endpoint_unprovisioned"), ENDPOINT),
    "endpoint_not_confirmed": Case(doubted("endpoint_not_confirmed"), ENDPOINT),
    "service_unreachable": Case(service_unreachable, SOURCE),
    "proxy_unreachable": Case(proxy_unreachable, SOURCE),
    "proxy_denied": Case(proxied(407), SOURCE),
    "proxy_refuses": Case(proxied(403), SOURCE),
    "clock_off": Case(clock_off, SOURCE, "warning"),
    "condition_unacknowledged": Case(condition_unacknowledged, BRIDGE),
    "disk_unwritable": Case(disk_unwritable, BRIDGE),
}
ELSEWHERE = {"disk_low", "private_flag_lost", "writes_refused", *SIGN_ON}
"""Provoked by tests of their own: below, with the export of PowerShell, by bookings, and beside
what signs people in."""


def test_every_finding_is_provoked() -> None:
    assert CASES.keys() | ELSEWHERE == FINDINGS.keys()


@pytest.mark.parametrize("code", CASES)
async def test_a_finding_is_provoked_and_says_what_mends_it(site: Patient, code: str) -> None:
    case = CASES[code]
    async with AsyncExitStack() as stack:
        await case.provoke(site, stack)
        found = {one.code: one for one in await site.findings()}
    assert code in found
    one = found[code]
    assert one.subject == case.subject
    assert one.severity == (case.severity or FINDINGS[code][0])
    assert one.words
    assert one.fix
    assert "{" not in one.fix or "@{" in one.fix or "mailboxes: {" in one.fix


@pytest.mark.parametrize("apart", [False, True])
async def test_who_reads_may_write_only_where_nobody_else_does(
    site: Patient, *, apart: bool
) -> None:
    site.register(roles=["Calendars.ReadWrite"])
    site.rooms = (room(policy=Policy(writes="adhoc")),)
    if apart:
        await written(scope=[KESTREL], writes=True)(site, AsyncExitStack())
    assert ("scope_writes" in await site.codes()) == apart


async def test_who_writes_as_told_has_no_finding(site: Patient) -> None:
    await written(scope=[KESTREL], writes=True)(site, AsyncExitStack())
    before = await site.codes()
    site.rooms = (room(),)
    site.options.clear()
    assert await site.codes() == before


async def test_little_space_is_found(site: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, severity in ((499 << 20, "warning"), (49 << 20, "error")):
        usage = shutil._ntuple_diskusage(1 << 30, 0, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        (one,) = await site.findings()
        assert (one.code, one.severity) == ("disk_low", severity)


# --- what is said, and what is not


async def test_the_fix_names_the_very_mailbox_safely_quoted(site: Patient) -> None:
    name = "o'kestrel;$(id)@example.com"
    site.tenant.add_mailbox(name)
    site.register(scope=[name])
    site.rooms = (room(mailbox=name),)
    site.signs = {"kestrel": Signs(invited=9, empty_body=9)}
    (one,) = await site.findings()
    assert "-Identity 'o''kestrel;$(id)@example.com' -DeleteComments $false" in one.fix


async def test_a_right_narrowed_in_exchange_leaves_no_role_and_nothing_to_say(
    site: Patient,
) -> None:
    site.register(roles=[])
    assert await site.codes() == []


async def test_reading_rights_are_enough_where_one_room_of_several_can_be_read(
    site: Patient,
) -> None:
    site.tenant.add_mailbox("heron@example.com")
    site.rooms = (room("heron"), room())
    codes = await site.codes()
    assert codes == ["access_denied"]


async def test_two_roles_too_many_are_one_finding_that_names_both(site: Patient) -> None:
    site.register(roles=["Mail.Read", "Mail.Send"])
    (one,) = await site.findings()
    assert "Mail.Read" in one.words
    assert "Mail.Send" in one.words


async def test_a_room_is_judged_from_five_invitations_on(site: Patient) -> None:
    site.invite(4, body="")
    assert await site.codes() == []


async def test_what_the_room_booked_for_itself_tells_nothing(site: Patient) -> None:
    site.invite(9, body="", raw={"isOrganizer": True})
    assert await site.codes() == []


async def test_private_and_external_invitations_prove_that_they_are_kept(site: Patient) -> None:
    site.invite(19)
    site.invite(1, sensitivity="private", organizer=organizer("elsewhere.example"))
    assert await site.codes() == []


async def test_only_what_concerns_one_room_is_looked_at(site: Patient) -> None:
    site.rooms = (room(), room("heron"))
    site.tenant.add_mailbox("heron@example.com")
    site.invite(5, body="")
    site.only = site.rooms[1]
    site.register(scope=[KESTREL, "heron@example.com"])
    assert await site.codes() == []


async def test_a_wrong_password_is_tried_once_and_only_where_no_appliance_runs(
    site: Patient,
) -> None:
    codec = Codec(users={"bridge": "right"})
    async with serve(codec) as address:
        trust = Trust(fingerprint=address.fingerprint)
        options = cisco.Options(
            address=address.url, username="bridge", password=Secret("wrong"), tls=trust
        )
        site.endpoints = (
            EndpointSettings(id="kestrel-codec", kind="cisco", room="kestrel", options=options),
        )
        site.signs = {}
        assert "endpoint_denied" not in await site.codes()
        assert not codec.requests
        site.signs = None
        assert "endpoint_denied" in await site.codes()
        assert len(codec.requests) == 1


async def test_nothing_personal_and_no_secret_is_in_a_finding(site: Patient) -> None:
    site.register(scope=[KESTREL, CANARY], roles=["Mail.Read"])
    site.invite(20, subject="Planted merger", body="")
    site.options["client_secret"] = Secret("right")
    told = " ".join(f"{one.words} {one.fix}" for one in await site.findings())
    for planted in ("Planted", "Ada", "ada@", CANARY, "right,"):
        assert planted not in told


# --- in parts


@pytest.mark.parametrize(
    ("left", "severity"),
    [(61, None), (60, "info"), (30, "warning"), (7, "error"), (-1, "error")],
)
def test_an_end_is_told_sixty_thirty_and_seven_days_before(left: int, severity: str | None) -> None:
    assert ending(timedelta(days=left)) == severity


def test_findings_are_one_a_code_and_the_worst_come_first() -> None:
    found = [
        finding(BRIDGE, "disk_low", "a", "x", severity="warning"),
        finding(SOURCE, "over_privileged"),
        finding(BRIDGE, "disk_low", "b", "x", severity="error"),
    ]
    first, second = merged(found)
    assert first.code == "over_privileged"
    assert (second.words, second.fix, second.severity) == ("a; b", "x", "error")
    assert [*ORDER] == ["critical", "error", "warning", "info"]


class TestRounds:
    """Findings in the running appliance."""

    async def test_an_identity_that_reads_the_canary_is_logged_as_critical_once(
        self, site: Patient, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.signs = {}
        site.register(scope=[KESTREL, CANARY])
        async with _rounds(site, Health(site.clock)) as rounds:
            await rounds.go()
            await rounds.go()
        (record,) = [one for one in caplog.records if one.levelname == "CRITICAL"]
        assert "over_privileged" in record.getMessage()
        assert CANARY not in caplog.text

    async def test_a_finding_stands_in_health_until_a_later_round_finds_it_mended(
        self, site: Patient
    ) -> None:
        site.signs = {}
        health = Health(site.clock)
        async with _rounds(site, health) as rounds:
            site.register(scope=[KESTREL, CANARY])
            await rounds.go()
            assert _codes(health) == ["over_privileged"]
            health.good(SOURCE)
            health.only(SOURCE, "throttled")
            assert set(_codes(health)) == {"over_privileged", "throttled"}
            assert [one.code for one in health.of(SOURCE)] == ["throttled"], "not on displays"
            since = health.findings(SOURCE)[0].since
            site.clock.move(DAY)
            await rounds.go()
            assert health.findings(SOURCE)[0].since == since
            site.register()
            await rounds.go()
            assert _codes(health) == ["throttled"]
            assert rounds.as_of == site.clock.now()

    async def test_a_round_for_one_room_leaves_the_findings_of_others(self, site: Patient) -> None:
        site.rooms = (room(), room("heron"))
        stripped = Signs(invited=9, empty_body=9)
        site.signs = {"kestrel": stripped, "heron": stripped}
        health = Health(site.clock)
        async with _rounds(site, health) as rounds:
            await rounds.go()
            assert _codes(health) == ["bodies_stripped", "bodies_stripped"]
            site.signs = {}
            await rounds.go("kestrel")
            assert [str(subject) for subject, _ in health.all()] == ["room heron"]

    async def test_a_change_of_the_configuration_brings_another_round(
        self, site: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(round_, "SETTLED", 0.0)
        site.signs = {}
        site.mailboxes = Mailboxes(domains=("example.com",))
        seen: asyncio.Queue[str] = asyncio.Queue()
        health = Health(site.clock, lambda _: seen.put_nowait(" ".join(_codes(health))))
        async with _rounds(site, health) as rounds:
            attending = asyncio.create_task(rounds.attend())
            assert await seen.get() == "no_canary"
            site.mailboxes = HEALTHY
            rounds.changed()
            assert await seen.get() == ""
            attending.cancel()


async def test_a_fault_in_one_check_is_told_and_ends_no_other(
    site: Patient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> list[Finding]:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(machine, "disk", broken)
    site.mailboxes = Mailboxes(domains=("example.com",))
    assert set(await site.codes()) == {"unexpected", "no_canary"}
    assert CANARY not in caplog.text


def _codes(health: Health) -> list[str]:
    return [trouble.code for _, trouble in health.all()]


@asynccontextmanager
async def _rounds(site: Patient, health: Health) -> AsyncIterator[Rounds]:
    """Rounds at a site."""
    async with open_outside(site.clock) as outside:

        def visit(name: str | None) -> Visit:
            site.only = next((one for one in site.rooms if one.id == name), None)
            return site.visit(outside)

        yield Rounds(health, site.clock, visit)


@pytest.mark.fault("bridge")
async def test_a_clock_two_minutes_off_is_found(site: Patient) -> None:
    await clock_off(site, AsyncExitStack())
    (one,) = await site.findings()
    assert (one.code, one.severity) == ("clock_off", "warning")
