"""People who may sign in: invited, changed, and taken away."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from aiohttp import hdrs, web
from msgspec import UNSET

from bridge.callers import Caller
from bridge.people.accounts import Account
from bridge.people.reception import Invited, Reception
from bridge.people.refused import Locked, Refused
from bridge.views.house import House
from bridge.views.openapi import STATUSES
from bridge.views.people_shapes import (
    InvitedShape,
    InviteOrder,
    PeopleShape,
    PersonOrder,
    PersonShape,
)
from bridge.views.web import Problem, Route, answer, body_of, too_many

WELCOME = "/admin/welcome"
"""Where codes are typed."""
_BASE = "/api/v1/people"


@contextmanager
def written() -> Iterator[None]:
    """A disk that fails is told in our words."""
    try:
        yield
    except sqlite3.Error as error:
        raise Problem(503, "disk_failing") from error


@contextmanager
def refusals() -> Iterator[None]:
    """What is not done is told in our words."""
    try:
        with written():
            yield
    except Refused as error:
        raise Problem(STATUSES[error.code], error.code, error.words) from None
    except Locked as error:
        raise too_many(error.wait) from None


def reception(house: House) -> Reception:
    """Who lets people in.

    Raises:
        Problem: nobody does here.
    """
    if house.people is None:
        raise Problem(404, "not_found")
    return house.people


async def every(house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
    """All accounts, by name."""
    desk = reception(house)
    found = sorted(desk.accounts, key=lambda one: one.name.casefold())
    return answer(PeopleShape(people=tuple(_shape(desk, one) for one in found)))


async def one(house: House, _caller: Caller, request: web.Request) -> web.StreamResponse:
    """One account."""
    desk = reception(house)
    account = desk.accounts.get(request.match_info["person"])
    if account is None:
        raise Problem(404, "unknown_person")
    return _told(desk, account)


async def invite(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """A new account, and the code for it."""
    desk = reception(house)
    order: InviteOrder = await body_of(request, InviteOrder)
    check_lists(house, order.lists)
    wanted = Account(
        id="",
        name=order.name,
        shown=order.shown,
        email=order.email,
        role=order.role,
        lists=order.lists,
        created=house.clock.now(),
    )
    with refusals():
        return _invited(house, await desk.invite(wanted, caller))


async def invite_again(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """A new code for somebody."""
    desk = reception(house)
    with refusals():
        return _invited(house, await desk.invite_again(request.match_info["person"], caller))


async def change(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """Other parts of an account."""
    desk = reception(house)
    asked = _asked(request)
    order: PersonOrder = await body_of(request, PersonOrder)
    if order.lists is not UNSET:
        check_lists(house, order.lists)
    now = house.clock.now()

    def to(was: Account) -> Account:
        check_version(was, asked)
        parts = {name: value for name in _PARTS if (value := getattr(order, name)) is not UNSET}
        if order.disabled is not UNSET:
            parts["disabled"] = (was.disabled or now) if order.disabled else None
        return msgspec.structs.replace(was, **parts)

    with refusals():
        return _told(desk, await desk.change(request.match_info["person"], to, caller))


async def remove(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
    """Take an account away."""
    desk = reception(house)
    asked = _asked(request)
    with refusals():
        gone = await desk.remove(
            request.match_info["person"], caller, lambda was: check_version(was, asked)
        )
    return answer(_shape(desk, gone))


_PARTS = ("name", "role", "shown", "email", "lists")


def check_lists(house: House, lists: tuple[str, ...]) -> None:
    """Let pass room lists that are there.

    Raises:
        Problem: `unknown_list`.
    """
    if not all(map(house.knows_list, lists)):
        raise Problem(404, "unknown_list")


def _asked(request: web.Request) -> str:
    """Which version somebody has read: two people must not overwrite each other."""
    asked = request.headers.get(hdrs.IF_MATCH)
    if asked is None:
        raise Problem(428, "if_match_needed")
    return asked


def check_version(account: Account, asked: str) -> None:
    """Let pass who read the account as it is, by strong comparison (RFC 9110 §13.1.1).

    Raises:
        Refused: `changed_meanwhile`.
    """
    if asked.strip() != "*" and etag_of(account) not in {one.strip() for one in asked.split(",")}:
        raise Refused("changed_meanwhile")


def etag_of(account: Account) -> str:
    """The version of an account."""
    return f'"{account.id}-{account.version}"'


def _told(desk: Reception, account: Account) -> web.Response:
    return answer(_shape(desk, account), headers={"ETag": etag_of(account)})


def _invited(house: House, invited: Invited) -> web.Response:
    account = invited.account
    shape = InvitedShape(
        person=_shape(reception(house), account),
        code=invited.code,
        ends=invited.ends,
        url=house.public_url.rstrip("/") + WELCOME,
    )
    headers = {"ETag": etag_of(account), "Cache-Control": "no-store"}
    return answer(shape, status=201, headers=headers)


def _shape(desk: Reception, account: Account) -> PersonShape:
    invitation = desk.invitations.of(account.id)
    return PersonShape(
        id=account.id,
        name=account.name,
        shown=account.shown,
        email=account.email,
        role=account.role,
        lists=account.lists,
        has_password=account.has_password,
        single_sign_on=account.subject is not None,
        created=account.created,
        disabled=account.disabled,
        seen=desk.sessions.came(account.id),
        invited_until=invitation.ends if invitation else None,
        etag=etag_of(account),
    )


_MATCH = {"If-Match": "The version that was read; needed."}
_CHANGING = ("unknown_person", "beyond_oneself", "disk_failing")
_VERSIONED = ("last_owner", "changed_meanwhile", "if_match_needed")

ROUTES = (
    Route(
        method="GET",
        path=_BASE,
        serve=every,
        scope="people",
        summary="All accounts of people",
        answer=PeopleShape,
    ),
    Route(
        method="POST",
        path=_BASE,
        serve=invite,
        scope="people",
        summary="Invite somebody: an account, and a one-time code that sets its password",
        answer=InvitedShape,
        status=201,
        body=InviteOrder,
        problems=(
            "bad_body",
            "unknown_list",
            "name_taken",
            "beyond_oneself",
            "lists_not_for_role",
            "disk_failing",
        ),
    ),
    Route(
        method="GET",
        path=f"{_BASE}/{{person}}",
        serve=one,
        scope="people",
        summary="One account",
        answer=PersonShape,
        problems=("unknown_person",),
    ),
    Route(
        method="PATCH",
        path=f"{_BASE}/{{person}}",
        serve=change,
        scope="people",
        summary="Change an account; its sessions end where it may something else then",
        answer=PersonShape,
        body=PersonOrder,
        headers=_MATCH,
        problems=(
            *_CHANGING,
            *_VERSIONED,
            "bad_body",
            "unknown_list",
            "name_taken",
            "lists_not_for_role",
            "of_provider",
        ),
    ),
    Route(
        method="DELETE",
        path=f"{_BASE}/{{person}}",
        serve=remove,
        scope="people",
        summary="Take an account away, and end its sessions",
        answer=PersonShape,
        headers=_MATCH,
        problems=(*_CHANGING, *_VERSIONED),
    ),
    Route(
        method="POST",
        path=f"{_BASE}/{{person}}/invitation",
        serve=invite_again,
        scope="people",
        summary="A new one-time code, in place of an older one or a forgotten password",
        answer=InvitedShape,
        status=201,
        problems=(*_CHANGING, "person_disabled", "of_provider"),
    ),
)
