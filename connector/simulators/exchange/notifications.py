"""Operations by which clients hear of changes: Subscribe, Unsubscribe, GetEvents, and streams.

https://learn.microsoft.com/exchange/client-developer/exchange-web-services/notification-subscriptions-mailbox-events-and-ews-in-exchange
"""

import asyncio
from datetime import timedelta

from aiohttp import web
from lxml import etree

from connector.simulators.exchange.call import SPACES, Call, Folder
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.refusal import Refused, failure, success
from connector.simulators.exchange.subscriptions import Subscription, Way

STREAM_MINUTES = 30
"""How long a stream may stay open."""
STREAM_IDS = 200
"""Subscriptions of one stream at most."""
_STREAMING_LIFE = timedelta(minutes=30)
"""How long a streaming subscription outlives its stream."""
_PULL_MINUTES = 1440
_EVENTS_AT_ONCE = 50


def subscribe(call: Call) -> Xml:
    """Interest in a calendar."""
    name = "SubscribeResponseMessage"
    try:
        made = _subscription(call)
    except Refused as refused:
        message = _failed(call, name, refused)
    else:
        parts = [tag("m:SubscriptionId", made.id)]
        if made.way != "Streaming":
            parts.append(tag("m:Watermark", made.mark()))
        message = success(name, *parts)
    return tag("m:SubscribeResponse", tag("m:ResponseMessages", message))


def unsubscribe(call: Call) -> Xml:
    """No more interest."""
    name = "UnsubscribeResponseMessage"
    try:
        call.exchange.subscriptions.remove(_owned(call, call.text("m:SubscriptionId")).id)
    except Refused as refused:
        message = _failed(call, name, refused)
    else:
        message = success(name)
    return tag("m:UnsubscribeResponse", tag("m:ResponseMessages", message))


def get_events(call: Call) -> Xml:
    """What happened since the client last asked."""
    name = "GetEventsResponseMessage"
    try:
        subscription = _owned(call, call.text("m:SubscriptionId"))
        _check_watermark(subscription, call.text("m:Watermark"))
    except Refused as refused:
        message = _failed(call, name, refused)
    else:
        before = subscription.told
        subscription.heard = call.exchange.now()
        events = subscription.take(_EVENTS_AT_ONCE)
        if not events:
            events = [tag("t:StatusEvent", tag("t:Watermark", subscription.told))]
        message = success(
            name,
            tag(
                "m:Notification",
                tag("t:SubscriptionId", subscription.id),
                tag("t:PreviousWatermark", before),
                tag("t:MoreEvents", bool(subscription.waiting)),
                *events,
            ),
        )
    return tag("m:GetEventsResponse", tag("m:ResponseMessages", message))


async def get_streaming_events(call: Call) -> web.StreamResponse:
    """A stream of what happens, until it has been open for as long as was asked."""
    try:
        subscriptions, minutes = _group(call)
        _check_hanging(call)
    except Refused as refused:
        if refused.whole:
            raise
        return web.Response(body=call.enveloped(_refusal(call, refused)), headers=call.headers())
    response = web.StreamResponse(headers=call.headers())
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    open_streams = call.exchange.subscriptions.streams
    open_streams.append((call.user.key, call.request))
    try:
        await _Stream(call, subscriptions, response).run(timedelta(minutes=minutes))
    except ConnectionResetError:
        call.failed("NoError")  # who listened went away, as clients do
    finally:
        open_streams.remove((call.user.key, call.request))
    return response


