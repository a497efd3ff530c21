"""Pages for people: the room display, and how a display signs in."""

from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.views import cookies
from bridge.views.files import (
    KINDS,
    OURS_ONLY,
    WORKER,
    File,
    accepts_gzip,
    files,
    language,
    page,
    release,
    sent,
)
from bridge.views.house import COMMON, House
from bridge.views.web import ANYBODY, Problem, Route, refused

__all__ = ["PAGE", "ROUTES", "files", "shown", "spoken"]

PAGE = OURS_ONLY | {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Type": KINDS[".html"],
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding, Accept-Language, Cookie",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), "
        "serial=(), midi=()"
    ),
}
"""Headers of every page: it loads from here, calls here, and shows in nobody's frame."""


def shown(file: File, request: web.Request, *, status: int = 200, **more: str) -> web.Response:
    """A page as this caller takes it."""
    headers = PAGE | {name.replace("_", "-"): value for name, value in more.items()}
    if accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        headers["Content-Encoding"] = "gzip"
        return web.Response(status=status, body=file.zipped, headers=headers)
    return web.Response(status=status, body=file.body, headers=headers)


def spoken(request: web.Request, wanted: str = "auto") -> str:
    """The language in which a page begins: the one that is wanted, else the browser's own."""
    return language(wanted, request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:200])


async def static(_house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
    """A static file, or that it has not changed."""
    folder = request.match_info.get("folder", "")
    name = request.match_info["file"]
    path = f"{folder}/{name}" if folder else name
    file = files().get(path)
    if file is None or file.kind == KINDS[".html"]:
        raise Problem(404, "not_found")
    answer = sent(file, request)
    if path == WORKER:
        answer.headers["Service-Worker-Allowed"] = "/display/"
        answer.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return answer


async def display(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """The page beside the door; whoever may not see it learns how to sign in."""
    room = house.rooms.get(request.match_info["room"])
    if room is None and "read" in caller.scopes:
        raise Problem(404, "unknown_room")
    if room is None or not caller.sees(room.id):
        return shown(page("pair/pair.html", lang=spoken(request)), request, status=401)
    lang = spoken(request, room.policy.display.language)
    token = "held" if caller.token else "none"
    file = page("display/display.html", lang=lang, room=room.id, token=token)
    return shown(file, request, Display_Release=release())


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
        problems=("unknown_room",),
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
