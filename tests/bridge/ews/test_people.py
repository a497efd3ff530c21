"""Folders, names, rooms, free and busy, Autodiscover; and what nobody understands."""

import logging

import pytest
from lxml import etree

from bridge.readers import UNKNOWN_KEPT
from bridge.views.ews import autodiscover
from rooms.model import Response
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import (
    ADA,
    CALL,
    HOUR,
    MAILBOX,
    M,
    T,
    Unit,
    basic,
    find,
    ids,
    texts,
)
from tests.fakes.sources import event
from tests.fakes.virtual import NOON

LONDON = (
    "<t:TimeZone><t:Bias>0</t:Bias>"
    "<t:StandardTime><t:Bias>0</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
    "<t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
    "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>01:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
    "<t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
)
TOKYO = LONDON.replace("<t:Bias>0</t:Bias>", "<t:Bias>-540</t:Bias>", 1).replace("-60", "0")


def availability(
    *addresses: str, view: str = "DetailedMerged", zone: str = "", start: str = "", end: str = ""
) -> str:
    data = "".join(
        f"<t:MailboxData><t:Email><t:Address>{one}</t:Address></t:Email>"
        "<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
        for one in addresses
    )
    start, end = start or "2026-11-23T12:00:00", end or "2026-11-23T18:00:00"
    return (
        f"<m:GetUserAvailabilityRequest>{zone}<m:MailboxDataArray>{data}</m:MailboxDataArray>"
        f"<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{start}</t:StartTime>"
        f"<t:EndTime>{end}</t:EndTime></t:TimeWindow>"
        "<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>"
        f"<t:RequestedView>{view}</t:RequestedView></t:FreeBusyViewOptions>"
        "</m:GetUserAvailabilityRequest>"
    )


async def test_folders_are_found_by_name_and_by_id(unit: Unit) -> None:
    ask = (
        "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        "<m:FolderIds>{}</m:FolderIds></m:GetFolder>"
    )
    named = '<t:DistinguishedFolderId Id="{}"/>'
    every = "".join(named.format(one) for one in ("calendar", "root", "msgfolderroot", "tasks"))
    answer = await unit.ask(ask.format(every))
    assert [one.text for one in answer.iter(f"{M}ResponseCode")] == [
        "NoError",
        "NoError",
        "NoError",
        "ErrorFolderNotFound",
    ]
    assert texts(answer, "TotalCount")[0] == "3"
    folder = answer.find(f".//{T}CalendarFolder/{T}FolderId")
    assert folder is not None
    by_id = f'<t:FolderId Id="{folder.get("Id")}"/>'
    assert texts(await unit.ask(ask.format(by_id)), "DisplayName") == ["Calendar"]
    assert len(ids(await unit.ask(find(folder=by_id)))) == 3
    assert await unit.codes(ask.format('<t:FolderId Id="AAA="/>')) == ["ErrorFolderNotFound"]


@pytest.mark.parametrize(("traversal", "expected"), [("Deep", 3), ("Shallow", 1)])
async def test_the_hierarchy_holds_the_calendar(unit: Unit, traversal: str, expected: int) -> None:
    answer = await unit.ask(
        f'<m:FindFolder Traversal="{traversal}"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>'
        '</m:FolderShape><m:ParentFolderIds><t:DistinguishedFolderId Id="root"/>'
        '<t:DistinguishedFolderId Id="calendar"/><t:DistinguishedFolderId Id="x"/>'
        "</m:ParentFolderIds></m:FindFolder>"
    )
    roots = list(answer.iter(f"{M}RootFolder"))
    assert [one.get("TotalItemsInView") for one in roots] == [str(expected), "0"]
    assert {one.get("IncludesLastItemInRange") for one in roots} == {"true"}


async def test_a_unit_finds_its_own_room_by_name_and_nobody_else(unit: Unit) -> None:
    ask = (
        '<m:ResolveNames ReturnFullContactData="true">'
        "<m:UnresolvedEntry>{}</m:UnresolvedEntry></m:ResolveNames>"
    )
    for entry in ("kest", "Kestrel", MAILBOX, f"smtp:{MAILBOX}"):
        answer = await unit.ask(ask.format(entry))
        assert texts(answer, "EmailAddress") == [MAILBOX]
    for entry in ("heron", "ada@example.com", ""):
        assert await unit.codes(ask.format(entry)) == ["ErrorNameResolutionNoResults"]


async def test_one_list_holds_one_room(unit: Unit) -> None:
    answer = await unit.ask("<m:GetRoomLists/>")
    (address,) = texts(answer, "EmailAddress")
    ask = "<m:GetRooms><m:RoomList><t:EmailAddress>{}</t:EmailAddress></m:RoomList></m:GetRooms>"
    assert texts(await unit.ask(ask.format(address)), "EmailAddress") == [MAILBOX]
    assert texts(await unit.ask(ask.format("else@example.com")), "EmailAddress") == []


