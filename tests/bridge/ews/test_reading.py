"""What a unit reads of its room."""

import re
from base64 import b64decode
from datetime import timedelta

import pytest

from bridge.readers import Reader
from rooms.model import Days, Response
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import (
    ADA,
    CALL,
    HOUR,
    MAILBOX,
    OTHER,
    QUIET,
    READER,
    SECRET,
    M,
    T,
    Unit,
    find,
    get,
    ids,
    texts,
)
from tests.fakes.sources import event
from tests.fakes.virtual import NOON


async def test_a_window_lists_its_bookings_by_id_and_change_key(unit: Unit) -> None:
    answer = await unit.ask(find())
    assert len(ids(answer)) == 3
    assert [child.tag for item in answer.iter(f"{T}CalendarItem") for child in item] == [
        f"{T}ItemId"
    ] * 3
    folder = answer.find(f".//{M}RootFolder")
    assert folder is not None
    assert (folder.get("TotalItemsInView"), folder.get("IncludesLastItemInRange")) == ("3", "true")


async def test_the_words_of_exchange_stand_letter_by_letter(unit: Unit) -> None:
    await unit.ask(find())
    for words in (
        b"<m:FindItemResponse ",
        b'<m:FindItemResponseMessage ResponseClass="Success">',
        b"<m:ResponseCode>NoError</m:ResponseCode>",
        b"<s:Envelope ",
        b"<s:Header><h:ServerVersionInfo ",
        b"<t:CalendarItem><t:ItemId Id=",
    ):
        assert words in unit.raw


async def test_what_lies_outside_of_a_window_is_not_in_it(unit: Unit) -> None:
    view = (
        f'<m:CalendarView StartDate="{NOON + 2 * HOUR:%Y-%m-%dT%H:%M:%S.0000000Z}"'
        f' EndDate="{NOON + 5 * HOUR:%Y-%m-%dT%H:%M:%SZ}"/>'
    )
    answer = await unit.ask(find("<t:BaseShape>Default</t:BaseShape>", view))
    assert texts(answer, "Subject") == ["Lunch"]


async def test_a_short_view_says_that_there_is_more(unit: Unit) -> None:
    view = (
        '<m:CalendarView MaxEntriesReturned="2"'
        ' StartDate="2000-01-01T00:00:00Z" EndDate="2100-01-01T00:00:00+01:00"/>'
    )
    answer = await unit.ask(find(view=view))
    assert len(ids(answer)) == 2
    folder = answer.find(f".//{M}RootFolder")
    assert folder is not None
    assert folder.get("IncludesLastItemInRange") == "false"


async def test_a_restriction_is_a_window_too(unit: Unit) -> None:
    def compared(kind: str, field: str, hours: int) -> str:
        at = f"{NOON + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        return (
            f'<t:{kind}><t:FieldURI FieldURI="calendar:{field}"/><t:FieldURIOrConstant>'
            f'<t:Constant Value="{at}"/></t:FieldURIOrConstant></t:{kind}>'
        )

    both = compared("IsGreaterThan", "End", 2) + compared("IsLessThan", "Start", 4)
    page = '<m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>'
    view = f"{page}<m:Restriction><t:And>{both}</t:And></m:Restriction>"
    answer = await unit.ask(find("<t:BaseShape>Default</t:BaseShape>", view))
    assert texts(answer, "Subject") == ["Lunch"]
    either = compared("IsEqualTo", "Start", 1) + compared("IsEqualTo", "Start", 3)
    descending = (
        '<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="calendar:Start"/>'
        "</t:FieldOrder></m:SortOrder>"
    )
    view = f"{page}<m:Restriction><t:Or>{either}</t:Or></m:Restriction>{descending}"
    answer = await unit.ask(find("<t:BaseShape>Default</t:BaseShape>", view))
    assert texts(answer, "Subject") == ["Lunch", "Plans & <schemes>"]
    view = (
        f"{page}<m:Restriction><t:Not>{compared('IsLessThan', 'Start', 2)}</t:Not></m:Restriction>"
    )
    answer = await unit.ask(find("<t:BaseShape>Default</t:BaseShape>", view))
    assert texts(answer, "Subject") == ["Lunch", "Private meeting"]
    words = '<t:Contains><t:FieldURI FieldURI="item:Subject"/><t:Constant Value="x"/></t:Contains>'
    answer = await unit.ask(find(view=f"{page}<m:Restriction>{words}</m:Restriction>"))
    assert len(ids(answer)) == 3


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('Offset="1" BasePoint="Beginning" MaxEntriesReturned="1"', ["Lunch"]),
        ('Offset="0" BasePoint="End" MaxEntriesReturned="1"', ["Private meeting"]),
        ('Offset="7" BasePoint="Beginning"', []),
    ],
)
async def test_pages_hold_what_was_asked_for(unit: Unit, page: str, expected: list[str]) -> None:
    view = f"<m:IndexedPageItemView {page}/>"
    answer = await unit.ask(find("<t:BaseShape>Default</t:BaseShape>", view))
    assert texts(answer, "Subject") == expected


