"""Calendars of the simulated workspace: lists, sync, changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connector.simulators.google import ACCOUNT, Fault
from tests.connector.simulators.google_workspace import EVENTS, calling
from tests.fakes.virtual import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = {"timeMin": "2026-11-23T00:00:00Z", "timeMax": "2026-11-30T00:00:00Z"}


async def test_a_page_is_as_long_as_asked_and_leads_on() -> None:
    async with calling() as caller:
        for number in range(7):
            caller.kestrel.add(f"{number}", NOON, NOON + HOUR)
        first = await caller.get(maxResults="3")
        assert len(first["items"]) == 3
        assert "nextSyncToken" not in first
        second = await caller.get(maxResults="3", pageToken=first["nextPageToken"])
        third = await caller.get(maxResults="3", pageToken=second["nextPageToken"])
        assert [len(second["items"]), len(third["items"])] == [3, 1]
        assert "nextPageToken" not in third
        assert third["nextSyncToken"]


async def test_pages_have_two_hundred_and_fifty_items_by_themselves() -> None:
    async with calling() as caller:
        for number in range(251):
            caller.kestrel.add(f"{number}", NOON, NOON + HOUR)
        assert len((await caller.get())["items"]) == 250
        assert len((await caller.get(maxResults="9999"))["items"]) == 251


async def test_only_what_changed_comes_after_a_sync() -> None:
    async with calling() as caller:
        meeting = caller.kestrel.add("One", NOON, NOON + HOUR)
        series = caller.kestrel.add("Daily", NOON, NOON + HOUR, repeat="FREQ=DAILY;COUNT=5")
        token = await caller.sync()
        nothing = await caller.get(syncToken=token)
        assert nothing["items"] == []
        assert nothing["nextSyncToken"] == token
        caller.kestrel.delete(meeting)
        one = caller.kestrel.occurrence(series, 2).id
        caller.kestrel.delete(one)
        told = await caller.get(syncToken=token)
        deleted, exception = told["items"]
        assert (deleted["id"], deleted["status"]) == (meeting, "cancelled")
        assert "start" not in deleted
        assert exception["recurringEventId"] == series
        assert exception["originalStartTime"]["dateTime"].startswith("2026-11-25T12:00:00")
        assert "start" not in exception
        assert (await caller.get(syncToken=told["nextSyncToken"]))["items"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"timeMin": "2026-11-23T00:00:00Z"},
        {"timeMax": "2026-11-23T00:00:00Z"},
        {"orderBy": "updated"},
        {"iCalUID": "x"},
        {"showDeleted": "false"},
        {"singleEvents": "true"},
        {"maxResults": "7"},
        {"timeZone": "Asia/Tokyo"},
    ],
)
async def test_a_sync_token_goes_with_no_other_question(more: dict[str, str]) -> None:
    async with calling() as caller:
        token = await caller.sync()
        assert await caller.refused(params={"syncToken": token, **more}) == (400, "badRequest")


async def test_a_page_goes_with_no_other_question() -> None:
    async with calling() as caller:
        for number in range(3):
            caller.kestrel.add(f"{number}", NOON, NOON + HOUR)
        token = (await caller.get(maxResults="1"))["nextPageToken"]
        asked = {"pageToken": token, "maxResults": "1", "singleEvents": "true"}
        assert await caller.refused(params=asked) == (400, "badRequest")
        assert await caller.refused(params={"pageToken": "x"}) == (400, "invalid")


async def test_a_sync_token_may_be_too_old() -> None:
    async with calling() as caller:
        token = await caller.sync(timeMin="2026-11-01T00:00:00Z")
        await caller.get(syncToken=token)
        caller.kestrel.expire_sync_tokens()
        assert await caller.refused(params={"syncToken": token}) == (410, "fullSyncRequired")
        await caller.get(syncToken=await caller.sync())


async def test_a_list_in_order_of_time_has_no_sync_token() -> None:
    async with calling() as caller:
        caller.kestrel.add("Late", NOON + HOUR, NOON + 2 * HOUR)
        caller.kestrel.add("Early", NOON, NOON + HOUR)
        told = await caller.get(singleEvents="true", orderBy="startTime")
        assert [one["summary"] for one in told["items"]] == ["Early", "Late"]
        assert "nextSyncToken" not in told
        assert await caller.refused(params={"orderBy": "startTime"}) == (400, "badRequest")


async def test_series_come_as_such_or_expanded() -> None:
    async with calling() as caller:
        series = caller.kestrel.add("Daily", NOON, NOON + HOUR, repeat="FREQ=DAILY;COUNT=9")
        one = caller.kestrel.occurrence(series, 1).id
        caller.kestrel.edit(one, start=NOON + DAY + 2 * HOUR)
        gone = caller.kestrel.occurrence(series, 2).id
        caller.kestrel.delete(gone)
        masters = {item["id"]: item for item in (await caller.get(**WEEK))["items"]}
        assert masters.keys() == {series, one, gone}
        assert masters[series]["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=9"]
        assert masters[gone]["status"] == "cancelled"
        single = {i["id"]: i for i in (await caller.get(singleEvents="true", **WEEK))["items"]}
        assert len(single) == 6
        assert gone not in single
        assert f"{series}_20261123T120000Z" in single
        assert single[one]["start"]["dateTime"] == "2026-11-24T14:00:00Z"
        assert single[one]["originalStartTime"]["dateTime"] == "2026-11-24T12:00:00Z"
        deleted = await caller.get(singleEvents="true", showDeleted="true", **WEEK)
        assert gone in {item["id"] for item in deleted["items"]}
        path = f"{EVENTS}/{series}/instances"
        assert len((await caller.get(path, **WEEK))["items"]) == 6


async def test_a_series_keeps_its_time_of_day() -> None:
    async with calling() as caller:
        start = datetime(2026, 10, 24, 8, tzinfo=UTC)
        caller.kestrel.add("Daily", start, start + HOUR, repeat="FREQ=DAILY;COUNT=2")
        told = await caller.get(singleEvents="true", timeZone="UTC")
        starts = [one["start"]["dateTime"] for one in told["items"]]
        assert starts == ["2026-10-24T08:00:00Z", "2026-10-25T09:00:00Z"]


async def test_whole_days_are_dates() -> None:
    async with calling() as caller:
        caller.kestrel.add("Fair", date(2026, 11, 24), date(2026, 11, 26))
        (item,) = (await caller.get(timeZone="Asia/Tokyo"))["items"]
        assert (item["start"], item["end"]) == ({"date": "2026-11-24"}, {"date": "2026-11-26"})


async def test_only_the_fields_that_are_asked_for_come() -> None:
    async with calling() as caller:
        caller.kestrel.add("Call", NOON, NOON + HOUR)
        told = await caller.get(fields="items(id,start/dateTime,organizer(email)),nextSyncToken")
        assert told.keys() == {"items", "nextSyncToken"}
        (item,) = told["items"]
        assert item.keys() == {"id", "start", "organizer"}
        assert item["start"].keys() == {"dateTime"}
        assert (await caller.refused(params={"fields": "items(id"}))[0] == 400
        assert (await caller.refused(params={"fields": "items)"}))[0] == 400


@pytest.mark.parametrize(
    "query",
    [
        {"timeMin": "yesterday"},
        {"timeMin": "2026-11-23T00:00:00"},
        {"maxResults": "0"},
        {"singleEvents": "perhaps"},
        {"timeZone": "Nowhere"},
    ],
)
async def test_questions_that_make_no_sense_are_refused(query: dict[str, str]) -> None:
    async with calling() as caller:
        assert (await caller.refused(params=query))[0] == 400


async def test_what_is_not_shared_is_not_there() -> None:
    async with calling() as caller:
        assert await caller.refused(EVENTS.replace("kestrel", "nobody")) == (404, "notFound")
        caller.kestrel.share(ACCOUNT, None)
        assert await caller.refused() == (404, "notFound")
        caller.kestrel.share(ACCOUNT, "freeBusyReader")
        assert await caller.refused() == (403, "requiredAccessLevel")
        caller.kestrel.share(ACCOUNT, "reader")
        await caller.get()
        assert await caller.refused(method="POST", json={}) == (403, "requiredAccessLevel")
        caller.workspace.enabled = False
        assert await caller.refused() == (403, "accessNotConfigured")


async def test_readers_see_no_words_of_private_meetings() -> None:
    async with calling() as caller:
        caller.kestrel.add("Salaries", NOON, NOON + HOUR, visibility="private")
        (item,) = (await caller.get())["items"]
        assert item["summary"] == "Salaries"
        caller.kestrel.share(ACCOUNT, "reader")
        (item,) = (await caller.get())["items"]
        assert "summary" not in item
        assert item["visibility"] == "private"


TIMES = {
    "start": {"dateTime": "2026-11-23T13:00:00", "timeZone": "Europe/London"},
    "end": {"dateTime": "2026-11-23T14:00:00Z"},
}


async def test_an_event_is_made_changed_and_removed() -> None:
    async with calling() as caller:
        body = {"id": "abc123", "summary": "New", **TIMES}
        status, made = await caller.ask("POST", EVENTS, json=body)
        assert (status, made["organizer"]["self"]) == (200, True)
        assert await caller.refused(method="POST", json=body) == (409, "duplicate")
        path = f"{EVENTS}/abc123"
        status, changed = await caller.ask("PATCH", path, json={"summary": "Other"})
        assert (status, changed["summary"]) == (200, "Other")
        assert await caller.get(path) == changed
        empty = {"end": TIMES["start"]}
        assert await caller.refused(path, "PATCH", json=empty) == (400, "timeRangeEmpty")
        assert await caller.ask("DELETE", path) == (204, None)
        assert await caller.refused(path, "DELETE") == (410, "deleted")
        assert await caller.refused(f"{EVENTS}/zzz", "DELETE") == (404, "notFound")


async def test_a_version_that_is_none_any_more_is_not_changed() -> None:
    async with calling() as caller:
        _, made = await caller.ask("POST", EVENTS, json={"id": "abc123", "summary": "New", **TIMES})
        path, stale = f"{EVENTS}/abc123", {"If-Match": made["etag"]}
        status, changed = await caller.ask("PATCH", path, json={"summary": "A"}, headers=stale)
        assert (status, changed["summary"]) == (200, "A")
        assert changed["etag"] != made["etag"]
        refused = (412, "conditionNotMet")
        assert await caller.refused(path, "PATCH", json={"summary": "B"}, headers=stale) == refused
        assert await caller.refused(path, "DELETE", headers=stale) == refused
        assert await caller.get(path) == changed
        now = {"If-Match": changed["etag"]}
        assert await caller.ask("DELETE", path, headers=now) == (204, None)
        assert await caller.refused(path, "DELETE", headers=now) == (410, "deleted")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "required"),
        ({**TIMES, "id": "No!"}, "invalid"),
        ({**TIMES, "recurrence": ["RRULE:FREQ=SECONDLY"]}, "invalid"),
        ({**TIMES, "recurrence": ["EXDATE:20261123"]}, "invalid"),
        ({**TIMES, "end": {"date": "2026-11-24"}}, "invalid"),
        ({**TIMES, "start": {"dateTime": "noon"}}, "required"),
        ({**TIMES, "attendees": [{"email": "a@example.com"}]}, "forbiddenForServiceAccounts"),
    ],
)
async def test_events_that_make_no_sense_are_not_made(body: Any, reason: str) -> None:
    async with calling() as caller:
        assert (await caller.refused(method="POST", json=body))[1] == reason


async def test_a_copy_takes_the_rooms_answer_only() -> None:
    async with calling() as caller:
        meeting = caller.kestrel.add("Theirs", NOON, NOON + HOUR)
        path = f"{EVENTS}/{meeting}"
        body: Any = {"summary": "Ours"}
        assert await caller.refused(path, "PATCH", json=body) == (403, "forbiddenForNonOrganizer")
        me = {"email": "kestrel@example.com", "responseStatus": "declined"}
        body = {"attendeesOmitted": True, "attendees": [me]}
        _, told = await caller.ask("PATCH", path, json=body)
        assert [one["responseStatus"] for one in told["attendees"]] == ["accepted", "declined"]


async def test_rules_of_googles_own_dialogue_are_understood() -> None:
    async with calling() as caller:
        for rule, starts in {
            "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3": ["23", "25", "30"],
            "FREQ=MONTHLY;BYDAY=4MO;COUNT=1": ["23"],
            "FREQ=MONTHLY;BYMONTHDAY=23;COUNT=1": ["23"],
            "FREQ=DAILY;INTERVAL=2;UNTIL=20261127T000000Z": ["23", "25", "27"],
            "FREQ=YEARLY;COUNT=1": ["23"],
        }.items():
            series = caller.kestrel.add("Series", NOON, NOON + HOUR, repeat=rule)
            told = await caller.get(f"{EVENTS}/{series}/instances", timeMax="2026-12-02T00:00:00Z")
            days = [one["start"]["dateTime"][8:10] for one in told["items"]]
            assert days == starts, rule


async def test_faults_strike_as_often_as_they_are_told() -> None:
    async with calling() as caller:
        caller.workspace.faults.add(Fault(kind="status", status=403, reason="x", times=2))
        for _ in range(2):
            assert await caller.refused() == (403, "x")
        await caller.get()
        caller.workspace.faults.add(Fault(kind="status", calendar="heron@example.com"))
        await caller.get()
        journal = caller.workspace.journal
        assert journal.by_status == {"200": 3, "403": 2}
        assert {one.calendar for one in journal.requests()} == {"", "kestrel@example.com"}
