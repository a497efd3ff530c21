"""Control of accounts: passwords, rights, locks, tokens."""

from typing import Literal

import msgspec
from aiohttp import web

from connector.simulators.exchange.call import EXCHANGE
from connector.simulators.exchange.people import User
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.refusal import Json


class _NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    password: str
    impersonates: list[str] | Literal["all"] = []
    delegate_of: list[str] = []
    reviewer_of: list[str] = []
    mailbox: str | None = None


class _Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    password: str | None = None
    locked: bool | None = None
    disabled: bool | None = None


class _Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    client_id: str
    secret: str
    user: str


def routes() -> list[web.RouteDef]:
    """What can be done to accounts."""
    return [
        web.get("/users", users),
        web.post("/users", add_user),
        web.patch("/users/{user}", change_user),
        web.post("/clients", add_client),
        web.delete("/tokens", revoke_tokens),
    ]


async def users(request: web.Request) -> web.Response:
    """All accounts and their wrong passwords in a row."""
    return reply({"users": [_user_json(one) for one in request.app[EXCHANGE].people.all()]})


async def add_user(request: web.Request) -> web.Response:
    """An account, new or replaced."""
    new = msgspec.json.decode(await request.read(), type=_NewUser)
    user = request.app[EXCHANGE].add_user(**msgspec.structs.asdict(new))
    return reply(_user_json(user), status=201)


async def change_user(request: web.Request) -> web.Response:
    """Another password, a lock, a lock taken off."""
    user = request.app[EXCHANGE].people.get(request.match_info["user"])
    wanted = msgspec.json.decode(await request.read(), type=_Change)
    if wanted.password is not None:
        user.password = wanted.password
    if wanted.locked is not None:
        user.locked, user.wrong = wanted.locked, 0
    if wanted.disabled is not None:
        user.disabled = wanted.disabled
    return reply(_user_json(user))


async def add_client(request: web.Request) -> web.Response:
    """A client that may fetch tokens for an account."""
    new = msgspec.json.decode(await request.read(), type=_Client)
    user = request.app[EXCHANGE].people.get(new.user)
    request.app[EXCHANGE].tokens.clients[new.client_id] = (new.secret, user.key)
    return reply({"client_id": new.client_id, "user": user.name}, status=201)


async def revoke_tokens(request: web.Request) -> web.Response:
    """All tokens worthless, or those of one `user`."""
    return reply({"revoked": request.app[EXCHANGE].tokens.revoke(request.query.get("user"))})


def _user_json(user: User) -> Json:
    return {
        "name": user.name,
        "mailbox": user.mailbox.address if user.mailbox is not None else None,
        "impersonates": "all" if user.impersonates is None else sorted(user.impersonates),
        "delegate_of": sorted(user.delegate_of),
        "reviewer_of": sorted(user.reviewer_of),
        "wrong": user.wrong,
        "locked": user.locked,
        "disabled": user.disabled,
    }