async def test_an_item_says_all_that_is_known_of_a_booking(unit: Unit) -> None:
    first = ids(await unit.ask(find()))[0]
    item = await unit.ask(get(first))
    assert texts(item, "Subject") == ["Plans & <schemes>"]
    assert texts(item, "Location") == ["sip:91234567890@zoomcrc.com"]
    assert texts(item, "Start") == ["2026-11-23T13:00:00Z"]
    assert texts(item, "End") == ["2026-11-23T13:30:00Z"]
    assert texts(item, "MyResponseType") == ["Accept"]
    assert texts(item, "LegacyFreeBusyStatus") == ["Busy"]
    assert texts(item, "Sensitivity") == ["Normal"]
    assert texts(item, "IsCancelled") == ["false"]
    assert texts(item, "CalendarItemType") == ["Single"]
    mailbox = item.find(f".//{T}Organizer/{T}Mailbox")
    assert mailbox is not None
    assert [one.text for one in mailbox] == ["Ada Lovelace", "ada@example.com", "SMTP"]


async def test_the_body_holds_the_token_and_a_plain_line(unit: Unit) -> None:
    first = ids(await unit.ask(find()))[0]
    (body,) = texts(await unit.ask(get(first)), "Body")
    begin, token, end, line, last = body.split("\r\n")
    assert begin == "--=BEGIN POLYCOM VMR ENCODED TOKEN=--"
    assert end == "--=END POLYCOM VMR ENCODED TOKEN=--"
    assert (line, last) == ("sip:91234567890@zoomcrc.com", "")
    assert b"&#xD;\n" in unit.raw
    plain = b64decode(token, validate=True).decode()
    assert plain.endswith("\n")
    known = dict(one.split("=", 1) for one in plain.splitlines())
    assert known["POLYCOM-VERSION"] == "1"
    assert known["POLYCOM-VMRNUMBER"] == "91234567890"
    assert known["POLYCOM-SIGNALINGPREFIX"] == "sip:"
    assert known["POLYCOM-SIGNALINGPOSTFIX"] == "zoomcrc.com"


async def test_the_body_comes_as_a_page_too(unit: Unit) -> None:
    first = ids(await unit.ask(find()))[0]
    shape = "<t:BaseShape>IdOnly</t:BaseShape><t:BodyType>HTML</t:BodyType><t:AdditionalProperties>"
    shape += '<t:FieldURI FieldURI="item:Body"/></t:AdditionalProperties>'
    answer = await unit.ask(get(first, inside=shape))
    assert answer.find(f".//{T}Body[@BodyType='HTML']") is not None
    (body,) = texts(answer, "Body")
    marked = body.partition("TOKEN=--")[2].partition("--=END")[0]
    assert b64decode(re.sub(r"<[^>]*>|\s", "", marked)).startswith(b"POLYCOM-VERSION=1\n")
    assert "<div>sip:91234567890@zoomcrc.com</div>" in body


async def test_a_meeting_without_a_button_says_why(unit: Unit) -> None:
    second = ids(await unit.ask(find()))[1]
    item = await unit.ask(get(second))
    assert texts(item, "Body") == ["The invitation holds nothing to join.\r\n"]
    assert texts(item, "Location") == ["Kestrel"]


async def test_a_private_meeting_keeps_its_button_and_loses_its_words(unit: Unit) -> None:
    third = ids(await unit.ask(find()))[2]
    item = await unit.ask(get(third))
    assert texts(item, "Subject") == ["Private meeting"]
    assert texts(item, "Sensitivity") == ["Private"]
    assert item.find(f".//{T}Organizer") is None
    assert "TOKEN" in texts(item, "Body")[0]
    assert b"merger" not in unit.raw
    assert b"Ada" not in unit.raw


async def test_a_unit_is_given_what_it_can_dial(unit: Unit, views: Views) -> None:
    old = Reader(
        endpoint="hdx", room="kestrel", username="hdx", secret="pass word", protocols=("h323",)
    )
    views.house.readers.adopt([READER, OTHER, old], views.clock.now())
    unit.headers |= {"Authorization": "Basic aGR4OnBhc3Mgd29yZA=="}
    first = ids(await unit.ask(find()))[0]
    item = await unit.ask(get(first))
    (body,) = texts(item, "Body")
    assert "sip:" not in body


