"""The façade of a real appliance, read by exchangelib: a client that others wrote."""

import asyncio
import json
import os
import socket
import sys
from typing import Any, Self

import pytest

from tests.peers.conftest import HERE, line
from tests.process.conftest import PATIENCE, ROOT, Site, until

ZOOM = "<p>Join Zoom Meeting<br>https://zoom.us/j/91234567890<br>Join by SIP<br>91234567890@zoomcrc.com</p>"
UNIT = {
    "id": "kestrel-x30",
    "kind": "reader",
    "facade": {"username": "kestrel", "password_file": "unit"},
}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def reading(site: Site) -> Site:
    """A site with one unit that reads."""
    site.secrets["unit"] = "pass word"
    site.rooms[0]["endpoints"] = [UNIT]
    site.settings["legacy"] = {
        "address": "127.0.0.1",
        "port": str(free_port()),
        "networks": ["127.0.0.0/8"],
    }
    return site


class Client:
    """exchangelib in a process of its own."""

    def __init__(self, **told: Any) -> None:
        self._told = {"mailbox": "kestrel@example.com", "username": "kestrel", **told}

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "read_exchange.py"),
            json.dumps({"password": "pass word", **self._told}),
            cwd=ROOT,
            env=dict(os.environ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def says(self) -> Any:
        """Its next line."""
        return await line(self.process)

    async def go_on(self) -> None:
        """Let it pull now."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()

    async def ends(self) -> int:
        """Its exit status."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@pytest.mark.parametrize("auth", ["basic", "NTLM"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_exchangelib_reads_the_room(reading: Site, auth: str, scheme: str) -> None:
    reading.book("Review", body=ZOOM)
    reading.book("Secret", body=ZOOM, hour=2, sensitivity="private")
    async with reading.running() as running:
        assert await until(running.titles) == ["Review", "Private meeting"]
        port = running.port if scheme == "http" else reading.settings["legacy"]["port"]
        url = f"{scheme}://127.0.0.1:{port}/EWS/Exchange.asmx"
        async with Client(url=url, auth=auth) as client:
            items = await client.says()
            assert items["view"] == items["filtered"][::-1] == ["Review", "Private meeting"]
            assert items["location"] == ["sip:91234567890@zoomcrc.com"] * 2
            assert all("POLYCOM VMR ENCODED TOKEN" in text for text in items["text"])
            assert items["organizer"][1] is None
            assert items["version"].startswith("15.1.")
            others = await client.says()
            assert others["resolved"] == "kestrel@example.com"
            assert others["rooms"] == ["kestrel@example.com"]
            assert others["busy"] == ["Busy", "Busy"]
            assert others["merged"]
            assert others["zones"] == ["UTC"]
            assert await client.says() == {"url": url, "address": "kestrel@example.com"}
            assert await client.ends() == 0


async def test_exchangelib_hears_of_changes(reading: Site) -> None:
    reading.book("Review", body=ZOOM)
    async with reading.running() as running:
        await until(running.titles)
        url = f"http://127.0.0.1:{running.port}/ews/exchange.asmx"
        async with Client(url=url, auth="NTLM", listen=True) as client:
            for _ in range(3):
                await client.says()
            synchronised = await client.says()
            assert synchronised == {
                "first": ["create"],
                "again": [],
                "folders": ["create", "create"],
            }
            assert await client.says() == {"pulling": True}
            second = reading.book("Second", hour=3)

            async def both() -> bool:
                return len(await running.titles() or []) == 2

            await until(both, "the second meeting")
            await client.go_on()
            assert await client.says() == {"pulled": ["CreatedEvent"]}
            assert await client.says() == {"streaming": True}
            reading.tenant.mailbox("kestrel@example.com").cancel(second)
            assert await client.says() == {"streamed": ["DeletedEvent"]}
            assert await client.ends() == 0


async def test_a_wrong_password_is_refused(reading: Site) -> None:
    async with reading.running() as running:
        url = f"http://127.0.0.1:{running.port}/EWS/Exchange.asmx"
        async with Client(url=url, auth="basic", password="guess") as client:
            assert await client.ends() != 0
