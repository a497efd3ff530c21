"""Reading iCalendar (RFC 5545), for every source that speaks it.

The text is cut into entries first: whatever a room does not need (alarms, attachments, other
attendees) is never looked at, and a text without its end is refused whole. Recurrence is left to
recurring-ical-events, one series at a time, so that a series that makes no sense spoils no other.
"""

import asyncio
from collections.abc import Mapping

from connector.errors import Malformed
from connector.icalendar.entry import Setting, entries
from connector.icalendar.lines import cut
from connector.icalendar.series import Budget, occurrences
from rooms.model import Event, Window
from rooms.room import Room

AT_ONCE = 8 << 10
"""Bytes that are read on the loop itself: a millisecond or two."""
MOST = 100_000
"""Events of one calendar in one span: more is no room's."""

__all__ = ["Reading", "read", "read_each"]


def read(text: bytes, room: Room, span: Window) -> list[Event]:
    """Every event of a calendar that overlaps a span, and those whose times make no sense.

    Raises:
        Malformed: the text is no calendar, is not whole, or recurs without measure.
    """
    return read_each({"": text}, room, span)[""]


def read_each(texts: Mapping[str, bytes], room: Room, span: Window) -> dict[str, list[Event]]:
    """As `read`, of the objects that are one calendar together, by their names."""
    budget = Budget()
    count = 0
    found: dict[str, list[Event]] = {}
    for name, text in texts.items():
        calendar = cut(text)
        setting = Setting(room, calendar.zones)
        events = found[name] = []
        for event in occurrences(entries(calendar, setting), span, budget):
            if event.when is None or span.overlaps(event.when.window(room.zone)):
                events.append(event)
                count += 1
                if count > MOST:
                    raise Malformed("the calendar has too many events", reason="too_many_events")
    return found


class Reading:
    """Reads calendars of one source: large ones on a thread, one after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def events(self, text: bytes, room: Room, span: Window) -> list[Event]:
        """As `read`, without holding up the loop."""
        return (await self.objects({"": text}, room, span))[""]

    async def objects(
        self, texts: Mapping[str, bytes], room: Room, span: Window
    ) -> dict[str, list[Event]]:
        """As `read_each`, without holding up the loop."""
        if sum(map(len, texts.values())) <= AT_ONCE:
            return read_each(texts, room, span)
        async with self._turn:
            return await asyncio.to_thread(read_each, texts, room, span)
