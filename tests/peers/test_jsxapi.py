"""The simulated codec, used by Cisco's own client for Node, over each of its ways."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.peers.conftest import node, run, simulated

WAYS = ("ws", "wss", "ssh")
SHAPES: dict[str, Any] = {"ws": 50, "wss": 50, "ssh": "50"}
"""The volume, as each way gives a number."""


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


async def use(way: str, *, password: str = "") -> dict[str, Any]:
    """What the client finds."""
    now = datetime.now(UTC)
    entry = {
        "Id": "7",
        "Title": "Tea",
        "Number": "1@example.com",
        "Protocol": "SIP",
        "Organizer": {"Name": "Ann Baker"},
        "Time": {"StartTime": stamp(now), "Duration": 30},
    }
    words = [] if way == "wss" else ["--http"]
    async with simulated("cisco", *words) as told:
        address = f"ssh://{told['ssh']}" if way == "ssh" else told["websocket"].removesuffix("/ws")
        given = {
            "address": address,
            "username": told["username"],
            "password": password or told["password"],
            "list": {"Bookings": [entry]},
            "request": stamp(now + timedelta(hours=2)),
        }
        status, out, errors = await run(*node("codec.js", "jsxapi"), json.dumps(given))
    assert status == 0, errors
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_ciscos_client_puts_lists_dials_and_hears(way: str) -> None:
    found = await use(way)
    assert found["volume"] == SHAPES[way]
    assert found["adhoc"] == "True"
    assert str(found["list"]["ResultInfo"]["TotalRows"]) == "1"
    assert found["list"]["Booking"][0]["Title"] == "Tea"
    assert str(found["dial"]["CallId"]) == "1"
    assert found["calls"][0]["RemoteNumber"] == "1@example.com"
    assert found["ended"]["RemoteURI"] == "sip:1@example.com"
    assert ["Updated"] in found["heard"]
    assert ["Start"] in found["heard"]
    assert ["BookingRequested"] in found["heard"]
    states = ["Dialling", "Ringing", "Connecting", "Connected", "ghost"]
    assert [one for one in found["heard"] if one in states] == states
    assert len(found["refusals"]) == 3
    assert not any("done" in one for one in found["refusals"])


@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_password_is_refused_as_the_client_expects(way: str) -> None:
    found = await use(way, password="wrong")
    assert set(found) == {"refused"}
    assert way == "ssh" or "403" in found["refused"]
