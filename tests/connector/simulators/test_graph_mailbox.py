"""A mailbox, without the network."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connector.simulators.graph import Mailbox, Meeting, NotThere, Recurrence, Tenant
from connector.simulators.graph.identifiers import Malformed

from .graph_tenant import KESTREL, NOON, meeting

WEEK = NOON.replace(hour=0), NOON.replace(hour=0) + timedelta(days=7)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(clock=lambda: NOON)


@pytest.fixture
def kestrel(tenant: Tenant) -> Mailbox:
    return tenant.add_mailbox(KESTREL, name="Kestrel", time_zone="Europe/London")


def stand_up(**more: Any) -> Meeting:
    """At nine in London every working day, from Monday 19 October 2026: in summer time."""
    return Meeting(
        subject="Stand-up",
        start=datetime(2026, 10, 19, 8, tzinfo=UTC),
        end=datetime(2026, 10, 19, 8, 15, tzinfo=UTC),
        recurrence=Recurrence(
            type="weekly", days=("monday", "tuesday", "wednesday", "thursday", "friday")
        ),
        **more,
    )


def test_a_window_shows_what_overlaps_it(kestrel: Mailbox) -> None:
    kestrel.add(meeting("before", hour=9, minutes=60))
    kestrel.add(meeting("into", hour=9.5, minutes=60))
    kestrel.add(meeting("across", hour=8, minutes=600))
    kestrel.add(meeting("out of", hour=10.5, minutes=60))
    kestrel.add(meeting("after", hour=11, minutes=60))
    start, end = NOON.replace(hour=10), NOON.replace(hour=11)
    assert [one.meeting.subject for one in kestrel.view(start, end)] == ["across", "into", "out of"]


def test_a_meeting_without_length_counts_where_it_starts(kestrel: Mailbox) -> None:
    kestrel.add(meeting(hour=13, minutes=0))
    at = NOON.replace(hour=13)
    assert kestrel.view(at, at + timedelta(hours=1))
    assert not kestrel.view(at - timedelta(hours=1), at)


def test_a_series_keeps_its_local_time_when_the_clocks_change(kestrel: Mailbox) -> None:
    kestrel.add(stand_up())
    friday, monday = kestrel.view(
        datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC)
    )
    assert (friday.start.hour, monday.start.hour) == (8, 9)
    assert monday.end - monday.start == timedelta(minutes=15)


def test_a_series_belongs_to_its_own_zone_not_to_that_of_the_room(kestrel: Mailbox) -> None:
    kestrel.add(
        Meeting(
            subject="Early in Tokyo",
            start=datetime(2026, 11, 24, 8, tzinfo=None),  # noqa: DTZ001 - local there
            end=datetime(2026, 11, 24, 9, tzinfo=None),  # noqa: DTZ001
            time_zone="Tokyo Standard Time",
            recurrence=Recurrence(type="weekly", days=("tuesday",)),
        )
    )
    (event,) = kestrel.view(*WEEK)
    assert event.start == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_whole_days_float_with_the_room(tenant: Tenant) -> None:
    kiritimati = tenant.add_mailbox("far@example.com", time_zone="Pacific/Kiritimati")
    kiritimati.add(Meeting(subject="Fair", start=date(2026, 11, 24), end=date(2026, 11, 25)))
    (event,) = kiritimati.view(*WEEK)
    assert event.start == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert event.end - event.start == timedelta(days=1)


def test_whole_days_recur(kestrel: Mailbox) -> None:
    kestrel.add(
        Meeting(
            start=date(2026, 11, 2),
            end=date(2026, 11, 4),
            recurrence=Recurrence(type="weekly", days=("monday",)),
        )
    )
    (event,) = kestrel.view(*WEEK)
    assert (event.meeting.start, event.meeting.end) == (date(2026, 11, 23), date(2026, 11, 25))


def test_each_occurrence_has_an_id_and_a_uid_of_its_own(kestrel: Mailbox) -> None:
    series = kestrel.add(stand_up())
    week = kestrel.view(*WEEK)
    assert len(week) == len({one.id for one in week}) == len({one.uid for one in week}) == 5
    assert {one.series_id for one in week} == {series.id}
    assert {one.kind for one in week} == {"occurrence"}
    assert week[0].uid[32:40] == "07EA0B17"
    assert [kestrel.get(one.id) for one in week] == week
    assert [kestrel.get(one.immutable_id) for one in week] == week


def test_one_occurrence_can_move_beyond_the_others(kestrel: Mailbox) -> None:
    series = kestrel.add(stand_up())
    monday = kestrel.on(series.id, date(2026, 11, 23))
    moved = kestrel.move(monday.id, NOON + timedelta(days=30))
    assert (moved.kind, moved.id, moved.uid) == ("exception", monday.id, monday.uid)
    assert moved.original_start == monday.start
    assert moved.end - moved.start == timedelta(minutes=15)
    assert len(kestrel.view(*WEEK)) == 4
    then = NOON + timedelta(days=30)
    assert [one.kind for one in kestrel.view(then, then + timedelta(hours=1))] == ["exception"]


def test_one_occurrence_can_be_cancelled_or_deleted(kestrel: Mailbox) -> None:
    series = kestrel.add(stand_up())
    tuesday = kestrel.cancel(kestrel.on(series.id, date(2026, 11, 24)).id)
    assert (tuesday.meeting.cancelled, tuesday.meeting.subject) == (True, "Canceled: Stand-up")
    gone = kestrel.delete(kestrel.on(series.id, date(2026, 11, 25)).id)
    assert gone.kind == "occurrence"
    week = kestrel.view(*WEEK)
    assert len(week) == 4
    assert sum(one.meeting.cancelled for one in week) == 1
    with pytest.raises(NotThere):
        kestrel.get(gone.id)


def test_what_a_series_does_not_meet_on_is_not_there(kestrel: Mailbox) -> None:
    series = kestrel.add(stand_up())
    single = kestrel.add(meeting())
    for event_id, day in ((series.id, date(2026, 11, 22)), (single.id, date(2026, 11, 23))):
        with pytest.raises(NotThere):
            kestrel.on(event_id, day)


def test_a_series_that_is_planned_anew_forgets_its_exceptions(kestrel: Mailbox) -> None:
    series = kestrel.add(stand_up())
    kestrel.cancel(kestrel.on(series.id, date(2026, 11, 24)).id)
    kestrel.edit(series.id, subject="Stand-up, longer")
    assert sum(one.meeting.cancelled for one in kestrel.view(*WEEK)) == 1
    kestrel.move(series.id, series.start + timedelta(hours=1))
    assert sum(one.meeting.cancelled for one in kestrel.view(*WEEK)) == 0


def test_every_change_changes_the_change_key(kestrel: Mailbox) -> None:
    first = kestrel.add(meeting())
    second = kestrel.edit(first.id, subject="Other")
    assert first.change_key != second.change_key
    assert first.id == second.id


def test_only_the_immutable_id_survives_another_folder(kestrel: Mailbox) -> None:
    before = kestrel.add(meeting())
    after = kestrel.refile(before.id)
    assert (after.id, after.immutable_id) != (before.id, before.immutable_id)
    assert after.immutable_id == before.immutable_id
    assert kestrel.get(before.immutable_id) == after
    with pytest.raises(NotThere):
        kestrel.get(before.id)


def test_an_id_leads_nowhere_in_another_mailbox(tenant: Tenant, kestrel: Mailbox) -> None:
    event = kestrel.add(meeting())
    merlin = tenant.add_mailbox("merlin@example.com")
    merlin.add(meeting())
    with pytest.raises(NotThere):
        merlin.get(event.id)


@pytest.mark.parametrize("event_id", ["", "x", "AAMk", "AAMk====", "Ä", "a" * 128])
def test_what_is_no_id_is_malformed(kestrel: Mailbox, event_id: str) -> None:
    with pytest.raises(Malformed):
        kestrel.get(event_id)


def test_an_answer_shows_whether_the_room_is_taken(kestrel: Mailbox) -> None:
    event = kestrel.add(meeting())
    assert kestrel.respond(event.id, "tentativelyAccepted").meeting.show_as == "tentative"
    assert kestrel.respond(event.id, "declined").meeting.show_as == "free"
    assert kestrel.respond(event.id, "accepted").meeting.show_as == "busy"


def test_a_uid_from_elsewhere_is_kept_and_told_apart_by_its_day(kestrel: Mailbox) -> None:
    single = kestrel.add(meeting(uid="abc@google.com"))
    series = kestrel.add(stand_up(uid="abc@google.com"))
    occurrence = kestrel.on(series.id, date(2026, 11, 23))
    assert single.uid == series.uid == "abc@google.com"
    assert b"abc@google.com" in bytes.fromhex(occurrence.uid)
    own = kestrel.add(stand_up())
    copy = kestrel.add(stand_up(uid=own.uid))
    assert copy.uid == own.uid
    assert kestrel.on(copy.id, date(2026, 11, 23)).uid == kestrel.on(own.id, date(2026, 11, 23)).uid
