"""MQTT 3.1.1 through aiomqtt: topics that a broker keeps (`retain`), each sent until it is taken.

The last will says `offline` where the bridge goes without a word (OASIS MQTT 3.1.1, 3.1.2.5).
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from connector.errors import ConnectorError, Denied, Unavailable
from connector.feeds.broker import Broker

ONLINE, OFFLINE = b"online", b"offline"
KEEP_ALIVE = 30
"""Seconds between two signs of life; a broker gives up after one and a half of them."""
LIMIT = 10.0
"""Seconds for the broker to answer."""
AT_ONCE = 20
"""Messages on their way that the broker has not taken yet."""
LEAVING = 2.0
"""Seconds to say goodbye."""
_LOGIN = {4, 5, 134, 135}
"""Refusals of a login: bad user name or password, not authorised."""


class Session:
    """A connection that stands."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def put(self, topic: str, payload: bytes) -> None:
        """Have the broker keep this; nothing takes the topic away.

        Raises:
            Unavailable, Denied: it did not take it.
        """
        try:
            await self._client.publish(topic, payload, qos=1, retain=True, timeout=LIMIT)
        except aiomqtt.MqttError as error:
            raise _meaning(error) from None

    async def lost(self) -> None:
        """Wait for the end of the connection.

        Raises:
            Unavailable, Denied: always.
        """
        try:
            async for _ in self._client.messages:
                pass  # nothing is subscribed to
        except aiomqtt.MqttError as error:
            raise _meaning(error) from None
        raise Unavailable("the broker ended the connection", reason="broken_off")


@asynccontextmanager
async def connected(broker: Broker, authorities: Iterable[Path] = ()) -> AsyncIterator[Session]:
    """Hold a connection; `online` stands at `<prefix>/status` meanwhile, else `offline`.

    Raises:
        Unavailable, Denied: there is none, or it broke.
    """
    context = await asyncio.to_thread(_context, broker, [*authorities]) if broker.tls else None
    status = broker.topic("status")
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username or None,
        password=broker.password.reveal() if broker.password else None,
        identifier=f"roombridge-{secrets.token_hex(4)}",
        will=aiomqtt.Will(status, OFFLINE, qos=1, retain=True),
        tls_context=context,
        keepalive=KEEP_ALIVE,
        timeout=LIMIT,
        max_inflight_messages=AT_ONCE,
    )
    try:
        await client.__aenter__()
    except aiomqtt.MqttError as error:
        raise _meaning(error) from None
    session = Session(client)
    try:
        await session.put(status, ONLINE)
        yield session
    finally:
        with suppress(ConnectorError, aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(LEAVING):
                await session.put(status, OFFLINE)
        with suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)


def _context(broker: Broker, authorities: list[Path]) -> ssl.SSLContext:
    """TLS 1.2 or later; the certificate must be of the broker's name.

    Raises:
        Denied: a file cannot be read.
    """
    try:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for file in (*authorities, *([broker.ca_file] if broker.ca_file else ())):
            context.load_verify_locations(file)
        if broker.client_certificate_file is not None:
            context.load_cert_chain(broker.client_certificate_file, password="")
    except OSError as error:
        raise Denied(
            f"a certificate for the broker cannot be used: {error.strerror or 'damaged'}",
            reason="credentials_missing",
            fix="compare mqtt.ca_file and mqtt.client_certificate_file",
        ) from error
    return context


def _meaning(error: aiomqtt.MqttError) -> ConnectorError:
    """What a failure means; the library's words may name hosts and are not passed on."""
    code = getattr(error, "rc", None)
    number = code.value if isinstance(code, ReasonCode) else code
    if number in _LOGIN:
        return Denied(
            "the broker refuses the login",
            reason="credentials_refused",
            fix="compare mqtt.username and its password with the broker's",
        )
    if "certificate verify failed" in str(error).lower():
        return Unavailable(
            "the broker's certificate is not trusted",
            reason="certificate_untrusted",
            fix="name the authority in mqtt.ca_file, and the broker in mqtt.url as in its"
            " certificate",
        )
    if "timed out" in str(error).lower():
        return Unavailable("the broker does not answer", reason="timeout")
    return Unavailable("the broker cannot be reached, or hung up", reason="unreachable")
