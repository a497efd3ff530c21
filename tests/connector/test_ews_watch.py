"""Hearing of changes from the simulated Exchange Server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Denied, Malformed
from connector.outside import Outside
from connector.secret import Secret
from connector.simulators.exchange import USERNAME, Exchange
from connector.simulators.exchange.faults import kinds
from connector.source import CalendarSource
from connector.sources.ews import group as grouping
from connector.sources.ews import stream, streaming
from connector.sources.ews.soap import MESSAGES, Message, parse
from connector.sources.ews.streaming import Sensor, StreamingCalendar
from connector.watching import Watching
from tests.connector.source_contract import HOUR, WINDOW
from tests.fakes.exchange import (
    PASSWORD,
    Kestrel,
    calendar,
    connected,
    exchange,
    server,
    source,
)
from tests.fakes.sources import room
from tests.fakes.virtual import NOON
from tests.fakes.watch import FakeWatch

__all__ = ["calendar", "exchange", "server", "source"]  # fixtures


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another at once."""
    monkeypatch.setattr(grouping, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(grouping, "LONGEST_WAIT", 0.02)


@asynccontextmanager
async def watching(source: CalendarSource, watch: FakeWatch) -> AsyncIterator[None]:
    """The source watches meanwhile."""
    assert isinstance(source, Watching)
    task = asyncio.create_task(source.watch(watch))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


@pytest.fixture
def watch() -> FakeWatch:
    return FakeWatch(room())


async def test_a_change_is_heard_of(
    source: CalendarSource, calendar: Kestrel, watch: FakeWatch
) -> None:
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        before = watch.hinted("kestrel")
        meeting = calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)
        before = watch.hinted("kestrel")
        calendar.remove(meeting)
        await watch.until(lambda: watch.hinted("kestrel") > before)
    assert watch.failures == []
    assert "kestrel" in watch.beyonds


async def test_each_room_hears_of_its_own_changes(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    merlin = exchange.add_mailbox("merlin@example.com", name="Merlin")
    watch = FakeWatch(room(), room("merlin"))
    async with watching(source, watch):
        await watch.until(lambda: sum(watch.coverage.values()) == 2)
        kestrel_before, merlin_before = watch.hinted("kestrel"), watch.hinted("merlin")
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > kestrel_before)
        assert watch.hinted("merlin") == merlin_before
    assert merlin.address == "merlin@example.com"


