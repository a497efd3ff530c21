"""What is remembered of a room between two rounds of delta: a link, and what was near.

It is enough to tell whether a change touches what is served. Of each item there is a hash of its
id, when it is, and a hash of its version: twenty bytes, no word of what it says. Only those are
kept that are served, or will be before the next baseline.
"""

import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec

from connector.sources.graph.delta import Change
from connector.sources.graph.wire import instant
from rooms.model import Window

ALWAYS = 0xFFFF_FFFF
"""The last minute that is counted; a series without an end lasts until then."""
ZONES = timedelta(hours=14)
"""How far whole days may be shifted in the zone of a room."""
_ITEM = struct.Struct(">8sIII")


class Span(NamedTuple):
    """When an item is, in minutes since 1970, and which version of it; 0 is never the same."""

    start: int
    end: int
    version: int

    def touches(self, window: tuple[int, int]) -> bool:
        """Whether it lies in a window; without length it counts as a minute."""
        return self.start < window[1] and max(self.end, self.start + 1) > window[0]


Known = dict[bytes, Span]
"""Items by a hash of their id."""


class Mark(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """Where the watch of a room stands; times are minutes since 1970."""

    form: Literal[1] = 1
    mailbox: bytes
    """A hash of its address: a room with another mailbox begins anew."""
    link: str
    """Where the next round begins; empty where the service forgot it."""
    window: tuple[int, int]
    """What the service watches: frozen in the link."""
    kept: tuple[int, int]
    """What `known` knows all of."""
    made: int
    """When the baseline was made."""
    known: bytes


class Touched(NamedTuple):
    """What a round touches."""

    near: bool
    """Something that is served, of which nobody told yet."""
    beyond: bool
    """Something else."""
    changed: bool
    """Anything that is remembered."""


@dataclass(slots=True)
class Look:
    """How changes are looked at: what is served, and what is worth remembering."""

    served: tuple[int, int]
    kept: tuple[int, int]


def minutes(at: datetime) -> int:
    """Minutes since 1970, as far as they can be counted."""
    return min(max(int(at.timestamp()) // 60, 0), ALWAYS)


def span(window: Window) -> tuple[int, int]:
    """A window in minutes."""
    return minutes(window.start), minutes(window.end)


def digest(text: str, size: int = 8) -> bytes:
    """A short hash."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def packed(mark: Mark) -> bytes:
    """A mark as it is kept."""
    return msgspec.msgpack.encode(mark)


def unpacked(raw: bytes | None) -> Mark | None:
    """A mark that was kept, or None where it makes no sense to this version."""
    try:
        return None if raw is None else msgspec.msgpack.decode(raw, type=Mark)
    except msgspec.DecodeError:
        return None


def known_of(mark: Mark) -> Known:
    """The items that a mark remembers."""
    whole = len(mark.known) // _ITEM.size * _ITEM.size
    return {key: Span(*rest) for key, *rest in _ITEM.iter_unpack(mark.known[:whole])}


def remembered(known: Known) -> bytes:
    """Items as a mark remembers them."""
    return b"".join(_ITEM.pack(key, *one) for key, one in sorted(known.items()))


def apply(
    known: Known, changes: Iterable[Change], look: Look, told: Collection[str] = ()
) -> Touched:
    """Bring what is known up to date, and tell what was touched.

    The same change again touches nothing, in whatever order; of a removed item that is not known
    there is nothing to learn but that it was not near. Items of which the service told by itself
    (`told`) are not told again.
    """
    near = beyond = changed = False
    for change in changes:
        key = digest(change.id)
        old = known.get(key)
        new = None if change.removed is not None else _span(change)
        if old == new and (new is None or new.version):
            beyond |= new is None
            continue
        served = any(one is not None and one.touches(look.served) for one in (old, new))
        if not served:
            beyond = True
        elif change.id not in told and change.series_master_id not in told:
            near = True
        if new is not None and new.touches(look.kept):
            known[key] = new
            changed = True
        elif old is not None:
            del known[key]
            changed = True
    return Touched(near, beyond, changed)


def differs(old: Known, new: Known, served: tuple[int, int]) -> bool:
    """Whether two baselines differ in what is served."""
    return any(
        any(one is not None and one.touches(served) for one in (old.get(key), new.get(key)))
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key)
    )


def _span(change: Change) -> Span:
    """When an item is; one that does not say may be at any time."""
    version = int.from_bytes(digest(change.etag, 4)) if change.etag else 0
    try:
        if change.recurrence and change.recurrence.range:
            start, end = _series(change.recurrence.range.start_date, change)
            return Span(start, end, version)
        if change.start is None or change.end is None:
            return Span(0, ALWAYS, version)
        return Span(minutes(instant(change.start)), minutes(instant(change.end)), version)
    except (ValueError, OverflowError, KeyError):
        return Span(0, ALWAYS, version)


def _series(start: str | None, change: Change) -> tuple[int, int]:
    """From the first day of a series to its last one, both with a day to spare for the zone."""
    last = change.recurrence.range if change.recurrence else None
    day = timedelta(days=1)
    first = minutes(_midnight(start) - day) if start else 0
    if last is None or last.type != "endDate" or not last.end_date:
        return first, ALWAYS
    return first, minutes(_midnight(last.end_date) + 2 * day)


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
