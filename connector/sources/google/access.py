"""The access token: in memory only, renewed early, one request in flight."""

import asyncio
import random
import re
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlencode

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed
from connector.http import Answer, ask, failure
from connector.outside import Outside
from connector.secret import Secret
from connector.source import Credential
from connector.sources.google.signing import Signer

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_LIMIT = 20.0
"""Seconds for one token."""
ANSWER_LIMIT = 1 << 20
EARLY = 0.8
"""The share of a token's life after which it is renewed."""
RETRY = 30.0
"""Seconds between tries to renew a token that still works."""


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float


class _Said(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class Access:
    """The token of one service account for one set of scopes.

    Every room that waits shares one request and one answer.
    """

    def __init__(
        self, outside: Outside, *, key: Secret, subject: str, scope: str, token_url: URL
    ) -> None:
        self._outside = outside
        self._key = key
        self._subject = subject
        self._scope = scope
        self._url = token_url
        self._signer: Signer | None = None
        self._token: str | None = None
        self._renew_at = self._expires_at = 0.0
        self._request: asyncio.Task[str] | None = None
        self._state: Literal["untried", "works", "refused", "missing"] = "untried"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._request is not None and not self._request.done():
            self._request.cancel()
            await asyncio.wait([self._request])
        self._token = None

    def credentials(self) -> Sequence[Credential]:
        """The key; Google tells of no end."""
        state = self._state if self._key else "missing"
        return (Credential(name="service_account", kind="service_account_key", state=state),)

    async def token(self) -> str:
        """A token that works, as far as is known.

        Raises:
            Denied: Google refuses this account.
            Unavailable, Malformed: no answer, or none that makes sense.
        """
        now = self._outside.clock.monotonic()
        if self._token is not None and now < self._renew_at:
            return self._token
        try:
            return await self._requested()
        except ConnectorError:
            if self._token is None or now >= self._expires_at:
                raise
            self._renew_at = now + RETRY
            return self._token

    def refused(self, token: str) -> None:
        """Drop a token that Google did not take, unless it was renewed meanwhile."""
        if self._token == token:
            self._token = None

    async def _requested(self) -> str:
        if self._request is None or self._request.done():
            self._request = asyncio.create_task(self._renewed())
            # Whoever waits sees the error; without a waiter left it must not be reported as lost.
            self._request.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._request)

    async def _renewed(self) -> str:
        started = self._outside.clock.monotonic()
        # To read the key takes a tenth of a second, to sign a hundredth.
        assertion = await asyncio.to_thread(self._assertion, self._outside.clock.now())
        self._outside.meter.count("sign_in")
        answer = await ask(
            self._outside.http,
            "POST",
            self._url,
            seconds=TOKEN_LIMIT,
            limit=ANSWER_LIMIT,
            tls=self._outside.tls if self._url.scheme == "https" else True,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode({"grant_type": GRANT, "assertion": assertion}).encode(),
            **self._outside.route(self._url),
        )
        if answer.status != 200:
            error = _meaning(answer, self._outside)
            if isinstance(error, Denied):
                self._state = "refused"
            raise error
        granted = _granted(answer)
        spread = random.uniform(0.9, 1.0)  # noqa: S311 - spreads load, protects nothing
        self._token = granted.access_token
        self._renew_at = started + granted.expires_in * EARLY * spread
        self._expires_at = started + granted.expires_in
        self._state = "works"
        return granted.access_token

    def _assertion(self, now: datetime) -> str:
        if not self._key:
            raise Denied(
                "the key file that the configuration names cannot be read",
                reason="credentials_missing",
                everywhere=True,
            )
        try:
            self._signer = self._signer or Signer(self._key.reveal())
            return self._signer.assertion(self._scope, self._subject, now)
        except ValueError as error:
            self._state = "refused"
            raise Denied(
                "the key file of the service account is damaged",
                reason="credentials_refused",
                fix="make another key and put its JSON in place of the old one",
                everywhere=True,
            ) from error


def _granted(answer: Answer) -> _Granted:
    if answer.is_html:
        raise Malformed("a web page came instead of a token", reason="not_json", everywhere=True)
    try:
        return msgspec.json.decode(answer.body, type=_Granted)
    except (ValueError, RecursionError) as error:
        raise Malformed("the token makes no sense", reason="not_json", everywhere=True) from error


def _meaning(answer: Answer, outside: Outside) -> ConnectorError:
    """What a refusal means. Google's own words are looked at, never repeated."""
    try:
        said = msgspec.json.decode(answer.body, type=_Said)
    except (ValueError, RecursionError):
        said = _Said()
    if answer.status in {400, 401, 403} and said.error:
        return _refusal(said)
    error = failure(answer, outside.clock.now())
    error.everywhere = True
    return error


def _refusal(said: _Said) -> Denied:
    code = said.error if re.fullmatch(r"[a-z_]{1,40}", said.error) else "refused"
    words = said.error_description
    if code in {"unauthorized_client", "access_denied", "invalid_scope"}:
        return Denied(
            f"nobody in the domain lets the service account act for the subject ({code})",
            reason="delegation_missing",
            fix="delegate the scopes that `roombridge guide google` names to the account's client"
            " id, or take `subject` out and share each calendar with the account",
            everywhere=True,
        )
    if "timeframe" in words:
        fix = "set the appliance's clock: it differs from Google's"
    elif "Signature" in words:
        fix = "the key was deleted or replaced: put the JSON of a key that is valid in its place"
    elif "account not found" in words:
        fix = "the service account is gone: make another, with a key"
    elif "User ID" in words:
        fix = "compare `subject` with the users of the domain"
    else:
        fix = "see that the service account and its key are enabled"
    return Denied(
        f"Google refuses the service account ({code})",
        reason="credentials_refused",
        fix=fix,
        everywhere=True,
    )
