"""Pages for people: the room display, and how a display signs in."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from bridge.callers import Caller
from bridge.views import cookies
from bridge.views.house import COMMON, House
from bridge.views.web import ANYBODY, Problem, Route, refused

_STATIC = Path(__file__).parent / "static"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_PAGE = COMMON | {
    "Content-Type": _KINDS[".html"],
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


class File(NamedTuple):
    """A file that everybody may have."""

    body: bytes
    etag: str
    kind: str


@cache
def files() -> dict[str, File]:
    """Our static files by their path. Called before the loop runs: it reads them."""
    return {
        path.relative_to(_STATIC).as_posix(): File(
            body=path.read_bytes(),
            etag=f'"{hashlib.blake2b(path.read_bytes(), digest_size=12).hexdigest()}"',
            kind=_KINDS[path.suffix],
        )
        for path in sorted(_STATIC.rglob("*.*"))
    }


async def static(_house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
    """A static file, or that it has not changed."""
    folder = request.match_info.get("folder", "")
    name = request.match_info["file"]
    file = files().get(f"{folder}/{name}" if folder else name)
    if file is None or file.kind == _KINDS[".html"]:
        raise Problem(404, "not_found")
    headers = COMMON | {
        "Content-Type": file.kind,
        "Cache-Control": "no-cache",
        "ETag": file.etag,
    }
    if request.headers.get("If-None-Match") == file.etag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, headers=headers)


def same_for_all(_request: web.Request, name: str, *, status: int = 200) -> web.Response:
    """A page that is the same for everybody."""
    return web.Response(status=status, body=files()[name].body, headers=_PAGE)


async def display(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """The page beside the door; whoever may not see it learns how to sign in."""
    room = house.rooms.get(request.match_info["room"])
    if room is None and "read" in caller.scopes:
        raise Problem(404, "unknown_room")
    if room is None or not caller.sees(room.id):
        return same_for_all(request, "pair/pair.html", status=401)
    body = files()["display/display.html"].body.replace(b"{room}", room.id.encode())
    return web.Response(body=body, headers=_PAGE)


async def sign_in(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """Turn a display's token into a cookie that no script can read."""
    room = house.rooms.get(request.match_info["room"])
    shown = request.headers.get("Authorization", "").partition(" ")[2].strip()
    if room is None or not shown or not caller.sees(room.id):
        raise refused(caller if shown else ANYBODY)
    response = web.Response(status=204, headers=COMMON)
    cookies.sign_in(response, house, request, shown)
    return response


ROUTES = (
    Route(
        method="GET",
        path="/display/{room}",
        serve=display,
        scope=None,
        summary="The room display",
        answer="text/html",
        also={401: "A page that tells how to sign in"},
        problems=("unknown_room",),
    ),
    Route(
        method="POST",
        path="/display/{room}/sign-in",
        serve=sign_in,
        scope="read",
        cookie=False,
        summary="Sign a display in: its bearer token becomes a cookie",
        answer="",
        status=204,
    ),
    *(
        Route(
            method="GET",
            path=path,
            serve=static,
            scope=None,
            summary="Scripts, styles, words and pictures of the pages",
            answer="application/octet-stream",
            also={304: "The file has not changed"},
            problems=("not_found",),
        )
        for path in ("/static/{file}", "/static/{folder}/{file}")
    ),
)
