"""The WebSocket: who may open it, what it answers, what it tells."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from connector.simulators.cisco import Fault, User

from .cisco_room import LOGIN, Room, body, booking, login, room

PATIENCE = 5.0


class Line:
    """Somebody at the other end of a WebSocket."""

    def __init__(self, ws: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self.ws = ws
        self.told: list[dict[str, Any]] = []
        self._last = 0

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask, and keep what is told meanwhile."""
        self._last += 1
        message = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        await self.ws.send_json(message)
        while True:
            answer = await self.hear()
            if answer.get("id") == self._last:
                return answer

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        answer: dict[str, Any] = await self.ws.receive_json(timeout=PATIENCE)
        if "id" not in answer:
            self.told.append(answer)
        return answer

    async def event(self) -> dict[str, Any]:
        """What is told next."""
        while not self.told:
            await self.hear()
        params: dict[str, Any] = self.told.pop(0)["params"]
        return params


@asynccontextmanager
async def line(unit: Room, **options: Any) -> AsyncIterator[Line]:
    options.setdefault("headers", LOGIN)
    async with unit.http.ws_connect("/ws", **options) as ws:
        yield Line(ws)


async def refused(unit: Room, **options: Any) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        async with line(unit, **options):
            pass
    return error.value.status


async def test_a_path_is_read_with_basic() -> None:
    async with room() as unit, line(unit) as ws:
        answer = await ws.ask("xGet", Path=["Status", "Audio", "Volume"])
        assert answer == {"jsonrpc": "2.0", "id": 1, "result": 50}
        assert [(s.method, s.path, s.status) for s in unit.codec.requests] == [
            ("GET", "/ws", 101),
            ("WS", "/ws/xGet", 200),
        ]


async def test_the_subprotocol_logs_in_and_is_echoed() -> None:
    word = urlsafe_b64encode("bridge:sé>?cret".encode()).decode().rstrip("=")
    with_word = {"headers": {}, "protocols": [f"auth-{word}"]}
    async with room(users={"bridge": "sé>?cret"}) as unit, line(unit, **with_word) as ws:
        assert ws.ws.protocol == f"auth-{word}"
        assert (await ws.ask("xGet", Path=["Status", "Audio", "Volume"]))["result"] == 50


async def test_upgrades_are_refused_as_documented() -> None:
    async with room(websocket_rate=3) as unit:
        assert await refused(unit, headers=login("bridge", "wrong")) == 403
        assert await refused(unit, headers={}) == 401
        async with line(unit):
            pass
        assert await refused(unit) == 503
        unit.clock.move(minutes=1)
        async with line(unit):
            pass
        unit.codec.reboot(timedelta(seconds=90))
        assert await refused(unit) == 502


async def test_it_is_off_before_10_19_until_somebody_turns_it_on() -> None:
    async with room(version="ce9.15.17.4") as unit:
        assert await refused(unit) == 404
        unit.codec.configure("NetworkServices/Websocket", "FollowHTTPService")
        async with line(unit):
            pass
    async with room(version="TC7.3.9") as unit:
        assert await refused(unit) == 404


async def test_without_http_there_is_no_ws() -> None:
    async with room() as unit:
        unit.codec.configure("NetworkServices/HTTP/Mode", "HTTPS")
        assert await refused(unit) == 401


async def test_failures_count_towards_the_lock_out_of_the_unit() -> None:
    async with room(version="RoomOS 26.4.1") as unit:
        for _ in range(5):
            assert await refused(unit, headers=login("bridge", "wrong")) == 403
        assert await refused(unit) == 403
        answer = await unit.http.get("/status.xml", headers=LOGIN)
        assert answer.status == 401


