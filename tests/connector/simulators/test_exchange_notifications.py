"""How clients of the simulated Exchange hear of changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, ClientResponse, web
from aiohttp.test_utils import TestServer

from connector.simulators.exchange import PATH

from .exchange_server import ADA, KESTREL, Caller, asking, meeting

OK = b"<m:ConnectionStatus>OK</m:ConnectionStatus>"
CLOSED = b"<m:ConnectionStatus>Closed</m:ConnectionStatus>"


class Stream:
    """A connection that stays open."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer
        self.rest = b""

    async def next(self) -> bytes:
        """The next envelope."""
        end = b"</s:Envelope>"
        while end not in self.rest:
            piece = await self.answer.content.readany()
            if not piece:
                return b""
            self.rest += piece
        found, _, self.rest = self.rest.partition(end)
        return found + end


@asynccontextmanager
async def streaming(
    caller: Caller, *ids: str, minutes: int = 30, headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    """A stream of subscriptions."""
    named = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in ids)
    body = caller.envelope(
        f"<m:GetStreamingEvents><m:SubscriptionIds>{named}</m:SubscriptionIds>"
        f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout></m:GetStreamingEvents>"
    )
    sent = caller.authorization | (headers or {"X-AnchorMailbox": KESTREL})
    async with caller.http.post(PATH, data=body, headers=sent) as answer:
        yield Stream(answer)


async def subscription(caller: Caller) -> str:
    return (await caller.subscribe()).texts("m:SubscriptionId")[0]


async def test_a_stream_tells_of_a_change_and_of_its_folder() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        subscribed = await subscription(caller)
        async with streaming(caller, subscribed) as stream:
            assert OK in await stream.next()
            event = caller.kestrel.add(meeting())
            told = await stream.next()
            assert event.id.encode() in told
            assert b"CreatedEvent" in told
            assert b"ModifiedEvent" in told, "one action, several events"
            caller.kestrel.delete(event.id)
            assert b"DeletedEvent" in await stream.next()


async def test_a_stream_gives_signs_of_life_and_ends_in_time() -> None:
    async with asking() as caller:
        subscribed = await subscription(caller)
        caller.clock.go.clear()
        async with streaming(caller, subscribed, minutes=1) as stream:
            assert OK in await stream.next()
            await caller.clock.asleep.acquire()
            assert caller.clock.slept == [45.0]
            caller.clock.move(seconds=45)
            caller.clock.go.set()
            assert OK in await stream.next()
            caller.clock.move(seconds=15)
            while (told := await stream.next()) and CLOSED not in told:
                assert OK in told
            assert CLOSED in told
            assert await stream.next() == b""


async def test_one_bad_subscription_spoils_a_stream_and_is_named() -> None:
    async with asking() as caller:
        good = await subscription(caller)
        async with streaming(caller, good, "AAAA") as stream:
            told = await stream.next()
            assert b"ErrorSubscriptionNotFound" in told
            assert b"<m:ErrorSubscriptionIds><t:SubscriptionId>AAAA</t:SubscriptionId>" in told
            assert good.encode() not in told


async def test_a_lost_subscription_ends_its_stream() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        subscribed = await subscription(caller)
        async with streaming(caller, subscribed) as stream:
            await stream.next()
            caller.exchange.subscriptions.drop(KESTREL)
            assert subscribed.encode() in await stream.next()
            assert await stream.next() == b""


async def test_a_restart_breaks_streams_and_forgets_subscriptions() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        subscribed = await subscription(caller)
        async with streaming(caller, subscribed) as stream:
            await stream.next()
            caller.exchange.restart()
            with pytest.raises(ClientError):
                await stream.next()
        async with streaming(caller, subscribed) as stream:
            assert b"ErrorSubscriptionNotFound" in await stream.next()


@pytest.mark.parametrize(("release", "limit"), [("2013", 3), ("2019", 10)])
async def test_one_stream_too_many_is_refused(release: str, limit: int) -> None:
    async with asking(release=release) as caller:
        caller.clock.go.clear()
        subscribed = await subscription(caller)
        async with _many(caller, subscribed, limit), streaming(caller, subscribed) as stream:
            assert stream.answer.status == 500
            assert b"ErrorExceededConnectionCount" in await stream.next()


@asynccontextmanager
async def _many(caller: Caller, subscribed: str, count: int) -> AsyncIterator[None]:
    if not count:
        yield
        return
    async with streaming(caller, subscribed) as stream:
        await stream.next()
        async with _many(caller, subscribed, count - 1):
            yield


async def test_a_stream_has_200_subscriptions_and_30_minutes_at_most() -> None:
    async with asking() as caller:
        subscribed = await subscription(caller)
        for ids, minutes in (([subscribed] * 201, 1), ([subscribed], 31), ([], 1)):
            async with streaming(caller, *ids, minutes=minutes) as stream:
                assert stream.answer.status == 500


async def test_events_wait_for_who_asks_for_them() -> None:
    async with asking() as caller:
        made = await caller.subscribe("Pull", "<t:Timeout>10</t:Timeout>")
        pulled, mark = made.texts("m:SubscriptionId")[0], made.texts("m:Watermark")[0]
        ask = (
            "<m:GetEvents><m:SubscriptionId>{}</m:SubscriptionId>"
            "<m:Watermark>{}</m:Watermark></m:GetEvents>"
        )
        quiet = await caller.ask(ask.format(pulled, mark))
        assert b"StatusEvent" in quiet.body
        caller.kestrel.add(meeting())
        told = await caller.ask(ask.format(pulled, mark))
        assert b"CreatedEvent" in told.body
        assert (await caller.ask(ask.format(pulled, "AAAA"))).code == "ErrorInvalidWatermark"
        caller.clock.move(minutes=11)
        late = await caller.ask(ask.format(pulled, told.texts("t:Watermark")[-1]))
        assert late.code == "ErrorSubscriptionNotFound"


