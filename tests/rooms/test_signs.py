"""What a calendar tells of its mailbox."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rooms.model import Event, Person, Response
from rooms.signs import FEW, MANY, Signs, habits, signs_of

ADA = Person(name="Ada Lovelace", address="ada@Example.com")
OUTSIDE = Person(name="Guest", address="guest@elsewhere.example")
OWN = ["example.com"]


def invitation(**more: Any) -> Event:
    usual: dict[str, Any] = {"id": "1", "when": None, "subject": "Review", "body": "Text"}
    return Event(**{**usual, "organizer": ADA, **more})


def told(*events: Event) -> list[str]:
    return list(habits(signs_of(events), OWN))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"body": " \r\n"}, "bodies_stripped"),
        ({"subject": ""}, "subjects_stripped"),
        ({"subject": "Ada Lovelace "}, "organizer_as_subject"),
        ({"response": Response.TENTATIVE}, "never_accepts"),
    ],
)
def test_a_habit_shows_from_five_invitations_on(more: dict[str, Any], code: str) -> None:
    assert told(*[invitation(**more)] * FEW) == [code]
    assert told(*[invitation(**more)] * (FEW - 1)) == []


def test_one_in_twenty_may_be_otherwise_and_no_more() -> None:
    stripped, whole = invitation(body="", private=True), invitation(organizer=OUTSIDE)
    assert told(*[stripped] * 19, whole) == ["bodies_stripped"]
    assert told(*[stripped] * 18, *[whole] * 2) == []


def test_a_room_that_accepts_some_is_not_one_that_never_does() -> None:
    assert told(*[invitation(response=Response.TENTATIVE)] * FEW, invitation()) == []


def test_what_the_room_booked_itself_and_what_was_cancelled_do_not_count() -> None:
    assert told(*[invitation(body="", own=True), invitation(body="", cancelled=True)] * FEW) == []


def test_guests_and_private_meetings_are_missed_from_twenty_on() -> None:
    assert told(*[invitation()] * (MANY - 1)) == []
    both = ["external_never_accepted", "private_flag_unknown"]
    assert told(*[invitation()] * MANY) == both
    assert told(*[invitation()] * MANY, invitation(organizer=OUTSIDE, private=True)) == []


def test_without_addresses_nothing_is_said_of_guests() -> None:
    assert told(*[invitation(organizer=Person(name="Ada"))] * MANY) == ["private_flag_unknown"]


EVENTS = some.lists(
    some.builds(
        Event,
        id=some.just("1"),
        when=some.none(),
        subject=some.text(),
        body=some.text(),
        organizer=some.builds(Person, name=some.text(), address=some.text()),
        private=some.booleans(),
        own=some.booleans(),
        cancelled=some.booleans(),
        response=some.sampled_from(Response),
    )
)


@given(EVENTS)
def test_counts_never_exceed_the_invitations_and_hold_no_words(events: list[Event]) -> None:
    signs = signs_of(events)
    assert signs.invited + signs.pending <= len(events)
    for count in (signs.empty_body, signs.empty_subject, signs.organizer_subject, signs.private):
        assert 0 <= count <= signs.invited
    assert all("@" not in domain for domain in signs.domains)
    assert isinstance(signs, Signs)
