"""The control API."""

from pathlib import Path
from typing import Any

import pytest

from connector.simulators.graph.control import (
    conditions,
    mailboxes,
    people,
    places,
    subscriptions,
)
from connector.simulators.graph.faults.kinds import AnyFault
from connector.simulators.graph.faults.oddities import ODDITIES

from .graph_tenant import DAY, KESTREL, NOON, asking, meeting

EVENTS = f"/mailboxes/{KESTREL}/events"
GUIDE = Path(__file__).parents[3] / "docs" / "simulators.md"


async def test_mailboxes_come_and_go() -> None:
    async with asking() as graph:
        made = await graph.control(
            "POST", "/mailboxes", {"address": "merlin@example.com", "name": "Merlin"}
        )
        assert made["time_zone"] == "UTC"
        listed = (await graph.control("GET", "/mailboxes"))["mailboxes"]
        assert [one["address"] for one in listed] == [KESTREL, "merlin@example.com"]
        path = f"/mailboxes/{made['id']}"
        asleep = await graph.control("PATCH", path, {"rest_enabled": False})
        assert asleep["rest_enabled"] is False
        answer = await graph.get("/v1.0/users/merlin@example.com/calendarView", **DAY)
        assert answer.code == "MailboxNotEnabledForRESTAPI"
        await graph.control("DELETE", path)
        await graph.control("DELETE", path, status=404)


async def test_a_meeting_in_a_few_words() -> None:
    async with asking() as graph:
        made = await graph.control(
            "POST",
            EVENTS,
            {
                "subject": "Review",
                "start": "2026-11-23T14:00",
                "minutes": 45,
                "location": "Example HQ",
                "body": '<a href="https://example.zoom.us/j/81234567890">Join</a>',
                "organizer": "Grace Hopper <grace@example.com>",
                "attendees": ["alan@example.com"],
                "private": True,
                "join_url": "https://teams.microsoft.com/l/meetup-join/x",
            },
        )
        (found,) = (await graph.view()).json["value"]
    assert made == found
    assert (made["start"]["dateTime"][11:16], made["end"]["dateTime"][11:16]) == ("14:00", "14:45")
    assert (made["sensitivity"], made["location"]["displayName"]) == ("private", "Example HQ")
    assert made["organizer"]["emailAddress"] == {
        "name": "Grace Hopper",
        "address": "grace@example.com",
    }
    assert made["attendees"][0]["emailAddress"]["name"] == "alan"
    assert made["onlineMeeting"]["joinUrl"].endswith("/x")


@pytest.mark.parametrize(
    ("start", "begins", "ends"),
    [
        ("2026-07-01T14:00", "2026-07-01T13:00", "2026-07-01T13:30"),
        ("2026-07-01T14:00Z", "2026-07-01T14:00", "2026-07-01T14:30"),
        ("2026-07-01T14:00+02:00", "2026-07-01T12:00", "2026-07-01T12:30"),
        ("2026-07-01", "2026-07-01T00:00", "2026-07-02T00:00"),
    ],
)
async def test_a_start_alone_is_enough(start: str, begins: str, ends: str) -> None:
    async with asking() as graph:
        made = await graph.control("POST", EVENTS, {"start": start})
    assert made["start"]["dateTime"].startswith(begins)
    assert made["end"]["dateTime"].startswith(ends)
    assert made["isAllDay"] == (len(start) == 10)


async def test_a_meeting_in_graphs_own_json() -> None:
    async with asking() as graph:
        made = await graph.control(
            "POST",
            EVENTS,
            {
                "subject": "Review",
                "body": {"contentType": "text", "content": "1 < 2"},
                "start": {"dateTime": "2026-11-23T09:00:00", "timeZone": "Tokyo Standard Time"},
                "end": {"dateTime": "2026-11-23T10:00:00", "timeZone": "Tokyo Standard Time"},
                "location": {"displayName": "Annex", "locationType": "default"},
                "organizer": {"emailAddress": {"name": "Grace", "address": "grace@example.com"}},
                "attendees": [
                    {
                        "type": "optional",
                        "emailAddress": {"name": "Alan", "address": "alan@example.com"},
                        "status": {"response": "declined", "time": "0001-01-01T00:00:00Z"},
                    }
                ],
                "sensitivity": "confidential",
                "showAs": "oof",
                "responseStatus": {"response": "notResponded"},
                "onlineMeeting": {"joinUrl": "https://teams.microsoft.com/x", "conferenceId": "1"},
                "categories": ["Red"],
                "iCalUId": "abc@example.com",
            },
        )
    assert made["start"]["dateTime"] == "2026-11-23T00:00:00.0000000"
    assert made["originalStartTimeZone"] == "Tokyo Standard Time"
    assert "1 &lt; 2" in made["body"]["content"]
    assert (made["sensitivity"], made["showAs"]) == ("confidential", "oof")
    assert made["responseStatus"]["response"] == "notResponded"
    assert made["attendees"][0]["status"]["response"] == "declined"
    assert made["onlineMeeting"]["conferenceId"] == "1"
    assert (made["categories"], made["iCalUId"]) == (["Red"], "abc@example.com")
    assert made["location"]["displayName"] == "Annex"


