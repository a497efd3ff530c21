"""Graph's face: windows of a calendar, single events, and what it refuses."""

import asyncio
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from connector.simulators.graph import CLIENT_ID, Meeting, Online, Recurrence
from rooms.model import Person

from .graph_tenant import DAY, KESTREL, NOON, VIEW, Caller, asking, meeting

LINK = '<p>Join: <a href="https://example.zoom.us/j/81234567890">Zoom</a></p>'


async def one_event(graph: Caller, prefer: str = "", **options: str) -> Any:
    """The only event of the day."""
    answer = await graph.view(prefer, **options)
    assert answer.status == 200, answer.body
    (event,) = answer.json["value"]
    return event


async def test_an_answer_looks_like_graphs() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        answer = await graph.view()
    assert answer.headers["Content-Type"] == (
        "application/json;odata.metadata=minimal;odata.streaming=true;"
        "IEEE754Compatible=false;charset=utf-8"
    )
    assert answer.headers["Date"] == "Mon, 23 Nov 2026 12:00:00 GMT"
    assert answer.headers["client-request-id"] == answer.headers["request-id"]
    assert list(answer.json) == ["@odata.context", "value"]
    assert f"/v1.0/$metadata#users('{graph.kestrel.id}')/" in answer.json["@odata.context"]


async def test_a_request_may_bring_an_id_of_its_own() -> None:
    async with asking() as graph:
        headers = {"Authorization": f"Bearer {graph.token}", "client-request-id": "mine"}
        answer = await graph.ask("GET", VIEW, headers=headers)
    assert answer.headers["client-request-id"] == "mine" != answer.headers["request-id"]
    inner = answer.json["error"]["innerError"]
    assert inner["client-request-id"] == "mine"
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["date"] == "2026-11-23T12:00:00"


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/users/KESTREL@example.com/calendarView",
        "/v1.0/users/kestrel%40example.com/calendar/calendarView",
        "/v1.0/users/{id}/calendarview",
    ],
)
async def test_a_calendar_has_several_paths(path: str) -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        answer = await graph.get(path.format(id=graph.kestrel.id), **DAY)
    assert answer.subjects == ["Review"]


async def test_times_are_in_utc_with_seven_digits() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting(time_zone="Pacific Standard Time"))
        event = await one_event(graph)
    assert event["start"] == {"dateTime": "2026-11-23T13:00:00.0000000", "timeZone": "UTC"}
    assert event["end"] == {"dateTime": "2026-11-23T13:30:00.0000000", "timeZone": "UTC"}
    assert event["originalStartTimeZone"] == "Pacific Standard Time"
    assert event["createdDateTime"] == "2026-11-23T12:00:00.0000000Z"


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("Tokyo Standard Time", 22), ("Asia/Tokyo", 22), ("Europe/Kyiv (Kiev)", 15), ("UTC", 13)],
)
async def test_times_come_in_the_zone_that_was_asked_for(zone: str, hour: int) -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        answer = await graph.view(f'outlook.timezone="{zone}"')
    (event,) = answer.json["value"]
    wanted = {"dateTime": f"2026-11-23T{hour}:00:00.0000000", "timeZone": zone}
    assert event["start"] == wanted
    assert answer.headers["Preference-Applied"] == f'outlook.timezone="{zone}"'


async def test_whole_days_begin_at_midnight_in_every_zone() -> None:
    async with asking() as graph:
        graph.kestrel.add(Meeting(start=date(2026, 11, 23), end=date(2026, 11, 24)))
        event = await one_event(graph, 'outlook.timezone="Tokyo Standard Time"')
    assert event["isAllDay"] is True
    assert event["start"]["dateTime"] == "2026-11-23T00:00:00.0000000"
    assert event["end"]["dateTime"] == "2026-11-24T00:00:00.0000000"


async def test_a_body_comes_as_html_or_as_text() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting(body=LINK))
        html = await one_event(graph)
        answer = await graph.view('outlook.body-content-type="text"')
    assert html["body"]["contentType"] == "html"
    assert LINK in html["body"]["content"]
    assert html["body"]["content"].startswith("<html>")
    assert html["bodyPreview"] == "Join: Zoom"
    (text,) = answer.json["value"]
    join = "Join: Zoom<https://example.zoom.us/j/81234567890>"
    assert text["body"] == {"contentType": "text", "content": join}
    assert answer.headers["Preference-Applied"] == 'outlook.body-content-type="text"'