async def test_free_and_busy_hours_are_told(unit: Unit, views: Views) -> None:
    await views.keep(
        CALL,
        event("maybe", NOON + 2 * HOUR, 90, organizer=ADA, response=Response.TENTATIVE),
        event("note", NOON + 4 * HOUR, organizer=ADA, blocks=False),
    )
    answer = await unit.ask(availability(MAILBOX, "heron@example.com"))
    assert [one.text for one in answer.iter(f"{M}ResponseCode")] == [
        "NoError",
        "ErrorMailRecipientNotFound",
    ]
    assert texts(answer, "MergedFreeBusy") == ["021100"]
    assert texts(answer, "BusyType") == ["Busy", "Tentative", "Free"]
    assert texts(answer, "StartTime")[0] == "2026-11-23T13:00:00"
    assert texts(answer, "Subject")[0] == "Plans & <schemes>"
    answer = await unit.ask(availability(MAILBOX, view="FreeBusy"))
    assert not texts(answer, "MergedFreeBusy")
    assert not texts(answer, "Subject")
    answer = await unit.ask(availability(MAILBOX, view="MergedOnly"))
    assert answer.find(f".//{T}CalendarEventArray") is None


async def test_hours_are_told_on_the_clock_of_who_asks(unit: Unit) -> None:
    there = {"start": "2026-11-23T21:00:00", "end": "2026-11-24T03:00:00"}
    answer = await unit.ask(availability(MAILBOX, zone=TOKYO, **there))
    assert texts(answer, "StartTime") == [
        "2026-11-23T22:00:00",
        "2026-11-24T00:00:00",
        "2026-11-24T02:00:00",
    ]
    answer = await unit.ask(availability(MAILBOX, zone=LONDON))
    assert texts(answer, "StartTime")[0] == "2026-11-23T13:00:00"


async def test_what_is_not_known_is_not_called_free(unit: Unit) -> None:
    answer = await unit.ask(
        availability(MAILBOX, start="2026-12-20T00:00:00", end="2026-12-20T02:00:00")
    )
    assert texts(answer, "MergedFreeBusy") == ["44"]


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2026-11-23T12:00:00", "2026-11-23T12:00:00", "ErrorInvalidTimeInterval"),
        ("2026-01-01T12:00:00", "2026-11-23T12:00:00", "ErrorTimeIntervalTooBig"),
        ("noon", "2026-11-23T12:00:00", "ErrorSchemaValidation"),
        ("0001-01-01T00:00:00+14:00", "2026-11-23T12:00:00", "ErrorSchemaValidation"),
    ],
)
async def test_windows_that_make_no_sense_are_faults(
    unit: Unit, start: str, end: str, code: str
) -> None:
    answer = await unit.ask(availability(MAILBOX, start=start, end=end), status=500)
    assert answer.findtext("faultcode") == f"a:{code}"


async def test_an_answer_to_an_invitation_changes_nothing(unit: Unit) -> None:
    before = ids(await unit.ask(find()))
    for kind in ("AcceptItem", "DeclineItem", "TentativelyAcceptItem"):
        inside = f'<t:{kind}><t:ReferenceItemId Id="{before[0]}"/></t:{kind}>'
        ask = f'<m:CreateItem MessageDisposition="SendOnly"><m:Items>{inside}</m:Items></m:CreateItem>'
        assert await unit.codes(ask) == ["NoError"]
    assert ids(await unit.ask(find())) == before


async def test_nothing_is_written_from_here(unit: Unit) -> None:
    create = "<m:CreateItem><m:Items><t:CalendarItem/></m:Items></m:CreateItem>"
    for ask in (create, "<m:UpdateItem/>", "<m:DeleteItem/>"):
        assert await unit.codes(ask) == ["ErrorAccessDenied"]


async def test_zones_and_ids_are_answered(unit: Unit) -> None:
    assert await unit.codes("<m:GetServerTimeZones/>") == ["NoError"]
    (first, *_) = ids(await unit.ask(find()))
    ask = '<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId"'
    ask += ' Id="{}" Mailbox="{}"/></m:SourceIds></m:ConvertId>'
    answer = await unit.ask(ask.format(first, MAILBOX))
    converted = answer.find(f".//{M}AlternateId")
    assert converted is not None
    assert converted.get("Id") == first
    assert await unit.codes(ask.format(first, "else@example.com")) == ["ErrorInvalidIdMalformed"]


