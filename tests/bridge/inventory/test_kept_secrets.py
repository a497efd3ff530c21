"""Secrets that are kept: nobody but an engineer says which of them an endpoint has."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.callers import SCOPES, Caller
from bridge.inventory.leave import NotYours
from bridge.inventory.texts import plan_text, text_of
from bridge.settings.model import VaultSettings
from bridge.settings.vaults import vault_of
from bridge.vault.keys import new_key
from rooms.inventory import Document, Edit
from tests.bridge.inventory.keeping import OWNER, STORE, Keeping, KeptVault, keeping
from tests.bridge.inventory.test_api import Api, api, bridge_yaml, house, kept, two
from tests.bridge.inventory.test_tables import ANNA
from tests.bridge.vault.conftest import AT, BY
from tests.bridge.vault.conftest import put as put_into

__all__ = ["api", "bridge_yaml", "house", "kept", "two"]  # fixtures

ENGINEER = Caller(name="eve", scopes=SCOPES["engineer"], role="engineer")
SERVICE = Caller(name="terraform", scopes=frozenset(["read", "rooms"]))
ROOM: dict[str, Any] = {
    "mailbox": "kestrel@example.com",
    "time_zone": "Europe/London",
    "lists": ["north"],
}
LOGIN = {"kind": "cisco", "username": "u"}
THEIRS = {"id": "theirs", **LOGIN, "address": "10.0.0.1", "password": "vault:endpoint/theirs"}
MINE = {"id": "mine", **LOGIN, "address": "10.0.0.2", "password": "vault:endpoint/mine"}
SIP = {"id": "sip", "kind": "sip", "address": "10.0.0.3", "username": "u"}
REFERENCES = [
    {"password": "vault:endpoint/theirs"},
    {"password_file": "pw"},
    {"password": "vault:endpoint/mine", "hook": "vault:endpoint/theirs"},
]


def stocked(folder: Path) -> None:
    """Secrets in a vault and in a file."""
    (folder / "vault.key").write_text(new_key())
    (folder / "vault.key").chmod(0o600)
    (folder / "pw").write_text("x")
    (folder / "data").mkdir()
    vault = vault_of(folder / "data", VaultSettings(key_file=folder / "vault.key"))
    vault.init(at=AT, by=BY)
    for name in ("theirs", "mine", "sip", "more"):
        put_into(vault, f"endpoint/{name}", name)


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Keeping]:
    """Two rooms with systems; Anna looks after one."""
    await asyncio.to_thread(stocked, tmp_path)
    async with keeping(tmp_path, STORE + "vault: {key_file: vault.key}\n") as made:
        made.keeper.vault = KeptVault()
        other = ROOM | {"mailbox": "owl@example.com", "lists": ["south"], "endpoints": [THEIRS]}
        units = [MINE, SIP | {"password": "vault:endpoint/sip"}]
        rooms = {"kestrel": ROOM | {"endpoints": units}, "owl": other}
        await put(made, Edit(rooms=rooms, lists={"north": {}, "south": {}}), OWNER)
        yield made


async def put(held: Keeping, edit: Edit, caller: Caller) -> int:
    plan = await held.keeper.plan(edit, caller)
    assert plan.fits, plan.problems
    return (await held.keeper.apply(plan, caller)).seq


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("caller", [ANNA, SERVICE])
async def test_no_new_endpoint_is_told_to_use_one(
    held: Keeping, caller: Caller, reference: dict[str, str]
) -> None:
    unit = LOGIN | {"address": "10.9.9.9", "room": "kestrel"} | reference
    with pytest.raises(NotYours, match="give the secret itself"):
        await held.keeper.plan(Edit(endpoints={"new": unit}), caller)
    plan = await held.keeper.plan(Edit(endpoints={"new": unit}), ENGINEER)
    assert plan.fits, plan.problems


@pytest.mark.parametrize("reference", REFERENCES)
async def test_no_endpoint_is_told_to_use_another_one(
    held: Keeping, reference: dict[str, str]
) -> None:
    patch = {"password": None} | reference
    with pytest.raises(NotYours):
        await held.keeper.plan(Edit(endpoints={"mine": patch}), ANNA)
    await put(held, Edit(endpoints={"mine": patch}), ENGINEER)


async def test_the_one_that_a_new_address_voids_is_not_named_again(held: Keeping) -> None:
    away = {"address": "10.9.9.9", "username": None}
    await put(held, Edit(endpoints={"sip": away}), ANNA)
    again = {"username": "u", "password": "vault:endpoint/sip"}
    for patch in (again, again | {"address": "10.0.0.3"}):
        with pytest.raises(NotYours):
            await held.keeper.plan(Edit(endpoints={"sip": patch}), ANNA)


async def test_one_that_is_sent_through_a_proxy_is_void_at_another(held: Keeping) -> None:
    plan = await held.keeper.plan(Edit(endpoints={"sip": {"proxy": "10.9.9.9"}}), ANNA)
    assert "password" not in plan.document.rooms["kestrel"]["endpoints"][1]


async def test_what_stays_where_it_is_and_what_is_given_anew_is_let_pass(held: Keeping) -> None:
    await put(held, Edit(endpoints={"mine": {"username": "other"}}), ANNA)
    edit = Edit(endpoints={"mine": {"address": "10.9.9.9"}})
    plan = await held.keeper.plan(edit, ANNA, given={"mine": {"password": "new"}})
    assert plan.fits, plan.problems
    await held.keeper.apply(plan, ANNA)


async def test_a_rooms_yaml_names_none_that_is_not_there(held: Keeping) -> None:
    part = Document(rooms={"kestrel": held.keeper.document().rooms["kestrel"]}, lists={"north": {}})
    text = text_of(part)
    assert (await plan_text(held.keeper, text.encode(), ANNA)).plan.changes == ()
    for wrong in (text.replace("endpoint/mine", "endpoint/theirs"), text.replace("0.0.2", "9.9.9")):
        if "theirs" in wrong:
            with pytest.raises(NotYours):
                await plan_text(held.keeper, wrong.encode(), ANNA)
        else:
            made = await plan_text(held.keeper, wrong.encode(), ANNA)
            assert "password" not in made.plan.document.rooms["kestrel"]["endpoints"][0]


async def test_who_is_no_engineer_any_more_cannot_apply_what_they_planned_as_one(
    held: Keeping,
) -> None:
    edit = Edit(endpoints={"mine": {"address": "10.9.9.9", "password": "vault:endpoint/theirs"}})
    plan = await held.keeper.plan(edit, ENGINEER)
    with pytest.raises(NotYours):
        await held.keeper.apply(plan, ANNA)


class TestUndo:
    """What a change took away comes back for who made it."""

    async def test_a_change_of_ones_own(self, held: Keeping) -> None:
        gone = await put(held, Edit(rooms={"kestrel": None}), ANNA)
        plan = await held.keeper.undo(gone, ANNA)
        await held.keeper.apply(plan, ANNA)
        assert held.keeper.document().rooms["kestrel"]["endpoints"][0] == MINE

    async def test_a_change_of_another(self, held: Keeping) -> None:
        moved = {"address": "10.9.9.9", "password": "vault:endpoint/more"}
        there = await put(held, Edit(endpoints={"mine": moved}), ENGINEER)
        with pytest.raises(NotYours):
            await held.keeper.undo(there, ANNA)
        assert (await held.keeper.undo(there, OWNER)).fits


async def test_it_is_refused_over_http_with_a_code_and_words(two: Api) -> None:
    await two.apply(endpoints={"codec": {"room": "kestrel"}})
    two.caller = ANNA
    patch = {"entry": {"address": "10.9.9.9", "password": "vault:endpoint/theirs"}}
    refused: Any = await two.ask("PATCH", "/endpoints/codec", patch, If_Match="*")
    assert (refused[0], refused[1]["code"]) == (403, "not_yours")
    assert "give the secret itself" in refused[1]["detail"]
    order = {"endpoints": {"codec": patch["entry"]}}
    assert await two.refused("POST", "/plans", order) == (403, "not_yours")
