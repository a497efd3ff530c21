"""What errors of Event Hubs mean, without their text: it may hold what the service was given.

https://learn.microsoft.com/azure/event-hubs/event-hubs-amqp-troubleshoot
"""

import re

from connector.errors import ConnectorError, Denied, NotFound, Unavailable

_LISTEN = "give the policy of the connection string Listen, and compare its key with Azure"
_RECEIVER = (
    "assign the application the role Azure Event Hubs Data Receiver on the hub; it takes some"
    " minutes"
)
_REFUSED = {"unauthorized-access"}
_MISSING = {"not-found"}
_SHARED = {"resource-limit-exceeded", "link:stolen", "receiver-disconnected"}
_MISPLACED = {"argument-error", "argument-out-of-range", "invalid-field", "not-allowed"}
_BUSY = {"server-busy"}
_CUT = {"socket-error", "connection:forced", "link:detach-forced", "client-error", "internal-error"}


class Misplaced(Unavailable):
    """The service does not know the place at which it is to begin."""


def meaning(error: BaseException | None, *, signed: bool) -> ConnectorError:
    """What an error of azure-eventhub means; `signed` with a policy's key, not by the application.

    One of ours that went through it stays as it is.
    """
    if isinstance(error, ConnectorError):
        return error
    condition = _condition(error)
    status = re.search(r"Status code: (\d{3})", str(error)) if error else None
    code = int(status[1]) if status else 0
    if code == 404 or condition in _MISSING:
        return NotFound(
            "there is no such Event Hub or consumer group", reason="hub_missing", everywhere=True
        )
    if code in {401, 403} or condition in _REFUSED:
        return Denied(
            "the Event Hub does not let the appliance listen",
            reason="hub_denied",
            fix=_LISTEN if signed else _RECEIVER,
            everywhere=True,
        )
    if condition in _SHARED:
        return Denied(
            "others read the Event Hub with the same consumer group",
            reason="hub_shared",
            everywhere=True,
        )
    return _passing(condition)


def _passing(condition: str) -> ConnectorError:
    """What passes by itself."""
    if condition in _MISPLACED:
        return Misplaced(
            "the Event Hub forgot where the appliance was", reason="service_error", everywhere=True
        )
    if condition in _BUSY:
        return Unavailable("the Event Hub is busy", reason="throttled", everywhere=True)
    if not condition or condition in _CUT:
        return Unavailable(
            "the connection to the Event Hub broke off", reason="broken_off", everywhere=True
        )
    return Unavailable("the Event Hub has a fault", reason="service_error", everywhere=True)


def _condition(error: BaseException | None) -> str:
    """The condition of an AMQP error, without the name before its first colon."""
    told = getattr(error, "error", None)
    if isinstance(told, str):  # azure-eventhub has cut it already
        return told
    raw = getattr(error, "condition", None)
    raw = getattr(raw, "value", raw)
    return raw.decode("ascii", "replace").partition(":")[2] if isinstance(raw, bytes) else ""
