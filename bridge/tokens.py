"""Callers' tokens: opaque, kept as SHA-256 only, revocable at once."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from bridge.callers import Caller, Scope
from rooms.audit import Audit, Entry
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

PREFIX = "rb_"
"""Lets secret scanners recognise a token that leaked."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; the token itself is not."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    room: str | None = None
    """The room of a display's token."""
    lists: tuple[str, ...] | None = None
    """The only room lists that it is for; None for all rooms."""
    display: str | None = None
    """The id of the paired display that it is for."""
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None


Beside = Callable[["Tables", Token], object]
"""What is written together with a new token."""


class Tokens:
    """Tokens in force, by their hash."""

    def __init__(self, database: Database, audit: Audit, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._by_hash: dict[bytes, Token] = {}
        self._callers: dict[bytes, Caller] = {}
        self._by_id: dict[str, Caller] = {}
        self._unwritten: set[str] = set()
        """What was revoked while the disk failed: it must be revoked on it yet."""
        self.on_revoked: Callable[[str], None] = lambda _: None
        self._making = asyncio.Lock()
        columns = "id, name, scopes, room, hash, created, expires, revoked, display, lists"
        for row in database.rows(f"SELECT {columns} FROM tokens ORDER BY created"):  # noqa: S608
            self._keep(row[4], _token(row))

    def __iter__(self) -> Iterator[Token]:
        return iter(self._by_hash.values())

    def caller(self, token: str) -> Caller | None:
        """Whose token this is, or None where it is unknown, expired or revoked."""
        key = _hash(token)
        caller = self._callers.get(key)
        if caller is None or caller.expires is None or caller.expires > self._clock.now():
            return caller
        return None

    def holds(self, caller: Caller) -> bool:
        """Whether somebody who was let in still would be; those without a token are."""
        if caller.token is None:
            return True
        now = self._by_id.get(caller.token)
        if now is None or now.room != caller.room:
            return False
        return now.expires is None or now.expires > self._clock.now()

    def in_force(self) -> frozenset[str]:
        """The ids of all tokens that open something now."""
        now = self._clock.now()
        return frozenset(
            caller.token
            for caller in self._callers.values()
            if caller.token and (caller.expires is None or caller.expires > now)
        )

    def standing(self) -> frozenset[str]:
        """The ids of all that nobody revoked, though their time may be over."""
        return frozenset(caller.token for caller in self._callers.values() if caller.token)

    def known(self, token: str) -> Token | None:
        """The token that this is or was, though it may have ended."""
        return self._by_hash.get(_hash(token))

    async def create(
        self,
        name: str,
        scopes: tuple[Scope, ...],
        *,
        room: str | None = None,
        lists: tuple[str, ...] | None = None,
        display: str | None = None,
        expires: datetime | None = None,
        actor: str,
        beside: Beside = lambda _, __: None,
    ) -> tuple[Token, str]:
        """A new token, told this once; what is written `beside` it is written with it or not."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=secrets.token_hex(6),
            name=name,
            scopes=scopes,
            room=room,
            lists=lists,
            display=display,
            created=self._clock.now(),
            expires=expires,
        )
        key = _hash(secret)
        row = _row(token, key)
        entry = Entry(
            at=token.created,
            actor=actor,
            action="tokens.create",
            object=token.id,
            detail={
                "name": name,
                "scopes": " ".join(scopes),
                "room": room or "",
                "lists": " ".join(lists or ()),
            },
        )

        def write(tables: "Tables") -> None:
            tables.table("tokens").insert(row)
            beside(tables, token)
            self._audit.add(tables, entry)

        async with self._making:
            await self._database.change(write)
            self._keep(key, token)
        return token, secret

    async def revoke(self, id_: str, *, actor: str) -> Token | None:
        """End a token at once; None where there is no such token in force."""
        return next(iter(await self.revoke_all([id_], actor=actor)), None)

    async def revoke_all(
        self,
        ids: Sequence[str],
        *,
        actor: str,
        beside: "Callable[[Tables], object]" = lambda _: None,
    ) -> Sequence[Token]:
        """End tokens at once; what is written `beside` it is written with it or not.

        Raises:
            sqlite3.Error: they ended, but would be good again after a restart: do it again.
        """
        now = self._clock.now()
        ended = []
        for key, token in [*self._by_hash.items()]:
            if token.id in ids and (token.revoked is None or token.id in self._unwritten):
                self._unwritten.add(token.id)
                ended.append(msgspec.structs.replace(token, revoked=token.revoked or now))
                self._keep(key, ended[-1])
                self.on_revoked(token.id)

        entries = [_revoked(token, now, actor) for token in ended]

        def write(tables: "Tables") -> None:
            for token, entry in zip(ended, entries, strict=True):
                revoked = (token.revoked or now).isoformat()
                tables.table("tokens").update(token.id, {"revoked": revoked})
                self._audit.add(tables, entry)
            beside(tables)

        await self._database.change(write)
        self._unwritten.difference_update(token.id for token in ended)
        return ended

    async def move(
        self, ids: Sequence[str], room: str, *, beside: "Callable[[Tables], object]"
    ) -> None:
        """Have a display's tokens open another room, and end what they opened of the old one."""
        for key, token in [*self._by_hash.items()]:
            if token.id in ids and token.revoked is None:
                self._keep(key, msgspec.structs.replace(token, room=room))
                self.on_revoked(token.id)

        def write(tables: "Tables") -> None:
            for id_ in ids:
                tables.table("tokens").update(id_, {"room": room})
            beside(tables)

        await self._database.change(write)

    def follow(self, change: Changeover) -> None:
        """Rooms have other ids: the tokens of their displays too, on disk already.

        Those of a room that is gone end where its id is another room's now.
        """
        now = self._clock.now()
        for key, moved in [*self._moved(change.lists)]:
            self._keep(key, moved)
            self.on_revoked(moved.id)  # what it opened went by the former id
        for key, token in [*self._by_hash.items()]:
            if token.room is None or token.revoked is not None:
                continue
            if token.room in change.renamed:
                self._keep(key, msgspec.structs.replace(token, room=change.renamed[token.room]))
            elif token.room in change.taken:
                self._keep(key, msgspec.structs.replace(token, revoked=now))
            else:
                continue
            self.on_revoked(token.id)

    # --- room lists that get other ids

    def holding(self, room_list: str) -> int:
        """How many that open something now are for a room list."""
        standing = self.in_force()
        return sum(room_list in (one.lists or ()) for one in self if one.id in standing)

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """No token is made meanwhile."""
        async with self._making:
            yield

    def write(self, tables: "Tables", change: Changeover, at: datetime) -> None:
        """What is for a list is for it by its new id: written with the inventory, or not at all."""
        for _, token in self._moved(change.lists):
            lists = " ".join(token.lists or ())
            tables.table("tokens").update(token.id, {"lists": lists})
            detail = {"name": token.name, "lists": lists}
            entry = Entry(
                at=at, actor="bridge", action="tokens.change", object=token.id, detail=detail
            )
            self._audit.add(tables, entry)

    def _moved(self, lists: Mapping[str, str]) -> Iterator[tuple[bytes, Token]]:
        """Tokens that name lists by former ids and were not revoked, as they are to be."""
        for key, token in [*self._by_hash.items()]:
            if token.revoked is None and not lists.keys().isdisjoint(token.lists or ()):
                named = tuple(lists.get(name, name) for name in token.lists or ())
                yield key, msgspec.structs.replace(token, lists=named)

    async def forget(self, before: datetime) -> None:
        """Drop tokens of paired displays that ended so long ago that no browser keeps them."""
        ended = [
            (key, token)
            for key, token in self._by_hash.items()
            if token.display is not None and token.revoked is not None and token.revoked < before
        ]
        for key, token in ended:
            del self._by_hash[key]
            self._callers.pop(key, None)
            self._by_id.pop(token.id, None)
        if ended:
            await self._database.change(
                lambda db: db.conn.executemany(
                    "DELETE FROM tokens WHERE id = ?", [(token.id,) for _, token in ended]
                )
            )

    def _keep(self, key: bytes, token: Token) -> None:
        self._by_hash[key] = token
        if token.revoked is not None:
            self._callers.pop(key, None)
            self._by_id.pop(token.id, None)
            return
        self._callers[key] = self._by_id[token.id] = Caller(
            name=f"token:{token.name}",
            # Whoever stands at a room's door may do what the room's policy allows.
            scopes=frozenset([*token.scopes, *(("write",) if token.room else ())]),
            room=token.room,
            lists=None if token.lists is None else frozenset(token.lists),
            token=token.id,
            display=token.display,
            expires=token.expires,
        )


def _revoked(token: Token, now: datetime, actor: str) -> Entry:
    detail = {"name": token.name}
    return Entry(at=now, actor=actor, action="tokens.revoke", object=token.id, detail=detail)


def _hash(token: str) -> bytes:
    # A token has 256 random bits, so that one round is enough and no salt is needed. Looked up by
    # its hash, how long a comparison takes tells nothing of a token.
    # What comes in a header may be any bytes.
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def _row(token: Token, key: bytes) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": " ".join(token.scopes),
        "room": token.room,
        "display": token.display,
        "lists": None if token.lists is None else " ".join(token.lists),
        "hash": key,
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat() if token.expires else None,
        "revoked": None,
    }


def _token(row: tuple[Any, ...]) -> Token:
    id_, name, scopes, room, _, created, expires, revoked, display, lists = row
    return Token(
        id=id_,
        name=name,
        scopes=tuple(scopes.split()),
        room=room,
        display=display,
        lists=None if lists is None else tuple(lists.split()),
        created=datetime.fromisoformat(created),
        expires=datetime.fromisoformat(expires) if expires else None,
        revoked=datetime.fromisoformat(revoked) if revoked else None,
    )
