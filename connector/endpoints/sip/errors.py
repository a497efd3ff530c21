"""What answers of SIP elements mean to the bridge (RFC 3261 §21)."""

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.sip.dialog import Challenged
from connector.sip.transaction import NoAnswer

UNSUPPORTED = frozenset({405, 415, 416, 420, 421, 481, 488, 489, 493, 501})
"""Answers of a unit that does not know, or never obeys, what it was asked."""
_ALLOW = (
    "allow the appliance's address to call this unit and to send it REFER, at the unit or at the"
    " PBX between"
)


def refused(status: int) -> ConnectorError:
    """The error for what the unit, or the PBX before it, answered."""
    words = f"the unit answered SIP {status}"
    if status == 403:
        return Denied(words, reason="access_denied", fix=_ALLOW)
    if status in {404, 410, 484, 485, 604}:
        return NotFound(words, reason="not_found", fix="compare `aor` with the PBX or the unit")
    if status in UNSUPPORTED:
        return Malformed(
            words,
            reason="unsupported",
            fix="allow REFER at the unit, or let the bridge connect the call (`mode: 3pcc`)",
        )
    if status in {408, 504}:
        return Unavailable(words, reason="timeout")
    if status in {480, 486, 600} or 500 <= status < 600:
        busy = (
            "" if status in range(500, 600) else "it is busy, off or not to be disturbed: see there"
        )
        return Unavailable(words, reason="service_error", fix=busy)
    return Malformed(words, reason="request_refused", fix=_ALLOW)


def failed(status: int | None) -> ConnectorError:
    """The error for a call that the meeting, or somebody on the way to it, did not take.

    Never `Denied` or `NotFound`: nothing is wrong with the unit.
    """
    if status == 603:
        return Malformed(
            "the call was declined (SIP 603)",
            reason="request_refused",
            fix="somebody declined it, or the unit asks on its screen before it calls",
        )
    told = "no sound answer" if status is None else f"SIP {status}"
    return Unavailable(
        f"the meeting did not take the call ({told})",
        reason="service_error",
        fix="see whether the unit can call this meeting by hand, and by which proxy",
    )


def no_offer() -> Malformed:
    """The error for a unit that takes a call and offers no media."""
    return Malformed(
        "the unit took the call and offered no media",
        reason="unsupported",
        fix="it cannot be connected by the bridge: allow REFER at the unit (`mode: refer`)",
    )


def challenged(error: Challenged) -> Denied:
    """The error for a login that is missing or wrong."""
    if error.given:
        return Denied("the login was refused", reason="credentials_refused")
    return Denied(
        "a login is asked for and none is configured",
        reason="credentials_missing",
        fix="set `username` and `password`, or allow the appliance's address without a login",
    )


def silent(error: NoAnswer) -> Unavailable:
    """The error for no answer."""
    if error.broken:
        return Unavailable("the connection broke", reason="broken_off")
    return Unavailable(
        "no answer in time",
        reason="timeout",
        fix="check that the appliance may reach the unit by this transport and port",
    )


def changed() -> Malformed:
    """The error for another certificate than the configured one."""
    return Malformed(
        "the certificate is not the one whose fingerprint is configured",
        reason="certificate_changed",
    )


def unreachable() -> Unavailable:
    """The error for an address that leads nowhere."""
    return Unavailable("no connection", reason="unreachable")
