"""A room's calendar to subscribe to, read with the library that others read it with."""

import base64
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import icalendar
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bridge.limits import TRIES
from bridge.views.faces.lines import WIDTH, folded, parameter, text, uri
from rooms.display import DisplayPolicy
from rooms.model import Days, Person, Response
from rooms.room import Policy
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import event, room
from tests.fakes.virtual import NOON

ZOOM = "https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"
PATH = "/api/v1/rooms/kestrel/calendar.ics"


async def fetched(client: Client, **more: Any) -> bytes:
    answer = await client.get(PATH, **more)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return bytes(await answer.read())


def parsed(body: bytes) -> list[Any]:
    calendar = icalendar.Calendar.from_ical(body)
    assert calendar.errors == []
    events = list(calendar.walk("VEVENT"))
    assert all(one.errors == [] for one in events)
    return events


async def test_it_tells_when_what_and_whose(client: Client, views: Views) -> None:
    await views.keep(
        event(subject="Review; plans, and C:\\more", organizer=Person(name="Ada Lovelace"))
    )
    body = await fetched(client)
    (one,) = parsed(body)
    assert one.decoded("dtstart") == NOON + timedelta(hours=1)
    assert one.decoded("dtend") == NOON + timedelta(hours=1, minutes=30)
    assert str(one["summary"]) == "Review; plans, and C:\\more"
    assert str(one["contact"]) == "Ada Lovelace"
    assert [str(one[key]) for key in ("status", "transp", "class", "location")] == [
        "CONFIRMED", "OPAQUE", "PUBLIC", "Kestrel",
    ]  # fmt: skip
    assert not {"organizer", "attendee", "description"} & {key.lower() for key in one}


async def test_the_calendar_says_its_name_and_how_often_to_ask(client: Client) -> None:
    calendar = icalendar.Calendar.from_ical(await fetched(client))
    assert str(calendar["name"]) == str(calendar["x-wr-calname"]) == "Kestrel"
    assert calendar.decoded("refresh-interval") == timedelta(minutes=5)
    assert str(calendar["x-published-ttl"]) == "PT5M"
    assert str(calendar["x-wr-timezone"]) == "Europe/London"


async def test_a_private_meeting_has_its_time_and_nothing_else(
    client: Client, views: Views
) -> None:
    await views.keep(
        event(
            private=True,
            subject="Dismissal",
            organizer=Person(name="Ada Lovelace", address="ada@example.com"),
            body=ZOOM,
        )
    )
    for caller in (await views.token("read"), await views.token(room="kestrel")):
        body = await fetched(client, headers=caller)
        (one,) = parsed(body)
        assert str(one["class"]) == "PRIVATE"
        assert str(one["summary"]) == "Private meeting"
        assert not re.search(rb"Dismissal|Ada|91234567890|zoom", body)


async def test_a_link_is_for_who_sees_join_details(client: Client, views: Views) -> None:
    await views.keep(event(body=ZOOM))
    sees = {
        "join": await views.token("read", "join"),
        "display": await views.token(room="kestrel"),
        "read": await views.token("read"),
    }
    linked = {}
    for name, headers in sees.items():
        body = await fetched(client, headers=headers)
        (one,) = parsed(body)
        linked[name] = str(one.get("url", ""))
        assert b"123456@" not in body, "no passcode that a room system dials"
    assert linked["read"] == ""
    assert linked["join"] == linked["display"]
    assert linked["join"].startswith("https://zoom.us/j/91234567890")


async def test_a_door_that_does_not_tell_does_not_tell_here(client: Client, views: Views) -> None:
    quiet = Policy(display=DisplayPolicy(titles=False, organizers=False))
    views.house.rooms = {"kestrel": room("kestrel", policy=quiet)}
    await views.keep(event(subject="Merger", organizer=Person(name="Ada Lovelace")))
    body = await fetched(client, headers=await views.token(room="kestrel"))
    assert b"Merger" not in body
    assert b"Ada" not in body
    assert b"Merger" in await fetched(client), "the policy is about doors"


async def test_days_float_and_notes_do_not_take_the_room(client: Client, views: Views) -> None:
    days = Days(first=date(2026, 11, 24), after=date(2026, 11, 26))
    await views.keep(
        event("fair", when=days, blocks=False),
        event("talk", response=Response.TENTATIVE),
    )
    talk, fair = parsed(await fetched(client))
    assert fair.decoded("dtstart") == date(2026, 11, 24)
    assert fair.decoded("dtend") == date(2026, 11, 26)
    assert str(fair["transp"]) == "TRANSPARENT"
    assert str(talk["status"]) == "TENTATIVE"


