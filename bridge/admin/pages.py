"""Pages as they are sent: one frame around each, its words, and who looks at it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from aiohttp import hdrs, web

from bridge.admin.naming import person
from bridge.admin.words import COOKIE, Words, catalogues, chosen
from bridge.callers import Caller, Scope
from bridge.views.files import File
from bridge.views.house import COMMON, House
from bridge.views.pages import PAGE, shown
from bridge.views.shapes import ProblemShape
from bridge.views.signed_in import secure, signed_in
from bridge.views.web import ANYBODY

TEMPLATES = Path(__file__).parent / "templates"
POLICY = PAGE["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")
"""What a page may load, and where its forms may go: here and nowhere else."""
KEPT = 400 * 86400
"""Seconds for which a browser keeps the language that was chosen."""


class Place(NamedTuple):
    """A page that the menu leads to."""

    path: str
    name: str
    """In the catalogue, below `menu`."""
    scope: Scope
    beside: str = ""
    """Below this path too its pages are found."""


MENU = (
    Place("/admin", "overview", "read"),
    Place("/admin/rooms", "rooms", "read"),
    Place("/admin/lists", "lists", "rooms"),
    Place("/admin/displays", "displays", "read"),
    Place("/admin/tables", "tables", "rooms"),
    Place("/admin/discovery", "discovery", "rooms"),
    Place("/admin/changes", "changes", "rooms"),
    Place("/admin/people", "people", "people", beside="/admin/tokens"),
)


class Crumb(NamedTuple):
    """A page above the one that is shown."""

    path: str
    words: str


@cache
def environment() -> jinja2.Environment:
    """All templates and words, read and compiled once; not where anybody waits."""
    catalogues()
    texts = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html")}
    made = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in texts:
        made.get_template(name)
    return made


class Pages:
    """Makes pages."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.who: Callable[[web.Request], Caller] = lambda request: (
            signed_in(house, request) or ANYBODY
        )
        """Who is signed in, for pages of what went wrong before anybody asked."""
        self._ready = False
        house.problem_page = self.problem

    async def answer(
        self,
        request: web.Request,
        caller: Caller,
        name: str,
        *,
        status: int = 200,
        crumbs: tuple[Crumb, ...] = (),
        **values: Any,
    ) -> web.Response:
        """A page; `values` are what its template is about."""
        file = await self.made(request, caller, name, crumbs=crumbs, **values)
        return self.sent(request, file, status=status)

    async def made(
        self,
        request: web.Request,
        caller: Caller,
        name: str,
        *,
        crumbs: tuple[Crumb, ...] = (),
        **values: Any,
    ) -> File:
        """The bytes of a page, for who keeps them."""
        await self.ready()
        return self._rendered(request, caller, name, crumbs=crumbs, **values)

    def _rendered(
        self,
        request: web.Request,
        caller: Caller,
        name: str,
        *,
        crumbs: tuple[Crumb, ...] = (),
        **values: Any,
    ) -> File:
        text = (
            environment()
            .get_template(f"{name}.html")
            .render(
                frame(request, caller, chosen(request), self._house.clock.now()),
                csrf=self._house.csrf(caller),
                called=self._called(caller),
                person_of=lambda actor: person(self._house, actor),
                crumbs=crumbs,
                **values,
            )
        )
        return File.of(text.encode(), PAGE["Content-Type"])

    def _called(self, caller: Caller) -> str:
        """What others call who looks at a page."""
        desk = self._house.people
        account = desk.accounts.get(caller.person or "") if desk is not None else None
        if account is None:
            return caller.name
        return account.shown or account.name

    async def ready(self) -> None:
        """Read templates and words when somebody first asks for a page, beside the loop."""
        if not self._ready:
            await asyncio.to_thread(environment)
            self._ready = True

    def sent(self, request: web.Request, file: File, *, status: int = 200) -> web.Response:
        """A page as this caller takes it; it is theirs, and nobody keeps it for others."""
        answer = shown(file, request, status=status)
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-store"
        lang = request.query.get("lang", "")
        if lang in catalogues():
            answer.set_cookie(
                COOKIE,
                lang,
                max_age=KEPT,
                path="/admin",
                httponly=True,
                samesite="Lax",
                secure=secure(self._house, request),
            )
        return answer

    def problem(self, request: web.Request, problem: ProblemShape) -> web.Response:
        """What went wrong, and where to go from here.

        Where this is the first page of all, templates are read while others wait: once, for a
        fraction of a second.
        """
        environment()
        words, code = chosen(request), problem.code
        kind = code if words.has(f"problems.{code}") else _usual(problem.status)
        who = self.who(request)
        file = self._rendered(request, who, "problem", problem=problem, kind=kind)
        return self.sent(request, file, status=problem.status)


