"""The certificate that callers meet, and its renewal, over real TLS."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.certificate import own_certificate, own_files
from bridge.cli import main
from bridge.door import Door
from bridge.health import BRIDGE, Health
from bridge.presented import Presented, modern, weak
from bridge.settings.model import Listen, Site, Tls
from connector.certificates import facts, fingerprint, new_key, request, self_signed
from tests.fakes.virtual import FixedClock

NOW = datetime.now(UTC)


def rsa_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, *form)


class Pair:
    """A configured certificate and its key."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.site = Site(
            listen=Listen(tls=Tls(certificate_file=self.certificate, key_file=self.key)),
            data_dir=folder,
        )

    def put(self, key: bytes | None = None, days: int = 90, now: datetime = NOW) -> str:
        made = self_signed(["localhost"], days=days, now=now, key_pem=key)
        self.key.write_bytes(made.key)
        self.certificate.write_bytes(made.pem)
        return made.fingerprint


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    made = Pair(tmp_path)
    made.put()
    return made


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def health(clock: FixedClock) -> Health:
    return Health(clock)


def codes(health: Health) -> list[str]:
    return [trouble.code for trouble in health.of(BRIDGE)]


@asynccontextmanager
async def serving(context: ssl.SSLContext, **more: Any) -> AsyncIterator[int]:
    """A door with this context; its port."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    door = Door(runner, "127.0.0.1", 0, tls=context, **more)
    await door.start()
    try:
        yield door.port
    finally:
        await runner.cleanup()


class Line:
    """One connection, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def met(self) -> str:
        tls: ssl.SSLObject = self.writer.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True)
        assert der
        return fingerprint(der)

    async def ask(self) -> bytes:
        self.writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert b"200" in head
        return await self.reader.readexactly(5)


@asynccontextmanager
async def line(
    port: int, name: str | None = "localhost", context: ssl.SSLContext | None = None
) -> AsyncIterator[Line]:
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name or ""
    )
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


async def renewal(pair: Pair, health: Health, clock: FixedClock, key: bytes | None) -> None:
    """New connections meet the renewed certificate, with and without a name; open ones go on."""
    presented = await asyncio.to_thread(Presented, pair.site, clock)
    async with serving(presented.listening[0]) as port, line(port) as before:
        first = before.met
        assert await before.ask() == b"hello"
        renewed = await asyncio.to_thread(pair.put, key)
        await presented.look(health)
        for name in ("localhost", None):
            async with line(port, name) as after:
                assert after.met == renewed == presented.fingerprint != first
                assert await after.ask() == b"hello"
        assert await before.ask() == b"hello"
        assert before.met == first
    assert codes(health) == []


@pytest.mark.parametrize("make", [new_key, rsa_key])
async def test_a_renewed_certificate_is_served_without_breaking_open_connections(
    pair: Pair, health: Health, clock: FixedClock, make: Callable[[], bytes]
) -> None:
    """Also one with another kind of key, beside which the former must not be offered."""
    await renewal(pair, health, clock, await asyncio.to_thread(make))


def test_the_same_holds_on_the_loop_of_the_appliance(
    pair: Pair, health: Health, clock: FixedClock
) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(renewal(pair, health, clock, None))


