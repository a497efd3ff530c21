"""REST of video units: sessions, calls, settings and the calendar (endpoints.md 3.5)."""

import json
from datetime import timedelta

import aiohttp
import pytest

from connector.simulators.poly import Fault

from .poly_room import LOGIN, NOON, meeting, room

BASIC = {"Authorization": aiohttp.encode_basic_auth("admin", "secret")}


async def test_a_session_is_a_cookie_and_a_token() -> None:
    async with room() as unit:
        await unit.ask("GET", "/rest/conferences", status=403)
        answer = await unit.log_in()
        told = await answer.json()
        assert told["success"]
        assert told["session"]["sessionId"] == answer.cookies["session_id"].value
        assert told["loginStatus"] == {"loginResult": "NOLOCKOUT"}
        assert await unit.ask("GET", "/rest/conferences") == []
        token = unit.headers.pop("x-xsrf-token")
        await unit.ask("GET", "/rest/conferences", status=403)
        unit.headers["x-xsrf-token"] = token
        await unit.ask("DELETE", "/rest/current/session")
        await unit.ask("GET", "/rest/conferences", status=403)
        assert len(unit.unit.sessions) == 0


async def test_units_without_the_token_need_the_cookie_only() -> None:
    async with room(xsrf=False) as unit:
        answer = await unit.log_in()
        assert "XSRF-TOKEN" not in answer.cookies
        assert await unit.ask("GET", "/rest/conferences") == []


@pytest.mark.parametrize("status", [400, 412])
async def test_errors_of_sessions_say_their_reason(status: int) -> None:
    async with room(error_status=status) as unit:
        wrong = await unit.log_in(password="guessed")
        assert (wrong.status, (await wrong.json())["reason"]) == (status, "SessionRequestInvalid")
        none = await unit.ask("DELETE", "/rest/session", status=status)
        assert none["reason"] == "SessionNoActiveSession"
        await unit.log_in()
        again = await unit.log_in()
        assert (again.status, (await again.json())["reason"]) == (status, "SessionAlreadyActive")


async def test_ten_wrong_passwords_close_the_port_for_a_minute() -> None:
    async with room() as unit:
        for _ in range(10):
            await unit.log_in(password="guessed")
        locked = await unit.log_in()
        assert (await locked.json())["reason"] == "SessionPortLockout"
        unit.clock.move(seconds=61)
        assert (await unit.log_in()).status == 200


async def test_a_session_that_nobody_uses_ends() -> None:
    async with room() as unit:
        await unit.log_in()
        unit.clock.move(minutes=11)
        await unit.ask("GET", "/rest/conferences", status=403)


async def test_basic_may_be_enough_or_needed_as_well() -> None:
    async with room() as unit:
        unit.headers = dict(BASIC)
        await unit.ask("GET", "/rest/conferences", status=403)
        unit.unit.switch(basic="allowed")
        await unit.ask("GET", "/rest/conferences")
        unit.unit.switch(basic="required")
        await unit.ask("GET", "/rest/conferences", status=403)
        await unit.log_in()
        await unit.ask("GET", "/rest/conferences")
        del unit.headers["Authorization"]
        await unit.ask("GET", "/rest/conferences", status=401)


async def test_a_call_is_dialled_seen_and_ended() -> None:
    async with room() as unit:
        unit.unit.answers = timedelta(seconds=10)
        await unit.log_in()
        asked = {"address": "123@example.com", "rate": 0, "dialType": "AUTO"}
        (made,) = await unit.ask("POST", "/rest/conferences", asked)
        assert made["href"] == "/rest/conferences/0/connections/1"
        (found,) = await unit.ask("GET", "/rest/conferences")
        assert [one["address"] for one in found["connections"]] == ["123@example.com"]
        assert found["connections"][0]["state"] == "DIALING"
        unit.clock.move(seconds=10)
        assert (await unit.ask("GET", made["href"]))["state"] == "CONNECTED"
        await unit.ask("POST", "/rest/audio", {"action": "playDTMF", "dtmfChar": "1"})
        await unit.ask("POST", "/rest/audio", {"action": "playDTMF", "dtmfChar": "12"}, 400)
        assert unit.unit.calls.tones == ["1"]
        await unit.ask("DELETE", "/rest/conferences/0")
        assert await unit.ask("GET", "/rest/conferences") == []
        await unit.ask("DELETE", "/rest/conferences/0", status=404)
        (again,) = await unit.ask("POST", "/rest/conferences", asked | {"dialType": "H323"})
        assert again["href"] == "/rest/conferences/1/connections/2"
        await unit.ask("POST", again["href"], {"action": "hangup"})
        assert unit.unit.calls.all() == ()
        assert unit.unit.calls.dialled[-1].protocol == "H323"


