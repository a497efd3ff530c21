"""Fetching notifications from an Event Hub: outbound only, for appliances that nobody can reach.

Unverified on Azure: tests drive azure-eventhub against a namespace made for them
(tests/fakes/event_hubs.py). https://learn.microsoft.com/azure/event-hubs/event-hubs-amqp-protocol
"""

import asyncio
import contextlib
import logging
import platform
import random
import ssl
import time
from collections.abc import Coroutine, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from yarl import URL

from connector.errors import ConnectorError, Denied, Unavailable
from connector.http import ask, untrusted
from connector.identity import EARLY, Granted, Way
from connector.meter import Meter
from connector.outside import CONNECT_LIMIT, Outside
from connector.sources.graph import wire
from connector.sources.graph.hub import EventHub, policy
from connector.sources.graph.hub_faults import Misplaced, meaning
from connector.sources.graph.notifications import BODY_LIMIT, Notification, notifications

if TYPE_CHECKING:  # a tenth of a second to import: done when needed, on a thread
    from azure.core.credentials import AccessToken
    from azure.eventhub import EventData
    from azure.eventhub.aio import EventHubConsumerClient
    from azure.eventhub.aio._consumer_async import EventHubConsumer

T = TypeVar("T")

SCOPE = "https://eventhubs.azure.net//.default"
"""What tokens are asked for, in every cloud; the name of the service ends in a slash."""
READY_LIMIT = 90.0
"""Seconds from the first byte until every partition is listened to."""
CLOSE_LIMIT = 15.0
"""Seconds to leave in good order."""
IDLE_LIMIT = 120.0
"""Seconds of silence after which the connection is held to be dead; the service beats."""
FIRST, SLOWEST = 5.0, 300.0
"""Seconds between two tries: each failure doubles them."""
STEADY = 60.0
"""Seconds of listening after which earlier failures are forgotten."""
LONGEST = 6 * 3600.0
"""Seconds after which the connections are made anew: the client remembers a tag of every message
as long as a link lives (5.15)."""
KEPT = 3600.0
"""Seconds for which every hub keeps its messages at least."""
PREFETCH = 20
"""Messages of a partition on their way: each has up to a mebibyte."""
_ANSWER = 1 << 20
_NOBODY = "NA"
"""The subscription of the message with which Graph tries a hub."""


class Ears(Protocol):
    """Who is told what came."""

    def take(self, values: Sequence[Notification]) -> None:
        """Act on notifications."""

    def listening(self, *, afresh: bool) -> None:
        """All that is told arrives from now on; `afresh` where some may have been lost before."""

    def deaf(self, error: ConnectorError) -> None:
        """Nothing arrives."""


class HubToken:
    """The application's token for Event Hubs, as azure-eventhub asks for it."""

    def __init__(self, outside: Outside, way: Way) -> None:
        self._outside = outside
        self._way = way
        self._granted: Granted | None = None
        self._since = 0.0
        self._lock = asyncio.Lock()

    async def get_token(self, *_scopes: str, **_more: object) -> "AccessToken":
        """A token, and when it ends.

        Raises:
            Unavailable, Denied, Malformed: there is none.
        """
        from azure.core.credentials import AccessToken  # noqa: PLC0415 - see above

        async with self._lock:
            held = self._granted
            age = self._outside.clock.monotonic() - self._since
            if held is None or age > held.seconds * EARLY:
                self._since, age = self._outside.clock.monotonic(), 0.0
                self._outside.meter.count("sign_in")
                held = self._granted = await self._way.obtain()
        return AccessToken(held.token, int(time.time() + held.seconds - age))

    def drop(self) -> None:
        """Forget it: it was refused."""
        self._granted = None


