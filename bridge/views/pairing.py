"""Pairing of displays: what they ask for, and what those do who put them up."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote

from aiohttp import web

from bridge.callers import Caller
from bridge.limits import client_address
from bridge.quick_response import QuickResponse
from bridge.views.cookies import PAIRING_COOKIE, remember, sign_in
from bridge.views.files import page
from bridge.views.house import COMMON, House
from bridge.views.pages import shown, spoken
from bridge.views.pairing_shapes import (
    DisplaysShape,
    MoveOrder,
    PairedShape,
    PairingShape,
    PairOrder,
    PictureShape,
    RenewOrder,
)
from bridge.views.rooms import seen_room
from bridge.views.web import Route, answer, body_of


class Visitor(NamedTuple):
    """A display that asks for a room."""

    caller: Caller
    secret: str
    """What it was given with its code; empty at first."""
    address: str | None
    browser: str
    origin: str
    """By which address it reached us."""


class Shown(NamedTuple):
    """What an unpaired display shows."""

    secret: str
    """By what it gets the room that the code leads to; empty where it has that."""
    code: str
    seconds: int
    link: str
    picture: QuickResponse | None


class Fetched(NamedTuple):
    """The room that a display was given."""

    room: str
    name: str
    """Of the room."""
    token: str
    """Empty where it is signed in already."""


class Pairs(Protocol):
    """Who pairs displays."""

    async def ask(self, visitor: Visitor, /) -> Shown | Fetched:
        """What a display shows, or its room."""

    async def renew(self, caller: Caller, page: str, /) -> str | None:
        """The token that a display shows from now on; None where its own will do."""

    def every(self) -> Iterable[PairedShape]:
        """All paired displays."""

    async def pair(self, code: str, room: str, name: str, caller: Caller, /) -> PairedShape:
        """Bind the display that shows a code to a room."""

    async def move(self, display: str, room: str, caller: Caller, /) -> PairedShape:
        """Have a display belong to another room."""

    async def revoke(self, display: str, caller: Caller, /) -> PairedShape:
        """Sign a display out at once."""


async def unpaired(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """The page of a display that has no room yet; one that has is sent there."""
    if caller.room is not None and caller.room in house.rooms:
        headers = COMMON | {"Location": f"/display/{caller.room}", "Cache-Control": "no-store"}
        return web.Response(status=303, headers=headers)
    return shown(page("pair/pair.html", lang=spoken(request)), request)


async def by_telephone(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """What a display's QR code leads to: the form for who signed in, else the command to type."""
    if caller.person is not None:
        code = quote(request.query.get("code", "")[:64], safe="")
        headers = COMMON | {"Location": f"/admin/displays?code={code}", "Cache-Control": "no-store"}
        return web.Response(status=303, headers=headers)
    return shown(page("pair/command.html", lang=spoken(request)), request)


_FAMILIES = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chromium", r"\b(?:(?:Headless)?Chrome|Chromium|CriOS)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iOS", r"\biP(?:ad|hone)\b"),
    ("macOS", r"\bMacintosh\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


def family(agent: str) -> str:
    """What a browser says it is, without what tells one from another of its kind."""
    agent = agent[:400]
    browser = next((name for name, found in _FAMILIES if re.search(found, agent)), "browser")
    system = next((name for name, found in _SYSTEMS if re.search(found, agent)), "")
    return f"{browser} on {system}" if system else browser


def _visitor(house: House, caller: Caller, request: web.Request) -> Visitor:
    return Visitor(
        caller=caller,
        secret=request.cookies.get(PAIRING_COOKIE, ""),
        address=client_address(request.remote, request.headers, house.proxies),
        browser=family(request.headers.get("User-Agent", "")),
        origin=f"{request.scheme}://{request.host}",
    )


_PAGES = (
    Route(
        method="GET",
        path="/display",
        serve=unpaired,
        scope=None,
        summary="The page of a display that has no room yet",
        answer="text/html",
        also={303: "It has one: there it goes"},
    ),
    Route(
        method="GET",
        path="/admin/pair",
        serve=by_telephone,
        scope=None,
        summary="What the code on a display is for",
        answer="text/html",
        also={303: "Who signed in goes to the form that pairs it"},
    ),
)


def routes(pairs: Pairs) -> Sequence[Route]:
    """The routes of pairing."""
    return (*_PAGES, *_of_displays(pairs), *_of_people(pairs))


def _of_displays(pairs: Pairs) -> Sequence[Route]:
    """What displays ask for."""

    async def ask(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        visitor = _visitor(house, caller, request)
        told = await pairs.ask(visitor)
        if isinstance(told, Fetched):
            response = answer(PairingShape(room=told.room, name=told.name))
            if told.token:
                sign_in(response, house, request, told.token)
            return response
        picture = PictureShape(**told.picture._asdict()) if told.picture else None
        shape = PairingShape(code=told.code, seconds=told.seconds, link=told.link, picture=picture)
        response = answer(shape)
        if told.secret:
            remember(response, house, request, told.secret)
        return response

    async def renew(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        seen_room(house, caller, request)
        order: RenewOrder = await body_of(request, RenewOrder)
        response = web.Response(status=204, headers=COMMON)
        if token := await pairs.renew(caller, order.page):
            sign_in(response, house, request, token)
        return response

    return (
        Route(
            method="POST",
            path="/display",
            serve=ask,
            scope=None,
            summary="The code of an unpaired display, or the room that it belongs to by now",
            answer=PairingShape,
        ),
        Route(
            method="POST",
            path="/display/{room}/renew",
            serve=renew,
            scope="read",
            summary="A display's cookie anew, where it is old enough",
            answer="",
            status=204,
            body=RenewOrder,
            problems=("bad_body", "unknown_room"),
        ),
    )


def _of_people(pairs: Pairs) -> Sequence[Route]:
    """What those ask for who put displays up."""

    async def every(_house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
        near = tuple(one for one in pairs.every() if caller.keeps(one.room))
        return answer(DisplaysShape(displays=near))

    async def pair(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        order: PairOrder = await body_of(request, PairOrder)
        return answer(await pairs.pair(order.code, order.room, order.name, caller), status=201)

    async def move(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        order: MoveOrder = await body_of(request, MoveOrder)
        return answer(await pairs.move(request.match_info["display"], order.room, caller))

    async def revoke(_house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        return answer(await pairs.revoke(request.match_info["display"], caller))

    return (
        Route(
            method="GET",
            path="/api/v1/displays",
            serve=every,
            scope="rooms",
            summary="All paired displays",
            answer=DisplaysShape,
        ),
        Route(
            method="POST",
            path="/api/v1/displays",
            serve=pair,
            scope="rooms",
            summary="Bind the display that shows a code to a room",
            answer=PairedShape,
            status=201,
            body=PairOrder,
            problems=("bad_body", "unknown_room", "unknown_code", "disk_failing"),
        ),
        Route(
            method="POST",
            path="/api/v1/displays/{display}/move",
            serve=move,
            scope="rooms",
            summary="Have a display belong to another room",
            answer=PairedShape,
            body=MoveOrder,
            problems=("bad_body", "unknown_room", "unknown_display", "disk_failing"),
        ),
        Route(
            method="DELETE",
            path="/api/v1/displays/{display}",
            serve=revoke,
            scope="rooms",
            summary="Sign a display out at once",
            answer=PairedShape,
            problems=("unknown_display", "disk_failing"),
        ),
    )
