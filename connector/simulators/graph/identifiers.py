"""The names by which Exchange calls one entry: two kinds of id, the iCalendar UID, the etag."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime
from hashlib import sha512
from uuid import UUID

import msgspec

# An id is opaque to clients. Ours carry what is needed to find the entry again; the first bytes
# give them the look of the real ones, the digest their length.
_REGULAR = bytes.fromhex("000324")
_IMMUTABLE = bytes.fromhex("0009002e0000")
_GLOBAL_OBJECT = "040000008200E00074C5B7101A82E008"
_FILETIME_BEGINS = datetime(1601, 1, 1, tzinfo=UTC)


class Malformed(ValueError):
    """Something that was never an id."""


class Place(msgspec.Struct, frozen=True):
    """Where an id leads: an entry and, in a series, the day of one occurrence."""

    number: int
    day: date | None


def regular(mailbox: UUID, number: int, folder: int, day: date | None = None) -> str:
    """The default id, which changes when the entry is moved to another folder."""
    head = mailbox.bytes + folder.to_bytes(4) + number.to_bytes(8)
    return _text(_REGULAR + head + sha512(head).digest() + b"\0" + _ordinal(day))


def immutable(mailbox: UUID, number: int, day: date | None = None) -> str:
    """The id that stays (https://learn.microsoft.com/graph/outlook-immutable-id)."""
    head = mailbox.bytes + number.to_bytes(8)
    return _text(_IMMUTABLE + head + sha512(head).digest()[:30] + _ordinal(day))


def place(text: str) -> Place:
    """Where an id of either kind leads.

    Raises:
        Malformed: it is no id at all.
    """
    try:
        raw = urlsafe_b64decode(text)
    except ValueError as error:
        raise Malformed(text) from error
    for kind, offset, length in ((_IMMUTABLE, 22, 60), (_REGULAR, 23, 96)):
        if raw.startswith(kind) and len(raw) in {length, length + 3}:
            number = int.from_bytes(raw[offset : offset + 8])
            ordinal = int.from_bytes(raw[length:])
            return Place(number, date.fromordinal(ordinal) if ordinal else None)
    raise Malformed(text)


def ical_uid(given: str, seed: bytes, created: datetime, day: date | None) -> str:
    """The UID of an entry; each occurrence of a series has its own, with its day inside.

    [MS-OXOCAL] 2.2.1.27; a UID that another calendar made is carried whole.
    """
    stamp = f"{day.year:04X}{day.month:02X}{day.day:02X}" if day else "00000000"
    if given.startswith(_GLOBAL_OBJECT):
        return given[:32] + stamp + given[40:]
    if given and day is None:
        return given
    data = b"vCal-Uid\1\0\0\0" + given.encode() + b"\0" if given else seed
    ticks = 0 if given else (created - _FILETIME_BEGINS).total_seconds() * 10_000_000
    tail = int(ticks).to_bytes(8, "little") + bytes(8) + len(data).to_bytes(4, "little") + data
    return _GLOBAL_OBJECT + stamp + tail.hex().upper()


def change_key(mailbox: UUID, version: int) -> str:
    """What changes with every change."""
    return b64encode(mailbox.bytes + version.to_bytes(8)).decode()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


def _ordinal(day: date | None) -> bytes:
    return day.toordinal().to_bytes(3) if day else b""
