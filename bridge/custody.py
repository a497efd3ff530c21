"""The vault in the running appliance: opened again when it changed, its changes audited."""

import asyncio
import logging
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from bridge.health import BRIDGE, Health
from bridge.settings.model import Site
from bridge.settings.vaults import NAME, Known, keys_of
from bridge.vault.trouble import VaultUnusable
from connector.keep import Keep
from connector.secret import Secret
from rooms.audit import Audit, Entry
from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:  # cryptography is imported only where there is a vault
    from bridge.vault.document import Change
    from bridge.vault.vault import Vault

log = logging.getLogger(__name__)

CODE = "vault_unusable"


class Custody:
    """The appliance's vault, if there is one."""

    def __init__(self, site: Site, database: Database, audit: Audit, clock: Clock) -> None:
        self._settings = site.vault
        self._audit = audit
        self._clock = clock
        self._audited = _audited(database)
        self._one = asyncio.Lock()
        self._file = site.data_dir / NAME
        self.there = self._file.exists()
        if self.there:
            self.vault  # noqa: B018 - imported now, not in the loop

    @cached_property
    def vault(self) -> "Vault":
        """The vault itself, which need not be there."""
        from bridge.vault.vault import Vault  # noqa: PLC0415 - see above

        return Vault(self._file, lambda: keys_of(self._settings))

    @property
    def known(self) -> Known | None:
        """The open vault, for reading the configuration again; None where there is none."""
        return Known(self._settings, self.vault) if self.there else None

    def keep(self, source: str) -> Keep | None:
        """Where a source keeps secrets of its own; None where there is no vault."""
        if not self.there:
            return None
        from bridge.vault.keep import SourceKeep  # noqa: PLC0415 - see above

        return SourceKeep(self.vault, source, self._clock)

    def adopt(self, site: Site) -> None:
        """Open the vault by these keys from now on; where it is takes a restart."""
        self._settings = site.vault

    async def refresh(self, health: Health) -> None:
        """Read the vault again and write down in the audit log what was done to it."""
        async with self._one:
            self.there = await asyncio.to_thread(self._file.exists)
            if self.there:
                try:
                    await asyncio.to_thread(self._reopen)
                except VaultUnusable as error:
                    health.bad(BRIDGE, CODE, str(error), error.fix)
                    return
                await self._note()
            health.good(BRIDGE, CODE)

    async def put(self, secrets: Mapping[str, Secret], /, *, by: str) -> None:
        """Keep secrets that somebody gave, all or none.

        Raises:
            VaultUnusable: they cannot be kept, or the vault not be opened.
            OSError: it cannot be written.
        """
        at = self._clock.now()
        await asyncio.to_thread(self.vault.put_all, secrets, at=at, by=by)
        async with self._one:
            await self._note()

    def given(self) -> Sequence[str]:
        """Names of secrets that came by way of the appliance, not by hand."""
        return [one.name for one in self.vault.listed() if not one.by.startswith("cli:")]

    async def drop(self, names: Collection[str], /, *, by: str) -> None:
        """Forget secrets, all or none. Raises as `put` does."""
        at = self._clock.now()
        await asyncio.to_thread(self.vault.drop_these, names, at=at, by=by)
        async with self._one:
            await self._note()

    async def forget(self, source: str, names: Sequence[str], /, *, by: str) -> list[str]:
        """Delete everything that a source keeps, and these, at once; the names that are gone.

        Raises:
            VaultUnusable: the vault cannot be opened.
            OSError: it cannot be written.
        """
        if not self.there:
            return []
        from bridge.vault.keep import prefix  # noqa: PLC0415 - see above

        at = self._clock.now()
        gone = await asyncio.to_thread(self.vault.drop_all, prefix(source), names, at=at, by=by)
        async with self._one:
            await self._note()
        return gone

    def _reopen(self) -> None:
        self.vault.reopen()  # the first time it is imported, which takes a while

    async def _note(self) -> None:
        vault = self.vault
        for change in vault.changes(self._audited.get(vault.id, 0)):
            try:
                await self._audit.record(_entry(vault.id, change))
            except sqlite3.Error:  # the disk: its own health code says so; noted next time
                log.warning("a change of the vault could not be written to the audit log")
                return
            self._audited[vault.id] = change.number


def _entry(vault: str, change: "Change") -> Entry:
    return Entry(
        at=change.at,
        actor=change.by,
        action=f"secrets.{change.what}",
        object=change.name,
        detail={"vault": vault, "change": change.number},
    )


def _audited(database: Database) -> dict[str, int]:
    """The last change of each vault that the audit log knows."""
    rows = database.rows("SELECT detail FROM audit WHERE action LIKE 'secrets.%'")
    found: dict[str, int] = {}
    for (text,) in rows:
        detail = msgspec.json.decode(text)
        vault, number = detail.get("vault", ""), detail.get("change", 0)
        found[vault] = max(found.get(vault, 0), number)
    return found