async def test_a_list_is_put_and_read_back() -> None:
    async with room() as unit, line(unit) as ws:
        answer = await ws.ask("xCommand/Bookings/Put", body=body(booking("1", Title="Tea")))
        assert answer["result"] == {"status": "OK"}
        assert unit.codec.received[-1].path == "/ws"
        answer = await ws.ask("xCommand/Bookings/List", Days=1, DayOffset=0)
        assert answer["result"]["ResultInfo"]["TotalRows"] == 1
        (found,) = answer["result"]["Booking"]
        assert (found["id"], found["Title"]) == (1, "Tea")
        await ws.ask("xCommand/Bookings/Clear")
        answer = await ws.ask("xCommand/Bookings/List")
        assert "Booking" not in answer["result"]


async def test_numbers_may_come_as_texts() -> None:
    async with room(numbers=False) as unit, line(unit) as ws:
        assert (await ws.ask("xGet", Path=["Status", "Audio", "Volume"]))["result"] == "50"


async def test_settings_are_read_and_changed() -> None:
    path = ["Configuration", "Bookings", "CheckIn", "Enabled"]
    async with room() as unit, line(unit) as ws:
        assert (await ws.ask("xSet", Path=path, Value=True))["result"] is True
        assert (await ws.ask("xGet", Path=path))["result"] == "True"
        answer = await ws.ask("xQuery", Query=["Configuration", "**", "CheckIn", "*"])
        assert answer["result"]["Configuration"]["Bookings"]["CheckIn"]["Enabled"] == "True"
        assert (await ws.ask("xSet", Path=path, Value="x"))["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("xGet", {"Path": ["Status", "Nothing"]}, -32602),
        ("xGet", {}, -32602),
        ("xThink", {}, -32601),
        ("xCommand/Bookings/Think", {}, -32601),
        ("xCommand/Bookings/List", {"Days": 0}, -32602),
        ("xCommand/Bookings/List", {"Weeks": 1}, -32602),
        ("xCommand/Dial", {"Number": "1\n2"}, -32602),
        ("xCommand/Call/Disconnect", {"CallId": 9}, 1),
        ("xFeedback/Unsubscribe", {"Id": 9}, -32602),
    ],
)
async def test_errors_have_their_numbers(method: str, params: dict[str, Any], code: int) -> None:
    async with room() as unit, line(unit) as ws:
        assert (await ws.ask(method, **params))["error"]["code"] == code
        assert unit.codec.requests[-1].status == code


@pytest.mark.parametrize(
    ("message", "code"), [("{", -32700), ("[]", -32600), ('{"jsonrpc": "2.0"}', -32600)]
)
async def test_what_is_no_request_is_refused(message: str, code: int) -> None:
    async with room() as unit, line(unit) as ws:
        await ws.ws.send_str(message)
        assert (await ws.hear())["error"]["code"] == code


async def test_put_is_for_admins() -> None:
    users = {"guest": User(password="x", roles=("User",))}
    async with room(users=users) as unit, line(unit, headers=login("guest", "x")) as ws:
        answer = await ws.ask("xCommand/Bookings/Put", body=body())
        assert answer["error"]["code"] == -31999
        answer = await ws.ask("xSet", Path=["Configuration", "SystemUnit", "Name"], Value="x")
        assert answer["error"]["code"] == -31999


async def test_a_call_is_told_from_dialling_to_its_ghost() -> None:
    async with room() as unit, line(unit) as ws:
        answer = await ws.ask("xFeedback/Subscribe", Query=["Status", "Call"])
        assert answer["result"] == {"Id": 0}
        await ws.ask("xFeedback/Subscribe", Query=["Event", "CallDisconnect"])
        answer = await ws.ask("xCommand/Dial", Number="1@example.com", BookingId="7")
        assert answer["result"] == {"status": "OK", "CallId": 1, "ConferenceId": 1}
        heard = [await ws.event() for _ in range(4)]
        states = [one["Status"]["Call"][0].get("Status") for one in heard]
        assert states == ["Dialling", "Ringing", "Connecting", "Connected"]
        assert unit.codec.calls.all()[0].booking_id == "7"
        unit.clock.move(seconds=65)
        await ws.ask("xCommand/Call/Disconnect", CallId=1)
        gone = {"id": 1, "ghost": "True"}
        assert await ws.event() == {"Id": 0, "Status": {"Call": [gone]}}
        ended = await ws.event()
        assert ended["Id"] == 1
        assert ended["Event"]["CallDisconnect"]["Duration"] == 65
        assert ended["Event"]["CallDisconnect"]["CallId"] == 1


