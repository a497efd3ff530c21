"""What changed in a calendar since the last time: one round of a sync token.

https://developers.google.com/workspace/calendar/api/guides/sync. Series are asked for as such:
expanded they would be megabytes of the same. As in Google's own sample, the first request is
bounded by `timeMin`; what comes after is not.
"""

from datetime import datetime

import msgspec
from yarl import URL

from connector.errors import Malformed
from connector.outside import Outside
from connector.sources.google import wire
from connector.sources.google.calls import Calls, meaning
from connector.sources.google.meaning import moment
from connector.sources.google.pages import whole
from rooms.model import Window

PAGE = 2500
"""Changes asked for at a time."""
LOST = {400, 410}
"""A sync token that Google no longer takes, whatever it finds wrong with it."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Where the watch of a calendar stands; kept between starts."""

    token: str
    mailbox: str
    """A room may get another mailbox: what was known of the first says nothing of it."""


class SyncLost(Exception):
    """The sync token is worthless: everything is to be read again."""


class Changed(msgspec.Struct, frozen=True):
    """What a round told."""

    mark: Mark
    items: list[wire.Item]


def opened(kept: bytes | None, mailbox: str) -> Mark | None:
    """What was kept of a calendar, if it can still be used."""
    if kept is None:
        return None
    try:
        mark = msgspec.json.decode(kept, type=Mark)
    except ValueError:
        return None
    return mark if mark.mailbox == mailbox else None


async def read(
    calls: Calls, outside: Outside, events: URL, mark: Mark | None, *, mailbox: str, since: datetime
) -> Changed:
    """One round: what changed since the mark, or without one where to begin.

    Raises:
        SyncLost: the mark is too old.
        Unavailable, Denied, NotFound, Malformed: named after who must act.
    """

    async def page(url: URL) -> wire.Page:
        answer = await calls.plain("GET", url, "watch")
        if mark is not None and answer.status in LOST:
            raise SyncLost
        if answer.status != 200:
            raise meaning(answer, outside)
        if answer.is_html:
            raise Malformed("a web page came instead of JSON", reason="not_json")
        return wire.page(answer.body)

    # `showDeleted` goes with every request: a sync token implies it, and they must not differ.
    asked = {"maxResults": str(PAGE), "showDeleted": "true", "fields": wire.CHANGED}
    bounds = {"timeMin": f"{since:%Y-%m-%dT%H:%M:%SZ}"} if mark is None else {}
    more = {"syncToken": mark.token} if mark is not None else bounds
    told = await whole(page, events, asked | more)
    if not told.next_sync_token:
        raise Malformed("the last page of the changes has no sync token", reason="sync_incomplete")
    return Changed(Mark(told.next_sync_token, mailbox), [] if mark is None else told.items)


def beyond(items: list[wire.Item], served: Window) -> bool:
    """Whether something may have changed outside of what is served.

    What was deleted does not say when it was; a series reaches anywhere.
    """
    return any(not _within(item, served) for item in items)


def _within(item: wire.Item, served: Window) -> bool:
    try:
        start, end = moment(item.start), moment(item.end)
    except (ValueError, OverflowError):
        return False
    if not isinstance(start, datetime) or not isinstance(end, datetime) or item.recurrence:
        return False
    # It may have been elsewhere before, which nobody tells: only what lies well inside counts.
    return item.recurring_event_id is None and served.start <= start and end <= served.end
