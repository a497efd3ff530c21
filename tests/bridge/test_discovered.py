"""What a list of rooms says against rooms.yaml, when it is believed, and what is proposed."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.discovered import (
    Answer,
    Difference,
    Known,
    Standing,
    differences,
    doubt,
    heard,
    judged,
)
from bridge.proposal import Proposal
from bridge.settings.model import Inventory, RoomList
from connector.discovery import FoundRoom
from rooms.inventory.ids import ID
from tests.fakes.sources import room


def found(name: str, **more: object) -> FoundRoom:
    """A room that agrees with `room(name)`."""
    return FoundRoom(mailbox=f"{name}@example.com", name=name.title(), **more)  # type: ignore[arg-type] # as given


def listed(*names: str) -> tuple[FoundRoom, ...]:
    return tuple(found(name) for name in names)


BIRDS = ("kestrel", "heron", "falcon", "merlin", "osprey", "kite", "hobby", "harrier")
INVENTORY = Inventory(rooms=tuple(room(name) for name in BIRDS))
KNOWN = Known(source="m365", inventory=INVENTORY)


def after(*answers: Answer) -> Standing:
    standing = Standing()
    for answer in answers:
        standing = heard(standing, answer)
    return standing


def said(standing: Standing, known: Known = KNOWN) -> dict[tuple[str, str], bool]:
    return {(one.what, one.room or one.mailbox): sure for one, sure in differences(standing, known)}


# --- when it is believed


def test_a_finding_is_confirmed_by_the_second_answer_that_says_so() -> None:
    more = listed(*BIRDS, "eagle")
    new = ("new", "eagle@example.com")
    assert said(after(listed(*BIRDS), more)) == {new: False}
    assert said(after(listed(*BIRDS), more, more)) == {new: True}
    assert said(after(listed(*BIRDS), more, listed(*BIRDS))) == {}


@pytest.mark.fault("discovery")
def test_a_room_that_is_hidden_is_gone_after_two_answers() -> None:
    hidden = listed(*BIRDS[1:])
    assert said(after(listed(*BIRDS), hidden)) == {("gone", "kestrel"): False}
    assert said(after(listed(*BIRDS), hidden, hidden)) == {("gone", "kestrel"): True}


@pytest.mark.fault("discovery")
def test_a_list_that_shrinks_is_not_believed_before_it_says_so_twice() -> None:
    few = listed(*BIRDS[:3])
    standing = after(listed(*BIRDS), listed(*BIRDS), few)
    assert standing.doubt == "shrunk"
    assert said(standing) == {}
    standing = heard(standing, few)
    assert standing.doubt is None
    assert said(standing) == {("gone", name): True for name in BIRDS[3:]}


@pytest.mark.fault("discovery")
def test_a_list_that_shrinks_another_way_each_time_is_never_believed() -> None:
    standing = after(listed(*BIRDS), *(listed(*BIRDS[:count]) for count in (3, 2, 3, 0, 1)))
    assert (standing.doubt, said(standing)) == ("shrunk", {})
    standing = heard(standing, listed(*BIRDS))
    assert (standing.doubt, said(standing)) == (None, {})


@pytest.mark.fault("discovery")
def test_a_list_that_doubles_is_not_believed_before_it_says_so_twice() -> None:
    standing = after(listed(*BIRDS), listed(*BIRDS) * 2)
    assert (standing.doubt, said(standing)) == ("doubled", {})
    standing = heard(standing, listed(*BIRDS) * 2)
    assert said(standing) == {("twice", name): True for name in BIRDS}


def test_a_doubted_list_takes_nothing_back_that_was_confirmed() -> None:
    more = listed(*BIRDS, "eagle")
    standing = after(more, more, listed("kestrel"))
    assert said(standing) == {("new", "eagle@example.com"): True}
    assert said(heard(standing, more)) == {("new", "eagle@example.com"): True}


def test_an_empty_list_empties_nothing() -> None:
    assert said(after(listed(*BIRDS), ())) == {}
    assert said(after(listed(*BIRDS), (), ())) == {}


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (10, 8, None),
        (10, 7, "shrunk"),
        (10, 19, None),
        (10, 20, "doubled"),
        (0, 0, None),
        (0, 2, "doubled"),
    ],
)
def test_a_fifth_less_is_believed_and_twice_as_many_are_not(
    before: int, now: int, expected: str | None
) -> None:
    names = [f"room-{number}" for number in range(20)]
    assert doubt(listed(*names[:before]), listed(*names[:now])) == expected


def test_as_many_rooms_of_other_names_are_no_less_doubtful() -> None:
    assert doubt(listed("a", "b", "c"), listed("x", "y", "z")) == "shrunk"


# --- what differs


def differing(entry: Mapping[str, object], **there: object) -> list[tuple[str, str, str]]:
    inventory = Inventory(
        rooms=(msgspec.structs.replace(room("kestrel"), **entry),),
        lists=(RoomList(id="north", name="North Wing"), RoomList(id="ours", name="Ours")),
    )
    answer = [found("kestrel", **there), found("other", lists=("North Wing", "South"))]
    known = Known(source="m365", inventory=inventory, allows=lambda _: False)
    return [(one.field, one.here, one.there) for one in judged(answer, known)]


def test_what_the_service_does_not_say_does_not_differ() -> None:
    assert differing({"building": "Harbour", "floor": "2", "capacity": 8, "lists": ("ours",)}) == []


def test_case_and_spaces_do_not_differ() -> None:
    entry = {"building": "Harbour House", "floor": "2a"}
    assert differing(entry, building="harbour  house ", floor="2A") == []


def test_each_field_that_differs_is_named_with_both_sides() -> None:
    there = {"building": "Harbour", "floor": "3", "capacity": 8}
    entry = {"name": "Old", "building": "Port", "capacity": 6, "time_zone": "Europe/London"}
    assert differing(entry, **there, time_zone="Romance Standard Time") == [
        ("name", "Old", "Kestrel"),
        ("building", "Port", "Harbour"),
        ("floor", "", "3"),
        ("capacity", "6", "8"),
        ("time_zone", "Europe/London", "Romance Standard Time"),
    ]


@pytest.mark.fault("discovery")
@pytest.mark.parametrize(
    ("here", "there", "differs"),
    [
        ("Europe/London", "Europe/London", False),
        ("Europe/London", "GMT Standard Time", False),
        ("Europe/Zurich", "W. Europe Standard Time", False),
        ("Europe/London", "UTC", True),
        ("Europe/London", "Africa/Accra", True),
        ("America/Phoenix", "Mountain Standard Time", True),
        ("Europe/London", "tzone://Microsoft/Custom", True),
        ("Europe/London", "\x00", True),
    ],
)
def test_a_wrong_time_zone_is_told_and_another_name_for_the_same_time_is_not(
    here: str, there: str, *, differs: bool
) -> None:
    assert bool(differing({"time_zone": here}, time_zone=there)) is differs


def test_lists_that_only_the_site_has_do_not_differ() -> None:
    assert differing({"lists": ("north", "ours")}, lists=("north wing",)) == []
    assert differing({"lists": ("ours",)}, lists=("North Wing",)) == [("lists", "", "North Wing")]
    assert differing({"lists": ("north",)}, lists=("South",)) == [("lists", "North Wing", "South")]


@pytest.mark.fault("discovery")
def test_an_address_that_several_rooms_have_is_told_with_their_names() -> None:
    answer = [found("kestrel"), FoundRoom(mailbox="Kestrel@Example.com", name="Another room")]
    known = Known(source="m365", inventory=Inventory(rooms=(room("kestrel"),)))
    assert judged(answer, known) == [
        Difference(
            what="twice",
            mailbox="kestrel@example.com",
            room="kestrel",
            here="1",
            there="2: Another room, Kestrel",
        )
    ]


def test_rooms_of_another_source_are_neither_new_nor_gone() -> None:
    inventory = Inventory(rooms=(room("kestrel", source="google"), room("heron")))
    known = Known(source="m365", inventory=inventory)
    assert judged(listed("heron"), known) == []
    assert judged(listed("heron", "kestrel"), known) == []


def test_what_may_be_no_room_is_not_new() -> None:
    known = Known(source="m365", inventory=Inventory(), allows=lambda one: one.startswith("h"))
    assert [one.mailbox for one in judged(listed("heron", "kestrel"), known)] == [
        "heron@example.com"
    ]


# --- any list at all

NAMES = some.sampled_from((*BIRDS[:4], "eagle", "owl"))
ROOMS = some.builds(
    FoundRoom,
    mailbox=some.one_of(NAMES.map("{}@example.com".format), some.text(max_size=8)),
    name=some.text(max_size=8),
    time_zone=some.sampled_from(["", "Europe/London", "UTC", "nowhere"]),
    building=some.text(max_size=3),
    floor=some.text(max_size=3),
    capacity=some.integers(-1, 9),
    lists=some.lists(some.text(max_size=5), max_size=2).map(tuple),
)
ANSWERS = some.lists(ROOMS, max_size=8)
SMALL = Known(source="m365", inventory=Inventory(rooms=tuple(room(name) for name in BIRDS[:4])))


@given(some.lists(ANSWERS, min_size=1, max_size=6))
def test_nothing_is_confirmed_that_fewer_than_two_answers_said(answers: Sequence[Answer]) -> None:
    for one, sure in differences(after(*answers), SMALL):
        assert sum(one in judged(answer, SMALL) for answer in answers) >= 1 + sure


@given(some.lists(ANSWERS, min_size=1, max_size=6), ANSWERS)
def test_one_doubtful_answer_changes_nothing(answers: Sequence[Answer], odd: Answer) -> None:
    before = after(*answers)
    now = heard(before, odd)
    if now.doubt is not None:
        assert differences(now, SMALL) == differences(before, SMALL)


@given(ANSWERS)
def test_an_answer_that_comes_twice_is_believed_and_confirmed_whole(answer: Answer) -> None:
    standing = after(listed(*BIRDS), answer, answer)
    assert standing.doubt is None
    assert [one for one, _ in differences(standing, SMALL)] == sorted(
        judged(answer, SMALL),
        key=lambda one: (("new", "gone", "twice", "differs").index(one.what), one.mailbox),
    )
    assert all(sure for _, sure in differences(standing, SMALL))


@given(ANSWERS)
def test_every_room_is_new_known_or_gone(answer: Answer) -> None:
    said = judged(answer, SMALL)
    here = {f"{name}@example.com" for name in BIRDS[:4]}
    there = {one.mailbox.strip().lower() for one in answer} - {""}
    assert {one.mailbox for one in said if one.what == "new"} == there - here
    gone = here - there if there else set()
    assert {one.mailbox for one in said if one.what == "gone"} == gone


# --- entries


def test_an_entry_has_an_id_that_nobody_has_and_the_zone_of_its_building() -> None:
    inventory = Inventory(
        rooms=(room("kestrel", building="Harbour House"),),
        lists=(RoomList(id="north", name="North Wing"),),
    )
    proposal = Proposal(inventory)
    one = proposal.entry(
        FoundRoom(
            mailbox="k2@example.com",
            name="Kestrel",
            building="harbour house",
            capacity=4,
            lists=("North Wing", "Süd", "Süd"),
        ),
        "m365",
    )
    assert (one.id, one.time_zone, one.lists) == ("kestrel-2", "Europe/London", ("north", "sud"))
    assert [(made.id, made.name) for made in proposal.lists] == [("sud", "Süd")]


def test_a_zone_that_nobody_knows_is_left_to_a_person() -> None:
    inventory = Inventory(
        rooms=(
            room("kestrel", building="Port"),
            room("heron", building="Port", time_zone="Europe/Paris"),
        )
    )
    proposal = Proposal(inventory)

    def zone(**more: object) -> str:
        return proposal.entry(found("falcon", **more), "m365").time_zone

    assert zone() == ""
    assert zone(building="Port") == ""
    assert zone(time_zone="tzone://Microsoft/Custom") == ""
    assert zone(time_zone="Romance Standard Time") == "Europe/Paris"


@given(some.lists(ROOMS, max_size=12))
def test_ids_are_ids_and_nobody_has_two(answer: Answer) -> None:
    proposal = Proposal(INVENTORY)
    ids = [proposal.entry(one, "m365").id for one in answer]
    assert len({*ids, *BIRDS}) == len(ids) + len(BIRDS)
    lists = [one.id for one in proposal.lists]
    assert len(set(lists)) == len(lists)
    assert all(ID.fullmatch(name) for name in (*ids, *lists))


def test_a_long_name_makes_an_id_all_the_same() -> None:
    proposal = Proposal(Inventory())
    name = FoundRoom(mailbox="a@example.com", name="Very " * 40)
    ids = [proposal.entry(name, "m365").id for _ in range(3)]
    assert all(ID.fullmatch(one) for one in ids)
    assert len(set(ids)) == 3