async def test_settings_are_read_and_set_by_name() -> None:
    async with room() as unit:
        await unit.log_in()
        asked = {
            "vars": [
                {"name": "exchange.server.url", "value": "bridge.example.com"},
                {"name": "exchange.auth.password", "value": "hush"},
                {"name": "cal.ews.server", "value": "bridge.example.com"},
            ]
        }
        told = (await unit.ask("POST", "/rest/config", asked))["vars"]
        assert [one["result"] for one in told] == ["NOERROR", "NOERROR", "NOTFOUND"]
        assert [one["value"] for one in told] == ["bridge.example.com", "", ""]
        read = await unit.ask("POST", "/rest/config", {"names": ["exchange.enable"]})
        assert read["vars"][0]["value"] == "false"
        everything = await unit.ask("GET", "/rest/config")
        assert "hush" not in json.dumps(everything)
        assert unit.unit.settings["exchange.auth.password"] == "hush"
        await unit.ask("POST", "/rest/config", {"vars": [{"value": "x"}]}, 400)


@pytest.mark.parametrize(
    ("status", "part"), [("ONLINE", "up"), ("DISABLED", "off"), ("ERR_AUTHENTICATION", "down")]
)
async def test_the_calendars_state_is_told_twice(status: str, part: str) -> None:
    async with room() as unit:
        await unit.log_in()
        await unit.control("PUT", "/status", {"status": status})
        assert await unit.ask("GET", "/rest/calendar") == {"status": status}
        parts = await unit.ask("GET", "/rest/system/status")
        states = {one["name"]: one["stateList"] for one in parts}
        assert states["system.status.calendar"] == [part]


async def test_meetings_come_in_the_documented_form_and_are_dialled_by_id() -> None:
    async with room() as unit:
        unit.unit.hold([meeting("a"), meeting("b", hour=15, numbers=()), meeting("c", hour=36)])
        await unit.log_in()
        path = "/rest/calendar/meetings"
        start = int(NOON.timestamp())
        found = await unit.ask("GET", f"{path}?start={start}&end={start + 43200}")
        assert [(one["id"], one["canDial"]) for one in found] == [("a", True), ("b", False)]
        assert found[0]["startTime"] == int((NOON + timedelta(hours=1)).timestamp() * 1000)
        assert (found[0]["duration"], found[0]["inCall"]) == (30, False)
        assert len(await unit.ask("GET", f"{path}?number=1")) == 1
        await unit.ask("GET", f"{path}?number=many", status=400)
        (made,) = await unit.ask("POST", f"{path}/a")
        assert made["href"].startswith("/rest/conferences/")
        assert (await unit.ask("GET", f"{path}/a"))["inCall"]
        await unit.ask("POST", f"{path}/b", status=400)
        await unit.ask("POST", f"{path}/z", status=404)


async def test_a_private_meeting_is_hidden_unless_a_setting_shows_it() -> None:
    async with room() as unit:
        unit.unit.hold([meeting(private=True, location="Board room")])
        await unit.log_in()
        (hidden,) = await unit.ask("GET", "/rest/calendar/meetings")
        assert (hidden["subject"], hidden["location"]) == ("private meeting", "")
        assert unit.unit.screen().meetings[0].title == "private meeting"
        shown = {"vars": [{"name": "exchange.showPrivateMeeting", "value": "true"}]}
        await unit.ask("POST", "/rest/config", shown)
        (seen,) = await unit.ask("GET", "/rest/calendar/meetings")
        assert (seen["subject"], seen["location"]) == ("Weekly", "Board room")


async def test_trouble_strikes_where_it_was_asked_for() -> None:
    async with room() as unit:
        await unit.log_in()
        unit.unit.faults.add(Fault(kind="ended", path="/rest/conferences"))
        await unit.ask("GET", "/rest/calendar")
        await unit.ask("GET", "/rest/conferences", status=403)
        await unit.ask("GET", "/rest/calendar", status=403)
        await unit.log_in()
        unit.unit.faults.add(Fault(kind="reason", reason="SessionPortLockout"))
        assert (await unit.ask("GET", "/rest/calendar", status=400))["reason"].endswith("Lockout")
        unit.unit.faults.add(Fault(kind="drop"))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await unit.ask("DELETE", "/rest/session")
        assert [one.status for one in unit.unit.requests][-2:] == [400, 0]


async def test_a_restart_ends_sessions_and_calls() -> None:
    async with room() as unit:
        await unit.log_in()
        unit.unit.calls.dial("1@example.com", NOON)
        await unit.ask("POST", "/rest/system/reboot", {"action": "reboot"})
        await unit.ask("GET", "/rest/conferences", status=403)
        assert unit.unit.calls.all() == ()


async def test_the_system_says_what_it_is_and_what_time_it_has() -> None:
    async with room() as unit:
        await unit.control("PUT", "/clock", {"offset": 90})
        await unit.log_in()
        told = await unit.ask("GET", "/rest/system")
        assert (told["model"], told["softwareVersion"]) == ("StudioX30", "3.12.0")
        assert told["systemTime"] == int((NOON.timestamp() + 90) * 1000)


async def test_an_hdx_has_no_such_api() -> None:
    async with room("hdx") as unit:
        answer = await unit.http.post("/rest/session", json=LOGIN)
        assert answer.status == 404