class _Stream:
    """A connection that stays open."""

    def __init__(
        self, call: Call, subscriptions: list[Subscription], response: web.StreamResponse
    ) -> None:
        self._call = call
        self._subscriptions = subscriptions
        self._response = response
        self._all = call.exchange.subscriptions
        self._generation = self._all.generation

    async def run(self, span: timedelta) -> None:
        """Tell what happens until the time is over or a subscription is lost."""
        exchange = self._call.exchange
        stirred = self._all.listen()
        ends = exchange.now() + span
        try:
            await self._send(tag("m:ConnectionStatus", "OK"))
            while (left := (ends - exchange.now()).total_seconds()) > 0:
                if self._all.generation != self._generation:
                    self._hang_up()
                    return
                if lost := self._lost():
                    await self._fail(lost)
                    return
                told = self._take()
                if told:
                    await self._send(tag("m:Notifications", *told))
                elif not await self._stirred(stirred, min(left, exchange.heartbeat)):
                    await self._send(tag("m:ConnectionStatus", "OK"))
            await self._send(tag("m:ConnectionStatus", "Closed"))
        finally:
            self._all.forget(stirred)

    async def _stirred(self, stirred: asyncio.Event, seconds: float) -> bool:
        """Wait for something to happen, so long at most; whether it did."""
        waits = asyncio.ensure_future(stirred.wait())
        sleeps = asyncio.ensure_future(_slept(self._call, seconds))
        try:
            await asyncio.wait({waits, sleeps}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            sleeps.cancel()
            await asyncio.gather(waits, sleeps, return_exceptions=True)
        happened = stirred.is_set()
        stirred.clear()
        return happened

    def _take(self) -> list[Xml]:
        """Notifications that wait, one for each subscription."""
        now = self._call.exchange.now()
        told = []
        for subscription in self._subscriptions:
            subscription.heard = now
            if events := subscription.take():
                told.append(
                    tag("t:Notification", tag("t:SubscriptionId", subscription.id), *events)
                )
        return told

    def _lost(self) -> list[str]:
        """Subscriptions of the stream that are no more."""
        living = {one.id for one in self._all.all()}
        return [one.id for one in self._subscriptions if one.id not in living]

    async def _fail(self, lost: list[str]) -> None:
        """Say which subscriptions are lost, and close."""
        refused = Refused("ErrorSubscriptionNotFound")
        await self._write(_refusal(self._call, refused, lost))

    async def _send(self, part: Xml) -> None:
        message = success("GetStreamingEventsResponseMessage", part)
        await self._write(tag("m:GetStreamingEventsResponse", tag("m:ResponseMessages", message)))

    async def _write(self, answer: Xml) -> None:
        await self._response.write(self._call.enveloped(answer))

    def _hang_up(self) -> None:
        """Break off, as a server that stops does."""
        if self._call.request.transport is not None:
            self._call.request.transport.abort()


async def _slept(call: Call, seconds: float) -> None:
    await call.sleep(seconds)


def _refusal(call: Call, refused: Refused, ids: list[str] | None = None) -> Xml:
    """An answer of GetStreamingEvents that names bad subscriptions."""
    call.failed(refused.code)
    bad = ids if ids is not None else [one for one in refused.values.get("ids", "").split() if one]
    content = (
        [tag("m:ErrorSubscriptionIds", *(tag("t:SubscriptionId", one) for one in bad))]
        if bad
        else []
    )
    plain = Refused(refused.code, refused.message)
    message = failure("GetStreamingEventsResponseMessage", plain, *content)
    return tag("m:GetStreamingEventsResponse", tag("m:ResponseMessages", message))


def _group(call: Call) -> tuple[list[Subscription], int]:
    """The subscriptions of a stream, every one of them good, and its minutes.

    Raises:
        Refused: one of them is bad, which spoils all.
    """
    ids = [element.text or "" for element in call.all("m:SubscriptionIds/t:SubscriptionId")]
    minutes = int(call.text("m:ConnectionTimeout", "0"))
    if not ids or len(ids) > STREAM_IDS or not 1 <= minutes <= STREAM_MINUTES:
        raise Refused("ErrorInvalidRequest", whole=True)
    found, bad = [], []
    for subscription_id in ids:
        try:
            subscription = _owned(call, subscription_id)
        except Refused:
            bad.append(subscription_id)
        else:
            found.append(subscription)
    if bad:
        raise Refused("ErrorSubscriptionNotFound", values={"ids": " ".join(bad)})
    elsewhere = [one.id for one in found if one.backend != call.backend]
    if elsewhere:
        raise Refused("ErrorProxyRequestNotAllowed", values={"ids": " ".join(elsewhere)})
    if any(one.way != "Streaming" for one in found):
        raise Refused("ErrorInvalidSubscription")
    return found, minutes


def _check_hanging(call: Call) -> None:
    """Refuse one stream too many (HangingConnectionLimit)."""
    open_now = sum(
        user == call.user.key and other.transport is not None and not other.transport.is_closing()
        for user, other in call.exchange.subscriptions.streams
    )
    if open_now >= call.exchange.hanging_limit:
        raise Refused("ErrorExceededConnectionCount", whole=True)


def _owned(call: Call, subscription_id: str) -> Subscription:
    """A subscription of this account.

    Raises:
        Refused: there is none, or it is another's.
    """
    found = call.exchange.subscriptions.get(subscription_id.strip())
    if found.user != call.user.key:
        raise Refused("ErrorSubscriptionAccessDenied")
    return found


def _subscription(call: Call) -> Subscription:
    """What a client asks to be told.

    Raises:
        Refused: too many, or no right to the calendar.
    """
    asked = call.body[0]
    way = _way(asked)
    folder = _subscribed(call, asked)
    minutes = int(asked.findtext("t:Timeout", "0", SPACES) or 0)
    if way == "Pull" and not 1 <= minutes <= _PULL_MINUTES:
        raise Refused("ErrorInvalidPullSubscriptionId", whole=False)
    subscriptions = call.exchange.subscriptions
    if len([one for one in subscriptions.all() if one.user == call.user.key]) >= (
        call.exchange.subscription_limit
    ):
        raise Refused("ErrorExceededSubscriptionCount")
    events = asked.findall("t:EventTypes/t:EventType", SPACES)
    made = subscriptions.add(
        way,
        folder.mailbox,
        [one.text or "" for one in events],
        call.user.key,
        _life(way, minutes),
    )
    made.backend = call.backend
    made.url = asked.findtext("t:URL", "", SPACES)
    return made


def _life(way: Way, minutes: int) -> timedelta:
    """How long a subscription lives without a word from its client."""
    lives = {"Pull": timedelta(minutes=minutes), "Push": timedelta.max}
    return lives.get(way, _STREAMING_LIFE)


def _way(asked: etree._Element) -> Way:
    ways: dict[str, Way] = {
        "StreamingSubscriptionRequest": "Streaming",
        "PullSubscriptionRequest": "Pull",
        "PushSubscriptionRequest": "Push",
    }
    name = etree.QName(asked).localname
    if name not in ways:
        raise Refused("ErrorSchemaValidation", whole=True)
    return ways[name]


def _subscribed(call: Call, asked: etree._Element) -> Folder:
    """The calendar a subscription is about."""
    folders = asked.find("t:FolderIds", SPACES)
    if folders is None or not len(folders):
        return Folder(call.acting(), "calendar", writable=True, owned=True)
    return call.folder(folders[0])


def _check_watermark(subscription: Subscription, told: str) -> None:
    """Refuse a client that says it heard what was never told."""
    if told not in {subscription.told, subscription.mark(), subscription.first}:
        raise Refused("ErrorInvalidWatermark")


def _failed(call: Call, name: str, refused: Refused) -> Xml:
    if refused.whole:
        raise refused
    call.failed(refused.code)
    return failure(name, refused)
