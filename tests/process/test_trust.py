"""Callers and certificates of the real program."""

import asyncio
import socket
import ssl
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.simulators.graph import Tenant
from connector.simulators.graph.faults import kinds
from tests.process.conftest import Site, until


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def fetch(
    port: int, path: str, local: str = "127.0.0.1", *, host: str = "127.0.0.1", **more: Any
) -> bytes:
    """What comes back, as bytes; nothing where somebody hung up."""
    try:
        reader, writer = await asyncio.open_connection(host, port, local_addr=(local, 0), **more)
    except ConnectionError:
        return b""
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("tls", ["none", "weak"])
async def test_old_units_get_what_is_made_for_them_and_others_nothing(site: Site, tls: str) -> None:
    port = free_port()
    site.settings["legacy"] = {
        "address": "127.0.0.1",
        "port": str(port),
        "networks": ["127.0.0.7/32"],
        "tls": tls,
    }
    old: dict[str, Any] = {}
    if tls == "weak":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
        old = {"ssl": context}
    async with site.running() as running:
        assert b"200 OK" in await fetch(port, "/healthz", "127.0.0.7", **old)
        for path in ("/api/v1/rooms", "/display/kestrel", "/metrics", "/static/display/main.js"):
            assert b"404 Not Found" in await fetch(port, path, "127.0.0.7", **old), path
        assert await fetch(port, "/healthz", "127.0.0.8", **old) == b""

        async def warned() -> bool:
            told = await running.get("/api/v1/health")
            return "legacy_listener" in [one["code"] for one in told["findings"]]

        assert await until(warned, "the standing warning")
        room = await running.get("/api/v1/rooms/kestrel")
        codes = [one["code"] for one in room["health"]]
        assert "legacy_listener" not in codes, "nobody at the door need know"
        assert await running.stop() == 0


async def test_old_units_may_come_to_the_same_port_of_another_address(site: Site) -> None:
    port = free_port()
    site.settings["listen"]["port"] = str(port)
    site.settings["legacy"] = {
        "address": "127.0.0.2",
        "port": str(port),
        "networks": ["127.0.0.7/32"],
        "tls": "none",
    }
    async with site.running() as running:
        assert running.port == port
        path = "/display/kestrel"
        assert b"404 Not Found" in await fetch(port, path, "127.0.0.7", host="127.0.0.2")
        assert b"404 Not Found" not in await fetch(port, path)


async def test_behind_a_reverse_proxy_nobody_else_is_served(site: Site) -> None:
    site.settings["behind_proxy"] = ["127.0.0.7/32"]
    site.settings["listen"]["address"] = "0.0.0.0"
    async with site.running() as running:
        assert b"200 OK" in await fetch(running.port, "/healthz", "127.0.0.7")
        asked = await fetch(running.port, "/api/v1/rooms")
        assert b"401 Unauthorized" in asked


async def test_a_certificate_of_the_sites_authority_is_served_without_a_restart(
    site: Site,
) -> None:
    from connector.certificates import self_signed
    from tests.bridge.test_presented import NOW

    folder = site.folder

    def put() -> str:
        made = self_signed(["localhost"], days=90, now=NOW)
        (folder / "key.pem").write_bytes(made.key)
        (folder / "cert.pem").write_bytes(made.pem)
        return made.pem.decode()

    first = put()
    site.settings["listen"] |= {"tls": {"certificate_file": "cert.pem", "key_file": "key.pem"}}
    process = await site.start()
    reading = asyncio.create_task(process.read_log())
    try:

        async def port() -> int:
            return process.port

        async def met() -> str:
            reader = ssl.get_server_certificate
            try:
                return await asyncio.to_thread(reader, ("127.0.0.1", process.port))
            except OSError:
                return ""

        await until(port, "serving")
        assert await until(met, "TLS") == first
        second = put()

        async def renewed() -> bool:
            return await met() == second

        assert await until(renewed, "the renewed certificate")
        assert not any("configuration" in line for line in process.log)
        assert await process.stop() == 0
    finally:
        if process.process.returncode is None:
            process.process.kill()
        await reading


async def test_troubles_go_to_a_webhook_with_their_end_and_a_test_says_how_it_went(
    site: Site, tenant: Tenant
) -> None:
    told: list[dict[str, Any]] = []

    async def hook(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/planted-key", hook)
    server = TestServer(app)
    async with server:
        url = str(server.make_url("/planted-key"))
        site.settings["alerts"] = {"hold": "1s", "webhooks": [{"url": url}]}
        site.book("planted-subject")
        async with site.running() as running:
            await until(running.titles)
            status, out, _ = await site.command("alerts", "test")
            assert (status, out) == (0, "webhook 1: delivered\n")
            assert [one["test"] for one in told] == [True]
            tenant.faults.add(kinds.Status(status=403))

            async def began() -> bool:
                return any(one["began"] for one in told)

            async def over() -> bool:
                return any(one["over"] for one in told)

            await until(began, "the alert")
            tenant.faults.clear()
            await until(over, "its end")
            assert await running.stop() == 0
            assert "planted" not in "\n".join(running.log)
    codes = {one["code"] for message in told for one in message["began"]}
    assert codes == {"access_denied"}
    assert "planted" not in str(told)
