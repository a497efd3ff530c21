"""Actions in rooms, over a real socket and database, and a calendar in memory."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bridge.health import Subject
from bridge.views import bookings
from bridge.views.openapi import description
from bridge.views.site import site
from bridge.writing import steps
from bridge.writing.attempts import KEPT, Attempts
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from rooms.model import Days, Event, Response, Window
from rooms.room import Room, Writes
from tests.bridge.conftest import Client
from tests.bridge.writing.conftest import Office
from tests.fakes.actions import FakeActions
from tests.fakes.sources import event
from tests.fakes.virtual import NOON, FixedClock

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
KESTREL = "/api/v1/rooms/kestrel/bookings"
TIMEOUT = Unavailable("no answer within 60 s", reason="timeout")
OTHERS = event("review", NOON - HOUR / 2, minutes=60)
OWN = event("talk", NOON - HOUR / 2, minutes=60, own=True)


BOOKED = "/api/v1/rooms/{room}/bookings"
DOCUMENT = description(bookings.routes(FakeActions()), "1.2.3")


@pytest.fixture
async def client(office: Office) -> AsyncIterator[Client]:
    routes = bookings.routes(office.actions)
    async with TestClient(TestServer(site(office.views.house, routes))) as opened:
        opened.session.headers.update(await office.views.token("write"))
        yield opened


async def post(
    client: Client, path: str = KESTREL, key: str = "", **body: Any
) -> tuple[int, dict[str, Any]]:
    """What is answered; that it is as described is checked here, for all of them."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post(path, json=body, headers=headers)
    told = await answer.json()
    action = path.rpartition("/")[2]
    route = BOOKED if action == "bookings" else f"{BOOKED}/{{booking}}/{action}"
    described = DOCUMENT["paths"][route]["post"]["responses"][str(answer.status)]
    (schema,) = (one["schema"] for one in described["content"].values())
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.validate(told, whole, jsonschema.Draft202012Validator)
    assert answer.content_type in described["content"]
    return answer.status, told


async def refused(
    client: Client, path: str = KESTREL, key: str = "", **body: Any
) -> tuple[int, str]:
    status, told = await post(client, path, key, **body)
    return status, told["code"]


ADHOC: dict[str, Any] = {"title": "Quick talk", "minutes": 30}


# --- booking


async def test_a_free_room_is_booked_and_shows_it_before_the_answer(
    client: Client, office: Office
) -> None:
    status, told = await post(client, **ADHOC, organizer="Ada Lovelace")
    assert status == 201
    assert (told["done"], told["shown"], told["overlaps"]) == ("created", True, False)
    assert told["booking"]["title"] == "Quick talk"
    assert told["booking"]["id"] == office.booking()
    assert office.shown() == [("Quick talk", NOON, NOON + HOUR / 2)]
    (written,) = office.calendars.events.values()
    assert "Ada Lovelace" in written.body
    assert await office.audit() == [
        ("token:test", "bookings.create", f"kestrel/{office.booking()}", "done")
    ]


async def test_the_audit_log_holds_no_subject_and_no_person(client: Client, office: Office) -> None:
    await post(client, **ADHOC, organizer="Ada Lovelace")
    rows = await office.views.database.change(lambda db: list(db.query("SELECT * FROM audit")))
    assert "Quick" not in str(rows)
    assert "Ada" not in str(rows)


async def test_a_taken_room_is_not_booked(client: Client, office: Office) -> None:
    office.calendars.add(event("later", NOON + HOUR / 4))
    assert await refused(client, **ADHOC) == (409, "room_taken")
    assert office.calendars.done == []
    assert (await post(client, title="Short", minutes=15))[0] == 201


@pytest.mark.parametrize(
    "other",
    [
        event("note", NOON, blocks=False),
        event("off", NOON, cancelled=True),
        event("called off", NOON, subject="Canceled: Review"),
        event("no", NOON, response=Response.DECLINED),
        event("before", NOON - HOUR, minutes=60),
        event("after", NOON + HOUR / 2),
    ],
)
async def test_what_does_not_take_the_room_then_is_no_obstacle(
    client: Client, office: Office, other: Event
) -> None:
    office.calendars.add(other)
    assert (await post(client, **ADHOC))[0] == 201


async def test_a_day_as_a_whole_takes_the_room(client: Client, office: Office) -> None:
    today = Days(first=NOON.date(), after=NOON.date() + timedelta(days=1))
    office.calendars.add(event("fair", NOON, when=today))
    assert await refused(client, **ADHOC) == (409, "room_taken")


