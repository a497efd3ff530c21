"""How units sign in: Basic with each request, NTLM once a connection, and who does not."""

from base64 import b64decode, b64encode
from ipaddress import ip_network
from typing import Any

import pytest
import spnego
from aiohttp import ClientSession

from bridge.limits import client_address
from bridge.readers import Reader
from bridge.views.ews import handshake, routes, signing
from bridge.views.ews.routes import Ews
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import ENVELOPE, OTHER, READER, Client, Unit, basic, find

URL = "/EWS/Exchange.asmx"
BODY = ENVELOPE.format(body=find(), header="").encode()


async def post(
    client: Client | ClientSession, headers: dict[str, str], body: bytes = BODY
) -> tuple[int, Any]:
    async with client.post(URL, data=body, headers=headers) as told:
        await told.read()
        return told.status, told.headers


async def ntlm(client: Client, username: str, password: str, body: bytes = BODY) -> int:
    """A sign-in over the one connection that the client keeps."""
    context = spnego.client(
        username, password, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm
    )
    first = b64encode(context.step() or b"").decode()
    status, headers = await post(client, {"Authorization": f"NTLM {first}"}, b"")
    assert status == 401
    (challenge,) = headers.getall("WWW-Authenticate")
    answer = b64encode(context.step(b64decode(challenge.removeprefix("NTLM "))) or b"").decode()
    status, _ = await post(client, {"Authorization": f"NTLM {answer}"}, body)
    return status


async def test_who_says_nothing_is_asked_in_both_ways(unit: Unit) -> None:
    status, headers = await post(unit.client, {})
    assert status == 401
    assert headers.getall("WWW-Authenticate") == ["NTLM", 'Basic realm="roombridge"']
    assert headers.get("Connection") != "close"


@pytest.mark.parametrize(
    "username",
    ["kestrel", "KESTREL", "CORP\\kestrel", "kestrel@corp.example.com"],
)
async def test_basic_takes_names_with_and_without_a_domain(unit: Unit, username: str) -> None:
    assert (await post(unit.client, basic(username)))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        basic("kestrel", "wrong"),
        basic("kestrel", ""),
        basic("heron", "other"),
        basic("nobody", "pass word"),
        basic("", ""),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic 4pyT"},
        {"Authorization": "Bearer rb_123"},
        {"Authorization": "Negotiate TlRMTVNTUAAB"},
        {"Authorization": "NTLM"},
        {"Authorization": "NTLM TlRMTVNTUAAB"},
        {"Authorization": "NTLM " + "A" * 6000},
    ],
)
async def test_nobody_else_gets_anything(unit: Unit, headers: dict[str, str]) -> None:
    assert (await post(unit.client, headers))[0] == 401


@pytest.mark.parametrize("username", ["kestrel", "CORP\\kestrel", "kestrel@corp.example.com"])
async def test_ntlm_signs_a_connection_in(unit: Unit, username: str) -> None:
    assert await ntlm(unit.client, username, "pass word") == 200
    assert (await post(unit.client, {}))[0] == 200


async def test_ntlm_knows_a_name_with_its_domain(unit: Unit, views: Views) -> None:
    await views.keep(name="heron")
    assert await ntlm(unit.client, "CORP\\heron", "other") == 200
    assert await ntlm(unit.client, "ELSE\\heron", "other") == 401


async def test_ntlm_is_verified(unit: Unit) -> None:
    assert await ntlm(unit.client, "kestrel", "wrong") == 401
    assert await ntlm(unit.client, "nobody", "pass word") == 401
    assert await ntlm(unit.client, "nobody", "") == 401
    assert (await post(unit.client, {}))[0] == 401


async def test_a_connection_may_sign_in_anew_and_ends_what_was(unit: Unit) -> None:
    assert await ntlm(unit.client, "kestrel", "pass word") == 200
    assert await ntlm(unit.client, "kestrel", "pass word") == 200
    assert await ntlm(unit.client, "kestrel", "wrong") == 401
    assert (await post(unit.client, {}))[0] == 401


async def test_another_connection_is_not_signed_in(unit: Unit) -> None:
    assert await ntlm(unit.client, "kestrel", "pass word") == 200
    async with ClientSession(unit.client.make_url("/")) as other:
        assert (await post(other, {}))[0] == 401


async def test_an_answer_without_a_challenge_proves_nothing(unit: Unit) -> None:
    context = spnego.client("kestrel", "pass word", protocol="ntlm")
    first = b64encode(context.step() or b"").decode()
    _, headers = await post(unit.client, {"Authorization": f"NTLM {first}"}, b"")
    challenge = headers["WWW-Authenticate"].removeprefix("NTLM ")
    answer = b64encode(context.step(b64decode(challenge)) or b"").decode()
    async with ClientSession(unit.client.make_url("/")) as other:
        assert (await post(other, {"Authorization": f"NTLM {answer}"}))[0] == 401
    assert (await post(unit.client, {"Authorization": f"NTLM {answer}"}))[0] == 200
    assert (await post(unit.client, {"Authorization": f"NTLM {answer}"}))[0] == 401