async def test_several_preferences_are_confirmed_together() -> None:
    async with asking() as graph:
        event = graph.kestrel.add(meeting())
        prefer = (
            'outlook.timezone="UTC", outlook.body-content-type="html", IdType="ImmutableId", '
            "odata.maxpagesize=5"
        )
        answer = await graph.view(prefer)
    assert answer.headers["Preference-Applied"] == prefer
    (found,) = answer.json["value"]
    assert found["id"] == event.immutable_id


async def test_a_private_pending_meeting_in_another_place() -> None:
    async with asking() as graph:
        graph.kestrel.add(
            meeting(
                sensitivity="private",
                response="tentativelyAccepted",
                locations=("Kestrel", "Example HQ"),
                organizer=Person(name="Grace", address="grace@example.org"),
                online=Online(join_url="https://teams.microsoft.com/l/meetup-join/x"),
            )
        )
        event = await one_event(graph)
    assert (event["sensitivity"], event["showAs"]) == ("private", "tentative")
    assert event["responseStatus"]["response"] == "tentativelyAccepted"
    assert event["location"]["displayName"] == "Kestrel; Example HQ"
    assert [place["locationType"] for place in event["locations"]] == ["conferenceRoom", "default"]
    assert event["organizer"]["emailAddress"]["address"] == "grace@example.org"
    assert event["isOnlineMeeting"] is True
    assert event["onlineMeetingProvider"] == "teamsForBusiness"
    assert event["onlineMeeting"] == {"joinUrl": "https://teams.microsoft.com/l/meetup-join/x"}
    assert event["isOrganizer"] is False


async def test_what_the_room_booked_itself() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting(organizer=Person(name="Kestrel", address="Kestrel@example.com")))
        event = await one_event(graph)
    assert event["isOrganizer"] is True
    assert event["responseStatus"]["response"] == "organizer"
    assert event["showAs"] == "busy"


async def test_anything_can_be_put_into_an_event() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting(raw={"showAs": "dreaming", "subject": None}))
        event = await one_event(graph)
    assert (event["showAs"], event["subject"]) == ("dreaming", None)


async def test_cancelled_meetings_stay() -> None:
    async with asking() as graph:
        graph.kestrel.cancel(graph.kestrel.add(meeting()).id)
        event = await one_event(graph)
    assert (event["isCancelled"], event["subject"]) == (True, "Canceled: Review")
    assert event["showAs"] == "free"


async def test_a_series_is_expanded_into_occurrences_and_exceptions() -> None:
    async with asking() as graph:
        kestrel = graph.kestrel
        daily = Recurrence(type="daily", count=3)
        series = kestrel.add(meeting("Daily", hour=9, recurrence=daily))
        tuesday = kestrel.on(series.id, date(2026, 11, 24))
        kestrel.move(tuesday.id, tuesday.start + timedelta(hours=2))
        week = {"startDateTime": "2026-11-23", "endDateTime": "2026-11-30"}
        answer = await graph.get(VIEW, **week)
        listed = await graph.get(f"/v1.0/users/{KESTREL}/events")
        path = f"/v1.0/users/{KESTREL}/events/{series.id}/instances"
        instances = await graph.get(path, **week)
    events = sorted(answer.json["value"], key=lambda event: str(event["originalStart"]))
    assert [event["type"] for event in events] == ["occurrence", "exception", "occurrence"]
    assert {event["seriesMasterId"] for event in events} == {series.id}
    assert events[1]["originalStart"] == "2026-11-24T09:00:00.0000000Z"
    assert events[1]["start"]["dateTime"] == "2026-11-24T11:00:00.0000000"
    assert all(event["recurrence"] is None for event in events)
    (master,) = listed.json["value"]
    assert (master["type"], master["seriesMasterId"]) == ("seriesMaster", None)
    assert master["recurrence"]["pattern"]["type"] == "daily"
    assert master["recurrence"]["range"]["type"] == "numbered"
    assert master["recurrence"]["range"]["startDate"] == "2026-11-23"
    assert len(instances.json["value"]) == 3


async def test_single_meetings_come_before_occurrences_unless_order_is_asked_for() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting("b", hour=9, recurrence=Recurrence(type="daily")))
        graph.kestrel.add(meeting("c", hour=11))
        graph.kestrel.add(meeting("a", hour=10))
        assert (await graph.view()).subjects == ["a", "c", "b"]
        assert (await graph.view(dollar_orderby="Start/DateTime")).subjects == ["b", "a", "c"]
        assert (await graph.view(dollar_orderby="end/dateTime desc")).subjects == ["c", "a", "b"]
        assert (await graph.view(dollar_orderby="subject asc")).subjects == ["a", "b", "c"]


