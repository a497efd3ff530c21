"""Who may log in, who is locked out, and which sessions are open."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ROLES = ("Admin", "User")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A local user of a unit."""

    password: str = field(repr=False)
    roles: tuple[str, ...] = ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """After how many failures a user is locked out, and for how long; 0 failures: never."""

    failures: int
    time: timedelta


class Users:
    """Local users by name, with the failures of each."""

    def __init__(self, users: Mapping[str, str | User]) -> None:
        self._users: dict[str, User] = {}
        self._failures: dict[str, int] = {}
        self._locked: dict[str, datetime] = {}
        for name, user in users.items():
            self.set(name, user)

    def set(self, name: str, user: str | User) -> None:
        """Create a user, or give one a new password."""
        self._users[name] = user if isinstance(user, User) else User(password=user)

    def remove(self, name: str) -> None:
        """Take a user away, if there is one."""
        self._users.pop(name, None)

    def roles(self, name: str) -> tuple[str, ...]:
        """What a user may do; nothing for nobody."""
        return self._users[name].roles if name in self._users else ()

    def names(self) -> tuple[str, ...]:
        """All users."""
        return tuple(self._users)

    def locked(self, now: datetime) -> dict[str, datetime]:
        """Who is locked out, and until when."""
        return {name: until for name, until in self._locked.items() if now < until}

    def admits(self, name: str, password: str, lockout: Lockout, now: datetime) -> bool:
        """Whether this login is good; a locked-out user's never is, and does not count."""
        user = self._users.get(name)
        if user is None or name in self.locked(now):
            return False
        if hmac.compare_digest(user.password.encode(), password.encode()):
            self.unblock(name)
            return True
        self._failures[name] = self._failures.get(name, 0) + 1
        if lockout.failures and self._failures[name] >= lockout.failures:
            self._failures.pop(name)
            self._locked[name] = now + lockout.time
        return False

    def unblock(self, name: str) -> bool:
        """Forget a user's failures; false where there is no such user."""
        self._failures.pop(name, None)
        self._locked.pop(name, None)
        return name in self._users

    def forget_failures(self) -> None:
        """Unblock everybody, as a reboot does."""
        self._failures.clear()
        self._locked.clear()


@dataclass(slots=True)
class _Session:
    user: str
    used: datetime


class Sessions:
    """Open sessions by their secret."""

    def __init__(self) -> None:
        self._open: dict[str, _Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, user: str, now: datetime, *, per_user: int, total: int) -> str | None:
        """The secret of a new session; None when there are too many already."""
        own = sum(session.user == user for session in self._open.values())
        if own >= per_user or len(self._open) >= total:
            return None
        secret = secrets.token_hex(32)
        self._open[secret] = _Session(user, now)
        return secret

    def user(self, secret: str, now: datetime) -> str | None:
        """Whose session this is, if it is open."""
        session = self._open.get(secret)
        if session is None:
            return None
        session.used = now
        return session.user

    def expire(self, now: datetime, idle: timedelta) -> None:
        """Close what nobody used for so long; never with a time of zero."""
        if idle:
            self._open = {s: one for s, one in self._open.items() if now - one.used <= idle}

    def end(self, secret: str) -> bool:
        """Close a session; false where it is not open."""
        return self._open.pop(secret, None) is not None

    def end_all(self) -> None:
        """Close every session, as a reboot does."""
        self._open.clear()
