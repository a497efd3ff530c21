"""An application that signs in as itself, with one credential or, for rotation, with two."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
from yarl import URL

from connector.errors import ConnectorError, Denied, Unavailable
from connector.http import untrusted
from connector.identity import Granted
from connector.outside import Outside
from connector.secret import Secret
from connector.source import Credential
from connector.sources.graph import entra

if TYPE_CHECKING:  # a quarter of a second to import: done on first use, on a thread
    from azure.core.credentials_async import AsyncTokenCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One credential of the application, and the setting that it comes from."""

    name: str
    kind: Literal["client_secret", "certificate"]
    secret: Secret
    expires: datetime | None = None

    @classmethod
    def certificate(cls, name: str, secret: Secret) -> "Proof":
        """A certificate with its key; it tells by itself when it ends."""
        from connector.certificates import expires  # noqa: PLC0415 - a secret needs none of it

        try:
            end = expires(secret.reveal().encode())
        except ValueError:
            end = None
        return cls(name=name, kind="certificate", secret=secret, expires=end)

    def credential(self) -> Credential:
        """What may be told of it."""
        state: Literal["untried", "missing"] = "untried" if self.secret else "missing"
        return Credential(name=self.name, kind=self.kind, expires=self.expires, state=state)


class _NotThisOne(Denied):
    """One credential is refused; another of the same application may do."""


class Application:
    """Tokens for client credentials (RFC 6749 §4.4); azure-identity makes the request.

    With two credentials the one that worked last comes first, and the other where that is refused.
    """

    def __init__(
        self,
        outside: Outside,
        *,
        tenant_id: str,
        client_id: str,
        login_url: str,
        scope: str,
        proofs: Sequence[Proof],
    ) -> None:
        self._outside = outside
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._login = URL(login_url)
        self._scope = scope
        self._proofs = list(proofs)
        self._told = {proof.name: proof.credential() for proof in proofs}

    def credentials(self) -> Sequence[Credential]:
        """All of them, as they stand in the configuration."""
        return tuple(self._told.values())

    async def obtain(self) -> Granted:
        """A token for the first credential that is not refused.

        Raises:
            Unavailable, Denied, Malformed: there is none.
        """
        refusal: ConnectorError = Denied(
            "the secret or certificate that the configuration names cannot be read",
            reason="credentials_missing",
            everywhere=True,
        )
        for proof in [proof for proof in self._proofs if proof.secret]:
            try:
                granted = await self._granted(proof)
            except _NotThisOne as error:
                refusal = error
                self._tell(proof, "refused")
            else:
                self._tell(proof, "works")
                self._proofs.sort(key=lambda one: one is not proof)
                return granted
        raise refusal

    def _tell(self, proof: Proof, state: Literal["works", "refused"]) -> None:
        self._told[proof.name] = replace(self._told[proof.name], state=state)

    async def _granted(self, proof: Proof) -> Granted:
        """A token for one credential."""
        errors = await asyncio.to_thread(_azure_errors)
        try:
            async with asyncio.timeout(entra.TOKEN_LIMIT):
                credential = self._credential(proof)
                info = await credential.get_token_info(self._scope)  # type: ignore[attr-defined] # every credential of azure-identity has it
        except TimeoutError as error:
            raise Unavailable(
                "the token service did not answer", reason="timeout", everywhere=True
            ) from error
        except errors.AzureError as error:
            raise _meaning(error) from error
        except ValueError as error:  # what a certificate that is none raises
            raise _NotThisOne(
                f"{proof.name} cannot be used: it is damaged, or its key has a passphrase",
                reason="credentials_refused",
                fix="a certificate is PEM with an RSA private key without a passphrase",
                everywhere=True,
            ) from error
        return Granted(info.token, info.expires_on - time.time())

    def _credential(self, proof: Proof) -> "AsyncTokenCredential":
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
        secret = proof.secret.reveal()
        if proof.kind == "client_secret":
            return ClientSecretCredential(self._tenant_id, self._client_id, secret, **more)
        pem = secret.encode()
        return CertificateCredential(self._tenant_id, self._client_id, certificate_data=pem, **more)


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
    meant = entra.meaning(status, code)
    if code in entra.CREDENTIAL_CODES:
        return _NotThisOne(str(meant), reason=meant.reason, fix=meant.fix, everywhere=True)
    return meant
