"""The driver for TANDBERG MXP, against small servers that speak as the reference says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector.checkup import Tried
from connector.endpoint import Described, Dials, Order, Shows, Tones
from connector.endpoints import tandberg
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from rooms.join import DialString
from tests.connector.tcp_unit import listening

SIP = Order(dial=DialString("sip", "123@example.com"))
H323 = Order(dial=DialString("h323", "10.0.0.1##123"))


@dataclass
class Unit:
    """What an MXP does, whichever way it is told."""

    login: tuple[str, str] | None = None
    result: str = "OK"
    body: bytes | None = None
    status: int = 200
    calls: list[str] = field(default_factory=list)
    tones: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    as_elements: bool = False

    async def putxml(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        root = etree.fromstring(await request.read())
        command = root[0]
        values = {str(node.tag): node.text or "" for node in command}
        self.do(str(command.tag).lower(), *values.values())
        answer = f'<Command><{command.tag}Result item="1" status="{self.result}"/></Command>'
        return web.Response(body=self.body or answer.encode(), content_type="text/xml")

    async def getxml(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        if request.query["location"] == "Status/SystemUnit":
            text = (
                "<Status><SystemUnit><ProductType>TANDBERG MXP</ProductType>"
                "<Software><Version>F9.3.1</Version></Software></SystemUnit></Status>"
            )
        else:
            text = "<Status>" + "".join(self._call(n) for n in range(11)) + "</Status>"
        return web.Response(body=self.body or text.encode(), content_type="text/xml")

    def _call(self, number: int) -> str:
        on = number < len(self.calls)
        state, way = ("Synced", "Outgoing") if on else ("Disconnected", "")
        if self.as_elements:
            return (
                f'<Call item="{number}"><Status>{state}</Status><Direction>{way}</Direction></Call>'
            )
        return f'<Call item="{number}" status="{state}" direction="{way}"/>'

    def _refusal(self, request: web.Request) -> web.Response | None:
        self.asked.append(request.path)
        given = request.headers.get("Authorization")
        if self.login is not None and given != encode_basic_auth(*self.login):
            return web.Response(status=401)
        return web.Response(status=self.status) if self.status != 200 else None

    def do(self, name: str, *values: str) -> None:
        if self.result != "OK":
            return
        if name == "dial":
            self.calls.append(values[0])
        elif name == "disconnectcall":
            self.calls.clear()
        elif name == "dtmfsend":
            self.tones.append(values[0])

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The command line, with a login where there is one."""
        if self.login is not None:
            writer.write(b"\r\nlogin: ")
            name = (await reader.readline()).decode().strip()
            writer.write(b"Password: ")
            word = (await reader.readline()).decode().strip()
            self.asked.append("login")
            if (name, word) != self.login:
                writer.write(b"\r\nLogin incorrect\r\nlogin: ")
                await reader.read()
                return
        writer.write(b"\r\nWelcome to\r\nTANDBERG Codec Release F9.3.1 PAL\r\n\r\nOK\r\n")
        while line := (await reader.readline()).decode().strip():
            self.asked.append(line)
            _, name, *rest = line.split(" ", 2)
            self.do(name, *(one.partition(":")[2] for one in rest))
            if self.result == "OK":
                writer.write(b"*r Result (status=OK):\r\n*r/end\r\n\r\nOK\r\n")
            else:
                writer.write(b"\r\nERROR\r\n")


