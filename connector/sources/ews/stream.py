"""One connection over which Exchange tells of changes, read on a thread of its own.

https://learn.microsoft.com/exchange/client-developer/exchange-web-services/
how-to-stream-notifications-about-mailbox-events-by-using-ews-in-exchange
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from connector.errors import Malformed
from connector.sources.ews.channel import Channel, Response, named_failures
from connector.sources.ews.meaning import is_soap
from connector.sources.ews.soap import Fault, M, Message, T, messages, parse

MINUTES = 29
"""How long a connection lasts; Exchange allows 30."""
HEARTBEAT_LIMIT = 180.0
"""Seconds without even a heartbeat after which a connection is held to be dead."""
_DOCUMENT_LIMIT = 10 << 20
_END = re.compile(rb"</(?:[A-Za-z][\w.-]*:)?Envelope\s*>")
_LONGEST_END = 64


class Told(NamedTuple):
    """What one message of a connection tells."""

    subscriptions: tuple[str, ...]
    """Those in whose calendar something changed."""
    closed: bool
    """Whether the server ends the connection, as it does when its time is over."""
    fault: Fault | None
    broken: tuple[str, ...]
    """Subscriptions that the fault is about."""


def read(
    channel: Channel,
    body: bytes,
    headers: dict[str, str],
    opened: Callable[[Response], None],
    tell: Callable[[Told], None],
) -> None:
    """Read a connection until it ends; blocks. `opened` gets the answer's status before.

    Raises:
        Unavailable, Malformed: it broke off, or what comes makes no sense.
        Fault: Exchange refuses to begin.
    """
    with (
        channel.session() as session,
        named_failures(),
        channel.send(session, body, headers, silence=HEARTBEAT_LIMIT) as response,
    ):
        well = response.status_code == 200
        got = dict(response.headers)
        answer = Response(response.status_code, got, b"" if well else response.content)
        if not well and is_soap(answer):
            messages(parse(answer.body))  # raises
        opened(answer)
        if not well:
            return
        for document in documents(_chunks(response.raw)):
            for message in messages(parse(document)):
                told = meaning(message)
                tell(told)
                if told.closed or told.fault is not None:
                    return


def _chunks(raw: Any) -> Iterator[bytes]:
    """What comes, as it comes: never waiting for a block to be full."""
    if raw.chunked:
        yield from raw.stream(64 << 10, decode_content=True)
        return
    while chunk := raw.read1(64 << 10, decode_content=True):
        yield chunk


def documents(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole envelopes out of a stream of bytes, wherever it is cut.

    Raises:
        Malformed: one is too large.
    """
    waiting = bytearray()
    looked = 0
    for chunk in chunks:
        waiting += chunk
        while found := _END.search(waiting, max(0, looked - _LONGEST_END)):
            yield bytes(waiting[: found.end()]).lstrip(b"\xef\xbb\xbf \r\n\t\0")
            del waiting[: found.end()]
            looked = 0
        looked = len(waiting)
        if looked > _DOCUMENT_LIMIT:
            raise Malformed("a notification never ends", reason="too_large")


def meaning(message: Message) -> Told:
    """What a message means: heartbeats and the events of folders tell nothing."""
    content = message.content
    broken = [
        one.text or "" for one in content.iterfind(f"{M}ErrorSubscriptionIds/{M}SubscriptionId")
    ]
    broken += [
        one.text or "" for one in content.iterfind(f"{M}ErrorSubscriptionIds/{T}SubscriptionId")
    ]
    changed = [
        one.findtext(f"{T}SubscriptionId") or ""
        for one in content.iterfind(f"{M}Notifications/{T}Notification")
        if any(
            event.tag.endswith("Event") and not event.tag.endswith("}StatusEvent") for event in one
        )
    ]
    return Told(
        subscriptions=tuple(changed),
        closed=content.findtext(f"{M}ConnectionStatus") == "Closed",
        fault=message.fault,
        broken=tuple(broken),
    )
