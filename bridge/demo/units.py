"""The simulated room systems of the demo, and what rooms.yaml says of them."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Literal

from bridge.demo.tenancy import SECRET
from connector.simulators import cisco, poly, sip
from rooms.room import Room

SYSTEMS = 8
"""Rooms that have a simulated system, whatever their number."""
POLL = 5.0
"""Seconds between two times that a unit reads its calendar: three times as often as in life, for
whoever watches."""
_FAMILIES: tuple[Literal["studio", "trio"], ...] = ("studio", "trio")
"""Of the second and the third room. The fourth has a SIP unit, all others a codec."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """With what a unit signs in to the Exchange façade."""

    username: str
    mailbox: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)

    @property
    def file(self) -> str:
        """The file that holds the password."""
        return f"{self.username}-facade"

    def entry(self) -> dict[str, str]:
        """As rooms.yaml has it."""
        return {"username": self.username, "password_file": self.file}


@dataclass(frozen=True, kw_only=True)
class System:
    """A simulated room system."""

    room: str
    """The id of its room."""
    name: str
    """What a person calls it."""
    entry: dict[str, object]
    """As rooms.yaml has it."""
    screen: str = ""
    """Where one sees what a person in the room would; empty where there is nothing to see."""
    login: Login | None = None
    """With what it reads its calendar; None where it is told."""
    read_at: Callable[[str], None] = lambda _url: None
    """Has it read its calendar there, as somebody would set it at the unit."""


@dataclass(frozen=True, kw_only=True)
class Systems:
    """All of them."""

    codecs: Sequence[cisco.Address]
    every: Sequence[System]

    @property
    def reader(self) -> Login:
        """What people may try, too: the login of the first room's reader."""
        return next(one.login for one in self.every if one.login)

    def of(self, room: str) -> list[System]:
        """Those of one room."""
        return [one for one in self.every if one.room == room]


async def serve_systems(stack: AsyncExitStack, rooms: Sequence[Room]) -> Systems:
    """Serve what stands in these rooms until the stack ends."""
    rooms = rooms[:SYSTEMS]
    with_codec = [*rooms[:1], *rooms[4:]]
    units = [cisco.Codec(users={"bridge": SECRET}, name=f"{one.name} codec") for one in with_codec]
    codecs = await stack.enter_async_context(cisco.serve_all(units))
    every = [
        *(_codec(room, one) for room, one in zip(with_codec, codecs, strict=True)),
        await _reader(stack, rooms[0]),
        *[await _poly(stack, room, one) for room, one in zip(rooms[1:], _FAMILIES, strict=False)],
        *[await _sip(stack, room) for room in rooms[3:4]],
    ]
    return Systems(codecs=codecs, every=every)


def _codec(room: Room, address: cisco.Address) -> System:
    return System(
        room=room.id,
        name="Cisco codec",
        entry={
            "id": f"{room.id}-codec",
            "kind": "cisco",
            "address": address.url.removeprefix("https://"),
            "username": "bridge",
            "password_file": "secret",
            "tls": {"fingerprint": address.fingerprint},
        },
        screen=f"{address.url}/control/screen",
    )


async def _reader(stack: AsyncExitStack, room: Room) -> System:
    """An old unit of which the bridge knows nothing but that it reads."""
    login = Login(username=f"{room.id}-reader", mailbox=room.mailbox)
    unit = poly.Unit("hdx", name=f"{room.name} HDX", time_zone=room.time_zone, poll=POLL)
    address = await stack.enter_async_context(poly.serve(unit))
    return System(
        room=room.id,
        name="Poly HDX",
        entry={"id": login.username, "kind": "reader", "facade": login.entry()},
        screen=f"{address.url}/control/screen",
        login=login,
        read_at=_reading(unit, login),
    )


async def _poly(stack: AsyncExitStack, room: Room, family: Literal["studio", "trio"]) -> System:
    login = Login(username=f"{room.id}-{family}", mailbox=room.mailbox)
    name = f"Poly {family.title()}"
    unit = poly.Unit(
        family, name=f"{room.name} {name}", time_zone=room.time_zone, poll=POLL, rest=True
    )
    unit.users[unit.family.user] = SECRET
    address = await stack.enter_async_context(poly.serve(unit))
    return System(
        room=room.id,
        name=name,
        entry={
            "id": login.username,
            "kind": "poly",
            "address": address.url.removeprefix("https://"),
            "username": unit.family.user,
            "password_file": "secret",
            "tls": {"fingerprint": address.fingerprint},
            "facade": login.entry(),
        },
        screen=f"{address.url}/control/screen",
        login=login,
        read_at=_reading(unit, login),
    )


def _reading(unit: poly.Unit, login: Login) -> Callable[[str], None]:
    def read_at(url: str) -> None:
        unit.configure(url, login.username, login.password, login.mailbox)

    return read_at


async def _sip(stack: AsyncExitStack, room: Room) -> System:
    """A unit that can be told to call and shows nothing; whatever it calls, a meeting answers."""
    unit = sip.Agent(name=room.id)
    address = await stack.enter_async_context(sip.serve(unit))
    unit.route = await stack.enter_async_context(sip.serve(sip.Meeting()))
    return System(
        room=room.id,
        name="SIP unit",
        entry={"id": f"{room.id}-sip", "kind": "sip", "address": str(address)},
    )
