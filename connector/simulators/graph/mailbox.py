"""A mailbox of the tenant and its calendar."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from connector.simulators.graph import identifiers
from connector.simulators.graph.entry import Entry, Event, NotThere, settled, where
from connector.simulators.graph.meeting import SHOWN_AFTER, Meeting, Response


class Mailbox:
    """A mailbox with one calendar. Ids may be of either kind, of a series or one occurrence."""

    def __init__(
        self,
        address: str,
        *,
        name: str,
        time_zone: str,
        rest_enabled: bool,
        now: Callable[[], datetime],
    ) -> None:
        self.address = address
        self.name = name
        self.time_zone = time_zone
        self.rest_enabled = rest_enabled
        self.id = uuid5(NAMESPACE_URL, f"mailto:{address.lower()}")
        self._now = now
        self._entries: dict[int, Entry] = {}
        self._made = 0
        self._version = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, meeting: Meeting) -> Event:
        """Put a meeting, or a series, into the calendar."""
        self._made += 1
        self._version += 1
        now = self._now()
        zone = where(meeting, self.time_zone)
        entry = Entry(
            mailbox=self.id,
            number=self._made,
            meeting=settled(meeting, zone, self.time_zone),
            zone=zone,
            seed=uuid5(self.id, str(self._made)).bytes,
            created=now,
            modified=now,
            version=self._version,
        )
        self._entries[entry.number] = entry
        return entry.event(None)

    def get(self, event_id: str) -> Event:
        """An event by its id.

        Raises:
            NotThere: nothing has this id.
            identifiers.Malformed: it is no id.
        """
        entry, day = self._find(event_id)
        return entry.event(day)

    def on(self, series_id: str, day: date) -> Event:
        """The occurrence of a series that was planned for a day.

        Raises:
            NotThere: there is none.
        """
        return self._find(series_id)[0].event(day)

    def edit(self, event_id: str, **changes: Any) -> Event:
        """Change a meeting, a whole series, or one occurrence, by the names of `Meeting`."""
        entry, day = self._find(event_id)
        old = entry.meeting if day is None else entry.on(day)
        new = msgspec.structs.replace(old, **changes)
        zone = where(new, self.time_zone)
        new = settled(new, zone, self.time_zone)
        if day is not None:
            entry.changed[day] = msgspec.structs.replace(new, recurrence=None)
        else:
            entry.meeting, entry.zone = new, zone
            if changes.keys() & {"start", "end", "recurrence", "time_zone"}:
                entry.changed.clear()  # Exchange forgets them when a series is planned anew.
        return self._touched(entry, day)

    def move(
        self, event_id: str, start: datetime | date, end: datetime | date | None = None
    ) -> Event:
        """Let a meeting begin at another time, as long as before unless told otherwise."""
        if end is None:
            end = start + self.get(event_id).meeting.length
        return self.edit(event_id, start=start, end=end)

    def cancel(self, event_id: str) -> Event:
        """Cancelled by the organizer: it stays, marked, and no longer takes the room."""
        subject = f"Canceled: {self.get(event_id).meeting.subject}"
        return self.edit(event_id, cancelled=True, subject=subject, show_as="free")

    def respond(self, event_id: str, response: Response) -> Event:
        """The answer of the mailbox to an invitation."""
        return self.edit(event_id, response=response, show_as=SHOWN_AFTER[response])

    def delete(self, event_id: str) -> Event:
        """Remove a meeting, a series, or one occurrence; what it was comes back."""
        entry, day = self._find(event_id)
        gone = entry.event(day)
        if day is None:
            del self._entries[entry.number]
        else:
            entry.changed[day] = None
            self._touch(entry)
        return gone

    def refile(self, event_id: str) -> Event:
        """Move an entry to another folder and back: its default id is another one then."""
        entry, day = self._find(event_id)
        entry.folder += 1
        return self._touched(entry, day)

    def entries(self) -> list[Event]:
        """Single meetings and series as such, in the order in which they were made."""
        return [entry.event(None) for entry in self._entries.values()]

    def view(self, start: datetime, end: datetime) -> list[Event]:
        """Whatever overlaps a window, series expanded.

        Single meetings come first, as from Graph: who wants them in order has to ask for it.
        """
        found = [
            event
            for entry in self._entries.values()
            for event in entry.events(end)
            if event.start < end and (event.end > start or event.start == event.end >= start)
        ]
        return sorted(found, key=lambda event: (event.series_id is not None, event.start))

    def _find(self, event_id: str) -> tuple[Entry, date | None]:
        """The entry an id leads to, provided that the id is still its own."""
        place = identifiers.place(event_id)
        entry = self._entries.get(place.number)
        if entry is None or event_id not in {entry.id(place.day), entry.immutable_id(place.day)}:
            raise NotThere(event_id)
        return entry, place.day

    def _touched(self, entry: Entry, day: date | None) -> Event:
        self._touch(entry)
        return entry.event(day)

    def _touch(self, entry: Entry) -> None:
        self._version += 1
        entry.version = self._version
        entry.modified = self._now()
