"""Two credentials for rotation, the ends that are known, and the machine's own identity."""

import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msal.managed_identity
import msgspec
import pytest
from aiohttp.test_utils import TestServer

from connector.errors import Denied, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Tenant, app
from connector.source import Identified
from connector.sources import graph
from rooms.model import Window
from tests.connector.simulators.graph_certificates import Identity
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

WINDOW = Window(start=NOON, end=NOON + timedelta(days=1))
HOUR = timedelta(hours=1)


@pytest.fixture
def tenant(clock: FixedClock) -> Tenant:
    made = Tenant(clock=clock.now)
    made.register_app(secret="old")
    made.add_mailbox("kestrel@example.com")
    return made


@pytest.fixture
async def url(tenant: Tenant) -> AsyncIterator[str]:
    server = TestServer(app(tenant))
    async with server:
        yield str(server.make_url("/")).rstrip("/")


def options(url: str, **more: Any) -> graph.Options:
    usual = {
        "tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "client_secret": Secret("old"),
        "next_client_secret": Secret("new"),
        "graph_url": url,
        "login_url": url,
    }
    return graph.Options(**{**usual, **more})


def states(source: object) -> dict[str, str]:
    assert isinstance(source, Identified)
    return {one.name: one.state for one in source.credentials()}


# --- two credentials


async def test_a_rotation_leaves_no_gap(
    outside: Outside, url: str, tenant: Tenant, clock: FixedClock
) -> None:
    async with graph.connect(options(url), outside) as source:
        await source.fetch(room(), WINDOW)
        assert states(source) == {"client_secret": "works", "next_client_secret": "untried"}
        tenant.register_app(secret="new")
        clock.move(HOUR)
        await source.fetch(room(), WINDOW)
        assert states(source) == {"client_secret": "refused", "next_client_secret": "works"}


async def test_the_one_that_works_is_kept_to(
    outside: Outside, url: str, tenant: Tenant, clock: FixedClock
) -> None:
    tenant.register_app(secret="new")
    async with graph.connect(options(url), outside) as source:
        for _ in range(3):
            await source.fetch(room(), WINDOW)
            clock.move(HOUR)
    tried = [one.status for one in tenant.journal.requests() if one.path.endswith("/token")]
    assert tried == [401, 200, 200, 200]


async def test_an_outage_is_no_reason_to_try_the_other(
    outside: Outside, url: str, tenant: Tenant
) -> None:
    tenant.apps.clear()
    async with graph.connect(options(url), outside) as source:
        with pytest.raises(Denied) as caught:
            await source.fetch(room(), WINDOW)
    assert "AADSTS700016" in str(caught.value)
    assert len(tenant.journal.requests()) == 1


async def test_both_refused_says_so(outside: Outside, url: str, tenant: Tenant) -> None:
    tenant.register_app(secret="third")
    async with graph.connect(options(url), outside) as source:
        with pytest.raises(Denied) as caught:
            await source.fetch(room(), WINDOW)
        assert set(states(source).values()) == {"refused"}
    assert caught.value.reason == "credentials_refused"


async def test_a_secret_that_cannot_be_read_is_passed_over(
    outside: Outside, url: str, tenant: Tenant
) -> None:
    tenant.register_app(secret="new")
    async with graph.connect(options(url, client_secret=Secret("")), outside) as source:
        await source.fetch(room(), WINDOW)
        assert states(source) == {"client_secret": "missing", "next_client_secret": "works"}
    nothing = options(url, client_secret=Secret(""), next_client_secret=None)
    async with graph.connect(nothing, outside) as source:
        with pytest.raises(Denied) as caught:
            await source.fetch(room(), WINDOW)
    assert caught.value.reason == "credentials_missing"


async def test_a_damaged_certificate_leaves_the_other_credential_its_turn(
    outside: Outside, url: str
) -> None:
    damaged = Secret("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
    more = {"client_secret": None, "certificate": damaged, "next_client_secret": Secret("old")}
    async with graph.connect(options(url, **more), outside) as source:
        await source.fetch(room(), WINDOW)
        assert states(source) == {"certificate": "refused", "next_client_secret": "works"}


# --- ends


async def test_ends_are_known_of_certificates_and_told_of_secrets(
    outside: Outside, url: str
) -> None:
    begins = datetime(2026, 11, 1, tzinfo=UTC)
    pem = Secret(Identity(begins).pem.decode())
    more = {"client_secret_expires": date(2027, 1, 31), "next_certificate": pem}
    given = options(url, next_client_secret=None, **more)
    async with graph.connect(given, outside) as source:
        assert isinstance(source, Identified)
        first, second = source.credentials()
    assert (first.kind, first.expires) == ("client_secret", datetime(2027, 1, 31, tzinfo=UTC))
    assert second.kind == "certificate"
    assert second.expires is not None
    assert second.expires > begins


# --- what may be configured


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"client_secret": None, "next_client_secret": None}, "client_secret_file"),
    ({"managed_identity": True}, "client_secret_file"),
    ({"delegate": graph.DelegateAccount(account="rooms@example.com")}, "client_secret_file"),
    ({"certificate": Secret("-----BEGIN PRIVATE KEY-----")}, "client_secret_file"),
    ({"next_certificate": Secret("x PRIVATE KEY-----")}, "next_client_secret_file"),
    ({"next_client_secret": None, "next_certificate": Secret("none")}, "next_certificate_file"),
    (
        {"client_secret": None, "managed_identity": True, "tenant_id": "", "client_id": ""},
        "next_certificate_file",
    ),
    ({"tenant_id": ""}, "tenant_id"),
    ({"client_id": ""}, "client_id"),
    ({"next_client_secret": None, "next_client_secret_expires": date(2027, 1, 1)}, "next_client_"),
    (
        {
            "client_secret": None,
            "next_client_secret": None,
            "delegate": graph.DelegateAccount(account="rooms"),
        },
        "delegate.account",
    ),
]


