"""Every reply against Microsoft's own metadata, where it is at hand."""

import importlib.util
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from connector.simulators.graph import (
    Attendee,
    Mailbox,
    Meeting,
    Online,
    Recurrence,
    RoomDetails,
    populate,
)
from connector.simulators.graph.faults.oddities import ODDITIES
from connector.simulators.graph.faults.pages import OddItems
from connector.simulators.graph.meeting import Response, Sensitivity, ShowAs
from connector.simulators.graph.recurrence import Index, Pattern
from rooms.model import Person
from rooms.room import Room

from .graph_receiver import listening, told
from .graph_tenant import DAY, KESTREL, NOON, Caller, asking, meeting
from .test_graph_places import LISTS, ROOMS, asked, directory, schedule
from .test_graph_writing import BOOKING, EVENTS, send, writing

Check = Callable[..., list[str]]
WEEK = {"startDateTime": "2026-11-23", "endDateTime": "2026-11-30", "$top": "200"}
SPOILT = {"not_a_time", "unknown_values", "wrong_types", "many_attendees"}
"""Oddities whose form is wrong, or that are only large; all others are odd in good form."""


@pytest.fixture(scope="module")
def check(contracts: Path) -> Check:
    """What is wrong with an event, or something else, by the published types."""
    folder = contracts / "schema" / "graph"
    spec = importlib.util.spec_from_file_location("graph_check", folder / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metadata = module.Csdl(folder / "metadata-v1.0.xml")

    def problems(value: Any, kind: str = "event") -> list[str]:
        return list(module.check(value, f"microsoft.graph.{kind}", metadata))

    return problems


def fill(kestrel: Mailbox) -> None:
    """One of everything."""
    for number, response in enumerate(get_args(Response)):
        kestrel.add(meeting(response, hour=number, response=response))
    for number, shown in enumerate(get_args(ShowAs)):
        kestrel.add(meeting(shown, hour=number, show_as=shown))
    for number, sensitivity in enumerate(get_args(Sensitivity)):
        kestrel.add(meeting(sensitivity, hour=number, sensitivity=sensitivity))
    for number, index in enumerate(get_args(Index)):
        pattern = get_args(Pattern)[number]
        series = Recurrence(type=pattern, index=index, days=("monday",), day_of_month=23, month=11)
        kestrel.add(meeting(pattern, hour=number, recurrence=series))
    daily = kestrel.add(meeting("daily", recurrence=Recurrence(type="daily", count=4)))
    kestrel.cancel(kestrel.on(daily.id, date(2026, 11, 24)).id)
    kestrel.add(Meeting(subject="all day", start=date(2026, 11, 24), end=date(2026, 11, 26)))
    guest = Attendee(person=Person(name="Guest", address="guest@example.org"), type="optional")
    online = Online(join_url="https://teams.microsoft.com/x", conference_id="1", toll_number="+1")
    kestrel.add(meeting("all there is", online=online, attendees=(guest,), locations=("a", "b")))
    kestrel.add(meeting("nothing at all", body="", categories=("Red",), draft=True))


async def judged(graph: Caller, check: Check, path: str, prefer: str = "", **more: str) -> int:
    """How many events a reply holds, all of them in good form."""
    answer = await graph.get(path, prefer, **more)
    assert answer.status == 200, answer.body
    events = answer.json.get("value", [answer.json])
    assert [problem for event in events for problem in check(event)] == []
    return len(events)


async def test_every_item_of_a_round_of_changes_is_in_good_form(check: Check) -> None:
    async with asking() as graph:
        fill(graph.kestrel)
        path = f"/v1.0/users/{KESTREL}/calendarView/delta"
        window = {"startDateTime": "2026-11-23", "endDateTime": "2026-11-30"}
        for prefer in ("odata.maxpagesize=200", 'odata.maxpagesize=200, IdType="ImmutableId"'):
            assert await judged(graph, check, path, prefer, **window) > 25


async def test_every_kind_of_event_is_in_good_form(check: Check) -> None:
    async with asking() as graph:
        fill(graph.kestrel)
        users = f"/v1.0/users/{KESTREL}"
        assert await judged(graph, check, f"{users}/calendarView", **WEEK) > 25
        text = 'outlook.body-content-type="text", outlook.timezone="Tokyo Standard Time"'
        assert await judged(graph, check, f"{users}/calendarView", text, **WEEK) > 25
        immutable = 'IdType="ImmutableId"'
        chosen = "subject,start,originalStart,onlineMeeting,locations"
        options = WEEK | {"$select": chosen}
        assert await judged(graph, check, f"{users}/calendarView", immutable, **options) > 25
        listed = {"$top": "200"}
        assert await judged(graph, check, f"{users}/events", **listed) > 20
        for event in graph.kestrel.view(NOON, NOON + timedelta(days=7)):
            assert await judged(graph, check, f"{users}/events/{event.id}") == 1


async def test_subscriptions_and_notifications_are_in_good_form(check: Check) -> None:
    async with listening() as (graph, receiver):
        made = await receiver.subscribe(graph)
        assert check(made.json, "subscription") == []
        graph.kestrel.delete(graph.kestrel.add(meeting()).id)
        graph.tenant.subscriptions.tell(made.json["id"], "missed")
        values = await told(graph, receiver)
    assert len(values) == 3
    for value in values:
        # Its type is the event's; the metadata knows only something without properties.
        value.pop("resourceData", None)
        assert check(value, "changeNotification") == []
        assert check({"value": [value]}, "changeNotificationCollection") == []


async def test_places_and_schedules_are_in_good_form(check: Check) -> None:
    async with directory(2) as graph:
        graph.kestrel.room = RoomDetails(capacity=8, building="HQ", floor_number=1, tags=("a",))
        graph.tenant.add_room_list("hq@example.com", rooms=[KESTREL])
        for path, kind in ((ROOMS, "room"), (LISTS, "roomList")):
            for place in (await graph.get(path)).json["value"]:
                assert check(place, kind) == []
                one = (await graph.get(f"/v1.0/places/{place['id']}")).json
                assert check(one, "place") == []
        fill(graph.kestrel)
        names = (KESTREL, "room1@example.com", "nobody@example.com")
        told = (await schedule(graph, asked(*names))).json["value"]
        assert [problem for one in told for problem in check(one, "scheduleInformation")] == []


async def test_what_is_written_comes_back_in_good_form(check: Check) -> None:
    async with writing() as graph:
        made = (await send(graph, "POST", EVENTS, BOOKING)).json
        assert check(made) == []
        sooner = {"end": {"dateTime": "2026-11-23T13:10:00", "timeZone": "UTC"}}
        assert check((await send(graph, "PATCH", f"{EVENTS}/{made['id']}", sooner)).json) == []


async def test_office_days_are_in_good_form(check: Check) -> None:
    room = Room(
        id="kestrel", name="Kestrel", mailbox=KESTREL, source="demo", time_zone="Europe/London"
    )
    async with asking() as graph:
        populate(graph.tenant, [room], NOON.date())
        path = f"/v1.0/users/{KESTREL}/calendarView"
        assert await judged(graph, check, path, **WEEK) > 20


async def test_oddities_are_odd_in_good_form_where_the_form_is_not_what_is_odd(
    check: Check,
) -> None:
    names = tuple(ODDITIES.keys() - SPOILT)
    async with asking() as graph:
        graph.tenant.faults.add(OddItems(oddities=names))
        path = f"/v1.0/users/{KESTREL}/calendarView"
        assert await judged(graph, check, path, **DAY) == len(names)


async def test_the_check_finds_what_is_wrong(check: Check) -> None:
    async with asking() as graph:
        graph.tenant.faults.add(OddItems(oddities=("unknown_values", "wrong_types")))
        answer = await graph.view()
    assert all(check(event) for event in answer.json["value"])
