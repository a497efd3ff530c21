"""Control of people: who there is, what is shared with them, and what they do at a sign-in."""

import msgspec
from aiohttp import web

from connector.simulators.graph.call import TENANT
from connector.simulators.graph.control.reply import reply
from connector.simulators.graph.people import Account, Declined, SignIn
from connector.simulators.graph.refusal import Json


class _NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    mailboxes: list[str] = []


class _Who(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: str


class _No(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    error: Declined = "authorization_declined"


def routes() -> list[web.RouteDef]:
    """What people can do."""
    return [
        web.get("/accounts", accounts),
        web.post("/accounts", add_account),
        web.delete("/accounts/{account}", remove_account),
        web.delete("/accounts/{account}/grants", revoke),
        web.get("/sign-ins", sign_ins),
        web.post("/sign-ins/{code}", sign_in),
        web.post("/sign-ins/{code}/decline", decline),
    ]


async def accounts(request: web.Request) -> web.Response:
    """Everybody."""
    found = request.app[TENANT].accounts.values()
    return reply({"accounts": [_account(one) for one in found]})


async def add_account(request: web.Request) -> web.Response:
    """Somebody new, or somebody with whom other calendars are shared from now on."""
    new = msgspec.json.decode(await request.read(), type=_NewAccount)
    made = request.app[TENANT].add_account(new.address, mailboxes=new.mailboxes)
    return reply(_account(made), status=201)


async def remove_account(request: web.Request) -> web.Response:
    """Somebody leaves."""
    return reply(_account(request.app[TENANT].remove_account(request.match_info["account"])))


async def revoke(request: web.Request) -> web.Response:
    """Whatever somebody let applications keep is worthless, as after a new password."""
    revoked = request.app[TENANT].refresh_tokens.revoke([request.match_info["account"]])
    return reply({"revoked": revoked})


async def sign_ins(request: web.Request) -> web.Response:
    """The sign-ins that wait for somebody."""
    waiting = request.app[TENANT].sign_ins.waiting()
    return reply({"sign_ins": [_waiting(one) for one in waiting]})


async def sign_in(request: web.Request) -> web.Response:
    """Somebody enters a code and signs in."""
    who = msgspec.json.decode(await request.read(), type=_Who)
    one = request.app[TENANT].sign_in(request.match_info["code"], who.account)
    return reply(_waiting(one) | {"account": one.account})


async def decline(request: web.Request) -> web.Response:
    """Somebody enters a code and says no."""
    no = msgspec.json.decode(await request.read() or b"{}", type=_No)
    one = request.app[TENANT].sign_ins.by_user(request.match_info["code"])
    one.declined = no.error
    return reply(_waiting(one) | {"error": one.declined})


def _account(one: Account) -> Json:
    return {"address": one.address, "id": str(one.id), "mailboxes": sorted(one.mailboxes)}


def _waiting(one: SignIn) -> Json:
    return {
        "user_code": one.user_code,
        "client_id": one.client_id,
        "scopes": one.scopes,
        "expires": one.expires,
    }