async def test_the_value_of_now_is_told_if_asked_for() -> None:
    async with room() as unit, line(unit) as ws:
        query = ["Status", "Bookings", "Current", "Id"]
        await ws.ask("xFeedback/Subscribe", Query=query, NotifyCurrentValue=True)
        assert await ws.event() == {"Id": 0, "Status": {"Bookings": {"Current": {"Id": ""}}}}
        await ws.ask("xCommand/Bookings/Put", body=body(booking("now")))
        assert await ws.event() == {"Id": 0, "Status": {"Bookings": {"Current": {"Id": "now"}}}}
        await ws.ask("xFeedback/Unsubscribe", Id=0)
        await ws.ask("xCommand/Bookings/Clear")
        assert ws.told == []


async def test_there_is_a_limit_to_subscriptions_over_all_lines() -> None:
    async with room(subscriptions=2) as unit, line(unit) as one:
        await one.ask("xFeedback/Subscribe", Query=["Event"])
        async with line(unit) as other:
            await other.ask("xFeedback/Subscribe", Query=["Event"])
            answer = await other.ask("xFeedback/Subscribe", Query=["Event"])
            assert answer["error"]["code"] == -31998
        await asyncio.sleep(0)
        for _ in range(100):
            if len(unit.codec.subscribed) == 1:
                break
            await one.ask("xGet", Path=["Status", "Audio", "Volume"])
        assert "result" in await one.ask("xFeedback/Subscribe", Query=["Event"])


async def test_a_restart_cuts_the_line() -> None:
    async with room() as unit, line(unit) as ws:
        await ws.ask("xFeedback/Subscribe", Query=["Event"])
        unit.codec.reboot()
        message = await ws.ws.receive(timeout=PATIENCE)
        while message.type == aiohttp.WSMsgType.TEXT:
            message = await ws.ws.receive(timeout=PATIENCE)
        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def test_messages_suffer_too() -> None:
    async with room() as unit, line(unit) as ws:
        unit.codec.faults.add(Fault(kind="rpc", path="/ws/xGet"))
        unit.codec.faults.add(Fault(kind="error", path="/ws/xCommand"))
        unit.codec.faults.add(Fault(kind="status", status=404, path="/ws"))
        assert (await ws.ask("xCommand/Bookings/List"))["error"]["code"] == 1
        path = ["Status", "Audio", "Volume"]
        assert (await ws.ask("xGet", Path=path))["error"]["code"] == -31997
        assert (await ws.ask("xGet", Path=path))["result"] == 50
        assert await refused(unit) == 404
        unit.codec.faults.add(Fault(kind="drop"))
        await ws.ws.send_str(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "xGet"}))
        message = await ws.ws.receive(timeout=PATIENCE)
        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def test_a_line_may_be_half_open() -> None:
    async with room() as unit, line(unit) as ws:
        unit.codec.faults.add(Fault(kind="hang"))
        await ws.ws.send_str(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "xGet"}))
        with pytest.raises(asyncio.TimeoutError):
            await ws.ws.receive(timeout=0.05)


async def test_answers_may_be_no_json_or_without_end() -> None:
    async with room() as unit, line(unit, max_msg_size=1 << 20) as ws:
        unit.codec.faults.add(Fault(kind="malformed"))
        await ws.ws.send_str('{"jsonrpc": "2.0", "id": 1, "method": "xQuery"}')
        with pytest.raises(ValueError, match="Expecting"):
            await ws.hear()
        assert "error" in await ws.hear()
        unit.codec.faults.add(Fault(kind="huge"))
        await ws.ws.send_str('{"jsonrpc": "2.0", "id": 1, "method": "xQuery"}')
        message = await ws.ws.receive(timeout=PATIENCE)
        assert message.type == aiohttp.WSMsgType.ERROR
