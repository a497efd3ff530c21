"""Invitations that were read before."""

from rooms.join import Dialing, Invitation, Known, read
from rooms.join.known import MOST

ZOOM = Invitation(body="Join: https://zoom.us/j/91234567890 Passcode: 123456")


def test_what_was_read_before_is_the_same_again() -> None:
    known = Known()
    first = known.read(ZOOM, dialing=Dialing())
    assert first == read(ZOOM)
    assert known.read(Invitation(body=ZOOM.body), dialing=Dialing()) is first


def test_another_way_of_dialling_is_read_anew() -> None:
    known = Known()
    known.read(ZOOM, dialing=Dialing())
    dialing = Dialing(zoom_region="Frankfurt")
    assert known.read(ZOOM, dialing=dialing) == read(ZOOM, dialing=dialing)


def test_no_more_than_a_bound_are_known() -> None:
    known = Known()
    for number in range(MOST + 10):
        known.read(Invitation(subject=f"Lunch, table {number}"), dialing=Dialing())
    assert len(known._found) == MOST
