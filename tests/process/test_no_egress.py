"""No display and no endpoint ever talks to Microsoft: tried where they could not if they would.

As root in network namespaces: rooms and the calendar service each see the appliance and nothing
else. Elsewhere a guard notes every connection that the codec's process opens.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect

from tests.process.chromium import CHROMIUM, has_chromium
from tests.process.conftest import PROGRAM, ROOT, until

CLOUD, ROOMS, OFFICE = "rb-cloud", "rb-rooms", "rb-office"
GRAPH, UP, DOWN, ROOM = "10.77.1.2", "10.77.1.1", "10.77.2.1", "10.77.2.2"

NETWORK = f"""
netns add {CLOUD}
netns add {OFFICE}
netns add {ROOMS}
link add rbc0 netns {OFFICE} type veth peer name eth0 netns {CLOUD}
link add rbr0 netns {OFFICE} type veth peer name eth0 netns {ROOMS}
-n {OFFICE} addr add {UP}/24 dev rbc0
-n {OFFICE} addr add {DOWN}/24 dev rbr0
-n {CLOUD} addr add {GRAPH}/24 dev eth0
-n {ROOMS} addr add {ROOM}/24 dev eth0
-n {OFFICE} link set rbc0 up
-n {OFFICE} link set rbr0 up
-n {CLOUD} link set eth0 up
-n {ROOMS} link set eth0 up
-n {CLOUD} link set lo up
-n {OFFICE} link set lo up
-n {ROOMS} link set lo up
"""


def ip(words: str, *, check: bool = True) -> None:
    subprocess.run(["ip", *words.split()], check=check, capture_output=True)


@pytest.fixture
def network() -> Iterator[None]:
    """Three hosts: the calendar service, the appliance between, and a room."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2; the socket guard is used instead")
    for name in (CLOUD, OFFICE, ROOMS):
        ip(f"netns del {name}", check=False)
    try:
        for line in NETWORK.strip().splitlines():
            ip(line)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
    yield
    for name in (CLOUD, OFFICE, ROOMS):
        ip(f"netns del {name}", check=False)


