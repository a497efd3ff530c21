"""What goes wrong at the simulated Exchange when it is told to."""

from typing import Any

import msgspec
import pytest
from aiohttp import ClientPayloadError
from lxml import etree

from connector.simulators.exchange.faults import Fault
from connector.simulators.exchange.faults.content import ODDITIES
from connector.simulators.exchange.faults.kinds import (
    AnyFault,
    Bomb,
    Deep,
    Dropped,
    Empty,
    Error,
    ExternalEntity,
    HugeBody,
    LogonRefused,
    OddItems,
    Oversized,
    PartialView,
    Portal,
    Redirect,
    Slow,
    Status,
    Truncated,
)

from .exchange_server import ADA, KESTREL, SERVICE, asking, meeting

CODES = [
    "ErrorServerBusy",
    "ErrorExceededConnectionCount",
    "ErrorExceededSubscriptionCount",
    "ErrorSubscriptionNotFound",
    "ErrorInvalidWatermark",
    "ErrorMissedNotificationEvents",
    "ErrorReadEventsFailed",
    "ErrorProxyRequestNotAllowed",
    "ErrorInvalidSyncStateData",
    "ErrorMailboxMoveInProgress",
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxFailover",
    "ErrorImpersonateUserDenied",
    "ErrorNonExistentMailbox",
    "ErrorCalendarViewRangeTooBig",
]
"""Every row of the table of errors."""


@pytest.mark.parametrize("code", CODES)
async def test_every_error_comes_as_a_fault_and_inside_an_answer(code: str) -> None:
    async with asking() as caller:
        caller.exchange.faults.add(Error(code=code, times=1))
        outer = await caller.view()
        assert (outer.status, outer.code) == (500, code)
        assert outer.texts("faultcode") == [f"a:{code}"]
        caller.exchange.faults.add(Error(code=code, status=200, times=1))
        inner = await caller.view()
        assert (inner.status, inner.code) == (200, code)
        assert (await caller.view()).code == "NoError"
        assert caller.exchange.journal.counts.by_code == {code: 2, "NoError": 1}


@pytest.mark.parametrize("status", [200, 500])
async def test_a_busy_server_says_how_long(status: Any) -> None:
    async with asking() as caller:
        caller.exchange.faults.add(Error(back_off=5000, status=status))
        answer = await caller.view()
        value = answer.root.find(".//{*}MessageXml/{*}Value")
        assert value is not None
        assert (value.get("Name"), value.text) == ("BackOffMilliseconds", "5000")


async def test_a_fault_concerns_one_mailbox_and_operation() -> None:
    async with asking() as caller:
        caller.exchange.faults.add(Error(mailbox=KESTREL, operation="FindItem"))
        assert (await caller.view()).status == 500
        assert (await caller.sync()).status == 200
        caller.impersonated = ADA
        assert (await caller.view()).status == 200
        caller.exchange.faults.clear()


async def test_pages_instead_of_soap() -> None:
    async with asking() as caller:
        for fault, status in ((Status(retry_after=30), 503), (Portal(), 200), (Redirect(), 302)):
            caller.exchange.faults.add(msgspec.structs.replace(fault, times=1))
            answer = await caller.view()
            assert answer.status == status
            assert not answer.headers.get("Content-Type", "").startswith("text/xml")
        assert (await caller.view()).status == 200


async def test_a_refused_logon_counts_towards_no_lock_out() -> None:
    async with asking() as caller:
        caller.exchange.faults.add(LogonRefused(times=20))
        for _ in range(20):
            assert (await caller.view()).status == 401
        assert (await caller.view()).status == 200
        assert caller.exchange.people.get(SERVICE).wrong == 0


async def test_a_slow_answer_takes_as_long_as_it_was_told() -> None:
    async with asking() as caller:
        caller.exchange.faults.add(Slow(seconds=90))
        assert (await caller.view()).status == 200
        assert caller.clock.slept == [90]


@pytest.mark.parametrize("fault", [Truncated(), Bomb(), Deep()])
async def test_xml_that_no_client_should_read(fault: Fault) -> None:
    async with asking() as caller:
        caller.exchange.faults.add(fault)
        answer = await caller.view()
        assert answer.status == 200
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(answer.body)


async def test_an_entity_that_reads_a_file_is_named_and_not_read() -> None:
    async with asking() as caller:
        caller.exchange.faults.add(ExternalEntity())
        assert b'SYSTEM "file:///etc/passwd"' in (await caller.view()).body


async def test_huge_answers() -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting(body="<p>Hello</p>"))
        caller.exchange.faults.add(HugeBody(mebibytes=2, times=1))
        assert len((await caller.get(event.id)).body) > 2_000_000
        caller.exchange.faults.add(Oversized(mebibytes=3, times=1))
        answer = await caller.view()
        assert len(answer.body) > 3_000_000
        assert answer.code == "NoError"


async def test_a_connection_that_breaks() -> None:
    async with asking() as caller:
        caller.exchange.faults.add(Dropped())
        with pytest.raises(ClientPayloadError):
            await caller.view()


async def test_an_empty_and_a_partial_window() -> None:
    async with asking() as caller:
        for hour in (9, 10, 11):
            caller.kestrel.add(meeting(hour=hour))
        caller.exchange.faults.add(Empty(times=1))
        assert (await caller.view()).subjects == []
        caller.exchange.faults.add(PartialView(most=2, times=1))
        answer = await caller.view()
        assert len(answer.subjects) == 2
        assert b'IncludesLastItemInRange="false"' in answer.body


@pytest.mark.parametrize("oddity", ODDITIES)
async def test_odd_items_differ_from_sound_ones(oddity: str) -> None:
    async with asking() as caller:
        event = caller.kestrel.add(meeting())
        other = caller.kestrel.add(meeting("Other"))
        sound = await caller.get(event.id)
        caller.exchange.faults.add(OddItems(oddity=oddity, item=event.id))
        assert (await caller.get(event.id)).body != sound.body
        assert (await caller.get(other.id)).subjects == ["Other"]


def test_an_oddity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such oddity"):
        OddItems(oddity="round")


def test_every_fault_has_a_form_in_json() -> None:
    raw = msgspec.json.encode(Error(code="ErrorServerBusy", back_off=5))
    assert msgspec.json.decode(raw, type=AnyFault) == Error(code="ErrorServerBusy", back_off=5)


async def test_too_many_requests_at_once_make_the_server_busy() -> None:
    async with asking() as caller:
        caller.exchange.concurrency_limit = 0
        answer = await caller.view()
        assert answer.code == "ErrorServerBusy"
        assert b"BackOffMilliseconds" in answer.body
