"""The driver for Yealink units, against small servers that speak as the reference says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web

from connector.checkup import Tried
from connector.endpoint import Described, Dials, Lists, Order, Shows, Tones
from connector.endpoints import yealink
from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside, open_outside
from connector.secret import Secret
from rooms.join import DialString
from tests.connector.tcp_unit import listening
from tests.fakes.virtual import FixedClock

SIP = Order(dial=DialString("sip", "123@example.com"))
H323 = Order(dial=DialString("h323", "10.0.0.1##123"))


@dataclass
class RoomSystem:
    r"""A VC unit: TCP 6024, `\r\n`, no login; refusals begin with `error:`."""

    states: list[str] = field(default_factory=lambda: ["idle"])
    heard: list[str] = field(default_factory=list)
    silent: bool = False
    refuses: str = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b'version "model:VC800" "firmware:63.345.0.20" "hardware:63.0" "productId:0"\r\n'
        )
        while line := (await reader.readline()).decode():
            self.heard.append(line)
            for told in self.answers(line.removesuffix("\r\n")):
                writer.write(f"{told}\r\n".encode())
            await writer.drain()

    def answers(self, command: str) -> list[str]:
        name, _, _ = command.partition(" ")
        if self.silent or name == "gendial":
            return []
        if self.refuses and name == self.refuses:
            return ["error: command has illegal parameters"]
        if name == "dial":
            self.states = ["outgoing"]
            return ["mute near get off", 'incoming "talking" "idle"']
        if command == "button hangup":
            self.states = ["finished"]
            return []
        known = {
            "sysstatus get": f"sysstatus {' '.join(self.states)}",
            "version": 'version "model:VC800" "firmware:63.345.0.20"',
        }
        return [known.get(command, "error: command not found")]


@asynccontextmanager
async def driven(outside: Outside, unit: RoomSystem) -> AsyncIterator[yealink.RoomSystem]:
    async with listening(unit.talk) as port:
        options = yealink.Options(address=f"127.0.0.1:{port}")
        assert not list(options.problems())
        assert options.host == "127.0.0.1"
        async with yealink.connect(options, outside) as endpoint:
            assert isinstance(endpoint, yealink.RoomSystem)
            yield endpoint


async def test_a_room_system_is_told_to_dial_and_to_hang_up(outside: Outside) -> None:
    unit = RoomSystem()
    async with driven(outside, unit) as endpoint:
        assert await endpoint.calls() == []
        await endpoint.hang_up()
        assert "button hangup\r\n" not in unit.heard
        await endpoint.dial(SIP)
        assert 'dial manual video sip "1920" "123@example.com"\r\n' in unit.heard
        assert [(one.state, one.direction) for one in await endpoint.calls()] == [
            ("dialling", "out")
        ]
        unit.states = ["talking"]
        await endpoint.tones("12*#")
        assert unit.heard[-5:-1] == [f"gendial {digit}\r\n" for digit in "12*#"]
        await endpoint.hang_up()
        assert await endpoint.calls() == []


async def test_an_h323_address_is_dialled_as_such(outside: Outside) -> None:
    unit = RoomSystem()
    async with driven(outside, unit) as endpoint:
        await endpoint.dial(H323)
    assert unit.heard[0] == 'dial manual video h323 "1920" "10.0.0.1##123"\r\n'


async def test_several_states_at_once_are_borne(outside: Outside) -> None:
    async with driven(outside, RoomSystem(states=["ringing", "talking"])) as endpoint:
        assert [one.state for one in await endpoint.calls()] == ["connected"]
    async with driven(outside, RoomSystem(states=["talking max"])) as endpoint:
        assert [one.state for one in await endpoint.calls()] == ["connected"]


async def test_a_room_system_says_what_it_is(outside: Outside) -> None:
    async with driven(outside, RoomSystem()) as endpoint:
        await endpoint.attempt()
        facts = await endpoint.facts()
    assert (facts.product, facts.software, facts.way) == ("VC800", "63.345.0.20", "tcp")


async def test_a_refused_command_is_told(outside: Outside) -> None:
    async with driven(outside, RoomSystem(refuses="dial")) as endpoint:
        with pytest.raises(Malformed) as caught:
            await endpoint.dial(SIP)
    assert caught.value.reason == "request_refused"


async def test_a_dial_string_cannot_smuggle_a_command(outside: Outside) -> None:
    unit = RoomSystem()
    async with driven(outside, unit) as endpoint:
        for address in ('x" "y', "x\r\nbutton hangup"):
            with pytest.raises(Malformed):
                await endpoint.dial(Order(dial=DialString("sip", address)))
    assert not [line for line in unit.heard if "hangup" in line or line.startswith("dial")]


@pytest.mark.fault("endpoint_half_open")
async def test_a_silent_room_system_is_given_up(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yealink, "ERRAND_LIMIT", 0.3)
    async with driven(outside, RoomSystem(silent=True)) as endpoint:
        with pytest.raises(Unavailable) as caught:
            await endpoint.dial(SIP)
    assert caught.value.reason == "timeout"


async def test_nothing_outside_the_endpoint_networks_is_reached(clock: FixedClock) -> None:
    unit = RoomSystem()
    async with (
        open_outside(clock, networks=[ip_network("10.0.0.0/8")]) as inside,
        driven(inside, unit) as endpoint,
    ):
        with pytest.raises(Unavailable):
            await endpoint.dial(SIP)
    assert not unit.heard


# --- phones


@dataclass
class Phone:
    """A phone that takes Action URIs from whoever it allows."""

    status: int = 200
    login: tuple[str, str] | None = None
    queries: list[str] = field(default_factory=list)

    async def servlet(self, request: web.Request) -> web.Response:
        self.queries.append(request.raw_path.partition("?")[2])
        given = request.headers.get("Authorization")
        if self.login is not None and given != encode_basic_auth(*self.login):
            return web.Response(status=401)
        return web.Response(status=self.status)


@asynccontextmanager
async def dialled(outside: Outside, phone: Phone, **more: Any) -> AsyncIterator[yealink.Phone]:
    app = web.Application()
    app.add_routes([web.get("/servlet", phone.servlet)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        options = yealink.Options(address=f"http://127.0.0.1:{port}", family="phone", **more)
        assert not list(options.problems())
        async with yealink.connect(options, outside) as endpoint:
            assert isinstance(endpoint, yealink.Phone)
            yield endpoint
    finally:
        await runner.cleanup()


async def test_a_phone_is_told_to_dial_and_to_hang_up(outside: Outside) -> None:
    phone = Phone()
    async with dialled(outside, phone) as endpoint:
        await endpoint.dial(SIP)
        await endpoint.tones("1*#")
        await endpoint.hang_up()
        told: Dials = endpoint
        assert await told.calls() is None
    assert phone.queries == [
        "key=number=123@example.com",
        *("key=1", "key=*", "key=POUND"),
        "key=CALLEND",
    ]


async def test_a_phone_calls_with_its_account_and_login(outside: Outside) -> None:
    phone = Phone(login=("admin", "right"))
    more = {"username": "admin", "password": Secret("right"), "account": "200@pbx.example.com"}
    async with dialled(outside, phone, **more) as endpoint:
        await endpoint.dial(SIP)
    assert phone.queries == ["key=number=123@example.com&outgoing_uri=200@pbx.example.com"]


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("status", [401, 403])
async def test_a_phone_that_does_not_allow_it_is_asked_once(outside: Outside, status: int) -> None:
    phone = Phone(status=status)
    async with dialled(outside, phone) as endpoint:
        for _ in range(3):
            with pytest.raises(Denied) as caught:
                await endpoint.dial(SIP)
            assert "allow list" in caught.value.fix
    assert len(phone.queries) == 1


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (500, Unavailable)])
async def test_other_answers_of_a_phone_are_errors_too(
    outside: Outside, status: int, kind: type[ConnectorError]
) -> None:
    async with dialled(outside, Phone(status=status)) as endpoint:
        with pytest.raises(kind):
            await endpoint.dial(SIP)


async def test_a_phone_is_not_told_what_would_be_something_else(outside: Outside) -> None:
    phone = Phone()
    async with dialled(outside, phone) as endpoint:
        for order in (H323, *(Order(dial=DialString("sip", f"1{one}2")) for one in "&?#= \n%")):
            with pytest.raises(Malformed):
                await endpoint.dial(order)
    assert not phone.queries


# --- settings


def test_each_family_offers_what_it_can() -> None:
    for offered in (Dials, Tones):
        assert issubclass(yealink.RoomSystem, offered)
        assert issubclass(yealink.Phone, offered)
    assert issubclass(yealink.RoomSystem, Described)
    assert issubclass(yealink.RoomSystem, Tried)
    assert not issubclass(yealink.Phone, Tried)
    for not_offered in (Shows, Lists):
        assert not issubclass(yealink.RoomSystem, not_offered)


PROBLEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({"address": "http://10.0.0.1"}, ["address"]),
    ({"address": "10.0.0.1/x", "family": "phone"}, ["address"]),
    ({"address": "10.0.0.1", "family": "phone", "username": "a"}, ["password"]),
    ({"address": "10.0.0.1", "username": "a", "password": Secret("b")}, ["username"]),
    ({"address": "10.0.0.1", "family": "phone", "account": "a&b"}, ["account"]),
    ({"address": "10.0.0.1", "call_rate": 1}, ["call_rate"]),
    ({"address": "10.0.0.1", "family": "phone", "protocols": ("h323",)}, ["protocols"]),
]


@pytest.mark.parametrize(("given", "keys"), PROBLEMS, ids=str)
def test_settings_that_cannot_work_are_told(given: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in yealink.Options(**given).problems()] == keys


def test_phones_are_given_sip_addresses_only() -> None:
    assert yealink.Options(address="10.0.0.1", family="phone").protocols == ("sip",)
    assert yealink.Options(address="10.0.0.1").protocols == ("sip", "h323")
