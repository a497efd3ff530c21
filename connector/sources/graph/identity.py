"""An application's access token: in memory only, renewed early, one request in flight."""

import asyncio
import random
import re
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.http import untrusted
from connector.outside import Outside
from connector.secret import Secret

if TYPE_CHECKING:  # a quarter of a second to import: done on first use, on a thread
    from azure.core.credentials_async import AsyncTokenCredential

TOKEN_LIMIT = 30.0
"""Seconds for one token request."""
EARLY = 0.8
"""The share of a token's life after which it is renewed."""
RETRY = 30.0
"""Seconds between tries to renew a token that still works."""

_FIXES = {
    "AADSTS7000215": "the client secret is wrong: enter its value, not its ID, or make a new one",
    "AADSTS7000222": "the client secret has expired: make a new one in Entra, App registrations,"
    " Certificates & secrets",
    "AADSTS700016": "the app is not in this tenant: compare client_id and tenant_id with Entra",
    "AADSTS90002": "there is no such tenant: compare tenant_id with Entra, Overview",
    "AADSTS700027": "the certificate is not the one registered for the app, or has expired:"
    " upload its public part in Entra, App registrations, Certificates & secrets",
    "AADSTS500011": "this cloud does not know Graph under that address: check `cloud`",
    "AADSTS53003": "a Conditional Access policy for workload identities blocks the appliance",
}
_PASSING = {"AADSTS90033", "AADSTS90055", "AADSTS50196"}
"""Faults and limits of Entra that say nothing about the application."""


class AppIdentity:
    """The identity of an application (client credentials, RFC 6749 §4.4).

    azure-identity makes the request; keeping and renewing the token is done here, so that a
    refused token can be dropped and every waiting room shares one request and one answer.
    """

    def __init__(
        self,
        outside: Outside,
        *,
        tenant_id: str,
        client_id: str,
        login_url: str,
        scope: str,
        client_secret: Secret | None = None,
        certificate: Secret | None = None,
    ) -> None:
        self._outside = outside
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._login = URL(login_url)
        self._scope = scope
        self._client_secret = client_secret
        self._certificate = certificate
        self._token: str | None = None
        self._renew_at = self._expires_at = 0.0
        self._request: asyncio.Task[str] | None = None

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

    async def token(self) -> str:
        """A token that works, as far as is known.

        Raises:
            Denied: the service refuses this application.
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
        """Drop a token that the service did not take, unless it was renewed meanwhile."""
        if self._token == token:
            self._token = None

    async def _requested(self) -> str:
        """The answer to the one request in flight; whoever gives up waiting does not end it."""
        if self._request is None or self._request.done():
            self._request = asyncio.create_task(self._renewed())
            # Whoever waits sees the error; without a waiter left it must not be reported as lost.
            self._request.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._request)

    async def _renewed(self) -> str:
        started = self._outside.clock.monotonic()
        token, life = await self._obtained()
        spread = random.uniform(0.9, 1.0)  # noqa: S311 - spreads load, protects nothing
        self._token = token
        self._renew_at = started + life * EARLY * spread
        self._expires_at = started + life
        return token

    async def _obtained(self) -> tuple[str, float]:
        """A new token and its life in seconds."""
        errors = await asyncio.to_thread(_azure_errors)
        try:
            async with asyncio.timeout(TOKEN_LIMIT):
                credential = self._credential()
                info = await credential.get_token_info(self._scope)  # type: ignore[attr-defined] # every credential of azure-identity has it
        except TimeoutError as error:
            raise Unavailable(
                "the token service did not answer", reason="timeout", everywhere=True
            ) from error
        except errors.AzureError as error:
            raise _meaning(error) from error
        return info.token, info.expires_on - time.time()

    def _credential(self) -> "AsyncTokenCredential":
        from azure.identity.aio import (  # noqa: PLC0415 - see above
            CertificateCredential,
            ClientSecretCredential,
        )

        more: dict[str, Any] = {
            # azure-identity insists on https; the transport gives a loopback service its http back.
            "authority": str(self._login.with_scheme("https")),
            "transport": _transport(self._outside, self._login.scheme),
            "retry_total": 0,  # retry is the bridge's
        }
        if self._certificate is not None:
            return CertificateCredential(
                self._tenant_id,
                self._client_id,
                certificate_data=self._certificate.reveal().encode(),
                **more,
            )
        secret = self._client_secret.reveal() if self._client_secret else ""
        return ClientSecretCredential(self._tenant_id, self._client_id, secret, **more)


def _azure_errors() -> Any:  # a module
    import azure.core.exceptions  # noqa: PLC0415 - see above
    import azure.identity.aio  # noqa: PLC0415

    return azure.core.exceptions


def _transport(outside: Outside, scheme: str) -> Any:  # an azure.core AioHttpTransport
    """What carries azure-identity's requests: our session, our trust."""
    from azure.core.pipeline.transport import AioHttpTransport  # noqa: PLC0415 - see above

    class Transport(AioHttpTransport):  # type: ignore[misc] # untyped: azure-core loads it lazily
        async def send(self, request: Any, **config: Any) -> Any:  # azure.core's own types
            url = URL(request.url).with_scheme(scheme)
            request.url = str(url)
            config["ssl"] = outside.tls
            return await super().send(request, **config, **outside.route(url))

    return Transport(session=outside.http, session_owner=False)


def _meaning(error: Any) -> ConnectorError:  # an AzureError
    """What an error of azure-identity means, without its text: it may name accounts."""
    cause = getattr(error, "inner_exception", None) or error.__cause__
    if isinstance(cause, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        return untrusted(cause)
    if type(error).__name__.startswith(("Service", "IncompleteRead")):  # no whole answer came
        return Unavailable(
            "the token service cannot be reached", reason="unreachable", everywhere=True
        )
    status = getattr(error.response, "status_code", 0) if hasattr(error, "response") else 0
    code = next(iter(re.findall(r"AADSTS\d+", str(error))), "")
    if status in {408, 429} or status >= 500 or code in _PASSING:
        return Unavailable(
            f"the token service answered HTTP {status} {code}".rstrip(),
            reason="service_error",
            everywhere=True,
        )
    if code:
        return Denied(
            f"the token service refused the application: {code}",
            reason="credentials_refused",
            fix=_FIXES.get(code, ""),
            everywhere=True,
        )
    return Malformed(
        "something else than the token service answered", reason="not_a_token", everywhere=True
    )
