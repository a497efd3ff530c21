"""SIP messages: read with bounds, written exactly (RFC 3261 §7, §25)."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Self

import msgspec

LIMIT = 65_535
"""Bytes of a message, as much as a datagram holds."""
FIELDS = 200
"""Header fields of a message."""

Field = tuple[str, str]
"""The name of a header field in full, lower-case, and its value."""

_SHORT = {
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
"""Compact forms: RFC 3261 §7.3.3, 3515, 3892, 4028, 6665."""
_WRITTEN = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
}
_WORD = r"[A-Za-z0-9\-.!%*_+`'~]+"
_NAME = re.compile(_WORD)
_REQUEST = re.compile(rf"({_WORD}) ([^\s\0]+) SIP/2\.0", re.IGNORECASE)
_RESPONSE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: ([^\r\n\0]*))?", re.IGNORECASE)
_CSEQ = re.compile(rf"([0-9]{{1,10}})[ \t]+({_WORD})")
_VIA = re.compile(
    rf"SIP\s*/\s*2\.0\s*/\s*(?P<transport>{_WORD})\s+"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:;,\[\]]+)(?:\s*:\s*(?P<port>[0-9]{1,5}))?\s*(?P<more>;.*)?",
    re.IGNORECASE,
)
_END = re.compile(rb"\r?\n\r?\n")
_FORBIDDEN = re.compile(r"[\r\n\0]")


class NotSip(ValueError):
    """What came is no SIP message, or one that cannot be answered."""


class Via(msgspec.Struct, frozen=True):
    """Who sent a request, and where its answers go (RFC 3261 §18.2, RFC 3581)."""

    transport: str
    host: str
    port: int | None
    parameters: dict[str, str]

    @property
    def branch(self) -> str:
        """What tells one transaction from another."""
        return self.parameters.get("branch", "")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What requests and responses have in common."""

    fields: tuple[Field, ...] = ()
    body: bytes = b""

    def first(self, name: str) -> str:
        """The value of a header field, of several the first; empty without one."""
        return next((value for field, value in self.fields if field == name), "")

    def each(self, name: str) -> list[str]:
        """All values of a header field that may be a list, in order."""
        return [one for field, value in self.fields if field == name for one in split(value)]

    def without(self, *names: str) -> tuple[Field, ...]:
        """The header fields but these."""
        return tuple(field for field in self.fields if field[0] not in names)

    @property
    def call_id(self) -> str:
        """What all messages of one conversation share."""
        return self.first("call-id")

    @property
    def number(self) -> int:
        """The request's place in its conversation."""
        return self._cseq[0]

    @property
    def kind(self) -> str:
        """The method that this is, or that this answers."""
        return self._cseq[1]

    @property
    def via(self) -> Via:
        """The topmost one.

        Raises:
            NotSip: there is none that makes sense.
        """
        return via(next(iter(self.each("via")), ""))

    @property
    def _cseq(self) -> tuple[int, str]:
        found = _CSEQ.fullmatch(self.first("cseq"))
        if found is None:
            raise NotSip("there is no CSeq")
        return int(found[1]), found[2].upper()

    def with_body(self, kind: str, body: bytes) -> Self:
        """The same with a body, empty for none."""
        more = (("content-type", kind),) if body else ()
        fields = (*self.without("content-type", "content-length"), *more)
        return msgspec.structs.replace(self, fields=fields, body=body)


class Request(Message, frozen=True, kw_only=True):
    """What somebody is asked to do."""

    method: str
    uri: str

    def __bytes__(self) -> bytes:
        """As it goes over the wire."""
        return _written(f"{self.method} {self.uri} SIP/2.0", self)


