"""SIP addresses: URIs, and the fields that hold them (RFC 3261 §19.1, §20.10)."""

import re

import msgspec

from connector.sip.message import NotSip, parameters

_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^\s@<>\"]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<parameters>(?:;[^\s?<>\";]+)*)(?P<headers>\?[^\s<>\"]*)?",
    re.IGNORECASE,
)
_NAMED = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*|[^<"]*)<(?P<uri>[^<>]*)>\s*(?P<more>;.*)?')


class Uri(msgspec.Struct, frozen=True):
    """A SIP URI in its parts."""

    scheme: str
    user: str
    host: str
    """IPv6 addresses without their brackets."""
    port: int | None
    parameters: dict[str, str]

    @property
    def transport(self) -> str:
        """`UDP`, `TCP`, `TLS`, or empty where the URI does not say."""
        if self.scheme == "sips":
            return "TLS"
        return self.parameters.get("transport", "").upper()


class Named(msgspec.Struct, frozen=True):
    """A value of From, To, Contact, Route and the like."""

    uri: str
    """As it was written."""
    parameters: dict[str, str]
    """Of the field, not of the URI."""

    @property
    def tag(self) -> str:
        """What one side of a dialog goes by."""
        return self.parameters.get("tag", "")


def uri(text: str) -> Uri:
    """A SIP URI.

    Raises:
        NotSip: it is none.
    """
    found = _URI.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise NotSip("an address makes no sense")
    return Uri(
        found["scheme"].lower(),
        found["user"] or "",
        found["host"].strip("[]"),
        port,
        parameters(found["parameters"]),
    )


def named(text: str) -> Named:
    """One value of a field that holds an address.

    Raises:
        NotSip: it makes no sense.
    """
    found = _NAMED.fullmatch(text.strip())
    if found:
        return Named(found["uri"].strip(), parameters(found["more"] or ""))
    plain, _, more = text.partition(";")
    plain = plain.strip()
    if not plain or re.search(r'[\s<>"]', plain):
        raise NotSip("an address makes no sense")
    return Named(plain, parameters(more))  # without brackets parameters are the field's


def bracketed(host: str) -> str:
    """A host as it stands in URIs."""
    return f"[{host}]" if ":" in host else host
