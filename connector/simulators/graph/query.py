"""What a request asks for: OData query options and preferences.

https://learn.microsoft.com/graph/query-parameters,
https://learn.microsoft.com/graph/api/user-list-calendarview
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from connector.simulators.graph.refusal import Refused
from rooms import zones

DEFAULT_PAGE = 10
LARGEST_PAGE = 1000
LONGEST_WINDOW = timedelta(days=1825)

_PREFERENCE = re.compile(r'([\w.-]+)\s*=\s*(?:"([^"]*)"|([^\s,;]+))')
_UNKNOWN = {"$filter", "$expand", "$search", "$apply", "$compute"}

SortKey = Literal["start", "end", "subject"]
_SORTABLE: dict[str, SortKey] = {
    "start/datetime": "start",
    "end/datetime": "end",
    "subject": "subject",
}


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What `Prefer` asks for."""

    zone: ZoneInfo = ZoneInfo("UTC")
    zone_name: str = "UTC"
    text: bool = False
    immutable: bool = False
    page: int | None = None
    applied: str = ""
    """What `Preference-Applied` says."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The query options of a list."""

    select: tuple[str, ...] = ()
    top: int | None = None
    skip: int = 0
    order: SortKey | None = None
    descending: bool = False
    count: bool = False


def preferences(headers: Iterable[str]) -> Preferences:
    """What the `Prefer` headers of a request ask for.

    Raises:
        Refused: Exchange knows no such time zone.
    """
    asked = {
        found[1].lower(): found[2] if found[2] is not None else found[3]
        for header in headers
        for found in _PREFERENCE.finditer(header)
    }
    zone_name = asked.get("outlook.timezone", "UTC")
    body, page = asked.get("outlook.body-content-type", ""), asked.get("odata.maxpagesize", "")
    text, immutable = body.lower() == "text", asked.get("idtype", "").lower() == "immutableid"
    applied = [
        f'outlook.timezone="{zone_name}"' if "outlook.timezone" in asked else "",
        f'outlook.body-content-type="{body}"' if body.lower() in {"text", "html"} else "",
        'IdType="ImmutableId"' if immutable else "",
        f"odata.maxpagesize={page}" if page.isdecimal() else "",
    ]
    return Preferences(
        zone=zone(zone_name),
        zone_name=zone_name,
        text=text,
        immutable=immutable,
        page=max(1, int(page)) if page.isdecimal() else None,
        applied=", ".join(filter(None, applied)),
    )


def query(options: Mapping[str, str]) -> Query:
    """The query options of a request.

    Raises:
        Refused: an option makes no sense, or the tenant cannot do it.
    """
    given = {name.lower(): value for name, value in options.items()}
    if unknown := given.keys() & _UNKNOWN:
        raise Refused(
            501, "NotImplemented", f"The simulator knows no {', '.join(sorted(unknown))}."
        )
    order, _, direction = given.get("$orderby", "").strip().partition(" ")
    return Query(
        select=tuple(filter(None, (name.strip() for name in given.get("$select", "").split(",")))),
        top=_number(given, "$top", least=1),
        skip=_number(given, "$skip", least=0) or 0,
        order=_sort_key(order),
        descending=direction.strip().lower() == "desc",
        count=given.get("$count", "").lower() == "true",
    )


def window(options: Mapping[str, str]) -> tuple[datetime, datetime]:
    """The two ends of the window; without an offset they are in UTC.

    Raises:
        Refused: one is missing or makes no sense, or it is too long.
    """
    given = {name.lower(): value for name, value in options.items()}
    if not {"startdatetime", "enddatetime"} <= given.keys():
        message = "This request needs a time window: StartDateTime and EndDateTime."
        raise Refused(400, "ErrorInvalidParameter", message)
    start, end = _instant(given, "StartDateTime"), _instant(given, "EndDateTime")
    if end < start:
        raise Refused(400, "ErrorInvalidParameter", "The window ends before it starts.")
    if end - start > LONGEST_WINDOW:
        message = f"The window is too long. Maximum number of days: {LONGEST_WINDOW.days}"
        raise Refused(400, "ErrorInvalidRequest", message)
    return start, end


def _instant(given: Mapping[str, str], name: str) -> datetime:
    """A moment of the window; a plus sign that was not encoded has become a space."""
    value = given[name.lower()]
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        message = f"The value '{value}' of parameter '{name}' is invalid."
        raise Refused(400, "ErrorInvalidParameter", message) from error


def _number(given: Mapping[str, str], name: str, *, least: int) -> int | None:
    """A whole number, where there is one."""
    value = given.get(name)
    if value is None:
        return None
    if not value.isdecimal() or int(value) < least:
        message = f"Invalid value '{value}' for {name} query option found."
        raise Refused(400, "RequestBroker--ParseUri", message)
    return int(value)


def _sort_key(path: str) -> SortKey | None:
    """What to sort by."""
    if not path:
        return None
    if path.lower() not in _SORTABLE:
        message = f"The simulator cannot sort by '{path}'."
        raise Refused(400, "RequestBroker--ParseUri", message)
    return _SORTABLE[path.lower()]


def next_link(request: web.Request, skip: int) -> str:
    """The same request for the page after `skip` items: Outlook pages with `$skip`."""
    options = [(n, v) for n, v in request.query.items() if n.lower() != "$skip"]
    options.append(("$skip", str(skip)))
    line = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in options)
    return f"{request.url.origin()}{request.rel_url.raw_path}?{line}"


def zone(name: str) -> ZoneInfo:
    """A zone by a name that Exchange knows.

    Raises:
        Refused: there is none.
    """
    try:
        return zones.zone(name)
    except KeyError as error:
        message = f"The following TimeZone value is not supported: '{name}'."
        raise Refused(400, "TimeZoneNotSupportedException", message) from error
