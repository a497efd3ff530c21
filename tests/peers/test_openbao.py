"""The vault closed by a key of a real OpenBao: the whole way, through sealing and moving away."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connector.simulators.graph import Tenant
from tests.process.conftest import PATIENCE, ROOT, Site, until

PROGRAM = ROOT / ".venv-peers" / "bin" / "bao"
ROOT_TOKEN = "root-of-a-test"
POLICY = """
path "transit/encrypt/bridge" { capabilities = ["update"] }
path "transit/decrypt/bridge" { capabilities = ["update"] }
"""


class Bao:
    """A server in its development mode: in memory, with TLS of its own."""

    def __init__(self, url: str, ca_file: Path, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.ca_file = ca_file
        self._http = http

    async def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"X-Vault-Token": ROOT_TOKEN}
        async with self._http.request(
            method, f"{self.url}/v1/{path}", json=body, headers=headers, ssl=False
        ) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status == 200 else None


@pytest.fixture
async def bao(tmp_path: Path) -> AsyncIterator[Bao]:
    if not PROGRAM.exists():
        pytest.skip("no OpenBao here: make peers brings it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "bao"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "server", "-dev-tls", f"-dev-tls-cert-dir={folder}", "-dev-no-store-token"),
        *(f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{port}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"HOME": str(folder)},
    )
    try:
        async with aiohttp.ClientSession() as http:
            made = Bao(f"https://127.0.0.1:{port}", folder / "vault-ca.pem", http)

            async def ready() -> bool:
                try:
                    await made.call("GET", "sys/health")
                except aiohttp.ClientConnectionError:
                    return False
                return True

            await until(ready, "OpenBao")
            await made.call("POST", "sys/mounts/transit", type="transit")
            await made.call("POST", "transit/keys/bridge")
            await made.call("PUT", "sys/policies/acl/bridge", policy=POLICY)
            yield made
    finally:
        process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


@pytest.fixture
async def vaulted(site: Site, bao: Bao, tenant: Tenant) -> Site:
    """A site whose client secret is in a vault that only OpenBao's key opens."""
    told = await bao.call("POST", "auth/token/create", policies=["bridge"])
    (site.folder / "token").write_text(told["auth"]["client_token"])
    tenant.register_app(secret="of the vault")
    source = site.settings["sources"]["m365"]
    del source["client_secret_file"]
    source["client_secret"] = "vault:m365"
    site.settings["vault"] = {
        "key_service": {
            "url": bao.url,
            "key": "bridge",
            "token_file": "token",
            "ca_file": str(bao.ca_file),
        }
    }
    site.write()
    for words, given in ((("init",), ""), (("set", "m365"), "of the vault")):
        status, _, errors = await site.command("secrets", *words, stdin=given)
        assert status == 0, errors
    return site


async def listed(site: Site) -> Any:
    status, out, errors = await site.command("secrets", "list", "--json")
    return json.loads(out) if status == 0 else errors


async def test_the_appliance_starts_with_a_key_that_stays_in_openbao(
    vaulted: Site, bao: Bao
) -> None:
    vaulted.book("Review")
    assert (await listed(vaulted))["keys"] == ["transit/transit/bridge"]
    await bao.call("POST", "transit/keys/bridge/rotate")  # the customer rotates its key
    assert (await vaulted.command("secrets", "rotate"))[0] == 0
    async with vaulted.running() as running:
        assert await until(running.titles) == ["Review"]
        await bao.call("PUT", "sys/seal")
        vaulted.write()
        vaulted.book("Talk", hour=3)

        async def both() -> bool:
            return await running.titles() == ["Review", "Talk"]

        await until(both, "reads go on while OpenBao is sealed")
        assert await running.stop() == 0
    assert "cannot serve now (HTTP 503)" in await listed(vaulted)


async def test_a_start_waits_while_openbao_is_sealed_or_away(vaulted: Site, bao: Bao) -> None:
    await bao.call("PUT", "sys/seal")
    running = await vaulted.start()
    reading = asyncio.create_task(running.read_log())

    async def waits() -> bool:
        return any("waiting, tried again every" in line for line in running.log)

    await until(waits, "the word that it waits")
    assert running.process.returncode is None
    running.process.terminate()
    await running.process.wait()
    await reading


async def test_the_vault_moves_from_openbao_to_a_file(vaulted: Site, bao: Bao) -> None:
    vaulted.settings["vault"]["key_file"] = "vault.key"
    vaulted.write()
    (vaulted.folder / "vault.key").write_text("5a" * 32)
    assert (await vaulted.command("secrets", "rotate"))[0] == 0
    del vaulted.settings["vault"]["key_service"]
    vaulted.write()
    assert (await vaulted.command("secrets", "rotate"))[0] == 0
    await bao.call("PUT", "sys/seal")
    told = await listed(vaulted)
    assert [key.partition("/")[0] for key in told["keys"]] == ["local"]
    assert [one["name"] for one in told["secrets"]] == ["m365"]


async def test_a_token_that_may_not_is_told_without_the_token(vaulted: Site, bao: Bao) -> None:
    told = await bao.call("POST", "auth/token/create", policies=["default"])
    token = told["auth"]["client_token"]
    (vaulted.folder / "token").write_text(token)
    words = await listed(vaulted)
    assert "refuses the token" in words
    assert "`update` on transit/encrypt/bridge" in words
    assert token not in words
