"""The control API, and a unit on the network."""

from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest

from connector.simulators.poly import NotJoinable, Unit, serve
from connector.simulators.poly.control import routes
from connector.simulators.poly.families import FAMILIES, NAMES
from connector.simulators.poly.faults import Kind
from connector.simulators.poly.switches import Switches

from .poly_room import NOON, meeting, room

GUIDE = Path(__file__).parents[3] / "docs" / "simulators-poly.md"


async def test_the_screen_is_there_without_a_password() -> None:
    async with room() as unit:
        unit.unit.hold([meeting("over", hour=9), meeting("next")])
        found = await unit.control("GET", "/screen")
    assert (found["now"], found["calendar"]) == ("2026-02-06T12:00:00Z", "DISABLED")
    (shown,) = found["meetings"]
    assert (shown["id"], shown["join"], shown["dial"]) == ("next", True, "123@example.com")


async def test_join_is_pressed_once() -> None:
    async with room() as unit:
        unit.unit.hold([meeting(), meeting("plain", numbers=())])
        call = await unit.control("POST", "/join", {"id": "m1"})
        assert (call["number"], call["meeting"]) == ("123@example.com", "m1")
        assert unit.unit.screen().meetings[0].in_call
        for identity in ("m1", "plain", "nobody"):
            told = await unit.control("POST", "/join", {"id": identity}, 409)
            assert identity in told["error"]
        await unit.control("POST", "/hangup", {})
        await unit.control("POST", "/hangup", {}, 409)


async def test_a_cancelled_meeting_cannot_be_joined() -> None:
    unit = Unit("trio", clock=lambda: NOON)
    unit.hold([meeting(canceled=True)])
    assert unit.screen().meetings == ()
    unit.settings.set("exchange.meeting.showCancelledMeetings", "1")
    assert not unit.screen().meetings[0].join
    with pytest.raises(NotJoinable):
        unit.press_join("m1")


async def test_meetings_can_be_given_without_any_server() -> None:
    async with room() as unit:
        given = [{"id": "a", "start": "2026-02-06T13:00:00Z", "end": "2026-02-06T14:00:00Z"}]
        told = await unit.control("PUT", "/meetings", given)
        assert [one["id"] for one in told["meetings"]] == ["a"]
        await unit.control("PUT", "/meetings", [{"id": "a"}], 400)


async def test_a_calendar_is_set_up_in_each_familys_own_settings() -> None:
    for family in NAMES:
        async with room(family) as unit:
            account: dict[str, Any] = {
                "server": "bridge.example.com",
                "username": "kestrel",
                "password": "hush",
                "mailbox": "kestrel@example.com",
                "domain": "",
            }
            told = await unit.control("PUT", "/calendar", account)
            assert "hush" not in told.values()
            assert set(told) < set(FAMILIES[family].defaults)
            made = unit.unit.settings.account()
            assert made is not None
            assert (made.server, made.username, made.mailbox) == (
                "bridge.example.com",
                "kestrel",
                "kestrel@example.com",
            )
            assert (await unit.control("GET", ""))["calendar"] == "CONNECTING"
            await unit.control("PATCH", "/settings", {"no.such": "1"}, 400)


async def test_switches_and_faults_that_are_not_known_are_refused() -> None:
    async with room() as unit:
        assert (await unit.control("PATCH", "/switches", {"xsrf": False}))["xsrf"] is False
        await unit.control("PATCH", "/switches", {"colour": "red"}, 400)
        await unit.control("PATCH", "/switches", {"basic": "perhaps"}, 400)
        await unit.control("POST", "/faults", {"kind": "slow", "seconds": 1})
        await unit.control("POST", "/faults", {"kind": "odd"}, 400)
        assert (await unit.control("DELETE", "/faults"))["faults"] == []


async def test_a_unit_that_restarts_is_away_for_a_while() -> None:
    async with room() as unit:
        await unit.control("POST", "/reboot", {"seconds": 60})
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await unit.http.delete("/rest/session")
        unit.clock.move(seconds=60)
        await unit.ask("DELETE", "/rest/session", status=400)
        assert [one["status"] for one in (await unit.control("GET", "/requests"))["requests"]] == [
            0,
            400,
        ]


async def test_a_unit_is_served_with_a_certificate_of_its_own() -> None:
    async with serve(Unit("trio")) as address, aiohttp.ClientSession() as http:
        pin = aiohttp.Fingerprint(bytes.fromhex(address.fingerprint.removeprefix("sha256:")))
        async with http.get(f"{address.url}/control", ssl=pin) as answer:
            assert (await answer.json())["fingerprint"] == address.fingerprint
        assert (address.telnet_port, address.ssh_port) == (0, 0)
        async with http.post(f"{address.url}/control/certificate", json={}, ssl=pin) as answer:
            told = (await answer.json())["fingerprint"]
        assert told == address.fingerprint
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await http.get(f"{address.url}/control", ssl=pin)


def test_the_guide_names_everything() -> None:
    guide = GUIDE.read_text()
    for route in routes():
        assert f"{route.method} {route.path}`" in guide, route
    for name in (*get_args(Kind), *Switches.__struct_fields__, *NAMES):
        assert f"`{name}`" in guide, name
