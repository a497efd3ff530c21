"""Accounts, and that there is always somebody who can let others in."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from bridge.callers import SCOPES, Caller, Role
from bridge.people.accounts import Account
from bridge.people.passwords import Passwords
from bridge.people.reception import Reception
from bridge.people.refused import Refused
from bridge.people.sessions import Sessions, Visitor
from rooms.audit import Audit
from rooms.database import Database
from tests.bridge.conftest import Client, Views
from tests.bridge.people.conftest import PASSWORD, person, secret, signed_in
from tests.fakes.virtual import NOON, FixedClock

OWNER = Caller(name="control:root", scopes=SCOPES["owner"], role="owner")
KEEPER = Caller(name="token:keeper", scopes=frozenset(["read", "people"]))


def to(**parts: Any) -> Callable[[Account], Account]:
    return lambda was: msgspec.structs.replace(was, **parts)


async def refusal(work: Coroutine[Any, Any, object]) -> str:
    with pytest.raises(Refused) as refused:
        await work
    return refused.value.code


@pytest.mark.parametrize(
    "parts",
    [{"role": "engineer"}, {"disabled": NOON}],
    ids=str,
)
async def test_the_last_owner_stays_one(views: Views, parts: dict[str, object]) -> None:
    desk = views.people
    ada = await person(views, "ada", "owner")
    await person(views, "grace", "engineer")
    await desk.invite(_wanted("invited", "owner"), OWNER)
    off = await person(views, "off", "owner")
    await desk.change(off.id, to(disabled=NOON), OWNER)
    assert await refusal(desk.change(ada.id, to(**parts), OWNER)) == "last_owner"
    assert await refusal(desk.remove(ada.id, OWNER, lambda _: None)) == "last_owner"
    bob = await person(views, "bob", "owner")
    await desk.change(ada.id, to(**parts), OWNER)
    assert await refusal(desk.remove(bob.id, OWNER, lambda _: None)) == "last_owner"


@pytest.mark.parametrize(
    ("local", "issuer", "stays"), [(True, None, "bob"), (False, "issuer", "ada")]
)
async def test_an_owner_whose_way_in_is_closed_is_none_that_could_let_others_in(
    views: Views, local: bool, issuer: str | None, stays: str
) -> None:
    desk = views.people
    await person(views, "bob", "owner")
    await desk.accounts.add(msgspec.structs.replace(_wanted("ada", "owner"), subject="issuer 1"))
    desk.local, desk.issuer = local, issuer
    last, other = sorted(desk.accounts, key=lambda one: one.name != stays)
    assert await refusal(desk.change(last.id, to(disabled=NOON), OWNER)) == "last_owner"
    assert await refusal(desk.remove(last.id, OWNER, lambda _: None)) == "last_owner"
    await desk.remove(other.id, OWNER, lambda _: None)
    assert desk.accounts.owned


async def test_two_owners_cannot_take_each_other_away_at_the_same_time(views: Views) -> None:
    desk = views.people
    ada, bob = await person(views, "ada", "owner"), await person(views, "bob", "owner")
    outcomes = await asyncio.gather(
        desk.remove(ada.id, OWNER, lambda _: None),
        desk.change(bob.id, to(role="viewer"), OWNER),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Refused) for one in outcomes) == 1
    assert desk.accounts.owned


@pytest.mark.parametrize(
    "name",
    ["ada", "ADA", " Ada ", "\uff41da"],  # the last with a letter of full width
)
async def test_a_name_is_one_however_it_is_typed(views: Views, name: str) -> None:
    ada = await person(views, "Ada", "viewer")
    assert views.people.accounts.named(name) == ada
    assert await refusal(views.people.invite(_wanted(name, "viewer"), OWNER)) == "name_taken"
    assert len(list(views.people.accounts)) == 1


async def test_a_name_that_was_given_up_is_free(views: Views) -> None:
    ada = await person(views, "ada", "viewer")
    await views.people.change(ada.id, to(name="grace"), OWNER)
    assert views.people.accounts.named("ada") is None
    await person(views, "ada", "viewer")
    named = views.people.accounts.named("grace")
    assert named is not None
    assert named.id == ada.id


async def test_nobody_gives_or_takes_more_than_they_have(views: Views) -> None:
    desk = views.people
    owner = await person(views, "ada", "owner")
    viewer = await person(views, "bob", "viewer")
    for role in get_args(Role)[1:]:
        assert await refusal(desk.invite(_wanted(role, role), KEEPER)) == "beyond_oneself"
    assert await refusal(desk.change(viewer.id, to(role="owner"), KEEPER)) == "beyond_oneself"
    assert await refusal(desk.change(owner.id, to(role="viewer"), KEEPER)) == "beyond_oneself"
    assert await refusal(desk.remove(owner.id, KEEPER, lambda _: None)) == "beyond_oneself"
    assert await refusal(desk.invite_again(owner.id, KEEPER)) == "beyond_oneself"
    opened = await secret(views, owner)
    caller = desk.caller(opened)
    assert caller is not None
    assert caller.session is not None
    assert await refusal(desk.end(owner.id, [caller.session], KEEPER)) == "unknown_session"
    assert desk.caller(opened) == caller
    assert (await desk.invite(_wanted("eve", "viewer"), KEEPER)).account.role == "viewer"


@pytest.mark.parametrize("role", ["engineer", "auditor", "owner"])
async def test_only_some_roles_are_for_some_lists(views: Views, role: Role) -> None:
    wanted = msgspec.structs.replace(_wanted("ada", role), lists=("north",))
    assert await refusal(views.people.invite(wanted, OWNER)) == "lists_not_for_role"


@pytest.mark.parametrize(
    "parts",
    [{"role": "engineer"}, {"lists": ("north",)}, {"disabled": NOON}],
    ids=str,
)
async def test_sessions_end_where_somebody_may_something_else(
    views: Views, parts: dict[str, object]
) -> None:
    bob, eve = await person(views, "bob", "viewer"), await person(views, "eve", "viewer")
    opened, other = await secret(views, bob), await secret(views, eve)
    await views.people.change(bob.id, to(shown="Bob"), OWNER)
    assert views.people.caller(opened), "a name changes nothing"
    await views.people.change(bob.id, to(**parts), OWNER)
    assert views.people.caller(opened) is None
    assert views.people.caller(other) is not None
    rows = await views.database.change(lambda db: list(db.query("SELECT person FROM sessions")))
    assert rows == [{"person": eve.id}]


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    path, clock = tmp_path / "bridge.db", FixedClock()

    def opened() -> tuple[Database, Reception]:
        database = Database(path)
        desk = Reception(database, Audit(database), clock, Passwords(memory=64))
        return database, desk

    database, desk = await asyncio.to_thread(opened)
    async with database.running():
        first = await desk.invite(_wanted("ada", "owner"), OWNER)
        held = await desk.welcome(first.code, PASSWORD, _visitor())
        second = await desk.invite(_wanted("bob", "facilities", "north", "south"), OWNER)
        people = sorted(desk.accounts, key=lambda one: one.name)
        caller = desk.caller(held)
    database, desk = await asyncio.to_thread(opened)
    async with database.running():
        assert sorted(desk.accounts, key=lambda one: one.name) == people
        assert desk.caller(held) == caller
        assert desk.caller(await desk.welcome(second.code, PASSWORD, _visitor()))
        assert desk.caller(await desk.sign_in("ADA", PASSWORD, _visitor()))


async def test_nothing_that_opens_anything_is_kept(tmp_path: Path, views: Views) -> None:
    invited = await views.people.invite(_wanted("ada", "owner"), OWNER)
    other = await views.people.invite(_wanted("bob", "viewer"), OWNER)
    opened = await views.people.welcome(invited.code, PASSWORD, _visitor())
    lying = await asyncio.to_thread(_lying, tmp_path)
    assert b"ada" in lying
    for word in (PASSWORD, opened, invited.code, other.code, other.code.replace("-", "")):
        assert word.encode() not in lying


async def test_what_is_done_is_in_the_audit_log_and_nothing_secret(views: Views) -> None:
    desk = views.people
    invited = await desk.invite(_wanted("ada", "owner"), OWNER)
    opened = await desk.welcome(invited.code, PASSWORD, _visitor())
    caller = desk.caller(opened)
    assert caller is not None
    bob = await person(views, "bob", "facilities", ["north"])
    await desk.change(bob.id, to(lists=("south",), email="bob@example.com"), caller)
    await desk.remove(bob.id, caller, lambda _: None)
    await desk.sign_out(caller)
    rows = await views.database.change(
        lambda db: list(db.query("SELECT actor, action, object, detail FROM audit"))
    )
    told = [(row["actor"], row["action"]) for row in rows]
    assert told == [
        ("control:root", "people.invite"),
        ("person:ada", "people.password"),
        ("person:ada", "sessions.open"),
        ("person:ada", "people.change"),
        ("person:ada", "people.remove"),
        ("person:ada", "sessions.end"),
    ]
    assert '"lists.before":"north","lists.after":"south"' in rows[3]["detail"]
    for word in (PASSWORD, opened, invited.code, "bob@example.com", "argon2"):
        assert word not in str(rows)


def _wanted(name: str, role: Role, *lists: str) -> Account:
    return Account(id="", name=name, role=role, lists=lists, created=NOON)


def _lying(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("bridge.db*"))


def _visitor() -> Visitor:
    return Visitor(address="192.0.2.7", browser="Firefox on Linux")


async def test_who_a_provider_knows_signs_in_without_a_password(views: Views) -> None:
    desk = views.people
    wanted = msgspec.structs.replace(_wanted("ada", "owner"), subject="issuer 1")
    ada = await desk.accounts.add(wanted)
    desk.issuer = "issuer"
    assert desk.accounts.of_subject("issuer 1") == ada
    assert desk.accounts.owned
    caller = desk.caller(await desk.open(ada, _visitor(), how="provider"))
    assert caller is not None
    assert caller.role == "owner"
    assert await refusal(desk.sign_in("ada", "", _visitor())) == "wrong_password"
    other = msgspec.structs.replace(_wanted("bob", "viewer"), subject="issuer 1")
    assert await refusal(desk.accounts.add(other)) == "name_taken"
    assert await refusal(desk.remove(ada.id, OWNER, lambda _: None)) == "last_owner"


async def test_when_somebody_was_here_outlasts_their_session(
    client: Client, views: Views, building: None
) -> None:
    await signed_in(views, "ada", "owner")
    bob = await signed_in(views, "bob", "viewer")
    views.clock.move(timedelta(minutes=7))
    seen = views.clock.now()
    assert (await client.get("/api/v1/session", headers=bob)).status == 200
    assert (await client.delete("/api/v1/session", headers=bob)).status == 204
    views.clock.move(timedelta(days=3))
    await views.people.settle()
    again = await asyncio.to_thread(lambda: Sessions(views.database, views.clock))
    account = views.people.accounts.named("bob")
    assert account
    assert again.came(account.id) == views.people.sessions.came(account.id) == seen
    assert again.came("nobody") is None
    assert list(again) == []
    ada = await signed_in(views, "eve", "owner")
    every = (await (await client.get("/api/v1/people", headers=ada)).json())["people"]
    found = {one["name"]: one["seen"] for one in every}
    assert found["bob"] == seen.isoformat().replace("+00:00", "Z")


async def test_nothing_is_remembered_of_who_was_removed(views: Views) -> None:
    desk = views.people
    bob = await person(views, "bob", "viewer")
    opened = await secret(views, bob)
    assert desk.sessions.came(bob.id)
    await desk.remove(bob.id, OWNER, lambda _: None)
    assert desk.caller(opened) is None
    assert desk.sessions.came(bob.id) is None
    await desk.settle()
