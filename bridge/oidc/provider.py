"""An identity provider: its description, its keys, and what it gives for a code."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import jwt
import msgspec
from yarl import URL

from bridge.oidc.attempts import Attempt
from bridge.oidc.failed import SignOnFailed
from bridge.oidc.keys import Head, Keys, head, signed
from bridge.oidc.remembered import Remembered
from bridge.settings.addresses import fit
from bridge.settings.people import OidcSettings
from connector.errors import ConnectorError
from connector.http import Answer, ask
from connector.outside import Outside

SECONDS = 10.0
"""For one answer."""
LARGEST = 1 << 20
"""Bytes of one answer."""
PAUSE = timedelta(minutes=1)
"""Between two looks for a key that is not known: anybody can write a token with another name."""
_NOT_TOLD = frozenset({401, 403})
"""A provider's answers that it does not tell (RFC 6750 §3.1). Any other failure leaves open in
which groups somebody is, and must not end their sessions."""
WELL_KNOWN = "/.well-known/openid-configuration"
OF_US = frozenset(
    {
        "invalid_client",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)
"""What a provider answers that was told something else of this appliance (RFC 6749 §4.1.2.1 and
§5.2)."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself (OpenID Connect Discovery §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    def check(self, issuer: str) -> None:
        """Let a description pass that is of this issuer, with addresses that are safe.

        Raises:
            SignOnFailed: `unfit`.
        """
        if self.issuer != issuer:
            raise SignOnFailed("unfit", "issuer")
        needed = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri)
        further = (self.userinfo_endpoint, self.end_session_endpoint)
        if not all(map(fit, (*needed, *filter(None, further)))):
            raise SignOnFailed("unfit", "address")


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a code is exchanged for (OpenID Connect Core §3.1.3.3)."""

    id_token: str
    access_token: str = ""


class _Error(msgspec.Struct, frozen=True, kw_only=True):
    """Why not."""

    error: str = ""


class Provider:
    """Knows a provider as far as it was asked."""

    def __init__(self, *, settings: OidcSettings, outside: Outside) -> None:
        self.settings = settings
        self.outside = outside
        self._description = Remembered(outside.clock, self._described)
        self._keys = Remembered(outside.clock, self.published)

    async def description(self) -> Description:
        """What it says of itself.

        Raises:
            SignOnFailed: `unavailable`, `unfit`.
        """
        return await self._description.get()

    async def _described(self) -> Description:
        url = self.settings.issuer.rstrip("/") + WELL_KNOWN
        found: Description = _read(await self._ask("GET", url), Description, "description")
        found.check(self.settings.issuer)
        return found

    async def redeem(self, code: str, attempt: Attempt, back: str) -> Given:
        """What it gives for a code.

        Raises:
            SignOnFailed: `unproven` for a code that is not good (any more), or why else not.
        """
        found = await self.description()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": attempt.verifier,
            "client_id": self.settings.client_id,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        secret = self.settings.client_secret
        if secret is not None:
            if "client_secret_basic" in found.token_endpoint_auth_methods_supported:
                headers["Authorization"] = _basic(self.settings.client_id, secret.reveal())
            else:
                fields["client_secret"] = secret.reveal()
        data = urlencode(fields).encode()
        answer = await self._ask("POST", found.token_endpoint, headers=headers, data=data)
        if answer.status != 200:
            raise _refusal(answer)
        given: Given = _read(answer, Given, "token")
        return given

    async def proven(self, token: str) -> dict[str, Any]:
        """What an ID token says, once its signature is proven; nothing else of it is.

        Raises:
            SignOnFailed: `unproven`, or why keys cannot be had.
        """
        return signed(token, await self._key(head(token)))

    async def more(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """What it tells of somebody beside their ID token; nothing where it does not.

        Raises:
            SignOnFailed: it does not answer, or `unproven` where it tells of somebody else.
        """
        found = await self.description()
        if not found.userinfo_endpoint or not access_token:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        answer = await self._ask("GET", found.userinfo_endpoint, headers=headers)
        if answer.status in _NOT_TOLD:
            return {}
        told: dict[str, Any] = _read(answer, dict[str, Any], "userinfo")
        if told.get("sub") != subject:  # OpenID Connect Core §5.3.2
            raise SignOnFailed("unproven", "userinfo")
        return told

    async def _key(self, wanted: Head) -> jwt.PyJWK:
        """The key of a token; where it is not known, keys are fetched anew, but not all the time.

        Raises:
            SignOnFailed: `unproven` where there is no such key, or why keys cannot be had.
        """
        key = (await self._keys.get()).of(wanted)
        if key is None:
            key = (await self._keys.get(age=PAUSE, quiet=PAUSE)).of(wanted)
        if key is None:
            raise SignOnFailed("unproven", "key")
        return key

    async def published(self) -> Keys:
        """Its keys as they are now.

        Raises:
            SignOnFailed: `unavailable`, `unfit`.
        """
        found = await self.description()
        answer = await self._ask("GET", found.jwks_uri)
        if answer.status != 200:
            raise SignOnFailed("unavailable", f"keys: HTTP {answer.status}")
        return Keys.read(answer.body)

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """One request.

        Raises:
            SignOnFailed: `unavailable`.
        """
        where, outside = URL(url), self.outside
        try:
            return await ask(
                outside.http,
                method,
                where,
                seconds=SECONDS,
                limit=LARGEST,
                tls=outside.tls,
                headers={"Accept": "application/json", **(headers or {})},
                data=data,
                **outside.route(where),
            )
        except ConnectorError as error:
            raise SignOnFailed("unavailable", error.reason) from None


def _read(answer: Answer, kind: Any, what: str) -> Any:  # an instance of `kind`
    """JSON that was wanted.

    Raises:
        SignOnFailed: `unavailable` for another status, `unfit` for something else.
    """
    if answer.status != 200:
        raise SignOnFailed("unavailable", f"{what}: HTTP {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SignOnFailed("unfit", what) from None


def _refusal(answer: Answer) -> SignOnFailed:
    """Why nothing was given for a code. What a provider writes into it, nobody is told."""
    try:
        told = msgspec.json.decode(answer.body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = ""
    if told == "invalid_grant":
        return SignOnFailed("unproven", told)
    if told in OF_US or answer.status == 401:
        return SignOnFailed("refused", told if told in OF_US else "invalid_client")
    return SignOnFailed("unavailable", f"token: HTTP {answer.status}")


def _basic(client_id: str, secret: str) -> str:
    """Both are encoded as in a form first (RFC 6749 §2.3.1)."""
    login = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(login.encode()).decode()}"
