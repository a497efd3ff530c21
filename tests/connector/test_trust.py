"""Whom a connection trusts: authorities of its own, or one fingerprint."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from bridge.settings.load import read
from bridge.settings.problem import Problem
from connector.certificates import fingerprint, self_signed
from connector.errors import Malformed
from connector.outside import Outside, Trust, open_outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Meeting, Tenant, app
from connector.sources import graph
from tests.connector.source_contract import HOUR, WINDOW
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock


class Gateway:
    """A service with a certificate that no usual authority signed."""

    def __init__(self, folder: Path) -> None:
        made = self_signed(["localhost", "127.0.0.1"], days=2, now=datetime.now(UTC))
        self.ca, both = folder / "ca.pem", folder / "both.pem"
        self.ca.write_bytes(made.pem)
        both.write_bytes(made.pem + made.key)
        self.fingerprint = fingerprint(made.pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


async def subjects(outside: Outside, gateway: Gateway, clock: FixedClock) -> list[str]:
    """What the driver reads through the gateway: sign-in and calendar."""
    tenant = Tenant(clock=clock.now)
    tenant.register_app(secret="right")
    box = tenant.add_mailbox("kestrel@example.com", name="Kestrel")
    box.add(Meeting(subject="Review", start=NOON, end=NOON + HOUR))
    server = TestServer(app(tenant), scheme="https")
    await server.start_server(ssl=gateway.context)
    url = str(server.make_url("/")).rstrip("/")
    options = graph.Options(
        tenant_id=TENANT_ID,
        client_id=CLIENT_ID,
        client_secret=Secret("right"),
        graph_url=url,
        login_url=url,
    )
    try:
        async with graph.connect(options, outside) as source:
            return [event.subject for event in await source.fetch(room("kestrel"), WINDOW)]
    finally:
        await server.close()


async def test_a_source_trusts_an_authority_of_its_own(
    outside: Outside, gateway: Gateway, clock: FixedClock
) -> None:
    own = replace(outside, trust=Trust(ca_file=gateway.ca))
    assert await subjects(own, gateway, clock) == ["Review"]
    with pytest.raises(Malformed) as caught:
        await subjects(outside, gateway, clock)
    assert caught.value.reason == "certificate_untrusted"


async def test_a_pinned_source_trusts_one_certificate_and_no_other(
    outside: Outside, gateway: Gateway, clock: FixedClock
) -> None:
    pinned = replace(outside, trust=Trust(fingerprint=gateway.fingerprint))
    assert await subjects(pinned, gateway, clock) == ["Review"]
    wrong = replace(outside, trust=Trust(fingerprint=f"sha256:{'ab' * 32}"))
    with pytest.raises(Malformed) as caught:
        await subjects(wrong, gateway, clock)
    assert caught.value.reason == "certificate_changed"


async def test_the_pin_holds_even_where_the_authority_is_trusted(
    gateway: Gateway, clock: FixedClock
) -> None:
    async with open_outside(clock, ca_file=gateway.ca) as outside:
        wrong = replace(outside, trust=Trust(fingerprint=f"sha256:{'ab' * 32}"))
        with pytest.raises(Malformed):
            await subjects(wrong, gateway, clock)


async def test_who_trusts_the_same_shares_a_context(outside: Outside, gateway: Gateway) -> None:
    """A context takes most of a mebibyte."""
    one, other = (replace(outside, trust=Trust(ca_file=gateway.ca)) for _ in range(2))
    assert one.context is other.context is not outside.context
    assert replace(outside, proxy=None).context is outside.context
    assert one.context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("tls", "place"),
    [
        ("{fingerprint: sha1}", "sources.d.tls.fingerprint"),
        ("{ca_file: nowhere.pem}", "sources.d.tls.ca_file"),
        ("{ca_file: bridge.yaml}", "sources.d.tls.ca_file"),
        (f"{{ca_file: ca.pem, fingerprint: 'sha256:{'ab' * 32}'}}", "sources.d.tls.ca_file"),
        ("{verify: false}", "sources.d.tls.verify"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(
    gateway: Gateway, tmp_path: Path, tls: str, place: str
) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(f"sources: {{d: {{kind: demo, tls: {tls}}}}}\n")
    (tmp_path / "rooms.yaml").write_text("rooms: []\n")
    problems: list[Problem] = []
    read(file, problems)
    assert [problem.path for problem in problems] == [place]


def test_the_login_of_a_proxy_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "login").write_text("planted\n")
    (tmp_path / "login").chmod(0o600)
    (tmp_path / "rooms.yaml").write_text("rooms: []\n")
    file = tmp_path / "bridge.yaml"
    one = "{url: 'http://proxy.example.com:3128', username: bridge, password_file: login}"
    file.write_text(f"proxy: {one}\nsources: {{d: {{kind: demo, proxy: {one}}}}}\n")
    problems: list[Problem] = []
    configuration = read(file, problems)
    assert configuration
    assert problems == []
    for proxy in (configuration.site.proxy, configuration.sources["d"].proxy):
        assert proxy
        assert proxy.password
        assert proxy.password.reveal() == "planted"
    assert "planted" not in repr(configuration)
