"""The way to an Event Hub: certificates, proxies, closed ports, and silence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connector.outside import Proxy, Trust, open_outside
from connector.secret import Secret
from connector.sources.graph import eventhub
from tests.connector.hub_site import HubSite, told
from tests.fakes.virtual import VirtualClock


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubSite:
    monkeypatch.setattr(eventhub, "FIRST", 0.2)
    return HubSite(tmp_path)


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_certificate_that_is_not_trusted_is_refused(site: HubSite, websocket: bool) -> None:
    async with site.open(websocket=websocket), open_outside(VirtualClock()) as outside:
        bare = replace(outside, trust=Trust())
        async with site.receiving(outside=bare) as ears:
            await ears.until(lambda: ears.failures)
            assert ears.failures[0].reason == "certificate_untrusted"
            assert not site.namespace.offered


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[Proxy, list[bytes]]]:
    """A web proxy that wants a login and passes CONNECT on (RFC 9110 §9.3.6)."""
    seen: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        if b"Proxy-Authorization: Basic dXNlcjpwYXNz" not in head:
            writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        host, _, port = head.split()[1].decode().partition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(4096):
                    target.write(data)
            target.close()

        await asyncio.gather(carry(reader, back), carry(there, writer))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        yield Proxy(url=url, username="user", password=Secret("pass")), seen


async def test_a_proxy_is_used_and_then_with_websockets(site: HubSite) -> None:
    async with site.open(websocket=True), proxy() as (way, seen), site.outside() as outside:
        through = replace(outside, proxy=way)
        async with site.receiving(outside=through, transport="amqp") as ears:
            await ears.until(lambda: ears.open or ears.failures)
            assert not ears.failures
            site.namespace.post(told("a"))
            await ears.until(lambda: ears.heard)
        assert all(head.startswith(b"CONNECT 127.0.0.1:") for head in seen)
        assert len(seen) >= 3  # what knocks, and each connection of the client


async def test_a_proxy_that_refuses_is_said(site: HubSite) -> None:
    async with site.open(websocket=True), proxy() as (way, _), site.outside() as outside:
        wrong = Proxy(url=way.url, username="user", password=Secret("wrong"))
        async with site.receiving(outside=replace(outside, proxy=wrong)) as ears:
            await ears.until(lambda: ears.failures)
            assert ears.failures[0].reason == "unreachable"
            assert not site.namespace.offered


async def test_the_client_itself_trusts_nobody_either(
    site: HubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: object) -> None:
        """As if somebody else answered a moment later."""

    monkeypatch.setattr(eventhub.Receiver, "_knock", nothing)
    async with (
        site.open(),
        open_outside(VirtualClock()) as bare,
        site.receiving(outside=bare) as ears,
    ):
        await ears.until(lambda: ears.failures)
        assert not site.namespace.offered
        assert not site.namespace.opened


async def test_a_closed_port_is_said_by_its_number(site: HubSite) -> None:
    async with site.open():
        pass
    async with site.receiving() as ears:
        await ears.until(lambda: ears.failures)
        assert ears.failures[0].reason == "unreachable"
        assert str(site.port) in ears.failures[0].fix


async def test_a_service_that_says_nothing_is_given_up(
    site: HubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventhub, "READY_LIMIT", 4.0)
    site.namespace.mute = True
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.failures)
        assert ears.failures[0].reason == "timeout"
        site.namespace.mute = False
        await ears.until(lambda: ears.open)


async def test_a_connection_that_falls_silent_is_given_up(
    site: HubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventhub, "IDLE_LIMIT", 2.0)
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        await asyncio.sleep(3)  # nothing else tells that nothing happens
        assert not ears.failures  # the service beats
        site.namespace.beats = False
        await ears.until(lambda: ears.failures)
        site.namespace.beats = True
        await ears.until(lambda: ears.open)
