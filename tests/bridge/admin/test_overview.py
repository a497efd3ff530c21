"""The first page: its numbers add up, each caller's are their own, and they are a second old."""

import re
from datetime import timedelta

import pytest

from bridge.admin.survey import Survey, tally, today
from bridge.health import Subject
from rooms.model import NoJoinReason
from tests.bridge.admin.conftest import FACILITIES, LISTS, House, person
from tests.bridge.conftest import Client
from tests.fakes.sources import room
from tests.fakes.virtual import NOON


async def text(client: Client, path: str = "/admin") -> str:
    answer = await client.get(path)
    assert answer.status == 200
    return " ".join((await answer.text()).split())


def cards(page: str) -> dict[str, int]:
    """The number on each card."""
    found = re.findall(r'<li class="card (\w+)(?: nil)?">.*?class="number">([\d.,]+)<', page)
    return {state: int(number.replace(",", "")) for state, number in found}


async def test_each_room_is_in_one_group_and_the_groups_are_all(opened: Client) -> None:
    page = await text(opened)
    assert cards(page) == {"fine": 2, "attention": 2, "stale": 1, "waiting": 1}
    assert "6 rooms in all" in page
    assert "3 rooms are not working as they should" in page  # and one was only not read yet


async def test_reasons_are_counted_and_lead_to_the_rooms(opened: Client) -> None:
    page = await text(opened)
    told = dict(re.findall(r'href="/admin/rooms\?why=(\w+)">(\d+) room', page))
    assert told == dict.fromkeys(
        ["reported", "unit_away", "mailbox_closed", "late", "waiting"], "1"
    )
    for matter, name in (("unit_away", "Kestrel"), ("mailbox_closed", "Plover")):
        listed = await text(opened, f"/admin/rooms?why={matter}")
        assert re.findall(r'<a href="/admin/rooms/\w+">(\w+)</a>', listed) == [name]


async def test_join_buttons_are_counted_by_reason(opened: Client) -> None:
    page = await text(opened)
    # kestrel: review, supper, merger; wren: supper; osprey and plover: review each.
    assert "6 meetings today: 4 with a join button, 2 without." in page
    assert 'join=no_online_meeting">2 meetings <span class="thin">in 2 rooms' in page
    listed = await text(opened, "/admin/rooms?join=no_online_meeting")
    assert re.findall(r'<a href="/admin/rooms/(\w+)">', listed) == ["kestrel", "wren"]


async def test_nobody_reads_titles_of_private_meetings_or_how_to_join(opened: Client) -> None:
    for path in ("/admin", "/admin/rooms", "/admin/rooms/kestrel"):
        page = await text(opened, path)
        assert "Merger" not in page
        for secret in ("91234567890", "zoomcrc.com", "pwd="):
            assert secret not in page, path


async def test_a_facilities_person_sees_their_rooms_and_no_others(
    opened: Client, house: House
) -> None:
    house.person = FACILITIES
    page = await text(opened)
    assert cards(page) == {"fine": 1, "attention": 1, "stale": 0, "waiting": 0}
    assert "4 meetings today: 2 with a join button, 2 without." in page
    for path in ("/admin", "/admin/rooms", "/admin/rooms?by=list", "/admin/displays"):
        page = await text(opened, path)
        for name in ("Heron", "Osprey", "Plover", "Merlin", "South wing", "Board rooms", "Mill"):
            assert name not in page, (path, name)


async def test_who_was_given_no_rooms_is_told_what_to_do(opened: Client, house: House) -> None:
    house.person = person("facilities", rooms=frozenset(), lists=frozenset())
    for path in ("/admin", "/admin/rooms"):
        assert "There are no rooms yet" in await text(opened, path)


async def test_a_house_without_trouble_says_so(opened: Client, house: House) -> None:
    house.house.rooms = {"heron": room("heron")}
    house.clock.move(timedelta(seconds=2))
    page = await text(opened)
    assert "Your room is working." in page
    assert "Nothing is wrong with any room." in page
    assert "There are no meetings today." in page


