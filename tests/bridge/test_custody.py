"""The vault in the running appliance: what drivers keep there, and what the audit log learns."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.custody import Custody
from bridge.health import BRIDGE, Health
from bridge.settings.model import Site, VaultSettings
from bridge.settings.vaults import vault_of
from bridge.vault.keys import new_key
from bridge.vault.vault import Vault
from connector.keep import Keep
from connector.secret import Secret
from rooms.audit import Audit
from rooms.database import Database
from tests.bridge.vault.conftest import AT, BY, put
from tests.fakes.virtual import FixedClock


class Place:
    """A data folder with a vault, and the appliance's view of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = VaultSettings(key_file=folder / "key")
        self.site = Site(data_dir=folder, vault=self.settings)
        self.clock = FixedClock()
        self.health = Health(self.clock)
        self.other: Vault = vault_of(folder, self.settings)
        (folder / "key").write_text(new_key())

    def made(self) -> tuple[Database, Custody]:
        database = Database(self.folder / "bridge.db")
        return database, Custody(self.site, database, Audit(database), self.clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Database, Custody]]:
        database, custody = await asyncio.to_thread(self.made)
        async with database.running():
            await custody.refresh(self.health)
            yield database, custody

    def codes(self) -> list[str]:
        return [trouble.code for trouble in self.health.of(BRIDGE)]


async def audited(database: Database) -> list[tuple[Any, ...]]:
    rows = await database.change(
        lambda db: db.execute(
            "SELECT actor, action, object, detail FROM audit ORDER BY rowid"
        ).fetchall()
    )
    return [(*row[:3], json.loads(row[3])["change"]) for row in rows]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def vaulted(place: Place) -> Place:
    place.other.init(at=AT, by=BY)
    return place


async def test_what_a_driver_keeps_is_there_for_the_next_start(vaulted: Place) -> None:
    async with vaulted.running() as (_, custody):
        keep = custody.keep("m365")
        assert keep
        assert keep.get("refresh_token") is None
        await keep.put("refresh_token", Secret("one"))
        await keep.put("refresh_token", Secret("two"))
        await keep.put("account", Secret("three"))
        await keep.drop("account")
        await keep.drop("nothing")
        other = custody.keep("other")
        assert other
        assert other.get("refresh_token") is None
    async with vaulted.running() as (_, custody):
        kept: Keep | None = custody.keep("m365")
        assert kept
        assert kept.get("refresh_token") == Secret("two")
        assert kept.get("account") is None


async def test_what_came_by_the_appliance_is_told_from_what_was_put_by_hand(
    vaulted: Place,
) -> None:
    await asyncio.to_thread(put, vaulted.other, "endpoint/by-hand", "one")
    async with vaulted.running() as (database, custody):
        given = {f"endpoint/c/{key}": Secret(key) for key in ("password", "hook", "other")}
        await custody.put(given, by="control:ada")
        assert custody.given() == sorted(given)
        await custody.drop(["endpoint/c/hook", "endpoint/c/other", "nothing"], by="control:ada")
        assert custody.given() == ["endpoint/c/password"]
        assert [one[1:3] for one in (await audited(database))[-2:]] == [
            ("secrets.delete", "endpoint/c/hook"),
            ("secrets.delete", "endpoint/c/other"),
        ]


async def test_revoking_a_source_deletes_what_it_keeps_and_the_audit_log_says_so(
    vaulted: Place,
) -> None:
    async with vaulted.running() as (database, custody):
        keep = custody.keep("m365")
        assert keep
        await keep.put("refresh_token", Secret("one"))
        gone = await custody.forget("m365", [], by="cli:ada")
        assert gone == ["source/m365/refresh_token"]
        assert keep.get("refresh_token") is None
        assert (await audited(database))[-1] == (
            "cli:ada",
            "secrets.delete",
            "source/m365/refresh_token",
            3,
        )
        assert await custody.forget("m365", [], by="cli:ada") == []


async def test_every_change_is_audited_once_also_those_made_while_it_was_stopped(
    vaulted: Place,
) -> None:
    await asyncio.to_thread(put, vaulted.other, "one", "x")
    async with vaulted.running() as (database, custody):
        await custody.refresh(vaulted.health)
        assert [row[1:] for row in await audited(database)] == [
            ("secrets.init", "", 1),
            ("secrets.set", "one", 2),
        ]
    await asyncio.to_thread(put, vaulted.other, "two", "x")
    async with vaulted.running() as (database, custody):
        await asyncio.to_thread(put, vaulted.other, "three", "x")
        await custody.refresh(vaulted.health)
        assert [row[2:] for row in await audited(database)][2:] == [("two", 3), ("three", 4)]
    await asyncio.to_thread((vaulted.folder / "vault").unlink)
    await asyncio.to_thread(vaulted.other.init, at=AT, by=BY)
    async with vaulted.running() as (database, custody):
        assert (await audited(database))[-1] == (BY, "secrets.init", "", 1)


async def test_without_a_vault_drivers_have_nothing_to_keep_secrets_in(place: Place) -> None:
    async with place.running() as (_, custody):
        assert custody.keep("m365") is None
        assert await custody.forget("m365", [], by=BY) == []
        assert place.codes() == []
        await asyncio.to_thread(place.other.init, at=AT, by=BY)
        await custody.refresh(place.health)
        assert custody.keep("m365")


async def test_a_vault_that_does_not_open_is_told_and_what_was_open_stays(
    vaulted: Place,
) -> None:
    async with vaulted.running() as (_, custody):
        keep = custody.keep("m365")
        assert keep
        await keep.put("refresh_token", Secret("one"))
        content = await asyncio.to_thread(vaulted.other.file.read_bytes)
        await asyncio.to_thread(vaulted.other.file.write_bytes, content[:-1])
        await custody.refresh(vaulted.health)
        assert vaulted.codes() == ["vault_unusable"]
        assert keep.get("refresh_token") == Secret("one")
        with pytest.raises(OSError, match="damaged"):
            await keep.put("refresh_token", Secret("two"))
        with pytest.raises(OSError, match="damaged"):
            await keep.drop("refresh_token")
        await asyncio.to_thread(vaulted.other.file.write_bytes, content)
        await custody.refresh(vaulted.health)
        assert vaulted.codes() == []
