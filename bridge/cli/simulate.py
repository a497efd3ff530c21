"""`roombridge simulate`: one simulator by itself."""

import asyncio
import signal
import ssl
import sys
import tempfile
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import web

from bridge.demo import SECRET, demo_rooms, serve_graph
from connector.certificates import self_signed
from connector.simulators import cisco as cisco_simulator
from connector.simulators import exchange as exchange_simulator
from connector.simulators import google as google_simulator
from connector.simulators import graph as graph_simulator
from connector.simulators import poly as poly_simulator
from connector.simulators import sip as sip_simulator
from rooms.room import Room

SERVICE_ACCOUNT = "service@example.com"
"""Somebody with whom all rooms are shared, for `delegate`."""

WRITER_ID = "2d9e4c1f-8a7b-4f60-9c35-6b1a0d0c0b0a"
"""An application beside the one that reads: it may write."""
ROOM_LIST = "rooms@example.com"

Started = Callable[[Namespace], AbstractAsyncContextManager[dict[str, str]]]


def graph(given: Namespace) -> int:
    """A Microsoft 365 tenant, until a signal."""
    return _run(_graph, given)


def exchange(given: Namespace) -> int:
    """An Exchange Server, until a signal."""
    return _run(_exchange, given)


def google(given: Namespace) -> int:
    """A Google Workspace, until a signal."""
    return _run(_google, given)


def cisco(given: Namespace) -> int:
    """A Cisco room system, until a signal."""
    return _run(_cisco, given)


def poly(given: Namespace) -> int:
    """A Poly room system, until a signal."""
    return _run(_poly, given)


def sip(given: Namespace) -> int:
    """A SIP room system and a meeting, until a signal."""
    return _run(_sip, given)


@asynccontextmanager
async def _graph(given: Namespace) -> AsyncIterator[dict[str, str]]:
    tenant = graph_simulator.Tenant()
    tenant.register_app(secret=SECRET, public=True, roles=["Calendars.Read", "Place.Read.All"])
    tenant.register_app(WRITER_ID, secret=SECRET, roles=["Calendars.ReadWrite"])
    rooms = await asyncio.to_thread(demo_rooms, given.rooms)
    if given.empty:
        for room in rooms:
            tenant.add_mailbox(room.mailbox, name=room.name, time_zone=room.time_zone)
    else:
        await asyncio.to_thread(graph_simulator.populate, tenant, rooms, datetime.now(UTC).date())
    tenant.add_room_list(ROOM_LIST, name="All rooms", rooms=[room.mailbox for room in rooms])
    tenant.add_account(SERVICE_ACCOUNT, mailboxes=[room.mailbox for room in rooms])
    tls = await asyncio.to_thread(_trusted, given.ca, given.name) if given.ca else None
    async with serve_graph(tenant, given.address, given.port, tls) as url:
        yield {
            "graph_url": url,
            "login_url": url,
            "control": f"{url}/control",
            "tenant_id": graph_simulator.TENANT_ID,
            "client_id": graph_simulator.CLIENT_ID,
            "client_secret": SECRET,
            "writer_client_id": WRITER_ID,
            "service_account": SERVICE_ACCOUNT,
            "room_list": ROOM_LIST,
            "mailboxes": " ".join(room.mailbox for room in rooms),
        }


@asynccontextmanager
async def _exchange(given: Namespace) -> AsyncIterator[dict[str, str]]:
    server = exchange_simulator.Exchange(release=given.release)
    rooms = await asyncio.to_thread(demo_rooms, given.rooms)
    for room in rooms:
        server.add_mailbox(room.mailbox, name=room.name, time_zone=room.time_zone)
    if not given.empty:
        await asyncio.to_thread(
            exchange_simulator.populate, server, rooms, datetime.now(UTC).date()
        )
    addresses = [room.mailbox for room in rooms]
    server.add_room_list(ROOM_LIST, addresses, name="All rooms")
    server.add_user(
        exchange_simulator.USERNAME, SECRET, impersonates=addresses, mailbox=SERVICE_ACCOUNT
    )
    server.add_user("EXAMPLE\\delegate", SECRET, delegate_of=addresses)
    tls = await asyncio.to_thread(_trusted, given.ca, given.name) if given.ca else None
    if tls:
        # A certificate of its own is its own authority.
        pem = await asyncio.to_thread(given.ca.read_text)
        server.connections.tickets.certificate = ssl.PEM_cert_to_DER_cert(pem)
    async with exchange_simulator.serve(server, given.address, given.port, tls) as url:
        yield {
            "url": f"{url}{exchange_simulator.PATH}",
            "username": exchange_simulator.USERNAME,
            "password": SECRET,
            "control": f"{url}/control",
            "room_list": ROOM_LIST,
            "mailboxes": " ".join(addresses),
        }