async def test_rooms_of_a_group_keep_to_one_server(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_mailbox("merlin@example.com", name="Merlin")
    watch = FakeWatch(room(), room("merlin"))
    async with watching(source, watch):
        await watch.until(lambda: sum(watch.coverage.values()) == 2)
    first, second = exchange.journal.requests(operation="Subscribe")
    (listening,) = exchange.journal.requests(operation="GetStreamingEvents")
    assert first.anchor == second.anchor == listening.anchor == "kestrel@example.com"
    assert "cookie" not in first.affinity
    assert "cookie=sim01.example.com~1941996295" in second.affinity
    assert "cookie=sim01.example.com~1941996295" in listening.affinity
    assert {one.affinity.split()[0] for one in (first, second, listening)} == {
        "X-PreferServerAffinity=true"
    }


async def test_many_rooms_are_watched_in_groups_of_200(
    source: CalendarSource, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "GROUP", 3)
    names = [f"room-{number}" for number in range(7)]
    for name in names:
        exchange.add_mailbox(f"{name}@example.com")
    watch = FakeWatch(*(room(name) for name in names))
    async with watching(source, watch):
        await watch.until(lambda: sum(watch.coverage.values()) == 7)
        assert len(exchange.subscriptions.streams) == 3
        await source.fetch(room("room-0"), WINDOW)  # streams leave queries their connections
    assert grouping.GROUP == 200


async def test_rooms_that_come_and_go_are_watched_as_they_do(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    merlin = exchange.add_mailbox("merlin@example.com", name="Merlin")
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        watch.arrange(room(), room("merlin"))
        await watch.until(lambda: watch.coverage.get("merlin"))
        assert len(exchange.journal.requests(operation="Subscribe")) == 2, "kestrel's goes on"
        watch.arrange(room("merlin"))
        await asyncio.sleep(0)
        before = watch.hinted("merlin")
        merlin.add(calendar.mailbox.get(calendar.add("Review", NOON, NOON + HOUR)).meeting)
        await watch.until(lambda: watch.hinted("merlin") > before)


@pytest.mark.fault("ews_subscription_lost")
async def test_a_lost_subscription_is_made_anew_and_the_room_read(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_mailbox("merlin@example.com", name="Merlin")
    watch = FakeWatch(room(), room("merlin"))
    async with watching(source, watch):
        await watch.until(lambda: sum(watch.coverage.values()) == 2)
        before = watch.hinted("kestrel")
        exchange.subscriptions.drop("kestrel@example.com")
        await watch.until(lambda: not watch.coverage["kestrel"])
        await watch.until(lambda: watch.coverage["kestrel"])
        assert watch.hinted("kestrel") > before, "what was missed is read"
        before = watch.hinted("kestrel")
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)
    assert len(exchange.journal.requests("merlin@example.com", "Subscribe")) == 1


@pytest.mark.fault("ews_subscription_lost")
async def test_a_restart_of_the_server_loses_nothing(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        exchange.restart()
        await watch.until(lambda: not watch.coverage["kestrel"])
        await watch.until(lambda: watch.coverage["kestrel"])
        before = watch.hinted("kestrel")
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)
    assert [error.reason for _, error in watch.failures] == ["broken_off"]
    assert watch.wells


async def test_a_room_without_rights_leaves_the_others_watched(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    exchange.add_mailbox("boss@example.com")
    exchange.add_user(USERNAME, PASSWORD, impersonates=["kestrel@example.com"])
    watch = FakeWatch(room(), room("boss"))
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        assert watch.coverage["boss"] is False


async def test_a_storm_of_events_is_heard_as_few_hints(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    exchange.subscriptions.repeats = 50
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        before = watch.hinted("kestrel")
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)
    assert watch.hinted("kestrel") <= before + 2


async def test_the_end_of_a_connection_s_time_keeps_the_subscriptions(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        exchange.offset += timedelta(minutes=29, seconds=30)
        exchange.subscriptions.stir()
        await watch.until(lambda: len(watch.wells) == 2)
        before = watch.hinted("kestrel")
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)
    assert len(exchange.journal.requests(operation="Subscribe")) == 1
    assert watch.failures == []


async def test_polling_needs_no_watch(
    outside: Outside, server: TestServer, calendar: Kestrel
) -> None:
    async with connected(outside, server, notifications="poll") as opened:
        assert not isinstance(opened, Watching)
        assert list(await opened.fetch(room(), WINDOW)) == []


# --- the slow look


@pytest.fixture
def sensor(source: CalendarSource, watch: FakeWatch) -> Sensor:
    assert isinstance(source, StreamingCalendar)
    return Sensor(source.line, watch)


async def test_a_silent_loss_is_found_by_the_slow_look(
    sensor: Sensor, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    await sensor.look(room())
    assert watch.hinted("kestrel") == 1, "where it stood before is not known"
    await sensor.look(room())
    assert watch.hinted("kestrel") == 1
    exchange.subscriptions.silent = True
    calendar.add("Review", NOON, NOON + HOUR)
    await sensor.look(room())
    assert watch.hinted("kestrel") == 2
    await sensor.look(room())
    assert watch.hinted("kestrel") == 2


async def test_a_mark_that_was_not_committed_is_told_again(
    sensor: Sensor, calendar: Kestrel, watch: FakeWatch
) -> None:
    await sensor.look(room())
    watch.commits = False
    calendar.add("Review", NOON, NOON + HOUR)
    await sensor.look(room())
    await sensor.look(room())
    assert watch.hinted("kestrel") == 3


async def test_a_thousand_items_are_looked_at_in_few_answers(
    sensor: Sensor, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    for number in range(1100):
        calendar.add(f"{number}", NOON, NOON + HOUR)
    await sensor.look(room())
    assert len(exchange.journal.requests(operation="SyncFolderItems")) == 3
    await sensor.look(room())
    assert watch.hinted("kestrel") == 1


@pytest.mark.fault("ews_sync_state")
async def test_a_state_that_the_server_forgot_begins_anew(
    sensor: Sensor, calendar: Kestrel, watch: FakeWatch
) -> None:
    calendar.add("Review", NOON, NOON + HOUR)
    watch.marks["kestrel"] = b"H4sIAAAA-truncated"
    await sensor.look(room())
    assert watch.kept == [("kestrel", None)]
    assert watch.hinted("kestrel") == 1
    assert watch.marks["kestrel"] not in {b"", b"H4sIAAAA-truncated"}
    await sensor.look(room())
    assert watch.hinted("kestrel") == 1


# --- the stream's bytes


def cut(whole: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield whole[at : at + size]
        at += size
    yield whole[at:]


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 5))
def test_documents_are_found_wherever_the_stream_is_cut(sizes: list[int], many: int) -> None:
    one = b'<?xml version="1.0"?>\r\n<soap11:Envelope xmlns:soap11="x">\xe2\x82\xac</soap11:Envelope >'
    found = list(stream.documents(cut(one * many + b"\r\n", sizes)))
    assert found == [one] * many


def test_a_document_that_never_ends_is_given_up() -> None:
    with pytest.raises(Exception, match="never ends"):
        list(stream.documents(b"<a>" + b"x" * (1 << 20) for _ in range(20)))


LOST = [
    "ErrorSubscriptionNotFound",
    "ErrorInvalidWatermark",
    "ErrorMissedNotificationEvents",
    "ErrorReadEventsFailed",
    "ErrorProxyRequestNotAllowed",
    "ErrorMailboxMoveInProgress",
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxFailover",
]


@pytest.mark.fault("ews_subscription_lost")
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("code", LOST)
async def test_whatever_ends_subscriptions_new_ones_are_made(
    source: CalendarSource,
    exchange: Exchange,
    calendar: Kestrel,
    watch: FakeWatch,
    code: str,
    status: Any,
) -> None:
    fault = kinds.Error(code=code, status=status, operation="GetStreamingEvents", times=1)
    exchange.faults.add(fault)
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        assert len(exchange.journal.requests(operation="Subscribe")) == 2
        before = watch.hinted("kestrel")
        assert before >= 2, "the room is read again"
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)


@pytest.mark.fault("ews_busy")
@pytest.mark.parametrize("operation", ["Subscribe", "GetStreamingEvents"])
async def test_a_busy_server_is_left_alone_and_watched_again(
    source: CalendarSource,
    exchange: Exchange,
    calendar: Kestrel,
    watch: FakeWatch,
    operation: str,
) -> None:
    busy = kinds.Error(code="ErrorServerBusy", back_off=200, operation=operation, times=1)
    exchange.faults.add(busy)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
    assert loop.time() - began > 0.2
    assert [error.reason for _, error in watch.failures] == ["throttled"]


async def test_more_connections_than_the_server_allows_are_said_to_fail(
    source: CalendarSource, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "GROUP", 1)
    exchange.hanging_limit = 1
    for name in ("kestrel", "merlin"):
        exchange.add_mailbox(f"{name}@example.com")
    watch = FakeWatch(room(), room("merlin"))
    async with watching(source, watch):
        await watch.until(lambda: watch.failures and any(watch.coverage.values()))
        assert {error.reason for _, error in watch.failures} == {"throttled"}
        await source.fetch(room("merlin"), WINDOW)


async def test_a_wrong_password_is_not_sent_by_the_streams_either(
    outside: Outside, server: TestServer, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    wrong = connected(outside, server, password=Secret("wrong"))
    async with wrong as opened, watching(opened, watch):
        await watch.until(lambda: watch.failures)
        with pytest.raises(Denied):
            await opened.fetch(room(), WINDOW)
    assert exchange.people.get(USERNAME).wrong == 1


@pytest.mark.parametrize("auth", ["ntlm"])
async def test_streams_sign_in_like_reads(
    outside: Outside,
    server: TestServer,
    exchange: Exchange,
    calendar: Kestrel,
    watch: FakeWatch,
    auth: str,
) -> None:
    async with connected(outside, server, auth=auth) as opened, watching(opened, watch):
        await watch.until(lambda: watch.coverage.get("kestrel"))
        before = watch.hinted("kestrel")
        calendar.add("Review", NOON, NOON + HOUR)
        await watch.until(lambda: watch.hinted("kestrel") > before)
    assert watch.failures == []


async def test_a_group_that_may_not_be_watched_says_why_and_is_tried_again(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    exchange.add_user(USERNAME, PASSWORD)
    async with watching(source, watch):
        await watch.until(lambda: len(watch.failures) > 4)
        assert {error.reason for _, error in watch.failures} == {"access_denied"}
        exchange.add_user(USERNAME, PASSWORD, impersonates="all")
        await watch.until(lambda: watch.coverage.get("kestrel"))


async def test_a_room_whose_subscription_gets_no_answer_uncovers_no_other(
    source: CalendarSource, exchange: Exchange, calendar: Kestrel
) -> None:
    for name in ("heron", "merlin"):
        exchange.add_mailbox(f"{name}@example.com")
    exchange.faults.add(kinds.Truncated(mailbox="heron@example.com", operation="Subscribe"))
    watch = FakeWatch(room("heron"), room(), room("merlin"))
    async with watching(source, watch):
        await watch.until(lambda: watch.coverage.get("kestrel") and watch.coverage.get("merlin"))
        assert not watch.coverage.get("heron")
        assert {name for name, _ in watch.failures} == {"heron"}


@pytest.mark.parametrize("name", ["", "<m:SubscriptionId/>"])
def test_a_subscription_has_a_name(name: str) -> None:
    message = (
        f'<m:SubscribeResponseMessage xmlns:m="{MESSAGES}">{name}</m:SubscribeResponseMessage>'
    )
    with pytest.raises(Malformed):
        grouping._subscription([Message(parse(message.encode()), None)])


async def test_a_stream_that_falls_over_ends_the_watch_and_is_not_forgotten(
    source: CalendarSource,
    calendar: Kestrel,
    watch: FakeWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(stream, "documents", broken)
    assert isinstance(source, Watching)
    async with asyncio.timeout(5):
        with pytest.raises(ExceptionGroup):
            await source.watch(watch)


async def test_a_look_that_fails_is_said_of_its_room_until_it_works(
    sensor: Sensor, exchange: Exchange, calendar: Kestrel, watch: FakeWatch
) -> None:
    exchange.faults.add(kinds.Error(code="ErrorMailboxStoreUnavailable", times=1))
    await sensor.look(room())
    assert [(name, error.reason) for name, error in watch.failures] == [
        ("kestrel", "service_error")
    ]
    assert watch.hints == []
    await sensor.look(room())
    await sensor.look(room())
    assert watch.wells == ["kestrel"]
