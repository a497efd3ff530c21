"""How Graph and Entra say no.

https://learn.microsoft.com/graph/errors,
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

Json = dict[str, Any]


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        oauth: str = "invalid_request",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.oauth = oauth
        self.headers = dict(headers or {})

    def as_graph(self, now: datetime, request_id: str, client_request_id: str) -> Json:
        """The body of an error of Graph."""
        inner = {
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}

    def as_entra(self, now: datetime, origin: str, correlation_id: str) -> Json:
        """The body of an error of the token endpoint; the code is a number there."""
        trace, stamp = str(uuid4()), now.strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{self.code}: {self.message}\r\nTrace ID: {trace}\r\n"
            f"Correlation ID: {correlation_id}\r\nTimestamp: {stamp}"
        )
        return {
            "error": self.oauth,
            "error_description": description,
            "error_codes": [int(self.code)],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation_id,
            "error_uri": f"{origin}/error?code={self.code}",
        }