async def test_pages_have_ten_events_and_lead_to_the_next() -> None:
    async with asking() as graph:
        for number in range(23):
            graph.kestrel.add(meeting(str(number), hour=number / 2, minutes=15))
        answer = await graph.view(dollar_orderby="start/dateTime", dollar_count="true")
        pages, links = [answer.subjects], []
        while link := answer.json.get("@odata.nextLink"):
            links.append(link)
            answer = await graph.follow(link)
            assert answer.json["@odata.count"] == 23
            pages.append(answer.subjects)
    assert [len(page) for page in pages] == [10, 10, 3]
    assert [int(subject) for page in pages for subject in page] == list(range(23))
    assert links[0].endswith("&$orderby=start%2FdateTime&$count=true&$skip=10")
    assert links[1].endswith("&$skip=20")


def bearer(graph: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {graph.token}"}


@pytest.mark.parametrize(
    ("top", "prefer", "expected"),
    [
        ("3", "", 3),
        ("5000", "", 12),
        ("", "odata.maxpagesize=4", 4),
        ("3", "odata.maxpagesize=4", 3),
        ("5", "odata.maxpagesize=4", 4),
        ("", "odata.maxpagesize=many", 10),
    ],
)
async def test_the_size_of_a_page_can_be_asked_for(top: str, prefer: str, expected: int) -> None:
    async with asking() as graph:
        for _ in range(12):
            graph.kestrel.add(meeting())
        more = {"dollar_top": top} if top else {}
        answer = await graph.view(prefer, **more)
    assert len(answer.json["value"]) == expected
    assert ("@odata.nextLink" in answer.json) == (expected < 12)


async def test_properties_can_be_selected_but_two() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting())
        answer = await graph.view(dollar_select="subject,Start, createdDateTime")
    assert list(answer.json["value"][0]) == ["@odata.etag", "id", "subject", "start"]
    assert answer.json["@odata.context"].endswith("calendarView(subject,Start,createdDateTime)")


async def test_a_window_without_an_offset_is_in_utc() -> None:
    async with asking() as graph:
        graph.kestrel.add(meeting(hour=13))
        hour = {"startDateTime": "2026-11-23T13:00:00.0000000", "endDateTime": "2026-11-23T13:01"}
        assert (await graph.get(VIEW, **hour)).subjects == ["Review"]
        early = {
            "startDateTime": "2026-11-23T14:00:00+01:00",
            "endDateTime": "2026-11-23T14:01:00+01:00",
        }
        tokyo = 'outlook.timezone="Tokyo Standard Time"'
        assert (await graph.get(VIEW, tokyo, **early)).subjects == ["Review"]


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"startDateTime": "2026-11-23"}, 400, "ErrorInvalidParameter"),
        (DAY | {"startDateTime": "today"}, 400, "ErrorInvalidParameter"),
        (DAY | {"startDateTime": "2026-11-23T00:00:00 01:00"}, 400, "ErrorInvalidParameter"),
        (DAY | {"startDateTime": "2026-11-25"}, 400, "ErrorInvalidParameter"),
        (DAY | {"startDateTime": "2000-01-01"}, 400, "ErrorInvalidRequest"),
        (DAY | {"$top": "0"}, 400, "RequestBroker--ParseUri"),
        (DAY | {"$skip": "-1"}, 400, "RequestBroker--ParseUri"),
        (DAY | {"$orderby": "colour"}, 400, "RequestBroker--ParseUri"),
        (DAY | {"$select": "subject,colour"}, 400, "RequestBroker--ParseUri"),
        (DAY | {"$filter": "isCancelled eq false"}, 501, "NotImplemented"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    options: dict[str, str], status: int, code: str
) -> None:
    async with asking() as graph:
        answer = await graph.get(VIEW, **options)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"


async def test_a_zone_that_exchange_does_not_know_is_refused() -> None:
    async with asking() as graph:
        answer = await graph.view('outlook.timezone="tzone://Microsoft/Custom"')
    assert (answer.status, answer.code) == (400, "TimeZoneNotSupportedException")


