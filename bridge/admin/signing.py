"""The pages at which people sign in. What their forms ask for is done elsewhere."""

import re
from collections.abc import Sequence

from aiohttp import web

from bridge.admin.pages import Pages, back
from bridge.admin.routes import page
from bridge.admin.single import SinglePages
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.sessions import OF_PASSWORDS
from bridge.views.web import Route

LONGEST = 2000
"""Characters of a path that somebody wanted to see."""
LONGEST_WAIT = 86400
_NUMBER = re.compile(r"[0-9]{1,8}")
OURS = re.compile(r"(?!.*\.\.)/admin(?:[/?][^\\\x00-\x20]*)?", re.ASCII)
"""A path of ours that somebody may be sent to."""


def wanted(request: web.Request) -> str:
    """Where somebody wanted to go before they signed in; only a page of ours."""
    path = request.query.get("next", "")[:LONGEST]
    return path if OURS.fullmatch(path) else "/admin"


class Signing:
    """Makes the pages of those who have no session yet."""

    def __init__(self, pages: Pages, single: SinglePages) -> None:
        self._pages = pages
        self._single = single

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        coded = "Where a one-time code becomes a password"
        return (
            page("/admin/login", self.login, "Where people sign in", scope=None),
            page("/admin/welcome", self.welcome, coded, scope=None),
        )

    async def login(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """By the provider, or by name and password; who is signed in goes on."""
        path = wanted(request)
        if caller.person is not None:
            return back("/admin") if path.startswith("/admin/login") else back(path)
        offered = self._single.offered(request)
        return await self._pages.answer(
            request,
            caller,
            "login",
            next=path,
            wrong="wrong" in request.query,
            minutes=_minutes(request),
            nobody=not offered["provider"] and _nobody(house),
            **offered,
        )

    async def welcome(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A one-time code, and a password of one's own."""
        return await self._pages.answer(
            request,
            caller,
            "welcome",
            code=request.query.get("code", "")[:64],
            wrong="wrong" in request.query,
            weak=_weak(request),
            minutes=_minutes(request),
        )


def _nobody(house: House) -> bool:
    """Whether there is no account at all yet."""
    return house.people is not None and next(iter(house.people.accounts), None) is None


def _weak(request: web.Request) -> str:
    """Why a password will not do, as a problem's code; empty where nothing is said of it."""
    code = request.query.get("weak", "")
    return code if code in {"", *OF_PASSWORDS} else "weak"


def _minutes(request: web.Request) -> int:
    """How long somebody has to wait who is locked out; 0 for who is not."""
    locked = request.query.get("locked", "")
    seconds = min(int(locked), LONGEST_WAIT) if _NUMBER.fullmatch(locked) else 0
    return -(-seconds // 60)
