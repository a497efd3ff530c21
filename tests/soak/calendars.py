"""Rooms whose calendars change all day long, and what they truly hold."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connector.simulators.graph import Event, Meeting, Recurrence, Tenant
from connector.simulators.graph.mailbox import Mailbox
from rooms.model import Person, Window
from rooms.room import Room

Shown = tuple[datetime, datetime, str]
"""Start, end and title of a booking."""

MOST = 25
"""Entries of a calendar from which on more is removed than added."""
LINK = "https://example.zoom.us/j/9{:010}"
HIDDEN = {"private", "confidential"}


def room_of(number: int) -> Room:
    """A room by its number."""
    return Room(
        id=f"room-{number}",
        name=f"Room {number}",
        mailbox=f"room-{number}@example.com",
        source="m365",
        time_zone="Europe/London",
    )


class Calendars:
    """The calendars of a tenant and the people who change them."""

    def __init__(self, tenant: Tenant, rooms: list[Room], rng: random.Random) -> None:
        self._tenant = tenant
        self._rng = rng
        self._made = 0
        self.changes = 0
        self.mailboxes = {
            room.id: tenant.add_mailbox(room.mailbox, name=room.name, time_zone=room.time_zone)
            for room in rooms
        }
        for mailbox in self.mailboxes.values():
            self._series(mailbox)
            for _ in range(6):
                self._single(mailbox)

    def change(self, room: str) -> None:
        """Somebody changes something in a room's calendar."""
        self.changes += 1
        mailbox = self.mailboxes[room]
        entries = mailbox.entries()
        if not entries:
            self._single(mailbox)
        elif len(entries) > MOST:
            mailbox.delete(min(entries, key=_ended).id)
        else:
            self._rng.choice(self._ways())(mailbox)

    def truth(self, room: str, window: Window) -> list[Shown]:
        """What a room must show: all that is neither cancelled nor declined, private masked."""
        found = []
        for event in self.mailboxes[room].view(window.start, window.end):
            meeting = event.meeting
            if meeting.cancelled or meeting.response == "declined":
                continue
            hidden = meeting.sensitivity in HIDDEN
            title = "Private meeting" if hidden else meeting.subject
            found.append((event.start, event.end, title))
        return sorted(found)

    def _ways(self) -> Sequence[Callable[[Mailbox], None]]:
        return [self._single] * 4 + [
            self._series,
            self._move,
            self._move,
            self._edit,
            self._answer,
            self._cancel,
            self._delete,
            self._delete,
            self._occurrence,
            self._occurrence,
        ]

    def _start(self) -> datetime:
        """Some time from yesterday to two weeks ahead, on a quarter of an hour."""
        now = self._tenant.now().replace(minute=0, second=0, microsecond=0)
        return now + timedelta(minutes=15 * self._rng.randrange(-96, 14 * 96))

    def _meeting(self, start: datetime, **more: object) -> Meeting:
        self._made += 1
        rng = self._rng
        return Meeting(
            subject=f"Meeting {self._made}",
            start=start,
            end=start + timedelta(minutes=15 * rng.randint(1, 8)),
            organizer=Person(name="Ada Lovelace", address="ada@example.com"),
            body=f"<p>{LINK.format(self._made)}</p>" if rng.random() < 0.5 else "",
            sensitivity="private" if rng.random() < 0.05 else "normal",
            **more,  # type: ignore[arg-type] # what a meeting has
        )

    def _single(self, mailbox: Mailbox) -> None:
        start = self._start()
        if self._rng.random() < 0.03:
            day = start.date()
            made = self._meeting(start)
            mailbox.add(Meeting(subject=made.subject, start=day, end=day + timedelta(days=1)))
        else:
            mailbox.add(self._meeting(start))

    def _series(self, mailbox: Mailbox) -> None:
        count = self._rng.randint(2, 20)
        mailbox.add(self._meeting(self._start(), recurrence=Recurrence(type="daily", count=count)))

    def _move(self, mailbox: Mailbox) -> None:
        mailbox.move(self._any(mailbox), self._start())

    def _edit(self, mailbox: Mailbox) -> None:
        self._made += 1
        mailbox.edit(self._any(mailbox), subject=f"Edited {self._made}")

    def _answer(self, mailbox: Mailbox) -> None:
        mailbox.respond(
            self._any(mailbox), self._rng.choice(["accepted", "declined", "tentativelyAccepted"])
        )

    def _cancel(self, mailbox: Mailbox) -> None:
        mailbox.cancel(self._any(mailbox))

    def _delete(self, mailbox: Mailbox) -> None:
        mailbox.delete(self._any(mailbox))

    def _occurrence(self, mailbox: Mailbox) -> None:
        """One occurrence of a series is moved, edited, cancelled or deleted."""
        now = self._tenant.now()
        view = mailbox.view(now - timedelta(days=1), now + timedelta(days=7))
        occurrences = [event for event in view if event.series_id is not None]
        if not occurrences:
            return
        event = self._rng.choice(occurrences)
        match self._rng.randrange(4):
            case 0:
                mailbox.move(event.id, event.start + timedelta(hours=1))
            case 1:
                mailbox.edit(event.id, subject=f"{event.meeting.subject}, another way")
            case 2:
                mailbox.cancel(event.id)
            case _:
                mailbox.delete(event.id)

    def _any(self, mailbox: Mailbox) -> str:
        return self._rng.choice(mailbox.entries()).id


def _ended(event: Event) -> datetime:
    recurrence = event.meeting.recurrence
    days = recurrence.count or 0 if recurrence else 0
    return event.end + timedelta(days=days)
