"""A calendar in memory that can be read and written, and that is told what to do wrong."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.errors import ConnectorError, NotFound
from connector.writing import Draft
from rooms import recurrence
from rooms.identity import occurrence_of
from rooms.model import Event, Response, Window
from rooms.room import Room
from tests.fakes.virtual import NOON


class FakeCalendars:
    """Source and writer of rooms that all have one calendar."""

    def __init__(self, *events: Event) -> None:
        self.events: dict[str, Event] = {event.id: event for event in events}
        self.made: dict[str, datetime | None] = {event.id: NOON for event in events}
        self.keys: dict[str, str] = {}
        self.done: list[tuple[str, str]] = []
        """What was changed, and in which event."""
        self.words: list[str] = []
        """What organizers and guests were told, change by change."""
        self.fails: list[ConnectorError | None] = []
        """What the next changes fail with, before anything happens."""
        self.loses: list[ConnectorError | None] = []
        """What is told of the next changes after they happened."""
        self.unreadable: ConnectorError | None = None
        self.reads = 0
        self.allowed = True
        """Whether what was opened may still be written to."""
        self.wanted = True
        """Whether the policy of rooms still wants writing."""
        self.between: Callable[[], None] = lambda: None
        """What somebody else does just before the next change."""
        self._numbers = itertools.count(1)
        self.now: Callable[[], datetime] = lambda: NOON

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """What overlaps the window."""
        self.reads += 1
        if self.unreadable is not None:
            raise self.unreadable
        return [
            event
            for event in self.events.values()
            if event.when is not None and window.overlaps(event.when.window(room.zone))
        ]

    async def create(self, room: Room, draft: Draft) -> str:
        """Book."""
        with self._changing("create", draft.key):
            if draft.key not in self.keys:
                self._make(room, draft)
            return self.keys[draft.key]

    def _make(self, room: Room, draft: Draft) -> None:
        uid = self.keys[draft.key] = f"made-{next(self._numbers)}"
        length = draft.when.end - draft.when.start
        starts = [draft.when.start]
        if draft.recurrence:
            starts = recurrence.parse(draft.recurrence).starts(draft.when.start, room.zone)
        for number, start in enumerate(starts):
            self.add(
                Event(
                    id=f"{uid}-{number}",
                    uid=uid,
                    occurrence=occurrence_of(start) if draft.recurrence else "",
                    when=Window(start=start, end=start + length),
                    subject=draft.subject,
                    body=draft.text,
                    own=True,
                ),
                self.now(),
            )

    def add(self, event: Event, made: datetime | None = NOON) -> None:
        """Somebody books."""
        self.events[event.id] = event
        self.made[event.id] = made

    async def created(self, room: Room, event: Event) -> datetime | None:
        """When that was made."""
        return self.made[event.id]

    async def end(self, room: Room, event: Event, at: datetime) -> None:
        """Move the end."""
        with self._changing("end", event.id):
            assert isinstance(event.when, Window)
            self._replace(event, when=Window(start=event.when.start, end=at))

    async def decline(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Decline."""
        with self._changing("decline", event.id):
            self.words.append(text)
            for one in self._meant(event, series=series):
                self._replace(one, response=Response.DECLINED)

    async def cancel(self, room: Room, event: Event, *, series: bool, text: str = "") -> None:
        """Cancel."""
        with self._changing("cancel", event.id):
            self.words.append(text)
            for one in self._meant(event, series=series):
                del self.events[one.id]

    def _meant(self, event: Event, *, series: bool) -> list[Event]:
        known = self.events.values()
        return [one for one in known if (one.uid == event.uid if series else one.id == event.id)]

    def _replace(self, event: Event, **changes: Any) -> None:
        if event.id not in self.events:
            raise NotFound("the meeting is gone by now", reason="event_gone")
        self.events[event.id] = msgspec.structs.replace(self.events[event.id], **changes)

    def _changing(self, what: str, event: str) -> "_Changing":
        return _Changing(self, what, event)

    async def writer(self, name: str) -> "FakeCalendars":
        """As the one that opens writers."""
        if name != "m365":
            raise KeyError(name)
        return self

    def known(self, _room: Room) -> bool:
        """As the same."""
        return self.wanted

    def allows(self, _room: Room, writer: object) -> bool:
        """As the same."""
        return self.allowed and writer is self


class _Changing:
    """A change, and what goes wrong around it."""

    def __init__(self, calendars: FakeCalendars, what: str, event: str) -> None:
        self._calendars = calendars
        self._told = what, event

    def __enter__(self) -> None:
        between, self._calendars.between = self._calendars.between, lambda: None
        between()
        if self._calendars.fails and (error := self._calendars.fails.pop(0)) is not None:
            raise error
        self._calendars.done.append(self._told)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._calendars.loses:
            error = self._calendars.loses.pop(0)
            if error is not None:
                raise error