class Response(Message, frozen=True, kw_only=True):
    """What is answered."""

    status: int
    reason: str = ""
    """Words for a person, never logged: others wrote them."""

    @property
    def final(self) -> bool:
        """Whether nothing more follows."""
        return self.status >= 200

    @property
    def good(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status < 300

    def __bytes__(self) -> bytes:
        """As it goes over the wire."""
        return _written(f"SIP/2.0 {self.status} {self.reason}", self)


def _written(start: str, message: Message) -> bytes:
    """A message on the wire; line breaks in a field would be fields of somebody else."""
    lines = [start, *(f"{_name(name)}: {value}" for name, value in message.fields)]
    if any(_FORBIDDEN.search(line) for line in lines):
        raise ValueError("a header field holds a line break")
    head = "\r\n".join([*lines, f"Content-Length: {len(message.body)}", "", ""])
    return head.encode("utf-8", "surrogateescape") + message.body


def _name(name: str) -> str:
    return _WRITTEN.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def read(data: bytes) -> Request | Response:
    """The message in a datagram; bytes behind its Content-Length are no part of it.

    Raises:
        NotSip: it is none, it is cut short, or it lacks what an answer needs.
    """
    if len(data) > LIMIT:
        raise NotSip("it is too large")
    end = _END.search(data)
    if end is None:
        raise NotSip("its header does not end")
    head = data[: end.start()].decode("utf-8", "surrogateescape")
    start, *lines = head.replace("\r\n", "\n").split("\n")
    fields = tuple(islice(_fields(lines), FIELDS + 1))
    if len(fields) > FIELDS:
        raise NotSip("it has too many header fields")
    rest = data[end.end() :]
    length = _length(fields)
    if length is not None and length > len(rest):
        raise NotSip("it is cut short")
    fields = tuple(field for field in fields if field[0] != "content-length")
    return _message(start, fields, rest[:length])


def _message(start: str, fields: tuple[Field, ...], body: bytes) -> Request | Response:
    message: Request | Response
    if answer := _RESPONSE.fullmatch(start):
        message = Response(status=int(answer[1]), reason=answer[2] or "", fields=fields, body=body)
    elif asked := _REQUEST.fullmatch(start):
        message = Request(method=asked[1].upper(), uri=asked[2], fields=fields, body=body)
        if message.kind != message.method:
            raise NotSip("its CSeq is of another method")
    else:
        raise NotSip("its first line is none of SIP")
    if not all(message.first(name) for name in ("call-id", "from", "to")):
        raise NotSip("it lacks a field that every message has")
    # Both raise where they make no sense: nobody reads them unprepared later.
    _ = message.via, message.number
    return message


def _fields(lines: list[str]) -> Iterator[Field]:
    """Header fields, folded lines joined."""
    name, value = "", ""
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if not name:
                raise NotSip("it begins with half a line")
            value = f"{value} {line.strip()}"
            continue
        if name:
            yield name, value.strip()
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not _NAME.fullmatch(name) or _FORBIDDEN.search(value):
            raise NotSip("a header field makes no sense")
        name = _SHORT.get(name, name)
    if name:
        yield name, value.strip()


def _length(fields: tuple[Field, ...]) -> int | None:
    """How long the body says it is; None where it does not."""
    told = next((value for name, value in fields if name == "content-length"), None)
    if told is None:
        return None
    if not (told.isascii() and told.isdigit() and len(told) <= 6):
        raise NotSip("its length makes no sense")
    return int(told)


def via(value: str) -> Via:
    """One value of a Via field.

    Raises:
        NotSip: it makes no sense.
    """
    found = _VIA.fullmatch(value)
    if found is None:
        raise NotSip("a Via makes no sense")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise NotSip("a Via has no such port")
    return Via(found["transport"].upper(), found["host"], port, parameters(found["more"] or ""))


def split(value: str, mark: str = ",") -> list[str]:
    """The parts of a value, at marks that stand neither in quotes nor in angle brackets."""
    parts, begin, quoted, bracketed, escaped = [], 0, False, False, False
    for place, sign in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = sign == "\\"
            quoted = sign != '"'
        elif sign == '"':
            quoted = True
        elif sign in "<>":
            bracketed = sign == "<"
        elif sign == mark and not bracketed:
            parts.append(value[begin:place])
            begin = place + 1
    return [part.strip() for part in (*parts, value[begin:]) if part.strip()]


def parameters(text: str) -> dict[str, str]:
    """`;name=value` behind a value; names lower-case, quotes gone."""
    found = {}
    for part in split(text, ";"):
        name, _, value = part.partition("=")
        found[name.strip().lower()] = unquoted(value.strip())
    return found


def unquoted(text: str) -> str:
    """A quoted string without its quotes; any other text as it is."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


class Framing:
    """Messages out of a stream, where each says how long it is (RFC 3261 §18.3)."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole by now; keep-alives between them are passed over.

        Raises:
            NotSip: what came can be no message, so nobody knows where the next begins.
        """
        self._held += data
        while True:
            begin = len(self._held) - len(self._held.lstrip(b"\r\n"))
            del self._held[:begin]
            end = _END.search(self._held)
            if end is None:
                if len(self._held) > LIMIT:
                    raise NotSip("its header does not end")
                return
            whole = end.end() + self._body(bytes(self._held[: end.start()]))
            if whole > LIMIT:
                raise NotSip("it is too large")
            if len(self._held) < whole:
                return
            yield bytes(self._held[:whole])
            del self._held[:whole]

    @staticmethod
    def _body(head: bytes) -> int:
        text = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        return _length(tuple(_fields(text.split("\n")[1:]))) or 0
