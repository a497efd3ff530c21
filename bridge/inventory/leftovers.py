"""Secrets of changes that came to nothing: they go from the vault again."""

import logging
import re
import sqlite3
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bridge.inventory.rows import Rows
from bridge.logs import fault
from bridge.settings.secrets import ENDPOINT
from bridge.vault.trouble import VaultUnusable
from connector.secret import Secret

log = logging.getLogger(__name__)

MADE = re.compile(ENDPOINT + r"[a-z0-9-]+/[a-z0-9_.]+-[0-9a-f]{8}")
"""Names as `bridge.inventory.sealed.vaulted` makes them."""


class Vault(Protocol):
    """Where secrets go that somebody gives for an endpoint."""

    there: bool
    """Whether there is one."""

    def given(self) -> Sequence[str]:
        """Names of secrets that came with changes, not by hand."""

    async def put(self, secrets: Mapping[str, Secret], /, *, by: str) -> None:
        """Keep these, all or none.

        Raises:
            VaultUnusable: they cannot be kept.
            OSError: it cannot be written.
        """

    async def drop(self, names: Collection[str], /, *, by: str) -> None:
        """Forget these, all or none. Raises as `put` does."""


async def forget(vault: Vault, names: Collection[str], by: str) -> None:
    """Forget secrets that nothing names; where that fails, the next start tries again."""
    try:
        await vault.drop(names, by=by)
    except (VaultUnusable, OSError):  # its own health code says why
        log.warning("secrets of a change that came to nothing are still in the vault")


async def clear(vault: Vault, rows: Rows) -> None:
    """Forget secrets that no inventory ever named: the process ended before their change was kept.

    What a change named stays, even where it was replaced since: that can be undone.
    """
    made = {name for name in vault.given() if MADE.fullmatch(name)}
    try:
        left = await rows.unnamed(made, MADE) if made else set()
    except (sqlite3.Error, zlib.error) as error:  # tidying must not keep anything from working
        log.warning("which secrets of changes are still needed is not known: %s", fault(error))
        return
    if left:
        await forget(vault, left, "bridge")