def _usual(status: int) -> str:
    """What is said of a problem that has no words of its own."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unexpected"
    return "not_found" if status == HTTPStatus.NOT_FOUND else "bad_request"


def frame(request: web.Request, caller: Caller, words: Words, now: datetime) -> dict[str, Any]:
    """What every page has."""
    signed = caller.person is not None
    menu = [place for place in MENU if signed and place.scope in caller.scopes]
    return {
        "w": words,
        "caller": caller if caller is not ANYBODY else None,
        "signed": signed,
        "keeps": "rooms" in caller.scopes,
        "menu": menu,
        "here": request.path,
        "languages": _languages(request, words),
        "now": now,
        "clock": clock,
        "day": lambda at, zone: day(at, zone, words),
        "ago": lambda at: ago(at, now, words),
        "said": _said(request, words),
        "query": request.query,
    }


def _languages(request: web.Request, words: Words) -> list[tuple[str, str, str]]:
    """Each other language: its tag, its own name, and where this page is in it."""
    kept = [(name, value) for name, value in request.query.items() if name not in _PASSING]
    return [
        (lang, told("about.name"), f"{request.path}?{urlencode([*kept, ('lang', lang)])}")
        for lang, told in catalogues().items()
        if lang != words.lang
    ]


_PASSING = ("lang", "done", "failed")
"""Parameters that are about one answer."""


def _said(request: web.Request, words: Words) -> tuple[str, str] | None:
    """What came of a form: whether it was done, and in words."""
    for kind in ("done", "failed"):
        code = request.query.get(kind, "")
        if not code:
            continue
        section = "done" if kind == "done" else "problems"
        if code.isidentifier() and words.has(f"{section}.{code}"):
            return kind, words(f"{section}.{code}")
        return kind, words("problems.bad_request" if kind == "failed" else "done.done")
    return None


def clock(at: datetime, zone: ZoneInfo) -> str:
    """A time of day by a zone's clock."""
    return f"{at.astimezone(zone):%H:%M}"


def day(at: datetime, zone: ZoneInfo, words: Words) -> str:
    """A day in words."""
    there = at.astimezone(zone)
    return words(
        "about.day",
        weekday=words.list("about.weekdays")[there.weekday()],
        day=there.day,
        month=words.list("about.months")[there.month - 1],
    )


_STEPS = ((86400, "days"), (3600, "hours"), (60, "minutes"))


def ago(at: datetime, now: datetime, words: Words) -> str:
    """How long ago something was."""
    seconds = max(0, int((now - at).total_seconds()))
    for length, name in _STEPS:
        if seconds >= length:
            return words(f"ago.{name}", n=seconds // length)
    return words("ago.now")


def back(path: str, **query: str) -> web.Response:
    """Where a form leads to once it is done: the page is asked for anew, and never sent twice."""
    found = {name: value for name, value in query.items() if value}
    location = f"{path}?{urlencode(found)}" if found else path
    headers: Mapping[str, str] = COMMON | {hdrs.LOCATION: location, "Cache-Control": "no-store"}
    return web.Response(status=HTTPStatus.SEE_OTHER, headers=headers)


def attached(body: bytes, kind: str, name: str) -> web.Response:
    """A file to take away; nobody keeps it for others."""
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=COMMON | headers)


async def form(request: web.Request) -> Mapping[str, str]:
    """The fields of a form, without the spaces around what was typed."""
    fields = await request.post()
    return {name: value.strip() for name, value in fields.items() if isinstance(value, str)}
