"""The configuration read again when its files change, and taken whole or not at all."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bridge.health import BRIDGE, Health
from bridge.prepared import Prepared
from bridge.settings.changes import signature
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from bridge.settings.problem import Unusable

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at the configuration's files."""


class Rereading:
    """Reads the configuration again, and hands on what is good."""

    def __init__(
        self,
        made: Prepared,
        health: Health,
        current: Callable[[], Configuration],
        adopt: Callable[[Configuration], Awaitable[None]],
    ) -> None:
        self._made = made
        self._health = health
        self._current = current
        self._adopt = adopt
        self.wanted = asyncio.Event()
        """Set it to have the configuration read again."""
        self._rejected: list[str] = []
        self._again = False

    async def watch(self) -> None:
        """Read again when `wanted` is set, and when a file of the configuration changes."""
        before = await asyncio.to_thread(signature, self._current())
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self.wanted.wait()
            after = await asyncio.to_thread(signature, self._current())
            if self.wanted.is_set() or after != before or self._again:
                self.wanted.clear()
                await self.read()
                after = await asyncio.to_thread(signature, self._current())
            before = after

    async def read(self) -> None:
        """Read the configuration and work by it, whole or not at all."""
        made = self._made
        async with made.keeper.one:  # an inventory that is just being changed is not the newest
            try:
                configuration, _ = await asyncio.to_thread(
                    usable, self._current().file, made.custody.known, made.keeper
                )
            except Unusable as error:
                self._reject(error)
                # What was taken out of the vault is gone at once, whatever else is wrong.
                await made.custody.refresh(self._health)
                return
            self._rejected, self._again = [], False
            self._health.good(BRIDGE, "configuration_rejected")
            await self._adopt(configuration)

    def _reject(self, error: Unusable) -> None:
        """Say what is wrong with a changed configuration, once; what may pass is tried again."""
        self._health.bad(BRIDGE, "configuration_rejected")
        self._again = error.passes
        words = [str(problem) for problem in error.problems]
        if words != self._rejected or not error.passes:
            for line in words:
                log.error("%s", line)
        self._rejected = words