class Receiver:
    """Listens to all partitions of a hub, for ever."""

    def __init__(self, outside: Outside, hub: EventHub, way: Way | None) -> None:
        """Without a way to tokens the connection string is used."""
        self._outside = outside
        self._hub = hub
        self._token = None if way is None else HubToken(outside, way)
        self._proxy = outside.route(URL(f"https://{hub.namespace}")).get("proxy")
        self._websocket = hub.transport == "websocket" or self._proxy is not None
        self._places: dict[str, str] = {}
        """The offset of the last message of each partition."""
        self._unsure = False
        """Whether something may have been lost."""
        self._heard: float | None = None
        """When everything was listened to last."""

    @property
    def notification_url(self) -> str:
        """How Graph is told of the hub."""
        return self._hub.notification_url

    async def run(self, ears: Ears) -> None:
        """Listen until cancelled; whatever fails is said, and tried again."""
        sdk = await asyncio.to_thread(_sdk)
        failures = 0
        while True:
            began = self._outside.clock.monotonic()
            try:
                await self._listen(sdk, ears)
                continue
            except ConnectorError as error:
                self._failed(error)
                ears.deaf(error)
            if self._outside.clock.monotonic() - began > STEADY:
                failures = 0
            wait = min(FIRST * 2.0 ** min(failures, 16), SLOWEST)
            failures += 1
            await asyncio.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load

    def _failed(self, error: ConnectorError) -> None:
        if isinstance(error, Misplaced):
            self._places.clear()
        if isinstance(error, Denied) and self._token is not None:
            self._token.drop()
        self._unsure = self._unsure or not self._places

    async def _listen(self, sdk: Any, ears: Ears) -> None:
        """Listen for as long as is good for the client.

        Raises:
            Unavailable, Denied, NotFound, Malformed: it broke.
        """
        self._outside.meter.count("watch")
        await self._knock()
        if self._token is not None:
            await self._token.get_token()
        client = self._client(sdk)
        consumers: list[EventHubConsumer] = []
        try:
            async with asyncio.timeout(READY_LIMIT):
                await self._find(client)
                consumers += [self._consumer(client, one, ears) for one in self._places]
                # Before they receive: then the client would try a refused link for ever.
                await _together([one._open() for one in consumers])  # noqa: SLF001
            await self._heed(consumers, ears)
        except ConnectorError:
            raise
        except TimeoutError as error:
            raise Unavailable(
                "the Event Hub did not answer", reason="timeout", everywhere=True
            ) from error
        except Exception as error:  # noqa: BLE001 - the client raises errors of any kind
            raise self._meaning(error) from None  # its text may hold what it was given
        finally:
            await _left(client, consumers)

    async def _heed(self, consumers: "Sequence[EventHubConsumer]", ears: Ears) -> None:
        """Say that all is heard, and take what comes."""
        now = self._outside.clock.monotonic()
        late = self._heard is not None and now - self._heard > KEPT
        unsure, self._unsure = self._unsure or late, False
        ears.listening(afresh=unsure)
        try:
            ended = await _ended(consumers)
        finally:
            self._heard = self._outside.clock.monotonic()
        if ended is not None:
            raise self._meaning(ended.exception())

    async def _find(self, client: "EventHubConsumerClient") -> None:
        """Learn the partitions, and the place at which the last message of each stands."""
        partitions: list[str] = (await client.get_eventhub_properties())["partition_ids"]
        new = [one for one in partitions if one not in self._places]
        found = await _together([client.get_partition_properties(one) for one in new])
        last = {
            one: str(told["last_enqueued_offset"]) for one, told in zip(new, found, strict=True)
        }
        self._places = {one: (self._places | last)[one] for one in partitions}

    def _consumer(
        self, client: "EventHubConsumerClient", partition: str, ears: Ears
    ) -> "EventHubConsumer":
        """What listens to a partition from its place on.

        Not by `receive_batch`: it tells nobody whether it listens, and hides refused links (5.15).
        """

        async def came(events: "list[EventData]") -> None:
            for event in events:
                self._places[partition] = str(event.offset)
                ears.take(_values(event, self._outside.meter))

        return client._create_consumer(  # noqa: SLF001
            self._hub.consumer_group,
            partition,
            self._places[partition],
            came,  # type: ignore[arg-type] # in batches it is called so
            prefetch=PREFETCH,
        )

    def _meaning(self, error: BaseException | None) -> ConnectorError:
        return meaning(error, signed=self._token is None)

    def _client(self, sdk: Any) -> "EventHubConsumerClient":
        """A client that tries once: trying again is done here."""
        credential = self._token or self._signature(sdk)
        more: dict[str, Any] = {}
        if self._hub.address:
            host, port = self._hub.where(websocket=self._websocket)
            more["custom_endpoint_address"] = f"sb://{host}:{port}"
        if self._proxy is not None:
            more["http_proxy"] = _proxied(self._proxy)
        kinds = sdk.TransportType
        client: EventHubConsumerClient = sdk.EventHubConsumerClient(
            self._hub.namespace,
            self._hub.hub,
            self._hub.consumer_group,
            credential,
            transport_type=kinds.AmqpOverWebsocket if self._websocket else kinds.Amqp,
            ssl_context=self._outside.context,
            idle_timeout=IDLE_LIMIT,
            retry_total=0,
            retry_backoff_factor=0,
            **more,
        )
        return client

    def _signature(self, sdk: Any) -> Any:
        """What signs with the policy's key."""
        if not self._hub.connection_string:
            raise Denied(
                "the connection string that the configuration names cannot be read",
                reason="credentials_missing",
                everywhere=True,
            )
        given = policy(self._hub.connection_string)
        return sdk.EventHubSharedKeyCredential(given.name, given.key)

    async def _knock(self) -> None:
        """Reach the service before the client does: its errors do not tell name from certificate.

        Raises:
            Unavailable, Malformed: it cannot be reached, or not trusted.
        """
        host, port = self._hub.where(websocket=self._websocket)
        if self._websocket:
            url = URL.build(scheme="https", host=host, port=port, path="/$servicebus/websocket")
            await ask(
                self._outside.http,
                "GET",
                url,
                seconds=CONNECT_LIMIT,
                limit=_ANSWER,
                tls=self._outside.context,
                **({} if self._proxy is None else {"proxy": self._proxy}),
            )
            return
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                _, writer = await asyncio.open_connection(host, port, ssl=self._outside.context)
        except ssl.SSLError as error:
            raise untrusted(error) from error
        except OSError as error:  # a time-out is one
            raise Unavailable(
                f"the Event Hub cannot be reached at port {port}",
                reason="unreachable",
                fix=f"open port {port} outbound to the namespace, or eventhub.transport: websocket",
                everywhere=True,
            ) from error
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _sdk() -> Any:
    """What is used of azure-eventhub, without a word of its own: errors may name keys."""
    from azure.eventhub import TransportType  # noqa: PLC0415 - see above
    from azure.eventhub.aio import (  # noqa: PLC0415
        EventHubConsumerClient,
        EventHubSharedKeyCredential,
    )

    logging.getLogger("azure.eventhub").setLevel(logging.CRITICAL + 1)
    platform.platform()  # each connection asks, and the first answer comes from another program
    return SimpleNamespace(
        TransportType=TransportType,
        EventHubConsumerClient=EventHubConsumerClient,
        EventHubSharedKeyCredential=EventHubSharedKeyCredential,
    )


