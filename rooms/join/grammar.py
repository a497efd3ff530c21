"""What a SIP URI (RFC 3261) and an H.323 address may look like; nothing else is ever dialled."""

import functools
import ipaddress
import re

import msgspec

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.){{0,20}}{_LABEL}|\[[0-9A-Fa-f:.]{{2,45}}\]"
_USER = r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2}){1,128}"
_SIP = re.compile(
    rf"(?:sips?:)?(?:(?P<user>{_USER})@)?(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?"
    r"(?P<parameters>(?:;transport=(?:tls|tcp|udp))?)",
    re.IGNORECASE | re.ASCII,
)
_H323 = re.compile(
    rf"(?:h323:)?(?P<gateway>{_HOST})##(?P<extension>\d{{1,40}}(?:#[0-9A-Za-z]{{0,40}}){{0,4}})",
    re.IGNORECASE | re.ASCII,
)
_WHOLE_HOST = re.compile(_HOST, re.ASCII)
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


class Address(msgspec.Struct, frozen=True):
    """A SIP URI or H.323 address in its parts, without the scheme."""

    user: str
    host: str
    port: int | None = None
    parameters: str = ""

    def __str__(self) -> str:
        """The address as it is dialled."""
        port = f":{self.port}" if self.port is not None else ""
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}{port}{self.parameters}"


class Extension(msgspec.Struct, frozen=True):
    """An H.323 address behind a gateway: `gateway##meeting#passcode#layout#host key`."""

    gateway: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        """The address as it is dialled."""
        return f"{self.gateway}##{'#'.join(self.parts)}"


@functools.lru_cache(maxsize=256)
def sip_uri(text: str) -> Address | None:
    """The SIP URI that a text is, with or without its scheme; None if it is none."""
    found = _SIP.fullmatch(text)
    if found is None or not found["user"] or not _is_host(found["host"]):
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        return None
    return Address(found["user"], found["host"], port, found["parameters"].lower())


@functools.lru_cache(maxsize=256)
def h323_address(text: str) -> Address | Extension | None:
    """The H.323 address that a text is: `gateway##meeting…`, `user@host` or a host."""
    found = _H323.fullmatch(text)
    if found:
        if not _is_host(found["gateway"]):
            return None
        return Extension(found["gateway"], tuple(found["extension"].split("#")))
    plain = text[5:] if text[:5].lower() == "h323:" else text
    uri = None if plain.lower().startswith(("sip:", "sips:")) else _SIP.fullmatch(plain)
    if uri is None or uri["parameters"]:
        return None
    if not _is_host(uri["host"]) or not (uri["user"] or "." in uri["host"]):
        return None
    return Address(uri["user"] or "", uri["host"], int(uri["port"]) if uri["port"] else None)


@functools.lru_cache(maxsize=256)
def is_host(text: str) -> bool:
    """Whether a text is a host; calls of one service go to few of them."""
    return _WHOLE_HOST.fullmatch(text) is not None and _is_host(text)


def is_ipv4(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    return _IPV4.fullmatch(text) is not None


def _is_host(host: str) -> bool:
    """Whether a host name could exist; one that ends in digits must be an address."""
    if host[-1].isalpha():
        return len(host) <= 253
    return _is_ipv6(host[1:-1]) if host[0] == "[" else is_ipv4(host)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
