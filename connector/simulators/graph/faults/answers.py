"""Faults that answer in place of the service: its errors, and what stands in the way of it."""

from base64 import b64encode
from typing import ClassVar

from aiohttp import web

from connector.simulators.graph.faults import Fault, Place, Scene
from connector.simulators.graph.refusal import Refused

PORTAL = """<!DOCTYPE html>
<html><head><title>Guest network</title></head>
<body><h1>Welcome</h1><form action="/accept"><button>Accept and continue</button></form></body>
</html>
"""


class Status(Fault, frozen=True, kw_only=True):
    """An error of the service, with or without a word on when to come back."""

    status: int
    retry_after: int | None = None
    """Seconds; None leaves the header out."""
    as_date: bool = False
    """Write the same instant as an HTTP date."""
    code: str = ""
    message: str = ""

    CODES: ClassVar[dict[int, tuple[str, str]]] = {
        400: ("ErrorInvalidRequest", "Your request can't be completed."),
        401: ("InvalidAuthenticationToken", "Access token validation failure."),
        403: ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
        404: ("ResourceNotFound", "Resource could not be discovered."),
        410: ("SyncStateNotFound", "The sync state generation is not found."),
        429: ("ApplicationThrottled", "Application is over its request limit."),
        500: ("ErrorInternalServerError", "An internal server error occurred."),
        502: ("BadGateway", "Failed to execute backend request."),
        503: ("ServiceUnavailable", "The service is temporarily unavailable."),
        504: ("UnknownError", ""),
    }

    async def instead(self, scene: Scene, /) -> web.StreamResponse | None:
        """Refuse."""
        code, message = self.CODES.get(self.status, ("UnknownError", ""))
        headers = challenge(scene.origin) if self.status == 401 and self.at != "token" else {}
        if self.retry_after is not None:
            when = scene.http_date(self.retry_after) if self.as_date else str(self.retry_after)
            headers["Retry-After"] = when
        if self.at == "token":
            code, oauth = "90033", "temporarily_unavailable"
            message = "A transient error has occurred. Please try again."
            raise Refused(self.status, code, message, oauth=oauth, headers=headers)
        raise Refused(self.status, self.code or code, self.message or message, headers=headers)


class ClaimsChallenge(Fault, frozen=True, kw_only=True):
    """A 401 that asks for a token with more in it (continuous access evaluation)."""

    async def instead(self, scene: Scene, /) -> web.StreamResponse | None:
        """Refuse."""
        claims = b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"0"}}}').decode()
        more = f', error="insufficient_claims", claims="{claims}"'
        headers = {name: value + more for name, value in challenge(scene.origin).items()}
        message = "Continuous access evaluation resulted in challenge."
        raise Refused(401, "InvalidAuthenticationToken", message, headers=headers)


class TokenRefused(Fault, frozen=True, kw_only=True):
    """An error of the token endpoint, whatever the credentials."""

    at: Place = "token"
    status: int = 401
    error: str = "invalid_client"
    code: int = 7000215
    message: str = "Invalid client secret provided."

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """Refuse."""
        raise Refused(self.status, str(self.code), self.message, oauth=self.error)


class Portal(Fault, frozen=True, kw_only=True):
    """A page for people with status 200, as captive portals and filters send it."""

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """Send the page."""
        return web.Response(text=PORTAL, content_type="text/html")


class Redirect(Fault, frozen=True, kw_only=True):
    """A redirect to a sign-in page somewhere else."""

    location: str = "https://signin.example.net/login"

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """Send the client away."""
        return web.Response(status=302, headers={"Location": self.location})


class Slow(Fault, frozen=True, kw_only=True):
    """An answer that takes its time."""

    seconds: float

    async def instead(self, scene: Scene, /) -> web.StreamResponse | None:
        """Wait, then let the request go on."""
        await scene.sleep(self.seconds)
        return None


class PreferencesIgnored(Fault, frozen=True, kw_only=True):
    """A service that does not do what `Prefer` asks, and does not say that it did."""


def challenge(origin: str) -> dict[str, str]:
    """What a 401 of Graph says about where tokens come from."""
    uri = f"{origin}/common/oauth2/authorize"
    client = "00000003-0000-0000-c000-000000000000"
    words = f'Bearer realm="", authorization_uri="{uri}", client_id="{client}"'
    return {"WWW-Authenticate": words}
