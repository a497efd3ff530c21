"""What the simulated Exchange tells of a calendar."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.simulators.exchange import Online, Recurrence
from rooms.model import Person

from .exchange_server import CALENDAR, KESTREL, LIST, SERVICE, SPACES, Answer, asking, meeting
from .graph_tenant import NOON


async def test_a_window_has_series_expanded_and_in_order() -> None:
    async with asking() as caller:
        caller.kestrel.add(meeting("Late", hour=20))
        caller.kestrel.add(meeting("Daily", recurrence=Recurrence(type="daily", count=3)))
        answer = await caller.view()
        assert (answer.status, answer.code) == (200, "NoError")
        assert answer.subjects == ["Daily", "Late", "Daily", "Daily"]
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        folder = answer.root.find(".//m:RootFolder", SPACES)
        assert folder is not None
        assert folder.get("IncludesLastItemInRange") == "true"


async def test_an_empty_window_says_that_it_is_complete() -> None:
    async with asking() as caller:
        answer = await caller.view()
        folder = answer.root.find(".//m:RootFolder", SPACES)
        assert folder is not None
        assert folder.get("IncludesLastItemInRange") == "true"


async def test_a_window_tells_no_body_and_the_organizer_by_name_only() -> None:
    async with asking() as caller:
        caller.kestrel.add(meeting(body="<p>Secret</p>"))
        answer = await caller.view(shape="AllProperties")
        assert b"Secret" not in answer.body
        assert answer.texts("t:Organizer/t:Mailbox/t:Name") == ["Ada Lovelace"]
        assert answer.texts("t:Organizer/t:Mailbox/t:EmailAddress") == []
        assert answer.texts("t:Resources/t:Attendee/t:Mailbox/t:EmailAddress") == []


async def test_a_window_of_more_than_two_years_is_too_big() -> None:
    async with asking() as caller:
        assert (await caller.view(end="2028-11-23T00:00:00Z")).code == "NoError"
        answer = await caller.view(end="2028-11-23T00:00:01Z")
        assert answer.code == "ErrorCalendarViewRangeTooBig"


async def test_a_window_that_is_cut_off_says_so() -> None:
    async with asking() as caller:
        for hour in (9, 10, 11):
            caller.kestrel.add(meeting(str(hour), hour=hour))
        answer = await caller.view(most=2)
        assert answer.subjects == ["9", "10"]
        assert b'IncludesLastItemInRange="false"' in answer.body


async def test_an_item_tells_everything() -> None:
    async with asking() as caller:
        online = Online(join_url="https://example.com/join")
        event = caller.kestrel.add(
            meeting(body="<p>Hello</p>", online=online, sensitivity="private", response="accepted")
        )
        answer = await caller.get(event.id)
        assert answer.texts("t:Body") != []
        assert answer.texts("t:JoinOnlineMeetingUrl") == ["https://example.com/join"]
        assert answer.texts("t:Sensitivity") == ["Private"]
        assert answer.texts("t:MyResponseType") == ["Accept"]
        assert answer.texts("t:Organizer/t:Mailbox/t:EmailAddress") == ["ada@example.com"]
        assert answer.texts("t:Resources/t:Attendee/t:Mailbox/t:EmailAddress") == [KESTREL]
        assert answer.texts("t:UID")[0].startswith("040000008200E00074C5B7101A82E008")
        zone = answer.root.find(".//t:StartTimeZone", SPACES)
        assert zone is not None
        assert zone.get("Id") == "GMT Standard Time"


@pytest.mark.parametrize(("kind", "body"), [("Text", "Hello"), ("HTML", "<p>Hello</p>")])
async def test_a_body_comes_as_it_is_asked_for(kind: str, body: str) -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting(body="<p>Hello</p>"))
        answer = await caller.get(event.id, more=f"<t:BodyType>{kind}</t:BodyType>")
        assert body in answer.texts("t:Body")[0]


async def test_occurrences_share_a_uid_and_tell_their_original_start() -> None:
    async with asking() as caller:
        series = caller.kestrel.add(meeting("Daily", recurrence=Recurrence(type="daily", count=4)))
        moved = caller.kestrel.on(series.id, date(2026, 11, 24))
        caller.kestrel.move(moved.id, moved.start + timedelta(hours=2))
        caller.kestrel.delete(caller.kestrel.on(series.id, date(2026, 11, 25)).id)
        answer = await caller.get(*(await caller.view(shape="IdOnly")).ids())
        assert len(set(answer.texts("t:UID"))) == 1
        assert answer.texts("t:CalendarItemType") == ["Occurrence", "Exception", "Occurrence"]
        assert answer.texts("t:Start")[1] == "2026-11-24T15:00:00Z"
        assert answer.texts("t:OriginalStart")[1] == "2026-11-24T13:00:00Z"
        master = await caller.get(series.id)
        assert master.texts("t:ModifiedOccurrences/t:Occurrence/t:Start") == [
            "2026-11-24T15:00:00Z"
        ]
        assert master.texts("t:DeletedOccurrence/t:Start") == ["2026-11-25T13:00:00Z"]


async def test_a_whole_day_begins_at_midnight_where_the_room_is() -> None:
    async with asking() as caller:
        caller.exchange.add_mailbox("berlin@example.com", time_zone="Europe/Berlin").add(
            meeting().__class__(subject="Day", start=date(2026, 11, 24), end=date(2026, 11, 25))
        )
        caller.exchange.people.get(SERVICE).impersonates = None
        caller.impersonated = "berlin@example.com"
        answer = await caller.view()
        assert answer.texts("t:IsAllDayEvent") == ["true"]
        assert answer.texts("t:Start") == ["2026-11-23T23:00:00Z"]


async def test_only_what_is_asked_for_is_told() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting())
        paths = '<t:AdditionalProperties><t:FieldURI FieldURI="calendar:Start"/></t:AdditionalProperties>'
        answer = await caller.get(event.id, shape="IdOnly", more=paths)
        item = answer.root.find(".//t:CalendarItem", SPACES)
        assert item is not None
        assert [str(one.tag).partition("}")[2] for one in item] == ["ItemId", "Start"]


async def test_good_and_bad_ids_are_answered_one_by_one() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting())
        gone = caller.kestrel.add(meeting("Gone"))
        caller.kestrel.delete(gone.id)
        answer = await caller.get(event.id, gone.id, "AAMk!")
        assert answer.codes == ["NoError", "ErrorItemNotFound", "ErrorInvalidIdMalformed"]


async def test_synchronizing_tells_of_masters_only_and_of_each_change_once() -> None:
    async with asking() as caller:
        series = caller.kestrel.add(meeting("Daily", recurrence=Recurrence(type="daily", count=3)))
        other = caller.kestrel.add(meeting("Other"))
        first = await caller.sync()
        assert first.ids("t:Create/t:CalendarItem/t:ItemId") == [series.id, other.id]
        state = first.texts("m:SyncState")[0]
        caller.kestrel.move(caller.kestrel.on(series.id, date(2026, 11, 24)).id, NOON)
        caller.kestrel.delete(other.id)
        passing = caller.kestrel.add(meeting("Passing"))
        caller.kestrel.delete(passing.id)
        second = await caller.sync(state)
        assert second.ids("t:Update/t:CalendarItem/t:ItemId") == [series.id]
        assert second.ids("t:Delete/t:ItemId") == [other.id]
        assert second.ids("t:Create/t:CalendarItem/t:ItemId") == []
        third = await caller.sync(second.texts("m:SyncState")[0])
        assert third.ids() == []


async def test_synchronizing_goes_on_where_a_page_ended() -> None:
    async with asking() as caller:
        events = [caller.kestrel.add(meeting(str(n))) for n in range(5)]
        found: list[str] = []
        state, last = "", "false"
        while last == "false":
            answer = await caller.sync(state, most=2)
            found += answer.ids()
            state, last = (
                answer.texts("m:SyncState")[0],
                answer.texts("m:IncludesLastItemInRange")[0],
            )
        assert found == [event.id for event in events]


@pytest.mark.parametrize("state", ["H4sI", "nonsense!", "QUJD"])
async def test_a_state_that_was_never_given_is_refused(state: str) -> None:
    async with asking() as caller:
        assert (await caller.sync(state)).code == "ErrorInvalidSyncStateData"


async def test_a_room_with_an_attendant_gets_new_ids_for_moved_meetings() -> None:
    async with asking() as caller:
        caller.kestrel.attendant = True
        event = caller.kestrel.add(meeting())
        state = (await caller.sync()).texts("m:SyncState")[0]
        moved = caller.kestrel.move(event.id, event.start + timedelta(hours=1))
        answer = await caller.sync(state)
        assert answer.ids("t:Delete/t:ItemId") == [event.id]
        assert answer.ids("t:Create/t:CalendarItem/t:ItemId") == [moved.id]
        assert moved.uid == event.uid
        caller.kestrel.cancel(moved.id)
        assert (await caller.view()).subjects == []


async def test_rooms_are_those_of_a_list_that_are_not_hidden() -> None:
    async with asking() as caller:
        lists = await caller.ask("<m:GetRoomLists/>")
        assert lists.texts("t:Address/t:EmailAddress") == [LIST]
        asked = (
            "<m:GetRooms><m:RoomList><t:EmailAddress>{}</t:EmailAddress></m:RoomList></m:GetRooms>"
        )
        assert (await caller.ask(asked.format(LIST))).texts("t:EmailAddress") == [KESTREL]
        unknown = await caller.ask(asked.format("no@example.com"))
        assert unknown.code == "ErrorNameResolutionNoResults"


async def test_folders_are_found_by_name_and_by_id() -> None:
    async with asking() as caller:
        ask = "<m:GetFolder><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape><m:FolderIds>{}</m:FolderIds></m:GetFolder>"
        found = await caller.ask(ask.format(CALENDAR))
        assert found.texts("t:DisplayName") == ["Calendar"]
        again = await caller.ask(ask.format(f'<t:FolderId Id="{found.ids("t:FolderId")[0]}"/>'))
        assert again.texts("t:DisplayName") == ["Calendar"]
        assert (
            await caller.ask(ask.format('<t:FolderId Id="x"/>'))
        ).code == "ErrorInvalidIdMalformed"
        unknown = await caller.ask(ask.format('<t:DistinguishedFolderId Id="attic"/>'))
        assert unknown.code == "ErrorFolderNotFound"


async def test_a_person_and_their_own_room_are_told_apart() -> None:
    async with asking() as caller:
        own = caller.kestrel.add(meeting(organizer=Person(name="Kestrel", address=KESTREL)))
        answer = await caller.get(own.id)
        assert answer.texts("t:MyResponseType") == ["Organizer"]
        assert answer.texts("t:IsOrganizer") == ["true"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "<a/>",
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body/></s:Envelope>",
    ],
)
async def test_what_is_no_soap_is_refused_in_soap(text: str) -> None:
    async with asking() as caller:
        answer = await caller.post(text)
        assert (answer.status, answer.code) == (500, "ErrorSchemaValidation")


async def test_an_unknown_version_or_operation_is_refused() -> None:
    async with asking() as caller:
        assert (await caller.ask("<m:EmptyFolder/>")).code == "ErrorInvalidRequest"
        caller.version = "Exchange5000"
        assert (await caller.view()).code == "ErrorInvalidServerVersion"


PARTS = [
    "m:FindItem",
    "m:GetItem",
    "m:SyncFolderItems",
    "m:Subscribe",
    "m:CreateItem",
    "m:UpdateItem",
]
PARTS += [
    "m:GetEvents",
    "m:ItemShape",
    "m:Items",
    "m:ItemIds",
    "m:ParentFolderIds",
    "m:SyncFolderId",
]
PARTS += ["m:IndexedPageItemView", "m:CalendarView", "t:CalendarItem", "t:ItemId", "t:FolderId"]
PARTS += [
    "m:StreamingSubscriptionRequest",
    "m:Restriction",
    "t:Recurrence",
    "t:Start",
    "t:AcceptItem",
]
ELEMENTS = st.recursive(
    st.tuples(st.sampled_from(PARTS), st.sampled_from(["", "x", "-1", "2026-11-23T00:00:00Z"])),
    lambda inner: st.tuples(st.sampled_from(PARTS), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def written(part: Any) -> str:
    """An element of a request that makes little sense."""
    name, content = part
    inside = content if isinstance(content, str) else "".join(map(written, content))
    value = content if isinstance(content, str) else "1"
    return (
        f'<{name} Id="{value}" Offset="{value}" StartDate="{value}" EndDate="x">{inside}</{name}>'
    )


@given(part=ELEMENTS)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_asked_is_answered_in_soap(part: Any) -> None:
    async def ask() -> Answer:
        async with asking() as caller:
            return await caller.ask(written(part))

    answer = asyncio.run(ask())
    assert answer.status in {200, 500}
    assert answer.root.tag == f"{{{SPACES['s']}}}Envelope"