@asynccontextmanager
async def over_http(outside: Outside, unit: Unit, **more: Any) -> AsyncIterator[tandberg.OverHttp]:
    app = web.Application()
    app.add_routes([web.post("/putxml", unit.putxml), web.get("/getxml", unit.getxml)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        options = tandberg.Options(address=address, **more)
        assert not list(options.problems())
        async with tandberg.connect(options, outside) as endpoint:
            assert isinstance(endpoint, tandberg.OverHttp)
            yield endpoint
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_telnet(
    outside: Outside, unit: Unit, **more: Any
) -> AsyncIterator[tandberg.OverTelnet]:
    async with listening(unit.talk) as port:
        options = tandberg.Options(address=f"127.0.0.1:{port}", transport="telnet", **more)
        assert not list(options.problems())
        async with tandberg.connect(options, outside) as endpoint:
            assert isinstance(endpoint, tandberg.OverTelnet)
            yield endpoint


WAYS: list[Any] = [over_http, over_telnet]
ADMIN: dict[str, Any] = {"username": "admin", "password": Secret("right")}


@pytest.mark.parametrize("way", WAYS)
async def test_a_unit_is_told_to_dial_and_to_hang_up(outside: Outside, way: Any) -> None:
    unit = Unit()
    async with way(outside, unit) as endpoint:
        for offered in (Dials, Tones, Tried):
            assert isinstance(endpoint, offered)
        assert not isinstance(endpoint, Shows)
        await endpoint.attempt()
        await endpoint.dial(SIP)
        assert unit.calls == ["123@example.com"]
        await endpoint.tones("12#")
        assert unit.tones == ["1", "2", "#"]
        await endpoint.hang_up()
        await endpoint.hang_up()
        assert unit.calls == []
        await endpoint.dial(H323)
        assert unit.calls == ["10.0.0.1##123"]


@pytest.mark.parametrize("as_elements", [True, False])
async def test_calls_are_read_in_both_forms(outside: Outside, *, as_elements: bool) -> None:
    unit = Unit(as_elements=as_elements)
    async with over_http(outside, unit) as endpoint:
        assert await endpoint.calls() == []
        await endpoint.dial(SIP)
        calls = await endpoint.calls()
    assert [(one.state, one.direction) for one in calls] == [("connected", "out")]


async def test_over_telnet_calls_are_not_told(outside: Outside) -> None:
    async with over_telnet(outside, Unit()) as endpoint:
        told: Dials = endpoint
        assert await told.calls() is None


async def test_a_unit_says_what_it_is(outside: Outside) -> None:
    async with over_http(outside, Unit()) as endpoint:
        assert isinstance(endpoint, Described)
        facts = await endpoint.facts()
    assert (facts.product, facts.software, facts.way) == ("TANDBERG MXP", "F9.3.1", "http")


@pytest.mark.parametrize("way", WAYS)
async def test_a_login_is_given_where_it_is_asked_for(outside: Outside, way: Any) -> None:
    unit = Unit(login=("admin", "right"))
    async with way(outside, unit, **ADMIN) as endpoint:
        await endpoint.dial(SIP)
    assert unit.calls


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_password_is_tried_once_and_never_again(outside: Outside, way: Any) -> None:
    unit = Unit(login=("admin", "right"))
    wrong = {**ADMIN, "password": Secret("wrong")}
    async with way(outside, unit, **wrong) as endpoint:
        for _ in range(3):
            with pytest.raises(Denied) as caught:
                await endpoint.dial(SIP)
            assert caught.value.reason == "credentials_refused"
    assert len(unit.asked) == 1


@pytest.mark.fault("endpoint_error_inside")
@pytest.mark.parametrize("way", WAYS)
async def test_a_result_that_is_no_success_is_told(outside: Outside, way: Any) -> None:
    async with way(outside, Unit(result="Error")) as endpoint:
        with pytest.raises(Malformed) as caught:
            await endpoint.dial(SIP)
    assert caught.value.reason == "request_refused"


@pytest.mark.fault("endpoint_error_inside", "endpoint_control_characters")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<Command/>", "request_refused"),
        (b"<html><body>Sign in", "not_xml"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Command>&a;</Command>", "not_xml"),
        (b"\x07<Command><DialResult status='OK'/></Command>", ""),
    ],
)
async def test_odd_answers_are_told_apart(outside: Outside, body: bytes, reason: str) -> None:
    async with over_http(outside, Unit(body=body)) as endpoint:
        if not reason:
            await endpoint.dial(SIP)
            return
        with pytest.raises(Malformed) as caught:
            await endpoint.dial(SIP)
    assert caught.value.reason == reason


@pytest.mark.parametrize("status", [500, 404])
async def test_other_statuses_are_errors_too(outside: Outside, status: int) -> None:
    async with over_http(outside, Unit(status=status)) as endpoint:
        with pytest.raises(ConnectorError):
            await endpoint.dial(SIP)


@pytest.mark.fault("endpoint_half_open")
async def test_a_silent_unit_is_given_up(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tandberg, "ERRAND_LIMIT", 0.3)

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as port:
        options = tandberg.Options(address=f"127.0.0.1:{port}", transport="telnet")
        async with tandberg.connect(options, outside) as endpoint:
            with pytest.raises(Unavailable) as caught:
                await endpoint.dial(SIP)
    assert caught.value.reason == "timeout"


async def test_a_dial_string_cannot_smuggle_a_command(outside: Outside) -> None:
    unit = Unit()
    async with over_telnet(outside, unit) as endpoint:
        for address in ("1 callrate:64", "1\nxcommand boot", 'x"y', "1" * 61):
            with pytest.raises(Malformed):
                await endpoint.dial(Order(dial=DialString("sip", address)))
    assert not unit.asked


@given(st.binary(max_size=300))
def test_any_bytes_are_xml_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        tandberg.calls_of(tandberg.xml(body))


PROBLEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({"address": "http://10.0.0.1", "transport": "telnet"}, ["address"]),
    ({"address": "10.0.0.1/x"}, ["address"]),
    ({"address": "10.0.0.1", "username": "a"}, ["password"]),
    ({"address": "10.0.0.1", "password": Secret("a")}, ["username"]),
    ({"address": "10.0.0.1", "password": Secret("a"), "transport": "telnet"}, []),
]


@pytest.mark.parametrize(("given_", "keys"), PROBLEMS, ids=str)
def test_settings_that_cannot_work_are_told(given_: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in tandberg.Options(**given_).problems()] == keys
