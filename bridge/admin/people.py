"""People who may sign in: all of them, one of them, and what is done on their behalf."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_args

import msgspec
from aiohttp import web

from bridge.admin.granting import OF_LISTS, Filled, Unfilled, lists_of, rooms_of
from bridge.admin.pages import Crumb, Pages, back
from bridge.admin.routes import page, posted
from bridge.admin.sessions import end, stays
from bridge.admin.tree import natural
from bridge.admin.words import Words, chosen
from bridge.callers import Caller, Role
from bridge.people.accounts import Account
from bridge.people.reception import Invited, Reception
from bridge.views.house import House
from bridge.views.people import (
    WELCOME,
    check_lists,
    check_version,
    etag_of,
    reception,
    refusals,
)
from bridge.views.people_shapes import InviteOrder
from bridge.views.web import Problem, Route

PATH = "/admin/people"
_OF_FORMS = ("bad_body", "unknown_list", "name_taken", "beyond_oneself", "lists_not_for_role")
_OF_ONE = ("unknown_person", "changed_meanwhile", "last_owner", "disk_failing")
_CODE = {200: "The page that tells the one-time code, this once"}


class Seen(NamedTuple):
    """Somebody, as the list has them."""

    account: Account
    rooms: str
    came: datetime | None
    """When they were here last."""
    standing: str
    """What is to be known of how they sign in; empty where they simply do."""


class PeoplePage:
    """Makes the pages of people, and does what their forms ask for."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        one = f"{PATH}/{{person}}"

        def do(path: str, serve: Any, summary: str, *more: str) -> Route:
            return posted(f"{one}/{path}", serve, summary, *_OF_ONE, *more, scope="people")

        again = do("invitation", self.invite_again, "A new one-time code", "person_disabled")
        invited = posted(PATH, self.invite, "Invite somebody", *_OF_FORMS, "disk_failing")
        return (
            page(PATH, self.serve, "People who may sign in", scope="people"),
            page(f"{PATH}/new", self.new, "Where somebody is invited", scope="people"),
            dataclasses.replace(invited, scope="people", also=_CODE),
            page(one, self.one, "One of them", "unknown_person", scope="people"),
            do("change", self.change, "Change an account", *_OF_FORMS),
            do("disable", self.disable, "Keep somebody out"),
            do("enable", self.enable, "Let somebody in again"),
            dataclasses.replace(again, also=_CODE),
            do("sessions", self.end, "End sessions of somebody"),
            do("remove", self.remove, "Take an account away"),
        )

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """All of them, who may not sign in at the end."""
        await self._pages.ready()
        desk, words = reception(house), chosen(request)
        found = [_seen(one, desk, house, words) for one in desk.accounts]
        found.sort(key=lambda one: (one.account.disabled is not None, natural(_called(one))))
        return await self._pages.answer(request, caller, "people", people=found)

    async def new(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form to invite somebody with."""
        return await self._form(
            house, caller, request, Filled({"role": "facilities"}, {"lists": ()})
        )

    async def invite(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """A new account; the page tells its code, which nobody can see again."""
        await self._pages.ready()
        filled = await Filled.of(request, "lists")
        try:
            order = filled.order(InviteOrder)
            check_lists(house, order.lists)
            wanted = Account(id="", created=house.clock.now(), **msgspec.structs.asdict(order))
            with refusals():
                invited = await reception(house).invite(wanted, caller)
        except (Problem, Unfilled) as error:
            filled = filled.refused(error, chosen(request))
            return await self._form(house, caller, request, filled)
        return await self._invited(house, caller, request, invited)

    async def invite_again(
        self, house: House, caller: Caller, request: web.Request
    ) -> web.Response:
        """A new code for somebody, told likewise."""
        await self._pages.ready()
        desk, account = _known(house, request)
        filled = await Filled.of(request)
        try:
            with refusals():
                check_version(account, filled.text("etag"))
                invited = await desk.invite_again(account.id, caller)
        except Problem as problem:
            return back(f"{PATH}/{account.id}", failed=problem.code)
        return await self._invited(house, caller, request, invited)

    async def one(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """One of them."""
        _, account = _known(house, request)
        return await self._shown(house, caller, request, _filled(account))

    async def change(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Other parts of an account, if nobody changed it since it was looked at."""
        await self._pages.ready()
        desk, account = _known(house, request)
        filled = await Filled.of(request, "lists")

        def to(was: Account) -> Account:
            check_version(was, filled.text("etag"))
            return msgspec.structs.replace(was, **msgspec.structs.asdict(order))

        try:
            order = filled.order(InviteOrder)
            check_lists(house, order.lists)
            with refusals():
                await desk.change(account.id, to, caller)
        except (Problem, Unfilled) as error:
            if isinstance(error, Problem) and error.code == "changed_meanwhile":
                _, account = _known(house, request)
                filled = _filled(account)
            filled = filled.refused(error, chosen(request))
            return await self._shown(house, caller, request, filled)
        return back(f"{PATH}/{account.id}", done="saved")

    async def disable(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Keep somebody out, and end their sessions."""
        return await self._let(house, caller, request, house.clock.now())

    async def enable(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Let somebody in again."""
        return await self._let(house, caller, request, None)

    async def _let(
        self, house: House, caller: Caller, request: web.Request, out: datetime | None
    ) -> web.Response:
        desk, account = _known(house, request)
        filled = await Filled.of(request)

        def to(was: Account) -> Account:
            check_version(was, filled.text("etag"))
            return msgspec.structs.replace(was, disabled=out and (was.disabled or out))

        try:
            with refusals():
                await desk.change(account.id, to, caller)
        except Problem as problem:
            return back(f"{PATH}/{account.id}", failed=problem.code)
        return back(f"{PATH}/{account.id}", done="let_in" if out is None else "kept_out")

    async def end(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """End one session of somebody, or all."""
        desk, account = _known(house, request)
        filled = await Filled.of(request)
        try:
            await end(desk, account.id, filled.text("session"), caller)
        except Problem as problem:
            return back(f"{PATH}/{account.id}", failed=problem.code)
        return back(f"{PATH}/{account.id}", done="ended")

    async def remove(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """Take an account away, and end all its sessions."""
        desk, account = _known(house, request)
        filled = await Filled.of(request)
        try:
            with refusals():
                await desk.remove(
                    account.id, caller, lambda was: check_version(was, filled.text("etag"))
                )
        except Problem as problem:
            return back(f"{PATH}/{account.id}", failed=problem.code)
        return back(PATH, done="removed")

    async def _form(
        self, house: House, caller: Caller, request: web.Request, filled: Filled
    ) -> web.Response:
        await self._pages.ready()
        return await self._pages.answer(
            request,
            caller,
            "people_new",
            status=filled.status,
            crumbs=(Crumb(PATH, chosen(request)("people.title")),),
            filled=filled,
            **_choices(house),
        )

    async def _shown(
        self, house: House, caller: Caller, request: web.Request, filled: Filled
    ) -> web.Response:
        await self._pages.ready()
        desk, account = _known(house, request)
        words = chosen(request)
        return await self._pages.answer(
            request,
            caller,
            "person",
            status=filled.status,
            crumbs=(Crumb(PATH, words("people.title")),),
            one=_seen(account, desk, house, words),
            own=account.id == caller.person,
            etag=etag_of(account),
            stays=stays(desk, account.id, caller),
            filled=filled,
            **_choices(house),
        )

    async def _invited(
        self, house: House, caller: Caller, request: web.Request, invited: Invited
    ) -> web.Response:
        account = invited.account
        hours = -(-(invited.ends - house.clock.now()) // timedelta(hours=1))
        return await self._pages.answer(
            request,
            caller,
            "people_invited",
            crumbs=(Crumb(PATH, chosen(request)("people.title")),),
            account=account,
            code=invited.code,
            hours=hours,
            url=(house.public_url.rstrip("/") or f"{request.scheme}://{request.host}") + WELCOME,
        )


def _known(house: House, request: web.Request) -> tuple[Reception, Account]:
    """Whom a page is about.

    Raises:
        Problem: `unknown_person`.
    """
    desk = reception(house)
    account = desk.accounts.get(request.match_info["person"])
    if account is None:
        raise Problem(404, "unknown_person")
    return desk, account


def _called(one: Seen) -> str:
    return one.account.shown or one.account.name


def _seen(account: Account, desk: Reception, house: House, words: Words) -> Seen:
    return Seen(
        account=account,
        rooms=rooms_of(account, house, words),
        came=desk.sessions.came(account.id),
        standing=_standing(account, desk, house, words),
    )


def _standing(account: Account, desk: Reception, house: House, words: Words) -> str:
    if account.disabled is not None:
        return words("standing.disabled")
    invitation = desk.invitations.of(account.id)
    if invitation is not None:
        hours = -(-(invitation.ends - house.clock.now()) // timedelta(hours=1))
        return words("standing.invited", n=hours)
    if account.subject is not None:
        return words("standing.provided")
    return "" if account.has_password else words("standing.over")


def _filled(account: Account) -> Filled:
    """An account as its form has it."""
    single = {name: getattr(account, name) for name in ("name", "shown", "email", "role")}
    return Filled(single, {"lists": account.lists})


def _choices(house: House) -> dict[str, Any]:
    """What a form of an account has to choose from."""
    return {"roles": get_args(Role), "of_lists": OF_LISTS, "lists": lists_of(house)}
