"""Ids of folders and sync states; those of items are the calendar's own. All are opaque."""

from base64 import b64decode, b64encode, urlsafe_b64decode
from binascii import Error
from uuid import UUID

import msgspec

from connector.simulators.exchange.refusal import Refused

_FOLDER = bytes.fromhex("0001002e")
_STATE = b"H4sI"
_WATERMARK = bytes.fromhex("00a1")
_SUBSCRIPTION = b"JgBl"


class Place(msgspec.Struct, frozen=True):
    """A folder of a mailbox."""

    mailbox: UUID
    folder: str


def folder(mailbox: UUID, name: str) -> str:
    """The id of a folder."""
    return b64encode(_FOLDER + mailbox.bytes + name.encode()).decode()


def folder_place(text: str) -> Place:
    """Where the id of a folder leads.

    Raises:
        Refused: it is no such id.
    """
    raw = _decoded(text)
    if not raw.startswith(_FOLDER) or len(raw) <= 20:
        raise Refused("ErrorInvalidIdMalformed")
    return Place(UUID(bytes=raw[4:20]), raw[20:].decode("ascii", "replace"))


def mailbox_of(item: str) -> UUID:
    """The mailbox that an item's id names.

    Raises:
        Refused: it is no such id.
    """
    try:
        return UUID(bytes=urlsafe_b64decode(item)[3:19])
    except ValueError as error:
        raise Refused("ErrorInvalidIdMalformed") from error


def sync_state(mailbox: UUID, turn: int) -> str:
    """How far a client has come."""
    return b64encode(_STATE + mailbox.bytes + turn.to_bytes(8)).decode()


def synced(text: str, mailbox: UUID, newest: int) -> int:
    """How far a client says it has come; an empty state is the beginning.

    Raises:
        Refused: no state of this mailbox.
    """
    if not text:
        return 0
    try:
        raw = _decoded(text)
    except Refused as error:
        raise Refused("ErrorInvalidSyncStateData") from error
    turn = int.from_bytes(raw[20:])
    if len(raw) != 28 or not raw.startswith(_STATE + mailbox.bytes) or turn > newest:
        raise Refused("ErrorInvalidSyncStateData")
    return turn


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise Refused("ErrorInvalidIdMalformed") from error


def watermark(mailbox: UUID, number: int) -> str:
    """How far a client has heard."""
    return b64encode(_WATERMARK + mailbox.bytes + number.to_bytes(8)).decode()


def subscription(number: UUID) -> str:
    """The id of a subscription."""
    return b64encode(_SUBSCRIPTION + number.bytes).decode()
