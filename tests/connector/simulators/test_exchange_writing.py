"""What clients write at the simulated Exchange."""

from datetime import date
from typing import get_args

import pytest

from connector.simulators.exchange import Recurrence
from connector.simulators.graph.recurrence import Pattern
from rooms.model import Person

from .exchange_server import ADA, KESTREL, asking, meeting

NEW = (
    '<m:CreateItem SendMeetingInvitations="SendToAllAndSaveCopy"><m:Items><t:CalendarItem>'
    "<t:Subject>{subject}</t:Subject>{more}<t:Start>2026-11-23T14:00:00Z</t:Start>"
    "<t:End>2026-11-23T15:00:00Z</t:End><t:IsAllDayEvent>{all_day}</t:IsAllDayEvent>"
    "<t:Resources><t:Attendee><t:Mailbox><t:EmailAddress>kestrel@example.com</t:EmailAddress>"
    "</t:Mailbox></t:Attendee></t:Resources>{recurrence}</t:CalendarItem></m:Items></m:CreateItem>"
)
KEY = (
    '<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" '
    'PropertyName="Key" PropertyType="String"/>'
)
WEEKLY = (
    "<t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday</t:DaysOfWeek>"
    "</t:WeeklyRecurrence><t:NumberedRecurrence><t:StartDate>2026-11-23</t:StartDate>"
    "<t:NumberOfOccurrences>3</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>"
)


def new(
    subject: str = "New", *, more: str = "", all_day: str = "false", recurrence: str = ""
) -> str:
    return NEW.format(subject=subject, more=more, all_day=all_day, recurrence=recurrence)


def answer_to(name: str, item: str) -> str:
    return f'<m:CreateItem><m:Items><t:{name}><t:ReferenceItemId Id="{item}"/></t:{name}></m:Items></m:CreateItem>'


async def test_a_new_meeting_invites_the_room_which_accepts() -> None:
    async with asking() as caller:
        caller.impersonated = ADA
        made = await caller.ask(new())
        assert made.code == "NoError"
        (copy,) = caller.kestrel.entries()
        assert (copy.meeting.subject, copy.meeting.response) == ("New", "accepted")
        assert copy.meeting.organizer.address == ADA
        assert copy.uid == caller.exchange.mailbox(ADA).get(made.ids()[0]).uid


async def test_a_new_series_meets_on_each_of_its_days() -> None:
    async with asking() as caller:
        made = await caller.ask(new(recurrence=WEEKLY))
        series = caller.kestrel.get(made.ids()[0])
        assert series.meeting.recurrence == Recurrence(type="weekly", days=("monday",), count=3)
        assert (await caller.view(end="2027-01-01T00:00:00Z")).subjects == ["New"] * 3


@pytest.mark.parametrize("pattern", get_args(Pattern))
async def test_every_pattern_is_written_as_it_is_read(pattern: Pattern) -> None:
    async with asking() as caller:
        mondays = pattern == "weekly" or pattern.startswith("relative")
        given = Recurrence(
            type=pattern,
            days=("monday",) if mondays else (),
            day_of_month=23 if pattern.startswith("absolute") else 0,
            month=11 if pattern.endswith("Yearly") else 0,
            index="fourth" if pattern.startswith("relative") else "first",
            until=date(2030, 1, 1),
        )
        series = caller.kestrel.add(meeting(recurrence=given))
        body = (await caller.get(series.id)).body.decode()
        written = (
            body[body.index("<t:Recurrence>") : body.index("</t:Recurrence>")] + "</t:Recurrence>"
        )
        made = await caller.ask(new(recurrence=written))
        assert caller.kestrel.get(made.ids()[0]).meeting.recurrence == given


async def test_a_whole_day_is_written_as_days() -> None:
    async with asking() as caller:
        made = await caller.ask(new(all_day="true"))
        assert caller.kestrel.get(made.ids()[0]).meeting.start == date(2026, 11, 23)


async def test_what_a_client_keeps_at_an_item_is_found_again() -> None:
    async with asking() as caller:
        kept = f"<t:ExtendedProperty>{KEY}<t:Value>booking-7</t:Value></t:ExtendedProperty>"
        made = await caller.ask(new(more=kept))
        caller.kestrel.add(meeting())
        ask = (
            '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
            f"<t:AdditionalProperties>{KEY}</t:AdditionalProperties></m:ItemShape><m:Restriction>"
            '<t:IsEqualTo>{}<t:FieldURIOrConstant><t:Constant Value="{}"/></t:FieldURIOrConstant></t:IsEqualTo>'
            '</m:Restriction><m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>'
        )
        found = await caller.ask(ask.format(KEY, "booking-7"))
        assert found.ids() == made.ids()
        assert found.texts("t:Value") == ["booking-7"]
        assert (await caller.ask(ask.format(KEY, "booking-8"))).ids() == []
        by_subject = ask.format('<t:FieldURI FieldURI="item:Subject"/>', "Review")
        assert len((await caller.ask(by_subject)).ids()) == 1


