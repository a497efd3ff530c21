"""Tokens of callers: services, and displays that were given one by hand."""

from datetime import timedelta

import msgspec
from aiohttp import web

from bridge.callers import Caller, Scope
from bridge.tokens import Token
from bridge.views.house import House
from bridge.views.people import written
from bridge.views.shapes import NewTokenShape, TokenOrder, TokenShape, TokensShape
from bridge.views.web import Problem, Route, answer, body_of

OF_ROOMS: frozenset[Scope] = frozenset(["read", "join", "write", "rooms"])
"""What can be had for some rooms only."""


async def every_token(house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
    """All tokens, those that ended too."""
    return answer(TokensShape(tokens=tuple(_shape(token) for token in house.tokens)))


async def create(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """A new token. One for a display is bound to its room."""
    order: TokenOrder = await body_of(request, TokenOrder)
    token, secret = await made(house, caller, order)
    shape = NewTokenShape(
        id=token.id,
        name=token.name,
        scopes=token.scopes,
        room=token.room,
        lists=token.lists,
        created=token.created,
        expires=token.expires,
        token=secret,
    )
    return answer(shape, status=201)


async def made(house: House, caller: Caller, order: TokenOrder) -> tuple[Token, str]:
    """A new token, and the token itself, which is told this once.

    Raises:
        Problem: this caller may not make it, or it makes no sense.
    """
    if order.room is not None and order.room not in house.rooms:
        raise Problem(404, "unknown_room")
    scopes: tuple[Scope, ...] = ("read",) if order.room is not None else order.scopes
    _check(house, caller, scopes, order.lists)
    now = house.clock.now()
    with written():
        return await house.tokens.create(
            order.name,
            scopes,
            room=order.room,
            lists=order.lists,
            expires=now + timedelta(days=order.days) if order.days else None,
            actor=caller.name,
        )


def _check(
    house: House, caller: Caller, scopes: tuple[Scope, ...], lists: tuple[str, ...] | None
) -> None:
    """Let nobody hand out more than they have.

    Raises:
        Problem: they would, or what is wanted makes no sense.
    """
    if not caller.scopes.issuperset(scopes):
        raise Problem(403, "beyond_oneself")
    if lists is None:
        return
    if not OF_ROOMS.issuperset(scopes):
        raise Problem(422, "lists_not_for_role", "of lists a token may only look after the rooms")
    if not all(map(house.knows_list, lists)):
        raise Problem(404, "unknown_list")


async def revoke(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """End a token at once."""
    return answer(_shape(await ended(house, caller, request.match_info["token"])))


async def ended(house: House, caller: Caller, id_: str) -> Token:
    """A token that opens nothing any more.

    Raises:
        Problem: `unknown_token`, `disk_failing`.
    """
    with written():
        token = await house.tokens.revoke(id_, actor=caller.name)
    if token is None:
        raise Problem(404, "unknown_token")
    return token


def _shape(token: Token) -> TokenShape:
    return TokenShape(**msgspec.structs.asdict(token))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/tokens",
        serve=every_token,
        scope="people",
        summary="All tokens, without the tokens themselves",
        answer=TokensShape,
    ),
    Route(
        method="POST",
        path="/api/v1/tokens",
        serve=create,
        scope="people",
        summary="A new token",
        answer=NewTokenShape,
        status=201,
        body=TokenOrder,
        problems=(
            "bad_body",
            "unknown_room",
            "unknown_list",
            "beyond_oneself",
            "lists_not_for_role",
            "disk_failing",
        ),
    ),
    Route(
        method="DELETE",
        path="/api/v1/tokens/{token}",
        serve=revoke,
        scope="people",
        summary="End a token at once",
        answer=TokenShape,
        problems=("unknown_token", "disk_failing"),
    ),
)
