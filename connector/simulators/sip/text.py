"""SIP as text: the simulator's own reading and writing (RFC 3261 §7)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_COMPACT: Mapping[str, str] = {
    "v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length",
    "c": "Content-Type", "k": "Supported", "s": "Subject", "e": "Content-Encoding",
    "r": "Refer-To", "b": "Referred-By", "o": "Event", "u": "Allow-Events",
}  # fmt: skip


class Broken(Exception):
    """Something is no SIP message."""


@dataclass(kw_only=True)
class Text:
    """A message: its first line, its headers in order, its body."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def method(self) -> str:
        """Of a request; empty for an answer."""
        return "" if self.start.startswith("SIP/") else self.start.split(" ")[0]

    @property
    def uri(self) -> str:
        """Of a request."""
        return self.start.split(" ")[1] if self.method else ""

    @property
    def status(self) -> int:
        """Of an answer; 0 for a request."""
        return 0 if self.method else int(self.start.split(" ")[1])

    @property
    def sequence(self) -> tuple[int, str]:
        """Number and method."""
        number, method = self["CSeq"].split()
        return int(number), method

    def __getitem__(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    def every(self, name: str) -> list[str]:
        """All values of one header."""
        return [value for n, value in self.headers if n.lower() == name.lower()]

    def wire(self) -> bytes:
        """As it is sent."""
        body = self.body.encode()
        lines = [self.start, *(f"{n}: {v}" for n, v in self.headers if n != "Content-Length")]
        lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse(data: bytes) -> Text:
    """One message, whole.

    Raises:
        Broken: it is none.
    """
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        raise Broken
    unfolded = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace"))
    start, *lines = unfolded.split("\r\n")
    if not re.match(r"SIP/2\.0 \d{3} |[A-Z]+ \S+ SIP/2\.0$", start):
        raise Broken
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Broken
        name = name.strip()
        headers.append((_COMPACT.get(name.lower(), name), value.strip()))
    text = Text(start=start, headers=headers)
    if not all(text[name] for name in ("Via", "From", "To", "Call-ID", "CSeq")):
        raise Broken
    length = text["Content-Length"]
    end = int(length) if length.isdecimal() else len(body)
    text.body = body[:end].decode("utf-8", "replace")
    return text


def chop(held: bytearray) -> Iterable[bytes]:
    """Messages that are whole in what came over a connection; they are taken out of it."""
    while True:
        while held[:2] == b"\r\n":
            del held[:2]
        end = held.find(b"\r\n\r\n")
        if end < 0:
            return
        found = re.search(rb"\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d+)", held[:end], re.IGNORECASE)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(held) < whole:
            return
        yield bytes(held[:whole])
        del held[:whole]


class Place(NamedTuple):
    """Whom a URI leads to."""

    host: str
    port: int
    transport: str


def place(uri: str) -> Place:
    """Host, port and transport in a URI, or in a header that holds one."""
    inner = uri[uri.find("<") + 1 : uri.find(">")] if "<" in uri else uri
    address = r"sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;>?]+)(?::(\d+))?([^?]*)"
    found = re.match(address, inner, re.IGNORECASE)
    if found is None:
        raise Broken
    told = re.search(r";transport=(\w+)", found[3], re.IGNORECASE)
    transport = told[1].lower() if told else "udp"
    return Place(found[1].strip("[]"), int(found[2] or 5060), transport)


def tag(header: str) -> str:
    """The tag at the end of From or To."""
    found = re.search(r";\s*tag=([^;\s]+)", header.rpartition(">")[2] or header)
    return found[1] if found else ""


def inner(header: str) -> str:
    """The URI in angle brackets, or the whole but its parameters."""
    found = re.search(r"<([^>]*)>", header)
    return found[1] if found else header.partition(";")[0].strip()