@pytest.mark.allow_blocking
async def test_a_pair_that_cannot_be_used_leaves_the_former_in_force(
    pair: Pair, health: Health, clock: FixedClock
) -> None:
    presented = await asyncio.to_thread(Presented, pair.site, clock)
    first = presented.fingerprint
    good = pair.certificate.read_bytes(), pair.key.read_bytes()
    expired = self_signed(["x"], days=1, now=NOW - timedelta(days=9), key_pem=good[1]).pem
    locked = serialization.load_pem_private_key(good[1], None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    wrong = [
        (good[0], locked),
        (b"", good[1]),
        (b"no certificate", good[1]),
        (good[0], new_key()),
        (good[0][:-40], good[1]),
        (expired, good[1]),
    ]
    async with serving(presented.listening[0]) as port:
        for certificate, key in wrong:
            pair.certificate.write_bytes(certificate)
            pair.key.write_bytes(key)
            await presented.look(health)
            assert codes(health) == [], "half of a renewal is no fault"
            await presented.look(health)
            assert codes(health) == ["certificate_rejected"]
            async with line(port) as caller:
                assert caller.met == first
                assert await caller.ask() == b"hello"
            pair.certificate.write_bytes(good[0])
            pair.key.write_bytes(good[1])
            await presented.look(health)
            assert codes(health) == []
        pair.certificate.unlink()
        await presented.look(health)
        await presented.look(health)
        assert codes(health) == ["certificate_rejected"]


async def test_a_configured_certificate_near_its_end_is_a_trouble(
    pair: Pair, health: Health, clock: FixedClock
) -> None:
    presented = await asyncio.to_thread(Presented, pair.site, clock)
    await presented.look(health)
    assert codes(health) == []
    clock.move(timedelta(days=61))
    await presented.look(health)
    (trouble,) = health.of(BRIDGE)
    assert trouble.code == "certificate_expiring"
    assert f"{NOW + timedelta(days=90):%Y-%m-%d}" in trouble.words
    await asyncio.to_thread(pair.put, now=clock.now())
    await presented.look(health)
    assert codes(health) == []


@pytest.mark.allow_blocking
async def test_its_own_certificate_is_made_anew_with_the_same_key_while_it_runs(
    tmp_path: Path, health: Health, clock: FixedClock
) -> None:
    site = Site(data_dir=tmp_path, public_url="https://rooms.example.com")
    presented = await asyncio.to_thread(Presented, site, clock)
    certificate, key = own_files(site)
    first, kept = presented.fingerprint, key.read_bytes()
    clock.move(timedelta(days=800))
    await presented.look(health)
    assert presented.fingerprint != first
    assert key.read_bytes() == kept
    assert facts(certificate.read_bytes()).names[0] == "rooms.example.com"
    assert codes(health) == []


@pytest.mark.allow_blocking
async def test_the_weak_listener_speaks_old_tls_and_the_other_does_not(
    pair: Pair, clock: FixedClock
) -> None:
    await asyncio.to_thread(pair.put, rsa_key())
    presented = await asyncio.to_thread(Presented, pair.site, clock, (modern, weak))

    def old() -> ssl.SSLContext:
        context = weak_client()
        context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        return context

    strong, soft = presented.listening
    async with serving(soft) as port, line(port, context=old()) as caller:
        tls: ssl.SSLObject = caller.writer.get_extra_info("ssl_object")
        assert tls.version() == "TLSv1"
        assert await caller.ask() == b"hello"
    async with serving(strong) as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with line(port, context=old()):
                pass


def weak_client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def test_a_door_hangs_up_on_other_networks_without_an_answer(
    pair: Pair, clock: FixedClock
) -> None:
    presented = await asyncio.to_thread(Presented, pair.site, clock)
    near, far = ("127.0.0.7",), ("127.0.0.8",)
    networks = [ip_network("127.0.0.7/32")]
    for tls in (presented.listening[0], None):
        async with serving(tls, networks=networks) as port:  # type: ignore[arg-type] # plain too
            asked = b"GET / HTTP/1.0\r\n\r\n"
            client = weak_client() if tls else None
            if client:
                client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
            for local, expected in ((near, True), (far, False)):
                told = b""
                try:
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", port, local_addr=(*local, 0), ssl=client
                    )
                    writer.write(asked)
                    told = await reader.read()
                    writer.close()
                except OSError:
                    pass
                assert (b"hello" in told) is expected
                assert bool(told) is expected


