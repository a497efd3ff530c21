"""The dial strings of Zoom's Conference Room Connector, composed and taken apart.

SIP `id[.passcode[.layout[.host key]]]@domain`, H.323 `gateway##id[#passcode[#layout[#host key]]]`;
a position in between stays when it is empty.
"""

import re

import msgspec

from rooms.join import grammar

_PLAIN = re.compile(r"[0-9]{5,40}(?:\.[0-9]{1,20})?@([A-Za-z0-9.\-]+)", re.ASCII)
_USER = re.compile(r"([0-9]{5,40})(?:\.([0-9]{0,20}))?(?:\.([0-9]{0,4}))?(?:\.([0-9]{6}))?")

GATEWAYS = {
    "us-west": "162.255.37.11",
    "us-east": "162.255.36.11",
    "india-mumbai": "115.114.131.7",
    "india-hyderabad": "115.114.115.7",
    "netherlands": "213.19.144.110",
    "germany": "213.244.140.110",
    "australia-sydney": "103.122.166.55",
    "australia-melbourne": "103.122.167.55",
    "hong-kong": "209.9.211.110",
    "singapore": "149.137.40.110",
    "brazil": "64.211.144.160",
    "canada-toronto": "69.174.57.160",
    "canada-vancouver": "65.39.152.160",
    "japan-tokyo": "207.226.132.110",
    "japan-osaka": "149.137.24.110",
}
"""H.323 addresses by region, as invitations of 2020 to 2024 print them."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a dial string tells Zoom."""

    id: str
    passcode: str = ""
    layout: str = ""
    host_key: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The positions in order, without empty ones at the end."""
        parts = [self.id, self.passcode, self.layout, self.host_key]
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return tuple(parts)


def sip(call: Call, domain: str) -> str | None:
    """The SIP URI of a call, or None where the grammar forbids it."""
    user = ".".join(call.parts)
    address = f"{user}@{domain}"
    return address if _USER.fullmatch(user) and grammar.sip_uri(address) else None


def h323(call: Call, gateway: str) -> str | None:
    """The H.323 address of a call, or None where the grammar forbids it."""
    parts = call.parts
    address = f"{gateway}##{'#'.join(parts)}"
    return address if _USER.fullmatch(".".join(parts)) and grammar.h323_address(address) else None


def parse_sip(address: str) -> tuple[Call, str] | None:
    """The call and the domain of a SIP URI, the reverse of `sip`."""
    uri = grammar.sip_uri(address)
    found = _USER.fullmatch(uri.user) if uri else None
    if uri is None or found is None:
        return None
    at = f"{uri.host}:{uri.port}" if uri.port else uri.host
    return _call(found.groups("")), at


def is_plain(address: str) -> bool:
    """Whether a text is a SIP URI as `sip` would compose it of its parts again; most are."""
    found = _PLAIN.fullmatch(address)
    return found is not None and grammar.is_host(found[1])


def parse_h323(address: str) -> tuple[Call, str] | None:
    """The call and the gateway of an H.323 address, the reverse of `h323`."""
    found = grammar.h323_address(address)
    if not isinstance(found, grammar.Extension) or len(found.parts) > 4:
        return None
    call = _call((*found.parts, "", "", "")[:4])
    return (call, found.gateway) if _USER.fullmatch(".".join(call.parts)) else None


def _call(parts: tuple[str, ...]) -> Call:
    return Call(id=parts[0], passcode=parts[1], layout=parts[2], host_key=parts[3])
