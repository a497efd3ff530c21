"""Sessions of presence: what applications say of accounts, until that fades or ends.

https://learn.microsoft.com/graph/cloud-communications-manage-presence-state
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FADES = timedelta(minutes=5)
"""After which `Available` is inactive, and as long again until it is away."""
PAIRS: Final = {
    ("Available", "Available"),
    ("Busy", "InACall"),
    ("Busy", "InAConferenceCall"),
    ("Away", "Away"),
    ("DoNotDisturb", "Presenting"),
}
"""What an application may set."""
_RANKS = ("DoNotDisturb", "Busy", "Available", "Away")
OFFLINE = ("Offline", "Offline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one application says."""

    availability: str
    activity: str
    since: datetime
    expires: datetime


class Presences:
    """The sessions of all accounts, by address and application."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._sessions: dict[str, dict[str, Session]] = {}

    def set(self, address: str, session: str, pair: tuple[str, str], span: timedelta) -> None:
        """Say this, for so long at most."""
        now = self._now()
        self._sessions.setdefault(address.lower(), {})[session] = Session(
            availability=pair[0], activity=pair[1], since=now, expires=now + span
        )

    def clear(self, address: str, session: str) -> bool:
        """End a session; whether there was one."""
        return self._sessions.get(address.lower(), {}).pop(session, None) is not None

    def shown(self, address: str) -> tuple[str, str]:
        """Availability and activity as people see them: the busiest of all sessions."""
        now = self._now()
        held = self._sessions.get(address.lower(), {}).values()
        pairs = [_faded(one, now) for one in held if one.expires > now]
        return min(pairs, key=lambda pair: _RANKS.index(pair[0]), default=OFFLINE)


def _faded(one: Session, now: datetime) -> tuple[str, str]:
    idle = now - one.since
    if one.availability != "Available" or idle < FADES:
        return one.availability, one.activity
    return ("Available", "AvailableInactive") if idle < 2 * FADES else ("Away", "Away")
