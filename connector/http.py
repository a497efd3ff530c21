"""HTTP requests that answer whole, in time and in bounds, or fail in one of the four ways."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from connector.deadline import within
from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable

RETRY_AFTER_LIMIT = timedelta(minutes=30)
"""A service that asks for more silence than this is asked again after it all the same."""


class Answer(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def is_html(self) -> bool:
        """Whether a web page came: a sign-in form, a portal, an error page of a proxy."""
        kind = self.headers.get("Content-Type", "")
        return "html" in kind.lower() or self.body[:64].lstrip()[:1] == b"<"


async def ask(
    http: aiohttp.ClientSession,
    method: str,
    url: URL,
    *,
    seconds: float,
    limit: int,
    tls: ssl.SSLContext | aiohttp.Fingerprint | bool = True,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
    **more: Any,
) -> Answer:
    """One request and its whole answer, of at most `limit` bytes within `seconds`.

    Redirects are not followed: they would carry credentials to another host.

    Raises:
        Unavailable: nobody answered in time, or the answer broke off.
        Malformed: the answer is too large, or TLS cannot be trusted.
    """
    try:
        with within(seconds):
            response = await http.request(
                method,
                url,
                headers=headers,
                data=data,
                ssl=tls,
                allow_redirects=False,
                **more,
            )
            try:
                return Answer(response.status, response.headers, await _body(response, limit))
            finally:
                response.release()
    except TimeoutError as error:
        raise Unavailable(f"no answer within {seconds:g} s", reason="timeout") from error
    except (aiohttp.ServerFingerprintMismatch, aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise untrusted(error) from error
    except aiohttp.ClientConnectorError as error:
        raise Unavailable("no connection", reason="unreachable", everywhere=True) from error
    except (
        aiohttp.ClientPayloadError,
        aiohttp.ServerDisconnectedError,
        aiohttp.ClientOSError,
        ConnectionError,
    ) as error:  # what was asked may have been done: it is not to be asked elsewhere
        raise Unavailable("the answer broke off", reason="broken_off") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"no answer ({type(error).__name__})", reason="unreachable") from error
    except ValueError as error:  # what aiohttp raises for bad framing and impossible headers
        raise Malformed("the answer is not HTTP", reason="not_http") from error


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, given up as soon as it is known to be too large."""
    if (response.content_length or 0) > limit:
        raise too_large(limit)
    chunks = []
    size = 0
    while not response.content.at_eof():
        chunk = await response.content.readany()
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit: int) -> Malformed:
    """The error for an answer that nobody should send."""
    return Malformed(f"the answer is larger than {limit >> 20} MiB", reason="too_large")


def untrusted(error: Exception) -> Malformed:
    """The error for a TLS connection that cannot be trusted, and what is wrong with it."""
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return Malformed(
            "the certificate is not the one whose fingerprint is configured",
            reason="certificate_changed",
            everywhere=True,
        )
    cause = getattr(error, "certificate_error", error)
    words = getattr(cause, "verify_message", "") or "the TLS handshake failed"
    return Malformed(
        f"TLS cannot be trusted: {words}", reason="certificate_untrusted", everywhere=True
    )


def failure(answer: Answer, now: datetime, *, what: str = "") -> ConnectorError:
    """The error that an HTTP status stands for; `what` is a stable code from the service."""
    status = answer.status
    message = f"HTTP {status}" + (f" {what}" if what else "")
    if status in {401, 403}:
        return Denied(message, reason="access_denied" if status == 403 else "credentials_refused")
    if status in {404, 410}:
        return NotFound(message, reason="not_found" if status == 404 else "gone")
    if status == 429:
        return Unavailable(message, reason="throttled", retry_after=retry_after(answer, now))
    if status in {408, 423} or status >= 500:
        return Unavailable(message, reason="service_error", retry_after=retry_after(answer, now))
    if 300 <= status < 400:
        return Malformed(f"{message}: a portal or sign-in page answers", reason="redirected")
    return Malformed(message, reason="request_refused")


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """How long the service asks for silence: seconds or a date (RFC 9110 §10.2.3), capped."""
    value = answer.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), RETRY_AFTER_LIMIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(), min(until - now, RETRY_AFTER_LIMIT))
