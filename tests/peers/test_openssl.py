"""The appliance's own certificate, met by OpenSSL and curl."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from tests.peers.conftest import need, run
from tests.process.conftest import Running, Site, until

OPEN_TO_OLD = ("-cipher", "DEFAULT@SECLEVEL=0")
"""Debian's OpenSSL speaks no TLS 1.1 by itself: a refusal must be the appliance's."""


@pytest.fixture
async def running(site: Site) -> AsyncIterator[Running]:
    """An appliance that serves the network with a certificate of its own."""
    site.settings["listen"]["address"] = "0.0.0.0"
    running = await site.start()
    reading = asyncio.create_task(running.read_log())

    async def serves() -> int:
        assert running.process.returncode is None, "\n".join(running.log)
        return running.port

    await until(serves, "serving")
    yield running
    await running.stop()
    await reading


async def greeted(port: int, *more: str) -> tuple[int, str]:
    """How a TLS handshake goes: OpenSSL's exit status, and all that is said."""
    program = need("openssl", "openssl")
    address = f"127.0.0.1:{port}"
    status, out, errors = await run(program, "s_client", "-msg", "-connect", address, *more)
    return status, out + errors


async def test_the_logged_fingerprint_is_that_of_the_served_certificate(running: Running) -> None:
    status, said = await greeted(running.port)
    assert status == 0
    seen = await run(
        need("openssl", "openssl"), "x509", "-noout", "-fingerprint", "-sha256", stdin=said
    )
    (logged,) = re.findall(r"fingerprint sha256:([0-9a-f]{64})", "\n".join(running.log))
    assert seen[1].strip().partition("=")[2].replace(":", "").lower() == logged


@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_tls_is_spoken(running: Running, version: str) -> None:
    status, said = await greeted(running.port, f"-tls{version.replace('.', '_')}")
    assert status == 0
    assert f"New, TLSv{version}, Cipher is" in said


@pytest.mark.parametrize("version", ["1", "1_1"])
async def test_tls_of_old_is_refused(running: Running, version: str) -> None:
    status, said = await greeted(running.port, f"-tls{version}", *OPEN_TO_OLD)
    assert status == 1
    assert "ClientHello" in said, "OpenSSL itself would not"
    assert "ServerHello" not in said


async def test_curl_trusts_the_certificate_by_its_file_and_by_nothing_else(
    site: Site, running: Running
) -> None:
    curl = (need("curl", "curl"), "--silent", "--max-time", "5")
    url = f"https://localhost:{running.port}/healthz"
    file = site.folder / "data" / "tls" / "certificate.pem"
    status, out, _ = await run(*curl, "--cacert", str(file), url)
    assert (status, out) == (0, '{"status":"ok"}')
    status, out, _ = await run(*curl, url)
    assert (status, out) == (60, ""), "unknown to this machine"
