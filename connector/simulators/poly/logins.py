"""Who may administer a unit, who is locked out, and which sessions are open."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

IDLE = timedelta(minutes=10)
"""After which an unused web session ends (X30 export)."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """After how many failures nobody gets in, within which time they count, and for how long."""

    failures: int
    window: timedelta | None
    """None: they count until a login is right."""
    time: timedelta


VIDEO_LOCKOUT = Lockout(10, None, timedelta(minutes=1))
"""X30 export: 10 attempts, 1 min, no window."""
TRIO_LOCKOUT = Lockout(5, timedelta(seconds=60), timedelta(seconds=60))
"""`httpd.cfg.lockWebUI.*`."""


class Door:
    """One way in, with the failures there; they count for the way, not for a user."""

    def __init__(self, users: Mapping[str, str], lockout: Lockout) -> None:
        self._users = users
        self._lockout = lockout
        self._failures: list[datetime] = []
        self._until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        """Whether nobody gets in."""
        return self._until is not None and now < self._until

    def admits(self, name: str, password: str, now: datetime) -> bool:
        """Whether this login is good; none is while the door is locked."""
        if self.locked(now):
            return False
        known = self._users.get(name)
        if known is not None and hmac.compare_digest(known.encode(), password.encode()):
            self._failures.clear()
            return True
        if self._lockout.window is not None:
            since = now - self._lockout.window
            self._failures = [one for one in self._failures if one > since]
        self._failures.append(now)
        if len(self._failures) >= self._lockout.failures:
            self._failures.clear()
            self._until = now + self._lockout.time
        return False

    def unlock(self) -> None:
        """Forget all failures, as a restart does."""
        self._failures.clear()
        self._until = None


@dataclass(slots=True)
class Session:
    """An open session of the web interface."""

    id: str
    xsrf: str
    user: str
    used: datetime


class Sessions:
    """Open sessions by their id."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, user: str, now: datetime) -> Session:
        """A new session."""
        session = Session(secrets.token_urlsafe(36), secrets.token_urlsafe(24), user, now)
        self._open[session.id] = session
        return session

    def get(self, identity: str, now: datetime) -> Session | None:
        """An open session, which is used by this."""
        session = self._open.get(identity)
        if session is None:
            return None
        if now - session.used > IDLE:
            del self._open[identity]
            return None
        session.used = now
        return session

    def end(self, identity: str) -> bool:
        """Close a session; false where it is not open."""
        return self._open.pop(identity, None) is not None

    def end_all(self) -> None:
        """Close every session, as a restart does."""
        self._open.clear()