async def test_what_was_had_before_is_not_sent_again(client: Client, views: Views) -> None:
    await views.keep(event())
    first = await client.get(PATH)
    etag, body = first.headers["ETag"], await first.read()
    views.clock.move(timedelta(minutes=1))
    await views.keep(event())
    again = await client.get(PATH, headers={"If-None-Match": etag})
    assert again.status == 304
    assert again.headers["Agenda-As-Of"] != first.headers["Agenda-As-Of"]
    assert await (await client.get(PATH)).read() == body, "to the byte, whenever it was read"
    await views.keep(event(subject="Moved"))
    changed = await client.get(PATH, headers={"If-None-Match": etag})
    assert changed.status == 200


async def test_a_meeting_keeps_its_uid_when_it_moves(client: Client, views: Views) -> None:
    await views.keep(event())
    (before,) = parsed(await fetched(client))
    await views.keep(event(start=NOON + timedelta(hours=3)))
    (after,) = parsed(await fetched(client))
    assert before["uid"] == after["uid"]
    assert before["dtstart"] != after["dtstart"]


async def test_a_calendar_that_is_old_says_so(client: Client, views: Views) -> None:
    await views.keep(event())
    assert b"Not up to date" not in await fetched(client)
    views.clock.move(timedelta(hours=1))
    assert b"DESCRIPTION:Not up to date: as of 2026-11-23 12:00\r\n" in await fetched(client)


async def test_a_display_gets_its_own_room_only(client: Client, views: Views) -> None:
    elsewhere = await views.token(room="heron")
    assert (await client.get(PATH, headers=elsewhere)).status == 403
    assert (await client.get("/api/v1/rooms/none/calendar.ics")).status == 404


async def test_a_calendar_program_shows_its_token_as_a_password(
    client: Client, views: Views
) -> None:
    await views.keep(event())
    path = "/api/v1/rooms/kestrel/calendar.ics"

    def password(headers: dict[str, str]) -> dict[str, str]:
        token = headers["Authorization"].removeprefix("Bearer ")
        told = base64.b64encode(f"outlook:{token}".encode()).decode()
        return {"Authorization": f"Basic {told}"}

    reads = password(await views.token("read"))
    assert (await client.get(path, headers=reads)).status == 200
    agenda = await client.get("/api/v1/rooms/kestrel/agenda", headers=reads)
    assert agenda.status == 401, "browsers keep passwords and send them to every page"
    for token in (await views.token("read", "write"), await views.token(room="kestrel")):
        assert (await client.get(path, headers=password(token))).status == 403
    for wrong in ("Basic", "Basic !", "Basic b3V0bG9vaw==", "Digest x"):
        refused = await client.get(path, headers={"Authorization": wrong})
        assert refused.status == 401
        assert 'Basic realm="roombridge"' in refused.headers["WWW-Authenticate"]


async def test_passwords_are_guessed_no_faster_than_tokens(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.BaseRequest, "remote", "192.0.2.7")
    statuses = []
    for number in range(TRIES + 2):
        told = base64.b64encode(f"outlook:rb_{number}".encode()).decode()
        answer = await client.get(PATH, headers={"Authorization": f"Basic {told}"})
        statuses.append(answer.status)
    assert statuses == [401] * TRIES + [429] * 2


async def test_no_title_breaks_it(client: Client, views: Views) -> None:
    titles = [
        "x" * 10_000,
        "🎉" * 500,
        "a\r\nEND:VCALENDAR\r\nBEGIN:VEVENT\u2028b\x00\x1b[31m\x85c",
        "\u202egnp.exe\u202c",
        '\\n;,":' * 50,
    ]
    meetings = [event(f"m{number}", subject=title) for number, title in enumerate(titles)]
    await views.keep(*meetings)
    body = await fetched(client)
    assert len(parsed(body)) == len(titles)
    assert b"\xe2\x80\xae" not in body
    assert max(len(line) for line in body.split(b"\r\n")) <= WIDTH


ANY_TEXT = st.text(st.characters(blacklist_categories=()), max_size=400)


@given(ANY_TEXT)
def test_any_value_is_one_value(value: str) -> None:
    line = folded(f"SUMMARY:{text(value)}")
    assert all(len(piece) <= WIDTH for piece in line.split(b"\r\n"))
    assert all(piece.startswith(b" ") for piece in line.split(b"\r\n")[1:-1])
    body = b"BEGIN:VEVENT\r\nUID:a\r\n" + line + b"END:VEVENT\r\n"
    one = icalendar.Event.from_ical(body)
    assert one.errors == []
    assert set(one) == {"UID", "SUMMARY"}


@given(ANY_TEXT)
def test_any_parameter_and_any_link_are_one_line(value: str) -> None:
    safe: list[Callable[[str], str]] = [parameter, uri]
    for made in safe:
        assert len(made(value).splitlines()) <= 1
    assert parameter(value).count('"') == 2