async def test_one_event_by_either_id() -> None:
    async with asking() as graph:
        event = graph.kestrel.add(meeting())
        path = f"/v1.0/users/{KESTREL}/events"
        for event_id in (event.id, event.immutable_id):
            answer = await graph.get(f"{path}/{event_id}", dollar_select="subject")
            assert answer.json["subject"] == "Review"
            assert answer.json["@odata.context"].endswith("/events(subject)/$entity")
        graph.kestrel.delete(event.id)
        gone = await graph.get(f"{path}/{event.id}")
        malformed = await graph.get(f"/v1.0/users/{KESTREL}/calendar/events/none")
    assert (gone.status, gone.code) == (404, "ErrorItemNotFound")
    assert (malformed.status, malformed.code) == (400, "ErrorInvalidIdMalformed")


@pytest.mark.parametrize(
    ("mailbox", "status", "code"),
    [
        ("nobody@example.com", 404, "ErrorInvalidUser"),
        ("11111111-2222-4333-8444-555555555555", 404, "ResourceNotFound"),
        ("asleep@example.com", 404, "MailboxNotEnabledForRESTAPI"),
        ("boss@example.com", 403, "ErrorAccessDenied"),
    ],
)
async def test_mailboxes_that_cannot_be_read(mailbox: str, status: int, code: str) -> None:
    async with asking() as graph:
        graph.tenant.add_mailbox("asleep@example.com", rest_enabled=False)
        graph.tenant.add_mailbox("boss@example.com")
        graph.tenant.register_app(secret="right", scope=[KESTREL, "asleep@example.com"])
        answer = await graph.get(f"/v1.0/users/{mailbox}/calendarView", **DAY)
        allowed = await graph.view()
    assert (answer.status, answer.code) == (status, code)
    assert allowed.status == 200


async def test_tokens_are_asked_for_expire_and_can_be_revoked() -> None:
    async with asking() as graph:
        anonymous = await graph.ask("GET", VIEW, params=DAY)
        stranger = await graph.ask(
            "GET", VIEW, params=DAY, headers={"Authorization": "Bearer x.y.z"}
        )
        assert (await graph.view()).status == 200
        graph.clock.move(seconds=3599)
        expired = await graph.view()
        graph.token = graph.tenant.issue_token(CLIENT_ID)
        graph.tenant.revoke_tokens()
        revoked = await graph.view()
    for answer in (anonymous, stranger, expired, revoked):
        assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="", authorization_uri=')
    assert "expired" in expired.json["error"]["message"]


async def test_the_fifth_request_at_once_on_a_mailbox_is_throttled() -> None:
    async with asking() as graph:
        graph.tenant.add_mailbox("merlin@example.com")
        await graph.control("POST", "/faults", {"kind": "slow", "seconds": 5})
        graph.clock.go.clear()
        waiting = [asyncio.create_task(graph.view()) for _ in range(4)]
        for _ in waiting:
            await graph.clock.asleep.acquire()
        fifth = await graph.view()
        await graph.control("DELETE", "/faults")
        other = await graph.get("/v1.0/users/merlin@example.com/calendarView", **DAY)
        graph.clock.go.set()
        answers = [await one for one in waiting]
        again = await graph.view()
    assert (fifth.status, fifth.code) == (429, "ApplicationThrottled")
    assert fifth.headers["Retry-After"] == "10"
    assert [answer.status for answer in (*answers, other, again)] == [200] * 6


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1.0/users/x/mailFolders", 400, "BadRequest"),
        ("GET", "/v1.0/me", 400, "BadRequest"),
        ("PUT", f"/v1.0/users/{KESTREL}/events", 405, "Request_BadRequest"),
    ],
)
async def test_other_parts_of_graph_are_not_there(
    method: str, path: str, status: int, code: str
) -> None:
    async with asking() as graph:
        answer = await graph.ask(method, path, headers=bearer(graph))
    assert (answer.status, answer.code) == (status, code)


async def test_the_journal_remembers_who_asked_for_what_and_no_token() -> None:
    async with asking() as graph:
        await graph.view('IdType="ImmutableId"', dollar_top="5")
        await graph.log_in()
        view, token = graph.tenant.journal.requests()
        counts = graph.tenant.journal.counts
    assert (view.method, view.path, view.mailbox, view.status) == ("GET", VIEW, KESTREL, 200)
    assert (view.peer, view.prefer, view.time) == ("127.0.0.1", 'IdType="ImmutableId"', NOON)
    assert "$top=5" in view.query.replace("%24", "$")
    assert (token.method, token.status, token.mailbox) == ("POST", 200, "")
    assert counts.by_status == {"200": 2}
    assert counts.by_mailbox == {KESTREL: 1}
    assert (counts.requests, counts.tokens) == (2, 1)
    assert graph.token not in msgspec.json.encode(view).decode()
