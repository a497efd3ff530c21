"""Tokens of the site's token service (hybrid modern authentication, or AD FS)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import token_urlsafe

import msgspec

LIFE = timedelta(seconds=3599)


class Token(msgspec.Struct, frozen=True):
    """Who may use a token, and until when."""

    user: str
    expires: datetime


class Tokens:
    """Access tokens, and the clients that may ask for them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.life = LIFE
        self.clients: dict[str, tuple[str, str]] = {}
        """Client id to its secret and the account it stands for."""
        self._now = now
        self._tokens: dict[str, Token] = {}

    def issue(self, user: str) -> str:
        """A new token for an account; those that expired are forgotten."""
        now = self._now()
        self._tokens = {text: one for text, one in self._tokens.items() if one.expires > now}
        text = token_urlsafe(48)
        self._tokens[text] = Token(user.lower(), now + self.life)
        return text

    def user(self, text: str) -> str | None:
        """Whose token it is, while it lives."""
        known = self._tokens.get(text)
        return known.user if known is not None and known.expires > self._now() else None

    def revoke(self, user: str | None = None) -> int:
        """Make tokens worthless, of one account or all; how many there were."""
        kept = {
            text: one
            for text, one in self._tokens.items()
            if user is not None and one.user != user.lower()
        }
        revoked = len(self._tokens) - len(kept)
        self._tokens = kept
        return revoked
