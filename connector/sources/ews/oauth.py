"""Tokens for Exchange Server with modern authentication: client credentials (RFC 6749 §4.4)."""

from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlencode

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed
from connector.http import ask, failure
from connector.identity import Granted
from connector.outside import Outside
from connector.secret import Secret
from connector.source import Credential

TOKEN_LIMIT = 20.0
"""Seconds for a token."""
_SIZE_LIMIT = 1 << 20
_REFUSED = {"invalid_client", "unauthorized_client", "invalid_grant", "access_denied"}


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float


class _Refused(msgspec.Struct):
    error: str = ""


class Application:
    """An application that signs in as itself."""

    def __init__(
        self, outside: Outside, *, token_url: str, client_id: str, client_secret: Secret, scope: str
    ) -> None:
        self._outside = outside
        self._url = URL(token_url)
        self._client_id = client_id
        self._secret = client_secret
        self._scope = scope
        self._state: Literal["untried", "works", "refused"] = "untried"

    def credentials(self) -> Sequence[Credential]:
        """The application's secret; nobody tells when it ends."""
        state = self._state if self._secret else "missing"
        return (Credential(name="client_secret", kind="client_secret", state=state),)

    async def obtain(self) -> Granted:
        """A new token.

        Raises:
            Denied: the token service refuses the application.
            Unavailable, Malformed: no answer, or none that makes sense.
        """
        if not self._secret:
            raise Denied(
                "the client secret that the configuration names cannot be read",
                reason="credentials_missing",
                everywhere=True,
            )
        try:
            granted = await self._granted()
        except Denied:
            self._state = "refused"
            raise
        self._state = "works"
        return Granted(granted.access_token, granted.expires_in)

    async def _granted(self) -> _Granted:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.reveal(),
            "scope": self._scope,
        }
        answer = await ask(
            self._outside.http,
            "POST",
            self._url,
            seconds=TOKEN_LIMIT,
            limit=_SIZE_LIMIT,
            tls=self._outside.tls if self._url.scheme == "https" else True,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode(form).encode(),
            **self._outside.route(self._url),
        )
        if answer.status == 200:
            try:
                return msgspec.json.decode(answer.body, type=_Granted)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Malformed(
                    "the token service sent no token", reason="not_a_token", everywhere=True
                ) from error
        raise _meaning(answer.status, answer.body) or failure(answer, self._outside.clock.now())


def _meaning(status: int, body: bytes) -> ConnectorError | None:
    try:
        code = msgspec.json.decode(body, type=_Refused).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if code not in _REFUSED:
        return None
    return Denied(
        f"the token service says {code} (HTTP {status})",
        reason="credentials_refused",
        fix="check client_id and client_secret_file with the app registration",
        everywhere=True,
    )