@asynccontextmanager
async def at(host: str, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process on one of the hosts."""
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", host, *PROGRAM, *words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def told(process: asyncio.subprocess.Process) -> Any:
    """The line of JSON in which a simulator tells where it is."""
    assert process.stdout
    async with asyncio.timeout(20):
        return json.loads(await process.stdout.readline())


async def curl(host: str, *words: str) -> tuple[int, str]:
    """One request from one of the hosts."""
    command = ("ip", "netns", "exec", host, "curl", "-sS", "--max-time", "5", "-k", *words)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await process.communicate()
    return process.returncode or 0, (out or errors).decode()


async def asked(host: str, url: str) -> Any:
    """What a control API answers."""
    status, out = await curl(host, url)
    return json.loads(out) if status == 0 else None


def configure(folder: Path, codec: dict[str, str]) -> Path:
    """What a person would write."""
    for name, secret in (("m365", "simulated"), ("codec", codec["password"])):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    (folder / "bridge.yaml").write_text(
        f"""
listen: {{address: 0.0.0.0, port: 8443}}
data_dir: {folder}/data
ca_file: ca.pem
sources:
  m365:
    kind: graph
    tenant_id: 3b0f6f1e-6d6f-4f0e-9a51-0c0de0c0ffee
    client_id: 7f3c2b1a-5b4d-4c3e-8f2a-1e0d0c0b0a09
    client_secret_file: m365
    graph_url: https://{GRAPH}:8081
    login_url: https://{GRAPH}:8081
poll: {{near: 1s, far: 1s}}
acknowledge: [cisco_permitted_use]
"""
    )
    (folder / "rooms.yaml").write_text(
        f"""
rooms:
  - id: kestrel
    name: Kestrel
    mailbox: kestrel@example.com
    time_zone: Europe/London
    endpoints:
      - id: codec
        kind: cisco
        address: {ROOM}:8082
        username: bridge
        password_file: codec
        tls: {{fingerprint: "{codec["fingerprint"]}"}}
"""
    )
    return folder / "bridge.yaml"


def meeting() -> str:
    start = datetime.now(UTC) - timedelta(minutes=5)
    return json.dumps(
        {
            "subject": "Harvest planning",
            "start": start.isoformat(timespec="seconds"),
            "minutes": 30,
            "location": "sip:harvest@example.com",
        }
    )


def browser_of(host: str, folder: Path) -> str:
    """A browser that runs on one of the hosts."""
    script = folder / "browser"
    script.write_text(f'#!/bin/sh\nexec ip netns exec {host} {CHROMIUM} "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.browser
async def test_display_and_codec_work_where_only_the_bridge_can_be_reached(
    network: None, tmp_path: Path
) -> None:
    if not has_chromium():
        pytest.skip("no Chromium here: scripts/need /usr/bin/chromium chromium")
    graph = at(
        CLOUD,
        *f"simulate graph --json --empty --rooms 1 --address 0.0.0.0 --port 8081 --name {GRAPH} --ca {tmp_path}/ca.pem".split(),
    )
    unit = at(ROOMS, *["simulate", "cisco", "--json", "--address", "0.0.0.0", "--port", "8082"])
    async with graph as cloud, unit as room:
        await told(cloud)
        codec = await told(room)
        file = await asyncio.to_thread(configure, tmp_path, codec)
        async with at(OFFICE, "run", "--config", str(file)):
            await watched(tmp_path, file)


async def watched(folder: Path, file: Path) -> None:
    """Follow one meeting from the calendar service to the door and the codec."""

    async def serves() -> bool:
        return (await curl(ROOMS, f"https://{DOWN}:8443/healthz"))[0] == 0

    await until(serves, "the appliance")
    made = await asyncio.create_subprocess_exec(
        *(
            "ip",
            "netns",
            "exec",
            OFFICE,
            *PROGRAM,
            "tokens",
            "create",
            "panel",
            "--display",
            "kestrel",
        ),
        *("--json", "--config", str(file)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    token = json.loads((await made.communicate())[0])["token"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=await asyncio.to_thread(browser_of, ROOMS, folder),
            args=["--no-sandbox", "--ignore-certificate-errors"],
        )
        page = await browser.new_page(ignore_https_errors=True)
        await page.goto(f"https://{DOWN}:8443/display/kestrel#{token}")
        await expect(page.locator("#word")).to_have_text("Free", timeout=20_000)
        control = "https://127.0.0.1:8081/control"
        event = f"{control}/mailboxes/kestrel@example.com/events"
        status, out = await curl(CLOUD, "-X", "POST", event, "-d", meeting())
        assert status == 0, out
        await expect(page.locator("#title")).to_have_text("Harvest planning")
        await expect(page.locator("#join-dial")).to_have_text("harvest@example.com")

        async def listed() -> Any:
            return (await asked(ROOMS, "https://127.0.0.1:8082/control/screen"))["bookings"]

        (shown,) = await until(listed, "the codec's list")
        assert (shown["title"], shown["dial"]) == ("Harvest planning", "harvest@example.com")
        assert page.url == f"https://{DOWN}:8443/display/kestrel"
        await browser.close()
    status, out = await curl(ROOMS, f"https://{GRAPH}:8081/v1.0/me")
    assert status != 0, "the room can reach the calendar service: the test proves nothing"
    seen = (await asked(CLOUD, f"{control}/requests"))["requests"]
    assert seen
    assert {one["peer"] for one in seen} == {UP}, "somebody else than the appliance asked"
    pushed = (await asked(ROOMS, "https://127.0.0.1:8082/control/requests"))["requests"]
    assert {one["peer"] for one in pushed} == {DOWN}


GUARD = """
import sys
def note(event, told):
    if event == "socket.connect" and isinstance(told[1], tuple):
        with open({log!r}, "a") as file:
            file.write(f"{{told[1]}}\\n")
sys.addaudithook(note)
"""


async def test_a_codec_opens_no_connection_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "connections"
    (tmp_path / "sitecustomize.py").write_text(GUARD.format(log=str(log)))
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "simulate", "cisco", "--json"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert await told(process)
    process.terminate()
    await process.wait()
    assert not log.exists()
    check = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    proof = await asyncio.create_subprocess_exec(
        sys.executable, "-c", check, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    await proof.wait()
    assert "127.0.0.1" in log.read_text(), "the guard notes nothing"
