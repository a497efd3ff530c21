"""Room systems of several families, each a process of its own, and one appliance between."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from connector.simulators.graph.faults import kinds
from tests.process.conftest import PATIENCE, PROGRAM, ROOT, Running, Site, until
from tests.process.test_cli import ZOOM

DIALLED = "91234567890@zoomcrc.com"
REPAIRED = 120.0
"""Real seconds until a list that was lost is back, at the very most."""
FACADE = {"username": "kestrel-unit", "password_file": "unit"}


class Simulated:
    """A room system that is a process."""

    def __init__(self, process: asyncio.subprocess.Process, http: aiohttp.ClientSession) -> None:
        self.process = process
        self.http = http
        self.told: dict[str, str] = {}

    async def line(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            said: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return said

    async def control(self, what: str, method: str = "GET") -> Any:
        """What its control API answers."""
        trust: ssl.SSLContext | bool | aiohttp.Fingerprint = True
        if pinned := self.told.get("fingerprint"):
            trust = aiohttp.Fingerprint(bytes.fromhex(pinned.removeprefix("sha256:")))
        url = f"{self.told['control']}/{what}"
        async with self.http.request(method, url, ssl=trust) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def titles(self) -> list[str]:
        """What it shows."""
        screen = await self.control("screen")
        return [one["title"] for one in screen.get("bookings", screen.get("meetings"))]

    async def numbers(self) -> list[str]:
        """What it is connected with."""
        return [one["number"] for one in (await self.control("screen"))["calls"]]

    async def kill(self) -> None:
        """As if somebody pulled its plug."""
        self.process.kill()
        await self.process.wait()

    def entry(self, name: str, kind: str, **more: Any) -> dict[str, Any]:
        """As rooms.yaml has it."""
        entry: dict[str, Any] = {"id": name, "kind": kind, **more}
        entry["address"] = self.told.get("url") or self.told["address"]
        if self.told["username"]:
            entry |= {"username": self.told["username"], "password_file": "unit-login"}
        if self.told.get("fingerprint"):
            entry["tls"] = {"fingerprint": self.told["fingerprint"]}
        return entry


@asynccontextmanager
async def simulated(site: Site, *words: str) -> AsyncIterator[Simulated]:
    """`roombridge simulate …`, until the end."""
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "simulate", *words, "--json"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    unit = Simulated(process, site.http)
    try:
        unit.told = await unit.line()
        site.secrets["unit-login"] = unit.told["password"] or site.secrets.get("unit-login", "-")
        yield unit
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture
def furnished(site: Site) -> Site:
    """A site that units can be pointed at."""
    port = unused_port()
    site.settings["listen"]["port"] = str(port)
    site.settings["public_url"] = f"http://127.0.0.1:{port}"
    site.secrets["unit"] = "pass word"
    site.rooms[0]["endpoints"] = []
    return site


async def stand(running: Running, wanted: dict[str, str]) -> None:
    """Wait until the room systems stand so."""

    async def stands() -> bool:
        told = await running.get("/api/v1/endpoints")
        return bool(told) and {one["id"]: one["state"] for one in told["endpoints"]} == wanted

    await until(stands, f"{wanted}")


async def test_units_of_three_families_are_told_by_commands(furnished: Site) -> None:
    site = furnished
    site.add_room("heron")
    site.add_room("puffin")
    site.book("Review", hour=-0.1, body=ZOOM)
    site.book("Sketches", room="heron", hour=-0.1, body=ZOOM)
    async with (
        simulated(site, "cisco") as codec,
        simulated(site, "poly") as studio,
        simulated(site, "sip") as phone,
    ):
        site.rooms[0]["endpoints"] = [codec.entry("kestrel-codec", "cisco")]
        site.rooms[1]["endpoints"] = [studio.entry("heron-studio", "poly", facade=FACADE)]
        site.rooms[2]["endpoints"] = [phone.entry("puffin-sip", "sip")]
        async with site.running() as running:
            await stand(
                running,
                {
                    "kestrel-codec": "confirmed",
                    "heron-studio": "served",
                    "puffin-sip": "dial_only",
                },
            )
            assert await codec.titles() == ["Review"]
            await site_is_told(site, codec, studio, phone)
            status, out, errors = await site.command("endpoints", "list")
            assert (status, errors) == (0, "")
            assert [line.split()[2] for line in out.splitlines()[1:]] == ["cisco", "poly", "sip"]


async def site_is_told(site: Site, codec: Simulated, studio: Simulated, phone: Simulated) -> None:
    """Everything that a person at the command line may want."""
    status, out, _ = await site.command("endpoints", "push", "kestrel-codec")
    assert (status, out) == (0, "kestrel-codec took its list\n")
    status, _, errors = await site.command("endpoints", "push", "heron-studio")
    assert (status, "takes no list" in errors) == (1, True)
    status, out, _ = await site.command("endpoints", "provision", "heron-studio")
    assert (status, "exchange.server.url" in out) == (0, True)
    assert site.secrets["unit"] not in out
    (held,) = (await studio.control("poll", "POST"))["meetings"]
    assert (held["subject"], held["numbers"][0]["number"]) == ("Sketches", DIALLED)
    for name, unit in (("kestrel-codec", codec), ("heron-studio", studio)):
        status, out, _ = await site.command("endpoints", "dial", name, "a@elsewhere.example.com")
        assert (status, out) == (0, f"{name} dials\n")
        assert await unit.numbers() == ["a@elsewhere.example.com"]
        assert (await site.command("endpoints", "hangup", name))[0] == 0
        assert await unit.numbers() == []
    await site.command("endpoints", "dial", "puffin-sip", "a@elsewhere.example.com")
    told = await phone.line()
    while told["method"] != "REFER":
        told = await phone.line()
    assert "sip:a@elsewhere.example.com" in told["refer_to"]
    meeting = await phone.line()
    assert (meeting["to"], meeting["uri"]) == ("meeting", "sip:a@elsewhere.example.com")
    assert (await site.command("endpoints", "hangup", "puffin-sip"))[0] == 1


async def test_a_unit_reads_the_facade_and_its_room_is_joined_over_http(furnished: Site) -> None:
    site = furnished
    identity = site.book("Review", hour=-0.1, body=ZOOM)
    (site.folder / "unit").write_text(site.secrets["unit"])
    server = site.settings["public_url"]
    words = ("poly", "--family", "trio", "--server", server, "--username", FACADE["username"])
    login = ("--password-file", str(site.folder / "unit"), "--mailbox", "kestrel@example.com")
    async with simulated(site, *words, *login) as trio:
        site.rooms[0]["endpoints"] = [trio.entry("kestrel-trio", "poly", facade=FACADE)]
        async with site.running() as running:
            await until(running.titles)
            await trio.control("poll", "POST")
            assert await trio.titles() == ["Review"]
            _, token, _ = await site.command(
                "tokens", "create", "service", "--scope", "read", "--scope", "write"
            )
            (booking,) = (await running.get("/api/v1/rooms/kestrel/agenda"))["bookings"]
            url = f"http://127.0.0.1:{running.port}/api/v1/rooms/kestrel/bookings/{booking['id']}"
            headers = {"Authorization": f"Bearer {token.strip()}"}
            async with site.http.post(f"{url}/join", headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                assert (await answer.json())["done"] == "joined"
            assert await trio.numbers() == [DIALLED]
            async with site.http.post(f"{url}/leave", headers=headers) as answer:
                assert answer.status == 200, await answer.text()
            assert await trio.numbers() == []
            _, out, _ = await site.command("explain", "kestrel", "--json")
            (told,) = json.loads(out)["bookings"]
            (unit,) = told["endpoints"]
            assert (unit["endpoint"], unit["has_it"], unit["dial"]) == (
                "kestrel-trio",
                True,
                DIALLED,
            )
            site.tenant.mailbox("kestrel@example.com").delete(identity)

            async def emptied() -> bool:
                await trio.control("poll", "POST")
                return await trio.titles() == []

            await until(emptied, "an empty calendar")
            _, out, _ = await site.command("endpoints", "show", "kestrel-trio")
            assert "reads the façade: yes" in out


@pytest.mark.timeout(300)
async def test_a_codec_that_lost_power_gets_its_list_again_though_the_source_is_down(
    furnished: Site,
) -> None:
    site = furnished
    site.book("Review", body=ZOOM)
    words = ("cisco", "--http", "--port", str(unused_port()))
    async with simulated(site, *words) as codec:
        site.rooms[0]["endpoints"] = [codec.entry("kestrel-codec", "cisco")]
        async with site.running() as running:
            await stand(running, {"kestrel-codec": "confirmed"})
            site.tenant.faults.add(kinds.Status(status=503, times=None))

            async def ill() -> bool:
                told = await running.get("/api/v1/rooms/kestrel")
                return bool(told["health"])

            await until(ill, "a source that is down")
            assert await codec.titles() == ["Review"]
            await codec.kill()
            async with simulated(site, *words) as again:

                async def listed() -> bool:
                    assert again.process.returncode is None
                    return await again.titles() == ["Review"]

                # An unchanged list goes out at most once a minute.
                await until(listed, "the list, once more", seconds=REPAIRED)
                await stand(running, {"kestrel-codec": "confirmed"})
                assert await running.titles() == ["Review"]


async def test_what_a_maker_permits_is_repeated_everywhere_until_it_is_acknowledged(
    furnished: Site,
) -> None:
    site = furnished
    words = "own internal business"
    asked = (("check",), ("doctor",), ("endpoints", "list"), ("endpoints", "show", "kestrel-codec"))
    for file in ("README.md", "NOTICE"):
        assert words in " ".join((ROOT / file).read_text(encoding="utf-8").split())
    async with simulated(site, "cisco") as codec:
        site.rooms[0]["endpoints"] = [codec.entry("kestrel-codec", "cisco")]
        for acknowledged in ([], ["cisco_permitted_use"]):
            site.settings["acknowledge"] = acknowledged
            async with site.running() as running:
                await stand(running, {"kestrel-codec": "confirmed"})
                for command in asked:
                    _, out, errors = await site.command(*command)
                    assert (words in out + errors) is not bool(acknowledged), command
                health = await running.get("/api/v1/health")
                told = [one["words"] for one in health["findings"]]
                assert any(words in one for one in told) is not bool(acknowledged)
                (unit,) = (await running.get("/api/v1/endpoints"))["endpoints"]
                assert bool(unit["notice"]) is not bool(acknowledged)
            assert any(words in line for line in running.log) is not bool(acknowledged)