async def _together(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All of them at once; the first failure ends the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ended(consumers: "Sequence[EventHubConsumer]") -> asyncio.Task[None] | None:
    """Receive until the first of them breaks; None where that did not happen for long enough."""
    tasks = [asyncio.create_task(one.receive(True, PREFETCH)) for one in consumers]
    try:
        done, _ = await asyncio.wait(tasks, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(sorted(done, key=lambda task: task.exception() is None)), None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _left(client: "EventHubConsumerClient", consumers: "Sequence[EventHubConsumer]") -> None:
    """Close everything, in time; what does not close is left to the service's own patience."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_LIMIT):
            closing = (one.close() for one in consumers)
            await asyncio.gather(*closing, return_exceptions=True)
            await client.close()


def _values(event: "EventData", meter: Meter) -> Sequence[Notification]:
    """The notifications of a message; one that makes no sense is counted and has none."""
    try:
        body = b"".join(event.body)  # type: ignore[arg-type] # data sections: iterable bytes
        found = None if len(body) > BODY_LIMIT else notifications(body, meter)
    except (*wire.NO_JSON, TypeError, ValueError):
        found = None
    if found is None:
        meter.heard("malformed")
        return ()
    return [one for one in found if one.subscription_id != _NOBODY]


def _proxied(proxy: URL) -> Mapping[str, object]:
    """A proxy as azure-eventhub takes it: it puts name and port together, and aiohttp reads both.

    The login stands in the name: for one of its own the client uses what aiohttp gives up.
    """
    host = URL.build(
        scheme=proxy.scheme, user=proxy.user, password=proxy.password, host=proxy.host or ""
    )
    return {"proxy_hostname": str(host).rstrip("/"), "proxy_port": proxy.port}
