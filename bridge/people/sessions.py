"""Sessions of people: opaque, kept as SHA-256 only, ended by time, by their owner, or by a change.

They stand in the database, so that a restart signs nobody out.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from rooms.clock import Clock
from rooms.database import Database

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""Without a request, and in all."""
MOST = 20
"""Sessions of one person; one more ends the one that was quiet for longest."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in somewhere."""

    id: str
    person: str
    created: datetime
    address: str
    browser: str
    """Its family, and on what."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """From where somebody signs in."""

    address: str | None = None
    """None for the appliance itself."""
    browser: str = ""


class Sessions:
    """Sessions in force, by their hash."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.idle, self.longest = IDLE, LONGEST
        """The composition root replaces them on reload."""
        self.on_ended: Callable[[str], None] = lambda _: None
        """Is told the id of a session that somebody ended."""
        self._by_hash: dict[bytes, Session] = {}
        self._by_id: dict[str, Session] = {}
        self._seen: dict[str, datetime] = {}
        self._unwritten: set[str] = set()
        """What was seen since that was written."""
        self._came: dict[str, datetime] = {}
        """When each person was seen last, whatever became of their sessions."""
        self._came_unwritten: set[str] = set()
        for person, came in database.rows("SELECT id, seen FROM people WHERE seen IS NOT NULL"):
            self._came[person] = datetime.fromisoformat(came)
        columns = "hash, seen, id, person, created, address, browser"
        for key, seen, *row in database.rows(f"SELECT {columns} FROM sessions"):  # noqa: S608
            id_, person, created, address, browser = row
            self._by_hash[key] = self._by_id[id_] = Session(
                id=id_,
                person=person,
                created=datetime.fromisoformat(created),
                address=address,
                browser=browser,
            )
            self._seen[id_] = datetime.fromisoformat(seen)

    def __iter__(self) -> Iterator[Session]:
        now = self._clock.now()
        return iter([one for one in self._by_hash.values() if self._lasts(one, now)])

    def get(self, id_: str) -> Session | None:
        """A session in force, by its id."""
        return self._by_id[id_] if self.lasts(id_) else None

    def form_secret(self, id_: str) -> str:
        """What each form of a session carries; empty where it has ended."""
        found = (key for key, one in self._by_hash.items() if one.id == id_)
        return _form_secret(next(found)) if self.lasts(id_) else ""

    def seen(self, session: Session) -> datetime:
        """When its owner last asked for anything."""
        return self._seen[session.id]

    def came(self, person: str) -> datetime | None:
        """When somebody was seen last; None if never."""
        return self._came.get(person)

    def ends(self, session: Session) -> datetime:
        """When it ends if nobody asks for anything."""
        return min(self._seen[session.id] + self.idle, session.created + self.longest)

    def of(self, secret: str) -> Session | None:
        """The session in force whose secret this is; it was seen now."""
        session = self._by_hash.get(_hash(secret))
        if session is None:
            return None
        now = self._clock.now()
        if not self._lasts(session, now):
            return None
        self._see(session, now)
        self._unwritten.add(session.id)
        return session

    def lasts(self, id_: str) -> bool:
        """Whether a session is still in force."""
        session = self._by_id.get(id_)
        return session is not None and self._lasts(session, self._clock.now())

    async def open(self, person: str, visitor: Visitor) -> tuple[Session, str]:
        """One more; its secret is told this once.

        Raises:
            sqlite3.Error: it was not opened.
        """
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        session = Session(
            id=secrets.token_hex(6),
            person=person,
            created=now,
            address=visitor.address or "",
            browser=visitor.browser,
        )
        key = _hash(secret)
        kept = msgspec.structs.asdict(session)
        row = kept | {"hash": key, "created": now.isoformat(), "seen": now.isoformat()}
        quiet = sorted((one for one in self if one.person == person), key=self.seen)
        await self.end([one.id for one in quiet[: max(0, len(quiet) - MOST + 1)]])
        await self._database.change(lambda tables: tables.table("sessions").insert(row))
        self._by_hash[key] = self._by_id[session.id] = session
        self._see(session, now)
        return session, secret

    def _see(self, session: Session, now: datetime) -> None:
        self._seen[session.id] = self._came[session.person] = now
        self._came_unwritten.add(session.person)

    def of_person(self, person: str, *, but: str | None = None) -> list[str]:
        """The ids of somebody's sessions, ended ones too."""
        return [one.id for one in self._by_hash.values() if one.person == person and one.id != but]

    def drop(self, ids: Collection[str]) -> None:
        """End sessions at once; whoever calls writes that down with `erasure`."""
        for key, session in [*self._by_hash.items()]:
            if session.id in ids:
                del self._by_hash[key]
                del self._by_id[session.id]
                self._seen.pop(session.id, None)
                self._unwritten.discard(session.id)
                self.on_ended(session.id)

    def forget(self, person: str) -> None:
        """Somebody was removed, together with what is written of their sessions."""
        self.drop(self.of_person(person))
        self._came.pop(person, None)
        self._came_unwritten.discard(person)

    async def end(self, ids: Collection[str]) -> None:
        """End sessions at once.

        Raises:
            sqlite3.Error: they ended, but would be good again after a restart.
        """
        if ids:
            self.drop(ids)
            await self._database.change(lambda tables: erase(tables, ids))

    async def settle(self) -> None:
        """Write down which were seen when, and forget those whose time is over."""
        now = self._clock.now()
        await self.end([one.id for one in self._by_hash.values() if not self._lasts(one, now)])
        seen = [(self._seen[id_].isoformat(), id_) for id_ in self._unwritten]
        self._unwritten.clear()
        came = [(self._came[person].isoformat(), person) for person in self._came_unwritten]
        self._came_unwritten.clear()

        def write(tables: "Tables") -> None:
            tables.conn.executemany("UPDATE sessions SET seen = ? WHERE id = ?", seen)
            tables.conn.executemany("UPDATE people SET seen = ? WHERE id = ?", came)

        if seen or came:
            await self._database.change(write)

    def _lasts(self, session: Session, now: datetime) -> bool:
        return now < self.ends(session)


def erase(tables: "Tables", ids: Collection[str]) -> None:
    """Delete sessions from the database, together with what else is written."""
    tables.conn.executemany("DELETE FROM sessions WHERE id = ?", [(id_,) for id_ in ids])


def form_secret(secret: str) -> str:
    """What each form of a session carries, so that no page elsewhere can send one.

    It is made from the secret in the cookie, which pages elsewhere cannot read, by way of what is
    kept of that: so it is known again after a restart, and opens nothing without the cookie.
    """
    return _form_secret(_hash(secret))


def _form_secret(key: bytes) -> str:
    digest = hashlib.sha256(b"form of " + key).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def _hash(secret: str) -> bytes:
    # 256 random bits: one round is enough, and no salt is needed (see bridge.tokens).
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()
