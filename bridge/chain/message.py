"""What is told of the chain's head: numbers and a hash, nothing of what the log says. Pure."""

import hmac
from datetime import UTC, datetime
from typing import Literal

import msgspec

from connector.secret import Secret
from rooms.chain import Head

APP, MSGID = "roombridge", "audit-head"
NOTICE = 5
"""The severity: normal, but worth a note."""
LONGEST_NAME = 255

Event = Literal["start", "interval", "stop"]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    appliance: str
    event: Event
    """Why it is sent."""
    seq: int
    """How many entries there are."""
    hash: str
    """Of the last of them."""
    at: str
    """When that was written; empty where there is none."""
    count: int
    """How many were added since this receiver was told last; below 0 some are gone."""
    sent: datetime


def news(head: Head, before: Head, *, event: Event, appliance: str, now: datetime) -> News:
    """What one receiver is told, which was told of `before`."""
    return News(
        appliance=appliance,
        event=event,
        seq=head.seq,
        hash=head.hash,
        at=head.at,
        count=head.seq - before.seq,
        sent=now,
    )


def line(told: News, *, facility: int, process: int) -> bytes:
    """A message of RFC 5424, without structured data: that would take a number of IANA's."""
    stamp = told.sent.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    words = (
        f"audit head seq={told.seq} hash={told.hash} at={told.at or '-'} count={told.count}"
        f" event={told.event}"
    )
    return (
        f"<{facility * 8 + NOTICE}>1 {stamp}Z {_name(told.appliance)} {APP} {process} {MSGID} -"
        f" {words}"
    ).encode("ascii")


def signature(body: bytes, secret: Secret) -> str:
    """The value of the header that proves who sent a body."""
    return f"sha256={hmac.digest(secret.reveal().encode(), body, 'sha256').hex()}"


def _name(text: str) -> str:
    """A host's name as the header takes it: printable ASCII without spaces."""
    return "".join(char if "!" <= char <= "~" else "?" for char in text)[:LONGEST_NAME] or "-"
