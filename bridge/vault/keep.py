"""Where a source's driver keeps secrets of its own: in the vault, below the source's name."""

import asyncio

from bridge.vault.trouble import VaultUnusable
from bridge.vault.vault import Vault
from connector.secret import Secret
from rooms.clock import Clock

BY = "bridge"


def prefix(source: str) -> str:
    """What the names of a source's own secrets begin with."""
    return f"source/{source}/"


class SourceKeep:
    """The part of the vault that belongs to one source."""

    def __init__(self, vault: Vault, source: str, clock: Clock) -> None:
        self._vault = vault
        self._prefix = prefix(source)
        self._clock = clock

    def get(self, name: str) -> Secret | None:
        """A secret, or None where there is none."""
        return self._vault.get(self._prefix + name)

    async def put(self, name: str, secret: Secret) -> None:
        """Keep a secret in place of the former one.

        Raises:
            OSError: it could not be kept.
        """
        at = self._clock.now()
        try:
            await asyncio.to_thread(self._vault.put, self._prefix + name, secret, at=at, by=BY)
        except VaultUnusable as error:
            raise OSError(None, str(error)) from error

    async def drop(self, name: str) -> None:
        """Forget a secret; harmless where there is none.

        Raises:
            OSError: the vault could not be written.
        """
        at = self._clock.now()
        try:
            await asyncio.to_thread(self._vault.drop, self._prefix + name, at=at, by=BY)
        except VaultUnusable as error:
            raise OSError(None, str(error)) from error
