"""What reading an invitation came to."""

import msgspec

from rooms.model import JoinDetails, NoJoinReason


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A meeting that the invitation may have meant, and why it was not taken."""

    source: str
    """Where it stood: `conference`, `online_url`, `location`, `body`, `subject`, `quoted` (an older
    message) or `hidden`."""
    provider: str
    score: int
    meeting_id: str | None = None
    join_url: str | None = None
    why: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The join details of an invitation, how they were found, or why there are none."""

    details: JoinDetails | None = None
    reason: NoJoinReason | None = None
    """None when the details give something to dial."""
    source: str | None = None
    rule: str | None = None
    """The rule of the site, or the recogniser that found the meeting."""
    confidence: float = 0.0
    """From 0 to 1."""
    candidates: tuple[Candidate, ...] = ()
    """The others."""
    tried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
