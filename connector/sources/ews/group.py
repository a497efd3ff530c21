"""Rooms that are watched over one connection, and what becomes of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.errors import ConnectorError, Malformed, Unavailable
from connector.sources.ews import meaning, operations, stream
from connector.sources.ews.affinity import Affinity
from connector.sources.ews.channel import Channel, Response
from connector.sources.ews.line import Line
from connector.sources.ews.soap import Fault, M, Message, envelope, only
from connector.watching import Watch

GROUP = 200
"""Subscriptions on one connection: Exchange's limit."""
FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0
"""Seconds between tries, where the server does not ask for more."""
STRIKES = 3
"""Failures of one room's subscription after which it is left to be polled for a while."""

_LOST = {
    "ErrorSubscriptionNotFound",
    "ErrorInvalidSubscription",
    "ErrorExpiredSubscription",
    "ErrorInvalidWatermark",
    "ErrorMissedNotificationEvents",
    "ErrorReadEventsFailed",
    "ErrorProxyRequestNotAllowed",
    "ErrorNewEventStreamConnectionOpened",
    "ErrorMailboxMoveInProgress",
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxFailover",
}
"""What ends subscriptions: new ones are made, without the old watermark, and the rooms read."""


class Group:
    """Up to 200 rooms, each a (room, mailbox)."""

    def __init__(self, line: Line, watch: Watch, rooms: Sequence[tuple[str, str]]) -> None:
        self.watches = frozenset(rooms)
        self._line = line
        self._watch = watch
        self._mailboxes = dict(rooms)
        self._anchor, mailbox = rooms[0]
        self._affinity = Affinity(mailbox)
        self._rooms: dict[str, str] = {}
        """Rooms by their subscriptions."""
        self._strikes: Counter[str] = Counter()
        self._channel = Channel(line.login, line.outside, sessions=1, streams=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ews-stream")

    async def run(self) -> None:
        """Watch until cancelled, whatever happens."""
        wait = 0.0
        try:
            while True:
                try:
                    opened = await self._connected()
                    wait = 0.0 if opened else _longer(wait)
                except ConnectorError as error:
                    self._lost()
                    self._watch.failing(error)
                    asked = error.retry_after.total_seconds() if error.retry_after else 0.0
                    wait = max(_longer(wait), asked)
                await asyncio.sleep(wait * random.uniform(1.0, 1.2))  # noqa: S311 - spreads load
        finally:
            self._channel.abort()
            self._thread.shutdown(wait=False, cancel_futures=True)
            await asyncio.to_thread(self._thread.shutdown)
            self._channel.close()

    async def _connected(self) -> bool:
        """One connection from its beginning to its end; whether it told anything well."""
        refusal = await self._subscribe()
        if not self._rooms:
            self._strikes.clear()
            raise refusal or Unavailable("no room can be watched", reason="service_error")
        return await self._listen()

    async def _subscribe(self) -> ConnectorError | None:
        """Subscriptions for rooms that have none; each is read again, for what was missed.

        The last refusal of a room comes back.
        """
        refusal = None
        unanswered = 0
        if self._strikes[self._anchor] >= STRIKES:
            self._rooms.clear()
        subscribed = set(self._rooms.values())
        for room, mailbox in self._mailboxes.items():
            if room in subscribed or self._strikes[room] >= STRIKES:
                continue
            if not self._rooms:
                # The connection is opened as the anchor: it must be one that may be watched.
                self._anchor, self._affinity = room, Affinity(mailbox)
            try:
                name = await self._subscribed(mailbox)
            except ConnectorError as error:
                # One room that gets no answer is its own trouble; two in a row are the server's.
                unanswered = 0 if isinstance(error.__cause__, Fault) else unanswered + 1
                if error.everywhere or unanswered > 1:
                    raise
                refusal = error
                self._strike(room)
                self._watch.failing(error, room=room)
            else:
                unanswered = 0
                self._rooms[name] = room
                self._watch.well(room=room)
                self._watch.hint(room)
                self._watch.beyond(room)
        return refusal

    async def _subscribed(self, mailbox: str) -> str:
        """The name of a new subscription; where Exchange refuses it the cause is its Fault."""
        try:
            return await self._line.ask(
                operations.subscribe(mailbox),
                _subscription,
                mailbox=mailbox,
                purpose="watch",
                affinity=self._affinity,
            )
        except Fault as fault:
            raise meaning.of(fault) from fault

    async def _listen(self) -> bool:
        """Follow a connection to its end."""
        loop = asyncio.get_running_loop()
        began: asyncio.Future[Response] = loop.create_future()
        news: asyncio.Queue[stream.Told | None] = asyncio.Queue()
        line = self._line
        async with line.caution.sending() as sent:
            headers, token = await line.headers(self._affinity.anchor, self._affinity)
            line.outside.meter.count("watch")
            body = envelope(
                operations.streaming_events(self._rooms, stream.MINUTES),
                impersonated=self._affinity.anchor if line.impersonates else "",
            )

            def tell(told: stream.Told) -> None:
                loop.call_soon_threadsafe(news.put_nowait, told)

            def opened(response: Response) -> None:
                loop.call_soon_threadsafe(_settle, began, response)

            reading = loop.run_in_executor(
                self._thread, stream.read, self._channel, body, headers, opened, tell
            )
            reading.add_done_callback(lambda done: _ended(done, news))
            either: list[asyncio.Future[Any]] = [began, reading]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not began.done():
                return await line.let_in(self._refused(reading), sent)
            response = began.result()
            if response.status != 200:
                raise line.refusal(response, sent, token)
            line.caution.worked()
        return await self._follow(news, reading)

    async def _refused(self, reading: "asyncio.Future[None]") -> bool:
        """What becomes of a connection that did not begin."""
        try:
            await reading
        except Fault as fault:
            self._line.caution.worked()
            self._faulty(fault, ())
        return False

    async def _follow(
        self, news: "asyncio.Queue[stream.Told | None]", reading: "asyncio.Future[None]"
    ) -> bool:
        well = False
        while (told := await news.get()) is not None:
            if told.fault is not None:
                self._faulty(told.fault, told.broken)
                return well
            if not well:
                well = True
                self._cover(by=True)
                self._watch.well()
            for room in {self._rooms[one] for one in told.subscriptions if one in self._rooms}:
                self._watch.hint(room)
                self._watch.beyond(room)
            if told.closed:
                # Its time is over; the subscriptions live on, and rooms are tried anew.
                self._strikes.clear()
                return True
        try:
            await reading
        except Fault as fault:
            self._faulty(fault, ())
            return well
        raise Unavailable("the connection for changes broke off", reason="broken_off")

    def _faulty(self, fault: Fault, broken: Sequence[str]) -> None:
        """Drop what a fault is about: with one bad subscription the others tell nothing either."""
        error = meaning.of(fault)
        known = [one for one in broken if one in self._rooms]
        if fault.code not in _LOST and not known:
            raise error from fault
        for name in known or list(self._rooms):
            room = self._rooms.pop(name)
            self._watch.covered(room, by=False)
            self._watch.hint(room)
            if known:
                self._strike(room)

    def _strike(self, room: str) -> None:
        self._strikes[room] += 1
        self._watch.covered(room, by=False)

    def _lost(self) -> None:
        """Nothing is known of what happens now: new subscriptions, and a read of every room."""
        self._cover(by=False)
        self._rooms.clear()

    def _cover(self, *, by: bool) -> None:
        for room in self._rooms.values():
            self._watch.covered(room, by=by)


def _subscription(answer: list[Message]) -> str:
    """The name of a subscription; without one a room would pass for another.

    Raises:
        Malformed: it has none.
    """
    name = only(answer).findtext(f"{M}SubscriptionId")
    if not name:
        raise Malformed("the answer to Subscribe names no subscription", reason="wrong_shape")
    return name


def _ended(reading: "asyncio.Future[None]", news: "asyncio.Queue[stream.Told | None]") -> None:
    """Nothing more comes. Whoever follows sees the error; if nobody does, it is not lost."""
    if not reading.cancelled():
        reading.exception()
    news.put_nowait(None)


def _settle(future: "asyncio.Future[Response]", response: Response) -> None:
    if not future.done():
        future.set_result(response)


def _longer(wait: float) -> float:
    return min(max(2 * wait, FIRST_WAIT), LONGEST_WAIT)
