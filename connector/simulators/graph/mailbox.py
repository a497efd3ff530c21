"""A mailbox of the tenant and its calendar."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from connector.simulators.graph import identifiers
from connector.simulators.graph.changes import Change, Changes, Kind
from connector.simulators.graph.directory import RoomDetails
from connector.simulators.graph.entry import Entry, Event, NotThere, settled, where
from connector.simulators.graph.meeting import SHOWN_AFTER, Meeting, Response


class Reply(msgspec.Struct, frozen=True):
    """What a mailbox told somebody about a meeting."""

    what: str
    """`cancelled`, or the answer."""
    event: str
    to: str
    comment: str


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
        room: RoomDetails | None = None,
    ) -> None:
        self.address = address
        self.name = name
        self.time_zone = time_zone
        self.rest_enabled = rest_enabled
        self.room = room
        """What the directory knows; None for a mailbox that is no room."""
        self.id = uuid5(NAMESPACE_URL, f"mailto:{address.lower()}")
        self._now = now
        self._entries: dict[int, Entry] = {}
        self._made = 0
        self._version = 0
        self.replies: list[Reply] = []
        """What went out in its name."""
        self.changes = Changes()
        self.generation = 1
        """Counts how often clients were made to forget how far they had read."""
        self.changed: Callable[[Mailbox, Change], None] = lambda _mailbox, _change: None
        """Told of every change."""

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, meeting: Meeting, *, created: datetime | None = None) -> Event:
        """Put a meeting, or a series, into the calendar, as if at another time if one is given."""
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
            created=created or now,
            modified=now,
            version=self._version,
        )
        self._entries[entry.number] = entry
        self._log("created", entry.number, None, None)
        return entry.event(None)

    def get(self, event_id: str) -> Event:
        """An event by its id.

        Raises:
            NotThere: nothing has this id.
            identifiers.Malformed: it is no id.
        """
        entry, day = self._find(event_id)
        return entry.event(day)

    def by_transaction(self, transaction_id: str) -> Event | None:
        """What a client has made in this name, if it is still there."""
        for entry in self._entries.values():
            if entry.meeting.transaction_id == transaction_id:
                return entry.event(None)
        return None

    def on(self, series_id: str, day: date) -> Event:
        """The occurrence of a series that was planned for a day.

        Raises:
            NotThere: there is none.
        """
        return self._find(series_id)[0].event(day)

    def edit(self, event_id: str, **changes: Any) -> Event:
        """Change a meeting, a whole series, or one occurrence, by the names of `Meeting`."""
        entry, day = self._find(event_id)
        before = _copy(entry)
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
        return self._touched(entry, day, before)

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
        gone, before = entry.event(day), _copy(entry)
        if day is None:
            del self._entries[entry.number]
            self._version += 1
            self._log("deleted", entry.number, None, before)
        else:
            entry.changed[day] = None
            self._touch(entry, day, before)
        return gone

    def refile(self, event_id: str) -> Event:
        """Move an entry to another folder and back: its default id is another one then."""
        entry, day = self._find(event_id)
        before = _copy(entry)
        entry.folder += 1
        self._touch(entry, None, before)
        return entry.event(day)

    def entry(self, number: int, version: int) -> Entry | None:
        """An entry as it was at a version of the mailbox; None if there was none.

        Raises:
            Forgotten: so old a state is no longer known.
        """
        for change in self.changes.between(version, self._version):
            if change.number == number:
                return change.before
        return self._entries.get(number)

    def at(self, version: int) -> list[Entry]:
        """All entries as they were at a version, in the order in which they were made.

        Raises:
            Forgotten: so old a state is no longer known.
        """
        found = dict(self._entries)
        for change in reversed(self.changes.between(version, self._version)):
            if change.before is None:
                found.pop(change.number, None)
            else:
                found[change.number] = change.before
        return [found[number] for number in sorted(found)]

    def forget(self) -> None:
        """Let no client go on from where it was, as Exchange does when its cache is full."""
        self.generation += 1

    def entries(self) -> list[Event]:
        """Single meetings and series as such, in the order in which they were made."""
        return [entry.event(None) for entry in self._entries.values()]

    def view(self, start: datetime, end: datetime) -> list[Event]:
        """Whatever overlaps a window, series expanded.

        Single meetings come first, as from Graph: who wants them in order has to ask for it.
        """
        found = [event for entry in self._entries.values() for event in entry.within(start, end)]
        return sorted(found, key=lambda event: (event.series_id is not None, event.start))

    def _find(self, event_id: str) -> tuple[Entry, date | None]:
        """The entry an id leads to, provided that the id is still its own."""
        place = identifiers.place(event_id)
        entry = self._entries.get(place.number)
        if entry is None or event_id not in {entry.id(place.day), entry.immutable_id(place.day)}:
            raise NotThere(event_id)
        return entry, place.day

    def _touched(self, entry: Entry, day: date | None, before: Entry) -> Event:
        self._touch(entry, day, before)
        return entry.event(day)

    def _touch(self, entry: Entry, day: date | None, before: Entry) -> None:
        self._version += 1
        entry.version = self._version
        entry.modified = self._now()
        self._log("updated", entry.number, day, before)

    def _log(self, kind: Kind, number: int, day: date | None, before: Entry | None) -> None:
        change = Change(
            version=self._version,
            at=self._now(),
            kind=kind,
            number=number,
            day=day,
            before=before,
        )
        self.changes.add(change)
        self.changed(self, change)


def _copy(entry: Entry) -> Entry:
    """An entry as it is now."""
    return replace(entry, changed=dict(entry.changed))
