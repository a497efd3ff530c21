"""Whether a codec lists what it was told: read back and compared (EP-12)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from connector.endpoints.cisco.bookings import Shown
from connector.endpoints.cisco.documents import Document, instant, text

MINUTE = timedelta(minutes=1)
"""Codecs count durations in whole minutes."""
_SCHEME = re.compile(r"^(sips?|h323):", re.IGNORECASE)


class Entry(NamedTuple):
    """A booking as a codec lists it."""

    id: str
    start: datetime | None
    end: datetime | None
    numbers: frozenset[str]


def entries(result: Document) -> list[Entry]:
    """All bookings in the result of `Bookings List`; no `Booking` in it stands for none."""
    return [_entry(node) for node in result.iterchildren("Booking")]


def _entry(node: Document) -> Entry:
    numbers = {_number(said) for said in (text(node, "Number"), *_calls(node)) if said}
    start = instant(text(node, "Time/StartTime"))
    end = instant(text(node, "Time/EndTime"))
    minutes = text(node, "Time/Duration")
    if end is None and start is not None and minutes.isascii() and minutes.isdigit():
        end = start + int(minutes[:5]) * MINUTE
    return Entry(text(node, "Id"), start, end, frozenset(numbers))


def _calls(node: Document) -> list[str]:
    return [text(call, "Number") for call in node.iterfind("DialInfo/Calls/Call")]


def _number(said: str) -> str:
    return _SCHEME.sub("", said.strip()).lower()


def same(result: Document, bookings: list[Shown], now: datetime) -> bool:
    """Whether the codec lists exactly these, as far as they are not over.

    What is over a codec may keep or drop. Names, words and platforms do not matter.
    """
    listed = {entry.id: entry for entry in entries(result) if not _over(entry.end, now)}
    wanted = {one.booking.id: one for one in bookings if not _over(one.booking.end, now)}
    doubtful = {one.booking.id for one in bookings} - wanted.keys()
    return listed.keys() - doubtful == wanted.keys() and all(
        _fits(listed[name], one) for name, one in wanted.items()
    )


def _over(end: datetime | None, now: datetime) -> bool:
    """Whether it ends so soon that the codec may think it has."""
    return end is not None and end <= now + MINUTE


def _fits(entry: Entry, one: Shown) -> bool:
    booking, dial = one
    end = max(booking.end, booking.start + MINUTE)
    dialled = not entry.numbers if dial is None else _number(dial.address) in entry.numbers
    return dialled and _near(entry.start, booking.start) and _near(entry.end or end, end)


def _near(told: datetime | None, meant: datetime) -> bool:
    return told is not None and abs(told - meant) < MINUTE


def lacks_only(result: Document, ends: Mapping[str, datetime], lost: str, now: datetime) -> bool:
    """Whether the one booking is gone and all others are still listed; `ends` are by their ids.

    A list that lost more, or has others in it, was replaced rather than changed by a person. One
    that is empty tells neither: it may have been cleared, and no meeting ends by that.
    """
    listed = {entry.id for entry in entries(result) if not _over(entry.end, now)}
    wanted = {name for name, end in ends.items() if not _over(end, now)}
    return bool(listed) and lost in wanted and listed == wanted - {lost}
