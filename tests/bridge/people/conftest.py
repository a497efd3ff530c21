"""People with accounts, and the browsers that they sign in with."""

from collections.abc import Iterable
from typing import Any

import pytest

from bridge.callers import Role
from bridge.people.accounts import Account
from bridge.people.sessions import Visitor, form_secret
from bridge.views.signed_in import PLAIN
from tests.bridge.conftest import Views, client, clock, made, views
from tests.fakes.sources import room as a_room

__all__ = ["client", "clock", "made", "views"]

PASSWORD = "a heron stands in the reeds"
NEARBY = ("north",)
ELSEWHERE = ("south",)


async def person(
    views: Views, name: str, role: Role, lists: Iterable[str] = (), **more: Any
) -> Account:
    """Somebody with an account."""
    desk = views.people
    account = Account(
        id="", name=name, role=role, lists=tuple(lists), created=views.clock.now(), **more
    )
    account = await desk.accounts.add(account)
    kept = await desk._passwords.hashed(PASSWORD)
    _, account = await desk.accounts.change(account.id, lambda was: was, password=kept)
    return account


async def secret(views: Views, account: Account) -> str:
    """What their cookie holds once they signed in."""
    _, opened = await views.people.sessions.open(account.id, Visitor(browser="Firefox on Linux"))
    return opened


def cookie(opened: str) -> dict[str, str]:
    """A request of their browser that only looks."""
    return {"Cookie": f"{PLAIN}={opened}", "Host": "rooms.example.com"}


def meant(opened: str) -> dict[str, str]:
    """A request of their browser that one of our pages makes."""
    proof = {"X-CSRF-Token": form_secret(opened), "Sec-Fetch-Site": "same-origin"}
    return cookie(opened) | proof


@pytest.fixture
async def building(views: Views) -> None:
    """Two rooms in two lists, one of them with a room system."""
    views.house.rooms = {
        "kestrel": a_room("kestrel", lists=NEARBY),
        "heron": a_room("heron", lists=ELSEWHERE),
    }
    views.house.lists = {"north": "North wing", "south": "South wing"}
    views.house.room_endpoints = lambda room: ("codec",) if room == "kestrel" else ()


async def signed_in(
    views: Views, name: str, role: Role, lists: Iterable[str] = ()
) -> dict[str, str]:
    """The headers of somebody new who signed in."""
    return meant(await secret(views, await person(views, name, role, lists)))


async def told(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status, (await answer.json()).get("code", "")