@pytest.mark.parametrize(("more", "key"), PROBLEMS)
def test_what_does_not_go_together_is_told(more: dict[str, Any], key: str) -> None:
    told = [where for where, _ in options("", **more).problems()]
    assert told
    assert all(where.startswith(key) for where in told)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"next_client_secret": None},
        {"next_client_secret": None, "next_certificate": Secret("PRIVATE KEY-----")},
        {"client_secret_expires": date(2027, 1, 31)},
    ],
)
def test_what_goes_together_is_fine(more: dict[str, Any]) -> None:
    assert not list(options("", **more).problems())


def test_a_managed_identity_needs_nothing_else() -> None:
    assert not list(graph.Options(managed_identity=True).problems())


# --- the machine's own identity


class Agent(ThreadingHTTPServer):
    """The Azure Arc agent, by its documents: it wants a file read that only its group may read.

    https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.folder = folder
        self.key = "c2VjcmV0"
        self.realm: Path | None = folder / "challenge.key"
        self.assigned = ""
        self.status = 200
        self.seen: list[dict[str, list[str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/metadata/identity/oauth2/token"


class _Asked(BaseHTTPRequestHandler):
    server: Agent

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.seen.append(query)
        if self.headers.get("Metadata") != "true":
            self._answer(400, {"error": "invalid_request"})
        elif self.headers.get("Authorization") != f"Basic {self.server.key}":
            (self.server.folder / "challenge.key").write_text(self.server.key)
            self._answer(401, {}, {"WWW-Authenticate": f"Basic realm={self.server.realm}"})
        else:
            self._answer(self.server.status, self._token(query))

    def _token(self, query: dict[str, list[str]]) -> dict[str, str]:
        told = {
            "access_token": "of-the-machine",
            "expires_in": "86400",
            "resource": query["resource"][0],
            "token_type": "Bearer",
        }
        return told | ({"client_id": self.server.assigned} if self.server.assigned else {})

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = msgspec.json.encode(body)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    """The agent, and the environment that it gives to services."""
    prefixes = msal.managed_identity._supported_arc_platforms_and_their_prefixes
    monkeypatch.setitem(prefixes, sys.platform, str(tmp_path))
    with Agent(tmp_path) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("IDENTITY_ENDPOINT", made.url)
        monkeypatch.setenv("IMDS_ENDPOINT", "http://127.0.0.1:1")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        yield made
        made.shutdown()
        thread.join()


async def proven(outside: Outside, **more: Any) -> str:
    given = graph.Options(managed_identity=True, graph_url="http://127.0.0.1:9", **more)
    async with graph.connect(given, outside) as source:
        assert isinstance(source, Identified)
        await source.prove()
        (one,) = source.credentials()
        return one.state


async def test_the_machine_signs_in_by_a_file_that_only_it_can_read(
    outside: Outside, agent: Agent
) -> None:
    assert await proven(outside) == "works"
    assert [one["resource"] for one in agent.seen] == [["https://graph.microsoft.com"]] * 2


async def test_one_of_several_identities_must_be_confirmed(outside: Outside, agent: Agent) -> None:
    with pytest.raises(Denied) as caught:
        await proven(outside, client_id=CLIENT_ID)
    assert caught.value.reason == "managed_identity_refused"
    agent.assigned = CLIENT_ID
    assert await proven(outside, client_id=CLIENT_ID) == "works"


async def test_a_key_that_cannot_be_read_names_the_group(outside: Outside, agent: Agent) -> None:
    agent.realm = agent.folder / "elsewhere.key"
    with pytest.raises(Denied) as caught:
        await proven(outside)
    assert "SupplementaryGroups=himds" in caught.value.fix


async def test_a_machine_without_identity_is_told(outside: Outside, agent: Agent) -> None:
    agent.status = 400
    agent.key = ""
    agent.realm = None
    with pytest.raises(Denied) as caught:
        await proven(outside)
    assert caught.value.everywhere


async def test_an_agent_that_does_not_answer_is_unavailable(
    outside: Outside, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/metadata/identity/oauth2/token")
    with pytest.raises(Unavailable) as caught:
        await proven(outside)
    assert caught.value.reason == "unreachable"
