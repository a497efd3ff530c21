"""The JSON API over a real socket."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.health import Subject
from rooms.model import Days, Person
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON, FixedClock

HOUR = timedelta(hours=1)
ADA = Person(name="Ada Lovelace", address="ada@example.com")
ZOOM = "Join Zoom Meeting\nhttps://zoom.us/j/91234567890\nJoin by SIP\n91234567890@zoomcrc.com\n"
CALL = event("call", NOON + HOUR, body=ZOOM, organizer=ADA)
SECRET = event("merger", NOON + 2 * HOUR, body=ZOOM, organizer=ADA, private=True)
AGENDA = "/api/v1/rooms/kestrel/agenda"


async def get(client: Client, path: str, **more: Any) -> Any:
    answer = await client.get(path, **more)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def code(client: Client, method: str, path: str, **more: Any) -> tuple[int, str]:
    answer = await client.request(method, path, **more)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = await answer.json()
    assert problem["status"] == answer.status
    return answer.status, problem["code"]


async def test_an_agenda_is_told_as_the_contract_says(
    client: Client, views: Views, clock: FixedClock
) -> None:
    await views.keep(CALL)
    clock.move(timedelta(seconds=12.7))
    told = await get(client, AGENDA)
    (booking,) = told.pop("bookings")
    assert told == {
        "room": {
            "id": "kestrel",
            "name": "Kestrel",
            "mailbox": "kestrel@example.com",
            "time_zone": "Europe/London",
        },
        "as_of": "2026-11-23T12:00:00Z",
        "age_s": 12,
        "stale": False,
    }
    assert len(booking.pop("id")) <= 64
    assert booking == {
        "start": "2026-11-23T13:00:00Z",
        "end": "2026-11-23T13:30:00Z",
        "all_day": False,
        "title": "Call",
        "organizer": "Ada Lovelace",
        "private": False,
        "state": "confirmed",
        "show_as": "busy",
        "checked_in": False,
        "check_in": None,
        "can_join": True,
        "join": {
            "provider": "zoom",
            "meeting_id": "91234567890",
            "sip": "91234567890@zoomcrc.com",
            "h323": "162.255.37.11##91234567890",
            "url": "https://zoom.us/j/91234567890",
            "dial": "91234567890@zoomcrc.com",
        },
        "no_join_reason": None,
    }


async def test_times_are_told_with_the_rooms_own_offset(client: Client, views: Views) -> None:
    views.house.rooms = {"kestrel": room(time_zone="Asia/Kolkata")}
    await views.keep(CALL)
    assert (await get(client, AGENDA))["bookings"][0]["start"] == "2026-11-23T18:30:00+05:30"


async def test_a_room_never_read_says_so(client: Client) -> None:
    told = await get(client, AGENDA)
    assert (told["as_of"], told["age_s"], told["stale"], told["bookings"]) == (None, None, True, [])
    one = await get(client, "/api/v1/rooms/kestrel")
    assert [trouble["code"] for trouble in one["health"]] == ["never_read"]


async def test_an_agenda_that_ages_says_stale_and_keeps_its_bookings(
    client: Client, views: Views, clock: FixedClock
) -> None:
    await views.keep(CALL)
    views.health.bad(Subject("room", "kestrel"), "service_error")
    clock.move(timedelta(minutes=21))
    told = await get(client, AGENDA)
    assert told["stale"]
    assert told["age_s"] == 21 * 60
    assert len(told["bookings"]) == 1
    health = (await get(client, "/api/v1/rooms/kestrel"))["health"]
    assert [trouble["code"] for trouble in health] == ["stale", "service_error"]
    assert all(trouble["words"] and trouble["fix"] for trouble in health)


class TestEtag:
    """Entity tags of agendas."""

    async def tag(self, client: Client, **more: Any) -> str:
        return str((await client.get(AGENDA, **more)).headers["ETag"])

    async def test_the_tag_is_weak_and_outlives_a_read_that_changes_nothing(
        self, client: Client, views: Views, clock: FixedClock
    ) -> None:
        await views.keep(CALL)
        before = await self.tag(client)
        assert before.startswith('W/"')
        clock.move(timedelta(minutes=5))
        await views.keep(CALL)
        assert await self.tag(client) == before

    async def test_every_change_has_another_tag(self, client: Client, views: Views) -> None:
        tags = []
        for events in ([], [CALL], [CALL, SECRET], [event("call", NOON + 3 * HOUR)]):
            await views.keep(*events)
            tags.append(await self.tag(client))
        assert len(set(tags)) == 4

    async def test_becoming_stale_is_a_change(
        self, client: Client, views: Views, clock: FixedClock
    ) -> None:
        await views.keep(CALL)
        before = await self.tag(client)
        clock.move(timedelta(minutes=21))
        assert await self.tag(client) != before

    async def test_what_has_not_changed_is_304_and_tells_its_age_all_the_same(
        self, client: Client, views: Views, clock: FixedClock
    ) -> None:
        await views.keep(CALL)
        tag = await self.tag(client)
        clock.move(timedelta(minutes=5))
        await views.keep(CALL)
        for asked in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            answer = await client.get(AGENDA, headers={"If-None-Match": asked})
            assert answer.status == 304, asked
            assert answer.headers["Agenda-As-Of"] == "2026-11-23T12:05:00Z"
            assert answer.headers["ETag"] == tag
            assert await answer.read() == b""
        assert (await client.get(AGENDA, headers={"If-None-Match": '"x"'})).status == 200

    async def test_callers_who_see_different_things_have_different_tags(
        self, client: Client, views: Views
    ) -> None:
        await views.keep(CALL)
        narrow = await self.tag(client, headers=await views.token("read"))
        wide = await self.tag(client, headers=await views.token("read", "join"))
        assert narrow != wide

    async def test_the_span_that_an_answer_covers_is_told(
        self, client: Client, views: Views
    ) -> None:
        await views.keep(CALL)
        answer = await client.get(AGENDA)
        assert answer.headers["Agenda-Window"] == "2026-11-22T12:00:00Z/2026-11-30T12:00:00Z"


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Call", "Merger2", "Fair"]),
        ("?from=2026-11-23T13:30:00Z", ["Merger2", "Fair"]),
        ("?to=2026-11-23T14:00:00Z", ["Call"]),
        ("?from=2026-11-23T14:00:00%2B01:00&to=2026-11-23T14:15:00%2B01:00", ["Call"]),
        ("?from=2026-11-23T14:00:00+01:00&to=2026-11-23T14:15:00+01:00", ["Call"]),
        ("?from=2026-11-25T00:00:00Z&to=2026-11-26T00:00:00Z", ["Fair"]),
        ("?from=2027-01-01T00:00:00Z", []),
    ],
)
async def test_a_part_of_an_agenda_can_be_asked_for(
    client: Client, views: Views, query: str, titles: list[str]
) -> None:
    from datetime import date

    fair = event("fair", when=Days(first=date(2026, 11, 25), after=date(2026, 11, 26)))
    await views.keep(CALL, event("merger2", NOON + 2 * HOUR), fair)
    told = await get(client, AGENDA + query)
    assert [booking["title"] for booking in told["bookings"]] == titles


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday",
        "?to=2026-11-23T13:30:00",
        "?from=",
        "?from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z",
    ],
)
async def test_times_that_make_no_sense_are_problems(client: Client, query: str) -> None:
    assert await code(client, "GET", AGENDA + query) == (400, "bad_time")


async def test_all_rooms_are_told_with_how_they_stand(
    client: Client, views: Views, clock: FixedClock
) -> None:
    await views.keep(CALL)
    await views.keep(name="heron")
    clock.move(HOUR)
    kestrel, heron = (await get(client, "/api/v1/rooms"))["rooms"]
    assert kestrel["state"] == "busy"
    assert kestrel["until"] == "2026-11-23T13:30:00Z"
    assert kestrel["next"] is None
    assert (heron["state"], heron["until"], heron["next"]) == ("free", None, None)
    one = await get(client, "/api/v1/rooms/kestrel")
    assert one == kestrel


async def test_back_to_back_meetings_count_as_one_block(
    client: Client, views: Views, clock: FixedClock
) -> None:
    meetings = [event(f"m{n}", NOON + n * HOUR, minutes=60) for n in range(1, 4)]
    note = event("note", NOON + 4 * HOUR, minutes=60, blocks=False)
    await views.keep(*meetings, note)
    one = await get(client, "/api/v1/rooms/kestrel")
    assert (one["state"], one["until"]) == ("free", "2026-11-23T13:00:00Z")
    assert one["next"]["title"] == "M1"
    clock.move(HOUR)
    one = await get(client, "/api/v1/rooms/kestrel")
    assert (one["state"], one["until"], one["next"]["title"]) == (
        "busy",
        "2026-11-23T16:00:00Z",
        "M2",
    )
    clock.move(2 * HOUR)
    one = await get(client, "/api/v1/rooms/kestrel")
    assert one["next"] is None, "a note does not take the room"
    clock.move(HOUR)
    assert (await get(client, "/api/v1/rooms/kestrel"))["state"] == "free"


async def test_unknown_rooms_and_paths_are_problems(client: Client) -> None:
    assert await code(client, "GET", "/api/v1/rooms/nowhere") == (404, "unknown_room")
    assert await code(client, "GET", "/api/v1/rooms/nowhere/agenda") == (404, "unknown_room")
    assert await code(client, "GET", "/api/v1/nothing") == (404, "not_found")
    assert await code(client, "GET", "/static/display/display.html") == (404, "not_found")
    assert await code(client, "GET", "/static/..%2fweb.py") == (404, "not_found")
    assert await code(client, "PUT", AGENDA) == (405, "method_not_allowed")
    answer = await client.delete("/api/v1/rooms")
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_a_fault_of_our_own_is_a_problem_and_logged_without_its_message(
    client: Client, views: Views, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(CALL.subject * 3)

    monkeypatch.setattr(views.store, "kept", fail)
    assert await code(client, "GET", AGENDA) == (500, "unexpected")
    assert "RuntimeError" in caplog.text
    assert CALL.subject * 3 not in caplog.text


async def test_liveness_and_readiness(client: Client, views: Views) -> None:
    assert await get(client, "/healthz") == {"status": "ok"}
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["never_read"] == 2
    await views.keep(CALL)
    await views.keep(name="heron")
    ready = await get(client, "/readyz")
    assert (ready["ready"], ready["fresh"]) == (True, 2)


async def test_metrics_are_prometheus_text(client: Client) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE a_gauge gauge\na_gauge 1.0\n" in await answer.text()


async def test_explain_tells_how_and_why(client: Client, views: Views) -> None:
    await views.keep(
        CALL, event("talk", NOON + 5 * HOUR), event("off", NOON + 6 * HOUR, cancelled=True)
    )
    told = await get(client, "/api/v1/rooms/kestrel/explain")
    call, talk, off = told["bookings"]
    assert (call["source"], call["can_join"], call["reason"]) == ("body", True, None)
    assert (talk["can_join"], talk["reason"]) == (False, "no_online_meeting")
    assert talk["fix"]
    assert (off["shown"], off["reason"], off["words"]) == (False, "cancelled", "it was cancelled")
    only = await get(client, f"/api/v1/rooms/kestrel/explain?booking={talk['id']}")
    assert [one["id"] for one in only["bookings"]] == [talk["id"]]
    path = "/api/v1/rooms/kestrel/explain?booking=nothing"
    assert await code(client, "GET", path) == (404, "unknown_booking")


async def test_answers_say_nothing_of_what_serves_them(client: Client) -> None:
    for path in (AGENDA, "/healthz", "/nothing", "/display/kestrel", "/static/display/display.css"):
        answer = await client.get(path)
        assert answer.headers["Server"] == "roombridge"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_hundred_callers_at_once_are_all_answered(client: Client, views: Views) -> None:
    await views.keep(CALL)
    answers = await asyncio.gather(*(get(client, AGENDA) for _ in range(100)))
    assert all(json.dumps(answer) == json.dumps(answers[0]) for answer in answers)
