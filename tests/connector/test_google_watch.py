"""Learning of changes at Google: sync tokens and channels, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from connector.errors import Malformed, Unavailable
from connector.meter import Meter
from connector.outside import open_outside
from connector.simulators.google import ACCOUNT, Fault, Workspace, app
from connector.sources.google import PER_MINUTE
from connector.sources.google.calendar import GoogleCalendar
from connector.sources.google.channels import _ends, _Opened
from connector.watching import Call, Reply
from rooms.model import Window
from tests.connector import google_site
from tests.connector.google_site import Kestrel, connected
from tests.connector.source_contract import HOUR
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, VirtualClock, in_virtual_time
from tests.fakes.watch import FakeWatch

EVERY = 900.0


@dataclass
class Site:
    """A workspace, a source on it that watches, and where it would be called."""

    workspace: Workspace
    calendar: Kestrel
    source: GoogleCalendar
    watch: FakeWatch
    meter: Meter
    calls: list[Call]
    replies: list[Reply]

    def mark(self) -> str:
        return str(msgspec.json.decode(self.watch.marks["kestrel"])[0])

    async def pass_by(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def hook(site: list[Site]) -> AsyncIterator[URL]:
    """Where Google calls: hands what comes to the source, as the appliance does."""

    async def take(request: web.Request) -> web.Response:
        call = Call(
            query=dict(request.query),
            headers={key.lower(): value for key, value in request.headers.items()},
            body=await request.read(),
        )
        reply = site[0].source.notified(call)
        site[0].calls.append(call)
        site[0].replies.append(reply)
        return web.Response(status=reply.status)

    application = web.Application()
    application.router.add_post("/hooks/google/workspace", take)
    server = TestServer(application)
    async with server:
        yield server.make_url("/hooks/google/workspace")


@asynccontextmanager
async def watched(*, webhook: bool = False, reachable: bool = True) -> AsyncIterator[Site]:
    made: list[Site] = []
    clock = VirtualClock()
    workspace = google_site.workspace(clock)
    workspace.sleep = asyncio.sleep
    server = TestServer(app(workspace))
    more = {"notifications": "webhook"} if webhook else {}
    async with (
        server,
        hook(made) as address,
        open_outside(clock) as outside,
        connected(outside, server, workspace, **more) as source,
    ):
        assert isinstance(source, GoogleCalendar)
        watch = FakeWatch(room(), hook=address if webhook and reachable else None)
        made.append(Site(workspace, Kestrel(workspace), source, watch, outside.meter, [], []))
        task = asyncio.create_task(source.watch(watch))
        try:
            yield made[0]
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def run(work: Callable[[Site], Awaitable[None]], *, webhook: bool = False) -> None:
    async def inside() -> None:
        async with watched(webhook=webhook) as site:
            await work(site)

    in_virtual_time(inside())


async def begun(site: Site) -> None:
    """Until the first round has found where to begin."""
    await site.watch.until(lambda: site.watch.marks, 60)
    site.watch.hints.clear()
    site.watch.beyonds.clear()


def test_the_first_round_has_the_room_read_once() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.marks, 60)
        assert site.watch.hinted("kestrel") == 1
        await site.pass_by(4 * EVERY)
        assert site.watch.hinted("kestrel") == 1
        assert site.watch.coverage == {"kestrel": False}
        assert not site.watch.failures

    run(work)


@pytest.mark.parametrize("change", ["add", "edit", "delete", "occurrence"])
def test_a_change_is_a_hint_with_its_mark(change: str) -> None:
    async def work(site: Site) -> None:
        calendar = site.calendar
        meeting = calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR)
        series = calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=5)
        await begun(site)
        before = site.mark()
        if change == "add":
            calendar.add("New", NOON + HOUR, NOON + 2 * HOUR)
        elif change == "edit":
            calendar.move(meeting, NOON + 3 * HOUR)
        elif change == "delete":
            calendar.remove(meeting)
        else:
            calendar.change_occurrence(series, 2, cancelled=True)
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)
        assert site.mark() != before
        await site.pass_by(3 * EVERY)
        assert site.watch.hinted("kestrel") == 1, "one hint, one read"

    run(work)


def test_a_mark_that_was_not_committed_is_told_again() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.watch.commits = False
        site.calendar.add("New", NOON + HOUR, NOON + 2 * HOUR)
        await site.watch.until(lambda: site.watch.hinted("kestrel") == 2, 3 * EVERY)
        site.watch.commit("kestrel")
        await site.pass_by(3 * EVERY)
        assert site.watch.hinted("kestrel") == 2

    run(work)


def test_what_changed_far_ahead_is_told_to_be_beyond() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.calendar.add("Soon", NOON + 3 * HOUR, NOON + 4 * HOUR)
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)
        assert site.watch.beyonds == []
        later = NOON + timedelta(days=300)
        site.calendar.add("Later", later, later + HOUR)
        await site.watch.until(lambda: site.watch.beyonds, EVERY + 60)

    run(work)


@pytest.mark.fault("google_gone")
def test_a_lost_sync_token_costs_one_read_and_no_data() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.calendar.calendar.expire_sync_tokens()
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)
        assert ("kestrel", None) in site.watch.kept
        assert site.watch.marks
        assert not site.watch.failures
        await site.pass_by(3 * EVERY)
        assert site.watch.hinted("kestrel") == 1

    run(work)


@pytest.mark.fault("google_gone")
def test_a_sync_token_that_is_always_too_old_does_not_storm() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.workspace.faults.add(Fault(kind="sync_expired"))
        before = len(site.workspace.journal.requests())
        await site.pass_by(8 * EVERY)
        assert len(site.workspace.journal.requests()) - before < 30

    run(work)


@pytest.mark.fault("google_no_token")
def test_a_round_without_a_sync_token_has_failed() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        before = site.mark()
        site.workspace.faults.add(Fault(kind="no_sync_token"))
        site.calendar.add("New", NOON + HOUR, NOON + 2 * HOUR)
        await site.watch.until(lambda: site.watch.failures, EVERY + 60)
        name, error = site.watch.failures[0]
        assert (name, error.reason) == ("kestrel", "sync_incomplete")
        assert isinstance(error, Malformed)
        assert site.mark() == before
        site.workspace.faults.clear()
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)
        assert "kestrel" in site.watch.wells

    run(work)


@pytest.mark.fault("google_cancelled_exception")
def test_odd_changes_are_changes() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.workspace.faults.add(Fault(kind="odd_items", times=1))
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)
        assert site.watch.beyonds
        assert not site.watch.failures

    run(work)


def test_a_quota_slows_the_watch_down() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.workspace.faults.add(
            Fault(
                kind="status",
                status=403,
                reason="rateLimitExceeded",
                domain="usageLimits",
                retry_after="1200",
            )
        )
        await site.watch.until(lambda: site.watch.failures, EVERY + 60)
        _, error = site.watch.failures[0]
        assert isinstance(error, Unavailable)
        asked = len(site.workspace.journal.requests())
        await site.pass_by(1100)
        assert len(site.workspace.journal.requests()) == asked

    run(work)


def test_a_room_with_another_mailbox_begins_anew() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.calendar.readdress("kestrel-2@example.com")
        site.watch.arrange(room(mailbox="kestrel-2@example.com"))
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)
        assert msgspec.json.decode(site.watch.marks["kestrel"])[1] == "kestrel-2@example.com"

    run(work)


def test_rooms_come_and_go() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        site.workspace.add_room("heron@example.com", shared_with=[ACCOUNT])
        site.watch.arrange(room("heron"))
        await site.watch.until(lambda: site.watch.hinted("heron"), 60)
        site.workspace.journal.clear()
        await site.pass_by(3 * EVERY)
        asked = {one.calendar for one in site.workspace.journal.requests()}
        assert asked == {"heron@example.com"}

    run(work)


@pytest.mark.fault("google_conference")
def test_a_room_is_read_again_while_its_online_meeting_is_being_made() -> None:
    async def work(site: Site) -> None:
        pending = {"createRequest": {"requestId": "1", "status": {"statusCode": "pending"}}}
        meeting = site.calendar.add("Call", NOON + HOUR, NOON + 2 * HOUR, conferenceData=pending)
        await begun(site)
        window = Window(start=NOON, end=NOON + timedelta(days=1))
        for _ in range(9):
            await site.source.fetch(room(), window)
            await site.pass_by(300)
        assert site.watch.hinted("kestrel") == 5, "not for ever"
        ready = {"entryPoints": [{"entryPointType": "video", "uri": "https://zoom.us/j/1"}]}
        site.calendar.calendar.edit(meeting, conferenceData=ready)
        (event,) = await site.source.fetch(room(), window)
        assert event.online_url

    run(work)


def test_a_channel_covers_its_room_once_google_has_called() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        (call,) = site.calls
        assert call.headers["x-goog-resource-state"] == "sync"
        assert call.body == b""
        assert site.replies == [Reply(status=204)]
        assert site.meter.told == {"taken": 1}

    run(work, webhook=True)


def test_a_message_is_a_hint_within_seconds() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        await begun(site)
        site.calendar.add("New", NOON + HOUR, NOON + 2 * HOUR)
        await site.watch.until(lambda: site.watch.hints, 10)
        assert site.mark()

    run(work, webhook=True)


@pytest.mark.fault("hook_silent")
def test_messages_that_are_lost_cost_an_interval() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        await begun(site)
        site.workspace.channels.drop_share = 1.0
        site.calendar.add("New", NOON + HOUR, NOON + 2 * HOUR)
        await site.watch.until(lambda: site.watch.hints, 17 * EVERY)
        assert site.workspace.channels.dropped == 1

    run(work, webhook=True)


def test_a_channel_is_renewed_with_an_overlap() -> None:
    async def work(site: Site) -> None:
        channels = site.workspace.channels
        channels.life = timedelta(hours=10)
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        (first,) = channels.all()
        for _ in range(12 * 60):
            await site.pass_by(60)
            assert channels.all(), "there is always one"
        (second,) = channels.all()
        assert second.id != first.id
        assert site.watch.coverage == {"kestrel": True}
        asked = [one.path.rpartition("/")[2] for one in site.workspace.journal.requests()]
        assert [one for one in asked if one in {"watch", "stop"}] == ["watch", "watch", "stop"]
        assert [state for _, state, _ in channels.delivered] == ["sync", "sync"]

    run(work, webhook=True)


def test_a_channel_that_ended_covers_no_longer() -> None:
    async def work(site: Site) -> None:
        site.workspace.channels.life = timedelta(hours=2)
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        site.workspace.faults.add(Fault(kind="status", at="channels"))
        await site.watch.until(lambda: not site.watch.coverage["kestrel"], 3 * 3600)
        assert site.watch.failures
        site.workspace.faults.clear()
        await site.watch.until(lambda: site.watch.coverage["kestrel"], 3600)

    run(work, webhook=True)


def test_google_that_cannot_reach_the_appliance_covers_nothing() -> None:
    async def work(site: Site) -> None:
        site.workspace.channels.drop_share = 1.0
        site.workspace.channels.plain_http = False
        await begun(site)
        await site.pass_by(EVERY)
        assert site.watch.coverage == {"kestrel": False}
        assert {error.reason for _, error in site.watch.failures} == {"request_refused"}

    run(work, webhook=True)


@pytest.mark.fault("hook_forged")
def test_messages_that_prove_nothing_are_dropped() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        await begun(site)
        true = dict(site.calls[0].headers) | {"x-goog-resource-state": "exists"}
        before = len(site.workspace.journal.requests())
        for wrong in (
            {"x-goog-channel-token": "guessed"},
            {"x-goog-channel-token": "gues\xe9"},
            {"x-goog-channel-token": ""},
            {"x-goog-channel-token": "\udcff"},
            {"x-goog-channel-id": "unknown"},
            {"x-goog-resource-state": "deleted"},
            {"x-goog-channel-id": ""},
        ):
            reply = site.source.notified(Call(query={}, headers=true | wrong, body=b""))
            assert reply.status == 204
        site.source.notified(Call(query={}, headers={}, body=b"x" * 1000))
        await site.pass_by(60)
        assert len(site.workspace.journal.requests()) == before
        assert site.meter.told == {"taken": 1, "forged": 4, "unknown": 1, "malformed": 3}

    run(work, webhook=True)


@pytest.mark.fault("hook_forged")
def test_a_flood_of_messages_is_a_round_every_few_seconds() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        await begun(site)
        headers = dict(site.calls[0].headers) | {"x-goog-resource-state": "exists"}
        before = len(site.workspace.journal.requests())
        for _ in range(600):
            site.source.notified(Call(query={}, headers=headers, body=b""))
            await site.pass_by(0.1)
        assert len(site.workspace.journal.requests()) - before <= 14
        assert site.watch.hints == []

    run(work, webhook=True)


def test_google_that_never_calls_is_told() -> None:
    async def work(site: Site) -> None:
        site.workspace.channels.delay = 3 * EVERY
        await site.watch.until(lambda: site.watch.failures, 2 * EVERY)
        assert {error.reason for _, error in site.watch.failures} == {"hook_unreachable"}
        assert site.watch.coverage == {"kestrel": False}
        await site.watch.until(lambda: site.watch.coverage["kestrel"], 3 * EVERY)
        site.watch.failures.clear()
        site.watch.wells.clear()
        await site.watch.until(lambda: None in site.watch.wells, 17 * EVERY)
        assert not site.watch.failures

    run(work, webhook=True)


def test_a_watch_without_an_address_says_so_and_looks_all_the_same() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        assert [error.reason for _, error in site.watch.failures] == ["hook_missing"]
        assert None not in site.watch.wells
        site.calendar.add("New", NOON + HOUR, NOON + 2 * HOUR)
        await site.watch.until(lambda: site.watch.hints, EVERY + 60)

    async def inside() -> None:
        async with watched(webhook=True, reachable=False) as site:
            await work(site)

    in_virtual_time(inside())


def test_what_concerns_every_room_is_not_asked_by_every_room() -> None:
    async def work(site: Site) -> None:
        await begun(site)
        names = [f"room-{number}" for number in range(40)]
        for name in names:
            site.workspace.add_room(f"{name}@example.com", shared_with=[ACCOUNT])
        site.workspace.accounts.clear()
        site.workspace.revoke_tokens()
        before = len(site.workspace.journal.requests())
        site.watch.arrange(*(room(name) for name in names))
        await site.pass_by(600)
        assert len(site.workspace.journal.requests()) - before < 11 * 8 + 8
        assert {name for name, _ in site.watch.failures} == {None}
        site.workspace.add_service_account()
        await site.watch.until(lambda: len(site.watch.marks) == 41, 2 * EVERY)

    run(work)


def test_the_channel_of_a_room_that_left_is_stopped() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        site.watch.arrange()
        await site.pass_by(1)
        assert site.workspace.channels.all() == []

    run(work, webhook=True)


def test_an_older_channel_is_stopped_soon_after_the_younger_one_was_heard() -> None:
    async def work(site: Site) -> None:
        channels = site.workspace.channels
        channels.life = timedelta(hours=10)
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        (first,) = channels.all()
        channels.delay = 300
        both = 0
        while first in channels.all():
            await site.pass_by(60)
            both += len(channels.all()) == 2
        assert 4 <= both <= 6, "they overlap until the younger one is heard"
        assert site.watch.coverage == {"kestrel": True}

    run(work, webhook=True)


def test_a_start_with_many_rooms_stays_within_the_quota_of_a_minute() -> None:
    async def work(site: Site) -> None:
        names = [f"room-{number}" for number in range(400)]
        for name in names:
            site.workspace.add_room(f"{name}@example.com", shared_with=[ACCOUNT])
        site.watch.arrange(*(room(name) for name in names))
        await site.watch.until(lambda: sum(site.watch.coverage.values()) == 400, 300)
        times = [one.time for one in site.workspace.journal.requests()]
        minute = timedelta(minutes=1)
        busiest = max(sum(at <= one < at + minute for one in times) for at in times)
        assert busiest <= PER_MINUTE / 2
        before = len(times)
        await site.pass_by(3 * 3600)
        asked = len(site.workspace.journal.requests()) - before
        assert asked <= 400 + 3, "one more round each, then silence"

    run(work, webhook=True)


def test_channels_are_stopped_at_the_end() -> None:
    async def work() -> None:
        async with watched(webhook=True) as site:
            await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
            assert site.workspace.channels.all()
        assert site.workspace.channels.all() == []

    in_virtual_time(work())


def test_a_room_that_leaves_while_channels_are_stopped_ends_nothing() -> None:
    async def work(site: Site) -> None:
        await site.watch.until(lambda: site.watch.coverage.get("kestrel"), 60)
        stop = site.source._watcher._channels.stop

        async def slow(*given: Any) -> None:
            site.watch.arrange()
            site.source._watcher._channels.stop = stop  # type: ignore[method-assign]
            await stop(*given)

        site.source._watcher._channels.stop = slow  # type: ignore[assignment, method-assign]
        site.workspace.add_room("heron@example.com", shared_with=[ACCOUNT])
        site.watch.arrange(room("heron"))
        site.source._watcher._due["heron"] = 0.0
        await site.pass_by(1)
        site.watch.arrange(room())
        before = site.watch.hinted("kestrel")
        site.calendar.add("Review", NOON, NOON + HOUR)
        await site.watch.until(lambda: site.watch.hinted("kestrel") > before, 60)

    run(work, webhook=True)


@pytest.mark.parametrize("end", ["1" * 30, "soon", -(10**20)])
def test_a_channel_whose_end_makes_no_sense_is_not_held(end: str | int) -> None:
    with pytest.raises(Malformed):
        _ends(_Opened(resource_id="r", expiration=end))
    assert _ends(_Opened(resource_id="r")) is None
