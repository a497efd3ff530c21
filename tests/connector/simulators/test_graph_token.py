"""The login service: over plain HTTP, and with azure-identity over TLS."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import CertificateCredential, ClientSecretCredential
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from connector.simulators.graph import CLIENT_ID, TENANT_ID, Tenant, app
from connector.simulators.graph.assertion import TYPE

from .graph_certificates import Authority, Identity
from .graph_tenant import DAY, KESTREL, NOON, TOKEN, Answer, Caller, asking, meeting

GRAPH = "https://graph.microsoft.com/.default"
Claims = dict[str, Any]


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity(NOON - timedelta(days=1))


def base64(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def signed(identity: Identity, audience: str, *, header: Claims | None = None, **more: Any) -> str:
    """An assertion as Microsoft describes it, with changes; None leaves a claim out."""
    thumbprint = identity.certificate.fingerprint(hashes.SHA256())
    head = {"alg": "PS256", "typ": "JWT", "x5t#S256": base64(thumbprint)} | (header or {})
    now = int(NOON.timestamp())
    claims = {"aud": audience, "iss": CLIENT_ID, "sub": CLIENT_ID, "jti": "1", "nbf": now}
    claims |= {"exp": now + 600} | more
    kept = {key: value for key, value in claims.items() if value is not None}
    text = f"{base64(json.dumps(head).encode())}.{base64(json.dumps(kept).encode())}"
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if head["alg"] == "PS256":
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return f"{text}.{base64(identity.key.sign(text.encode(), scheme, hashes.SHA256()))}"


async def assert_with(graph: Caller, assertion: str, **form: str | None) -> Answer:
    """Log in with an assertion."""
    return await graph.log_in(
        **({"client_secret": None, "client_assertion_type": TYPE} | form),
        client_assertion=assertion,
    )


async def test_a_secret_buys_a_token_that_graph_accepts() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        answer = await graph.log_in()
        graph.token = answer.json["access_token"]
        assert (await graph.view()).subjects == ["Review"]
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store, no-cache"
    assert answer.json | {"access_token": ""} == {
        "token_type": "Bearer",
        "expires_in": 3599,
        "ext_expires_in": 3599,
        "access_token": "",
    }


async def test_tokens_are_never_the_same() -> None:
    async with asking() as graph:
        tokens = {(await graph.log_in()).json["access_token"] for _ in range(3)}
    assert len(tokens) == 3


@pytest.mark.parametrize("tenant", [TENANT_ID.upper(), "example.com"])
async def test_a_tenant_has_several_names(tenant: str) -> None:
    async with asking() as graph:
        assert (await graph.log_in(tenant=tenant)).status == 200


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000216),
        ({"client_id": "someone-else"}, 400, "unauthorized_client", 700016),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "Calendars.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://example.com/.default"}, 400, "invalid_resource", 500011),
        ({"tenant": "99999999-2222-4333-8444-555555555555"}, 400, "invalid_request", 90002),
        ({"tenant": "example.net"}, 400, "invalid_request", 90002),
        ({"tenant": "nowhere"}, 400, "invalid_request", 900023),
    ],
)
async def test_what_is_wrong_is_refused_by_its_code(
    form: dict[str, str | None], status: int, error: str, code: int
) -> None:
    async with asking() as graph:
        answer = await graph.log_in(**form)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json
    assert (body["error"], body["error_codes"]) == (error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body["error_description"].endswith(f"Timestamp: {body['timestamp']}")
    assert body["timestamp"] == "2026-11-23 12:00:00Z"
    assert body["trace_id"] != body["correlation_id"]
    assert body["error_uri"].endswith(f"/error?code={code}")


async def test_a_secret_expires() -> None:
    async with asking() as graph:
        graph.tenant.register_app(secret="right", secret_expires=NOON + timedelta(days=1))
        assert (await graph.log_in()).status == 200
        graph.clock.move(days=1)
        answer = await graph.log_in()
        wrong = await graph.log_in(client_secret="wrong")
    assert (answer.status, answer.json["error_codes"]) == (401, [7000222])
    assert wrong.json["error_codes"] == [7000215]


async def test_the_endpoints_can_be_discovered() -> None:
    async with asking() as graph:
        found = await graph.ask("GET", f"/{TENANT_ID}/v2.0/.well-known/openid-configuration")
        other = await graph.ask("GET", "/example.net/v2.0/.well-known/openid-configuration")
    assert found.json["token_endpoint"].endswith(TOKEN)
    assert (other.status, other.json["error"]) == (400, "invalid_tenant")


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("thumbprint", ["x5t", "x5t#S256"])
async def test_an_assertion_is_checked_for_real(
    identity: Identity, algorithm: str, thumbprint: str
) -> None:
    kind = hashes.SHA1() if thumbprint == "x5t" else hashes.SHA256()
    header = {"alg": algorithm, thumbprint: base64(identity.certificate.fingerprint(kind))}
    async with asking() as graph:
        graph.tenant.register_app(certificate=identity.pem)
        audience = str(graph.http.make_url(TOKEN))
        assertion = signed(identity, audience, header=header)
        assert (await assert_with(graph, assertion)).status == 200
        head, claims, signature = assertion.split(".")
        spoilt = f"{head}.{claims}.{signature[:-8]}AAAAAAAA"
        answer = await assert_with(graph, spoilt)
    assert (answer.status, answer.json["error_codes"]) == (401, [700027])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://login.microsoftonline.com/other/oauth2/v2.0/token"}, 700023),
        ({"iss": "someone-else"}, 700021),
        ({"sub": None}, 700021),
        ({"exp": int(NOON.timestamp()) - 301}, 700024),
        ({"nbf": int(NOON.timestamp()) + 301}, 700024),
        ({"exp": None}, 50027),
        ({"exp": "soon"}, 50027),
        ({"header": {"x5t#S256": base64(b"x" * 32)}}, 700027),
        ({"header": {"alg": "none"}}, 5002738),
    ],
)
async def test_an_assertion_must_be_ours_for_us_and_for_now(
    identity: Identity, changes: Claims, code: int
) -> None:
    async with asking() as graph:
        graph.tenant.register_app(certificate=identity.pem)
        audience = changes.pop("aud", str(graph.http.make_url(TOKEN)))
        answer = await assert_with(graph, signed(identity, audience, **changes))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert answer.json["error_codes"] == [code]


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "W10.W10.x", "{}.{}.{}"])
async def test_what_is_no_token_is_malformed(identity: Identity, assertion: str) -> None:
    async with asking() as graph:
        graph.tenant.register_app(certificate=identity.pem)
        answer = await assert_with(graph, assertion)
        untyped = await assert_with(graph, assertion, client_assertion_type="jwt")
    assert answer.json["error_codes"] == [50027]
    assert untyped.json["error_codes"] == [900144]


async def test_a_certificate_expires() -> None:
    old = Identity(NOON - timedelta(days=30), days=29)
    async with asking() as graph:
        graph.tenant.register_app(certificate=old.pem)
        answer = await assert_with(graph, signed(old, str(graph.http.make_url(TOKEN))))
    assert answer.json["error_codes"] == [700027]
    assert "expired" in answer.json["error_description"]


async def test_two_certificates_at_once_allow_to_change_over(identity: Identity) -> None:
    new = Identity(NOON)
    async with asking() as graph:
        graph.tenant.register_app(certificate=identity.pem + new.pem)
        for one in (identity, new):
            assertion = signed(one, str(graph.http.make_url(TOKEN)))
            assert (await assert_with(graph, assertion)).status == 200


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def over_tls(
    tenant: Tenant, authority: Authority
) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """The tenant's address, and a session that trusts it."""
    server = TestServer(app(tenant), host="localhost")
    await server.start_server(ssl=authority.server)
    connector = aiohttp.TCPConnector(ssl=authority.client)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield f"https://localhost:{server.port}", session
    await server.close()


