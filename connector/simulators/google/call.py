"""One request on its way through the workspace: who asks, what goes wrong, what is answered."""

from collections.abc import Callable
from urllib.parse import unquote

import msgspec
from aiohttp import web

from connector.simulators.google.accounts import Token
from connector.simulators.google.calendar import Calendar, Role
from connector.simulators.google.faults import Fault, Place
from connector.simulators.google.partial import mask, part
from connector.simulators.google.refusal import Json, Refused, TokenRefused, not_found
from connector.simulators.google.workspace import Workspace

WORKSPACE = web.AppKey("workspace", Workspace)
MEBIBYTE = 1 << 20
AUTH = "https://www.googleapis.com/auth/"
READ_SCOPES = frozenset(
    AUTH + name
    for name in ("calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly")
)
WRITE_SCOPES = frozenset({AUTH + "calendar", AUTH + "calendar.events"})
FREEBUSY_SCOPES = frozenset(
    AUTH + name for name in ("calendar", "calendar.readonly", "calendar.freebusy")
)
RESOURCE_SCOPES = frozenset(
    AUTH + name
    for name in (
        "admin.directory.resource.calendar",
        "admin.directory.resource.calendar.readonly",
    )
)
_ORDER: tuple[Role, ...] = ("freeBusyReader", "reader", "writer", "owner")


class Call:
    """A request, the faults that spoil it, and the words of its answer."""

    def __init__(self, request: web.Request, at: Place = "events") -> None:
        self.request = request
        self.workspace = request.app[WORKSPACE]
        self.at = at
        self.faults: list[Fault] = []
        self.role: Role = "freeBusyReader"
        """How far the calendar is shared with whoever asks."""

    def fault(self, kind: str) -> Fault | None:
        """A fault of this kind that spoils this request."""
        return next((one for one in self.faults if one.kind == kind), None)

    async def answer(self, make: Callable[[], Json | None]) -> web.StreamResponse:
        """What the client gets: what `make` makes, unless something is in the way."""
        self.faults = self.workspace.faults.take(self.at, calendar_name(self.request))
        try:
            if (instead := await self._instead()) is not None:
                return instead
            made = make()
            if made is None:
                return web.Response(status=204)
            if self.at != "token" and (fields := self.request.query.get("fields")):
                made = part(made, mask(fields))
        except (Refused, TokenRefused) as refused:
            headers = refused.headers if isinstance(refused, Refused) else {}
            return web.json_response(refused.as_json(), status=refused.status, headers=headers)
        return await self._send(msgspec.json.encode(made))

    def authenticated(self, scopes: frozenset[str]) -> Token:
        """Who asks, with a token for one of these scopes.

        Raises:
            Refused: nobody known, or for something else.
        """
        scheme, _, text = self.request.headers.get("Authorization", "").partition(" ")
        token = self.workspace.token(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}
            raise Refused(401, "authError", "Invalid Credentials", headers=challenge)
        if not token.scopes & scopes:
            message = "Request had insufficient authentication scopes."
            raise Refused(403, "insufficientPermissions", message)
        if not self.workspace.enabled:
            message = "Calendar API has not been used in this project before or it is disabled."
            raise Refused(403, "accessNotConfigured", message, domain="usageLimits")
        return token

    def calendar(self, scopes: frozenset[str], least: Role) -> Calendar:
        """The calendar that is asked for, by somebody with whom it is shared.

        Raises:
            Refused: no good token, no such calendar, not shared, or not so far.
        """
        token = self.authenticated(scopes)
        try:
            calendar = self.workspace.calendar(calendar_name(self.request))
        except KeyError:
            raise not_found() from None
        role = calendar.roles.get(token.subject)
        if role is None:
            raise not_found()
        if _ORDER.index(role) < _ORDER.index(least):
            message = f"You need to have {least} access to this calendar."
            raise Refused(403, "requiredAccessLevel", message, domain="calendar")
        self.role = role
        return calendar

    async def _instead(self) -> web.StreamResponse | None:
        """An answer in place of the real one."""
        if fault := self.fault("slow"):
            await self.workspace.sleep(fault.seconds)
        if fault := self.fault("status"):
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            if self.at == "token":
                raise TokenRefused(fault.status, fault.reason, fault.message)
            raise Refused(
                fault.status, fault.reason, fault.message, domain=fault.domain, headers=headers
            )
        if self.fault("portal"):
            page = "<!DOCTYPE html><title>Sign in</title><form></form>"
            return web.Response(text=page, content_type="text/html")
        if self.fault("redirect"):
            return web.Response(status=302, headers={"Location": "https://portal.example.net/"})
        return None

    async def _send(self, body: bytes) -> web.StreamResponse:
        """The answer, whole or not."""
        if self.fault("truncated"):
            body = body[: len(body) // 2]
        if self.fault("invalid_json"):
            body = body.replace(b":", b" ")
        response = web.StreamResponse(
            headers={"Content-Type": "application/json; charset=UTF-8", "Cache-Control": "private"}
        )
        if fault := self.fault("oversized"):
            await response.prepare(self.request)
            await response.write(body[:-1])
            for _ in range(fault.mebibytes):
                await response.write(b" " * MEBIBYTE)
            await response.write(body[-1:])
            return response
        response.content_length = len(body)
        await response.prepare(self.request)
        if self.fault("dropped"):
            await response.write(body[: len(body) // 2])
            if self.request.transport is not None:
                self.request.transport.close()
        else:
            await response.write(body)
        return response


def calendar_name(request: web.Request) -> str:
    """The calendar in the path, as the journal and faults know it."""
    return unquote(request.match_info.get("calendar", "")).lower()
