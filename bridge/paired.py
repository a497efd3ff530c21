"""Displays that were paired with a room: whose tokens are whose, and how they are renewed."""

import asyncio
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from bridge.callers import Caller
from bridge.tokens import Token, Tokens
from rooms.audit import Audit, Entry
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

LASTS = timedelta(days=400)
"""How long a display's token is good: as long as browsers keep a cookie."""
RENEWED_AFTER = timedelta(days=30)
AGAIN_AFTER = timedelta(minutes=1)
"""Between two new tokens of one display, where it never came with the first."""
WRITTEN_AFTER = timedelta(minutes=5)
"""A browser that shows its new token after this long has it on its disk, and would still have it
after a power cut: Chromium writes cookies every half minute."""
LOST_AFTER = timedelta(days=1)
"""Who shows the old token after this long never got the new one."""
IN_FLIGHT = timedelta(minutes=1)
"""How long after its end a token may still arrive with what was sent before."""
ENDED_FOR = timedelta(days=1)
"""How long a display is kept whose tokens seem to have ended: the clock may just be wrong."""
SEEN_EVERY = timedelta(hours=1)
"""Between two notes on disk of when a display was seen."""


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """A paired display."""

    id: str
    name: str
    room: str
    token: str
    """The id of its token."""
    issued: datetime
    renewed: str | None = None
    """The id of the token that is to follow, for as long as it is not certain that it arrived."""
    renewed_at: datetime | None = None
    browser: str = ""
    """Which family of browsers, on what."""
    address: str = ""
    """Where it was when it was paired."""
    paired_by: str
    paired: datetime
    fetched: datetime | None = None
    """When its token was handed out: until then nobody can have it."""
    seen: datetime | None = None
    page: str = ""
    """The version of the page that it runs."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The ids of the tokens that open its room."""
        return (self.token, self.renewed) if self.renewed else (self.token,)


_COLUMNS = Display.__struct_fields__


