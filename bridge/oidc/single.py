"""Single sign-on: out to the provider, and back as somebody."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlencode

from bridge.oidc import claims
from bridge.oidc.attempts import Attempt, Attempts
from bridge.oidc.failed import SignOnFailed, Why
from bridge.oidc.provider import OF_US, Description, Provider
from bridge.people.accounts import Provided
from bridge.people.reception import Reception
from bridge.people.refused import Refused
from bridge.people.sessions import Visitor
from bridge.settings.model import Site
from bridge.settings.people import OidcSettings
from connector.outside import Outside

log = logging.getLogger(__name__)

CALLBACK = "/admin/callback"
"""Where the provider sends people back to, below `public_url`; it must know that address."""
LOGIN = "/admin/login"
_LONGEST = 4096
"""Characters of a code; Entra's have some 1500."""
_DENIED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})
_BUSY = frozenset({"temporarily_unavailable", "server_error"})


class Entered(NamedTuple):
    """Somebody who was signed in."""

    secret: str
    """Of their session."""
    goes_on: str
    """Where they wanted to go."""


class SingleSignOn:
    """Signs people in by the provider of the site, if it has one."""

    def __init__(self, outside: Outside, people: Reception, site: Callable[[], Site]) -> None:
        self._outside = outside
        self._people = people
        self._site = site
        self._clock = outside.clock
        self._attempts = Attempts(outside.clock)
        self._provider: Provider | None = None

    @property
    def settings(self) -> OidcSettings | None:
        """The provider's settings in force; None where there is none."""
        return self._site().people.oidc

    @property
    def public_url(self) -> str:
        """How people reach the appliance, without a slash at its end."""
        return self._site().public_url.rstrip("/")

    @property
    def outside(self) -> Outside:
        """How the provider is reached."""
        return replace(self._outside, proxy=self._site().proxy)

    async def begin(self, goes_on: str) -> tuple[str, str]:
        """Where the provider asks who somebody is, and the cookie that they come back with.

        Raises:
            SignOnFailed: why not.
        """
        provider = self._asked()
        with _logged():
            found = await provider.description()
        settings = provider.settings
        attempt, cookie = self._attempts.begin(settings.issuer, goes_on)
        fields = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self.public_url + CALLBACK,
            "scope": " ".join(settings.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return _with(found.authorization_endpoint, fields), cookie

    async def end(self, query: Mapping[str, str], cookie: str, visitor: Visitor) -> Entered:
        """A session for who comes back from the provider.

        Raises:
            SignOnFailed: why not.
            sqlite3.Error: nobody was signed in.
        """
        with _logged():
            attempt = self._attempts.end(cookie, query.get("state", ""))
            who = await self._identified(query, attempt)
            try:
                secret = await self._people.arrivals.admit(who, visitor)
            except Refused as refused:
                why: Why = "disabled" if refused.code == "person_disabled" else "unfit"
                raise SignOnFailed(why, refused.code) from None
        return Entered(secret, attempt.goes_on)

    async def out(self) -> str:
        """Where somebody signs out at the provider too; empty where it has no such address.

        OpenID Connect RP-Initiated Logout §2, without `id_token_hint`: no ID token is kept.

        Raises:
            SignOnFailed: why not.
        """
        provider = self._asked()
        with _logged():
            found = await provider.description()
        if not found.end_session_endpoint:
            return ""
        fields = {
            "client_id": provider.settings.client_id,
            "post_logout_redirect_uri": self.public_url + LOGIN,
        }
        return _with(found.end_session_endpoint, fields)

    async def _identified(self, query: Mapping[str, str], attempt: Attempt) -> Provided:
        """Who comes back.

        Raises:
            SignOnFailed: why nobody does.
        """
        provider = self._asked()
        found = await provider.description()
        _check_sender(query.get("iss"), attempt, found)
        if error := query.get("error"):
            raise SignOnFailed(_said(error), error if error in _DENIED | _BUSY | OF_US else "")
        code = query.get("code", "")
        if not 0 < len(code) <= _LONGEST:
            raise SignOnFailed("unproven", "code")
        given = await provider.redeem(code, attempt, self.public_url + CALLBACK)
        told = await provider.proven(given.id_token)
        claims.check(told, attempt, provider.settings, self._clock.now())
        if not claims.told_of_groups(told, provider.settings):
            told = {**await provider.more(given.access_token, told["sub"]), **told}
        try:
            return claims.provided(told, provider.settings)
        except SignOnFailed as failed:
            await self._people.arrivals.turn_away(claims.subject(told), failed.why)
            raise

    def _asked(self) -> Provider:
        """The provider by the settings in force; one that is configured otherwise is asked anew.

        Raises:
            SignOnFailed: `refused` where there is none.
        """
        settings, outside = self.settings, self.outside
        if settings is None:
            raise SignOnFailed("refused", "not configured")
        known = self._provider
        if known is None or known.settings != settings or known.outside.proxy != outside.proxy:
            known = self._provider = Provider(settings=settings, outside=outside)
        return known


@contextmanager
def _logged() -> Iterator[None]:
    """Tell engineers why nobody is signed in, but nothing that anybody could fill the log with."""
    try:
        yield
    except SignOnFailed as failed:
        if failed.why != "stale" and not failed.again:
            log.warning("single sign-on: %s", failed)
        raise


def _check_sender(issuer: str | None, attempt: Attempt, found: Description) -> None:
    """Let an answer pass that comes from who was asked (RFC 9207 §2.4).

    Raises:
        SignOnFailed: `unproven`, `stale`.
    """
    if attempt.issuer != found.issuer:  # another provider was configured meanwhile
        raise SignOnFailed("stale", "issuer")
    needed = found.authorization_response_iss_parameter_supported
    if (needed or issuer is not None) and issuer != found.issuer:
        raise SignOnFailed("unproven", "sender")


def _said(error: str) -> Why:
    """What is told of an error that the provider sends somebody back with."""
    if error in _DENIED:
        return "denied"
    return "unavailable" if error in _BUSY else "refused"


def _with(address: str, fields: Mapping[str, str]) -> str:
    """An address with further parameters (RFC 6749 §3.1)."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}"
