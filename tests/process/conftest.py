"""The real program, started as a person or systemd would start it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bridge.views import pages
from connector.simulators.cisco import Address, Codec, serve
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Meeting, Tenant, app
from rooms.database import Database
from tests.bridge.conftest import Views
from tests.fakes.virtual import FixedClock
from tests.process.chromium import browser

__all__ = ["browser"]  # a fixture
PROGRAM = [sys.executable, "-m", "bridge"]
ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Real seconds that a process may take for anything."""
EAGER, CALM = 0.02, 0.15
"""Seconds between two looks: at first, and when it takes long, as each look costs both processes."""
HOUR = timedelta(hours=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts processes, which the guard against blocking calls knows nothing of."""
    for item in items:
        if "tests/process" in str(item.path):
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.allow_blocking)


async def until(
    found: Callable[[], Coroutine[Any, Any, Any]], words: str = "", *, seconds: float = 0
) -> Any:
    """Ask until there is an answer that is true; what a process does takes the time it takes."""
    last: Any = None
    pause = EAGER
    try:
        async with asyncio.timeout(seconds or PATIENCE):
            while not (last := await found()):
                await asyncio.sleep(pause)
                pause = min(pause * 1.1, CALM)
    except TimeoutError:
        raise AssertionError(f"never came: {words or found}") from None
    return last


class Running:
    """An appliance that runs as a process."""

    def __init__(self, process: asyncio.subprocess.Process, http: aiohttp.ClientSession) -> None:
        self.process = process
        self.http = http
        self.log: list[str] = []
        self.port = 0

    async def read_log(self) -> None:
        """Collect what the process says until it ends."""
        assert self.process.stderr
        async for line in self.process.stderr:
            self.log.append(line.decode().rstrip())
            words = self.log[-1].split()
            if "serving" in words and "port" in words:
                self.port = int(words[-1])

    async def get(self, path: str) -> Any:
        """What the API answers; None while nobody answers."""
        try:
            async with self.http.get(f"http://127.0.0.1:{self.port}{path}") as answer:
                return await answer.json() if answer.status == 200 else None
        except aiohttp.ClientConnectionError:
            return None

    async def titles(self, room: str = "kestrel") -> list[str] | None:
        """What a room shows; None where it was never read."""
        told = await self.get(f"/api/v1/rooms/{room}/agenda")
        return [one["title"] for one in told["bookings"]] if told and told["as_of"] else None

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the process; its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


class Site:
    """A site: a simulated tenant, a folder with a configuration, and processes that use it."""

    def __init__(
        self, folder: Path, tenant: Tenant, graph_url: str, http: aiohttp.ClientSession
    ) -> None:
        self.folder = folder
        self.tenant = tenant
        self.http = http
        self.settings: dict[str, Any] = {
            "listen": {"address": "127.0.0.1", "port": "0"},
            "data_dir": str(folder / "data"),
            "sources": {
                "m365": {
                    "kind": "graph",
                    "tenant_id": TENANT_ID,
                    "client_id": CLIENT_ID,
                    "client_secret_file": "secret",
                    "graph_url": graph_url,
                    "login_url": graph_url,
                }
            },
            "poll": {"near": "1s", "far": "1s"},
            "acknowledge": ["cisco_permitted_use"],
        }
        self.secrets = {"secret": "right", "codec": "right"}
        """Files with secrets, beside the configuration."""
        self.lists: list[dict[str, str]] = []
        """Lists of rooms: `id` and `name`."""
        self.rooms: list[dict[str, Any]] = []
        self.add_room("kestrel")

    def add_room(self, name: str, **more: Any) -> None:
        mailbox = f"{name}@example.com"
        self.tenant.add_mailbox(mailbox, name=name.title())
        usual = {"id": name, "name": name.title(), "mailbox": mailbox, "time_zone": "Europe/London"}
        self.rooms.append(usual | more)

    def add_codec(self, room: int, unit: Address) -> None:
        self.rooms[room]["endpoints"] = [
            {
                "id": f"{self.rooms[room]['id']}-codec",
                "kind": "cisco",
                "address": unit.url,
                "username": "bridge",
                "password_file": "codec",
                "tls": {"fingerprint": unit.fingerprint},
            }
        ]

    def book(self, subject: str, room: str = "kestrel", hour: float = 1, **more: Any) -> str:
        """Put a meeting into a room's calendar; its id in the tenant."""
        start = datetime.now(UTC).replace(microsecond=0) + hour * HOUR
        meeting = Meeting(subject=subject, start=start, end=start + HOUR / 2, **more)
        return self.tenant.mailbox(f"{room}@example.com").add(meeting).id

    def write(self) -> Path:
        """Write the configuration."""
        for name, secret in self.secrets.items():
            (self.folder / name).write_text(secret)
            (self.folder / name).chmod(0o600)
        (self.folder / "rooms.yaml").write_text(
            json.dumps({"room_lists": self.lists, "rooms": self.rooms})
        )
        file = self.folder / "bridge.yaml"
        file.write_text(json.dumps(self.settings))
        return file

    @asynccontextmanager
    async def running(self, **environment: str) -> AsyncIterator[Running]:
        """Start the appliance and wait until it serves."""
        running = await self.start(**environment)
        reading = asyncio.create_task(running.read_log())
        try:

            async def serves() -> bool:
                assert running.process.returncode is None, "\n".join(running.log)
                return bool(running.port and await running.get("/healthz"))

            await until(serves, "serving")
            yield running
        finally:
            if running.process.returncode is None:
                running.process.kill()
            await running.process.wait()
            await reading

    async def start(self, **environment: str) -> Running:
        """Start the appliance."""
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *("run", "--config", str(self.write())),
            cwd=ROOT,
            env={**os.environ, **environment},
            stderr=asyncio.subprocess.PIPE,
        )
        return Running(process, self.http)

    async def command(self, *words: str, stdin: str = "") -> tuple[int, str, str]:
        """Run one command; its exit status, output and errors."""
        return await command(*words, "--config", str(self.folder / "bridge.yaml"), stdin=stdin)


async def command(*words: str, stdin: str = "", **more: Any) -> tuple[int, str, str]:
    """Run one command; its exit status, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *words,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        **more,
    )
    async with asyncio.timeout(PATIENCE):
        out, errors = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


@pytest.fixture
def views_of_now(tmp_path: Path) -> Views:
    """Views whose clock shows what the browser's does; made before the loop runs."""
    pages.files()
    return Views(Database(tmp_path / "bridge.db"), FixedClock(datetime.now(UTC)))


@pytest.fixture
def tenant() -> Tenant:
    made = Tenant()
    made.register_app(secret="right")
    return made


@pytest.fixture
async def site(tmp_path: Path, tenant: Tenant) -> AsyncIterator[Site]:
    server = TestServer(app(tenant))
    async with server, aiohttp.ClientSession() as http:
        yield Site(tmp_path, tenant, str(server.make_url("/")).rstrip("/"), http)


@pytest.fixture
async def codec(site: Site) -> AsyncIterator[Codec]:
    """Kestrel's codec."""
    unit = Codec(users={"bridge": "right"})
    async with serve(unit) as address:
        site.add_codec(0, address)
        yield unit
