"""People of the tenant who sign in for an application, and what they let it keep.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code,
https://learn.microsoft.com/entra/identity-platform/refresh-tokens
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import NAMESPACE_DNS, UUID, uuid5

CODE_LIFE = timedelta(minutes=15)
"""How long somebody has to sign in."""
INTERVAL = timedelta(seconds=5)
"""How rarely an application may ask whether somebody did."""
REFRESH_LIFE = timedelta(days=90)
"""How long a refresh token lives; each use brings a new one."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

Declined = Literal["authorization_declined", "access_denied"]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, and the mailboxes beside their own whose calendars they may read."""

    address: str
    mailboxes: frozenset[str] = frozenset()

    @property
    def id(self) -> UUID:
        """The object id in the directory; the same for the same address."""
        return uuid5(NAMESPACE_DNS, f"account.{self.address}")

    def reads(self, mailbox: str) -> bool:
        """Whether a calendar is theirs or shared with them."""
        return mailbox.lower() in {self.address, *self.mailboxes}


@dataclass(slots=True, kw_only=True)
class SignIn:
    """An application that waits for somebody to sign in elsewhere."""

    client_id: str
    device_code: str
    user_code: str
    scopes: tuple[str, ...]
    expires: datetime
    asked: datetime | None = None
    account: str = ""
    declined: Declined | None = None
    used: bool = False


class SignIns:
    """Those that wait, and those that are over."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._by_device: dict[str, SignIn] = {}

    def begin(self, client_id: str, scopes: tuple[str, ...]) -> SignIn:
        """A new one."""
        made = SignIn(
            client_id=client_id,
            device_code=secrets.token_urlsafe(96),
            user_code="".join(secrets.choice(_LETTERS) for _ in range(9)),
            scopes=scopes,
            expires=self._now() + CODE_LIFE,
        )
        self._by_device[made.device_code] = made
        return made

    def by_device(self, code: str) -> SignIn | None:
        """The one that an application asks about."""
        return self._by_device.get(code)

    def by_user(self, code: str) -> SignIn:
        """The one whose code somebody enters.

        Raises:
            KeyError: there is none that waits.
        """
        for one in self.waiting():
            if one.user_code == code.strip().upper():
                return one
        raise KeyError(code)

    def waiting(self) -> list[SignIn]:
        """Those that somebody can still answer."""
        now = self._now()
        return [
            one
            for one in self._by_device.values()
            if not (one.used or one.account or one.declined) and one.expires > now
        ]

    def too_soon(self, one: SignIn) -> bool:
        """Whether it was asked about just now; notes that it is asked about."""
        now, before = self._now(), one.asked
        one.asked = now
        return before is not None and now - before < INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """What an application may renew, for whom, and since when."""

    client_id: str
    account: str
    scopes: tuple[str, ...]
    issued: datetime
    revoked: bool = False


@dataclass(slots=True)
class RefreshTokens:
    """Refresh tokens; one that was used lives on until its own end, as Microsoft's do."""

    now: Callable[[], datetime]
    _tokens: dict[str, RefreshToken] = field(default_factory=dict)

    def issue(self, client_id: str, account: str, scopes: tuple[str, ...]) -> str:
        """A new one."""
        text = f"1.{secrets.token_urlsafe(128)}"
        self._tokens[text] = RefreshToken(
            client_id=client_id, account=account, scopes=scopes, issued=self.now()
        )
        return text

    def get(self, text: str) -> RefreshToken | None:
        """What is known of one."""
        return self._tokens.get(text)

    def expired(self, token: RefreshToken) -> bool:
        """Whether its time is over."""
        return self.now() - token.issued >= REFRESH_LIFE

    def revoke(self, accounts: Iterable[str]) -> int:
        """Make those of some people worthless; how many there were."""
        wanted = {address.lower() for address in accounts}
        revoked = 0
        for text, token in self._tokens.items():
            if token.account in wanted and not token.revoked:
                self._tokens[text] = replace(token, revoked=True)
                revoked += 1
        return revoked
