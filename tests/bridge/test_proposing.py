"""Whatever services list: nothing goes by itself, and what is rejected stays away."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.callers import SCOPES, Caller
from bridge.deciding import check, edit_of
from bridge.discovered import Known, Standing, differences, heard
from bridge.proposal import Proposal
from bridge.proposed_shapes import shape
from bridge.proposing import Proposed, Told, proposed
from bridge.rejections import Rejections, rejection
from bridge.settings.model import Inventory
from bridge.views.decision_shapes import DecisionOrder
from bridge.views.web import Problem
from connector.discovery import FoundRoom
from rooms.database import Database
from rooms.inventory import Document, edited
from tests.fakes.sources import room
from tests.fakes.virtual import NOON

HERE = ("kestrel", "heron", "falcon", "merlin", "osprey", "owl")
INVENTORY = Inventory(rooms=tuple(map(room, HERE)))
DOCUMENT = Document(rooms={name: {"mailbox": f"{name}@example.com"} for name in HERE})
ANNA = Caller(name="anna", scopes=SCOPES["facilities"])
OWNER = Caller(name="ada", scopes=SCOPES["owner"])


class Empty:
    """A database with nothing in it."""

    def rows(self, _sql: str) -> list[tuple[Any, ...]]:
        return []


ROOMS = st.builds(
    lambda name, capacity, lists: FoundRoom(
        mailbox=f"{name}@example.com", name=name.title(), capacity=capacity, lists=lists
    ),
    st.sampled_from((*HERE, "eagle", "jay")),
    st.sampled_from((0, 4, 8)),
    st.sampled_from(((), ("North",), ("North", "South"))),
)
ANSWERS = st.lists(ROOMS, max_size=9)


class Seen(NamedTuple):
    """What is known after some answers."""

    standing: Standing
    told: Told
    proposals: list[Proposed]
    lists: Proposal


def seen(standing: Standing, answer: Sequence[FoundRoom]) -> Seen:
    """One more answer."""
    standing = heard(standing, answer)
    found = differences(standing, Known(source="m365", inventory=INVENTORY))
    told = Told(
        name="m365",
        as_of=NOON,
        believed=standing.believed,
        found=found,
        health=(),
        vanished=standing.vanished,
        shrunk=standing.doubt == "shrunk",
    )
    lists = Proposal(INVENTORY)
    return Seen(standing, told, list(proposed(told, INVENTORY, lists)), lists)


def may(one: Proposed, caller: Caller) -> bool:
    """Whether it may be approved."""
    try:
        check(one, caller)
    except Problem:
        return False
    return True


@settings(deadline=None, max_examples=150)
@given(st.lists(ANSWERS, min_size=1, max_size=5), st.data())
def test_no_room_goes_but_one_that_two_runs_missed_and_somebody_approved(
    answers: list[list[FoundRoom]], data: st.DataObject
) -> None:
    standing, last = Standing(), None
    for answer in answers:
        last = seen(standing, answer)
        standing = last.standing
    assert last
    assert len({one.id for one in last.proposals}) == len(last.proposals)
    fits = [one for one in last.proposals if may(one, OWNER)]
    approved = (
        data.draw(st.lists(st.sampled_from(fits), unique_by=lambda one: one.id)) if fits else []
    )
    order = DecisionOrder(approve=tuple(one.id for one in approved))
    after = edited(DOCUMENT, edit_of(approved, order, last.lists, DOCUMENT.rooms))
    gone = DOCUMENT.rooms.keys() - after.rooms.keys()
    assert gone == {one.difference.room for one in approved if one.difference.what == "gone"}
    for name in gone:
        for missed in (standing.believed, standing.former):
            assert missed
            assert f"{name}@example.com" not in {one.mailbox for one in missed}
    every = [one for one in last.proposals if one.difference.what == "gone"]
    if len(every) > len(HERE) / 5 or standing.doubt == "shrunk":
        assert not any(may(one, ANNA) for one in every)


@settings(deadline=None, max_examples=150)
@given(st.lists(ANSWERS, min_size=2, max_size=6), st.data())
def test_what_is_rejected_is_not_proposed_while_the_service_says_the_same(
    answers: list[list[FoundRoom]], data: st.DataObject
) -> None:
    rejections = Rejections(cast("Database", Empty()))
    standing = Standing()
    for answer in answers:
        last = seen(standing, answer)
        standing = last.standing
        for over in rejections.over("m365", standing.believed, standing.former):
            known = rejections._known.pop(over)
            assert known.id not in {one.id for one in last.proposals}
        told = shape([last.told], INVENTORY, tuple(rejections))
        shown = {one.id for one in told.sources[0].findings}
        assert shown == {one.id for one in last.proposals} - {one.id for one in rejections}
        if last.proposals:
            one = data.draw(st.sampled_from(last.proposals))
            rejections._known[one.id] = rejection(one, "ada", NOON)
    again = seen(standing, standing.believed or ())
    if again.standing.doubt is None and again.proposals:
        assert {one.id for one in seen(again.standing, standing.believed or ()).proposals} == {
            one.id for one in again.proposals
        }