async def test_a_subscription_ends_when_asked() -> None:
    async with asking() as caller:
        subscribed = await subscription(caller)
        ask = f"<m:Unsubscribe><m:SubscriptionId>{subscribed}</m:SubscriptionId></m:Unsubscribe>"
        assert (await caller.ask(ask)).code == "NoError"
        assert (await caller.ask(ask)).code == "ErrorSubscriptionNotFound"


async def test_one_subscription_too_many_is_refused() -> None:
    async with asking() as caller:
        caller.exchange.subscription_limit = 1
        await subscription(caller)
        assert (await caller.subscribe()).code == "ErrorExceededSubscriptionCount"


async def test_changes_of_other_mailboxes_and_lost_events_are_not_told() -> None:
    async with asking() as caller:
        await subscription(caller)
        caller.exchange.mailbox(ADA).add(meeting())
        caller.exchange.subscriptions.silent = True
        caller.kestrel.add(meeting())
        assert not caller.exchange.subscriptions.all()[0].waiting
        caller.exchange.subscriptions.silent = False
        caller.exchange.subscriptions.repeats = 3
        caller.kestrel.add(meeting())
        assert len(caller.exchange.subscriptions.all()[0].waiting) == 6


async def test_a_failover_loses_subscriptions_and_refuses_for_a_while() -> None:
    async with asking() as caller:
        await subscription(caller)
        caller.exchange.fail_over(KESTREL, times=1, moving=True)
        assert caller.exchange.subscriptions.all() == []
        assert (await caller.view()).code == "ErrorMailboxMoveInProgress"
        assert (await caller.view()).code == "NoError"


async def test_a_group_without_affinity_finds_only_what_lives_on_its_server() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        caller.exchange.backends = 64
        caller.headers = {"X-AnchorMailbox": KESTREL}
        here = await subscription(caller)
        caller.headers = {"X-AnchorMailbox": ADA}
        there = await subscription(caller)
        async with streaming(caller, here, there) as stream:
            told = await stream.next()
            assert b"ErrorProxyRequestNotAllowed" in told
            assert here.encode() not in told or there.encode() not in told


async def test_a_group_with_affinity_is_served_on_one_server() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        caller.exchange.backends = 64
        affine = {"X-PreferServerAffinity": "true"}
        caller.headers = {"X-AnchorMailbox": KESTREL} | affine
        first = await caller.subscribe()
        cookie = first.headers["Set-Cookie"].partition(";")[0]
        caller.headers = {"X-AnchorMailbox": ADA, "Cookie": cookie} | affine
        second = await caller.subscribe()
        ids = first.texts("m:SubscriptionId") + second.texts("m:SubscriptionId")
        async with streaming(caller, *ids, headers=caller.headers) as stream:
            assert OK in await stream.next()


async def test_a_request_without_its_anchor_may_be_turned_away() -> None:
    async with asking() as caller:
        caller.exchange.anchor_required = True
        assert (await caller.view()).status == 503
        caller.headers = {"X-AnchorMailbox": KESTREL}
        assert (await caller.view()).status == 200


@asynccontextmanager
async def receiving(*answers: tuple[int, str]) -> AsyncIterator[tuple[str, asyncio.Queue[str]]]:
    """A client that is called; what it is told, and how it answers one call after the other."""
    told: asyncio.Queue[str] = asyncio.Queue()
    left = list(answers)

    async def called(request: web.Request) -> web.Response:
        await told.put(await request.text())
        status, words = left.pop(0)
        return web.Response(status=status, text=f"<SubscriptionStatus>{words}</SubscriptionStatus>")

    application = web.Application()
    application.add_routes([web.post("/notify", called)])
    async with TestServer(application) as server:
        yield str(server.make_url("/notify")), told


async def given_up(caller: Caller) -> None:
    """Wait until no subscription is left."""
    stirred = caller.exchange.subscriptions.listen()
    while caller.exchange.subscriptions.all():
        await stirred.wait()
        stirred.clear()
    caller.exchange.subscriptions.forget(stirred)


def pushed(url: str) -> str:
    return f"<t:StatusFrequency>5</t:StatusFrequency><t:URL>{url}</t:URL>"


async def test_a_client_is_called_until_it_wants_no_more() -> None:
    async with asking() as caller, receiving((200, "OK"), (200, "Unsubscribe")) as (url, told):
        assert (await caller.subscribe("Push", pushed(url))).code == "NoError"
        event = caller.kestrel.add(meeting())
        first = await told.get()
        assert event.id in first
        assert "<m:SendNotification>" in first
        caller.kestrel.delete(event.id)
        assert "DeletedEvent" in await told.get()
        await given_up(caller)


async def test_a_client_that_does_not_answer_is_given_up() -> None:
    async with asking() as caller, receiving(*[(500, "")] * 3) as (url, told):
        await caller.subscribe("Push", pushed(url))
        caller.kestrel.add(meeting())
        for _ in range(3):
            await told.get()
        await given_up(caller)
        assert caller.clock.slept == [30.0, 30.0]


async def test_a_client_that_goes_away_frees_its_stream() -> None:
    async with asking() as caller:
        caller.clock.go.clear()
        caller.exchange.hanging_limit = 1
        subscribed = await subscription(caller)
        async with streaming(caller, subscribed) as stream:
            await stream.next()
        for _ in range(5):
            await asyncio.sleep(0)
        async with streaming(caller, subscribed) as stream:
            assert OK in await stream.next()
