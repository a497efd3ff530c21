"""Callers' tokens: opaque, kept as SHA-256 only, revocable at once."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from bridge.callers import Caller, Scope
from rooms.audit import Audit, Entry
from rooms.clock import Clock
from rooms.database import Database

PREFIX = "rb_"
"""Lets secret scanners recognise a token that leaked."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; the token itself is not."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    room: str | None = None
    """The room of a display's token."""
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None


class Tokens:
    """Tokens in force, by their hash."""

    def __init__(self, database: Database, audit: Audit, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._by_hash: dict[bytes, Token] = {}
        self._callers: dict[bytes, Caller] = {}
        self._in_force: set[str] = set()
        self.on_revoked: Callable[[str], None] = lambda _: None
        columns = "id, name, scopes, room, hash, created, expires, revoked"
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
        if caller.token is not None and caller.token not in self._in_force:
            return False
        return caller.expires is None or caller.expires > self._clock.now()

    def knew(self, token: str) -> bool:
        """Whether this was ever a token, though it may have ended."""
        return _hash(token) in self._by_hash

    async def create(
        self,
        name: str,
        scopes: tuple[Scope, ...],
        *,
        room: str | None = None,
        expires: datetime | None = None,
        actor: str,
    ) -> tuple[Token, str]:
        """A new token, told this once."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=secrets.token_hex(6),
            name=name,
            scopes=scopes,
            room=room,
            created=self._clock.now(),
            expires=expires,
        )
        key = _hash(secret)
        row = _row(token, key)
        await self._database.change(lambda db: db.table("tokens").insert(row))
        await self._audit.record(
            Entry(
                at=token.created,
                actor=actor,
                action="tokens.create",
                object=token.id,
                detail={"name": name, "scopes": " ".join(scopes), "room": room or ""},
            )
        )
        self._keep(key, token)
        return token, secret

    async def revoke(self, id_: str, *, actor: str) -> Token | None:
        """End a token at once; None where there is no such token in force."""
        valid = (pair for pair in self._by_hash.items() if pair[1].revoked is None)
        key, token = next((pair for pair in valid if pair[1].id == id_), (b"", None))
        if token is None:
            return None
        now = self._clock.now()
        ended = msgspec.structs.replace(token, revoked=now)
        self._keep(key, ended)
        self.on_revoked(id_)
        await self._database.change(
            lambda db: db.table("tokens").update(id_, {"revoked": now.isoformat()})
        )
        await self._audit.record(
            Entry(
                at=now, actor=actor, action="tokens.revoke", object=id_, detail={"name": ended.name}
            )
        )
        return ended

    def _keep(self, key: bytes, token: Token) -> None:
        self._by_hash[key] = token
        if token.revoked is not None:
            self._callers.pop(key, None)
            self._in_force.discard(token.id)
            return
        self._in_force.add(token.id)
        self._callers[key] = Caller(
            name=f"token:{token.name}",
            # Whoever stands at a room's door may do what the room's policy allows.
            scopes=frozenset([*token.scopes, *(("write",) if token.room else ())]),
            room=token.room,
            token=token.id,
            expires=token.expires,
        )


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
        "hash": key,
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat() if token.expires else None,
        "revoked": None,
    }


def _token(row: tuple[Any, ...]) -> Token:
    id_, name, scopes, room, _, created, expires, revoked = row
    return Token(
        id=id_,
        name=name,
        scopes=tuple(scopes.split()),
        room=room,
        created=datetime.fromisoformat(created),
        expires=datetime.fromisoformat(expires) if expires else None,
        revoked=datetime.fromisoformat(revoked) if revoked else None,
    )
