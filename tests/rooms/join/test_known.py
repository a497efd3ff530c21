"""Invitations that were read before."""

from rooms.join import Dialing, Invitation, Known, Rules, read, rules_from
from rooms.join.known import MOST

ZOOM = Invitation(body="Join: https://zoom.us/j/91234567890 Passcode: 123456")


RULES = Rules()


def test_what_was_read_before_is_the_same_again() -> None:
    known = Known()
    first = known.read(ZOOM, RULES, Dialing())
    assert first == read(ZOOM)
    assert known.read(Invitation(body=ZOOM.body), RULES, Dialing()) is first


def test_another_way_of_dialling_is_read_anew() -> None:
    known = Known()
    known.read(ZOOM, RULES, Dialing())
    dialing = Dialing(zoom_region="Frankfurt")
    assert known.read(ZOOM, RULES, dialing) == read(ZOOM, RULES, dialing)


def test_other_rules_read_everything_anew() -> None:
    known = Known()
    known.read(ZOOM, RULES, Dialing())
    rules = rules_from(
        [{"name": "all", "kind": "regex", "match": "(?P<n>zoom)", "sip": "{n}@vc.example"}]
    )
    assert isinstance(rules, Rules), rules
    assert known.read(ZOOM, rules, Dialing()) == read(ZOOM, rules) != read(ZOOM)


def test_no_more_than_a_bound_are_known() -> None:
    known = Known()
    for number in range(MOST + 10):
        known.read(Invitation(subject=f"Lunch, table {number}"), RULES, Dialing())
    assert len(known._found) == MOST