async def test_rooms_that_were_only_just_added_are_not_called_broken(
    opened: Client, house: House
) -> None:
    house.house.rooms = {"new": room("new")}
    assert "1 room was not read yet. That takes a few minutes." in await text(opened)
    tree = await text(opened, "/admin/rooms")
    assert "1 not read yet" in tree
    for words in ("not working", "No meetings today"):
        assert words not in tree
    house.health.bad(Subject("room", "new"), "not_found")
    house.clock.move(timedelta(seconds=2))
    page = await text(opened)
    assert "1 room is not working as it should." in page
    assert re.findall(r"why=(\w+)", page) == ["mailbox_missing"], "to wait would mend nothing"


async def test_what_it_shows_is_at_most_a_second_old(opened: Client, house: House) -> None:
    assert cards(await text(opened))["attention"] == 2
    house.health.bad(Subject("room", "wren"), "not_found")
    assert cards(await text(opened))["attention"] == 2, "the same second"
    house.clock.move(timedelta(seconds=1))
    assert cards(await text(opened))["attention"] == 3
    house.health.good(Subject("room", "wren"))
    house.clock.move(timedelta(seconds=1))
    assert cards(await text(opened))["attention"] == 2


async def test_pages_are_kept_for_who_asked_alone(opened: Client, house: House) -> None:
    first = await text(opened)
    assert "Grace Hopper" in first
    assert "of s1" in first
    house.person = person(name="Ada Lovelace", person="p2", session="s2")
    other = await text(opened)
    assert "Ada Lovelace" in other
    assert "of s2" in other
    for word in ("Grace", "of s1"):
        assert word not in other


async def test_a_source_that_fails_concerns_all_its_rooms(opened: Client, house: House) -> None:
    house.health.bad(Subject("identity", "m365"), "credentials_refused")
    page = await text(opened)
    assert 'why=service_refuses">6 rooms' in page
    assert cards(page) == {"fine": 0, "attention": 4, "stale": 1, "waiting": 1}
    assert "The calendar service does not let the bridge in" in page


async def test_what_only_engineers_must_know_makes_no_room_ill(
    opened: Client, house: House
) -> None:
    house.health.bad(Subject("identity", "m365"), "credential_expiring_60")
    house.health.bad(Subject("endpoint", "codec"), "endpoint_drift")
    house.health.bad(Subject("discovery", "m365"), "discovery_failing")
    house.health.bad(Subject("bridge", ""), "disk_failing")
    page = await text(opened)
    assert cards(page)["fine"] == 2
    assert "disk_failing" in page
    assert "Show this to your IT staff" in page


async def test_the_survey_looks_once_for_all_who_ask_at_the_same_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    survey = house.admin.survey
    looked: list[float] = []
    before = Survey._looked

    async def counted(self: Survey, now: float) -> object:
        looked.append(now)
        await asyncio.sleep(0)
        return await before(self, now)

    monkeypatch.setattr(Survey, "_looked", counted)
    found = await asyncio.gather(*(survey.counted(person()) for _ in range(20)))
    assert len(looked) == 1
    assert len({id(one[0]) for one in found}) == 1


def test_today_is_the_rooms_own_day() -> None:
    zone = room(time_zone="Pacific/Auckland").zone
    day = today(NOON, zone)
    assert (day.end - day.start).total_seconds() == 86400
    assert day.start.astimezone(zone).hour == 0
    assert day.start <= NOON < day.end


def test_a_tally_adds_up() -> None:
    from rooms.agenda import agenda_of
    from rooms.model import Window
    from tests.fakes.sources import event

    window = Window.around(NOON, timedelta(days=1), timedelta(days=7))
    events = [event("a", body="https://zoom.us/j/91234567890?pwd=x"), event("b"), event("c")]
    agenda, _ = agenda_of(room(), events, window=window, as_of=NOON)
    found = tally(agenda.bookings)
    assert found.meetings == 3
    assert found.meetings == found.joined + sum(count for _, count in found.missing)
    assert found.missing == ((NoJoinReason.NO_ONLINE_MEETING.value, 2),)


def test_the_lists_of_the_house_are_named() -> None:
    assert set(LISTS) >= (FACILITIES.lists or set())
