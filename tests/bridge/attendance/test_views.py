"""Checking in over HTTP, and the report: by whom, and what it never holds."""

import json

import pytest

from bridge.views.house import AskedToCheckIn, Attendance
from bridge.views.web import Problem
from tests.bridge.conftest import Client, Views, client, clock, made, views
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

__all__ = ["client", "clock", "made", "views"]  # fixtures

PATH = "/api/v1/rooms/kestrel/bookings/b1/check-in"
REPORT = "/api/v1/rooms/kestrel/attendance"


async def test_a_display_checks_in_to_its_own_room_only(client: Client, views: Views) -> None:
    display = await views.token("read", "write", room="kestrel")
    async with client.post(PATH, json={}, headers=display) as answer:
        assert answer.status == 200
        assert (await answer.json())["done"] == "checked_in"
    async with client.post(PATH.replace("kestrel", "heron"), json={}, headers=display) as answer:
        assert (await answer.json())["code"] == "forbidden"
    assert views.check_ins.taken == [("kestrel", "b1", "token:test")]


@pytest.mark.parametrize("scope", ["read", "join"])
async def test_who_may_only_look_does_not_check_in(
    client: Client, views: Views, scope: str
) -> None:
    async with client.post(PATH, json={}, headers=await views.token(scope)) as answer:
        assert answer.status == 403
    async with client.post(PATH, json={}) as answer:
        assert answer.status == 403
    assert views.check_ins.taken == []


async def test_a_page_elsewhere_cannot_check_in(client: Client, views: Views) -> None:
    headers = await views.token("write") | {"Content-Type": "text/plain"}
    async with client.post(PATH, data="{}", headers=headers) as answer:
        assert (await answer.json())["code"] == "bad_body"
    async with client.post(PATH, json={"x": 1}, headers=await views.token("write")) as answer:
        assert (await answer.json())["code"] == "bad_body"


async def test_a_refusal_is_a_problem_with_its_code(client: Client, views: Views) -> None:
    views.check_ins.refuses = Problem(409, "check_in_not_open", "from 11:50 on")
    async with client.post(PATH, json={}, headers=await views.token("write")) as answer:
        assert answer.status == 409
        assert (await answer.json())["code"] == "check_in_not_open"
    unknown = PATH.replace("kestrel", "nobody")
    async with client.post(unknown, json={}, headers=await views.token("write")) as answer:
        assert (await answer.json())["code"] == "unknown_room"


async def test_the_report_is_for_services_and_not_for_displays(
    client: Client, views: Views
) -> None:
    async with client.get(REPORT, headers=await views.token("read")) as answer:
        assert answer.status == 200
        (one,) = (await answer.json())["bookings"]
        assert set(one) == {
            *("booking", "start", "end", "outcome", "checked_in", "how", "released"),
            *("exempt", "kept_because"),
        }
    async with client.get(REPORT, headers=await views.token("read", room="kestrel")) as answer:
        assert answer.status == 403


async def test_an_agenda_tells_who_is_asked_and_who_came(client: Client, views: Views) -> None:
    await views.keep(event("one", NOON), event("two", NOON))
    agenda = views.store.agenda("kestrel")
    assert agenda is not None
    first, second = (booking.id for booking in agenda.bookings)
    asked = AskedToCheckIn(opens=NOON, until=NOON, releases=True)
    attendance = Attendance(checked_in=frozenset([first]), asked={second: asked})
    views.house.attendance = lambda _room: attendance
    async with client.get("/api/v1/rooms/kestrel/agenda") as answer:
        shown = json.loads(await answer.read())["bookings"]
    assert [one["checked_in"] for one in shown] == [True, False]
    assert shown[0]["check_in"] is None
    assert shown[1]["check_in"]["releases"] is True
