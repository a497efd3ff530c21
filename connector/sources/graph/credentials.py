"""What an application, a machine or a service account proves itself with: settings."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import msgspec

from connector.secret import Secret
from connector.sources.graph.application import Proof

_ONE_WAY = (
    "give exactly one of client_secret_file, certificate_file, managed_identity: true and"
    " delegate: {account: …}"
)
_EITHER = (
    "give either client_secret_file or certificate_file; a second credential is"
    " next_client_secret_file or next_certificate_file"
)
_NO_KEY = "no private key in PEM; `openssl pkcs12 -in app.pfx -out app.pem -nodes` makes one"


class DelegateAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A service account with which the calendars of the rooms are shared."""

    account: str = ""
    """Its user principal name; nobody else may sign in for this source."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An identity and what it proves itself with."""

    tenant_id: str = ""
    """Directory (tenant) ID of the app registration, or one of the tenant's domains."""
    client_id: str = ""
    """Application (client) ID; of a managed identity only where several are assigned."""
    client_secret: Secret | None = None
    """A client secret's value, not its ID."""
    client_secret_expires: date | None = None
    """The day on which it ends, as Entra shows it: nobody else can know."""
    certificate: Secret | None = None
    """PEM with the certificate and its RSA private key; better than a client secret."""
    next_client_secret: Secret | None = None
    """A second one, tried where the first is refused: to change without a gap."""
    next_client_secret_expires: date | None = None
    """The day on which that one ends."""
    next_certificate: Secret | None = None
    """A second certificate, tried where the first credential is refused."""
    managed_identity: bool = False
    """The machine's own identity, through Azure Arc, instead of a secret or certificate."""

    @property
    def account(self) -> str:
        """Who must sign in for it; nobody for most."""
        return ""

    def unproven(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the ways in which the identity proves itself: exactly one."""
        yield from self._ways()
        if not self.managed_identity:
            for key in ("tenant_id", "client_id"):
                if not getattr(self, key):
                    yield key, "required"
        for key in ("certificate", "next_certificate"):
            given: Secret | None = getattr(self, key)
            if given and "PRIVATE KEY-----" not in given.reveal():
                yield f"{key}_file", _NO_KEY

    def _ways(self) -> Iterator[tuple[str, str]]:
        own = self.client_secret is not None or self.certificate is not None
        second = self.next_client_secret is not None or self.next_certificate is not None
        if own + self.managed_identity + bool(self.account) != 1:
            yield "client_secret_file", _ONE_WAY
        elif self.client_secret is not None and self.certificate is not None:
            yield "client_secret_file", _EITHER
        if second and not own:
            yield "next_certificate_file", "a second credential needs a first one"
        if self.next_client_secret is not None and self.next_certificate is not None:
            yield "next_client_secret_file", "give one second credential, not two"
        for key in ("client_secret", "next_client_secret"):
            if getattr(self, f"{key}_expires") and getattr(self, key) is None:
                yield f"{key}_expires", f"there is no {key}_file whose end it could be"

    def proofs(self) -> Iterator[Proof]:
        """The credentials in the order in which they are tried first."""
        for prefix in ("", "next_"):
            secret: Secret | None = getattr(self, f"{prefix}client_secret")
            if secret is not None:
                day: date | None = getattr(self, f"{prefix}client_secret_expires")
                end = datetime.combine(day, time(), UTC) if day else None
                yield Proof(
                    name=f"{prefix}client_secret", kind="client_secret", secret=secret, expires=end
                )
            certificate: Secret | None = getattr(self, f"{prefix}certificate")
            if certificate is not None:
                yield Proof.certificate(f"{prefix}certificate", certificate)
