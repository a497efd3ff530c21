"""A hub with a certificate of its own, a receiver that reaches it, and ears that remember."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.certificates import self_signed
from connector.errors import ConnectorError
from connector.identity import Way
from connector.outside import Outside, Trust, open_outside
from connector.secret import Secret
from connector.sources.graph.eventhub import Receiver
from connector.sources.graph.hub import EventHub
from connector.sources.graph.notifications import Notification
from tests.fakes.event_hubs import HUB, KEY, POLICY, Namespace
from tests.fakes.event_hubs_served import served, socketed
from tests.fakes.virtual import VirtualClock

NAME = "example.servicebus.windows.net"
STRING = (
    f"Endpoint=sb://{NAME}/;SharedAccessKeyName={POLICY};SharedAccessKey={KEY};EntityPath={HUB}"
)


class Ears:
    """Remember what they were told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.afresh: list[bool] = []
        self.failures: list[ConnectorError] = []
        self.open = False
        self._news = asyncio.Event()

    def take(self, values: Sequence[Notification]) -> None:
        self.heard += [value.subscription_id for value in values]
        self._happened()

    def listening(self, *, afresh: bool) -> None:
        self.open = True
        self.afresh.append(afresh)
        self._happened()

    def deaf(self, error: ConnectorError) -> None:
        self.open = False
        self.failures.append(error)
        self._happened()

    async def until(self, so: Callable[[], object], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not so():
                await self._news.wait()

    def _happened(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class HubSite:
    """A namespace on loopback."""

    def __init__(self, folder: Path) -> None:
        made = self_signed(["127.0.0.1"], days=2, now=datetime.now(UTC))
        self.ca, both = folder / "ca.pem", folder / "both.pem"
        self.ca.write_bytes(made.pem)
        both.write_bytes(made.pem + made.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)
        self.namespace = Namespace()
        self.ears = Ears()
        self.port = 0
        self.websocket = False

    @asynccontextmanager
    async def open(self, *, websocket: bool = False) -> AsyncIterator[None]:
        """The namespace answers meanwhile."""
        self.websocket = websocket
        serving = socketed if websocket else served
        async with serving(self.namespace, self.context) as port:
            self.port = port
            yield

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[Outside]:
        """What drivers share; the namespace's certificate is trusted."""
        async with open_outside(VirtualClock()) as outside:
            yield replace(outside, trust=Trust(ca_file=self.ca))

    def settings(self, **more: Any) -> EventHub:
        usual: dict[str, Any] = {
            "namespace": NAME,
            "hub": HUB,
            "tenant_domain": "example.com",
            "connection_string": Secret(STRING),
            "transport": "websocket" if self.websocket else "amqp",
            "address": f"127.0.0.1:{self.port}",
        }
        return EventHub(**{**usual, **more})

    @asynccontextmanager
    async def receiving(
        self, *, way: Way | None = None, outside: Outside | None = None, **more: Any
    ) -> AsyncIterator[Ears]:
        """A receiver listens meanwhile."""
        async with self.outside() as usual:
            receiver = Receiver(outside or usual, self.settings(**more), way)
            task = asyncio.create_task(receiver.run(self.ears))
            try:
                yield self.ears
            finally:
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled(), task.exception()


def told(*subscriptions: str) -> dict[str, Any]:
    """A message as Graph sends it."""
    return {"value": [{"subscriptionId": one, "clientState": "x"} for one in subscriptions]}