@pytest.mark.parametrize(
    "recurrence",
    [
        {"type": "weekly", "days": ["monday", "friday"], "until": "2026-12-31"},
        {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "friday"]},
            "range": {"type": "endDate", "startDate": "2026-11-23", "endDate": "2026-12-31"},
        },
    ],
)
async def test_a_series_in_either_form(recurrence: Any) -> None:
    async with asking() as graph:
        start: Any = "2026-11-23T09:00"
        end: Any = "2026-11-23T09:15"
        if "pattern" in recurrence:
            start = {"dateTime": start, "timeZone": "Europe/London"}
            end = {"dateTime": end, "timeZone": "Europe/London"}
        series = {"subject": "Stand-up", "start": start, "end": end, "recurrence": recurrence}
        master = await graph.control("POST", EVENTS, series)
        window = "?start=2026-11-23&end=2026-12-01"
        listed = (await graph.control("GET", f"{EVENTS}{window}"))["events"]
        entries = (await graph.control("GET", EVENTS))["events"]
    assert (master["type"], entries) == ("seriesMaster", [master])
    assert [one["start"]["dateTime"][:10] for one in listed] == [
        "2026-11-23",
        "2026-11-27",
        "2026-11-30",
    ]


async def test_one_occurrence_is_changed_cancelled_and_deleted() -> None:
    async with asking() as graph:
        daily = {"start": "2026-11-23T09:00", "recurrence": {"type": "daily"}, "subject": "Daily"}
        series = await graph.control("POST", EVENTS, daily)
        event = f"{EVENTS}/{series['id']}"
        monday = await graph.control("GET", f"{event}?on=2026-11-23")
        by_id = f"{EVENTS}/{monday['id']}"
        moved = await graph.control("PATCH", by_id, {"start": "2026-11-23T16:00"})
        assert (moved["type"], moved["id"]) == ("exception", monday["id"])
        assert moved["end"]["dateTime"][11:16] == "16:30"
        cancelled = await graph.control("POST", f"{event}/cancel?on=2026-11-24", status=200)
        assert (cancelled["isCancelled"], cancelled["type"]) == (True, "exception")
        gone = await graph.control("DELETE", f"{event}?on=2026-11-25")
        assert gone["type"] == "occurrence"
        await graph.control("DELETE", f"{event}?on=2026-11-25", status=404)
        await graph.control("GET", f"{event}?on=2026-11-22", status=404)
        window = "?start=2026-11-23&end=2026-11-26"
        listed = (await graph.control("GET", f"{EVENTS}{window}"))["events"]
    assert [(one["start"]["dateTime"][8:13], one["isCancelled"]) for one in listed] == [
        ("23T16", False),
        ("24T09", True),
    ]


async def test_a_meeting_is_moved_answered_refiled_cancelled_and_deleted() -> None:
    async with asking() as graph:
        made = graph.kestrel.add(meeting(minutes=50))
        event = f"{EVENTS}/{made.id}"
        moved = await graph.control("PATCH", event, {"start": "2026-11-23T18:00Z"})
        assert moved["end"]["dateTime"][11:16] == "18:50"
        assert moved["changeKey"] != made.change_key
        later = await graph.control("PATCH", event, {"end": "2026-11-23T19:30Z"})
        assert later["start"] == moved["start"]
        whole_day = await graph.control("PATCH", event, {"start": "2026-11-24"})
        assert (whole_day["isAllDay"], whole_day["end"]["dateTime"][:10]) == (True, "2026-11-25")
        words = {"showAs": "workingElsewhere", "subject": "New"}
        assert (await graph.control("PATCH", event, words))["showAs"] == "workingElsewhere"
        answered = await graph.control("POST", f"{event}/respond", {"response": "declined"}, 200)
        assert answered["responseStatus"]["response"] == "declined"
        cancelled = await graph.control("POST", f"{event}/cancel", status=200)
        assert cancelled["subject"] == "Canceled: New"
        refiled = await graph.control("POST", f"{event}/refile", status=200)
        assert refiled["id"] != made.id
        await graph.control("GET", event, status=404)
        await graph.control("DELETE", f"{EVENTS}/{refiled['id']}")
        assert (await graph.control("GET", EVENTS))["events"] == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "a meeting needs a start"),
        ({"start": "soon"}, "Invalid isoformat string: 'soon'"),
        ({"start": "2026-11-23", "colour": "red"}, "start"),
        ({"start": "2026-11-23", "sensitivity": "secret"}, "Invalid enum value 'secret'"),
        ([], "Expected `object`, got `array`"),
    ],
)
async def test_what_makes_no_sense_is_said_so(body: Any, words: str) -> None:
    async with asking() as graph:
        answer = await graph.control("POST", EVENTS, body, status=400)
        await graph.control("PATCH", f"{EVENTS}/none", {"subject": "x"}, status=400)
        async with graph.http.post(f"/control{EVENTS}", data=b"{") as broken:
            assert broken.status == 400
        nowhere = {"start": {"dateTime": "2026-11-23T09:00", "timeZone": "Nowhere"}}
        await graph.control("POST", EVENTS, nowhere, status=404)
    assert words in answer["error"]


