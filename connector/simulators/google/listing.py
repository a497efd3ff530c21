"""`events.list`: which parameters go together, pages, and sync tokens.

https://developers.google.com/workspace/calendar/api/v3/reference/events/list,
https://developers.google.com/workspace/calendar/api/guides/sync
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import msgspec

from connector.simulators.google.calendar import Calendar
from connector.simulators.google.item import Item
from connector.simulators.google.refusal import Refused, invalid

DEFAULT_PAGE = 250
LARGEST_PAGE = 2500
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9998, 1, 1, tzinfo=UTC)

_NOT_WITH_SYNC = {
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
}
_NOT_HERE = {"q", "privateExtendedProperty", "sharedExtendedProperty", "updatedMin"}
_FREE = {"pageToken", "syncToken", "timeMin", "timeMax", "alt", "fields", "prettyPrint", "key"}
"""Parameters that need not be the same in every request of a round."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a page token or sync token says; clients cannot read it."""

    kind: str
    generation: int
    version: int
    """How far the calendar had come when the round began."""
    asked: str
    """A digest of the parameters of the first request."""
    offset: int = 0
    since: int = -1
    """The version after which changes are listed; -1 for everything."""

    def text(self) -> str:
        """As it is handed out."""
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to hold."""

    single: bool
    deleted: bool
    start: datetime
    end: datetime
    zone: ZoneInfo
    most: int
    by_start: bool
    uid: str
    version: int
    since: int
    offset: int
    digest: str


def asked(query: Mapping[str, str], calendar: Calendar) -> Asked:
    """What the parameters of a request ask for.

    Raises:
        Refused: they make no sense, do not go together, or the token is too old.
    """
    if not_here := query.keys() & _NOT_HERE:
        raise Refused(501, "notImplemented", f"The simulator knows no {', '.join(not_here)}.")
    digest = _digest(query)
    mark = _mark(query, calendar, digest)
    single = _switch(query, "singleEvents")
    order = query.get("orderBy", "")
    if order not in {"", "startTime", "updated"} or (order == "startTime" and not single):
        raise invalid("The requested ordering is not available for the particular query.")
    return Asked(
        single=single,
        deleted=_switch(query, "showDeleted") or mark.since >= 0,
        start=_instant(query, "timeMin", EARLIEST),
        end=_instant(query, "timeMax", LATEST),
        zone=_zone(query.get("timeZone", calendar.time_zone)),
        most=_size(query.get("maxResults", str(DEFAULT_PAGE))),
        by_start=order == "startTime",
        uid=query.get("iCalUID", ""),
        version=mark.version,
        since=mark.since,
        offset=mark.offset,
        digest=digest,
    )


def _mark(query: Mapping[str, str], calendar: Calendar, digest: str) -> Mark:
    """Where the round stands."""
    fresh = Mark(
        kind="page", generation=calendar.generation, version=calendar.version, asked=digest
    )
    if text := query.get("pageToken", ""):
        mark = _read(text, "page")
        if mark.asked != digest:
            raise invalid("The parameters of a page differ from those of the first one.")
        return mark
    text = query.get("syncToken", "")
    if not text:
        return fresh
    if _NOT_WITH_SYNC & query.keys():
        raise invalid("Sync token cannot be used with the requested query restrictions.")
    if query.get("showDeleted", "").lower() == "false":
        raise invalid("Sync token cannot be used with showDeleted set to false.")
    mark = _read(text, "sync")
    if mark.asked != digest:
        raise invalid("Sync token cannot be used with parameters that differ from the first ones.")
    if mark.generation != calendar.generation:
        raise expired()
    return msgspec.structs.replace(fresh, since=mark.version)


def expired() -> Refused:
    """A sync token that is too old."""
    message = "Sync token is no longer valid, a full sync is required."
    return Refused(410, "fullSyncRequired", message, domain="calendar")


def chosen(calendar: Calendar, wanted: Asked) -> list[Item]:
    """The entries of a list, those of all its pages."""
    items: Iterable[Item]
    if wanted.since >= 0:
        items = [one for one in calendar.items() if one.version > wanted.since]
    elif wanted.single:
        items = calendar.expanded(wanted.start, wanted.end, deleted=wanted.deleted)
    else:
        items = [
            one
            for one in calendar.items()
            if (not one.cancelled or wanted.deleted or one.series)
            and calendar.overlaps(one, wanted.start, wanted.end)
        ]
    found = [one for one in items if wanted.uid in {"", one.uid}]
    if wanted.by_start:
        found.sort(key=lambda one: (str(one.start), one.id))
    return found


def next_page(calendar: Calendar, wanted: Asked, offset: int) -> str:
    """The token of the next page."""
    return Mark(
        kind="page",
        generation=calendar.generation,
        version=wanted.version,
        asked=wanted.digest,
        offset=offset,
        since=wanted.since,
    ).text()


def next_sync(calendar: Calendar, wanted: Asked) -> str:
    """The token of the next round."""
    return Mark(
        kind="sync", generation=calendar.generation, version=wanted.version, asked=wanted.digest
    ).text()


def _read(text: str, kind: str) -> Mark:
    try:
        mark = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Mark)
    except ValueError as error:
        raise invalid(f"Invalid {kind} token value.", "invalid") from error
    if mark.kind != kind:
        raise invalid(f"Invalid {kind} token value.", "invalid")
    return mark


def _digest(query: Mapping[str, str]) -> str:
    """The parameters that must stay the same, in few letters."""
    kept = sorted((key, value) for key, value in query.items() if key not in _FREE)
    kept = [(key, value) for key, value in kept if (key, value) != ("showDeleted", "true")]
    return sha256(repr(kept).encode()).hexdigest()[:16]


def _switch(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise invalid(f"Invalid value for: {name}")
    return value == "true"


def _size(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise invalid("Invalid value for: maxResults")
    return min(int(text), LARGEST_PAGE)


def _instant(query: Mapping[str, str], name: str, otherwise: datetime) -> datetime:
    """A bound; RFC 3339 with its offset is mandatory."""
    if name not in query:
        return otherwise
    try:
        when = datetime.fromisoformat(query[name].replace(" ", "+"))
    except ValueError:
        raise invalid() from None
    if when.tzinfo is None:
        raise invalid()
    return when.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid("Invalid time zone definition.", "invalid") from None
