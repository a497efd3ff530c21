"""Somebody's own account: who they are here, where they are signed in, and their password."""

from collections.abc import Sequence

from aiohttp import web

from bridge.admin.granting import Filled, rooms_of
from bridge.admin.pages import Pages, back
from bridge.admin.routes import page, posted
from bridge.admin.sessions import end, stays
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.people.accounts import Account
from bridge.people.reception import Reception
from bridge.views.house import House
from bridge.views.people import reception, refusals
from bridge.views.sessions import OF_PASSWORDS
from bridge.views.signed_in import fields
from bridge.views.web import Problem, Route, whole

PATH = "/admin/account"


class AccountPage:
    """Makes the page of who looks at it, and does what its forms ask for."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        wrong = ("unknown_person", "wrong_password", *OF_PASSWORDS, "disk_failing")
        another, over = "Another password for oneself", "End one's other sessions, or one of them"
        return (
            page(PATH, self.serve, "One's own account", "unknown_person"),
            posted(f"{PATH}/password", self.set_password, another, *wrong, scope="read"),
            posted(f"{PATH}/sessions", self.end, over, "unknown_person", scope="read"),
        )

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page."""
        return await self._shown(house, caller, request, Filled({}))

    async def set_password(
        self, house: House, caller: Caller, request: web.Request
    ) -> web.Response:
        """Another password; other sessions end, this one stays."""
        await self._pages.ready()
        typed = fields(await whole(request))  # with the spaces around it
        try:
            with refusals():
                await reception(house).set_password(
                    caller, typed.get("password", ""), typed.get("new", "")
                )
        except Problem as problem:
            filled = Filled({}).refused(problem, chosen(request))
            return await self._shown(house, caller, request, filled)
        return back(PATH, done="password")

    async def end(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """End one session of one's own, or all the others."""
        desk, account = _own(house, caller)
        wanted = fields(await whole(request)).get("session", "")
        try:
            await end(desk, account.id, wanted, caller)
        except Problem as problem:
            return back(PATH, failed=problem.code)
        return back(PATH, done="ended")

    async def _shown(
        self, house: House, caller: Caller, request: web.Request, filled: Filled
    ) -> web.Response:
        await self._pages.ready()
        desk, account = _own(house, caller)
        return await self._pages.answer(
            request,
            caller,
            "account",
            status=filled.status,
            account=account,
            rooms=rooms_of(account, house, chosen(request)),
            stays=stays(desk, account.id, caller),
            filled=filled,
        )


def _own(house: House, caller: Caller) -> tuple[Reception, Account]:
    """Whose page it is.

    Raises:
        Problem: `unknown_person`.
    """
    desk = reception(house)
    account = desk.accounts.get(caller.person or "")
    if account is None:
        raise Problem(404, "unknown_person")
    return desk, account