async def test_faults_are_set_listed_and_cleared() -> None:
    async with asking() as graph:
        fault = {"kind": "status", "status": 429, "retry_after": 7, "times": 2}
        first = await graph.control("POST", "/faults", fault)
        assert (first["left"], first["fault"]["kind"]) == (2, "status")
        second = await graph.control("POST", "/faults", {"kind": "empty", "mailbox": KESTREL})
        assert (await graph.view()).status == 429
        listed = (await graph.control("GET", "/faults"))["faults"]
        assert [one["left"] for one in listed] == [1, None]
        await graph.control("DELETE", f"/faults/{second['id']}")
        await graph.control("DELETE", f"/faults/{second['id']}", status=404)
        assert (await graph.control("DELETE", "/faults")) == {"faults": []}
        assert (await graph.view()).status == 200
        wrong = await graph.control("POST", "/faults", {"kind": "slow"}, status=400)
        await graph.control("POST", "/faults", {"kind": "gremlins"}, status=400)
    assert "seconds" in wrong["error"]


async def test_requests_are_listed_and_counted_but_not_those_of_control() -> None:
    async with asking() as graph:
        graph.tenant.add_mailbox("merlin@example.com")
        await graph.view()
        await graph.get("/v1.0/users/merlin@example.com/calendarView", **DAY)
        listed = (await graph.control("GET", f"/requests?mailbox={KESTREL}"))["requests"]
        assert [one["mailbox"] for one in listed] == [KESTREL]
        counted = await graph.control("GET", "/counters")
        assert (counted["requests"], counted["by_status"]) == (2, {"200": 2})
        assert (await graph.control("DELETE", "/requests"))["requests"] == 0
        assert (await graph.control("GET", "/requests")) == {"requests": []}


async def test_an_application_is_given_another_secret_and_scope() -> None:
    async with asking() as graph:
        client_id = graph.tenant.apps.popitem()[0]
        new = {"client_id": client_id, "secret": "new", "scope": ["merlin@example.com"]}
        made = await graph.control("POST", "/apps", new)
        assert made == {"client_id": client_id, "scope": ["merlin@example.com"]}
        assert (await graph.log_in()).status == 401
        assert (await graph.log_in(client_secret="new")).status == 200
        assert (await graph.view()).code == "ErrorAccessDenied"
        bad = {"client_id": client_id, "certificate": "not PEM"}
        await graph.control("POST", "/apps", bad, status=400)


async def test_tokens_are_revoked() -> None:
    async with asking() as graph:
        assert await graph.control("DELETE", "/tokens?client_id=other") == {"revoked": 0}
        assert (await graph.view()).status == 200
        assert await graph.control("DELETE", "/tokens") == {"revoked": 1}
        assert (await graph.view()).status == 401


async def test_the_clock_is_set() -> None:
    async with asking() as graph:
        ahead = await graph.control("PUT", "/clock", {"offset_seconds": 7200})
        assert ahead == {"now": "2026-11-23T14:00:00Z", "offset_seconds": 7200}
        assert (await graph.view()).status == 401  # the token of noon has expired
        await graph.control("PUT", "/clock", {"now": "2026-11-23T12:00:30Z"})
        assert graph.tenant.now().second == 30
        assert (await graph.control("GET", "/clock"))["offset_seconds"] == 30
        await graph.control("PUT", "/clock", {})
        assert graph.tenant.now() == NOON


def test_the_guide_names_every_path_fault_and_oddity() -> None:
    guide = GUIDE.read_text()
    for part in (mailboxes, conditions, people, places, subscriptions):
        for route in part.routes():
            assert f"`{route.method} {route.path}`" in guide
    for fault in AnyFault.__args__:
        assert f"| `{fault.__struct_config__.tag}` |" in guide
        for setting in set(fault.__struct_fields__) - {"mailbox", "times", "at"}:
            assert f"`{setting}`" in guide
    for oddity in ODDITIES:
        assert f"`{oddity}`" in guide
