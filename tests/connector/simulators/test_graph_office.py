"""Office days for a demo."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from connector.simulators.graph import Event, Tenant, populate
from rooms.room import Room

from .graph_tenant import NOON

TODAY = date(2026, 11, 23)
ROOMS = [
    Room(
        id=name,
        name=name.title(),
        mailbox=f"{name}@example.com",
        source="demo",
        time_zone="Europe/London",
    )
    for name in ("kestrel", "merlin", "osprey", "harrier")
]


def office(today: date = TODAY) -> Tenant:
    tenant = Tenant(clock=lambda: NOON)
    populate(tenant, ROOMS, today)
    return tenant


def day(tenant: Tenant, room: Room, of: date = TODAY) -> list[Event]:
    start = datetime.combine(of, datetime.min.time(), ZoneInfo("Europe/London"))
    return tenant.mailbox(room.mailbox).view(start, start + timedelta(days=1))


def test_every_room_has_a_busy_day_without_collisions() -> None:
    tenant = office()
    for room in ROOMS:
        events = sorted(
            (one for one in day(tenant, room) if one.meeting.show_as != "free"),
            key=lambda one: one.start,
        )
        assert len(events) >= 5
        assert all(before.end <= after.start for before, after in pairwise(events))


def test_all_that_can_happen_happens_somewhere() -> None:
    tenant = office()
    week = [
        event
        for room in ROOMS
        for event in tenant.mailbox(room.mailbox).view(NOON, NOON + timedelta(days=7))
    ]
    bodies = "".join(event.meeting.body for event in week)
    for words in ("zoom.us/j/", "teams.microsoft.com", "webex.com/", "meet.google.com/"):
        assert words in bodies
    teams = [one.meeting.body for one in week if "Teams meeting" in one.meeting.body]
    assert {"Tenant key" in body for body in teams} == {True, False}
    assert {one.meeting.sensitivity for one in week} == {"normal", "private"}
    assert {one.meeting.response for one in week} == {"accepted", "tentativelyAccepted"}
    assert {one.kind for one in week} == {"singleInstance", "occurrence", "exception"}
    assert any(one.meeting.cancelled for one in week)
    assert any(one.meeting.all_day for one in week)
    assert any(one.meeting.online for one in week)


def test_the_same_rooms_have_the_same_days() -> None:
    first, second = office(), office()
    for room in ROOMS:
        assert day(first, room) == day(second, room)


@pytest.mark.parametrize("today", [date(2026, 11, 21), date(2026, 11, 22)])
def test_today_is_an_office_day_even_on_a_weekend(today: date) -> None:
    tenant = office(today)
    assert len(day(tenant, ROOMS[0], today)) >= 5
    other = date(2026, 11, 22) if today.day == 21 else date(2026, 11, 21)
    assert [one for one in day(tenant, ROOMS[0], other) if not one.meeting.all_day] == []


def test_rooms_that_have_a_mailbox_keep_it() -> None:
    tenant = Tenant(clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    kestrel = tenant.add_mailbox("kestrel@example.com", name="Mine")
    populate(tenant, ROOMS, TODAY)
    assert tenant.mailbox("kestrel@example.com") is kestrel
    assert len(kestrel) > 5
