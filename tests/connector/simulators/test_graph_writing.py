"""Writing to calendars."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest

from connector.simulators.graph import CLIENT_ID, Recurrence
from connector.simulators.graph.faults.answers import Status
from connector.simulators.graph.faults.transfer import Dropped
from connector.simulators.graph.faults.writes import Contested
from rooms.model import Person

from .graph_tenant import KESTREL, Answer, Caller, asking, meeting

EVENTS = f"/v1.0/users/{KESTREL}/events"
ROOM = Person(name="Kestrel", address=KESTREL)


def at(time: str, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": f"2026-11-23T{time}:00", "timeZone": zone}


BOOKING = {"subject": "Ad hoc", "start": at("13:00"), "end": at("13:30"), "transactionId": "one"}


@asynccontextmanager
async def writing() -> AsyncIterator[Caller]:
    """An application that may write."""
    async with asking() as graph:
        graph.tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
        yield graph


async def send(
    graph: Caller, method: str, path: str, body: object = None, match: str = ""
) -> Answer:
    headers = {"Authorization": f"Bearer {graph.token}"} | ({"If-Match": match} if match else {})
    more = {} if body is None else {"json": body}
    return await graph.ask(method, path, headers=headers, **more)


async def test_a_booking_is_the_rooms_own() -> None:
    async with writing() as graph:
        answer = await send(graph, "POST", EVENTS, BOOKING)
        assert answer.status == 201, answer.body
        made = answer.json
        assert (made["subject"], made["isOrganizer"], made["showAs"]) == ("Ad hoc", True, "busy")
        assert made["responseStatus"]["response"] == "organizer"
        assert made["organizer"]["emailAddress"]["address"] == KESTREL
        assert (made["attendees"], made["transactionId"]) == ([], "one")
        assert made["createdDateTime"] == "2026-11-23T12:00:00.0000000Z"
        found = (await graph.get(f"{EVENTS}/{made['id']}")).json
        assert found == made | {"@odata.context": found["@odata.context"]}


async def test_a_request_that_is_repeated_books_once() -> None:
    async with writing() as graph:
        graph.tenant.faults.add(Dropped(at="writes", times=1))
        with pytest.raises(Exception, match="payload"):
            await send(graph, "POST", EVENTS, BOOKING)
        first = (await send(graph, "POST", EVENTS, BOOKING)).json
        second = (await send(graph, "POST", EVENTS, BOOKING)).json
        assert first["id"] == second["id"]
        other = (await send(graph, "POST", EVENTS, BOOKING | {"transactionId": "two"})).json
        assert other["id"] != first["id"]
        assert len(graph.kestrel) == 2


async def test_a_series_is_booked_with_its_pattern() -> None:
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "wednesday"]}
    extent = {"type": "endDate", "startDate": "2026-11-23", "endDate": "2026-12-02"}
    zone = "W. Europe Standard Time"
    body = {
        "subject": "Series",
        "start": at("14:00", zone),
        "end": at("15:00", zone),
        "recurrence": {"pattern": pattern, "range": extent},
    }
    async with writing() as graph:
        made = (await send(graph, "POST", EVENTS, body)).json
        assert made["type"] == "seriesMaster"
        assert made["start"]["dateTime"] == "2026-11-23T13:00:00.0000000"
        assert made["originalStartTimeZone"] == zone
        window = {"startDateTime": "2026-11-23", "endDateTime": "2026-12-31"}
        found = await graph.get(f"{EVENTS}/{made['id']}/instances", **window)
        assert [event["start"]["dateTime"][:10] for event in found.json["value"]] == [
            "2026-11-23",
            "2026-11-25",
            "2026-11-30",
            "2026-12-02",
        ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"start": at("13:00")}, 400, "ErrorPropertyValidationFailure"),
        ({"start": at("13:00"), "end": at("12:00")}, 400, "ErrorPropertyValidationFailure"),
        ({"start": at("soon"), "end": at("12:00")}, 400, "ErrorPropertyValidationFailure"),
        (
            {"start": at("13:00", "Nowhere"), "end": at("14:00")},
            400,
            "TimeZoneNotSupportedException",
        ),
        (BOOKING | {"colour": "red"}, 400, "RequestBodyRead"),
        (BOOKING | {"subject": 7}, 400, "RequestBodyRead"),
    ],
)
async def test_what_cannot_be_booked(body: Any, status: int, code: str) -> None:
    async with writing() as graph:
        answer = await send(graph, "POST", EVENTS, body)
        assert (answer.status, answer.code) == (status, code)
        headers = {"Authorization": f"Bearer {graph.token}"}
        assert (await graph.ask("POST", EVENTS, headers=headers, data=b"{")).code == "BadRequest"
        assert len(graph.kestrel) == 0


async def test_an_event_ends_sooner_if_it_is_still_what_the_client_knows() -> None:
    async with writing() as graph:
        made = graph.kestrel.add(meeting(organizer=ROOM))
        path, etag = f"{EVENTS}/{made.id}", f'W/"{made.change_key}"'
        sooner = {"end": at("13:10")}
        answer = await send(graph, "PATCH", path, sooner, etag)
        assert answer.status == 200, answer.body
        assert answer.json["end"]["dateTime"].startswith("2026-11-23T13:10")
        assert answer.json["start"]["dateTime"].startswith("2026-11-23T13:00")
        stale = await send(graph, "PATCH", path, sooner, etag)
        assert (stale.status, stale.code) == (412, "ErrorIrresolvableConflict")
        assert (await send(graph, "DELETE", path, match=etag)).status == 412
        assert (await send(graph, "PATCH", path, {"end": at("12:00")})).status == 400
        assert (await send(graph, "PATCH", path, {"end": at("13:20")}, "*")).status == 200


async def test_of_a_series_one_occurrence_may_be_changed() -> None:
    async with writing() as graph:
        series = graph.kestrel.add(meeting(organizer=ROOM, recurrence=Recurrence(type="daily")))
        monday = graph.kestrel.on(series.id, date(2026, 11, 23))
        answer = await send(graph, "PATCH", f"{EVENTS}/{monday.id}", {"end": at("13:10")})
        assert answer.json["type"] == "exception"
        tuesday = graph.kestrel.on(series.id, date(2026, 11, 24))
        assert (await send(graph, "POST", f"{EVENTS}/{tuesday.id}/cancel")).status == 202
        assert (await send(graph, "GET", f"{EVENTS}/{tuesday.id}")).status == 404
        assert (await send(graph, "DELETE", f"{EVENTS}/{series.id}")).status == 204
        assert len(graph.kestrel) == 0


async def test_only_the_organizer_may_cancel() -> None:
    async with writing() as graph:
        theirs, own = graph.kestrel.add(meeting()), graph.kestrel.add(meeting(organizer=ROOM))
        refused = await send(graph, "POST", f"{EVENTS}/{theirs.id}/cancel", {"comment": "x"})
        assert refused.status == 400
        assert (
            "You need to be an organizer to cancel a meeting." in refused.json["error"]["message"]
        )
        done = await send(graph, "POST", f"{EVENTS}/{own.id}/cancel", {"comment": "Sorry"})
        assert (done.status, done.body) == (202, b"")
        (told,) = (await graph.control("GET", f"/mailboxes/{KESTREL}/replies"))["replies"]
        assert told == {"what": "cancelled", "event": own.id, "to": KESTREL, "comment": "Sorry"}


async def test_an_invitation_is_answered_and_its_organizer_is_told() -> None:
    async with writing() as graph:
        invited = graph.kestrel.add(meeting(response="notResponded"))
        path = f"{EVENTS}/{invited.id}"
        assert (await send(graph, "POST", f"{path}/tentativelyAccept")).status == 202
        assert graph.kestrel.get(invited.id).meeting.response == "tentativelyAccepted"
        silently = {"sendResponse": False}
        assert (await send(graph, "POST", f"{path}/accept", silently)).status == 202
        assert graph.kestrel.get(invited.id).meeting.show_as == "busy"
        assert (await send(graph, "POST", f"{path}/decline", {"comment": "No"})).status == 202
        assert len(graph.kestrel) == 0
        told = [(one.what, one.to) for one in graph.kestrel.replies]
        assert told == [
            ("tentativelyAccepted", "ada@example.com"),
            ("declined", "ada@example.com"),
        ]
        own = graph.kestrel.add(meeting(organizer=ROOM))
        refused = await send(graph, "POST", f"{EVENTS}/{own.id}/decline")
        assert (refused.status, refused.code) == (400, "ErrorInvalidRequest")


async def test_who_may_only_read_cannot_write() -> None:
    async with asking() as graph:
        event = graph.kestrel.add(meeting())
        path = f"{EVENTS}/{event.id}"
        for method, where, body in (
            ("POST", EVENTS, BOOKING),
            ("PATCH", path, {"end": at("13:10")}),
            ("DELETE", path, None),
            ("POST", f"{path}/cancel", None),
            ("POST", f"{path}/decline", None),
        ):
            answer = await send(graph, method, where, body)
            assert (answer.status, answer.code) == (403, "ErrorAccessDenied")
        assert len(graph.kestrel) == 1
        app = {"client_id": CLIENT_ID, "scope": [KESTREL], "writes": True}
        await graph.control("POST", "/apps", app)
        assert (await send(graph, "DELETE", path)).status == 204


async def test_who_was_granted_nothing_cannot_even_read() -> None:
    async with asking() as graph:
        graph.tenant.register_app(secret="right", roles=["Place.Read.All"])
        assert (await graph.view()).code == "ErrorAccessDenied"
        graph.tenant.register_app(secret="right", roles=[], scope=[KESTREL])
        assert (await graph.view()).status == 200


@pytest.mark.parametrize("earlier", [True, False])
async def test_somebody_else_may_book_at_the_same_moment(earlier: bool) -> None:
    async with writing() as graph:
        graph.tenant.faults.add(Contested(earlier=earlier, times=1))
        made = (await send(graph, "POST", EVENTS, BOOKING)).json
        own, rival = graph.kestrel.entries()
        assert (own.id, own.start) == (made["id"], rival.start)
        assert (rival.created < own.created) == earlier
        assert rival.created != own.created


async def test_faults_of_writing_leave_reading_alone() -> None:
    async with writing() as graph:
        graph.tenant.faults.add(Status(status=503, at="writes"))
        assert (await send(graph, "POST", EVENTS, BOOKING)).status == 503
        assert (await graph.view()).json["value"] == []
