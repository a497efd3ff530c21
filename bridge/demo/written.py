"""The demo's configuration, as a person would write it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bridge.demo.names import BUILDING, LIST
from bridge.demo.tenancy import CANARY, SECRET
from bridge.demo.units import Systems
from connector.simulators import graph
from rooms.room import Room

CHECKED = 1
"""The number of the room whose meetings must be checked in to."""
CHECK_IN = {"enabled": "true", "ahead": "0s"}
"""How: the meetings that are made now too, or there would be none for two hours."""


def write(folder: Path, port: int, rooms: Sequence[Room], systems: Systems, graph_url: str) -> Path:
    """Write bridge.yaml, rooms.yaml and the files of secrets; where the first is."""
    _keep(folder / "secret", SECRET)
    for system in systems.every:
        if system.login:
            _keep(folder / system.login.file, system.login.password)
    bridge: dict[str, object] = {
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
        "writes": "adhoc",
        "acknowledge": ["cisco_permitted_use"],
    }
    if port:  # what is chosen by the system is known too late to stand here
        bridge["public_url"] = f"http://127.0.0.1:{port}"
    # JSON is YAML too.
    listed = [_entry(room, systems) for room in rooms]
    for entry in listed[CHECKED : CHECKED + 1]:
        entry["check_in"] = CHECK_IN
    lists = [{"id": LIST, "name": BUILDING}]
    (folder / "rooms.yaml").write_bytes(_pretty({"rooms": listed, "room_lists": lists}))
    file = folder / "bridge.yaml"
    file.write_bytes(_pretty(bridge))
    return file


def _keep(file: Path, secret: str) -> None:
    file.write_text(secret)
    file.chmod(0o600)


def _entry(room: Room, systems: Systems) -> dict[str, object]:
    return {
        "id": room.id,
        "name": room.name,
        "mailbox": room.mailbox,
        "time_zone": room.time_zone,
        "building": room.building,
        "floor": room.floor,
        "capacity": str(room.capacity),
        "features": list(room.features),
        "lists": list(room.lists),
        "endpoints": [system.entry for system in systems.of(room.id)],
    }


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value))