async def test_all_day_tentative_and_free_are_told(unit: Unit, views: Views) -> None:
    day = NOON.date()
    await views.keep(
        event("fair", when=Days(first=day, after=day + timedelta(days=1)), organizer=ADA),
        event("maybe", NOON + HOUR, organizer=ADA, response=Response.TENTATIVE),
        event("note", NOON + 2 * HOUR, organizer=ADA, blocks=False),
    )
    answer = await unit.ask(find("<t:BaseShape>AllProperties</t:BaseShape>"))
    assert texts(answer, "IsAllDayEvent") == ["true", "false", "false"]
    assert texts(answer, "LegacyFreeBusyStatus") == ["Busy", "Tentative", "Free"]


async def test_ids_stay_and_change_keys_tell_changes(unit: Unit, views: Views) -> None:
    before = await unit.ask(find())
    keys = [one.get("ChangeKey") for one in before.iter(f"{T}ItemId")]
    await views.keep(CALL, event("quiet", NOON + 4 * HOUR, organizer=ADA, subject="Lunch"), SECRET)
    after = await unit.ask(find())
    assert ids(after) == ids(before)
    changed = [one.get("ChangeKey") for one in after.iter(f"{T}ItemId")]
    assert [a == b for a, b in zip(keys, changed, strict=True)] == [True, False, True]


async def test_a_calendar_that_was_never_read_is_not_empty_but_busy(
    unit: Unit, views: Views
) -> None:
    views.house.readers.adopt([READER, OTHER], views.clock.now())
    unit.headers |= {"Authorization": "Basic Q09SUFxoZXJvbjpvdGhlcg=="}
    answer = await unit.ask(find(), status=500)
    assert answer.findtext("faultcode") == "a:ErrorServerBusy"
    assert b"BackOffMilliseconds" in unit.raw


async def test_an_old_agenda_is_served_as_it_is(unit: Unit, views: Views) -> None:
    views.clock.move(timedelta(hours=2))
    assert len(ids(await unit.ask(find()))) == 3


async def test_an_item_that_is_gone_does_not_spoil_the_others(unit: Unit) -> None:
    known = ids(await unit.ask(find()))
    assert await unit.codes(get(known[0], "AAAA", known[1])) == [
        "NoError",
        "ErrorItemNotFound",
        "NoError",
    ]


async def test_another_mailbox_does_not_exist(unit: Unit) -> None:
    def of(address: str) -> str:
        return (
            '<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>'
            f"{address}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"
        )

    assert await unit.codes(find(folder=of(MAILBOX.upper()))) == ["NoError"]
    assert await unit.codes(find(folder=of("heron@example.com"))) == ["ErrorNonExistentMailbox"]
    header = (
        "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{}"
        "</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>"
    )
    assert await unit.codes(find(), header=header.format(MAILBOX)) == ["NoError"]
    fault = await unit.ask(find(), header=header.format("heron@example.com"), status=500)
    assert fault.findtext("faultcode") == "a:ErrorNonExistentMailbox"


async def test_items_of_another_room_are_not_found(unit: Unit, views: Views) -> None:
    await views.keep(CALL, QUIET, name="heron")
    own = ids(await unit.ask(find()))
    unit.headers |= {"Authorization": "Basic Q09SUFxoZXJvbjpvdGhlcg=="}
    assert not set(own) & set(ids(await unit.ask(find())))
    assert await unit.codes(get(own[0])) == ["ErrorItemNotFound"]


async def test_a_request_that_differs_in_its_window_alone_is_told_apart(unit: Unit) -> None:
    def view(start: int, end: int, more: str = "") -> str:
        first, last = (f"{NOON + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}" for hours in (start, end))
        return f'<m:CalendarView{more} StartDate="{first}" EndDate="{last}"/>'

    told = []
    for start, end in ((0, 2), (2, 4), (0, 2), (0, 24)):
        answer = await unit.ask(find("<t:BaseShape>Default</t:BaseShape>", view(start, end)))
        told.append(len(ids(answer)))
    assert told == [1, 1, 1, 3]
    elsewhere = f"<!-- {view(0, 2)} -->"
    for dates in (view(2, 4), view(0, 24)):
        body = find("<t:BaseShape>Default</t:BaseShape>", elsewhere + dates)
        expected = ["Lunch"] if dates == view(2, 4) else 3
        found = texts(await unit.ask(body), "Subject")
        assert expected in (found, len(found))
    single = view(0, 24).replace('"', "'")
    assert len(ids(await unit.ask(find(view=elsewhere + single)))) == 3
    assert len(ids(await unit.ask(find(view=view(0, 24, ' MaxEntriesReturned="2"'))))) == 2
