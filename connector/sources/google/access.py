"""How a service account comes to its tokens (RFC 7523)."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed
from connector.http import Answer, ask, failure
from connector.identity import Granted
from connector.outside import Outside
from connector.secret import Secret
from connector.source import Credential
from connector.sources.google.signing import Signer

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_LIMIT = 20.0
"""Seconds for one token."""
ANSWER_LIMIT = 1 << 20


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float


class _Said(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class ServiceAccount:
    """One service account that signs in for one set of scopes, as itself or for its subject."""

    def __init__(
        self, outside: Outside, *, key: Secret, subject: str, scope: str, token_url: URL
    ) -> None:
        self._outside = outside
        self._key = key
        self._subject = subject
        self._scope = scope
        self._url = token_url
        self._signer: Signer | None = None
        self._state: Literal["untried", "works", "refused", "missing"] = "untried"

    def credentials(self) -> Sequence[Credential]:
        """The key; Google tells of no end."""
        state = self._state if self._key else "missing"
        return (Credential(name="service_account", kind="service_account_key", state=state),)

    async def obtain(self) -> Granted:
        """A new token.

        Raises:
            Denied: Google refuses this account.
            Unavailable, Malformed: no answer, or none that makes sense.
        """
        # To read the key takes a tenth of a second, to sign a hundredth.
        assertion = await asyncio.to_thread(self._assertion, self._outside.clock.now())
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
        self._state = "works"
        return Granted(granted.access_token, granted.expires_in)

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
