"""Secrets of changes that came to nothing do not stay in the vault."""

import logging
import sqlite3
import zlib
from collections.abc import Collection
from pathlib import Path

import pytest

from bridge.inventory.rows import Rows
from bridge.vault.trouble import VaultUnusable
from rooms.inventory import Edit
from tests.bridge.inventory.keeping import OWNER, Keeping, KeptVault, keeping
from tests.bridge.inventory.test_keeper import CODEC, KESTREL
from tests.bridge.test_settings import GRAPH, ROOM

UNIT = {key: value for key, value in CODEC.items() if key != "password"} | {"room": "kestrel"}
ORPHAN = "endpoint/c/password-0123abcd"
BY_HAND = "endpoint/kestrel-codec"


async def given(kept: Keeping, password: str) -> str:
    """Give an endpoint another password; its name in the vault."""
    assert isinstance(kept.keeper.vault, KeptVault)
    before = set(kept.keeper.vault.kept)
    edit = Edit(rooms={"kestrel": KESTREL}, endpoints={"c": UNIT})
    plan = await kept.keeper.plan(edit, OWNER, given={"c": {"password": password}})
    assert plan.fits, plan.problems
    await kept.keeper.apply(plan, OWNER)
    (name,) = kept.keeper.vault.kept.keys() - before
    return name


async def broken(kept: Keeping) -> None:
    """Let the database refuse every change of a room."""
    when = "CREATE TEMP TRIGGER full BEFORE INSERT ON inventory"
    refusal = f"{when} BEGIN SELECT RAISE(ABORT, 'full'); END"
    await kept.database.change(lambda db: db.execute(refusal))


async def test_where_the_disk_fails_the_vault_forgets_what_it_was_given(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        kept.keeper.vault = vault = KeptVault()
        first = await given(kept, "first")
        await broken(kept)
        with pytest.raises(sqlite3.Error):
            await given(kept, "second")
        assert vault.kept == {first: "first"}
        (endpoint,) = kept.configuration.inventory.endpoints
        assert endpoint.options.password.reveal() == "first"


async def test_the_disk_is_to_blame_also_where_the_vault_fails_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Stuck(KeptVault):
        async def drop(self, names: Collection[str], /, *, by: str) -> None:
            raise VaultUnusable(f"{by} may not forget {names}")

    async with keeping(tmp_path) as kept:
        kept.keeper.vault = vault = Stuck()
        await broken(kept)
        with caplog.at_level(logging.WARNING), pytest.raises(sqlite3.Error):
            await given(kept, "planted")
        assert "are still in the vault" in caplog.text
        assert "planted" not in caplog.text
        assert len(vault.kept) == 1


async def test_a_start_forgets_what_no_change_ever_named(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        kept.keeper.vault = vault = KeptVault()
        old, new = await given(kept, "old"), await given(kept, "new")
        vault.kept |= {ORPHAN: "lost", BY_HAND: "mine", "endpoint/c/password-new": "mine"}
        await kept.keeper.tidy()
        assert vault.kept.keys() == {old, new, BY_HAND, "endpoint/c/password-new"}
        (unit,) = (await kept.keeper.undo(2, OWNER)).document.rooms["kestrel"]["endpoints"]
        assert unit["password"] == f"vault:{old}", "what can be undone needs it"


@pytest.mark.parametrize("fails", [sqlite3.DatabaseError("malformed"), zlib.error("Error -3")])
async def test_a_start_goes_on_where_the_history_cannot_be_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: Exception,
) -> None:
    async def unnamed(*_: object) -> set[str]:
        raise fails

    async with keeping(tmp_path) as kept:
        kept.keeper.vault = vault = KeptVault()
        vault.kept[ORPHAN] = "planted"
        monkeypatch.setattr(Rows, "unnamed", unnamed)
        await kept.keeper.tidy()
        assert vault.kept == {ORPHAN: "planted"}
        assert "is not known" in caplog.text
        assert ORPHAN not in caplog.text


async def test_what_only_a_packed_change_names_stays(tmp_path: Path) -> None:
    many = {f"r{number}": KESTREL | {"mailbox": f"r{number}@example.com"} for number in range(99)}
    async with keeping(tmp_path) as kept:
        kept.keeper.vault = vault = KeptVault()
        name = await given(kept, "old")
        plan = await kept.keeper.plan(Edit(rooms=many | {"kestrel": None}), OWNER)
        await kept.keeper.apply(plan, OWNER)
        await kept.keeper.tidy()
        assert vault.kept == {name: "old"}


async def test_where_files_decide_nothing_is_forgotten(tmp_path: Path) -> None:
    async with keeping(tmp_path, GRAPH + "data_dir: data\n", ROOM) as kept:
        kept.keeper.vault = vault = KeptVault()
        vault.kept[ORPHAN] = "x"
        await kept.keeper.tidy()
        assert vault.kept == {ORPHAN: "x"}
