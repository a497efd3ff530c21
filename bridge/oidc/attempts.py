"""Sign-ins that were begun: who comes back must be the browser that went, soon, and once.

What must be known then (state, nonce and PKCE's verifier) is in a cookie of the browser's, sealed
with a key of this process: nobody fills the memory by beginning, and nobody else reads it.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from bridge.oidc.failed import SignOnFailed
from rooms.clock import Clock

LASTS = timedelta(minutes=10)
"""Time to type a password, and to find the telephone that confirms it."""
USED = 10_000
"""Used ones that are remembered; one more than that makes the oldest forgotten."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in on its way."""

    state: str
    """Binds the answer to the request (RFC 6749 §10.12)."""
    nonce: str
    """Binds the ID token to the request (OpenID Connect Core §15.5.2)."""
    verifier: str
    """Binds the code to the request (RFC 7636)."""
    issuer: str
    """Who was asked (RFC 9700 §4.4.2)."""
    goes_on: str
    """Where they wanted to go."""
    began: datetime

    @property
    def challenge(self) -> str:
        """What the provider is shown of the verifier (RFC 7636 §4.2, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Attempts:
    """Makes attempts, and knows them again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sealing = Fernet(Fernet.generate_key())
        self._used: dict[str, datetime] = {}

    def begin(self, issuer: str, goes_on: str) -> tuple[Attempt, str]:
        """An attempt, and the cookie that holds it."""
        now = self._clock.now()
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            issuer=issuer,
            goes_on=goes_on,
            began=now,
        )
        text = msgspec.json.encode(attempt)
        return attempt, self._sealing.encrypt_at_time(text, int(now.timestamp())).decode()

    def end(self, cookie: str, state: str) -> Attempt:
        """The attempt that somebody comes back with; it is good this once.

        Raises:
            SignOnFailed: `stale`.
        """
        now = self._clock.now()
        try:
            text = self._sealing.decrypt_at_time(
                cookie.encode(errors="replace"), int(LASTS.total_seconds()), int(now.timestamp())
            )
        except InvalidToken:
            raise SignOnFailed("stale", "cookie") from None
        attempt = msgspec.json.decode(text, type=Attempt)
        if not hmac.compare_digest(attempt.state.encode(), state.encode(errors="replace")):
            raise SignOnFailed("stale", "state")
        self._forget(now)
        if attempt.state in self._used:
            raise SignOnFailed("stale", "used")
        self._used[attempt.state] = now
        return attempt

    def _forget(self, now: datetime) -> None:
        """Those that are too old are refused as such."""
        while self._used:
            state, at = next(iter(self._used.items()))
            if len(self._used) < USED and now - at <= LASTS:
                return
            del self._used[state]
