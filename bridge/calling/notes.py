"""Who had a room system do what, in the audit log."""

import logging
import sqlite3

from rooms.audit import Audit, Entry
from rooms.clock import Clock

log = logging.getLogger(__name__)


class Notes:
    """Writes down who had a room system do what, and how it went; never what was dialled."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def note(self, actor: str, action: str, what: str, **detail: str) -> None:
        """One entry. A disk that fails keeps nobody from a meeting: health says that it does."""
        entry = Entry(
            at=self._clock.now(),
            actor=actor,
            action=action,
            object=what,
            detail={name: value for name, value in detail.items() if value},
        )
        try:
            await self._audit.record(entry)
        except sqlite3.Error as error:
            log.error("%s is not in the audit log: %s", action, type(error).__name__)