async def test_of_two_that_meet_the_later_one_gives_way(client: Client, office: Office) -> None:
    office.calendars.between = lambda: office.calendars.add(event("rival", NOON), NOON - MINUTE)
    assert await refused(client, **ADHOC) == (409, "room_taken")
    assert [one.subject for one in office.calendars.events.values()] == ["Rival"]
    assert [what for what, _ in office.calendars.done] == ["create", "cancel"]
    assert [entry[3] for entry in await office.audit()] == ["room_taken"]


async def test_of_two_that_meet_the_earlier_one_stays_and_says_so(
    client: Client, office: Office
) -> None:
    office.calendars.between = lambda: office.calendars.add(event("rival", NOON), NOON + MINUTE)
    status, told = await post(client, **ADHOC)
    assert (status, told["overlaps"]) == (201, True)
    assert len(office.calendars.events) == 2


async def test_where_nobody_knows_who_was_first_ours_gives_way(
    client: Client, office: Office
) -> None:
    office.calendars.between = lambda: office.calendars.add(event("rival", NOON), None)
    assert await refused(client, **ADHOC) == (409, "room_taken")


async def test_what_cannot_be_taken_back_is_said_to_be_unknown(
    client: Client, office: Office
) -> None:
    office.calendars.between = lambda: office.calendars.add(event("rival", NOON), None)
    office.calendars.fails = [None, Denied("no", reason="access_denied")]
    assert await refused(client, **ADHOC) == (504, "outcome_unknown")


async def test_two_at_the_door_do_not_both_get_the_room(client: Client, office: Office) -> None:
    told = await asyncio.gather(*(post(client, **ADHOC) for _ in range(5)))
    assert sorted(status for status, _ in told) == [201, 409, 409, 409, 409]


async def test_a_series_is_booked_whole_and_checked_whole(client: Client, office: Office) -> None:
    series = ADHOC | {"recurrence": "FREQ=DAILY;COUNT=3"}
    office.calendars.add(event("later", NOON + timedelta(days=2)))
    assert await refused(client, **series) == (409, "room_taken")
    del office.calendars.events["later"]
    status, told = await post(client, **series)
    assert (status, told["booking"]["start"]) == (201, "2026-11-23T12:00:00Z")
    assert [start for _, start, _ in office.shown()] == [
        NOON + timedelta(days=day) for day in range(3)
    ]


async def test_a_series_that_meets_another_is_cancelled_whole(
    client: Client, office: Office
) -> None:
    rival = event("rival", NOON + timedelta(days=1))
    office.calendars.between = lambda: office.calendars.add(rival, NOON - MINUTE)
    series = ADHOC | {"recurrence": "FREQ=DAILY;COUNT=3"}
    assert await refused(client, **series) == (409, "room_taken")
    assert list(office.calendars.events) == ["rival"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "x"},
        {"title": "x", "minutes": 0},
        {"title": "x", "minutes": 1441},
        {"title": "", "minutes": 30},
        {"title": "\u200b", "minutes": 30},
        {"title": "x", "minutes": 30, "end": "2026-11-23T13:00:00Z"},
        {"title": "x", "minutes": 30, "start": "2026-11-23T13:00:00"},
        {"title": "x", "minutes": 30, "start": "2026-11-23T11:54:00Z"},
        {"title": "x", "minutes": 30, "start": "2028-11-23T12:00:00Z"},
        {"title": "x", "start": "2026-11-23T13:00:00Z", "end": "2026-11-23T12:30:00Z"},
        {"title": "x", "minutes": 30, "recurrence": "FREQ=DAILY"},
        {"title": "x", "minutes": 30, "recurrence": "FREQ=WEEKLY;BYDAY=TU;COUNT=2"},
        {"title": "x", "minutes": 30, "room": "heron"},
    ],
    ids=str,
)
async def test_an_order_that_makes_no_sense_is_refused(
    client: Client, office: Office, body: dict[str, Any]
) -> None:
    assert await refused(client, **body) == (400, "bad_body")
    assert office.calendars.reads == 1


async def test_a_form_of_another_page_books_nothing(client: Client, office: Office) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await client.post(KESTREL, data=json.dumps(ADHOC), headers={"Content-Type": kind})
        assert (answer.status, (await answer.json())["code"]) == (400, "bad_body")
    assert office.calendars.done == []


# --- policy