async def test_azure_identity_logs_in_with_a_secret(authority: Authority) -> None:
    tenant = Tenant()
    tenant.register_app(secret="right")
    tenant.add_mailbox(KESTREL)
    async with over_tls(tenant, authority) as (url, session):
        transport = AioHttpTransport(session=session, session_owner=False)
        async with ClientSecretCredential(
            TENANT_ID, CLIENT_ID, "right", authority=url, transport=transport
        ) as credential:
            token = await credential.get_token(GRAPH)
        headers = {"Authorization": f"Bearer {token.token}"}
        path = f"{url}/v1.0/users/{KESTREL}/calendarView"
        async with session.get(path, headers=headers, params=DAY) as answer:
            assert (await answer.json())["value"] == []
    assert 3500 < token.expires_on - time.time() <= 3600


async def test_azure_identity_logs_in_with_a_certificate(authority: Authority) -> None:
    identity = Identity(datetime.now(UTC) - timedelta(minutes=1))
    tenant = Tenant()
    tenant.register_app(certificate=identity.pem)
    async with over_tls(tenant, authority) as (url, session):
        transport = AioHttpTransport(session=session, session_owner=False)
        async with CertificateCredential(
            TENANT_ID,
            CLIENT_ID,
            certificate_data=identity.key_pem + identity.pem,
            authority=url,
            transport=transport,
        ) as credential:
            token = await credential.get_token(GRAPH)
    assert tenant.token(token.token) is not None


async def test_azure_identity_says_what_entra_says(authority: Authority) -> None:
    tenant = Tenant()
    tenant.register_app(secret="right")
    async with over_tls(tenant, authority) as (url, session):
        transport = AioHttpTransport(session=session, session_owner=False)
        async with ClientSecretCredential(
            TENANT_ID, CLIENT_ID, "wrong", authority=url, transport=transport
        ) as credential:
            with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
                await credential.get_token(GRAPH)


@pytest.mark.parametrize(
    ("registered", "roles"),
    [
        ({}, ["Calendars.Read"]),
        ({"scope": [KESTREL]}, None),
        ({"scope": [KESTREL], "roles": ["Place.Read.All"]}, ["Place.Read.All"]),
    ],
)
async def test_a_token_tells_who_it_is_for_and_what_entra_granted(
    registered: dict[str, Any], roles: list[str] | None
) -> None:
    async with asking() as graph:
        graph.tenant.register_app(secret="right", **registered)
        answer = await graph.log_in()
        _, payload, signature = answer.json["access_token"].split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert (claims["appid"], claims["tid"]) == (CLIENT_ID, TENANT_ID)
        assert claims["aud"] == "https://graph.microsoft.com"
        assert claims["exp"] - claims["iat"] == 3599
        assert claims.get("roles") == roles
        assert len(signature) > 64
