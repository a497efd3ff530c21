"""One round of `calendarView/delta`: all of its pages, or none of it.

https://learn.microsoft.com/graph/api/event-delta. What comes is only ever used to learn that
something changed: occurrences arrive as stubs without a subject or text, so whatever is shown is
read from `calendarView`.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from yarl import URL

from connector.errors import Malformed
from connector.sources.graph import wire
from connector.sources.graph.service import Service, utc
from rooms.model import Window

PAGES = 200
"""Pages after which a round is held to be endless."""
REPEATS = 2
"""How often the same items may come again: the service has been seen to send a page for ever."""

# Codes that mean that the service forgot where the round stood, in whatever spelling.
_LOST = {"syncstatenotfound", "syncstateinvalid", "resyncrequired", "fullsyncrequired"}


class Lost(Exception):
    """The service does not know this token any more; a new baseline is needed."""


class Range(wire.Wire):
    """https://learn.microsoft.com/graph/api/resources/recurrencerange."""

    type: str | None = None
    start_date: str | None = None
    end_date: str | None = None


class Recurrence(wire.Wire):
    """https://learn.microsoft.com/graph/api/resources/patternedrecurrence."""

    range: Range | None = None


class Change(wire.Wire):
    """What tells of a changed item when it is; a removed one has its id only."""

    id: str
    type: str | None = None
    series_master_id: str | None = None
    start: wire.Moment | None = None
    end: wire.Moment | None = None
    recurrence: Recurrence | None = None
    etag: str | None = msgspec.field(default=None, name="@odata.etag")
    removed: Any = msgspec.field(default=None, name="@removed")


class Page(wire.Wire):
    """One page of a round."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")


class _Named(wire.Wire):
    id: str
    removed: Any = msgspec.field(default=None, name="@removed")


@dataclass(frozen=True, slots=True)
class Round:
    """A whole round."""

    changes: list[Change]
    """As they came: the same item may come again, and in any order."""
    link: str
    """Where the next round begins."""


_decoder = msgspec.json.Decoder(Page)
_change = msgspec.json.Decoder(Change)
_named = msgspec.json.Decoder(_Named)


async def baseline(service: Service, mailbox: str, window: Window, *, pause: float) -> Round:
    """Everything in a window, which the service remembers; with a pause between pages, in seconds.

    Raises:
        Lost: it forgot the round before it was over.
        Unavailable, Denied, NotFound, Malformed: named after who must act.
    """
    path = f"calendarView/delta?startDateTime={utc(window.start)}&endDateTime={utc(window.end)}"
    return await _round(service, service.of(mailbox, path), pause)


async def since(service: Service, link: str) -> Round:
    """What changed since the round that ended with this link.

    Raises:
        Lost: the link is not good any more.
        Unavailable, Denied, NotFound, Malformed: named after who must act.
    """
    try:
        url = service.follow(link)
    except Malformed as error:  # kept from a time when Graph was at another address
        raise Lost from error
    return await _round(service, url, 0)


async def _round(service: Service, url: URL, pause: float) -> Round:
    """All pages, with a guard against those that never end."""
    told: list[Change] = []
    seen: Counter[frozenset[str]] = Counter()
    for _ in range(PAGES):
        here = await _read(service, url, linked="token" in url.query_string)
        found = list(changes(here))
        told += found
        if here.delta_link is not None:
            service.follow(here.delta_link)
            return Round(told, here.delta_link)
        if here.next_link is None:
            raise Malformed("a delta round broke off", reason="wrong_shape")
        if found:  # empty pages are usual
            ids = frozenset(change.id for change in found)
            seen[ids] += 1
            if seen[ids] > REPEATS:
                break
        url = service.follow(here.next_link)
        await asyncio.sleep(pause)
    raise Malformed("a delta round never ends", reason="delta_endless")


async def _read(service: Service, url: URL, *, linked: bool) -> Page:
    """One page; a link that the service wrote itself, and does not understand now, is lost."""
    answer = await service.answer("GET", url, "watch")
    if answer.status != 200:
        code = wire.error_code(answer.body).lower()
        lost = answer.status == 410 or (linked and answer.status == 400)
        if lost or (400 <= answer.status < 500 and code in _LOST):
            raise Lost
        raise service.meaning(answer)
    if answer.is_html:
        raise Malformed("a web page came instead of JSON", reason="not_json")
    return page(answer.body)


def page(body: bytes) -> Page:
    """One page.

    Raises:
        Malformed: this is none.
    """
    try:
        body.decode()  # what is passed over must be sound, too
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed("the answer is not a page of changes", reason="wrong_shape") from error
    except wire.NO_JSON as error:
        raise Malformed("the answer is not whole JSON", reason="not_json") from error


def changes(page: Page) -> Iterator[Change]:
    """The items of a page; one that makes no sense loses all but its id."""
    for raw in page.value:
        try:
            yield _change.decode(raw)
        except msgspec.ValidationError:
            yield _only_named(raw)
        except wire.NO_JSON as error:
            raise Malformed("the answer is not whole JSON", reason="not_json") from error


def _only_named(raw: msgspec.Raw) -> Change:
    try:
        named = _named.decode(raw)
    except msgspec.ValidationError as error:
        raise Malformed("the answer is not a page of changes", reason="wrong_shape") from error
    return Change(id=named.id, removed=named.removed)
