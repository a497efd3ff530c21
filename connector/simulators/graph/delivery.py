"""Notifications on their way: the proof that an address wants them, batches, retries.

https://learn.microsoft.com/graph/change-notifications-delivery-webhooks,
https://learn.microsoft.com/graph/change-notifications-delivery-event-hubs
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import quote_plus
from uuid import uuid4

import aiohttp
import msgspec
from yarl import URL

from connector.simulators.graph.refusal import Json, Refused

PROOF_SECONDS = 10.0
ANSWER_SECONDS = 3.0
SLOW_SECONDS = 2.9
RETRIED_FOR = timedelta(hours=4)
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 1800.0
"""Seconds between two tries; each pause is twice the one before."""
BATCH = 100
"""Notifications in one request."""
AT_ONCE = 50
"""Requests in flight."""
HUB = "EventHub:"
_SPAN = timedelta(minutes=10)
_ENOUGH = 100
"""Answers after which an endpoint is judged, within ten minutes."""
_SLOW, _DROPPED = 0.10, 0.15
_SLOW_PAUSE = 10.0
_KEPT = 10_000


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a subscriber. It names nothing that a calendar holds."""

    time: datetime
    url: str
    values: int
    status: int
    """0 where nothing came back in time, -1 where an endpoint is too slow to be asked at all."""


class Hub:
    """What would have been put into an Event Hub."""

    def __init__(self) -> None:
        self.posted: deque[Json] = deque(maxlen=_KEPT)
        self.listeners: list[Callable[[Json], None]] = []
        """Told of each message at once."""
        self.tokens: set[str] = set()
        """Access tokens for Event Hubs that the login service gave out; Graph knows none."""

    def post(self, message: Json) -> None:
        """One more message."""
        self.posted.append(message)
        for listener in self.listeners:
            listener(message)


class _Endpoint:
    """How fast an address answered in the last ten minutes."""

    def __init__(self) -> None:
        self._answers: deque[tuple[datetime, bool]] = deque()

    def note(self, now: datetime, seconds: float) -> None:
        """One more answer."""
        self._answers.append((now, seconds > SLOW_SECONDS))

    def share(self, now: datetime) -> float:
        """The share of slow answers, once there are enough of them."""
        while self._answers and now - self._answers[0][0] > _SPAN:
            self._answers.popleft()
        if len(self._answers) < _ENOUGH:
            return 0.0
        return sum(slow for _, slow in self._answers) / len(self._answers)


class Delivery:
    """Carries notifications while the tenant is served."""

    def __init__(
        self, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self.hub = Hub()
        self.sent: deque[Sent] = deque(maxlen=_KEPT)
        self._now = now
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, list[Json]] = {}
        self._endpoints: dict[str, _Endpoint] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Carry notifications meanwhile; those still on their way are lost at the end."""
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            self._session, self._at_once = session, asyncio.Semaphore(AT_ONCE)
            try:
                yield
            finally:
                self._session = None
                self._waiting.clear()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Until nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def post(self, url: str, values: list[Json], delay: float = 0) -> None:
        """Send notifications; those for one address that come together travel together."""
        if self._session is None or not values:
            return
        if delay:
            self._start(self._later(url, values, delay))
        elif url in self._waiting:
            self._waiting[url] += values
        else:
            self._waiting[url] = list(values)
            self._start(self._flush(url))

    async def prove(self, url: str, token: str = "") -> None:
        """Make sure that an address wants to be told, with a token of Graph's own or another.

        Raises:
            Refused: it does not answer as it has to.
        """
        token = token or (
            "Validation: Testing client application reachability for subscription "
            f"Request-Id: {uuid4()}"
        )
        if url.startswith(HUB):
            self.hub.post({"value": [_for_nobody(token)]})
            return
        words = "Subscription validation request timed out."
        with suppress(TimeoutError):
            words = await self._proof(url, token)
        if words:
            raise Refused(400, "ValidationError", words)

    async def _proof(self, url: str, token: str) -> str:
        """What is wrong with the answer of an address; nothing if it is right."""
        target = URL(url)
        mark = "&" if target.raw_query_string else "?"
        asked = URL(f"{target}{mark}validationToken={quote_plus(token)}", encoded=True)
        try:
            async with (
                asyncio.timeout(PROOF_SECONDS),
                self._request(asked, b"", "text/plain") as got,
            ):
                body = await got.content.read(4096)
                plain = got.content_type == "text/plain"
                if got.status != 200:
                    return (
                        "Subscription validation request failed. Notification endpoint must "
                        "respond with 200 OK to validation request."
                    )
        except aiohttp.ClientError:
            return "Subscription validation request failed. The endpoint could not be reached."
        if plain and body == token.encode():
            return ""
        return (
            "Subscription validation request failed. Response must exactly match "
            "validationToken query parameter."
        )

    def _request(self, url: URL, body: bytes, kind: str) -> "aiohttp.client._RequestContextManager":
        """A request to a subscriber; certificates are checked except on this machine."""
        if self._session is None:
            raise aiohttp.ClientConnectionError("the tenant is not served")
        headers = {"Content-Type": f"{kind}; charset=utf-8"}
        return self._session.post(
            url, data=body, headers=headers, ssl=not is_loopback(url), allow_redirects=False
        )

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _later(self, url: str, values: list[Json], delay: float) -> None:
        await self._sleep(delay)
        self.post(url, values)

    async def _flush(self, url: str) -> None:
        """Send what came together."""
        await asyncio.sleep(0)
        values = self._waiting.pop(url)
        for batch in _batches(values):
            if url.startswith(HUB):
                self.hub.post({"value": batch})
            else:
                self._start(self._deliver(url, batch))

    async def _deliver(self, url: str, values: list[Json]) -> None:
        """Try until an address takes it, or for four hours."""
        endpoint = self._endpoints.setdefault(url, _Endpoint())
        share = endpoint.share(self._now())
        if share > _DROPPED:
            self._note(url, values, -1)
            return
        if share > _SLOW:
            await self._sleep(_SLOW_PAUSE)
        waited, pause = 0.0, FIRST_PAUSE
        while not await self._try(url, values, endpoint):
            if waited + pause > RETRIED_FOR.total_seconds():
                return
            await self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)

    async def _try(self, url: str, values: list[Json], endpoint: _Endpoint) -> bool:
        """Whether an address takes it within three seconds."""
        body, loop, status = msgspec.json.encode({"value": values}), asyncio.get_running_loop(), 0
        async with self._at_once:
            begun = loop.time()
            with suppress(aiohttp.ClientError, TimeoutError):
                async with (
                    asyncio.timeout(ANSWER_SECONDS),
                    self._request(URL(url), body, "application/json") as answer,
                ):
                    status = answer.status
            endpoint.note(self._now(), loop.time() - begun)
        self._note(url, values, status)
        return 200 <= status < 300

    def _note(self, url: str, values: list[Json], status: int) -> None:
        self.sent.append(Sent(time=self._now(), url=url, values=len(values), status=status))


def is_loopback(url: URL) -> bool:
    """Whether an address is on this machine."""
    host = url.host or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _batches(values: list[Json]) -> Iterable[list[Json]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))


def _for_nobody(words: str) -> Json:
    """The first message of an Event Hub: a notification of nothing."""
    nothing = {"@odata.type": "NA", "@odata.id": "NA", "id": "NA"}
    return {
        "subscriptionId": "NA",
        "subscriptionExpirationDateTime": "NA",
        "clientState": "NA",
        "changeType": words,
        "resource": "NA",
        "resourceData": nothing,
    }
