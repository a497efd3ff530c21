"""REST of a Trio (endpoints.md 3.6)."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from connector.simulators.poly import Fault

from .poly_room import TRIO, Room, room

DIAL = {"data": {"Dest": "123@example.com", "Line": "1", "Type": "SIP"}}
STATUS = "/api/v1/webCallControl/callStatus"


async def test_it_is_off_until_it_is_turned_on() -> None:
    async with room("trio") as unit:
        unit.headers = TRIO
        await unit.ask("GET", STATUS, status=404)
        unit.unit.switch(rest=True)
        assert await unit.ask("GET", STATUS) == {"Status": "4007"}


async def test_a_dialled_call_has_to_be_looked_for() -> None:
    async with room("trio", rest=True) as unit:
        unit.headers = TRIO
        unit.unit.answers = timedelta(seconds=4)
        assert await unit.ask("POST", "/api/v1/callctrl/dial", DIAL) == {"Status": "2000"}
        call = (await unit.ask("GET", STATUS))["data"]
        assert (call["RemotePartyNumber"], call["CallState"]) == ("123@example.com", "Dialing")
        unit.clock.move(seconds=4)
        (call,) = (await unit.ask("GET", STATUS.replace("v1", "v2")))["data"]
        assert call["CallState"] == "Connected"
        ended = {"data": {"Ref": call["CallHandle"]}}
        assert (await unit.ask("POST", "/api/v1/callctrl/endCall", ended))["Status"] == "2000"
        assert (await unit.ask("POST", "/api/v1/callctrl/endCall", ended))["Status"] == "4007"


async def test_what_it_cannot_do_is_told_by_a_code() -> None:
    async with room("trio", rest=True) as unit:
        unit.headers = TRIO

        async def dials(data: object) -> str:
            return str((await unit.ask("POST", "/api/v1/callctrl/dial", data))["Status"])

        assert await dials({}) == "4000"
        assert await dials({"data": {"Dest": "1", "Type": "FAX"}}) == "4000"
        unit.unit.switch(line_registered=False)
        assert await dials(DIAL) == "4002"
        for code in ("4003", "5000"):
            unit.unit.faults.add(Fault(kind="code", code=code))
            assert await dials(DIAL) == code
        unit.unit.switch(line_registered=True, numeric_codes=True)
        assert await unit.ask("POST", "/api/v1/callctrl/dial", DIAL) == {"Status": 2000}


async def test_five_wrong_passwords_in_a_minute_lock_it_for_a_minute() -> None:
    async with room("trio", rest=True) as unit:
        unit.headers = {"Authorization": aiohttp.encode_basic_auth("Polycom", "456")}
        for _ in range(4):
            await unit.ask("GET", STATUS, status=401)
        unit.clock.move(seconds=61)
        await unit.ask("GET", STATUS, status=401)
        unit.headers = TRIO
        await unit.ask("GET", STATUS)
        unit.headers = {"Authorization": aiohttp.encode_basic_auth("Polycom", "456")}
        for _ in range(5):
            await unit.ask("GET", STATUS, status=401)
        unit.headers = TRIO
        await unit.ask("GET", STATUS, status=401)
        unit.clock.move(seconds=61)
        await unit.ask("GET", STATUS)


async def _at_once(unit: Room) -> tuple[int, int]:
    """Two requests: the second comes while the first is under way."""
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        under_way.set()
        await go_on.wait()

    unit.unit.sleep = sleep
    unit.unit.faults.add(Fault(kind="slow", seconds=1))
    first = asyncio.create_task(unit.http.get(STATUS, headers=TRIO))
    await under_way.wait()
    second = asyncio.create_task(unit.http.get(STATUS, headers=TRIO))
    if unit.unit.switches.parallel == "refuse":
        await second
    go_on.set()
    return (await first).status, (await second).status


@pytest.mark.parametrize(("parallel", "status"), [("refuse", 403), ("queue", 200)])
async def test_it_works_on_one_request_only(parallel: str, status: int) -> None:
    async with room("trio", rest=True, parallel=parallel) as unit:
        assert await _at_once(unit) == (200, status)
        assert unit.unit.most_at_once <= 2


async def test_statistics_of_a_call_freeze_software_before_5_8() -> None:
    path = "/api/v1/mgmt/media/sessionStats"
    async with room("trio", rest=True, software="5.7.1.4145") as unit:
        unit.headers = TRIO
        assert (await unit.ask("GET", path))["Status"] == "4007"
        await unit.ask("POST", "/api/v1/callctrl/dial", DIAL)
        for asked in (path, STATUS):
            with pytest.raises(TimeoutError):
                await unit.http.get(asked, headers=TRIO, timeout=aiohttp.ClientTimeout(0.05))
        assert unit.unit.frozen
        await unit.control("POST", "/reboot")
        unit.unit.switch(parallel="queue")
        assert (await unit.ask("GET", STATUS))["Status"] == "4007"


async def test_settings_are_read_and_set() -> None:
    async with room("trio", rest=True) as unit:
        unit.headers = TRIO
        asked = {"data": {"exchange.server.url": "bridge.example.com"}}
        assert (await unit.ask("POST", "/api/v1/mgmt/config/set", asked))["Status"] == "2000"
        names = {"data": ["exchange.server.url", "feature.exchange.allowBasicAuth"]}
        told = (await unit.ask("POST", "/api/v1/mgmt/config/get", names))["data"]
        assert told["exchange.server.url"]["Value"] == "bridge.example.com"
        assert told["feature.exchange.allowBasicAuth"] == {"Value": "0", "Source": "default"}
        unknown = {"data": {"exchange.enable": "1"}}
        assert (await unit.ask("POST", "/api/v1/mgmt/config/set", unknown))["Status"] == "4000"


async def test_it_says_what_it_is() -> None:
    async with room("trio", rest=True) as unit:
        unit.headers = TRIO
        told = (await unit.ask("GET", "/api/v1/mgmt/device/info"))["data"]
        assert (told["ModelNumber"], told["FirmwareRelease"]) == ("Trio 8800", "5.9.3.2489")
