"""What one receiver was told, and what is due: a trouble once, its end once, blips never. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from bridge.health import Subject

SETTLED_AFTER = timedelta(minutes=10)
"""A trouble from before the start counts as over only then: by then it would show again."""
KEPT = 1000
"""Troubles that came and went while the receiver could not be reached."""

Key = tuple[str, str, str]
"""Kind and id of what fails, and the code."""


class Item(msgspec.Struct, kw_only=True):
    """One trouble, as this receiver knows it."""

    key: Key
    since: datetime
    seen: datetime
    """When it was noticed: where it stands since before the start, that is later."""
    ended: datetime | None = None
    told: bool = False


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says of one trouble."""

    subject: Subject
    code: str
    since: datetime
    ended: datetime | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says."""

    began: Sequence[Note] = ()
    """What fails now, and was not told before."""
    over: Sequence[Note] = ()
    """What works again."""
    standing: int = 0
    """How much of what was told before fails still."""

    def __bool__(self) -> bool:
        return bool(self.began or self.over)


class Ledger:
    """What one receiver was told."""

    def __init__(self, hold: timedelta, started: datetime, items: Iterable[Item] = ()) -> None:
        self._hold = hold
        self._settled = started + SETTLED_AFTER
        self._items = {item.key: item for item in items}
        self._restored = {item.key for item in items}

    @property
    def items(self) -> list[Item]:
        """All that is known, to be kept over a restart."""
        return list(self._items.values())

    def observe(self, standing: Iterable[tuple[Subject, str, datetime]], now: datetime) -> None:
        """Take note of what fails now."""
        found = {(subject.kind, subject.id, code): since for subject, code, since in standing}
        for key, since in found.items():
            self._restored.discard(key)
            item = self._items.setdefault(key, Item(key=key, since=since, seen=now))
            item.ended = None  # where it was over only for a moment, it goes on
        for item in [item for item in self._items.values() if item.key not in found]:
            if item.key in self._restored and now < self._settled:
                continue
            item.ended = item.ended or now
            if not item.told and item.ended - item.seen < self._hold / 2:
                del self._items[item.key]
        passed = [item for item in self._items.values() if item.ended and not item.told]
        for item in passed[: max(0, len(passed) - KEPT)]:
            del self._items[item.key]

    def due(self, now: datetime) -> Notice:
        """What is to be told now; empty where there is nothing, or not long enough."""
        waiting = {item.key: now - _changed(item) for item in self._items.values() if _news(item)}
        if not waiting or max(waiting.values()) < self._hold:
            return Notice()
        ripe = [self._items[key] for key, age in waiting.items() if age >= self._hold / 2]
        return Notice(
            began=[_note(item) for item in ripe if item.ended is None],
            over=[_note(item) for item in ripe if item.ended is not None],
            standing=sum(item.told and item.ended is None for item in self._items.values()),
        )

    def told(self, notice: Notice) -> None:
        """A message was delivered; what changed meanwhile is told with the next one."""
        for note in notice.began:
            if (item := self._items.get((*note.subject, note.code))) is not None:
                item.told = True
        for note in notice.over:
            key = (*note.subject, note.code)
            item = self._items.get(key)
            if item is None:
                continue
            if item.ended is None:  # it fails again, and that is news
                item.told, item.seen = False, note.ended or item.seen
            else:
                del self._items[key]


def _news(item: Item) -> bool:
    return not item.told or item.ended is not None


def _changed(item: Item) -> datetime:
    """Since when there is something to tell of it."""
    if item.ended is not None and item.told:
        return item.ended
    return item.seen


def _note(item: Item) -> Note:
    kind, id_, code = item.key
    subject = msgspec.convert((kind, id_), Subject)
    return Note(subject=subject, code=code, since=item.since, ended=item.ended)
