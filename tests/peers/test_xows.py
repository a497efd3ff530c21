"""The simulated codec, used by Cisco's own client for Python, over its WebSocket."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.peers.conftest import HERE, run, simulated
from tests.process.conftest import ROOT

WAYS = ("ws", "wss")


def client() -> str:
    """The Python that has xows; without it the test is skipped."""
    if not list(ROOT.glob(".venv-peers/lib/*/site-packages/xows")):
        pytest.skip("no xows here: make peers")
    return str(ROOT / ".venv-peers" / "bin" / "python")


async def use(way: str, *words: str, password: str = "") -> dict[str, Any]:
    """What the client finds."""
    python = client()
    entry = {
        "Id": "7",
        "Title": "Tea",
        "Number": "1@example.com",
        "Protocol": "SIP",
        "Organizer": {"Name": "Ann Baker"},
        "Time": {"StartTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "Duration": 30},
    }
    http = [] if way == "wss" else ["--http"]
    async with simulated("cisco", *http, *words) as told:
        given = {
            "address": told["websocket"],
            "username": told["username"],
            "password": password or told["password"],
            "list": {"Bookings": [entry]},
        }
        status, out, errors = await run(python, str(HERE / "use_xows.py"), json.dumps(given))
    assert status == 0, errors
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_ciscos_client_reads_commands_and_hears(way: str) -> None:
    found = await use(way)
    assert found["volume"] == 50
    serial = found["query"]["Status"]["SystemUnit"]["Hardware"]["Module"]["SerialNumber"]
    assert serial == "SIM00000001"
    assert found["set"] is True
    assert found["list"]["Booking"][0]["Title"] == "Tea"
    assert found["unsubscribed"] is True
    assert found["refused"] == ["CommandError", "MethodNotFound", "InvalidParameter"]
    heard = found["heard"]
    current = [
        one["Status"]["Bookings"]["Current"]["Id"]
        for one in heard
        if "Bookings" in str(one) and "Status" in one
    ]
    assert current == ["", "7"]
    states = [one["Status"]["Call"][0] for one in heard if "Call" in one.get("Status", {})]
    assert [one.get("Status", "ghost") for one in states] == [
        *("Dialling", "Ringing", "Connecting", "Connected"),
        "ghost",
    ]
    assert any("Updated" in one.get("Event", {}).get("Bookings", {}) for one in heard)


@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_password_is_refused_as_the_client_expects(way: str) -> None:
    assert await use(way, password="wrong") == {"error": "AuthenticationFailure"}


async def test_a_unit_whose_websocket_is_off_is_told_from_a_wrong_password() -> None:
    assert await use("wss", "--version", "ce9.15.17.4") == {"error": "NotEnabledError"}
