"""Syslog messages sent by TLS (RFC 5425), TCP (RFC 6587), UDP (RFC 5426) or the machine's socket.

The standard library's handler writes the older format and waits for its socket.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path

from bridge.alerts.receivers import Undelivered
from bridge.settings.audit import Syslog
from connector.deadline import within
from connector.outside import Outside

SECONDS = 15.0
"""To connect and to send."""
FAREWELL = 2.0
"""For the receiver to hang up, or to say that it took nothing."""
PORTS = {"tls": 6514, "tcp": 601, "udp": 514}


async def send(syslog: Syslog, message: bytes, outside: Outside) -> None:
    """Send one message. Syslog confirms nothing: that it was taken is known of no transport.

    Raises:
        Undelivered: it did not leave.
    """
    try:
        with within(SECONDS):
            if syslog.transport == "local":
                _local(syslog.path, message)
            elif syslog.transport == "udp":
                await _udp(syslog.host, syslog.port or PORTS["udp"], message)
            else:
                port = syslog.port or PORTS[syslog.transport]
                context = outside.context if syslog.transport == "tls" else None
                await _counted(syslog.host, port, context, message)
    except TimeoutError as error:
        raise Undelivered("the syslog receiver does not answer in time") from error
    except ssl.SSLError as error:
        raise Undelivered("the syslog receiver speaks no TLS that can be trusted") from error
    except OSError as error:
        raise Undelivered("the syslog receiver cannot be reached") from error


def _local(path: Path, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        opened.connect(str(path))
        opened.send(message)


async def _udp(host: str, port: int, message: bytes) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(host, port)
    )
    try:
        transport.sendto(message)
    finally:
        transport.close()


async def _counted(host: str, port: int, context: ssl.SSLContext | None, message: bytes) -> None:
    """Over a stream each message begins with its length."""
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        writer.write(b"%d %s" % (len(message), message))
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await reader.read()  # a reset would say that it was not taken
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await writer.wait_closed()
