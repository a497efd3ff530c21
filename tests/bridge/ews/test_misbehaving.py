"""What a unit that signed in may not cost: one of them is in the hands of somebody else one day."""

import asyncio
import socket
import time
from base64 import b64encode

import pytest
from spnego._ntlm_raw.messages import Authenticate, Negotiate, NegotiateFlags

from bridge.views.ews import reading, routes, streams
from bridge.views.ews.markup import Fault
from bridge.views.ews.routes import Ews
from tests.bridge.conftest import Views
from tests.bridge.ews.conftest import ENVELOPE, MAILBOX, M, Unit, basic, find, get, ids

URL = "/EWS/Exchange.asmx"
pytestmark = pytest.mark.fault("facade_xml")


async def test_a_folder_named_ten_thousand_times_is_not_told_so_often(unit: Unit) -> None:
    many = find(folder='<t:DistinguishedFolderId Id="calendar"/>' * 10_000)
    await unit.ask(many, status=500)
    assert len(unit.raw) < 10_000


def free(count: int, span: str = "2026-01-01T00:00:00", end: str = "2026-03-01T00:00:00") -> str:
    one = (
        f"<t:MailboxData><t:Email><t:Address>{MAILBOX}</t:Address></t:Email>"
        "<t:AttendeeType>Room</t:AttendeeType></t:MailboxData>"
    )
    return (
        f"<m:GetUserAvailabilityRequest><m:MailboxDataArray>{one * count}</m:MailboxDataArray>"
        f"<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{span}</t:StartTime>"
        f"<t:EndTime>{end}</t:EndTime></t:TimeWindow>"
        "<t:MergedFreeBusyIntervalInMinutes>5</t:MergedFreeBusyIntervalInMinutes>"
        "<t:RequestedView>MergedOnly</t:RequestedView></t:FreeBusyViewOptions>"
        "</m:GetUserAvailabilityRequest>"
    )


async def test_a_mailbox_named_thousands_of_times_costs_no_more(unit: Unit) -> None:
    begun = time.perf_counter()
    await unit.ask(free(3000), status=500)
    assert time.perf_counter() - begun < 2
    begun = time.perf_counter()
    await unit.ask(free(100))
    assert time.perf_counter() - begun < 2


async def test_a_window_at_the_end_of_the_calendar_is_no_fault_of_the_bridge(unit: Unit) -> None:
    await unit.ask(free(1, "9999-12-31T23:00:00", "9999-12-31T23:59:00"))


async def test_a_name_without_end_is_not_kept(unit: Unit, views: Views) -> None:
    kind = "x" * 40_000
    view = f"<m:Restriction><m:{kind}/></m:Restriction>"
    await unit.ask(find(view=view))
    assert all(len(one.shape) < 3000 for one in views.house.readers.unknown)


@pytest.mark.parametrize(
    "declared",
    [
        '<?xml version="1.0"' + " " * 200 + 'encoding="UTF-7"?>',
        '<?xml version="1.0" encoding="UTF-7" standalone="yes"?><!-- utf-8 -->',
        "<?xml version='1.0'\n" + "\n" * 200 + "encoding = 'UTF-7'?>",
    ],
)
def test_no_encoding_hides_a_document_type(declared: str) -> None:
    body = declared.encode() + b'+ADwAIQ-DOCTYPE l +AFs-+ADwAIQ-ENTITY a "b"+AD4-+AF0-+AD4-<l>x</l>'
    with pytest.raises(Fault) as caught:
        reading.parsed(body)
    assert "well-formed" not in caught.value.message


async def test_kinds_of_events_without_end_are_not_kept(unit: Unit, ews: Ews) -> None:
    events = "".join(f"<t:EventType>{'x' * 500}{n}</t:EventType>" for n in range(500))
    body = (
        "<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>"
        '<t:DistinguishedFolderId Id="calendar"/></t:FolderIds>'
        f"<t:EventTypes>{events}<t:EventType>CreatedEvent</t:EventType></t:EventTypes>"
        "</m:StreamingSubscriptionRequest></m:Subscribe>"
    )
    await unit.ask(body)
    kept = ews.subscriptions._known.values()
    assert [one.events for one in kept] == [{"CreatedEvent"}]


async def test_names_that_are_no_text_are_a_wrong_password(unit: Unit) -> None:
    flags = NegotiateFlags.unicode | NegotiateFlags.ntlm
    hello = b64encode(Negotiate(flags).pack()).decode()
    sent = bytearray(
        Authenticate(flags, b"\0" * 24, b"\1" * 80, domain_name="DD", username="kestrel").pack()
    )
    sent[28:30] = sent[30:32] = b"\x01\x00"  # half a character of the domain
    async with unit.client.post(URL, headers={"Authorization": f"NTLM {hello}"}) as told:
        assert told.status == 401
    answer = b64encode(bytes(sent)).decode()
    async with unit.client.post(URL, headers={"Authorization": f"NTLM {answer}"}) as told:
        assert told.status == 401


@pytest.mark.parametrize("scheme", [b"Basic", b"NTLM", b"Bearer", b"\xff"])
async def test_a_login_of_any_bytes_is_a_wrong_one(unit: Unit, scheme: bytes) -> None:
    server = unit.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        b"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\xff\r\nContent-Length: 0\r\n"
        b"User-Agent: \xff\xfe\r\nAuthorization: %b a\xff\xfe\xed\xa0\x80=\r\n\r\n" % scheme
    )
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()


async def left(unit: Unit, sent: bytes, times: int) -> None:
    """Ask without reading what is answered, until the connection is ended."""
    server = unit.client.server
    assert server.runner is not None
    handlers = server.runner.server
    assert handlers is not None
    head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nAuthorization: {basic()['Authorization']}\r\n"
    head += f"Content-Length: {len(sent)}\r\n\r\n"
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, (server.host, server.port))
    await loop.sock_sendall(made, (head.encode() + sent) * times)
    async with asyncio.timeout(5):
        while len(handlers.connections) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        while len(handlers.connections) > 1:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    made.close()


async def test_who_does_not_read_an_answer_is_left(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "WRITE_LIMIT", 0.3)
    listed = await unit.ask(find())
    sent = ENVELOPE.format(body=get(*ids(listed)[:1] * 1000), header="")
    await left(unit, sent.encode(), 6)


async def test_who_does_not_read_a_stream_is_left(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "WRITE_LIMIT", 0.3)
    monkeypatch.setattr(streams, "_OPEN", b" " * (16 << 20))
    answer = await unit.ask(
        "<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>"
        '<t:DistinguishedFolderId Id="calendar"/></t:FolderIds><t:EventTypes>'
        "<t:EventType>CreatedEvent</t:EventType></t:EventTypes>"
        "</m:StreamingSubscriptionRequest></m:Subscribe>"
    )
    id_ = next(answer.iter(f"{M}SubscriptionId")).text
    body = (
        "<m:GetStreamingEvents><m:SubscriptionIds>"
        f"<t:SubscriptionId>{id_}</t:SubscriptionId></m:SubscriptionIds>"
        "<m:ConnectionTimeout>30</m:ConnectionTimeout></m:GetStreamingEvents>"
    )
    await left(unit, ENVELOPE.format(body=body, header="").encode(), 1)
