"""A mailbox with a calendar that remembers what changed, for SyncFolderItems and notifications."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from connector.simulators.exchange.markup import Xml
from connector.simulators.graph import mailbox as calendar
from connector.simulators.graph.entry import Entry, Event
from connector.simulators.graph.meeting import Meeting

Happened = Literal["Created", "Modified", "Deleted"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing that happened to an item: a single meeting, or a series as a whole."""

    item: str
    change_key: str
    created: int
    """The turn in which it came."""
    turn: int
    """The turn in which this happened; turns count the changes of a mailbox."""
    gone: bool


class Mailbox(calendar.Mailbox):
    """A mailbox and its calendar.

    With `attendant` it behaves as a room's on a real server: a meeting that is moved comes back
    under another id, one that is cancelled goes.
    """

    def __init__(
        self,
        address: str,
        *,
        name: str,
        time_zone: str,
        attendant: bool,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(address, name=name, time_zone=time_zone, rest_enabled=True, now=now)
        self.attendant = attendant
        self.hidden = False
        """Whether it is left out of the address book, and so of GetRooms."""
        self.group = "SIM01"
        """GroupingInformation of Autodiscover: mailboxes that share a stream share it."""
        self.turn = 0
        self.listeners: list[Callable[[Mailbox, Happened, Change], None]] = []
        self._changes: dict[str, Change] = {}
        self.written: dict[object, Xml] = {}
        """Items as they were written for clients, until something changes."""
        self._properties: dict[str, dict[str, str]] = {}

    def add(self, meeting: Meeting, **more: Any) -> Event:
        """Put a meeting, or a series, into the calendar."""
        event = super().add(meeting, **more)
        self._note("Created", event.id, event.change_key)
        return event

    def edit(self, event_id: str, **changes: Any) -> Event:
        """Change a meeting, a whole series, or one occurrence, by the names of `Meeting`."""
        event = super().edit(event_id, **changes)
        self._note("Modified", event.series_id or event.id, event.change_key)
        return event

    def move(
        self, event_id: str, start: datetime | date, end: datetime | date | None = None
    ) -> Event:
        """Let a meeting begin at another time, as long as before unless told otherwise."""
        old = self.get(event_id)
        if not self.attendant or old.series_id is not None:
            return super().move(event_id, start, end)
        end = end if end is not None else start + old.meeting.length
        self.delete(event_id)
        moved = msgspec.structs.replace(old.meeting, start=start, end=end, uid=old.uid)
        return self.add(moved)

    def cancel(self, event_id: str) -> Event:
        """Cancelled by the organizer."""
        return self.delete(event_id) if self.attendant else super().cancel(event_id)

    def delete(self, event_id: str) -> Event:
        """Remove a meeting, a series, or one occurrence; what it was comes back."""
        gone = super().delete(event_id)
        if gone.series_id is None:
            self._note("Deleted", gone.id, gone.change_key)
        else:
            master = self.get(gone.series_id)
            self._note("Modified", master.id, master.change_key)
        return gone

    def refile(self, event_id: str) -> Event:
        """Move an entry to another folder and back: it has another id then."""
        old = self.get(event_id)
        new = super().refile(event_id)
        self._note("Deleted", old.series_id or old.id, old.change_key)
        self._note("Created", new.series_id or new.id, new.change_key)
        return new

    def since(self, turn: int, limit: int) -> list[Change]:
        """What changed after a turn, oldest first; from 0, all there is."""
        found = sorted(
            (one for one in self._changes.values() if one.turn > turn), key=lambda one: one.turn
        )
        return [one for one in found if not (one.gone and one.created > turn)][:limit]

    def behind(self, event_id: str) -> Entry:
        """The entry behind an item: what it is and what was changed in its series."""
        return self._find(event_id)[0]

    def keep(self, item: str, name: str, value: str) -> None:
        """Keep an extended property at an item."""
        self.written.clear()
        self._properties.setdefault(item, {})[name] = value

    def kept(self, item: str, name: str) -> str | None:
        """An extended property that a client keeps at an item."""
        return self._properties.get(item, {}).get(name)

    def _note(self, happened: Happened, item: str, change_key: str) -> None:
        """Remember a change, and tell those who listen."""
        self.turn += 1
        self.written.clear()
        known = self._changes.get(item)
        created = self.turn if known is None or happened == "Created" else known.created
        change = Change(
            item=item,
            change_key=change_key,
            created=created,
            turn=self.turn,
            gone=happened == "Deleted",
        )
        self._changes[item] = change
        for listener in self.listeners:
            listener(self, happened, change)