SERIES = ADHOC | {"recurrence": "FREQ=DAILY;COUNT=2"}
LEVELS: dict[Writes, list[str]] = {
    "none": [],
    "release": ["release", "end"],
    "adhoc": ["release", "end", "extend", "create"],
    "full": ["release", "end", "extend", "create", "series", "release series"],
}


@pytest.mark.parametrize("level", LEVELS)
async def test_each_policy_allows_what_it_says_and_nothing_else(
    client: Client, office: Office, level: Writes
) -> None:
    office.let(level)
    one = f"{KESTREL}/x"
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "create": (KESTREL, ADHOC),
        "series": (KESTREL, SERIES),
        "extend": (f"{one}/extend", {"minutes": 15}),
        "end": (f"{one}/end", {}),
        "release": (f"{one}/release", {}),
        "release series": (f"{one}/release", {"scope": "series"}),
    }
    passed = []
    for name, (path, body) in ways.items():
        status, told = await post(client, path, **body)
        if told.get("code") == "writes_not_allowed":
            assert status == 403
            assert "writes is" in told["detail"]
        else:
            passed.append(name)
    assert sorted(passed) == sorted(LEVELS[level])


async def test_with_none_nothing_is_asked_of_anybody(client: Client, office: Office) -> None:
    office.let("none")
    assert await refused(client, **ADHOC) == (403, "writes_not_allowed")
    assert (office.calendars.reads, office.calendars.done) == (1, [])