def change(item: str, fields: str, *, key: str = "", how: str = "AutoResolve") -> str:
    return (
        f'<m:UpdateItem ConflictResolution="{how}" SendMeetingInvitationsOrCancellations="SendToAllAndSaveCopy">'
        f'<m:ItemChanges><t:ItemChange><t:ItemId Id="{item}" ChangeKey="{key}"/><t:Updates>{fields}</t:Updates>'
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )


def field(uri: str, element: str) -> str:
    return f'<t:SetItemField><t:FieldURI FieldURI="{uri}"/><t:CalendarItem>{element}</t:CalendarItem></t:SetItemField>'


END = field("calendar:End", "<t:End>2026-11-23T14:10:00Z</t:End>")


async def test_a_change_of_the_organizer_reaches_the_room() -> None:
    async with asking() as caller:
        caller.impersonated = ADA
        made = await caller.ask(new())
        changed = await caller.ask(change(made.ids()[0], END))
        assert changed.code == "NoError"
        (copy,) = caller.kestrel.entries()
        assert copy.end.minute == 10


async def test_a_change_of_an_old_version_is_refused() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting())
        stale = change(event.id, END, key="old", how="NeverOverwrite")
        assert (await caller.ask(stale)).code == "ErrorIrresolvableConflict"
        backwards = field("calendar:End", "<t:End>2026-11-20T00:00:00Z</t:End>")
        refused = await caller.ask(change(event.id, backwards))
        assert refused.code == "ErrorCalendarEndDateIsEarlierThanStartDate"


async def test_one_occurrence_is_changed_and_deleted() -> None:
    async with asking() as caller:
        series = caller.kestrel.add(meeting(hour=14, recurrence=Recurrence(type="daily", count=3)))
        one = caller.kestrel.on(series.id, date(2026, 11, 24))
        subject = field("item:Subject", "<t:Subject>Other</t:Subject>")
        assert (await caller.ask(change(one.id, subject))).code == "NoError"
        assert (await caller.view()).subjects == ["Review", "Other", "Review"]
        gone = f'<m:DeleteItem DeleteType="MoveToDeletedItems"><m:ItemIds><t:OccurrenceItemId RecurringMasterId="{series.id}" InstanceIndex="1"/></m:ItemIds></m:DeleteItem>'
        assert (await caller.ask(gone)).code == "NoError"
        assert (await caller.view()).subjects == ["Other", "Review"]
        assert (await caller.ask(gone)).code == "ErrorCalendarOccurrenceIsDeletedFromRecurrence"


async def test_the_organizer_calls_a_meeting_off() -> None:
    async with asking() as caller:
        caller.impersonated = ADA
        made = await caller.ask(new())
        caller.kestrel.attendant = True
        assert (await caller.ask(answer_to("CancelCalendarItem", made.ids()[0]))).code == "NoError"
        assert caller.kestrel.entries() == []
        assert caller.exchange.mailbox(ADA).entries() == []


async def test_only_the_organizer_may_call_off() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting())
        refused = await caller.ask(answer_to("CancelCalendarItem", event.id))
        assert refused.code == "ErrorCalendarIsNotOrganizer"


async def test_answers_to_an_invitation() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting(response="notResponded"))
        await caller.ask(answer_to("TentativelyAcceptItem", event.id))
        assert caller.kestrel.get(event.id).meeting.response == "tentativelyAccepted"
        await caller.ask(answer_to("AcceptItem", event.id))
        assert caller.kestrel.get(event.id).meeting.response == "accepted"
        assert (await caller.ask(answer_to("DeclineItem", event.id))).code == "NoError"
        assert caller.kestrel.entries() == []
        own = caller.kestrel.add(meeting(organizer=Person(name="K", address=KESTREL)))
        refused = await caller.ask(answer_to("DeclineItem", own.id))
        assert refused.code == "ErrorCalendarIsOrganizerForDecline"


async def test_a_reviewer_reads_and_does_not_write() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting())
        user = caller.exchange.add_user(
            "svc@example.com", "right", reviewer_of=[KESTREL], mailbox="svc@example.com"
        )
        assert user.mailbox is not None
        caller.impersonated = None
        assert (await caller.get(event.id)).code == "NoError"
        assert (await caller.ask(change(event.id, END))).code == "ErrorAccessDenied"


async def test_a_reply_to_something_that_is_no_meeting_is_refused() -> None:
    async with asking() as caller:
        assert (await caller.ask(answer_to("ReplyToItem", "x"))).code == "ErrorInvalidRequest"
        assert (await caller.ask(answer_to("AcceptItem", "x"))).code == "ErrorInvalidIdMalformed"
