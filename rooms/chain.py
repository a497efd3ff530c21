"""The chain of the audit log: every row holds the hash of the row before it. Pure.

A row's hash is the SHA-256 of its JSON by RFC 8785, without `hash` itself and with `former`, the
hash of the row before. Whoever knows one row's hash so knows whether any row up to it was changed,
removed, added or moved. `docs/audit.md` shows how to check an export without this program.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from rooms.model import Value

START = "0" * 64
"""What stands in place of the former hash in the first row."""
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")

_canonical = msgspec.json.Encoder(order="sorted").encode
_read_detail = msgspec.json.Decoder(dict[str, str | int]).decode
# Made once: to make one takes longer than all the rest of a row.

Detail = Mapping[str, str | int]


class Row(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the log, as it is exported too."""

    seq: int
    """From 1, without a gap."""
    at: str
    """RFC 3339."""
    actor: str
    action: str
    object: str
    origin: str
    """From where: an address, or `control` for the command line. Empty where nobody called."""
    detail: Detail | str
    """A text only where a row of an early release is no JSON object."""
    former: str
    """The hash of the row before it."""
    hash: str


class Head(Value, frozen=True, kw_only=True):
    """The last row of a log, and what it proves: all before it."""

    seq: int = 0
    """0 for a log without rows."""
    hash: str = START
    at: str = ""

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class Bad(Value, frozen=True, kw_only=True):
    """The first row that is not as it was written."""

    seq: int
    """Its number, or the one that it should have."""
    why: str


def head_of(text: str) -> Head:
    """A head as people write it: `SEQ:HASH`.

    Raises:
        ValueError: it is none.
    """
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("must be SEQ:HASH, a number and 64 hex digits")
    return Head(seq=int(found[1]), hash=found[2])


def digest(fields: Mapping[str, Any]) -> str:
    """The hash of a row from all its fields but `hash`.

    Keys are ASCII and numbers whole and below 2^53, so that sorted keys without spaces are what
    RFC 8785 demands.
    """
    return hashlib.sha256(_canonical(fields)).hexdigest()


def linked(former: Head, fields: Mapping[str, Any]) -> Row:
    """The row that follows on a head; `fields` are all of it that chains do not know."""
    whole = {**fields, "seq": former.seq + 1, "former": former.hash}
    return Row(**whole, hash=digest(whole))


def detail_of(text: object) -> Detail | str:
    """What stands in the column `detail`: an object, or text where it is none."""
    try:
        return _read_detail(str(text))
    except (msgspec.DecodeError, UnicodeError):
        return str(text)


class Walk:
    """Checks rows one after the other, from the first or from a row that is trusted."""

    def __init__(self, known: Head | None = None, begin: Head | None = None) -> None:
        self.head = begin or Head()
        """The last row that is sound."""
        self._known = known
        self._met = known is None or known.seq <= self.head.seq
        self.rows = 0

    def step(self, row: Row) -> Bad | None:
        """Take the next row; why it is not sound, or None."""
        due = self.head.seq + 1
        if row.seq != due:
            why = "missing" if row.seq > due else f"row {row.seq} stands in its place"
            return Bad(seq=due, why=why)
        if row.former != self.head.hash:
            return Bad(seq=due, why="does not follow on the row before it")
        fields = msgspec.structs.asdict(row)
        if digest({name: value for name, value in fields.items() if name != "hash"}) != row.hash:
            return Bad(seq=due, why="was changed")
        if self._known is not None and due == self._known.seq:
            if row.hash != self._known.hash:
                return Bad(seq=due, why="is not the row whose hash is known")
            self._met = True
        self.head = Head(seq=row.seq, hash=row.hash, at=row.at)
        self.rows += 1
        return None

    def end(self) -> Bad | None:
        """All rows were seen: why that is not all, or None."""
        if self._met:
            return None
        return Bad(seq=self.head.seq + 1, why="missing: the log was longer")
