"""Units on the network, with TLS and without, one or a thousand."""

import asyncio
import ssl
from datetime import UTC, datetime

import aiohttp
import pytest

from connector.certificates import expires, fingerprint
from connector.simulators.cisco import Address, Codec, Fault, serve, serve_all

from .cisco_room import CLEAR, LOGIN, Clock


def pinned(address: Address) -> aiohttp.Fingerprint:
    """How a careful client trusts a unit."""
    return aiohttp.Fingerprint(bytes.fromhex(address.fingerprint.removeprefix("sha256:")))


async def pushes(
    http: aiohttp.ClientSession,
    address: Address,
    trust: aiohttp.Fingerprint | ssl.SSLContext | bool,
) -> int:
    url = f"{address.url}/bookingsputxml"
    async with http.post(url, data=CLEAR, headers=LOGIN, ssl=trust) as answer:
        return answer.status


async def test_a_unit_is_served_with_a_certificate_of_its_own() -> None:
    async with serve(Codec()) as address, aiohttp.ClientSession() as http:
        assert address.url.startswith("https://127.0.0.1:")
        assert await pushes(http, address, pinned(address)) == 200
        shown = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", address.port))
        assert fingerprint(shown.encode()) == address.fingerprint


async def test_its_certificate_is_good_for_who_trusts_it() -> None:
    async with serve(Codec()) as address, aiohttp.ClientSession() as http:
        assert address.certificate is not None
        trust = ssl.create_default_context(cadata=address.certificate.pem.decode())
        assert await pushes(http, address, trust) == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await pushes(http, address, True)


async def test_a_changed_certificate_is_noticed_at_once() -> None:
    async with serve(Codec()) as address, aiohttp.ClientSession() as http:
        before = pinned(address)
        assert await pushes(http, address, before) == 200
        await address.renew()
        with pytest.raises((aiohttp.ServerFingerprintMismatch, aiohttp.ServerDisconnectedError)):
            await pushes(http, address, before)
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await pushes(http, address, before)
        assert await pushes(http, address, pinned(address)) == 200


async def test_a_certificate_may_have_expired() -> None:
    async with serve(Codec()) as address, aiohttp.ClientSession() as http:
        await address.renew("expired")
        assert address.certificate is not None
        assert expires(address.certificate.pem) < datetime.now(UTC)
        trust = ssl.create_default_context(cadata=address.certificate.pem.decode())
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="expired"):
            await pushes(http, address, trust)


async def test_the_certificate_can_be_changed_over_the_network() -> None:
    async with serve(Codec()) as address, aiohttp.ClientSession() as http:
        before = address.fingerprint
        url = f"{address.url}/control/certificate"
        async with http.post(url, json={"kind": "new"}, ssl=pinned(address)) as answer:
            told = (await answer.json())["fingerprint"]
        assert told == address.fingerprint != before
        assert await pushes(http, address, pinned(address)) == 200


async def test_without_tls_there_is_no_certificate() -> None:
    async with serve(Codec(), tls=False) as address, aiohttp.ClientSession() as http:
        assert address.url.startswith("http://")
        assert address.fingerprint == ""
        assert await pushes(http, address, True) == 200
        with pytest.raises(ValueError, match="not served with TLS"):
            await address.renew()


async def test_the_cookie_says_whether_the_session_is_secure() -> None:
    for tls, name in ((True, "SecureSessionId"), (False, "SessionId")):
        async with serve(Codec(), tls=tls) as address, aiohttp.ClientSession() as http:
            trust = pinned(address) if tls else True
            url = f"{address.url}/xmlapi/session/begin"
            async with http.post(url, headers=LOGIN, ssl=trust) as answer:
                assert answer.status == 204
                assert list(answer.cookies) == [name]
                assert bool(answer.cookies[name]["secure"]) == tls


async def test_many_units_share_one_process_and_nothing_else() -> None:
    codecs = [Codec(serial=f"SIM{n}", clock=Clock()) for n in range(20)]
    async with serve_all(codecs) as addresses, aiohttp.ClientSession() as http:
        assert len({address.port for address in addresses}) == 20
        assert len({address.fingerprint for address in addresses}) == 20
        assert await pushes(http, addresses[7], pinned(addresses[7])) == 200
        told = [codec.serial for codec in codecs if codec.received]
        assert told == ["SIM7"]
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await pushes(http, addresses[7], pinned(addresses[8]))


async def test_each_unit_may_have_its_port() -> None:
    async with serve(Codec(), tls=False) as first:
        port = first.port
    async with serve(Codec(), port=port, tls=False) as again:
        assert again.url == f"http://127.0.0.1:{port}"
    with pytest.raises(ValueError, match="zip"):
        async with serve_all([Codec(), Codec()], ports=[0]):
            pass


async def test_a_request_that_hangs_does_not_keep_the_process() -> None:
    stuck = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        stuck.set()
        await asyncio.Event().wait()

    codec = Codec(sleep=sleep)
    codec.faults.add(Fault(kind="slow", seconds=60))
    async with aiohttp.ClientSession() as http:
        async with serve(codec) as address:
            asked = asyncio.create_task(pushes(http, address, pinned(address)))
            await stuck.wait()
        with pytest.raises(aiohttp.ClientError):
            await asked


async def test_a_broken_connection_is_broken_under_tls_too() -> None:
    codec = Codec()
    codec.faults.add(Fault(kind="drop"))
    async with serve(codec) as address, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            await pushes(http, address, pinned(address))
        assert await pushes(http, address, pinned(address)) == 200