async def test_what_is_not_understood_is_a_fault_and_remembered_by_its_shape(
    unit: Unit, views: Views, caplog: pytest.LogCaptureFixture
) -> None:
    ask = (
        '<m:FindPeople Top="5"><m:QueryString>the merger</m:QueryString>'
        '<m:Nested><t:One Id="secret"/><t:One Id="other"/><t:Two/></m:Nested></m:FindPeople>'
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer = await unit.ask(ask, status=500)
    assert answer.findtext("faultcode") == "a:ErrorInvalidRequest"
    assert answer.find(".//{*}ResponseCode") is not None
    (unknown,) = views.house.readers.unknown
    assert unknown.operation == "FindPeople"
    assert unknown.shape == "FindPeople[Top](QueryString Nested(One[Id] Two))"
    assert (unknown.times, unknown.endpoint) == (3, "kestrel-x30")
    said = [one.getMessage() for one in caplog.records if "not known" in one.getMessage()]
    assert said == [f"endpoint kestrel-x30 asks for what is not known: {unknown.shape}"]
    assert "merger" not in caplog.text
    assert "secret" not in caplog.text


async def test_what_is_not_served_is_remembered_too(unit: Unit, views: Views) -> None:
    more = (
        "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:FieldURI FieldURI="calendar:Subject"/><t:FieldURI FieldURI="the merger"/>'
        '<t:ExtendedFieldURI PropertyTag="0x3fd9" PropertyType="String"/></t:AdditionalProperties>'
    )
    contains = (
        '<t:Contains><t:FieldURI FieldURI="item:Subject"/><t:Constant Value="x"/></t:Contains>'
    )
    view = f"<m:Restriction>{contains}</m:Restriction>"
    for _ in range(2):
        assert len(ids(await unit.ask(find(more, view)))) == 3
    await unit.ask(find(folder='<t:DistinguishedFolderId Id="tasks"/>'))
    push = "<m:Subscribe><m:PushSubscriptionRequest><t:URL>x</t:URL></m:PushSubscriptionRequest>"
    await unit.ask(f"{push}</m:Subscribe>")
    sent = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><a/></e:Body></e:Envelope>'
    async with unit.client.post("/EWS/Exchange.asmx", data=sent, headers=basic()) as told:
        assert told.status == 500
    assert [one.shape for one in views.house.readers.unknown] == [
        "property calendar:Subject",
        "property of no known form",
        "property 0x3fd9 String",
        "restriction Contains of item:Subject",
        "folder tasks",
        "Subscribe(PushSubscriptionRequest(URL))",
        "Envelope(Body(a))",
    ]


async def test_only_so_many_shapes_are_remembered(unit: Unit, views: Views) -> None:
    for number in range(UNKNOWN_KEPT + 5):
        await unit.ask(f"<m:Odd{number}/>", status=500)
    assert len(views.house.readers.unknown) == UNKNOWN_KEPT


async def test_visits_are_recorded(unit: Unit, views: Views) -> None:
    unit.headers["User-Agent"] = "Poly Studio X30/4.1"
    await unit.ask(find())
    visit = views.house.readers.visit("kestrel-x30")
    assert visit is not None
    assert (visit.last, visit.software, visit.bookings) == (NOON, "Poly Studio X30/4.1", 3)
    await unit.ask("<m:Odd/>", status=500)
    assert visit.refused == "ErrorInvalidRequest"


POX = (
    '<?xml version="1.0" encoding="utf-8"?><Autodiscover'
    ' xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>{}</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
    "</AcceptableResponseSchema></Request></Autodiscover>"
)
SETTINGS = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    f' xmlns:a="{autodiscover.SPACE}"><s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users>'
    "<a:User><a:Mailbox>{}</a:Mailbox></a:User></a:Users><a:RequestedSettings>"
    "<a:Setting>ExternalEwsUrl</a:Setting><a:Setting>GroupingInformation</a:Setting>"
    "</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
)


async def discovered(unit: Unit, path: str, body: str) -> etree._Element:
    async with unit.client.post(path, data=body.encode(), headers=basic()) as told:
        assert told.status == 200
        return etree.fromstring(await told.read())


@pytest.mark.parametrize(
    "path", ["/Autodiscover/Autodiscover.xml", "/autodiscover/autodiscover.xml"]
)
async def test_autodiscover_in_plain_xml_tells_where_ews_is(unit: Unit, path: str) -> None:
    answer = await discovered(unit, path, POX.format(MAILBOX))
    url = str(unit.client.make_url("/EWS/Exchange.asmx"))
    assert {one.text for one in answer.iter("{*}EwsUrl")} == {url}
    answer = await discovered(unit, path, POX.format("heron@example.com"))
    assert answer.findtext(".//{*}ErrorCode") == "500"


@pytest.mark.parametrize(
    "path", ["/autodiscover/autodiscover.svc", "/Autodiscover/Autodiscover.svc"]
)
async def test_autodiscover_in_soap_tells_where_ews_is(unit: Unit, path: str) -> None:
    answer = await discovered(unit, path, SETTINGS.format(MAILBOX))
    space = f"{{{autodiscover.SPACE}}}"
    assert answer.findtext(f".//{space}Name") == "ExternalEwsUrl"
    assert str(answer.findtext(f".//{space}Value")).endswith("/EWS/Exchange.asmx")
    answer = await discovered(unit, path, SETTINGS.format("heron@example.com"))
    assert answer.findtext(f".//{space}UserResponse/{space}ErrorCode") == "InvalidUser"
    async with unit.client.post(path, data=POX.encode(), headers=basic()) as told:
        assert told.status == 500
