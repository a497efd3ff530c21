"""Faults in place of an answer, or in the way of one."""

from typing import Literal

from aiohttp import web

from connector.simulators.exchange.faults import Fault, Scene
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.refusal import Refused, failure

PAGE = """<!DOCTYPE html>
<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>
"""
_HAVE_ITEMS = {"GetItem", "CreateItem", "UpdateItem"}
_WITHOUT_MESSAGES = {"GetRoomLists", "GetRooms"}


class Error(Fault, frozen=True, kw_only=True):
    """An error of EWS, as a SOAP fault with status 500 or inside an answer with status 200."""

    code: str = "ErrorServerBusy"
    back_off: int | None = None
    """Milliseconds (`BackOffMilliseconds`); None leaves it out."""
    status: Literal[200, 500] = 500
    message: str = ""

    async def instead(self, scene: Scene, /) -> web.StreamResponse | None:
        """Refuse."""
        values = {} if self.back_off is None else {"BackOffMilliseconds": str(self.back_off)}
        refused = Refused(self.code, self.message, whole=True, values=values)
        scene.failed(self.code)
        if self.status == 500:
            raise refused
        return web.Response(
            body=scene.enveloped(_inner(scene.operation, refused)), headers=scene.headers()
        )


class Status(Fault, frozen=True, kw_only=True):
    """A status of the web server, with a page for people instead of SOAP."""

    status: int = 503
    retry_after: int | None = None
    """Seconds; None leaves the header out."""

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """Send the page."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        text = PAGE.format(title="Service Unavailable" if self.status == 503 else "Server Error")
        return web.Response(
            status=self.status, text=text, content_type="text/html", headers=headers
        )


class LogonRefused(Fault, frozen=True, kw_only=True):
    """A 401 though the password is right, as under load; it counts towards no lock-out."""

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """Refuse."""
        headers = {"WWW-Authenticate": "Negotiate"}
        return web.Response(status=401, text="", headers=headers)


class Portal(Fault, frozen=True, kw_only=True):
    """A page for people with status 200, as filters and sign-in pages send it."""

    async def instead(self, _scene: Scene, /) -> web.StreamResponse | None:
        """Send the page."""
        return web.Response(text=PAGE.format(title="Outlook"), content_type="text/html")


class Redirect(Fault, frozen=True, kw_only=True):
    """A redirect to the error page of the front end."""

    location: str = "/owa/auth/errorfe.aspx?httpCode=500"

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


def _inner(operation: str, refused: Refused) -> Xml:
    """An answer that is one error."""
    if operation in _WITHOUT_MESSAGES:
        return failure(f"{operation}Response", refused)
    if operation == "GetUserAvailabilityRequest":
        view = tag("m:FreeBusyResponse", failure("ResponseMessage", refused))
        return tag("m:GetUserAvailabilityResponse", tag("m:FreeBusyResponseArray", view))
    content = (tag("m:Items"),) if operation in _HAVE_ITEMS else ()
    message = failure(f"{operation}ResponseMessage", refused, *content)
    return tag(f"m:{operation}Response", tag("m:ResponseMessages", message))