class Paired:
    """All paired displays. A display has one token, or for a short time two."""

    def __init__(self, database: Database, tokens: Tokens, audit: Audit, clock: Clock) -> None:
        self._database = database
        self._tokens = tokens
        self._audit = audit
        self._clock = clock
        rows = database.rows(f"SELECT {', '.join(_COLUMNS)} FROM displays ORDER BY paired")  # noqa: S608
        kept = (msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), Display) for row in rows)
        self._displays = {display.id: display for display in kept}
        self._seen = {one.id: one.seen for one in self._displays.values() if one.seen}
        self._due: dict[str, str] = {}
        """Displays that came with a token which decides something, and its id."""
        self._ended: dict[str, float] = {}
        """Displays whose tokens are over by the clock, since when by the one that only grows."""
        self.copied: dict[str, Token] = {}
        """Displays of which a token was shown that they had exchanged for another."""
        self.news = asyncio.Event()
        """Set when there is something to be settled."""
        self._changing = asyncio.Lock()

    def __iter__(self) -> Iterator[Display]:
        return iter([*self._displays.values()])

    def get(self, id_: str | None) -> Display | None:
        """One of them."""
        return self._displays.get(id_ or "")

    def seen(self, display: Display) -> datetime | None:
        """When it last asked for anything."""
        return self._seen.get(display.id)

    def saw(self, display: Display) -> None:
        """It is there now."""
        self._seen[display.id] = self._clock.now()

    async def add(
        self, *, name: str, room: str, browser: str, address: str, actor: str
    ) -> tuple[Display, str]:
        """A new display, with its token, which is told this once."""
        id_, now = secrets.token_hex(4), self._clock.now()
        entry = self._entry("pair", id_, actor, room=room, browser=browser)
        made: list[Display] = []

        def write(tables: "Tables", token: Token) -> None:
            display = Display(
                id=id_,
                name=name,
                room=room,
                token=token.id,
                issued=token.created,
                browser=browser,
                address=address,
                paired_by=actor,
                paired=now,
            )
            tables.table("displays").insert(_row(display))
            self._audit.add(tables, entry)
            made.append(display)

        async with self._changing:
            _, secret = await self._tokens.create(
                f"display {id_}",
                ("read",),
                room=room,
                display=id_,
                expires=now + LASTS,
                actor=actor,
                beside=write,
            )
            display = made[-1]
            self._displays[id_] = display
        return display, secret

    async def handed(self, display: Display) -> None:
        """Its token goes out now: from here on it may be in use."""
        if display.fetched is None:
            async with self._changing:
                await self._keep(msgspec.structs.replace(display, fetched=self._clock.now()))

    async def move(self, id_: str, room: str, *, actor: str) -> Display | None:
        """Have a display belong to another room from now on; None where there is none."""
        async with self._changing:
            before = self._displays.get(id_)
            if before is None:
                return None
            moved = msgspec.structs.replace(before, room=room)
            entry = self._entry("move", id_, actor, room=room, before=before.room)
            self._displays[id_] = moved

            def write(tables: "Tables") -> None:
                tables.table("displays").update(id_, {"room": room})
                self._audit.add(tables, entry)

            await self._tokens.move(moved.tokens, room, beside=write)
        return moved

    def still(self) -> AbstractAsyncContextManager[None]:
        """Keep all displays as they are meanwhile."""
        return self._changing

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: their displays stay theirs, as is on disk already."""
        for display in self:
            if display.room in change.renamed:
                room = change.renamed[display.room]
                self._displays[display.id] = msgspec.structs.replace(display, room=room)
            elif display.room in change.taken:
                self._forget(display.id)

    def _forget(self, id_: str) -> Display | None:
        self._seen.pop(id_, None)
        self._due.pop(id_, None)
        self._ended.pop(id_, None)
        self.copied.pop(id_, None)
        return self._displays.pop(id_, None)

    async def remove(self, id_: str, *, actor: str, action: str = "revoke") -> Display | None:
        """Sign a display out at once; None where there is none.

        Raises:
            sqlite3.Error: it is out, but would be back after a restart: do it again.
        """
        async with self._changing:
            gone = self._forget(id_)
            if gone is None:
                return None
            entry = self._entry(action, id_, actor, room=gone.room)

            def write(tables: "Tables") -> None:
                tables.table("displays").delete(id_)
                self._audit.add(tables, entry)

            try:
                await self._tokens.revoke_all(gone.tokens, actor=actor, beside=write)
            except sqlite3.Error:
                self._displays[id_] = gone  # it sees nothing, and can be removed again
                raise
        return gone

    async def renew(self, caller: Caller, page: str) -> str | None:
        """The token that a display shows from now on; None where its own will do."""
        async with self._changing:
            display, now = self.get(caller.display), self._clock.now()
            if display is None:
                return None
            if page != display.page:
                display = await self._keep(msgspec.structs.replace(display, page=page))
            if caller.token != display.token or abs(now - display.issued) < RENEWED_AFTER:
                return None
            if display.renewed_at is not None and abs(now - display.renewed_at) < AGAIN_AFTER:
                return None
            return await self._renewed(display, now, caller.name)

    async def _renewed(self, display: Display, now: datetime, actor: str) -> str:
        """A token to follow a display's own. One that was to follow and never came ends."""
        made: list[Display] = []
        entry = self._entry("renew", display.id, actor)

        def write(tables: "Tables", token: Token) -> None:
            made.append(
                msgspec.structs.replace(display, renewed=token.id, renewed_at=token.created)
            )
            tables.table("displays").update(display.id, _row(made[-1]))
            self._audit.add(tables, entry)

        _, secret = await self._tokens.create(
            f"display {display.id}",
            ("read",),
            room=display.room,
            display=display.id,
            expires=now + LASTS,
            actor="bridge",
            beside=write,
        )
        self._displays[display.id] = made[-1]
        if display.renewed is not None:
            await self._tokens.revoke_all([display.renewed], actor="bridge")
        return secret

    def came(self, caller: Caller) -> None:
        """A display showed its token."""
        display = self.get(caller.display)
        if display is None or caller.token is None:
            return
        now = self._clock.now()
        self._seen[display.id] = now
        if _decides(display, caller.token, now):
            self._due[display.id] = caller.token
            self.news.set()

    def came_late(self, token: Token) -> None:
        """Somebody showed a token that has ended.

        Where its display exchanged it for another, two have held it: a thief, or a disk that was
        restored.
        """
        display = self.get(token.display)
        if display is None or token.revoked is None or token.id in display.tokens:
            return
        late = self._clock.now() - token.revoked >= IN_FLIGHT
        if late and display.id not in self.copied:
            self.copied[display.id] = token
            self.news.set()

    async def settle(self) -> None:
        """Do what displays that came have decided: of two tokens one ends."""
        while self._due:
            id_, token = self._due.popitem()
            async with self._changing:
                display, now = self._displays.get(id_), self._clock.now()
                if display is None:
                    continue
                if _decides(display, token, now):
                    await self._decide(display, token)

    async def _decide(self, display: Display, token: str) -> None:
        """Keep the one of two tokens that was shown."""
        first = token == display.token
        ends = display.renewed if first else display.token
        kept = msgspec.structs.replace(
            display,
            token=token,
            issued=display.issued if first else display.renewed_at or display.issued,
            renewed=None,
            renewed_at=None,
        )
        self._displays[display.id] = kept
        await self._tokens.revoke_all(
            [ends or ""],
            actor="bridge",
            beside=lambda db: db.table("displays").update(display.id, _row(kept)),
        )

    async def tidy(self) -> None:
        """Write down who was seen; drop displays whose tokens ended, and tokens long gone."""
        for id_ in self._over():
            await self.remove(id_, actor="bridge", action="end")
        async with self._changing:
            seen = [
                msgspec.structs.replace(display, seen=self._seen[display.id])
                for display in self
                if display.id in self._seen and _unseen(display, self._seen[display.id])
            ]
            # All at once: who pairs or revokes one meanwhile must not wait for thousands.
            rows = [(msgspec.to_builtins(display.seen), display.id) for display in seen]
            if rows:
                await self._database.change(
                    lambda db: db.conn.executemany("UPDATE displays SET seen=? WHERE id=?", rows)
                )
            self._displays.update((display.id, display) for display in seen)
        await self._tokens.forget(self._clock.now() - LASTS)

    def _over(self) -> list[str]:
        """Displays whose tokens were revoked, or ended and are over for long."""
        force, standing = self._tokens.in_force(), self._tokens.standing()
        now, over = self._clock.monotonic(), []
        for display in self:
            if not force.isdisjoint(display.tokens):
                self._ended.pop(display.id, None)
                continue
            since = self._ended.setdefault(display.id, now)
            late = now - since >= ENDED_FOR.total_seconds()
            if late or standing.isdisjoint(display.tokens):
                over.append(display.id)
        return over

    async def _keep(self, display: Display) -> Display:
        self._displays[display.id] = display
        await self._database.change(
            lambda db: db.table("displays").update(display.id, _row(display))
        )
        return display

    def _entry(self, action: str, id_: str, actor: str, **detail: str) -> Entry:
        return Entry(
            at=self._clock.now(),
            actor=actor,
            action=f"displays.{action}",
            object=id_,
            detail=detail,
        )


def _decides(display: Display, token: str, now: datetime) -> bool:
    """Whether it is certain by a token that was shown which of two is to stay."""
    if display.renewed_at is None:
        return False
    age = now - display.renewed_at
    if token == display.renewed:  # the clock may have been ahead when it was made
        return abs(age) >= WRITTEN_AFTER
    return age >= LOST_AFTER


def _unseen(display: Display, seen: datetime) -> bool:
    """Whether it is worth a note on disk that a display was seen."""
    return display.seen is None or abs(seen - display.seen) >= SEEN_EVERY


def _row(display: Display) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(display)
    return row
