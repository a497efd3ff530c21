"""Any SIP room system: told to call by REFER, or connected with its meeting by the bridge (EP-04).

Such a system shows no bookings of ours. What a unit obeys is found out by asking it, and kept in
mind for as long as it is looked after.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import Literal

import msgspec
from yarl import URL

from connector.endpoints.sip.unit import Mode, Unit
from connector.endpoints.sip.ways import Ways
from connector.outside import Outside, Trust
from connector.secret import Secret
from connector.sip import address
from connector.sip.digest import Login
from connector.sip.message import NotSip
from connector.sip.shared import shared
from connector.unit_address import WORDS

acknowledge = ""
notice = ""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: sip`."""

    address: str
    """An IP address or name of the unit, or of the registrar or PBX that it belongs to, with a
    port where it is not 5060 (5061 with TLS)."""
    aor: str = ""
    """The unit's address there, `sip:room@pbx.example.com`; by default `sip:` and `address`."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    """How it is reached."""
    username: str = ""
    """Where the unit or the PBX asks for a login (digest)."""
    password: Secret | None = None
    """Its password."""
    sender: str = msgspec.field(default="", name="from")
    """Who the bridge says it is, a SIP URI; by default `sip:bridge@` and its own IP address."""
    mode: Literal["auto", "refer", "3pcc"] = "auto"
    """`refer`: the unit is told to call. `3pcc`: the bridge calls the unit and the meeting, and
    connects them. `auto`: the first, and where the unit refuses that the second."""
    proxy: str = ""
    """For `3pcc`: the PBX or SIP proxy by which meetings are reached, with a port where it is not
    the usual one; without it they are called directly, inside `endpoint_networks` only."""
    local: str = ""
    """IP address and port of the appliance for SIP, `192.0.2.7:5062`; by default all addresses and
    any port that is free. Units with the same value share one socket."""
    tls: Trust = Trust()
    """With `transport: tls`: how its certificate is known; by default by the authorities trusted
    everywhere."""
    protocols: tuple[Literal["sip"], ...] = ("sip",)
    """What it can dial."""

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name."""
        return place(self.address)[0]

    @property
    def url(self) -> URL:
        """The same with its port; `sips` where its certificate can be looked at."""
        host, port = place(self.address)
        scheme = "sips" if self.transport == "tls" else "sip"
        return URL.build(scheme=scheme, host=host, port=port)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        for key, value in (("address", self.address), ("proxy", self.proxy)):
            if not fits(value, needed=key == "address"):
                yield key, WORDS
        for key, value in (("aor", self.aor), ("from", self.sender)):
            if value and not is_uri(value):
                yield key, "must be a SIP URI such as sip:room@pbx.example.com"
        if self.local and not is_local(self.local):
            yield "local", "must be an IP address of the appliance, with a port: 192.0.2.7:5062"
        if bool(self.username) != (self.password is not None):
            missing = "password" if self.username else "username"
            yield missing, "username and password belong together"
        if '"' in self.username:
            yield "username", "must not hold quotes"
        for key, words in self.tls.problems():
            yield f"tls.{key}", words


def place(text: str) -> tuple[str, int | None]:
    """Host and port of `host[:port]`; an empty host where it makes no sense."""
    try:
        found = address.uri(f"sip:{text}")
    except NotSip:
        return "", None
    return found.host, found.port


def fits(text: str, *, needed: bool) -> bool:
    """Whether a text is a host with or without a port."""
    return not (set(text) & set("@;?")) and bool(place(text)[0]) if text else not needed


def is_uri(text: str) -> bool:
    """Whether a text is a SIP URI with a user or a host."""
    try:
        return bool(address.uri(text).host)
    except NotSip:
        return False


def is_local(text: str) -> bool:
    """Whether a text is an IP address, with a port or without."""
    try:
        _ = ip_address(place(text)[0])
    except ValueError:
        return False
    return fits(text, needed=True)


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Unit]:
    """Hold what the unit needs; sockets are opened with the first thing that is to be said."""
    if options.tls != Trust():
        outside = replace(outside, trust=options.tls)
    login = None
    if options.password is not None:
        login = Login(username=options.username, password=options.password)
    host, port = place(options.local) if options.local else ("", None)
    async with shared(outside, host, port or 0) as stack:
        ways = Ways(stack, outside, options.transport, place(options.address), place(options.proxy))
        mode: Mode = options.mode
        unit = Unit(
            ways,
            mode=mode,
            aor=options.aor or f"sip:{options.address}",
            sender=options.sender,
            login=login,
        )
        try:
            yield unit
        finally:
            await unit.close()
