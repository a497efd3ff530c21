"""Tokens of services: which there are, one more, one less."""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import get_args

from aiohttp import web

from bridge.admin.granting import Filled, Unfilled, lists_of
from bridge.admin.pages import Crumb, Pages, back
from bridge.admin.people import PATH as PEOPLE
from bridge.admin.routes import page, posted
from bridge.admin.tree import natural
from bridge.admin.words import chosen
from bridge.callers import Caller, Scope
from bridge.tokens import Token
from bridge.views.house import House
from bridge.views.shapes import TokenOrder
from bridge.views.tokens import OF_ROOMS, ended, made
from bridge.views.web import Problem, Route

PATH = "/admin/tokens"
DAYS = ("30", "90", "365", "730", "")
"""How long a token may be good; empty: until somebody ends it."""
USUAL = "365"
ENDED = 50
"""Tokens that are told of after their end."""
_PROBLEMS = ("bad_body", "unknown_list", "beyond_oneself", "lists_not_for_role", "disk_failing")


class TokensPage:
    """Makes the pages of tokens, and does what their forms ask for."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        create = posted(PATH, self.create, "Make a token", *_PROBLEMS, scope="people")
        once = {200: "The page that tells the token, this once"}
        revoke = "End a token at once"
        return (
            page(PATH, self.serve, "Tokens of services", scope="people"),
            page(f"{PATH}/new", self.new, "Where a token is made", scope="people"),
            dataclasses.replace(create, also=once),
            posted(f"{PATH}/{{token}}/revoke", self.revoke, revoke, scope="people"),
        )

    async def serve(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """All that are not of paired displays, by name; those that ended apart."""
        await self._pages.ready()
        words, now = chosen(request), house.clock.now()
        every = [one for one in house.tokens if one.display is None]
        over = [one for one in every if one.revoked or (one.expires and one.expires <= now)]
        good = [one for one in every if one not in over]
        return await self._pages.answer(
            request,
            caller,
            "tokens",
            crumbs=(Crumb(PEOPLE, words("people.title")),),
            tokens=sorted(good, key=lambda one: natural(one.name)),
            over=sorted(over, key=_end, reverse=True)[:ENDED],
            displays=len({one.display for one in house.tokens if one.display and not one.revoked}),
            called_lists=lambda one: ", ".join(house.lists.get(id_) or id_ for id_ in one.lists),
            days=lambda one: -(-(one.expires - now) // timedelta(days=1)),
        )

    async def new(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form for one more."""
        several = {"scopes": ("read",), "lists": ()}
        return await self._form(house, caller, request, Filled({"days": USUAL}, several))

    async def create(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """One more; the page tells it, and nobody can see it again."""
        await self._pages.ready()
        filled = await Filled.of(request, "scopes", "lists")
        try:
            order = _order(filled)
            token, secret = await made(house, caller, order)
        except (Problem, Unfilled) as error:
            filled = filled.refused(error, chosen(request), "token_")
            return await self._form(house, caller, request, filled)
        return await self._pages.answer(
            request,
            caller,
            "tokens_made",
            crumbs=_crumbs(request),
            token=token,
            secret=secret,
            base=house.public_url.rstrip("/") or f"{request.scheme}://{request.host}",
        )

    async def revoke(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """End one at once."""
        id_ = request.match_info["token"]
        known = next((one for one in house.tokens if one.id == id_), None)
        if known is None or known.display is not None:  # displays are signed out on their own page
            return back(PATH, failed="unknown_token")
        try:
            await ended(house, caller, id_)
        except Problem as problem:
            return back(PATH, failed=problem.code)
        return back(PATH, done="token_ended")

    async def _form(
        self, house: House, caller: Caller, request: web.Request, filled: Filled
    ) -> web.Response:
        await self._pages.ready()
        return await self._pages.answer(
            request,
            caller,
            "tokens_new",
            status=filled.status,
            crumbs=_crumbs(request),
            filled=filled,
            scopes=[one for one in get_args(Scope) if one in caller.scopes],
            of_rooms=OF_ROOMS,
            lists=lists_of(house),
            days=DAYS,
        )


def _crumbs(request: web.Request) -> tuple[Crumb, ...]:
    words = chosen(request)
    return Crumb(PEOPLE, words("people.title")), Crumb(PATH, words("tokens.title"))


def _order(filled: Filled) -> TokenOrder:
    """What is asked for.

    Raises:
        Unfilled: a field cannot be so.
    """
    days = filled.text("days")
    if days not in DAYS:
        raise Unfilled("days")
    if not filled["scopes"]:
        raise Unfilled("scopes")
    lists = filled["lists"] or None
    return filled.order(TokenOrder, days=int(days) if days else None, lists=lists, room=None)


def _end(token: Token) -> float:
    end = token.revoked or token.expires
    return end.timestamp() if end is not None else 0.0
