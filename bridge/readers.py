"""Who reads calendars at the Exchange façade, when each came last, and what nobody understood."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

SILENT_AFTER = timedelta(minutes=15)
"""Room systems ask every 15 or 30 s; some fall back to every four minutes."""
UNKNOWN_KEPT = 50
"""Different requests that nobody understood, the newest."""
NEW_LIMIT = 500
"""Of so many different ones it is said that they are new, until a restart: a log is not endless."""
AGENT_LIMIT = 120
"""Characters that are kept of what a program calls itself."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A room system that signs in at the façade, and sees one room there."""

    endpoint: str
    room: str
    username: str
    secret: str = ""
    protocols: tuple[str, ...] = ("sip", "h323")
    """What it can dial, best first."""

    def __repr__(self) -> str:
        return f"Reader({self.endpoint!r})"


class Visit(msgspec.Struct, kw_only=True):
    """What is known of one reader's visits."""

    since: datetime
    """From when on it was expected."""
    last: datetime | None = None
    """When it last asked for something and was answered."""
    software: str = ""
    """What it calls itself (`User-Agent`)."""
    bookings: int | None = None
    """How many bookings it was given last."""
    digest: bytes = b""
    """Of the agenda that it was given last."""
    refused: str = ""
    """The code of what it was refused last."""
    refused_at: datetime | None = None
    silent: bool = False
    """Whether that it does not come has been said."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was not understood: names of elements and attributes, never what they hold."""

    operation: str
    shape: str
    endpoint: str
    """Whose it was first."""
    at: datetime
    """When it last came."""
    times: int = 1


class Readers:
    """Readers by user name, and their visits by endpoint. Of a restart nothing is remembered."""

    def __init__(self) -> None:
        self._named: dict[str, Reader] = {}
        self._of: dict[str, Reader] = {}
        self._visits: dict[str, Visit] = {}
        self._unknown: OrderedDict[str, Unknown] = OrderedDict()
        self._new = 0
        self.newest: Callable[[Reader], bool | None] = lambda _reader: None
        """Whether a reader was given the newest agenda; the façade knows."""

    def adopt(self, readers: Iterable[Reader], now: datetime) -> None:
        """Know exactly these readers; one that stays the same keeps its visits and its sign-in."""
        before = self._named
        self._named = {}
        for reader in readers:
            name = reader.username.casefold()
            known = before.get(name)
            self._named[name] = known if known is not None and known == reader else reader
        self._of = {reader.endpoint: reader for reader in self._named.values()}
        visits = self._visits
        self._visits = {
            reader.endpoint: visits.get(reader.endpoint) or Visit(since=now)
            for reader in self._named.values()
        }

    def __len__(self) -> int:
        return len(self._named)

    def named(self, name: str, domain: str = "") -> Reader | None:
        """The reader of a user name, typed as `user`, `user@domain` or with a domain before it."""
        name = name.casefold()
        before, _, after = name.rpartition("\\")
        tried = [name, after, after.partition("@")[0]]
        if domain or before:
            tried.insert(0, f"{(domain or before).casefold()}\\{after}")
            tried.append(f"{after}@{(domain or before).casefold()}")
        return next((self._named[one] for one in tried if one in self._named), None)

    def current(self, reader: Reader) -> bool:
        """Whether somebody who signed in before still may."""
        return self._named.get(reader.username.casefold()) is reader

    def visit(self, endpoint: str) -> Visit | None:
        """What is known of a reader's visits."""
        return self._visits.get(endpoint)

    def has_newest(self, endpoint: str) -> bool | None:
        """Whether a room system was given the newest agenda; None where it never asked for one."""
        reader = self._of.get(endpoint)
        return None if reader is None else self.newest(reader)

    def came(self, reader: Reader, now: datetime, software: str) -> Visit:
        """Somebody signed in well and asks for something."""
        visit = self._visits.get(reader.endpoint)
        if visit is None:
            visit = self._visits[reader.endpoint] = Visit(since=now)
        visit.last = now
        if software != visit.software:
            visit.software = "".join(filter(str.isprintable, software))[:AGENT_LIMIT]
        return visit

    def refused(self, endpoint: str, code: str, now: datetime) -> None:
        """A reader that is known by its user name did not get what it asked for."""
        if visit := self._visits.get(endpoint):
            visit.refused, visit.refused_at = code, now

    def turned(self, now: datetime) -> Iterator[tuple[str, Visit]]:
        """Readers that fell silent since the last time, and those that came back."""
        for endpoint, visit in self._visits.items():
            silent = now - (visit.last or visit.since) > SILENT_AFTER
            if silent != visit.silent:
                visit.silent = silent
                yield endpoint, visit

    def understood_not(
        self, reader: Reader, operation: str, shape: str, now: datetime
    ) -> Unknown | None:
        """Remember a request that nobody understands; None where nothing new is to be said."""
        known = self._unknown.pop(shape, None)
        if known is not None:
            self._unknown[shape] = msgspec.structs.replace(known, at=now, times=known.times + 1)
            return None
        made = Unknown(operation=operation, shape=shape, endpoint=reader.endpoint, at=now)
        self._unknown[shape] = made
        while len(self._unknown) > UNKNOWN_KEPT:
            self._unknown.popitem(last=False)
        self._new += 1
        return made if self._new <= NEW_LIMIT else None

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What was not understood, the oldest first."""
        return tuple(self._unknown.values())