@asynccontextmanager
async def _google(given: Namespace) -> AsyncIterator[dict[str, str]]:
    workspace = google_simulator.Workspace()
    account = workspace.add_service_account()
    workspace.admins.add(account.email)
    workspace.channels.plain_http = True
    rooms = await asyncio.to_thread(demo_rooms, given.rooms)
    for room in rooms:
        await asyncio.to_thread(_google_room, workspace, room)
    if not given.empty:
        today = datetime.now(UTC).date()
        await asyncio.to_thread(google_simulator.populate, workspace.calendars(), today)
    runner = web.AppRunner(google_simulator.app(workspace), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, given.address, given.port).start()
        url = f"http://{given.address}:{runner.addresses[0][1]}"
        key = account.key_file(f"{url}/token")
        if given.key:
            await asyncio.to_thread(_write_key, given.key, key)
        yield {
            "calendar_url": f"{url}/calendar/v3",
            "directory_url": f"{url}/admin/directory/v1",
            "token_url": f"{url}/token",
            "control": f"{url}/control",
            "account": account.email,
            "service_account": str(given.key) if given.key and not given.json else key,
            "mailboxes": " ".join(room.mailbox for room in rooms),
        }
    finally:
        await runner.cleanup()


def _google_room(workspace: google_simulator.Workspace, room: Room) -> None:
    workspace.add_room(
        room.mailbox,
        name=room.name,
        time_zone=room.time_zone,
        building=room.building,
        floor=room.floor,
        capacity=room.capacity,
        shared_with=[google_simulator.ACCOUNT],
        role="writer",
    )


def _write_key(file: Path, key: str) -> None:
    """The key, for its owner's eyes only."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        sys.exit(f"{file} cannot be written: {error.strerror}")
    file.write_text(key)


@asynccontextmanager
async def _cisco(given: Namespace) -> AsyncIterator[dict[str, str]]:
    codec = cisco_simulator.Codec(version=given.version, users={"bridge": SECRET})
    async with cisco_simulator.serve(
        codec, given.address, given.port, tls=not given.http, ssh=given.ssh
    ) as address:
        yield {
            "url": address.url,
            "fingerprint": address.fingerprint,
            "websocket": address.ws_url,
            "ssh": f"{given.address}:{address.ssh_port}",
            "host_key": address.host_key,
            "username": "bridge",
            "password": SECRET,
            "control": f"{address.url}/control",
        }


@asynccontextmanager
async def _poly(given: Namespace) -> AsyncIterator[dict[str, str]]:
    unit = poly_simulator.Unit(given.family, software=given.software)
    user = unit.family.user
    unit.users[user] = SECRET
    unit.switch(rest=True)
    if given.server:
        password = await asyncio.to_thread(_password, given.password_file)
        unit.configure(given.server, given.username, password, given.mailbox)
    async with poly_simulator.serve(
        unit,
        given.address,
        given.port,
        tls=not given.http,
        telnet_port=given.telnet_port,
        ssh_port=given.ssh_port,
    ) as address:
        yield {
            "url": address.url,
            "fingerprint": address.fingerprint,
            "telnet_port": str(address.telnet_port),
            "ssh_port": str(address.ssh_port),
            "ssh_fingerprint": address.ssh_fingerprint,
            "username": user,
            "password": SECRET,
            "control": f"{address.url}/control",
        }


def _password(file: Path | None) -> str:
    """What stands in a file, without its last line end."""
    try:
        return file.read_text().rstrip("\n") if file else ""
    except OSError as error:
        sys.exit(f"{file} cannot be read: {error.strerror}")


@asynccontextmanager
async def _sip(given: Namespace) -> AsyncIterator[dict[str, str]]:
    settings: dict[str, object] = {
        "refer": int(given.refer) if given.refer.isdecimal() else given.refer,
        "tells": given.tells,
        "password": SECRET if given.login else "",
    }
    try:
        switches = msgspec.convert(settings, sip_simulator.Switches)
    except msgspec.ValidationError as error:
        sys.exit(f"--refer: {error}")
    unit, meeting = sip_simulator.Agent(switches=switches), sip_simulator.Meeting()
    unit.noticed = _telling("unit", given)
    meeting.noticed = _telling("meeting", given)
    async with (
        sip_simulator.serve(unit, given.address, given.port) as room,
        sip_simulator.serve(meeting, given.address) as away,
    ):
        unit.route = away
        yield {
            "address": str(room),
            "aor": room.uri,
            "meeting": str(away),
            "username": switches.username if given.login else "",
            "password": SECRET if given.login else "",
        }


def _telling(who: str, given: Namespace) -> Callable[[sip_simulator.Seen], None]:
    """Each request that comes is a line."""

    def tell(seen: sip_simulator.Seen) -> None:
        told = {"to": who, "method": seen.method, "uri": seen.uri, "transport": seen.transport}
        if refer := seen.text["Refer-To"]:
            told["refer_to"] = refer
        line = msgspec.json.encode(told).decode() if given.json else "  ".join(told.values())
        print(line, flush=True)

    return tell


def _trusted(authority: Path, name: str) -> ssl.SSLContext:
    """A certificate of its own, written where its clients find it; the key stays here."""
    names = [*filter(None, [name]), "localhost", "127.0.0.1"]
    made = self_signed(names, days=30, now=datetime.now(UTC))
    authority.write_bytes(made.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as both:
        both.write(made.pem + made.key)
        both.flush()
        context.load_cert_chain(both.name)
    return context


def _run(started: Started, given: Namespace) -> int:
    asyncio.run(_until_signal(started, given))
    return 0


async def _until_signal(started: Started, given: Namespace) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with started(given) as told:
        if given.json:
            print(msgspec.json.encode(told).decode(), flush=True)
        else:
            print("Simulated, and nothing else.")
            for name, value in told.items():
                print(f"  {name:16} {value}", flush=True)
        await stop.wait()
