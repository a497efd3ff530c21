"""What Microsoft Entra's token service says, and what its refusals mean.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.http import Answer, ask
from connector.outside import Outside

TOKEN_LIMIT = 30.0
"""Seconds for one token request."""
_BYTES = 1 << 20
"""An answer that is longer is none of Entra's."""

FIXES = {
    "AADSTS7000215": "the client secret is wrong: enter its value, not its ID, or make a new one",
    "AADSTS7000222": "the client secret has expired: make a new one in Entra, App registrations,"
    " Certificates & secrets",
    "AADSTS700016": "the app is not in this tenant: compare client_id and tenant_id with Entra",
    "AADSTS90002": "there is no such tenant: compare tenant_id with Entra, Overview",
    "AADSTS700027": "the certificate is not the one registered for the app, or has expired:"
    " upload its public part in Entra, App registrations, Certificates & secrets",
    "AADSTS500011": "this cloud does not know Graph under that address: check `cloud`",
    "AADSTS53003": "a Conditional Access policy blocks the appliance: except this application or"
    " its service account, or name the appliance's address as trusted",
    "AADSTS7000218": "set Allow public client flows to Yes in Entra, App registrations,"
    " Authentication",
    "AADSTS65001": "grant the app the delegated permission Calendars.Read.Shared in Entra, with"
    " the consent of an administrator",
    "AADSTS530036": "a Conditional Access policy blocks sign-in with a device code: except the"
    " service account",
}
CREDENTIAL_CODES = frozenset(
    {
        "AADSTS7000215",  # wrong secret
        "AADSTS7000222",  # expired secret
        "AADSTS7000216",  # no secret
        "AADSTS700027",  # unknown or expired certificate, bad signature
        "AADSTS700030",  # certificate of no use
        "AADSTS1000502",  # certificate not valid now
    }
)
"""Refusals that another credential of the same application may not meet."""
_PASSING = {"AADSTS90033", "AADSTS90055", "AADSTS50196"}
"""Faults and limits of Entra that say nothing about the application."""


class Tokens(msgspec.Struct, frozen=True):
    """What is granted."""

    access_token: str
    expires_in: int
    refresh_token: str = ""
    id_token: str = ""


class DeviceCode(msgspec.Struct, frozen=True):
    """A sign-in that was begun (RFC 8628 §3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int = 900
    interval: int = 5


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing is granted (RFC 6749 §5.2); its description is not told on: it names people."""

    error: str
    error_codes: tuple[int, ...] = ()

    @property
    def code(self) -> str:
        """Entra's own number, as its documents write it; empty where there is none."""
        return f"AADSTS{self.error_codes[0]}" if self.error_codes else ""


class Refused(Exception):
    """Entra answered, and said no."""

    def __init__(self, status: int, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.status = status
        self.refusal = refusal


T = TypeVar("T")


async def posted(outside: Outside, url: URL, form: Mapping[str, str], kind: type[T]) -> T:
    """What Entra answers to a form.

    Raises:
        Refused: it said no.
        Unavailable, Malformed: no answer, or none of Entra's.
    """
    try:
        answer = await ask(
            outside.http,
            "POST",
            url,
            seconds=TOKEN_LIMIT,
            limit=_BYTES,
            tls=outside.tls if url.scheme == "https" else True,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            data=urlencode(form).encode(),
            **outside.route(url),
        )
    except ConnectorError as error:
        error.everywhere = True
        raise
    if answer.status == 200:
        return _decoded(answer, kind)
    if answer.status in {408, 429} or answer.status >= 500:
        raise meaning(answer.status, "")
    raise Refused(answer.status, _decoded(answer, Refusal))


def _decoded(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_a_token() from error


def meaning(status: int, code: str) -> ConnectorError:
    """What a refusal means: a fault that passes, something else than Entra, or a no."""
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
            fix=FIXES.get(code, ""),
            everywhere=True,
        )
    return not_a_token()


def not_a_token() -> Malformed:
    """The error for an answer that is none of Entra's."""
    return Malformed(
        "something else than the token service answered", reason="not_a_token", everywhere=True
    )
