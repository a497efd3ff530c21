"""The pages at which people sign in. What their forms ask for is done elsewhere."""

import re
from collections.abc import Sequence

from aiohttp import web

from bridge.admin.pages import Pages, back
from bridge.admin.routes import page
from bridge.admin.single import SinglePages
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.sessions import OF_PASSWORDS, onward
from bridge.views.web import Route

LONGEST_WAIT = 86400
_NUMBER = re.compile(r"[0-9]{1,8}")


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
        path = onward(request.query.get("next", ""))
        if caller.person is not None:
            return back(path)
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
