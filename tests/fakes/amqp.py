"""AMQP 1.0 on the wire: types, frames and message sections, as far as a broker's fake needs them.

OASIS "AMQP Version 1.0", Part 1 §1.2 to §1.6 (types), Part 2 §2.3 (frames), Part 3 §3.2 (messages).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID


class Symbol(str):
    """A symbolic value."""

    __slots__ = ()


@dataclass(frozen=True)
class Number:
    """A number of a certain width: its constructor, and how it is packed."""

    value: int
    code: int
    form: str


def ubyte(value: int) -> Number:
    return Number(value, 0x50, ">B")


def ushort(value: int) -> Number:
    return Number(value, 0x60, ">H")


def uint(value: int) -> Number:
    return Number(value, 0x70, ">I")


def ulong(value: int) -> Number:
    return Number(value, 0x53, ">B") if value < 256 else Number(value, 0x80, ">Q")


def long(value: int) -> Number:
    return Number(value, 0x81, ">q")


def timestamp(milliseconds: int) -> Number:
    return Number(milliseconds, 0x83, ">q")


@dataclass(frozen=True)
class Described:
    """A value that says what it is."""

    descriptor: Any
    value: Any


@dataclass(frozen=True)
class Symbols:
    """An array of symbols."""

    values: tuple[str, ...]


def encoded(value: Any) -> bytes:  # noqa: C901, PLR0911, PLR0912 - a table
    """A value as bytes; all but small descriptors in their widest form."""
    match value:
        case None:
            return b"\x40"
        case bool():
            return b"\x41" if value else b"\x42"
        case Number():
            return bytes([value.code]) + struct.pack(value.form, value.value)
        case int():
            return b"\x71" + struct.pack(">i", value)
        case Symbol():
            return _variable(0xB3, value.encode("ascii"))
        case str():
            return _variable(0xB1, value.encode())
        case bytes():
            return _variable(0xB0, value)
        case UUID():
            return b"\x98" + value.bytes
        case Described():
            return b"\x00" + encoded(value.descriptor) + encoded(value.value)
        case Symbols():
            items = b"".join(_variable(0xB3, one.encode())[1:] for one in value.values)
            body = struct.pack(">I", len(value.values)) + b"\xb3" + items
            return b"\xf0" + struct.pack(">I", len(body)) + body
        case list() | tuple():
            return _compound(0xD0, list(value))
        case dict():
            return _compound(0xD1, [part for pair in value.items() for part in pair])
        case _:
            raise TypeError(type(value))


def _variable(code: int, raw: bytes) -> bytes:
    return bytes([code]) + struct.pack(">I", len(raw)) + raw


def _compound(code: int, items: list[Any]) -> bytes:
    body = struct.pack(">I", len(items)) + b"".join(map(encoded, items))
    return bytes([code]) + struct.pack(">I", len(body)) + body


_FIXED: dict[int, tuple[int, str]] = {
    0x50: (1, ">B"), 0x51: (1, ">b"), 0x52: (1, ">B"), 0x53: (1, ">B"), 0x54: (1, ">b"),
    0x55: (1, ">b"), 0x56: (1, ">?"), 0x60: (2, ">H"), 0x61: (2, ">h"), 0x70: (4, ">I"),
    0x71: (4, ">i"), 0x72: (4, ">f"), 0x80: (8, ">Q"), 0x81: (8, ">q"), 0x82: (8, ">d"),
    0x83: (8, ">q"),
}  # fmt: skip
_EMPTY: dict[int, Any] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0, 0x45: []}


class Reader:
    """Reads values one after the other."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def value(self) -> Any:
        return self._of(self._byte())

    def values(self) -> Iterator[Any]:
        while self.at < len(self.raw):
            yield self.value()

    def _of(self, code: int) -> Any:  # noqa: PLR0911 - a table of types
        if code == 0x00:
            return Described(self.value(), self.value())
        if code in _EMPTY:
            return _EMPTY[code]
        if code in _FIXED:
            width, form = _FIXED[code]
            return struct.unpack(form, self._take(width))[0]
        if code == 0x98:
            return UUID(bytes=self._take(16))
        size = self._size(code)
        match code & 0x0F, code >> 4:
            case 0, 0xA | 0xB:
                return self._take(size)
            case 1, 0xA | 0xB:
                return self._take(size).decode()
            case 3, 0xA | 0xB:
                return Symbol(self._take(size).decode("ascii"))
            case _:
                return self._compound(code)

    def _compound(self, code: int) -> Any:
        count = self._size(code)  # behind the size that was read: the number of values
        if code in {0xE0, 0xF0}:
            kind = self._byte()
            return [self._of(kind) for _ in range(count)]
        items = [self.value() for _ in range(count)]
        if code in {0xC1, 0xD1}:
            return dict(zip(items[::2], items[1::2], strict=True))
        return items

    def _size(self, code: int) -> int:
        wide = (code >> 4) in {0xB, 0xD, 0xF}
        return int(struct.unpack(">I" if wide else ">B", self._take(4 if wide else 1))[0])

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        found = self.raw[self.at : self.at + count]
        assert len(found) == count, "a value is cut off"
        self.at += count
        return found


# --- frames

HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
EMPTY_FRAME = struct.pack(">IBBH", 8, 2, 0, 0)
OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
SASL_MECHANISMS, SASL_INIT, SASL_OUTCOME = 0x40, 0x41, 0x44
_FIELDS = {
    OPEN: 10, BEGIN: 8, ATTACH: 14, FLOW: 11, TRANSFER: 11, DISPOSITION: 6, DETACH: 3, END: 1,
    CLOSE: 1, SASL_MECHANISMS: 1, SASL_OUTCOME: 2,
}  # fmt: skip
"""How many fields each has; those at the end that are null might be left out, and Azure's are not."""


def frame(channel: int, code: int, fields: list[Any], payload: bytes = b"", kind: int = 0) -> bytes:
    """A frame with a performative, and what follows it."""
    whole = [*fields, *[None] * (_FIELDS[code] - len(fields))]
    body = encoded(Described(ulong(code), whole)) + payload
    return struct.pack(">IBBH", len(body) + 8, 2, kind, channel) + body


@dataclass(frozen=True)
class Frame:
    """A frame that came; code 0 is an empty one."""

    channel: int
    code: int
    fields: list[Any]
    payload: bytes

    def field(self, number: int) -> Any:
        """A field, or None where it was left out."""
        return self.fields[number] if number < len(self.fields) else None


def framed(header: bytes, body: bytes) -> Frame:
    """A frame from its eight bytes of header, and the rest."""
    channel = struct.unpack(">H", header[6:])[0]
    if not body:
        return Frame(channel, 0, [], b"")
    reader = Reader(body)
    performative = reader.value()
    return Frame(channel, performative.descriptor, performative.value, body[reader.at :])


# --- messages

ANNOTATIONS, PROPERTIES, APPLICATION, DATA, VALUE = 0x72, 0x73, 0x74, 0x75, 0x77


def message(**sections: Any) -> bytes:
    """A message of the sections that are given."""
    codes = {
        "annotations": ANNOTATIONS,
        "properties": PROPERTIES,
        "application": APPLICATION,
        "data": DATA,
        "value": VALUE,
    }
    parts = [(code, sections[name]) for name, code in codes.items() if name in sections]
    return b"".join(encoded(Described(ulong(code), part)) for code, part in parts)


def sections(payload: bytes) -> dict[int, Any]:
    """The sections of a message."""
    return {one.descriptor: one.value for one in Reader(payload).values()}