async def test_a_new_password_ends_every_sign_in(unit: Unit, views: Views) -> None:
    assert await ntlm(unit.client, "kestrel", "pass word") == 200
    assert (await post(unit.client, basic()))[0] == 200
    changed = Reader(endpoint="kestrel-x30", room="kestrel", username="kestrel", secret="new")
    views.house.readers.adopt([changed, OTHER], views.clock.now())
    assert (await post(unit.client, {}))[0] == 401
    assert (await post(unit.client, basic()))[0] == 401
    assert (await post(unit.client, basic(password="new")))[0] == 200


async def test_a_password_that_cannot_be_read_is_nobodys(unit: Unit, views: Views) -> None:
    lost = Reader(endpoint="kestrel-x30", room="kestrel", username="kestrel")
    views.house.readers.adopt([lost], views.clock.now())
    assert (await post(unit.client, basic(password="")))[0] == 401
    assert await ntlm(unit.client, "kestrel", "") == 401


async def test_behind_a_proxy_nobody_signs_in_for_a_connection(unit: Unit, views: Views) -> None:
    views.house.proxies = (ip_network("127.0.0.0/8"),)
    status, headers = await post(unit.client, {})
    assert (status, headers.getall("WWW-Authenticate")) == (401, ['Basic realm="roombridge"'])
    assert (await post(unit.client, basic()))[0] == 200
    context = spnego.client("kestrel", "pass word", protocol="ntlm")
    first = b64encode(context.step() or b"").decode()
    _, headers = await post(unit.client, {"Authorization": f"NTLM {first}"}, b"")
    assert headers["WWW-Authenticate"] == 'Basic realm="roombridge"'


async def test_challenges_that_nobody_answers_are_few(
    unit: Unit, ews: Ews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "HALF_OPEN", 3)
    first = b64encode(spnego.client("a", "b", protocol="ntlm").step() or b"").decode()
    for _ in range(5):
        async with ClientSession(unit.client.make_url("/")) as other:
            assert (await post(other, {"Authorization": f"NTLM {first}"}, b""))[0] == 401
    assert len(ews.signing.handshakes) == 3


async def test_connections_that_are_gone_are_forgotten(
    unit: Unit, ews: Ews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "FIRST_SWEEP", 2)
    ews.signing._sweep = 2
    for _ in range(8):
        async with ClientSession(unit.client.make_url("/")) as other:
            assert (await post(other, basic()))[0] == 200
    assert len(ews.signing._connections) <= 3


@pytest.mark.fault("facade_xml")
async def test_a_flood_of_wrong_passwords_locks_the_address_out(
    unit: Unit, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "client_address", lambda *_: "192.0.2.7")
    assert client_address("127.0.0.1", {}, ()) is None
    for _ in range(10):
        assert (await post(unit.client, basic("kestrel", "wrong")))[0] == 401
    status, headers = await post(unit.client, basic("kestrel", "guess"))
    assert status == 429
    assert int(headers["Retry-After"]) > 0
    first = b64encode(spnego.client("a", "b", protocol="ntlm").step() or b"").decode()
    assert (await post(unit.client, {"Authorization": f"NTLM {first}"}, b""))[0] == 429
    visit = views.house.readers.visit("kestrel-x30")
    assert visit is not None
    assert visit.refused == "unauthorized"


async def test_loopback_gets_nothing_without_a_password(unit: Unit) -> None:
    for path in (routes.EWS_PATH, routes.POX_PATH, routes.SOAP_PATH):
        async with unit.client.post(path, data=BODY) as told:
            assert told.status == 401


@pytest.mark.parametrize("path", ["/ews/exchange.asmx", "/EWS/EXCHANGE.ASMX"])
async def test_the_path_is_found_in_any_case(unit: Unit, path: str) -> None:
    async with unit.client.post(path, data=BODY, headers=basic()) as told:
        assert told.status == 200


@pytest.mark.parametrize("path", ["/EWS/Services.wsdl", "/ews/messages.xsd", "/EWS/Exchange.asmx"])
async def test_what_is_looked_for_beside_it_is_no_wrong_password(
    unit: Unit, views: Views, path: str
) -> None:
    async with unit.client.get(path, headers=basic()) as told:
        assert told.status in {404, 405}
    assert not views.house.limits._strikes


def test_a_reader_never_prints_its_password() -> None:
    assert "pass word" not in f"{READER}{READER!r}"
