"""What a round of changes tells: the items by which one state of a calendar differs from another.

https://learn.microsoft.com/graph/api/event-delta,
https://learn.microsoft.com/graph/delta-query-events
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

import msgspec

from connector.simulators.graph.changes import Change
from connector.simulators.graph.entry import Entry, Event
from connector.simulators.graph.mailbox import Mailbox

Window = tuple[datetime, datetime]
Form = Literal["full", "stub", "removed"]


class Item(msgspec.Struct, frozen=True):
    """An event, and how much of it is told."""

    form: Form
    event: Event


def everything(mailbox: Mailbox, until: int, window: Window) -> list[Item]:
    """Whatever overlaps a window at a version.

    Raises:
        Forgotten: so old a state is no longer known.
    """
    return [item for entry in mailbox.at(until) for item in _shown(entry, window)]


def differences(
    mailbox: Mailbox, since: int, until: int, window: Window, *, immutable: bool
) -> list[Item]:
    """What differs between two versions, in the order of the last changes.

    Raises:
        Forgotten: so old a state is no longer known.
    """
    touched: dict[int, list[Change]] = {}
    for change in mailbox.changes.between(since, until):
        touched[change.number] = [*touched.pop(change.number, []), change]
    return [
        item
        for number, changes in touched.items()
        for item in _differing(
            changes,
            mailbox.entry(number, since),
            mailbox.entry(number, until),
            window,
            immutable=immutable,
        )
    ]


def named(event: Event, *, immutable: bool) -> str:
    """The id of an event, of the kind that was asked for."""
    return event.immutable_id if immutable else event.id


def _shown(entry: Entry, window: Window) -> Iterator[Item]:
    """What a window shows of an entry: of a series the master, then stubs and exceptions."""
    found = list(entry.within(*window))
    if found and entry.meeting.recurrence is not None:
        yield Item("full", entry.event(None))
    for event in found:
        yield Item("stub" if event.kind == "occurrence" else "full", event)


def _differing(
    changes: list[Change],
    before: Entry | None,
    after: Entry | None,
    window: Window,
    *,
    immutable: bool,
) -> Iterator[Item]:
    """How one entry differs; what was changed out of sight is told as removed."""
    old = _by_name(before, window, immutable=immutable)
    new = _by_name(after, window, immutable=immutable)
    gone = [item.event for name, item in old.items() if name not in new]
    days = {change.day for change in changes}
    if after is not None and None not in days:
        gone += _absent(after, days, new, immutable=immutable)
        new = {name: item for name, item in new.items() if _concerned(item.event, after, days)}
    if not gone and not new:
        gone = [_last_known(changes, after)]
    seen = set()
    for event in gone:
        if event.id not in seen:
            yield Item("removed", event)
        seen.add(event.id)
    yield from new.values()


def _by_name(entry: Entry | None, window: Window, *, immutable: bool) -> dict[str, Item]:
    if entry is None:
        return {}
    return {named(item.event, immutable=immutable): item for item in _shown(entry, window)}


def _concerned(event: Event, entry: Entry, days: set[date | None]) -> bool:
    """Whether an event is the master, or one of the occurrences that changed."""
    return event.series_id is None or event.id in {entry.id(day) for day in days}


def _absent(
    entry: Entry, days: set[date | None], shown: dict[str, Item], *, immutable: bool
) -> list[Event]:
    """The occurrences that changed and that the window does not show."""
    # As planned: an occurrence that was deleted has no event of its own any more.
    events = [entry.planned(day) for day in days if day is not None]
    return [event for event in events if named(event, immutable=immutable) not in shown]


def _last_known(changes: list[Change], after: Entry | None) -> Event:
    """Something to name what was changed out of sight."""
    entry = after or next(one.before for one in reversed(changes) if one.before is not None)
    return entry.event(None)
