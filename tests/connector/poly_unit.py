"""What the tests of the Poly driver share: a served unit, its options, and meetings on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connector.endpoint import Calendar, Facade, Order
from connector.endpoints import poly
from connector.endpoints.poly.unit import Unit as Driven
from connector.lines import SshTrust
from connector.outside import Outside, Trust
from connector.secret import Secret
from connector.simulators.poly import Address, Meeting, Number, Unit, serve
from rooms.join import DialString
from rooms.model import Agenda
from tests.connector.endpoint_contract import ZOOM

SIP = Order(dial=DialString("sip", "123@example.com"), booking="one")
H323 = Order(dial=DialString("h323", "162.255.37.11##91234567890"))
CALENDAR = Calendar(
    url="https://bridge.example.com/EWS/Exchange.asmx",
    mailbox="kestrel@example.com",
    facade=Facade(username="kestrel", password=Secret("facade secret")),
)


@dataclass
class Stand:
    """A unit, where it is served, and what talks to it."""

    unit: Unit
    address: Address
    driven: Driven

    @property
    def asked(self) -> list[str]:
        """What was asked of its REST, in order."""
        return [seen.what for seen in self.unit.requests if seen.way == "rest"]

    @property
    def logins(self) -> int:
        """How often somebody logged in there."""
        return sum(what.startswith("POST /rest/session") for what in self.asked)


def options(address: Address, way: str = "rest", **more: Any) -> poly.Options:
    """Settings for a served unit: `way` is `rest`, `ssh` or `telnet`."""
    usual: dict[str, Any] = {
        "address": address.url,
        "username": address.unit.family.user,
        "password": Secret("secret"),
        "tls": Trust(fingerprint=address.fingerprint),
    }
    if way == "ssh":
        trust = SshTrust(port=address.ssh_port, fingerprint=address.ssh_fingerprint)
        usual |= {"family": "hdx", "ssh": trust}
    elif way == "telnet":
        usual |= {"family": "hdx", "telnet": poly.Telnet(port=address.telnet_port)}
    return poly.Options(**{**usual, **more})


@asynccontextmanager
async def standing(
    outside: Outside,
    family: Any = "studio",
    way: str = "rest",
    *,
    more: dict[str, Any] | None = None,
    **switches: Any,
) -> AsyncIterator[Stand]:
    """A served unit with a driver for it."""
    unit = Unit(family, clock=outside.clock.now, **switches)
    async with (
        serve(unit) as address,
        poly.connect(options(address, way, **(more or {})), outside) as driven,
    ):
        assert isinstance(driven, Driven)
        yield Stand(unit, address, driven)


def read_by(unit: Unit, agenda: Agenda, **more: Any) -> None:
    """Let a unit have read an agenda, as its own calendar client would have."""
    sip = ZOOM.sip
    assert sip
    number = Number(number=sip, protocol="sip")
    unit.hold(
        Meeting(
            **{
                "id": one.id,
                "start": one.start,
                "end": one.end,
                "subject": one.title,
                "private": one.private,
                "numbers": (number,) if one.can_join else (),
                **more,
            }
        )
        for one in agenda.bookings
    )


HOUR = timedelta(hours=1)
