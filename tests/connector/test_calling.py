"""All drivers that make a device call, held against what every one of them promises."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import pytest

from connector.endpoints import cisco, poly, sip
from connector.errors import Malformed
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.cisco import Codec
from connector.simulators.cisco import serve as serve_codec
from connector.simulators.poly import Unit
from connector.simulators.poly import serve as serve_unit
from connector.simulators.sip import Agent, Meeting, Switches
from connector.simulators.sip import serve as serve_agent
from tests.connector import cisco_units, poly_unit
from tests.connector.calling_contract import (
    CallingContract,
    Place,
    ProvisionedContract,
    Rig,
    SigningInContract,
)
from tests.connector.tandberg_unit import Mxp, over_http, over_telnet
from tests.connector.yealink_unit import Phone, RoomSystem, phone_at, room_system_at


def elsewhere(address: str, at: Place) -> str:
    """An address as it is, where nobody listens, or as a name."""
    if at == "nowhere":
        return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", address)
    return address.replace("127.0.0.1", "localhost") if at == "by name" else address


@asynccontextmanager
async def a_codec(
    outside: Outside,
    *,
    version: str = "RoomOS 11.27.2.0",
    transport: Any = "auto",
    password: str = "right",
    at: Place = "here",
) -> AsyncIterator[Rig]:
    """A Cisco room system."""
    codec = Codec(version=version, users={"bridge": "right"}, clock=outside.clock.now)
    dialled: list[str] = []
    dial = codec.calls.dial

    def noted(number: str, *rest: Any, **more: Any) -> Any:
        dialled.append(number)
        return dial(number, *rest, **more)

    codec.calls.dial = noted  # type: ignore[method-assign]
    async with serve_codec(codec, ssh=0) as address:
        more: dict[str, Any] = {
            "transport": transport,
            "password": Secret(password),
            "address": elsewhere(address.url, at),
        }
        if transport == "ssh":
            more["ssh"] = cisco_units.trust(address, port=9 if at == "nowhere" else 0)
        async with cisco.connect(cisco_units.options(address, **more), outside) as endpoint:
            yield Rig(
                endpoint=endpoint,
                dialled=lambda: dialled,
                asked=lambda: len(codec.requests),
                refused=lambda: sum(seen.status in {401, 403} for seen in codec.requests),
                tones=lambda: "".join(tone for call in codec.calls.all() for tone in call.tones),
            )


class Cisco(SigningInContract):
    """A codec, in one of the ways."""

    more: ClassVar[dict[str, Any]] = {}

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        return a_codec(outside, password=password, at=at, **self.more)


class TestRoomOs(Cisco):
    """Over HTTPS."""


class TestTc(Cisco):
    """Over HTTPS, with the words of 2015."""

    more: ClassVar[dict[str, Any]] = {"version": "TC7.3.9"}


class TestWebSocket(Cisco):
    """Over a WebSocket."""

    more: ClassVar[dict[str, Any]] = {"transport": "websocket"}


class TestTerminal(Cisco):
    """Over SSH."""

    more: ClassVar[dict[str, Any]] = {"transport": "ssh"}


@asynccontextmanager
async def a_poly_unit(
    outside: Outside,
    family: Any,
    way: str = "rest",
    *,
    password: str = "right",
    at: Place = "here",
) -> AsyncIterator[Rig]:
    """A Poly unit; its password is `secret`."""
    unit = Unit(family, clock=outside.clock.now, rest=way == "rest")
    async with serve_unit(unit) as address:
        given = {"right": "secret"}.get(password, password)
        if at == "nowhere":
            address.ssh_port = address.telnet_port = 9
        where = elsewhere(address.url, at)
        options = poly_unit.options(address, way, password=Secret(given), address=where)
        async with poly.connect(options, outside) as endpoint:
            yield Rig(
                endpoint=endpoint,
                dialled=lambda: [call.number for call in unit.calls.dialled],
                asked=lambda: len(unit.requests) + len(unit.terminal._failures),
                refused=lambda: (
                    len(unit.terminal._failures)
                    if way != "rest"
                    else sum(bool(seen.user) for seen in unit.requests)
                ),
                tones=lambda: "".join(unit.calls.tones),
            )


class Poly(SigningInContract, ProvisionedContract):
    """A unit, in one of the ways."""

    family: ClassVar[str] = "studio"
    way: ClassVar[str] = "rest"

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        return a_poly_unit(outside, self.family, self.way, password=password, at=at)


class TestStudio(Poly):
    """Studio X and G7500, by REST."""


class TestGroup(Poly):
    """Group, by REST."""

    family: ClassVar[str] = "group"


class TestTrio(Poly):
    """Trio, by its own REST."""

    family: ClassVar[str] = "trio"

    async def test_every_tone_is_sent_in_order(self, outside: Outside) -> None:
        # Poly's documents know no such command, and neither does the simulated unit.
        async with self.rig(outside) as rig:
            with pytest.raises(Malformed) as caught:
                await rig.endpoint.tones("1")
            assert caught.value.reason == "unsupported"


class TestHdxOverSsh(Poly):
    """HDX, by lines."""

    family: ClassVar[str] = "hdx"
    way: ClassVar[str] = "ssh"


class TestHdxOverTelnet(Poly):
    """HDX, by lines in clear."""

    family: ClassVar[str] = "hdx"
    way: ClassVar[str] = "telnet"


@asynccontextmanager
async def a_sip_unit(
    outside: Outside,
    *,
    mode: Any = "refer",
    transport: Any = "udp",
    password: str = "right",
    at: Place = "here",
) -> AsyncIterator[Rig]:
    """A SIP unit, and the meeting that it reaches."""
    agent, meeting = Agent(switches=Switches(password="right")), Meeting()
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(serve_agent(agent))
        away = await stack.enter_async_context(serve_agent(meeting))
        agent.route = away
        options = sip.Options(
            address=elsewhere(str(room), at),
            proxy=str(away),
            mode=mode,
            transport="tcp" if at == "nowhere" else transport,
            username="bridge",
            password=Secret(password),
        )
        endpoint = await stack.enter_async_context(sip.connect(options, outside))

        def dialled() -> list[str]:
            made = agent.called if mode == "refer" else meeting.joined
            return [uri.removeprefix("sip:") for uri in made]

        yield Rig(
            endpoint=endpoint,
            dialled=dialled,
            asked=lambda: len(agent.requests),
            refused=lambda: agent.gate.failures,
        )


class TestReferred(SigningInContract):
    """SIP, by REFER over UDP."""

    protocols = ("sip",)
    hangs_up = False

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        return a_sip_unit(outside, password=password, at=at)


class TestConnected(SigningInContract):
    """SIP, with the bridge between the unit and the meeting, over TCP."""

    protocols = ("sip",)

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        return a_sip_unit(outside, mode="3pcc", transport="tcp", password=password, at=at)


@asynccontextmanager
async def a_yealink_system(outside: Outside, *, at: Place = "here") -> AsyncIterator[Rig]:
    """A Yealink VC unit."""
    unit = RoomSystem()
    async with AsyncExitStack() as stack:
        place = partial(elsewhere, at=at)
        endpoint = await stack.enter_async_context(room_system_at(outside, unit, place))

        def words(pattern: str) -> list[str]:
            found = (re.fullmatch(pattern, line, re.DOTALL) for line in unit.heard)
            return [one[1] for one in found if one]

        yield Rig(
            endpoint=endpoint,
            dialled=lambda: words(r'dial manual video \w+ "1920" "(.*)"\r\n'),
            asked=lambda: len(unit.heard),
            tones=lambda: "".join(words(r"gendial (.*)\r\n")),
        )


class TestYealinkSystem(CallingContract):
    """The VC series, by lines."""

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        del password
        return a_yealink_system(outside, at=at)


@asynccontextmanager
async def a_yealink_phone(
    outside: Outside, *, password: str = "right", at: Place = "here"
) -> AsyncIterator[Rig]:
    """A Yealink phone."""
    phone = Phone(login=("admin", "right"))
    more: dict[str, Any] = {"username": "admin", "password": Secret(password)}

    async with phone_at(outside, phone, partial(elsewhere, at=at), **more) as endpoint:
        yield Rig(
            endpoint=endpoint,
            dialled=lambda: [
                key.removeprefix("number=") for key in phone.pressed if key.startswith("number=")
            ],
            asked=lambda: len(phone.queries),
            refused=lambda: phone.refused,
            tones=lambda: "".join("#" if key == "POUND" else key for key in phone.pressed[1:]),
        )


class TestYealinkPhone(SigningInContract):
    """Phones, by Action URI."""

    protocols = ("sip",)

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        return a_yealink_phone(outside, password=password, at=at)


@asynccontextmanager
async def a_tandberg_unit(
    outside: Outside, way: Any, *, password: str = "right", at: Place = "here"
) -> AsyncIterator[Rig]:
    """A TANDBERG MXP."""
    unit = Mxp(login=("admin", "right"))
    more: dict[str, Any] = {"username": "admin", "password": Secret(password)}
    async with way(outside, unit, partial(elsewhere, at=at), **more) as endpoint:
        yield Rig(
            endpoint=endpoint,
            dialled=lambda: unit.dialled,
            asked=lambda: len(unit.asked),
            refused=lambda: unit.refused,
            tones=lambda: "".join(unit.tones),
        )


class Tandberg(SigningInContract):
    """A unit, in one of the ways."""

    way: ClassVar[Any]

    def rig(
        self, outside: Outside, *, password: str = "right", at: Place = "here"
    ) -> AbstractAsyncContextManager[Rig]:
        return a_tandberg_unit(outside, self.way, password=password, at=at)


class TestTandbergXml(Tandberg):
    """By XML."""

    way: ClassVar[Any] = staticmethod(over_http)


class TestTandbergLines(Tandberg):
    """By lines."""

    way: ClassVar[Any] = staticmethod(over_telnet)