class TestCommands:
    """`roombridge certificate`."""

    @pytest.fixture
    def config(self, tmp_path: Path) -> Path:
        (tmp_path / "data").mkdir()
        file = tmp_path / "bridge.yaml"
        file.write_text(
            "public_url: https://rooms.example.com\ndata_dir: data\nsources: {d: {kind: demo}}\n"
        )
        return file

    def run(self, config: Path, *words: str) -> int:
        return main(["certificate", *words, "--config", str(config)])

    def signed(self, request: str, folder: Path, days: int = 365) -> Path:
        """What the site's authority answers: the certificate and its own."""
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        issuer = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "Site CA")])
        wanted = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        made = (
            x509.CertificateBuilder()
            .subject_name(asked.subject)
            .issuer_name(issuer)
            .public_key(asked.public_key())
            .serial_number(7)
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(wanted, critical=False)
            .sign(key, hashes.SHA256())
        )
        file = folder / "signed.pem"
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return file

    def test_the_round_to_an_authority_and_back(
        self, config: Path, health: Health, clock: FixedClock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        site = Site(data_dir=config.parent / "data", public_url="https://rooms.example.com")
        presented = Presented(site, clock)
        assert self.run(config, "show", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["fingerprint"] == presented.fingerprint
        assert told["self_signed"]
        assert self.run(config, "request") == 0
        asked = capsys.readouterr().out
        answer = self.signed(asked, config.parent)
        assert self.run(config, "install", str(answer)) == 0
        asyncio.run(presented.look(health))
        assert presented.fingerprint == fingerprint(answer.read_bytes())
        capsys.readouterr()
        assert self.run(config, "show") == 0
        shown = capsys.readouterr().out
        assert "CN=Site CA" in shown
        assert "rooms.example.com" in shown

    def test_a_request_is_for_the_names_that_are_given(
        self, config: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(config, "request", "--name", "a.example.com", "--name", "10.0.0.7") == 0
        asked = x509.load_pem_x509_csr(capsys.readouterr().out.encode())
        told = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert told.get_values_for_type(x509.DNSName) == ["a.example.com"]
        assert [str(ip) for ip in told.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]

    def test_what_is_not_for_this_key_is_not_installed(
        self, config: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        site = Site(data_dir=config.parent / "data")
        certificate, key = own_certificate(site, NOW)
        before = certificate.read_bytes()
        file = config.parent / "answer.pem"
        ended = self.signed(request(["x"], key.read_bytes()).decode(), config.parent, days=-1)
        for content, words in (
            (b"nothing", "is no certificate"),
            (self_signed(["x"], days=9, now=NOW).pem, "not for the appliance's key"),
            (ended.read_bytes(), "it ended on"),
        ):
            file.write_bytes(content)
            assert self.run(config, "install", str(file)) == 1
            assert words in capsys.readouterr().err
        assert certificate.read_bytes() == before
        assert self.run(config, "install", str(config.parent / "none.pem")) == 2

    def test_what_an_authority_signed_is_never_replaced_by_the_appliance(
        self, config: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        site = Site(data_dir=config.parent / "data")
        self.run(config, "request")
        self.run(config, "install", str(self.signed(capsys.readouterr().out, config.parent, 9)))
        certificate, _ = own_files(site)
        before = certificate.read_bytes()
        own_certificate(site, NOW)
        assert certificate.read_bytes() == before
        assert self.run(config, "show") == 1  # within 30 days

    def test_where_plain_http_is_served_it_says_so(
        self, config: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config.write_text(config.read_text() + "listen: {address: 127.0.0.1}\n")
        assert self.run(config, "show") == 1
        assert "plain http" in capsys.readouterr().err

    @pytest.mark.skipif(os.geteuid() != 0, reason="gives files away, as only root can")
    def test_root_makes_files_for_the_user_of_the_appliance(
        self, config: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        os.chown(config.parent / "data", 65534, 65534)
        assert self.run(config, "request") == 0
        made = [config.parent / "data/tls", config.parent / "data/tls/key.pem"]
        assert [path.stat().st_uid for path in made] == [65534, 65534]