@pytest.mark.parametrize("what", ["", "extend", "end", "release"])
async def test_what_was_allowed_and_is_no_more_is_not_written(
    client: Client, office: Office, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.calendars.add(OWN)
    await office.read()
    fetch = office.calendars.fetch

    async def meanwhile(where: Room, window: Window) -> Any:
        office.calendars.allowed = False
        return await fetch(where, window)

    monkeypatch.setattr(office.calendars, "fetch", meanwhile)
    path = f"{KESTREL}/{office.booking()}/{what}" if what else KESTREL
    start = {"start": (NOON + HOUR).isoformat()}
    body = {"": ADHOC | start, "extend": {"minutes": 5}}.get(what, {})
    assert await refused(client, path, **body) == (503, "source_unavailable")
    assert office.calendars.done == []


async def test_a_source_that_can_only_be_read_is_said_to_be(client: Client, office: Office) -> None:
    office.let("full", source="feed")
    assert await refused(client, **ADHOC) == (403, "source_cannot_write")


async def test_a_policy_that_is_taken_back_in_between_is_told_as_such(
    client: Client, office: Office
) -> None:
    office.let("full", source="feed")
    office.calendars.wanted = False
    assert await refused(client, **ADHOC) == (403, "writes_not_allowed")


async def test_a_display_acts_in_its_own_room_only(client: Client, office: Office) -> None:
    client.session.headers.update(await office.views.token(room="heron"))
    assert await refused(client, **ADHOC) == (403, "forbidden")
    client.session.headers.update(await office.views.token(room="kestrel"))
    assert (await post(client, **ADHOC))[0] == 201


async def test_who_may_only_read_changes_nothing(client: Client, office: Office) -> None:
    client.session.headers.update(await office.views.token("read", "join"))
    assert await refused(client, **ADHOC) == (403, "forbidden")


# --- later and earlier ends


async def running(office: Office, *events: Event) -> str:
    """The id of the first booking, once the room shows them all."""
    for one in events:
        office.calendars.add(one)
    await office.read()
    agenda = office.views.store.agenda("kestrel")
    assert agenda is not None
    return next(one.id for one in agenda.bookings if one.start == NOON - HOUR / 2)


async def test_what_the_room_organised_is_extended(client: Client, office: Office) -> None:
    booking = await running(office, OWN)
    status, told = await post(client, f"{KESTREL}/{booking}/extend", minutes=15)
    assert (status, told["done"], told["booking"]["end"]) == (
        200,
        "extended",
        "2026-11-23T12:45:00Z",
    )
    assert office.shown() == [("Talk", NOON - HOUR / 2, NOON + 0.75 * HOUR)]


async def test_an_extension_ends_where_the_next_booking_begins(
    client: Client, office: Office
) -> None:
    booking = await running(office, OWN, event("next", NOON + HOUR))
    _, told = await post(client, f"{KESTREL}/{booking}/extend", end="2026-11-23T14:00:00+01:00")
    assert told["booking"]["end"] == "2026-11-23T13:00:00Z"
    assert await refused(client, f"{KESTREL}/{booking}/extend", minutes=5) == (409, "room_taken")


async def test_an_extension_that_meets_a_new_booking_is_taken_back(
    client: Client, office: Office
) -> None:
    booking = await running(office, OWN)
    rival = event("rival", NOON + HOUR / 2)
    office.calendars.between = lambda: office.calendars.add(rival)
    assert await refused(client, f"{KESTREL}/{booking}/extend", minutes=15) == (409, "room_taken")
    assert office.calendars.events["talk"].when == OWN.when


async def test_a_running_booking_ends_a_minute_from_now(
    client: Client, office: Office, clock: FixedClock
) -> None:
    booking = await running(office, OWN)
    clock.move(timedelta(seconds=20))
    status, told = await post(client, f"{KESTREL}/{booking}/end")
    assert (status, told["done"], told["booking"]["end"]) == (
        200,
        "ended",
        "2026-11-23T12:02:00Z",
    )
    assert await office.audit() == [("token:test", "bookings.end", f"kestrel/{booking}", "done")]


@pytest.mark.parametrize(
    ("one", "action", "code"),
    [
        (OTHERS, "end", "other_organizer"),
        (OTHERS, "extend", "other_organizer"),
        (event("done", NOON - 2 * HOUR, own=True), "end", "booking_over"),
        (event("done", NOON - 2 * HOUR, own=True), "extend", "booking_over"),
        (event("done", NOON - 2 * HOUR), "release", "booking_over"),
        (event("soon", NOON + HOUR, own=True), "end", "booking_not_running"),
        (
            event("day", own=True, when=Days(first=NOON.date(), after=NOON.date() + 24 * HOUR)),
            "end",
            "whole_day",
        ),
    ],
)
async def test_what_cannot_be_done_with_a_booking_is_said(
    client: Client, office: Office, one: Event, action: str, code: str
) -> None:
    office.calendars.add(one)
    await office.read()
    body: dict[str, Any] = {"minutes": 15} if action == "extend" else {}
    path = f"{KESTREL}/{office.booking()}/{action}"
    assert await refused(client, path, **body) == (409, code)
    assert office.calendars.done == []


async def test_a_booking_that_is_not_there_is_said_to_be(client: Client, office: Office) -> None:
    assert await refused(client, f"{KESTREL}/x/end") == (404, "unknown_booking")
    booking = await running(office, OWN)
    del office.calendars.events["talk"]
    assert await refused(client, f"{KESTREL}/{booking}/end") == (404, "unknown_booking")


# --- giving back


@pytest.mark.parametrize(("one", "how"), [(OTHERS, "decline"), (OWN, "cancel")])
async def test_a_room_is_given_back(client: Client, office: Office, one: Event, how: str) -> None:
    office.let("release")
    booking = await running(office, one)
    status, told = await post(client, f"{KESTREL}/{booking}/release")
    assert (status, told) == (
        200,
        {"done": "released", "booking": None, "shown": True, "overlaps": False},
    )
    assert office.calendars.done == [(how, one.id)]
    assert office.shown() == []


async def test_one_occurrence_or_the_series_is_given_back(client: Client, office: Office) -> None:
    await post(client, **ADHOC, recurrence="FREQ=DAILY;COUNT=4")
    agenda = office.views.store.agenda("kestrel")
    assert agenda is not None
    second, third = agenda.bookings[1].id, agenda.bookings[2].id
    await post(client, f"{KESTREL}/{second}/release")
    assert len(office.shown()) == 3
    await post(client, f"{KESTREL}/{third}/release", scope="series")
    assert office.shown() == []


# --- once


async def test_a_key_is_honoured(client: Client, office: Office) -> None:
    first = await post(client, key="k", **ADHOC)
    assert await post(client, key="k", **ADHOC) == first
    assert len(office.calendars.events) == 1
    assert await refused(client, key="k", title="Other", minutes=30) == (422, "key_reused")
    assert await refused(client, f"{KESTREL}/x/end", key="k") == (422, "key_reused")


async def test_a_key_is_honoured_long_after_the_booking_began(
    client: Client, office: Office, clock: FixedClock
) -> None:
    soon = ADHOC | {"start": "2026-11-23T12:00:00Z"}
    first = await post(client, key="k", **soon)
    office.calendars.loses = [TIMEOUT]
    later = ADHOC | {"start": "2026-11-23T12:30:00Z"}
    assert await refused(client, key="other", **later) == (504, "outcome_unknown")
    clock.move(HOUR)
    assert await post(client, key="k", **soon) == first
    assert (await post(client, key="other", **later))[0] == 201
    assert await refused(client, key="new", **soon) == (400, "bad_body")
    assert len(office.calendars.events) == 2
    until = {"title": "Until two", "end": "2026-11-23T14:00:00Z"}
    first = await post(client, key="until", **until)
    assert first[0] == 201
    clock.move(2 * HOUR)
    assert await post(client, key="until", **until) == first


async def test_a_refusal_is_repeated_too(client: Client, office: Office) -> None:
    office.calendars.add(event("taken", NOON))
    assert await refused(client, key="k", **ADHOC) == (409, "room_taken")
    office.calendars.events.clear()
    assert await refused(client, key="k", **ADHOC) == (409, "room_taken")


async def test_a_key_is_its_callers_own(client: Client, office: Office) -> None:
    await post(client, key="k", **ADHOC)
    client.session.headers.update(await office.views.token("write"))
    assert await refused(client, key="k", **ADHOC) == (409, "room_taken")


async def test_the_same_at_the_same_time_is_done_once(client: Client, office: Office) -> None:
    office.slow.clear()
    asking = [asyncio.create_task(post(client, key="k", **ADHOC)) for _ in range(5)]
    await office.hinted.wait()
    office.slow.set()
    told = await asyncio.gather(*asking)
    assert [status for status, _ in told] == [201] * 5
    assert len(office.calendars.events) == 1
    assert all(one == told[0] for one in told)


async def test_an_answer_survives_a_restart_and_is_forgotten_after_a_day(
    client: Client, office: Office, clock: FixedClock
) -> None:
    first = await post(client, key="k", **ADHOC)
    office.actions._attempts = Attempts(office.views.database, clock)
    assert await post(client, key="k", **ADHOC) == first
    clock.move(KEPT)
    status, told = await post(client, key="k", **ADHOC)
    assert status == 201
    assert told["booking"]["start"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(
    "error",
    [
        TIMEOUT,
        Unavailable("broke off", reason="broken_off"),
        Unavailable("HTTP 504", reason="service_error"),
        Malformed("no JSON", reason="not_json"),
    ],
)
async def test_an_unknown_outcome_is_said_and_the_next_try_is_safe(
    client: Client, office: Office, clock: FixedClock, error: ConnectorError
) -> None:
    office.calendars.loses = [error]
    status, told = await post(client, key="k", **ADHOC)
    assert (status, told["code"]) == (504, "outcome_unknown")
    assert "Idempotency-Key" in told["detail"]
    clock.move(2 * MINUTE)
    status, told = await post(client, key="k", **ADHOC)
    assert (status, told["booking"]["start"]) == (201, "2026-11-23T12:00:00Z")
    assert len(office.calendars.events) == 1
    assert [entry[3] for entry in await office.audit()] == ["outcome_unknown", "done"]


async def test_a_second_try_extends_no_further(
    client: Client, office: Office, clock: FixedClock
) -> None:
    booking = await running(office, OWN)
    office.calendars.loses = [TIMEOUT]
    path = f"{KESTREL}/{booking}/extend"
    assert await refused(client, path, key="k", minutes=15) == (504, "outcome_unknown")
    status, told = await post(client, path, key="k", minutes=15)
    assert (status, told["booking"]["end"]) == (200, "2026-11-23T12:45:00Z")
    assert office.calendars.done == [("end", "talk")]


async def test_a_second_try_to_end_or_release_finds_it_done(
    client: Client, office: Office, clock: FixedClock
) -> None:
    booking = await running(office, OWN)
    for action in ("end", "release"):
        office.calendars.loses = [TIMEOUT]
        path = f"{KESTREL}/{booking}/{action}"
        assert await refused(client, path, key=action) == (504, "outcome_unknown")
        assert (await post(client, path, key=action))[0] == 200
    assert [what for what, _ in office.calendars.done] == ["end", "cancel"]


async def test_what_was_written_and_cannot_be_read_again_is_unknown(
    client: Client, office: Office
) -> None:
    def lost() -> None:
        office.calendars.unreadable = TIMEOUT

    office.calendars.between = lost
    assert await refused(client, key="k", **ADHOC) == (504, "outcome_unknown")
    office.calendars.unreadable = None
    assert (await post(client, key="k", **ADHOC))[0] == 201
    assert len(office.calendars.events) == 1


# --- services that fail


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (
            Unavailable("HTTP 429", reason="throttled", retry_after=7 * MINUTE),
            503,
            "source_unavailable",
        ),
        (
            Unavailable("no connection", reason="unreachable", everywhere=True),
            503,
            "source_unavailable",
        ),
        (Unavailable("changed", reason="changed_meanwhile"), 409, "booking_changed"),
        (Denied("HTTP 403", reason="access_denied", fix="grant it"), 502, "source_refused"),
        (Malformed("HTTP 400", reason="request_refused"), 502, "source_refused"),
    ],
)
async def test_an_error_of_the_service_is_told_as_it_is(
    client: Client, office: Office, error: ConnectorError, status: int, code: str
) -> None:
    office.calendars.fails = [error]
    answer = await client.post(KESTREL, json=ADHOC)
    told = await answer.json()
    assert (answer.status, told["code"]) == (status, code)
    assert answer.headers.get("Retry-After", "421") == "421"
    assert office.calendars.events == {}
    assert [entry[3] for entry in await office.audit()] == [code]
    assert (await post(client, **ADHOC))[0] == 201


