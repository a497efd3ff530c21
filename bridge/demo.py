"""The whole system on loopback, with nothing to configure; everything outside is simulated."""

import asyncio
import random
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from aiohttp import web

from bridge.app import Appliance, running
from bridge.clock import SystemClock
from bridge.prepared import prepared
from bridge.settings.load import usable
from connector.simulators import cisco, graph
from rooms.room import Room

CODECS = 8
"""Rooms that have a simulated codec, whatever their number."""
LIFE_EVERY = 90.0
"""Seconds between two meetings that somebody makes in the simulated tenant."""
CANARY = "somebody@example.com"
"""A mailbox that the identity may not read."""
SECRET = "simulated"  # noqa: S105 - for loopback only
_BIRDS = ("Kestrel", "Heron", "Avocet", "Puffin", "Curlew", "Lapwing", "Osprey", "Plover")
_FLOORS = ("Ground", "1", "2", "3")
_SIZES = (8, 4, 12, 6)
_IMPROMPTU = ("Quick chat", "Whiteboard session", "Catch-up", "Phone call with a customer")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A demo that runs."""

    appliance: Appliance
    rooms: Sequence[Room]
    codecs: Sequence[cisco.Address]
    graph_url: str
    token: str

    @property
    def url(self) -> str:
        """Where the appliance answers."""
        return f"http://127.0.0.1:{self.appliance.port}"

    def addresses(self) -> dict[str, object]:
        """What to open, for scripts; what is not built yet is null."""
        return {
            "display": f"{self.url}/display/{self.rooms[0].id}",
            "api": f"{self.url}/api/v1",
            "token": self.token,
            "ews": None,
            "cisco": {"url": self.codecs[0].url, "username": "bridge", "password": SECRET},
            "graph": {"url": self.graph_url, "control": f"{self.graph_url}/control"},
        }


def demo_rooms(count: int) -> list[Room]:
    """Rooms with the names of birds."""
    return [
        Room(
            id=name.lower().replace(" ", "-"),
            name=name,
            mailbox=f"{name.lower().replace(' ', '-')}@example.com",
            source="m365",
            time_zone=_local_zone(),
            building="Harbour House",
            floor=_FLOORS[number % len(_FLOORS)],
            capacity=_SIZES[number % len(_SIZES)],
        )
        for number in range(count)
        for name in [_name(number)]
    ]


def _name(number: int) -> str:
    again, which = divmod(number, len(_BIRDS))
    return _BIRDS[which] if not again else f"{_BIRDS[which]} {again + 1}"


def _local_zone() -> str:
    """The zone of this machine, so that the demo's day is the day of whoever looks."""
    target = Path("/etc/localtime").resolve()
    _, found, name = str(target).partition("/zoneinfo/")
    return name if found and name not in {"Etc/UTC", "UCT"} else "UTC"


@asynccontextmanager
async def demo(folder: Path, *, port: int, count: int) -> AsyncIterator[Demo]:
    """Run simulators and the appliance until the end; its data live in the folder."""
    rooms = await asyncio.to_thread(demo_rooms, count)
    tenant = graph.Tenant()
    scope = [room.mailbox for room in rooms]
    tenant.register_app(secret=SECRET, scope=scope, roles=["Place.Read.All"])
    tenant.add_mailbox(CANARY, name="Somebody")
    await asyncio.to_thread(graph.populate, tenant, rooms, datetime.now(UTC).date())
    async with AsyncExitStack() as stack:
        graph_url = await stack.enter_async_context(serve_graph(tenant))
        units = [
            cisco.Codec(users={"bridge": SECRET}, name=f"{room.name} codec")
            for room in rooms[:CODECS]
        ]
        codecs = await stack.enter_async_context(cisco.serve_all(units))
        file = await asyncio.to_thread(_configure, folder, port, rooms, codecs, graph_url)
        configuration, _ = await asyncio.to_thread(usable, file)
        made = await asyncio.to_thread(prepared, configuration, SystemClock())
        appliance = await stack.enter_async_context(running(made))
        _, token = await made.tokens.create("demo", ("read", "join"), actor="demo")
        await _all_read(appliance, rooms)
        life = asyncio.create_task(_life(tenant, rooms[1:]))
        stack.callback(life.cancel)
        yield Demo(
            appliance=appliance, rooms=rooms, codecs=codecs, graph_url=graph_url, token=token
        )


@asynccontextmanager
async def serve_graph(
    tenant: graph.Tenant,
    address: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve a simulated tenant; its URL."""
    runner = web.AppRunner(graph.app(tenant), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, ssl_context=tls).start()
        yield f"http{'s' if tls else ''}://{address}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _configure(
    folder: Path,
    port: int,
    rooms: Sequence[Room],
    codecs: Sequence[cisco.Address],
    graph_url: str,
) -> Path:
    """Write the configuration that a person would write."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    bridge = {
        "listen": {"address": "127.0.0.1", "port": str(port)},
        "data_dir": str(folder / "data"),
        "sources": {
            "m365": {
                "kind": "graph",
                "tenant_id": graph.TENANT_ID,
                "client_id": graph.CLIENT_ID,
                "client_secret_file": "secret",
                "graph_url": graph_url,
                "login_url": graph_url,
                "mailboxes": {"domains": ["example.com"], "canary": CANARY},
            }
        },
        "poll": {"near": "2s", "far": "2s"},
        "acknowledge": ["cisco_permitted_use"],
    }
    listed = [_entry(room) for room in rooms]
    for entry, codec in zip(listed, codecs, strict=False):
        entry["endpoints"] = [
            {
                "id": f"{entry['id']}-codec",
                "kind": "cisco",
                "address": codec.url.removeprefix("https://"),
                "username": "bridge",
                "password_file": "secret",
                "tls": {"fingerprint": codec.fingerprint},
            }
        ]
    # JSON is YAML too.
    (folder / "rooms.yaml").write_bytes(_pretty({"rooms": listed}))
    file = folder / "bridge.yaml"
    file.write_bytes(_pretty(bridge))
    return file


def _entry(room: Room) -> dict[str, object]:
    return {
        "id": room.id,
        "name": room.name,
        "mailbox": room.mailbox,
        "time_zone": room.time_zone,
        "building": room.building,
        "floor": room.floor,
        "capacity": str(room.capacity),
    }


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value))


async def _all_read(appliance: Appliance, rooms: Sequence[Room]) -> None:
    """Wait until every room's calendar was read."""
    left = list(rooms)
    while left:
        left = [room for room in left if appliance.house.store.kept(room.id) is None]
        await asyncio.sleep(0.05)


async def _life(tenant: graph.Tenant, rooms: Sequence[Room]) -> None:
    """Somebody books one of the other rooms now and then, so that there is something to see."""
    chance = random.Random()  # noqa: S311 - protects nothing
    while rooms:
        await asyncio.sleep(LIFE_EVERY)
        room = chance.choice(rooms)
        now = tenant.now()
        start = now.replace(minute=0, second=0, microsecond=0) + timedelta(
            minutes=15 * (now.minute // 15 + chance.randint(1, 12))
        )
        tenant.mailbox(room.mailbox).add(
            graph.Meeting(
                subject=chance.choice(_IMPROMPTU),
                start=start,
                end=start + timedelta(minutes=15),
                uid=secrets.token_hex(16),
            )
        )
