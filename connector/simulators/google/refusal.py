"""How Google says no.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """A request that is answered with an error; the client has to look at `reason`."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.headers = dict(headers or {})

    def as_json(self) -> Json:
        """The body of the answer."""
        one = {"domain": self.domain, "reason": self.reason, "message": self.message}
        return {"error": {"errors": [one], "code": self.status, "message": self.message}}


class TokenRefused(Exception):
    """A request for a token that is answered with an error of OAuth (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description

    def as_json(self) -> Json:
        """The body of the answer."""
        return {"error": self.error, "error_description": self.description}


def not_found() -> Refused:
    """A calendar or event that is not there, or not for this caller: Google does not tell."""
    return Refused(404, "notFound", "Not Found")


def invalid(message: str = "Bad Request", reason: str = "badRequest") -> Refused:
    """A request that makes no sense."""
    return Refused(400, reason, message)