async def test_a_refused_right_is_a_finding_until_something_is_written(
    client: Client, office: Office
) -> None:
    office.calendars.fails = [Denied("HTTP 403", reason="access_denied", fix="grant it")]
    await post(client, **ADHOC)
    subject = Subject("room", "kestrel")
    assert [one.code for one in office.views.health.findings(subject)] == ["writes_refused"]
    await post(client, **ADHOC)
    assert office.views.health.findings(subject) == ()


async def test_a_source_that_is_not_open_is_unavailable(client: Client, office: Office) -> None:
    office.reading = False
    assert await refused(client, **ADHOC) == (503, "source_unavailable")


async def test_a_calendar_that_cannot_be_read_is_not_written(
    client: Client, office: Office
) -> None:
    office.calendars.unreadable = Unavailable("HTTP 503", reason="service_error")
    assert await refused(client, **ADHOC) == (503, "source_unavailable")
    assert office.calendars.done == []


async def test_an_agenda_that_is_late_is_said_to_be(
    client: Client, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SHOWN_LIMIT", 0.01)
    office.slow.clear()
    status, told = await post(client, **ADHOC)
    assert (status, told["shown"], told["booking"]["title"]) == (201, False, "Quick talk")
    office.slow.set()


async def test_what_was_done_is_told_though_the_database_fails_then(
    client: Client, office: Office
) -> None:
    real = office.actions._attempts._update

    async def failing(who: str, key: str, **values: Any) -> None:
        if "status" in values:
            raise sqlite3.OperationalError("disk I/O error")
        await real(who, key, **values)

    office.actions._attempts._update = failing  # type: ignore[method-assign]
    assert (await post(client, key="k", **ADHOC))[0] == 201
    assert (await post(client, key="k", **ADHOC))[0] == 201
    assert len(office.calendars.events) == 1


async def test_what_the_audit_log_cannot_hold_is_not_told_as_done(
    client: Client, office: Office
) -> None:
    await office.views.database.change(lambda db: db.execute("ALTER TABLE audit RENAME TO x"))
    status, told = await post(client, key="k", **ADHOC)
    assert (status, told["code"]) == (504, "outcome_unknown")
    await office.views.database.change(lambda db: db.execute("ALTER TABLE x RENAME TO audit"))
    assert (await post(client, key="k", **ADHOC))[0] == 201
    assert len(office.calendars.events) == 1
    assert [entry[3] for entry in await office.audit()] == ["done"]


async def test_what_cannot_be_written_down_before_is_not_done(
    client: Client, office: Office
) -> None:
    async def failing(_who: str, _key: str, **_values: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    office.actions._attempts._update = failing  # type: ignore[assignment, method-assign]
    assert await refused(client, **ADHOC) == (503, "disk_failing")
    assert office.calendars.done == []


async def test_answers_leave_the_disk_after_a_day_though_nobody_asks(
    client: Client, office: Office, clock: FixedClock
) -> None:
    async def kept() -> int:
        return len(
            await office.views.database.change(lambda db: list(db.query("SELECT * FROM attempts")))
        )

    await post(client, key="k", **ADHOC)
    await office.actions._attempts.purge()
    assert await kept() == 1
    clock.move(KEPT)
    await office.actions._attempts.purge()
    assert await kept() == 0


async def test_a_database_that_cannot_be_written_stops_every_change(
    client: Client, office: Office
) -> None:
    await office.views.database.change(lambda db: db.execute("DROP TABLE attempts"))
    assert await refused(client, **ADHOC) == (503, "disk_failing")
    assert office.calendars.done == []
