"""The driver for Google Workspace, against the simulated one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from connector.checkup import Examined, Wanted
from connector.discovery import Discovers, FoundRoom
from connector.errors import Denied, Malformed
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.google import ACCOUNT, Fault, Workspace, app
from connector.source import CalendarSource
from connector.sources import google
from connector.sources.google import meaning, wire
from rooms.join import read
from rooms.join.invitation import invitation_of
from rooms.model import Response, Window
from tests.connector import google_site
from tests.connector.google_site import Kestrel, connected
from tests.connector.source_contract import HOUR, WINDOW, SourceContract
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock


@pytest.fixture
def workspace(clock: FixedClock) -> Workspace:
    return google_site.workspace(clock)


@pytest.fixture
def calendar(workspace: Workspace) -> Kestrel:
    return Kestrel(workspace)


@pytest.fixture
async def server(workspace: Workspace) -> AsyncIterator[TestServer]:
    running = TestServer(app(workspace))
    async with running:
        yield running


@pytest.fixture
async def source(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server, workspace) as opened:
        yield opened


class TestGoogle(SourceContract):
    """Everything that a source promises."""


async def only(source: CalendarSource) -> Any:
    (event,) = await source.fetch(room(), WINDOW)
    return event


def conference(*points: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"conferenceData": {"entryPoints": list(points), **more}}


ZOOM = {
    "entryPointType": "video",
    "uri": "https://zoom.us/j/91234567890?pwd=abc",
    "meetingCode": "91234567890",
    "passcode": "424242",
}
SIP = {"entryPointType": "sip", "uri": "sip:91234567890@zoomcrc.com", "passcode": "424242"}


@pytest.mark.fault("google_conference")
async def test_of_two_ways_in_the_one_by_sip_is_dialled(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, **conference(ZOOM, SIP))
    event = await only(source)
    assert event.online_url == ZOOM["uri"]
    assert event.locations[0].startswith(SIP["uri"])
    found = read(invitation_of(event)).details
    assert found is not None
    assert (found.provider, found.meeting_id) == ("zoom", "91234567890")
    assert found.sip_printed is not None
    assert found.sip_printed.endswith("@zoomcrc.com")
    assert found.passcode == "424242"


@pytest.mark.fault("google_conference")
async def test_an_online_meeting_that_is_still_being_made_is_no_way_in_yet(
    source: CalendarSource, calendar: Kestrel
) -> None:
    pending = {"createRequest": {"requestId": "1", "status": {"statusCode": "pending"}}}
    meeting = calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, conferenceData=pending)
    event = await only(source)
    assert (event.online_url, event.locations) == ("", ())
    calendar.calendar.edit(meeting, **conference(ZOOM))
    assert (await only(source)).online_url == ZOOM["uri"]


async def test_a_link_of_google_meet_is_the_online_meeting(
    source: CalendarSource, calendar: Kestrel
) -> None:
    link = "https://meet.google.com/abc-defg-hij"
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, hangoutLink=link)
    assert (await only(source)).online_url == link


async def test_numbers_to_ring_are_no_way_in_for_a_room(
    source: CalendarSource, calendar: Kestrel
) -> None:
    phone = {"entryPointType": "phone", "uri": "tel:+44-20-1234-5678", "pin": "1"}
    more = {"entryPointType": "more", "uri": "https://tel.meet/abc"}
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, **conference(phone, more))
    event = await only(source)
    assert (event.online_url, event.locations) == ("", ())


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        ("accepted", Response.ACCEPTED),
        ("needsAction", Response.TENTATIVE),
        ("tentative", Response.TENTATIVE),
        ("declined", Response.DECLINED),
        ("unheard-of", Response.TENTATIVE),
    ],
)
async def test_the_rooms_own_answer_counts(
    source: CalendarSource, calendar: Kestrel, answer: str, response: Response
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, response=answer)
    assert (await only(source)).response is response


async def test_the_rooms_answer_is_found_by_its_address_too(
    source: CalendarSource, calendar: Kestrel
) -> None:
    guests = [
        {"email": "grace@example.com", "responseStatus": "accepted"},
        {"email": "Kestrel@example.com", "responseStatus": "declined"},
    ]
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, attendees=guests, attendeesOmitted=True)
    assert (await only(source)).response is Response.DECLINED


@pytest.mark.parametrize(
    ("visibility", "private"),
    [("default", False), ("public", False), ("private", True), ("confidential", True)],
)
async def test_visibility_says_what_is_private(
    source: CalendarSource, calendar: Kestrel, visibility: str, private: bool
) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, visibility=visibility)
    assert (await only(source)).private is private


@pytest.mark.fault("event_private")
async def test_of_a_private_meeting_a_mere_reader_sees_no_words(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.calendar.share(ACCOUNT, "reader")
    calendar.add("Salaries", NOON + HOUR, NOON + 2 * HOUR, private=True, text="secret")
    event = await only(source)
    assert (event.private, event.subject, event.body) == (True, "", "")
    assert event.when == Window(start=NOON + HOUR, end=NOON + 2 * HOUR)


async def test_a_note_that_takes_no_time_does_not_take_the_room(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Fair", NOON + HOUR, NOON + 2 * HOUR, transparency="transparent")
    assert not (await only(source)).blocks


async def test_a_meeting_that_the_room_organised_is_its_own(
    source: CalendarSource, calendar: Kestrel
) -> None:
    calendar.add("Booked", NOON + HOUR, NOON + 2 * HOUR, organizer="kestrel@example.com")
    assert (await only(source)).own


async def test_a_description_with_markup_is_html(source: CalendarSource, calendar: Kestrel) -> None:
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, description="a < b and c > d")
    assert not (await only(source)).html
    calendar.calendar.delete(calendar.calendar.items()[0].id)
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, description='<a href="https://x">x</a>')
    assert (await only(source)).html


@pytest.mark.fault("google_cancelled_exception", "event_cancelled")
async def test_odd_items_do_not_spoil_the_others(
    source: CalendarSource, calendar: Kestrel, workspace: Workspace
) -> None:
    calendar.add("Good", NOON + HOUR, NOON + 2 * HOUR)
    workspace.faults.add(Fault(kind="odd_items"))
    events = await source.fetch(room(), WINDOW)
    told = {event.id: event for event in events}
    assert "Good" in {event.subject for event in events}
    for kind in ("cancelled_20261123T130000Z", "deleted", "place", "focus", "birthday"):
        assert f"odd{kind}" not in told
    assert told["oddmail"].subject == "From mail"
    assert told["oddguests"].response is Response.ACCEPTED
    assert told["oddtypes"].when is None
    assert told["oddtimes"].when is None
    for event in events:
        assert event.when is None or event.when.window(room().zone).start.tzinfo is not None


def item(**more: Any) -> wire.Item:
    usual = {
        "id": "s_20261123T130000Z",
        "recurringEventId": "s",
        "originalStartTime": {"dateTime": "2026-11-23T13:00:00Z"},
    }
    return msgspec.convert({**usual, **more}, wire.Item)


@pytest.mark.fault("google_cancelled_exception")
def test_a_cancelled_exception_takes_its_occurrence_away() -> None:
    times = {
        "start": {"dateTime": "2026-11-23T15:00:00Z"},
        "end": {"dateTime": "2026-11-23T16:00Z"},
    }
    gone, alive = item(status="cancelled"), item(status="confirmed", **times)
    other = item(
        id="s_2", originalStartTime={"dateTime": "2026-11-24T14:00:00+01:00"}, status="confirmed"
    )
    assert [one.id for one in meaning.events([alive, gone, other], "k@example.com")] == ["s_2"]
    assert len(meaning.events([alive, other], "k@example.com")) == 2


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda deeper: st.lists(deeper) | st.dictionaries(st.sampled_from(["id", "items", "start", "dateTime", "date", "conferenceData", "entryPoints", "attendees"]), deeper)))  # fmt: skip
def test_whatever_comes_is_a_page_or_malformed(told: Any) -> None:
    try:
        page = wire.page(msgspec.json.encode({"kind": wire.LIST, "items": [told]}))
    except Malformed:
        return
    meaning.events(page.items, "kestrel@example.com")


@pytest.mark.parametrize(
    "body", [b"{}", b'{"items": []}', b'{"kind": "calendar#event"}', b'{"kind": 7}', b"[]", b"7"]
)
def test_what_is_no_list_is_never_an_empty_calendar(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        wire.page(body)
    assert caught.value.reason == "wrong_shape"


async def test_pages_may_be_short_or_empty(
    source: CalendarSource, calendar: Kestrel, workspace: Workspace
) -> None:
    for number in range(7):
        calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR)
    workspace.page_limit = 2
    workspace.faults.add(Fault(kind="empty_page", times=1))
    assert len(await source.fetch(room(), WINDOW)) == 7


async def test_every_request_is_counted_by_what_it_is_for(
    source: CalendarSource, outside: Outside
) -> None:
    await source.fetch(room(), WINDOW)
    assert outside.meter.spent == {"sign_in": 1, "read": 1}


async def test_a_revoked_token_is_replaced(source: CalendarSource, workspace: Workspace) -> None:
    await source.fetch(room(), WINDOW)
    assert workspace.revoke_tokens() == 1
    assert await source.fetch(room(), WINDOW) == []


async def test_rooms_are_found_in_the_directory(
    outside: Outside, server: TestServer, workspace: Workspace
) -> None:
    workspace.buildings["hq"] = "Head office"
    for number in range(5):
        workspace.add_room(
            f"room-{number}@example.com",
            name=f"Room {number}",
            building="hq",
            floor="2",
            capacity=number,
            features=["Screen"],
        )
    car = workspace.resources["room-4@example.com"]
    workspace.resources[car.email] = replace(car, category="OTHER")
    workspace.admins.add(ACCOUNT)
    workspace.page_limit = 2
    async with connected(outside, server, workspace) as opened:
        assert isinstance(opened, Discovers)
        found = await opened.discover()
    assert len(found) == 4
    assert found[3] == FoundRoom(
        mailbox="room-3@example.com",
        name="Room 3",
        building="Head office",
        floor="2",
        capacity=3,
        features=("Screen",),
    )


async def test_who_may_not_read_the_directory_still_reads_calendars(
    source: CalendarSource,
) -> None:
    assert isinstance(source, Discovers)
    with pytest.raises(Denied) as caught:
        await source.discover()
    assert caught.value.reason == "access_denied"
    assert await source.fetch(room(), WINDOW) == []


async def test_an_account_that_acts_for_somebody_reads_what_they_may(
    outside: Outside, server: TestServer, workspace: Workspace, calendar: Kestrel
) -> None:
    reader = "rooms-reader@example.com"
    workspace.add_user(reader)
    calendar.calendar.share(ACCOUNT, None)
    calendar.calendar.share(reader)
    calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR)
    async with connected(outside, server, workspace, subject=reader) as opened:
        with pytest.raises(Denied) as caught:
            await opened.fetch(room(), WINDOW)
        assert caught.value.reason == "delegation_missing"
        workspace.accounts[ACCOUNT].delegated.add(google.READ)
        assert len(await opened.fetch(room(), WINDOW)) == 1


async def test_the_account_is_examined(
    source: CalendarSource, workspace: Workspace, calendar: Kestrel
) -> None:
    assert isinstance(source, Examined)
    workspace.add_room("boss@example.com")
    rooms = ["kestrel@example.com"]
    wanted = Wanted(canary="boss@example.com", mailboxes=rooms)
    assert await source.examine(wanted) == []
    over = await source.examine(Wanted(canary="kestrel@example.com", mailboxes=rooms))
    assert [remark.code for remark in over] == ["over_privileged"]
    changing = Wanted(mailboxes=rooms, writes=True)
    assert await source.examine(changing) == []
    calendar.calendar.share(ACCOUNT, "reader")
    assert await source.examine(wanted) == []
    (remark,) = await source.examine(changing)
    assert remark.code == "scope_missing"
    assert "Make changes" in remark.fix
    calendar.calendar.share(ACCOUNT, None)
    none = await source.examine(wanted)
    assert [remark.code for remark in none] == ["scope_missing"]
    workspace.accounts.clear()
    workspace.revoke_tokens()
    workspace.faults.add(Fault(kind="status", status=401, reason="authError"))
    async with asyncio.timeout(5):
        assert await source.examine(wanted)


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"service_account": None}, "service_account_file"),
        ({"service_account": Secret("{}")}, "service_account_file"),
        ({"service_account": Secret("no json")}, "service_account_file"),
        ({"subject": "rooms reader"}, "subject"),
        ({"customer": "a/b"}, "customer"),
        ({"calendar_url": "http://example.com"}, "calendar_url"),
        ({"token_url": "ftp://example.com"}, "token_url"),
        ({"directory_url": "http://[::1"}, "directory_url"),
    ],
)
def test_options_that_make_no_sense_are_told(
    workspace: Workspace, told: dict[str, Any], key: str
) -> None:
    secret = Secret(workspace.accounts[ACCOUNT].key_file(""))
    assert list(google.Options(service_account=secret).problems()) == []
    found = list(google.Options(**{"service_account": secret, **told}).problems())
    assert [name for name, _ in found] == [key]


def test_addresses_follow_from_their_beginnings() -> None:
    usual = google.Options()
    assert str(usual.calendar) == "https://www.googleapis.com/calendar/v3"
    assert str(usual.directory) == (
        "https://admin.googleapis.com/admin/directory/v1/customer/my_customer/resources"
    )
    assert str(usual.token) == "https://oauth2.googleapis.com/token"
    for text in ("http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/calendar/v3/"):
        based = google.Options(calendar_url=text)
        assert str(based.calendar) == "http://127.0.0.1:1/calendar/v3"
