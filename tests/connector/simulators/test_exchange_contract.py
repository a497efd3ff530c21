"""Every answer against Microsoft's own schemas, where they are at hand."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from lxml import etree

from connector.simulators.exchange import Attendee, Meeting, Online, Recurrence
from connector.simulators.exchange.faults.kinds import Error
from connector.simulators.graph.meeting import Response, Sensitivity, ShowAs
from connector.simulators.graph.recurrence import Index, Pattern
from rooms.model import Person

from .exchange_server import CALENDAR, KESTREL, LIST, SPACES, Caller, asking, meeting
from .graph_tenant import NOON
from .test_exchange_notifications import pushed, receiving, streaming, subscription
from .test_exchange_writing import END, answer_to, change, new

Check = Callable[[bytes], list[str]]


@pytest.fixture(scope="module")
def check(contracts: Path) -> Check:
    """What is wrong with an envelope, by the published types."""
    schema = etree.XMLSchema(etree.parse(str(contracts / "schema" / "ews" / "messages.xsd")))

    def problems(envelope: bytes) -> list[str]:
        body = etree.fromstring(envelope).find("s:Body", SPACES)
        assert body is not None
        parts = [one for one in body if etree.QName(one).localname != "Fault"]
        alone = [etree.fromstring(etree.tostring(one)) for one in parts]
        return [str(schema.error_log) for one in alone if not schema.validate(one)]

    return problems


def fill(caller: Caller) -> None:
    """One of everything."""
    kestrel = caller.kestrel
    for number, response in enumerate(get_args(Response)):
        kestrel.add(meeting(response, hour=number, response=response))
    for number, shown in enumerate(get_args(ShowAs)):
        kestrel.add(meeting(shown, hour=number, show_as=shown))
    for number, sensitivity in enumerate(get_args(Sensitivity)):
        kestrel.add(meeting(sensitivity, hour=number, sensitivity=sensitivity))
    for number, index in enumerate(get_args(Index)):
        pattern = get_args(Pattern)[number]
        series = Recurrence(type=pattern, index=index, count=3 if number % 2 else None)
        kestrel.add(meeting(pattern, recurrence=series))
    series_id = kestrel.add(meeting("Daily", recurrence=Recurrence(type="daily", count=5))).id
    kestrel.move(kestrel.on(series_id, date(2026, 11, 24)).id, NOON + timedelta(days=1))
    kestrel.delete(kestrel.on(series_id, date(2026, 11, 25)).id)
    kestrel.add(Meeting(subject="Day", start=date(2026, 11, 23), end=date(2026, 11, 25)))
    guests = tuple(
        Attendee(person=Person(name="Guest", address="guest@example.org"), type=kind)
        for kind in ("required", "optional", "resource")
    )
    online = Online(join_url="https://example.com/join?a=1&b=2")
    kestrel.add(
        meeting(
            "<&>\x01", attendees=guests, online=online, categories=("Red",), body="<p>&amp;</p>"
        )
    )
    kestrel.add(meeting("Own", organizer=Person(name="Kestrel", address=KESTREL)))


async def test_what_is_read_is_valid(check: Check) -> None:
    async with asking() as caller:
        fill(caller)
        for shape in ("IdOnly", "Default", "AllProperties"):
            found = await caller.view(shape=shape)
            mime = "<t:IncludeMimeContent>true</t:IncludeMimeContent>"
            await caller.get(*found.ids(), shape=shape, more=mime)
        everything = (await caller.sync()).ids()
        assert len(everything) == len(caller.kestrel)
        items = await caller.get(*everything)
        assert set(items.codes) == {"NoError"}
        await caller.get("nonsense")
        await caller.sync("nonsense")
        await caller.view(end="2030-01-01T00:00:00Z")
        for said in caller.said:
            assert check(said) == []


AVAILABILITY = (
    "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias></t:TimeZone><m:MailboxDataArray>"
    "<t:MailboxData><t:Email><t:Address>kestrel@example.com</t:Address></t:Email></t:MailboxData>"
    "<t:MailboxData><t:Email><t:Address>no@example.com</t:Address></t:Email></t:MailboxData>"
    "</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>2026-11-23T00:00:00</t:StartTime>"
    "<t:EndTime>2026-11-24T00:00:00</t:EndTime></t:TimeWindow></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"
)
ASKED = {
    "GetFolder": f"<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>{CALENDAR}<t:DistinguishedFolderId Id='root'/><t:FolderId Id='x'/></m:FolderIds></m:GetFolder>",
    "FindFolder": "<m:FindFolder Traversal='Deep'><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:ParentFolderIds><t:DistinguishedFolderId Id='root'/></m:ParentFolderIds></m:FindFolder>",
    "SyncFolderHierarchy": "<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape></m:SyncFolderHierarchy>",
    "GetRoomLists": "<m:GetRoomLists/>",
    "GetRooms": f"<m:GetRooms><m:RoomList><t:EmailAddress>{LIST}</t:EmailAddress></m:RoomList></m:GetRooms>",
    "GetRoomsOfNone": "<m:GetRooms><m:RoomList><t:EmailAddress>no@example.com</t:EmailAddress></m:RoomList></m:GetRooms>",
    "ResolveNames": "<m:ResolveNames ReturnFullContactData='false'><m:UnresolvedEntry>Kes</m:UnresolvedEntry></m:ResolveNames>",
    "ResolveSeveral": "<m:ResolveNames ReturnFullContactData='false'><m:UnresolvedEntry>{several}</m:UnresolvedEntry></m:ResolveNames>",
    "ResolveNobody": "<m:ResolveNames ReturnFullContactData='false'><m:UnresolvedEntry>Zz</m:UnresolvedEntry></m:ResolveNames>",
    "GetServerTimeZones": "<m:GetServerTimeZones ReturnFullTimeZoneData='true'/>",
    "GetServerTimeZonesShort": "<m:GetServerTimeZones ReturnFullTimeZoneData='false'><m:Ids><t:Id>UTC</t:Id></m:Ids></m:GetServerTimeZones>",
    "GetUserAvailability": AVAILABILITY,
}


@pytest.mark.parametrize("name", ASKED)
async def test_what_the_directory_and_folders_tell_is_valid(check: Check, name: str) -> None:
    async with asking() as caller:
        caller.exchange.add_mailbox("kestrel2@example.com", name="Kestrel 2")
        caller.kestrel.add(meeting())
        answer = await caller.ask(ASKED[name].format(several="Kestrel"))
        assert answer.status == 200
        assert check(answer.body) == []


async def test_notifications_are_valid(check: Check) -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        subscribed = await subscription(caller)
        async with streaming(caller, subscribed) as stream:
            told = [await stream.next()]
            event = caller.kestrel.add(meeting())
            told.append(await stream.next())
            caller.kestrel.delete(event.id)
            told.append(await stream.next())
            caller.exchange.subscriptions.drop(KESTREL)
            told.append(await stream.next())
        pulled = await caller.subscribe("Pull", "<t:Timeout>10</t:Timeout>")
        ask = f"<m:GetEvents><m:SubscriptionId>{pulled.texts('m:SubscriptionId')[0]}</m:SubscriptionId><m:Watermark>{pulled.texts('m:Watermark')[0]}</m:Watermark></m:GetEvents>"
        await caller.ask(ask)
        caller.kestrel.add(meeting())
        await caller.ask(ask)
        for said in caller.said + told:
            assert check(said) == []


async def test_what_a_client_is_called_with_is_valid(check: Check) -> None:
    async with asking() as caller, receiving((200, "OK")) as (url, told):
        await caller.subscribe("Push", pushed(url))
        caller.kestrel.add(meeting())
        assert check((await told.get()).encode()) == []


async def test_what_answers_writing_is_valid(check: Check) -> None:
    async with asking() as caller:
        made = (await caller.ask(new())).ids()[0]
        await caller.ask(change(made, END))
        await caller.ask(answer_to("CancelCalendarItem", made))
        other = caller.kestrel.add(meeting()).id
        await caller.ask(answer_to("AcceptItem", other))
        for refused in ("DeclineItem", "CancelCalendarItem"):
            await caller.ask(answer_to(refused, "nonsense"))
        delete = '<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="{}"/></m:ItemIds></m:DeleteItem>'
        await caller.ask(delete.format(other))
        await caller.ask(delete.format(other))
        await caller.ask(change(other, END))
        for said in caller.said:
            assert check(said) == []


async def test_errors_inside_answers_are_valid(check: Check) -> None:
    async with asking() as caller:
        caller.exchange.faults.add(Error(status=200, back_off=5000))
        await caller.view()
        await caller.get("x")
        await caller.sync()
        await caller.subscribe()
        for name in (
            "GetFolder",
            "FindFolder",
            "SyncFolderHierarchy",
            "GetRoomLists",
            "ResolveNames",
            "GetUserAvailability",
        ):
            await caller.ask(ASKED[name])
        for said in caller.said:
            assert check(said) == []
