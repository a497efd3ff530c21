"""The application's token: one request in flight, renewed early, dropped when refused."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connector.certificates import self_signed
from connector.errors import Denied, Malformed, Unavailable
from connector.identity import Identity
from connector.outside import Outside, open_outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Tenant
from connector.simulators.graph import app as graph_app
from connector.simulators.graph.faults import kinds
from connector.sources import graph
from connector.sources.graph.application import Application, Proof
from rooms.model import Window
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

WINDOW = Window(start=NOON, end=NOON + timedelta(days=1))
HOUR = timedelta(hours=1)


@pytest.fixture
def tenant(clock: FixedClock) -> Tenant:
    made = Tenant(clock=clock.now)
    made.register_app(secret="right")
    made.add_mailbox("kestrel@example.com")
    return made


@pytest.fixture
async def server(tenant: Tenant) -> AsyncIterator[TestServer]:
    running = TestServer(graph_app(tenant))
    async with running:
        yield running


def url_of(server: TestServer) -> str:
    return str(server.make_url("/")).rstrip("/")


@pytest.fixture
async def identity(outside: Outside, server: TestServer) -> AsyncIterator[Identity]:
    async with app(outside, server) as made:
        yield made


def app(outside: Outside, server: TestServer, secret: str = "right", **more: Any) -> Identity:
    usual = {
        "tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "login_url": url_of(server),
        "scope": "https://graph.microsoft.com/.default",
    }
    proofs = [Proof(name="client_secret", kind="client_secret", secret=Secret(secret))]
    return Identity(outside, Application(outside, **{**usual, "proofs": proofs, **more}))


def asked(tenant: Tenant) -> int:
    """How many tokens were asked for."""
    return sum(seen.path.endswith("/token") for seen in tenant.journal.requests())


async def test_one_token_serves_until_it_is_near_its_end(
    identity: Identity, tenant: Tenant, clock: FixedClock
) -> None:
    first = await identity.token()
    clock.move(0.7 * HOUR)
    assert await identity.token() == first
    clock.move(0.15 * HOUR)
    assert await identity.token() != first
    assert asked(tenant) == 2


async def test_whoever_waits_shares_one_request(identity: Identity, tenant: Tenant) -> None:
    tokens = await asyncio.gather(*(identity.token() for _ in range(50)))
    assert len(set(tokens)) == 1
    assert asked(tenant) == 1


async def test_whoever_waits_shares_one_refusal(
    outside: Outside, server: TestServer, tenant: Tenant
) -> None:
    async with app(outside, server, secret="wrong") as identity:
        told = await asyncio.gather(*(identity.token() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(error, Denied) for error in told)
    assert asked(tenant) == 1


async def test_whoever_gives_up_does_not_take_the_token_from_the_others(
    identity: Identity, tenant: Tenant
) -> None:
    impatient = asyncio.ensure_future(identity.token())
    patient = asyncio.ensure_future(identity.token())
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert asked(tenant) == 1


async def test_a_token_that_still_works_outlives_an_outage_of_the_login(
    identity: Identity, tenant: Tenant, clock: FixedClock
) -> None:
    first = await identity.token()
    tenant.faults.add(kinds.Status(at="token", status=503))
    clock.move(0.9 * HOUR)
    assert await identity.token() == first
    clock.move(0.2 * HOUR)
    with pytest.raises(Unavailable):
        await identity.token()
    tenant.faults.clear()
    assert await identity.token() != first


async def test_a_refused_token_is_renewed_once(
    outside: Outside, server: TestServer, tenant: Tenant
) -> None:
    options = graph.Options(
        tenant_id=TENANT_ID,
        client_id=CLIENT_ID,
        client_secret=Secret("right"),
        graph_url=url_of(server),
        login_url=url_of(server),
    )
    async with graph.connect(options, outside) as source:
        await source.fetch(room(), WINDOW)
        tenant.revoke_tokens()
        await source.fetch(room(), WINDOW)
        assert asked(tenant) == 2
        tenant.faults.add(kinds.Status(status=401))
        with pytest.raises(Denied) as caught:
            await source.fetch(room(), WINDOW)
        assert caught.value.everywhere
        assert asked(tenant) == 3


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"secret": "wrong"}, "AADSTS7000215", "enter its value, not its ID"),
    ({"client_id": "11111111-1111-4111-8111-111111111111"}, "AADSTS700016", "compare client_id"),
    ({"tenant_id": "22222222-2222-4222-8222-222222222222"}, "AADSTS90002", "compare tenant_id"),
]


@pytest.mark.parametrize(("more", "code", "fix"), REFUSALS)
async def test_every_refusal_is_told_with_its_mend(
    outside: Outside, server: TestServer, more: dict[str, Any], code: str, fix: str
) -> None:
    async with app(outside, server, **more) as identity:
        with pytest.raises(Denied) as caught:
            await identity.token()
    assert code in str(caught.value)
    assert fix in caught.value.fix
    assert caught.value.everywhere
    assert "wrong" not in str(caught.value)


async def test_a_secret_that_has_expired_is_told(
    identity: Identity, tenant: Tenant, clock: FixedClock
) -> None:
    tenant.register_app(secret="right", secret_expires=clock.now() - HOUR)
    with pytest.raises(Denied) as caught:
        await identity.token()
    assert "has expired" in caught.value.fix


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (kinds.Status(at="token", status=503), Unavailable, "service_error"),
        (kinds.Status(at="token", status=429), Unavailable, "service_error"),
        (kinds.Portal(at="token"), Malformed, "not_a_token"),
        (kinds.Dropped(at="token"), Unavailable, "unreachable"),
        (kinds.Redirect(at="token"), Malformed, "not_a_token"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_faults_of_the_login_are_told_apart(
    identity: Identity, tenant: Tenant, fault: Any, kind: type[Exception], reason: str
) -> None:
    tenant.faults.add(fault)
    with pytest.raises(kind) as caught:
        await identity.token()
    assert caught.value.reason == reason  # type: ignore[attr-defined] # one of the four
    assert caught.value.everywhere  # type: ignore[attr-defined]


async def test_a_login_that_cannot_be_reached_is_unavailable(
    outside: Outside, server: TestServer
) -> None:
    async with app(outside, server, login_url="http://127.0.0.1:9") as identity:
        with pytest.raises(Unavailable) as caught:
            await identity.token()
    assert caught.value.reason == "unreachable"


@pytest.fixture(scope="session")
def client_certificate() -> bytes:
    """A certificate with its RSA key, as docs/install.md makes one."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Room Calendar Bridge")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - HOUR)
        .not_valid_after(now + 24 * HOUR)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def https(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """An authority's certificate, and what a server with it needs."""
    made = self_signed(["localhost", "127.0.0.1"], days=2, now=datetime.now(UTC))
    (tmp_path / "both.pem").write_bytes(made.pem + made.key)
    (tmp_path / "ca.pem").write_bytes(made.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return tmp_path / "ca.pem", context


async def test_a_certificate_over_tls_signs_in(
    clock: FixedClock,
    https: tuple[Path, ssl.SSLContext],
    client_certificate: bytes,
) -> None:
    authority, context = https
    tenant = Tenant()  # by the real clock, as the client's assertion is
    tenant.register_app(certificate=client_certificate)
    server = TestServer(graph_app(tenant), scheme="https")
    await server.start_server(ssl=context)
    async with open_outside(clock, ca_file=authority) as outside:
        proof = Proof.certificate("certificate", Secret(client_certificate.decode()))
        async with app(outside, server, proofs=[proof]) as identity:
            assert await identity.token()
    await server.close()


async def test_a_login_that_cannot_be_trusted_is_not_told_the_secret(
    clock: FixedClock, tenant: Tenant, https: tuple[Path, ssl.SSLContext]
) -> None:
    _, context = https
    server = TestServer(graph_app(tenant), scheme="https")
    await server.start_server(ssl=context)
    async with open_outside(clock) as outside, app(outside, server) as identity:
        with pytest.raises(Malformed) as caught:
            await identity.token()
    assert caught.value.reason == "certificate_untrusted"
    assert not asked(tenant)
    await server.close()
