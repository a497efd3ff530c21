"""Tokens of callers, for the command line."""

from datetime import timedelta

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.tokens import Token
from bridge.views.house import House
from bridge.views.shapes import NewTokenShape, TokenOrder, TokenShape, TokensShape
from bridge.views.web import Problem, Route, answer, body_of


async def every_token(house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
    """All tokens, those that ended too."""
    return answer(TokensShape(tokens=tuple(_shape(token) for token in house.tokens)))


async def create(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """A new token. One for a display is bound to its room."""
    order: TokenOrder = await body_of(request, TokenOrder)
    if order.room is not None and order.room not in house.rooms:
        raise Problem(404, "unknown_room")
    now = house.clock.now()
    token, secret = await house.tokens.create(
        order.name,
        ("read",) if order.room is not None else order.scopes,
        room=order.room,
        expires=now + timedelta(days=order.days) if order.days else None,
        actor=caller.name,
    )
    shape = NewTokenShape(
        id=token.id,
        name=token.name,
        scopes=token.scopes,
        room=token.room,
        created=token.created,
        expires=token.expires,
        token=secret,
    )
    return answer(shape, status=201)


async def revoke(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """End a token at once."""
    ended = await house.tokens.revoke(request.match_info["token"], actor=caller.name)
    if ended is None:
        raise Problem(404, "unknown_token")
    return answer(_shape(ended))


def _shape(token: Token) -> TokenShape:
    return TokenShape(**msgspec.structs.asdict(token))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/tokens",
        serve=every_token,
        scope="control",
        summary="All tokens, without the tokens themselves",
        answer=TokensShape,
    ),
    Route(
        method="POST",
        path="/api/v1/tokens",
        serve=create,
        scope="control",
        summary="A new token",
        answer=NewTokenShape,
        status=201,
        body=TokenOrder,
        problems=("bad_body", "unknown_room"),
    ),
    Route(
        method="DELETE",
        path="/api/v1/tokens/{token}",
        serve=revoke,
        scope="control",
        summary="End a token at once",
        answer=TokenShape,
        problems=("unknown_token",),
    ),
)
