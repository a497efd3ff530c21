"""Reading iCalendar (RFC 5545), for every source that speaks it.

The text is cut into entries first: whatever a room does not need (alarms, attachments, other
attendees) is never looked at, and a text without its end is refused whole. Recurrence is left to
recurring-ical-events, one series at a time, so that a series that makes no sense spoils no other.
"""

import asyncio
from collections.abc import Iterable

from connector.errors import Malformed
from connector.icalendar.entry import Entry, Setting, entries
from connector.icalendar.lines import cut
from connector.icalendar.series import Budget, occurrences
from rooms.model import Event, Window
from rooms.room import Room

AT_ONCE = 8 << 10
"""Bytes that are read on the loop itself: a millisecond or two."""
MOST = 100_000
"""Events of one calendar in one span: more is no room's."""

__all__ = ["Entry", "Reading", "read"]


def read(texts: Iterable[bytes], room: Room, span: Window) -> list[Event]:
    """Every event of one calendar that overlaps a span, and those whose times make no sense.

    Raises:
        Malformed: one of the texts is no calendar, is not whole, or recurs without measure.
    """
    budget = Budget()
    found: list[Event] = []
    for text in texts:
        calendar = cut(text)
        setting = Setting(room, calendar.zones)
        for event in occurrences(entries(calendar, setting), span, budget):
            if event.when is None or span.overlaps(event.when.window(room.zone)):
                found.append(event)
                if len(found) > MOST:
                    raise Malformed("the calendar has too many events", reason="too_many_events")
    return found


class Reading:
    """Reads calendars of one source: large ones on a thread, one after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def events(self, texts: list[bytes], room: Room, span: Window) -> list[Event]:
        """As `read`, without holding up the loop."""
        if sum(map(len, texts)) <= AT_ONCE:
            return read(texts, room, span)
        async with self._turn:
            return await asyncio.to_thread(read, texts, room, span)
