"""What Microsoft posts to the hook: read, never believed without the secret, never waited for.

https://learn.microsoft.com/graph/change-notifications-delivery-webhooks. The same values arrive
through Event Hubs in the same form.
"""

from collections.abc import Callable, Sequence

import msgspec

from connector.meter import Meter
from connector.sources.graph import wire
from connector.watching import Call, Reply

BODY_LIMIT = 1 << 20
"""Bytes of one call."""
VALUES = 1000
"""Notifications of one call; Graph sends far fewer at a time."""
TOKEN_LIMIT = 2048
"""Bytes of a validation token."""


class ResourceData(wire.Wire):
    """https://learn.microsoft.com/graph/api/resources/resourcedata."""

    id: str | None = None


class Notification(wire.Wire):
    """https://learn.microsoft.com/graph/api/resources/changenotification."""

    subscription_id: str = ""
    client_state: str | None = None
    change_type: str | None = None
    lifecycle_event: str | None = None
    resource_data: ResourceData | None = None


class _Posted(wire.Wire):
    value: list[msgspec.Raw]


_posted = msgspec.json.Decoder(_Posted)
_notification = msgspec.json.Decoder(Notification)

Take = Callable[[Sequence[Notification]], None]
"""Acts on notifications, at once."""


def notifications(body: bytes, meter: Meter) -> Sequence[Notification]:
    """The notifications in a message; those that make no sense are counted and passed over.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: this is no message.
    """
    found = []
    posted = _posted.decode(body).value
    for raw in posted[:VALUES]:
        try:
            found.append(_notification.decode(raw))
        except wire.NO_JSON:
            meter.heard("malformed")
    return found


def answered(call: Call, take: Take, meter: Meter) -> Reply:
    """What a call to the hook is answered; whoever forges one learns nothing from it."""
    token = call.query.get("validationToken")
    if token is not None:
        return _handshake(token)
    if len(call.body) > BODY_LIMIT:
        meter.heard("malformed")
        return Reply(status=413)
    try:
        found = notifications(call.body, meter)
    except wire.NO_JSON:
        meter.heard("malformed")
        return Reply(status=400)
    take(found)
    return Reply(status=202)


def _handshake(token: str) -> Reply:
    """The token back as plain text, whatever stands in it: no browser may take it for a page."""
    if len(token.encode("utf-8", "replace")) > TOKEN_LIMIT:
        return Reply(status=400)
    return Reply(status=200, text=token, headers={"X-Content-Type-Options": "nosniff"})
