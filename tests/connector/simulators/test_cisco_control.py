"""The control API."""

from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from connector.simulators.cisco.control import routes
from connector.simulators.cisco.faults import Kind
from connector.simulators.cisco.versions import Switches

from .cisco_room import CLEAR, LOGIN, NOON, booking, login, room, xml_booking, xml_list

GUIDE = Path(__file__).parents[3] / "docs" / "simulators-cisco.md"


async def test_the_screen_is_there_without_a_password() -> None:
    async with room() as unit:
        await unit.put(booking("b", start=NOON + timedelta(minutes=5)))
        found = await unit.control("GET", "/screen")
    assert found["now"] == "2026-02-06T12:00:00Z"
    (shown,) = found["bookings"]
    assert (shown["id"], shown["join"], shown["dial"]) == ("b", True, "123@example.com")


async def test_bookings_come_with_the_last_push_as_it_was() -> None:
    async with room() as unit:
        assert (await unit.control("GET", "/bookings"))["push"] is None
        text = xml_list(xml_booking())
        await unit.push(text)
        found = await unit.control("GET", "/bookings")
    assert [one["id"] for one in found["bookings"]] == ["1"]
    assert (found["push"]["path"], found["push"]["body"]) == ("/bookingsputxml", text)


async def test_the_log_leaves_the_control_api_out_and_can_be_begun_anew() -> None:
    async with room() as unit:
        await unit.push(CLEAR)
        (seen,) = (await unit.control("GET", "/requests"))["requests"]
        assert (seen["method"], seen["path"], seen["status"]) == ("POST", "/bookingsputxml", 200)
        assert (seen["user"], seen["peer"]) == ("bridge", "127.0.0.1")
        await unit.control("DELETE", "/requests")
        assert (await unit.control("GET", "/requests"))["requests"] == []


async def test_join_can_be_pressed_and_the_call_ended() -> None:
    async with room() as unit:
        await unit.put(booking("b"))
        call = await unit.control("POST", "/join", {"id": "b"})
        assert call["number"] == "123@example.com"
        await unit.control("POST", "/join", {"id": "b"}, status=409)
        await unit.control("POST", "/hangup", {})
        await unit.control("POST", "/hangup", status=409)
        assert (await unit.control("GET", "/screen"))["calls"] == []


async def test_a_reboot_loses_the_list() -> None:
    async with room() as unit:
        await unit.put(booking())
        await unit.control("POST", "/reboot")
        assert (await unit.control("GET", "/screen"))["bookings"] == []


async def test_faults_are_added_shown_and_cleared() -> None:
    async with room() as unit:
        await unit.control("POST", "/faults", {"kind": "status", "status": 502, "times": 2})
        assert (await unit.push(CLEAR)).status == 502
        (left,) = (await unit.control("GET", "/faults"))["faults"]
        assert (left["kind"], left["times"]) == ("status", 1)
        await unit.control("DELETE", "/faults")
        assert (await unit.push(CLEAR)).status == 200


async def test_switches_can_be_turned() -> None:
    async with room() as unit:
        found = await unit.control("PATCH", "/switches", {"private_api": False})
        assert found["private_api"] is False
        assert (await unit.push(CLEAR)).status == 404
        wrongs: list[Any] = [{"coffee": True}, {"private_api": "no"}, {"private_api": None}, []]
        for wrong in wrongs:
            await unit.control("PATCH", "/switches", wrong, status=400)


async def test_settings_can_be_changed_without_logging_in() -> None:
    path = "Security/Session/MaxFailedLogins"
    async with room() as unit:
        found = await unit.control("PATCH", "/configuration", {path: "3"})
        assert found[path] == "3"
        await unit.control("PATCH", "/configuration", {path: "11"}, status=400)
        await unit.control("PATCH", "/configuration", {"Coffee": "1"}, status=400)


async def test_another_version_can_be_installed() -> None:
    async with room() as unit:
        found = await unit.control("PUT", "/version", {"version": "ce9.15.17.4"})
        assert found["version"] == "ce9.15.17.4"
        assert (await unit.put(booking()))[0].get("status") == "Error"
        await unit.control("PUT", "/version", {"version": "Windows"}, status=400)


async def test_the_clock_can_be_put_ahead() -> None:
    async with room() as unit:
        await unit.put(booking(start=NOON + timedelta(hours=2)))
        found = await unit.control("PUT", "/clock", {"offset": 7200})
        assert found["now"] == "2026-02-06T14:00:00Z"
        assert (await unit.control("GET", "/screen"))["bookings"][0]["join"] is True
        await unit.control("PUT", "/clock", {"offset": 1e300}, status=400)


async def test_the_clock_can_be_put_back_before_the_unit_began() -> None:
    async with room() as unit:
        await unit.control("PUT", "/clock", {"offset": -86400})
        found = await unit.get("/Status")
        assert found.findtext("SystemUnit/Uptime") == "0"
        assert found.findtext("Time/SystemTime") == "2026-02-05T12:00:00+0000"


async def test_users_come_change_and_go_and_passwords_are_never_told() -> None:
    async with room() as unit:
        await unit.control("PUT", "/users/bridge", {"password": "changed"})
        assert (await unit.push(CLEAR)).status == 401
        assert (await unit.push(CLEAR, headers=login("bridge", "changed"))).status == 200
        found = await unit.control("GET", "")
        assert found["users"] == ["bridge"]
        assert "changed" not in str(found)
        await unit.control("DELETE", "/users/bridge")
        assert (await unit.push(CLEAR, headers=login("bridge", "changed"))).status == 401


async def test_the_overview_says_who_is_locked_out_and_what_is_set() -> None:
    async with room(version="RoomOS 26.4.1", serial="SIM7") as unit:
        for _ in range(5):
            await unit.http.get("/status.xml", headers=login("bridge", "guess"))
        found = await unit.control("GET", "")
    assert (found["serial"], found["version"], found["up"]) == ("SIM7", "RoomOS 26.4.1", True)
    assert found["locked"] == {"bridge": "2026-02-06T13:00:00Z"}
    assert found["fingerprint"] is None
    assert found["switches"]["sign_in"] == "401"
    assert found["configuration"]["Security/Session/MaxFailedLogins"] == "5"


async def test_a_certificate_needs_tls() -> None:
    async with room() as unit:
        await unit.control("POST", "/certificate", {"kind": "new"}, status=409)


async def test_nobody_from_elsewhere_controls_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with room() as unit:
        monkeypatch.setattr("aiohttp.web.BaseRequest.remote", "192.0.2.7")
        await unit.control("GET", "/screen", status=403)
        assert (await unit.http.get("/status.xml", headers=LOGIN)).status == 200


async def test_a_body_that_is_no_json_is_refused() -> None:
    async with room() as unit:
        answer = await unit.http.post("/control/join", data=b"{")
        assert answer.status == 400


def test_the_guide_names_every_path_switch_and_fault() -> None:
    text = GUIDE.read_text()
    words = [f"{route.method} {route.path}" for route in routes()]
    for word in (*words, *Switches.__struct_fields__, *get_args(Kind)):
        assert f"`{word}`" in text, word
