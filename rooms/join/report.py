"""What reading an invitation came to, for programs and for people."""

from rooms.join.dial import Dialing, dial_string
from rooms.join.found import Candidate, Found


def as_json(
    found: Found,
    id: str | None = None,  # noqa: A002 the name is the contract's
    dialing: Dialing = Dialing(),  # noqa: B008 a frozen value
) -> dict[str, object]:
    """The object that `roombridge join --json` prints; absent values are None."""
    details = found.details
    dial = dial_string(details, dialing=dialing) if details and found.reason is None else None
    return {
        "id": id,
        "provider": details.provider if details else None,
        "meeting_id": details.meeting_id if details else None,
        "passcode": details.passcode if details else None,
        "numeric_passcode": details.numeric_passcode if details else None,
        "join_url": details.join_url if details else None,
        "sip": details.sip if details else None,
        "sip_printed": details.sip_printed if details else None,
        "h323": details.h323 if details else None,
        "h323_gateways": list(details.h323_gateways) if details else [],
        "dial": dial.address if dial else None,
        "source": found.source,
        "rule": found.rule,
        "confidence": found.confidence if details else None,
        "candidates": [_candidate(one) for one in found.candidates],
        "reason": found.reason.value if found.reason else None,
    }


def _candidate(one: Candidate) -> dict[str, object]:
    return {
        "source": one.source,
        "provider": one.provider,
        "score": one.score,
        "meeting_id": one.meeting_id,
        "join_url": one.join_url,
        "why": one.why,
    }


def in_words(found: Found) -> list[str]:
    """How the details were found, a line for each step; for a terminal."""
    lines = []
    if found.details is not None:
        lines.append(f"{found.details.provider}, found in {found.source} by {found.rule}")
    lines += [f"tried {step}" for step in found.tried]
    lines += [f"not taken: {one.provider} in {one.source}: {one.why}" for one in found.candidates]
    return [*lines, *found.notes]
