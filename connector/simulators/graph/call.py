"""One request on its way through the tenant: who asks, what goes wrong, what is answered."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime
from functools import cached_property
from inspect import isawaitable
from typing import TypeVar
from uuid import uuid4

import msgspec
from aiohttp import web

from connector.simulators.graph import query, wire
from connector.simulators.graph.faults import Fault, Place
from connector.simulators.graph.faults.answers import PreferencesIgnored, challenge
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.refusal import Json, Refused
from connector.simulators.graph.tenant import IN_FLIGHT_LIMIT, Tenant, Token, is_guid

TENANT = web.AppKey("tenant", Tenant)
_JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)
RETRY_SECONDS = "10"
_SHARED = frozenset({"Calendars.Read.Shared", "Calendars.ReadWrite.Shared"})
_OWN = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
_WRITING = frozenset({"Calendars.ReadWrite", "Calendars.ReadWrite.Shared"})

Make = Callable[[], Json | None] | Callable[[], Awaitable[Json | None]]
"""Makes the body of an answer; None for an answer without one."""
AFault = TypeVar("AFault", bound=Fault)
Body = TypeVar("Body")


class Call:
    """A request, the faults that spoil it, and the words of its answer."""

    def __init__(self, request: web.Request, at: Place = "graph") -> None:
        self.request = request
        self.tenant = request.app[TENANT]
        self.at = at
        self.request_id = str(uuid4())
        self.client_request_id = request.headers.get("client-request-id", self.request_id)
        self.faults: list[Fault] = []

    @property
    def origin(self) -> str:
        """Scheme, host and port under which the client knows the tenant."""
        return str(self.request.url.origin())

    @cached_property
    def preferences(self) -> query.Preferences:
        """What `Prefer` asks for, unless nobody heeds it."""
        if any(isinstance(fault, PreferencesIgnored) for fault in self.faults):
            return query.Preferences()
        return query.preferences(self.request.headers.getall("Prefer", []))

    def headers(self) -> dict[str, str]:
        """The headers that every answer has."""
        return {
            "Content-Type": _JSON if self.at != "token" else "application/json; charset=utf-8",
            "Cache-Control": "private" if self.at != "token" else "no-store, no-cache",
            "Date": self.http_date(),
            "request-id": self.request_id,
            "client-request-id": self.client_request_id,
        }

    def http_date(self, seconds_from_now: float = 0) -> str:
        """An instant by the tenant's clock, as HTTP writes it."""
        return format_datetime(self.tenant.now() + timedelta(seconds=seconds_from_now), usegmt=True)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self.tenant.sleep(seconds)

    def sample(self) -> Json:
        """An event that is in order, to be spoilt."""
        return wire.sample(self.tenant.now(), self.preferences)

    async def answer(self, make: Make, status: int = 200) -> web.StreamResponse:
        """What the client gets: what `make` makes, unless something is in the way."""
        mailbox = mailbox_name(self.request)
        try:
            with self.tenant.in_flight(self._client_id(), mailbox) as in_flight:
                self._check_pace(in_flight)
                self.faults = self.tenant.faults.take(self.at, mailbox, self.request.query)
                for fault in self.faults:
                    if (instead := await fault.instead(self)) is not None:
                        return instead
                made = make()
                return await self._send(await made if isawaitable(made) else made, status)
        except Refused as refused:
            return self._refuse(refused)

    def spoil(self, items: list[Json]) -> list[Json]:
        """The events of a page, after the faults."""
        for fault in self.faults:
            items = fault.items(items, self)
        return items

    def struck(self, kind: type[AFault]) -> AFault | None:
        """The fault of a kind that spoils this request, if one does."""
        return next((fault for fault in self.faults if isinstance(fault, kind)), None)

    async def body(self, kind: type[Body]) -> Body:
        """What was sent, checked for its form.

        Raises:
            Refused: it is no JSON, or names what is not there.
        """
        try:
            return msgspec.json.decode(await self.request.read(), type=kind)
        except msgspec.ValidationError as error:
            raise Refused(400, "RequestBodyRead", str(error)) from None
        except msgspec.DecodeError:
            message = "Unable to read JSON request payload."
            raise Refused(400, "BadRequest", message) from None

    def _check_pace(self, in_flight: int) -> None:
        """Refuse the fifth request at once on one mailbox."""
        at_mailbox = self.at != "token" and "mailbox" in self.request.match_info
        if at_mailbox and in_flight > IN_FLIGHT_LIMIT:
            message = "Application is over its MailboxConcurrency limit."
            wait = {"Retry-After": RETRY_SECONDS}
            raise Refused(429, "ApplicationThrottled", message, headers=wait)

    async def _send(self, page: Json | None, status: int) -> web.StreamResponse:
        """The answer, on the ways that the faults leave open."""
        for fault in self.faults:
            page = None if page is None else fault.page(page, self)
        body = b"" if page is None else msgspec.json.encode(page)
        for fault in self.faults:
            body = fault.body(body)
        for fault in self.faults:
            if (sent := await fault.transfer(body, self)) is not None:
                return sent
        headers = self.headers()
        if self.at != "token" and (applied := self.preferences.applied):
            headers["Preference-Applied"] = applied
        if page is None:
            del headers["Content-Type"]
        return web.Response(status=status, body=body, headers=headers)

    def _refuse(self, refused: Refused) -> web.Response:
        """An error in the words of the service concerned."""
        now = self.tenant.now()
        if self.at == "token":
            body = refused.as_entra(now, self.origin, self.client_request_id)
        else:
            body = refused.as_graph(now, self.request_id, self.client_request_id)
        headers = self.headers() | {"Content-Type": "application/json"} | refused.headers
        return web.Response(status=refused.status, body=msgspec.json.encode(body), headers=headers)

    def _client_id(self) -> str:
        """Which application asks, as far as it is known."""
        token = self.tenant.token(_bearer(self.request))
        return token.client_id if token else ""

    def mailbox(self, named: str = "", *, writing: bool = False) -> Mailbox:
        """The mailbox that is asked for in the path or by name, by somebody who may.

        Raises:
            Refused: no good token, no such mailbox, none that REST reaches, or out of scope.
        """
        token = self.authenticated()
        name = named or mailbox_name(self.request)
        try:
            mailbox = self.tenant.mailbox(name)
        except KeyError:
            raise _no_mailbox(name) from None
        if not self._may_read(token, mailbox) or (writing and not self._may_write(token)):
            message = "Access is denied. Check credentials and try again."
            raise Refused(403, "ErrorAccessDenied", message)
        if not mailbox.rest_enabled:
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise Refused(404, "MailboxNotEnabledForRESTAPI", message)
        return mailbox

    def _may_read(self, token: Token, mailbox: Mailbox) -> bool:
        """Whether the application itself, or who signed in for it, may read a calendar.

        Somebody else's needs the permission for shared calendars
        (https://learn.microsoft.com/graph/outlook-get-shared-events-calendars).
        """
        app = self.tenant.apps.get(token.client_id)
        if app is None:
            return False
        if not token.account:
            granted = app.scope is not None or not _OWN.isdisjoint(app.roles)
            return granted and app.reads(mailbox.address)
        account = self.tenant.accounts.get(token.account)
        own = mailbox.address.lower() == token.account
        needed = _SHARED if not own else _SHARED | _OWN
        return (
            account is not None and account.reads(mailbox.address) and bool(needed & token.scopes)
        )

    def _may_write(self, token: Token) -> bool:
        """Whether whoever may read may also write."""
        app = self.tenant.apps.get(token.client_id)
        if token.account:
            return bool(token.scopes & _WRITING)
        return app is not None and (app.writes or not _WRITING.isdisjoint(app.roles))

    def authenticated(self) -> Token:
        """The token that came with the request."""
        text = _bearer(self.request)
        token = self.tenant.token(text)
        if token is not None and token.expires > self.tenant.now():
            return token
        message = "Access token is empty." if not text else "Access token validation failure."
        if token is not None:
            message = "Lifetime validation failed, the token is expired."
        raise Refused(401, "InvalidAuthenticationToken", message, headers=challenge(self.origin))


def mailbox_name(request: web.Request) -> str:
    """The address of the mailbox in the path of a request; empty if there is none."""
    name = request.match_info.get("mailbox", "").lower()
    try:
        return request.app[TENANT].mailbox(name).address.lower()
    except KeyError:
        return name


def _bearer(request: web.Request) -> str:
    """The access token of a request; empty without one."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _no_mailbox(name: str) -> Refused:
    """The error for a mailbox that is not there: Graph says it in two ways."""
    if is_guid(name):
        return Refused(404, "ResourceNotFound", "Resource could not be discovered.")
    return Refused(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
