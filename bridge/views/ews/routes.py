"""Where the façade is: EWS and both forms of Autodiscover, in any case."""

import asyncio
from collections.abc import Callable

from aiohttp import hdrs, web
from multidict import CIMultiDict

from bridge.callers import Caller
from bridge.readers import Reader
from bridge.views.ews import autodiscover
from bridge.views.ews.folders import impersonated
from bridge.views.ews.markup import CONTENT_TYPE, Fault, fault
from bridge.views.ews.operations import STREAMING, answered
from bridge.views.ews.reading import Requests, asked
from bridge.views.ews.shelf import Call, Shelf, missed
from bridge.views.ews.signing import Signing
from bridge.views.ews.streams import Streams, abandon
from bridge.views.ews.subscriptions import Subscriptions
from bridge.views.hooks import BODY_LIMIT, Bodies
from bridge.views.house import COMMON, House
from bridge.views.route import Handler
from bridge.views.web import Problem, Route
from rooms.room import Room

EWS_PATH = "/EWS/Exchange.asmx"
POX_PATH = "/Autodiscover/Autodiscover.xml"
SOAP_PATH = "/autodiscover/autodiscover.svc"
SMALL = 64 << 10
"""Bytes of a request that are read in no time; larger ones are read beside the loop."""
LARGE = 64 << 10
"""Bytes of an answer that the kernel may not take at once."""
WRITE_LIMIT = 60.0
"""Seconds for a unit to take such an answer: held for units that never do, they would add up."""
_HEADERS = CIMultiDict(COMMON | {hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: "private"})


class Ews:
    """The façade as routes: who signed in gets the one room that is theirs."""

    def __init__(self, house: House, current: Callable[[], None] = lambda: None) -> None:
        self._house = house
        self._current = current
        self.shelf = Shelf(house)
        self.signing = Signing(house.readers)
        self.subscriptions = Subscriptions()
        self.streams = Streams(house.readers, self.subscriptions)
        self._bodies = Bodies()
        self._requests = Requests()
        house.readers.newest = self.up_to_date

    @property
    def routes(self) -> tuple[Route, ...]:
        """All of them."""
        return (
            _route(EWS_PATH, self._ews, "A room's calendar, as Exchange Web Services tell it"),
            _route(POX_PATH, self._pox, "Where the calendar is: Autodiscover in plain XML"),
            _route(SOAP_PATH, self._soap, "Where the calendar is: Autodiscover in SOAP"),
        )

    async def _ews(self, house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        reader, room, body = await self._asked(house, request)
        now = house.clock.now()
        visit = house.readers.came(reader, now, request.headers.get(hdrs.USER_AGENT, ""))
        try:
            found = (
                self._requests.asked(body)
                if len(body) <= SMALL
                else await asyncio.to_thread(asked, body)
            )
            call = Call(found, reader, room, house, self.shelf, now)
            if found.operation == STREAMING:
                impersonated(call)
                told = await self.streams.serve(call, request)
                if not isinstance(told, bytes):
                    return told
            else:
                told = answered(call, self.subscriptions)
            if found.operation in _AGENDA:
                visit.bookings, visit.digest = len(call.items.all), call.items.digest
        except Fault as error:
            house.readers.refused(reader.endpoint, error.code, now)
            if error.shape:
                missed(house, reader, "", error.shape, now)
            return _fault(error)
        response = web.Response(body=told, headers=_HEADERS.copy())
        if len(told) > LARGE:
            await _sent(response, request)
        return response

    async def _pox(self, house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
        return await self._discovered(house, request, autodiscover.pox)

    async def _soap(
        self, house: House, _caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        return await self._discovered(house, request, autodiscover.soap)

    async def _discovered(
        self,
        house: House,
        request: web.Request,
        answer: Callable[[bytes, autodiscover.Place], bytes],
    ) -> web.StreamResponse:
        reader, room, body = await self._asked(house, request)
        house.readers.came(reader, house.clock.now(), request.headers.get(hdrs.USER_AGENT, ""))
        scheme = "https" if house.proxied else request.scheme
        place = autodiscover.Place(room, f"{scheme}://{request.host}{EWS_PATH}")
        try:
            return web.Response(body=answer(body, place), headers=_HEADERS.copy())
        except Fault as error:
            return _fault(error)

    async def _asked(self, house: House, request: web.Request) -> tuple[Reader, Room, bytes]:
        """Who asks, of which room, and what: nothing is read before it is known who.

        Raises:
            Unsigned, Problem: they are not let in, or ask too much.
        """
        if (request.content_length or 0) > BODY_LIMIT:
            raise Problem(413, "body_too_large", Connection="close")
        self._current()
        told = self.signing.reader(house, request)
        if isinstance(told, web.Response):
            raise Unsigned(told)
        room = house.rooms.get(told.room)
        if room is None:
            raise Problem(404, "unknown_room")
        return told, room, await self._bodies.read(request)

    def up_to_date(self, reader: Reader) -> bool | None:
        """Whether a unit was given the newest agenda; None where it never came or none is read."""
        room, visit = self._house.rooms.get(reader.room), self._house.readers.visit(reader.endpoint)
        if room is None or visit is None or not visit.digest:
            return None
        try:
            return self.shelf.items(room, reader.protocols).digest == visit.digest
        except Fault:
            return None


class Unsigned(Exception):
    """Somebody is asked who they are."""

    def __init__(self, response: web.Response) -> None:
        super().__init__("unsigned")
        self.response = response


_AGENDA = frozenset({"FindItem", "SyncFolderItems", "GetUserAvailabilityRequest"})
"""Operations by which a unit learns the whole agenda."""


async def _sent(response: web.Response, request: web.Request) -> None:
    """Send an answer in bounded time.

    Raises:
        ConnectionResetError: nobody takes it.
    """
    try:
        async with asyncio.timeout(WRITE_LIMIT):
            await response.prepare(request)
            await response.write_eof()
    except TimeoutError as error:
        abandon(request)
        raise ConnectionResetError from error


def _fault(error: Fault) -> web.Response:
    return web.Response(
        status=500, body=fault(error.code, error.message, error.wait), headers=_HEADERS.copy()
    )


def _signed(serve: Handler) -> Handler:
    """Ask who does not say who they are."""

    async def handle(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        try:
            return await serve(house, caller, request)
        except Unsigned as unsigned:
            return unsigned.response

    return handle


def _route(path: str, serve: Handler, summary: str) -> Route:
    return Route(
        method="POST",
        path=path,
        serve=_signed(serve),
        scope=None,
        signs=True,
        summary=summary,
        answer="text/xml",
        also={500: "A SOAP fault, as Exchange tells errors"},
        legacy=True,
        problems=("body_too_large", "bad_body"),
    )
