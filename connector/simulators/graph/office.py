"""Believable office days for a demo: what rooms hold in a week."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

import msgspec

from connector.simulators.graph import invitations
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.meeting import Attendee, Meeting
from connector.simulators.graph.recurrence import WEEKDAYS, Recurrence
from rooms.model import Person
from rooms.room import Room

_DAYS_BEFORE, _DAYS_AFTER = 1, 7
_PEOPLE = (
    Person(name="Ada Lovelace", address="ada@example.com"),
    Person(name="Grace Hopper", address="grace@example.com"),
    Person(name="Emmy Noether", address="emmy@example.com"),
    Person(name="Alan Turing", address="alan@example.com"),
    Person(name="Mary Anning", address="mary@example.com"),
)
_SUPPLIER = Person(name="Charles Babbage", address="charles@engines.example.org")

Details = dict[str, Any]
Slot = tuple[str, int, str, Callable[[str], Details]]
"""When a meeting begins, how many minutes it lasts, what it is called, how it is held."""


class Mailboxes(Protocol):
    """Whatever holds mailboxes: a tenant, an Exchange Server."""

    def mailbox(self, name: str) -> Mailbox:
        """A mailbox by its address.

        Raises:
            KeyError: there is none.
        """

    def add_mailbox(self, address: str, *, name: str = "", time_zone: str = "UTC") -> Mailbox:
        """A new mailbox."""


def _zoom(seed: str) -> Details:
    return {"body": invitations.zoom(seed)}


def _teams(seed: str) -> Details:
    body = invitations.teams(seed, room_systems=False)
    return {"body": body, "online": invitations.teams_online(seed)}


def _teams_for_rooms(seed: str) -> Details:
    body = invitations.teams(seed, room_systems=True)
    return {"body": body, "online": invitations.teams_online(seed)}


def _webex(seed: str) -> Details:
    return {"body": invitations.webex(seed), "organizer": _SUPPLIER}


def _meet(seed: str) -> Details:
    return {"body": invitations.meet(seed), "organizer": _SUPPLIER}


def _plain(seed: str) -> Details:
    del seed
    return {"body": "<p>Please bring your notes.</p>"}


def _private(seed: str) -> Details:
    return _zoom(seed) | {"sensitivity": "private"}


def _tentative(seed: str) -> Details:
    return _teams_for_rooms(seed) | {"response": "tentativelyAccepted"}


def _cancelled(seed: str) -> Details:
    return _zoom(seed) | {"cancelled": True, "show_as": "free"}


_PLANS: tuple[tuple[Slot, ...], ...] = (
    (
        ("09:30", 60, "Design review", _zoom),
        ("11:00", 60, "Budget planning", _teams_for_rooms),
        ("13:00", 30, "Interview", _plain),
        ("14:00", 60, "Supplier call", _webex),
        ("15:30", 30, "Salary review", _private),
        ("16:30", 30, "Hiring plans", _tentative),
    ),
    (
        ("10:00", 45, "Product sync", _teams),
        ("11:00", 60, "Campaign with the agency", _meet),
        ("13:00", 60, "Canceled: Town hall rehearsal", _cancelled),
        ("13:30", 60, "Customer workshop", _zoom),
        ("14:30", 30, "One to one", _plain),
        ("15:00", 90, "Release planning", _teams_for_rooms),
    ),
    (
        ("09:30", 30, "Sales pipeline", _webex),
        ("10:00", 60, "Architecture forum", _teams_for_rooms),
        ("12:00", 60, "Lunch talk", _zoom),
        ("14:00", 45, "Security training", _meet),
        ("15:00", 30, "Medical leave", _private),
        ("16:00", 60, "Retrospective", _zoom),
    ),
)


def populate(tenant: Mailboxes, rooms: Iterable[Room], today: date) -> None:
    """Give rooms their mailboxes and a week of meetings around today.

    Today is an office day whatever day it is; the same rooms get the same meetings every time.
    """
    for number, room in enumerate(rooms):
        mailbox = _mailbox(tenant, room)
        _stand_up(mailbox, today, _PEOPLE[number % len(_PEOPLE)])
        for offset in range(-_DAYS_BEFORE, _DAYS_AFTER + 1):
            day = today + timedelta(days=offset)
            if day == today or day.weekday() < WEEKDAYS.index("saturday"):
                _office_day(mailbox, day, number + day.toordinal())
        if number % 3 == 1:
            _whole_day(mailbox, today + timedelta(days=1))


def _mailbox(tenant: Mailboxes, room: Room) -> Mailbox:
    """The mailbox of a room."""
    try:
        return tenant.mailbox(room.mailbox)
    except KeyError:
        return tenant.add_mailbox(room.mailbox, name=room.name, time_zone=room.time_zone)


def _office_day(mailbox: Mailbox, day: date, turn: int) -> None:
    """One of the plans."""
    for place, (begins, minutes, subject, held) in enumerate(_PLANS[turn % len(_PLANS)]):
        start = datetime.combine(day, time.fromisoformat(begins))
        details: Details = {"organizer": _PEOPLE[(turn + place) % len(_PEOPLE)]}
        details |= held(f"{mailbox.address} {day} {begins}")
        end = start + timedelta(minutes=minutes)
        meeting = Meeting(subject=subject, start=start, end=end, **details)
        mailbox.add(_with_guests(meeting, mailbox))


def _stand_up(mailbox: Mailbox, today: date, organizer: Person) -> None:
    """A quarter of an hour every working day, one of them later and one called off."""
    monday = today - timedelta(days=today.weekday() + 14)
    series = mailbox.add(
        Meeting(
            subject="Stand-up",
            start=datetime.combine(monday, time(9)),
            end=datetime.combine(monday, time(9, 15)),
            organizer=organizer,
            body=invitations.zoom(f"{mailbox.address} stand-up"),
            recurrence=Recurrence(type="weekly", days=WEEKDAYS[:5], first_day="monday"),
        )
    )
    next_monday = monday + timedelta(weeks=3)
    later = mailbox.on(series.id, next_monday)
    mailbox.move(later.id, later.start + timedelta(minutes=15))
    mailbox.cancel(mailbox.on(series.id, next_monday + timedelta(days=1)).id)


def _whole_day(mailbox: Mailbox, day: date) -> None:
    """A note for a day that does not take the room."""
    mailbox.add(
        Meeting(
            subject="Visitors in the building",
            start=day,
            end=day + timedelta(days=1),
            organizer=_PEOPLE[0],
            show_as="free",
        )
    )


def _with_guests(meeting: Meeting, mailbox: Mailbox) -> Meeting:
    """The meeting with its organizer and the room among those invited."""
    room = Person(name=mailbox.name, address=mailbox.address)
    guests = (
        Attendee(person=meeting.organizer, response="organizer"),
        Attendee(person=_PEOPLE[0], type="optional"),
        Attendee(person=room, type="resource", response=meeting.response),
    )
    return msgspec.structs.replace(meeting, attendees=guests)
