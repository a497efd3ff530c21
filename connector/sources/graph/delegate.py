"""A service account that let the appliance read for it: a refresh token in the keep.

https://learn.microsoft.com/entra/identity-platform/refresh-tokens
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied
from connector.identity import Granted
from connector.keep import Keep
from connector.outside import Outside
from connector.secret import Secret
from connector.source import Credential
from connector.sources.graph import entra

log = logging.getLogger(__name__)

KEPT_AS = "refresh_token"
LIFE = timedelta(days=90)
"""How long a refresh token lives; nobody can ask it, and each use brings a younger one."""
AGAIN = 900.0
"""Seconds before a token that was refused is tried again: a policy or account may be mended."""
AUTHORIZE = "roombridge sources authorize {source}"

_WORDS = {
    "AADSTS700082": "the authorization was not used for 90 days and is over",
    "AADSTS50173": "the authorization was revoked, or the account has a new password",
    "AADSTS65001": "the consent for this application is gone",
    "AADSTS50057": "the service account is disabled",
    "AADSTS50076": "the service account must sign in with a second factor",
    "AADSTS50079": "the service account must register a second factor",
    "AADSTS70043": "a Conditional Access policy asks for a new sign-in",
}


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """An application, and who signs in for it."""

    login: str
    tenant_id: str
    client_id: str
    account: str
    scope: str

    def url(self, name: Literal["token", "devicecode"]) -> URL:
        """One of the token service's addresses."""
        return URL(self.login) / self.tenant_id / "oauth2" / "v2.0" / name


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the keep."""

    account: str
    tenant_id: str
    client_id: str
    token: str
    since: datetime
    """When the token was given out: its life counts from there."""

    def fits(self, client: Client) -> bool:
        """Whether it is for this application and account; the configuration may have changed."""
        return (self.account, self.tenant_id, self.client_id) == (
            client.account.lower(),
            client.tenant_id,
            client.client_id,
        )


def keep_of(outside: Outside) -> Keep:
    """Where the refresh token lies.

    Raises:
        Denied: there is no vault.
    """
    if outside.keep is None:
        raise Denied(
            "a service account's authorization needs the vault, and there is none",
            reason="vault_needed",
            everywhere=True,
        )
    return outside.keep


async def keep(outside: Outside, client: Client, token: str) -> Kept:
    """Keep a refresh token that was given out now.

    Raises:
        Denied: there is no vault.
        OSError: it cannot be written.
    """
    kept = Kept(
        account=client.account.lower(),
        tenant_id=client.tenant_id,
        client_id=client.client_id,
        token=token,
        since=outside.clock.now(),
    )
    await keep_of(outside).put(KEPT_AS, Secret(msgspec.json.encode(kept).decode()))
    return kept


class _No(NamedTuple):
    """A token that was refused, when, and why."""

    token: str
    at: float
    why: ConnectorError


class Delegate:
    """Tokens for a refresh token, which is exchanged for a younger one each time."""

    def __init__(self, outside: Outside, client: Client) -> None:
        self._outside = outside
        self._client = client
        self._unsaved: Kept | None = None
        self._no: _No | None = None
        self._state: Literal["untried", "works", "refused"] = "untried"

    def credentials(self) -> Sequence[Credential]:
        """The refresh token and its end, which moves with each use."""
        kept = self._kept() if self._outside.keep else None
        if kept is None:
            return (Credential(name=KEPT_AS, kind="refresh_token", state="missing"),)
        state = "unsaved" if self._unsaved and self._state == "works" else self._state
        return (
            Credential(name=KEPT_AS, kind="refresh_token", expires=kept.since + LIFE, state=state),
        )

    async def obtain(self) -> Granted:
        """A token for the account that signed in.

        Raises:
            Denied: there is no vault, nobody signed in, or the authorization is over.
            Unavailable, Malformed: no answer, or none that makes sense.
        """
        keep_of(self._outside)
        kept = self._kept()
        if kept is None:
            raise _needed("nobody has signed in for this source yet")
        self._spare(kept.token)
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client.client_id,
            "refresh_token": kept.token,
            "scope": self._client.scope,
        }
        try:
            url = self._client.url("token")
            tokens = await entra.posted(self._outside, url, form, entra.Tokens)
        except entra.Refused as refused:
            self._state = "refused"
            why = _meaning(refused)
            self._no = _No(kept.token, self._outside.clock.monotonic(), why)
            raise why from refused
        self._no = None
        await self._renew(tokens.refresh_token)
        self._state = "works"
        return Granted(tokens.access_token, tokens.expires_in)

    def _spare(self, token: str) -> None:
        """Leave the service alone with a token that it just refused."""
        no = self._no
        if no and no.token == token and self._outside.clock.monotonic() - no.at < AGAIN:
            why = no.why  # told anew: an error that is raised again drags its traces along
            raise type(why)(str(why), reason=why.reason, fix=why.fix, everywhere=True)

    async def _renew(self, token: str) -> None:
        """Keep the younger refresh token before the older one is given up.

        The older one lives on until its own end: where the vault cannot be written, reading goes
        on, and keeping is tried again with the next token.
        """
        if not token:
            return
        try:
            self._unsaved = None
            await keep(self._outside, self._client, token)
        except OSError as error:
            log.warning("a refresh token could not be kept: %s", type(error).__name__)
            self._unsaved = Kept(
                account=self._client.account.lower(),
                tenant_id=self._client.tenant_id,
                client_id=self._client.client_id,
                token=token,
                since=self._outside.clock.now(),
            )

    def _kept(self) -> Kept | None:
        """What there is for this application and account."""
        if self._unsaved is not None:
            return self._unsaved
        secret = keep_of(self._outside).get(KEPT_AS)
        if not secret:
            return None
        try:
            kept = msgspec.json.decode(secret.reveal(), type=Kept)
        except msgspec.DecodeError:
            return None
        return kept if kept.fits(self._client) else None


def _meaning(refused: entra.Refused) -> ConnectorError:
    """What a refusal means; most of them only a new sign-in mends."""
    code = refused.refusal.code
    if refused.refusal.error in {"invalid_grant", "interaction_required", "consent_required"}:
        words = _WORDS.get(code, "the authorization of the service account is over")
        return _needed(f"{words} ({code})" if code else words)
    return entra.meaning(refused.status, code)


def _needed(words: str) -> Denied:
    return Denied(words, reason="authorization_needed", fix=AUTHORIZE, everywhere=True)
