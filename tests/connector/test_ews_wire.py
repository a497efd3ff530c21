"""What Exchange sends, read without trusting it."""

import string
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, Malformed
from connector.sources.ews import meaning, soap, wire
from connector.sources.ews.channel import Response as HttpResponse
from connector.sources.ews.operations import find_items, get_items
from connector.sources.ews.patterns import recurring
from connector.sources.ews.soap import Fault, element, envelope, messages, parse
from rooms.model import Days, Response, Window
from tests.fakes.virtual import NOON

LONDON = ZoneInfo("Europe/London")
HEAD = (
    f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:m="{soap.MESSAGES}" xmlns:t="{soap.TYPES}"><s:Body>'
)
TAIL = "</s:Body></s:Envelope>"


def item(inside: str) -> soap.Element:
    whole = f'<t:CalendarItem xmlns:t="{soap.TYPES}"><t:ItemId Id="a"/>{inside}</t:CalendarItem>'
    return parse(whole.encode())


TIMES = st.one_of(
    st.text(max_size=30, alphabet=string.printable[:95].replace("<", "").replace("&", "")),
    st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    st.sampled_from(["", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-11-23"]),
)


@given(
    TIMES, TIMES, TIMES, st.booleans(), st.sampled_from(["", "Nowhere", "Romance Standard Time"])
)
def test_no_time_is_too_odd(start: str, end: str, original: str, day: bool, zone: str) -> None:
    event = wire.event(
        item(
            f"<t:Start>{start}</t:Start><t:End>{end}</t:End><t:OriginalStart>{original}"
            f"</t:OriginalStart><t:IsAllDayEvent>{str(day).lower()}</t:IsAllDayEvent>"
            f'<t:CalendarItemType>Occurrence</t:CalendarItemType><t:StartTimeZone Id="{zone}"/>'
        ),
        LONDON,
    )
    match event.when:
        case Window():
            assert event.when.start <= event.when.end
        case Days():
            assert event.when.first < event.when.after
        case None:
            pass


@given(st.binary(max_size=300))
def test_bytes_that_are_no_answer_are_malformed(junk: bytes) -> None:
    try:
        messages(parse(junk))
    except (Malformed, Fault):
        return
    pytest.fail("no answer of Exchange is as short as this")


@given(st.text(max_size=200))
def test_text_in_an_envelope_is_an_answer_or_malformed(junk: str) -> None:
    try:
        messages(parse(f"{HEAD}{junk}{TAIL}".encode("utf-8", "surrogatepass")))
    except (Malformed, Fault):
        return


@pytest.mark.parametrize(
    "text", ["&#x1F;", "&#31;", "\x0b", "&#xD800;", "&#xFFFE;", "&#x110000;", "&#0;"]
)
def test_characters_that_xml_forbids_are_taken_out(text: str) -> None:
    assert parse(f"<a>so{text}me &#233;&amp;&#x1F600;</a>".encode()).text == "some é&😀"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a/>",
        b'<?xml version="1.0"?>' + b" " * 5000 + b'<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"),
    ],
)
def test_entities_are_refused_wherever_they_are_declared(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse(body)
    assert caught.value.reason == "not_soap"


@pytest.mark.parametrize(
    ("answer", "busy", "response"),
    [
        ("Accept", "Busy", Response.ACCEPTED),
        ("Organizer", "Busy", Response.ACCEPTED),
        ("Tentative", "Tentative", Response.TENTATIVE),
        ("NoResponseReceived", "Tentative", Response.TENTATIVE),
        ("Decline", "Free", Response.DECLINED),
        ("Unknown", "Busy", Response.ACCEPTED),
        ("Unknown", "Tentative", Response.TENTATIVE),
        ("FutureValue", "Busy", Response.TENTATIVE),
    ],
)
def test_what_the_room_answered_is_understood(answer: str, busy: str, response: Response) -> None:
    event = wire.event(
        item(
            f"<t:LegacyFreeBusyStatus>{busy}</t:LegacyFreeBusyStatus>"
            f"<t:MyResponseType>{answer}</t:MyResponseType>"
        ),
        LONDON,
    )
    assert event.response is response


def test_places_links_and_organizers_are_told() -> None:
    event = wire.event(
        item(
            "<t:Location>Kestrel</t:Location><t:Organizer><t:Mailbox><t:Name>Ada</t:Name>"
            "<t:EmailAddress>/o=First/ou=Ex/cn=ada</t:EmailAddress></t:Mailbox></t:Organizer>"
            "<t:EnhancedLocation><t:DisplayName>Kestrel</t:DisplayName><t:PostalAddress>"
            "<t:LocationUri>https://zoom.us/j/91234567890</t:LocationUri></t:PostalAddress>"
            "</t:EnhancedLocation><t:JoinOnlineMeetingUrl>https://teams.example/1"
            "</t:JoinOnlineMeetingUrl>"
        ),
        LONDON,
    )
    assert event.locations == ("Kestrel", "https://zoom.us/j/91234567890")
    assert event.online_url == "https://teams.example/1"
    assert (event.organizer.name, event.organizer.address) == ("Ada", "")


def test_fewer_items_than_were_asked_for_are_no_answer() -> None:
    with pytest.raises(Malformed):
        wire.events([], ["a"], LONDON)


def test_a_corrupt_item_is_there_without_its_times() -> None:
    (event,) = wire.events(
        [soap.Message(element("m:GetItemResponseMessage"), Fault("ErrorItemCorrupt"))],
        ["a"],
        LONDON,
    )
    assert (event.id, event.when) == ("a", None)


def test_an_address_cannot_become_markup() -> None:
    evil = 'a"/><t:Mailbox>&b@example.com'
    root = parse(envelope(find_items(evil, NOON, NOON), impersonated=evil))
    assert {one.text for one in root.iter(f"{soap.T}EmailAddress")} == {evil}
    assert root.findtext(f".//{soap.T}PrimarySmtpAddress") == evil
    assert len(get_items(["a", "b"])) == 2


@pytest.mark.parametrize(
    ("header", "offers"),
    [
        ("Negotiate, NTLM", {"negotiate", "ntlm"}),
        ('Basic realm="a, b", Bearer client_id="x", trusted_issuers="y"', {"basic", "bearer"}),
        ("", set()),
    ],
)
def test_ways_of_signing_in_are_read_from_their_header(header: str, offers: set[str]) -> None:
    assert offers <= meaning.offers(HttpResponse(401, {"WWW-Authenticate": header}, b""))


@given(st.text(alphabet=string.ascii_letters + string.digits, min_size=1, max_size=40))
def test_every_code_means_one_of_the_four_errors(code: str) -> None:
    assert isinstance(meaning.of(Fault(code)), ConnectorError)


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "RelativeMonthlyRecurrence"),
        ("FREQ=MONTHLY;INTERVAL=2;COUNT=2", "AbsoluteMonthlyRecurrence"),
        ("FREQ=YEARLY;COUNT=2", "AbsoluteYearlyRecurrence"),
        ("FREQ=YEARLY;BYDAY=4MO;COUNT=2", "RelativeYearlyRecurrence"),
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=2", "WeeklyRecurrence"),
    ],
)
def test_rules_become_the_patterns_of_exchange(rule: str, pattern: str) -> None:
    made = recurring(rule, NOON, "Europe/London")
    assert made[0].tag == f"{soap.T}{pattern}"
    assert made[1].findtext(f"{soap.T}NumberOfOccurrences") == "2"
