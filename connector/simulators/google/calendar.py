"""A calendar of the workspace: what it holds, who may read it, and what changed in it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connector.simulators.google.item import Item, fresh_id, instant
from connector.simulators.google.refusal import Json

Role = Literal["freeBusyReader", "reader", "writer", "owner"]
_OCCURRENCE = re.compile(r"(.+)_(\d{8})(?:T\d{6}Z)?")


class NotThere(LookupError):
    """No entry has this id."""


class Calendar:
    """A resource's calendar. Ids may be those of meetings, series, or single occurrences."""

    def __init__(
        self, address: str, *, name: str, time_zone: str, now: Callable[[], datetime]
    ) -> None:
        self.address = address
        self.name = name
        self.time_zone = time_zone
        self.roles: dict[str, Role] = {}
        """With whom it is shared, by address."""
        self.version = 0
        """Goes up with each change."""
        self.generation = 0
        """Sync tokens of former generations are worthless."""
        self.changed: Callable[[], None] = lambda: None
        self._now = now
        self._items: dict[str, Item] = {}
        self._made = 0

    @property
    def zone(self) -> ZoneInfo:
        """Its own time zone."""
        return ZoneInfo(self.time_zone)

    def share(self, address: str, role: Role | None = "reader") -> None:
        """Share it with somebody; None takes that back."""
        if role is None:
            self.roles.pop(address.lower(), None)
        else:
            self.roles[address.lower()] = role

    def add(
        self,
        summary: str,
        start: datetime | date,
        end: datetime | date,
        *,
        response: str = "accepted",
        organizer: str = "ada@example.com",
        zone: str = "",
        repeat: str = "",
        raw: Json | None = None,
        **fields: Any,
    ) -> str:
        """Invite the room to a meeting; the id. `repeat` is the value of an RRULE.

        `fields` are properties of the resource, `raw` what its answers hold instead of the truth.
        """
        own = organizer == self.address
        person = {"email": organizer, "displayName": "Ada Lovelace"}
        told: Json = {"summary": summary, "creator": person, "organizer": person}
        if own:
            told["organizer"] = {"email": self.address, "displayName": self.name, "self": True}
        else:
            told["attendees"] = [
                {**person, "organizer": True, "responseStatus": "accepted"},
                self.attendee(response),
            ]
        rules = (f"RRULE:{repeat}",) if repeat else ()
        return self.put(
            "", start, end, zone=zone, rules=rules, raw=raw or {}, fields=told | fields
        ).id

    def attendee(self, response: str) -> Json:
        """The room itself among those invited."""
        return {
            "email": self.address,
            "displayName": self.name,
            "resource": True,
            "self": True,
            "responseStatus": response,
        }

    def put(
        self,
        event_id: str,
        start: datetime | date,
        end: datetime | date,
        *,
        fields: Json,
        zone: str = "",
        rules: tuple[str, ...] = (),
        raw: Json | None = None,
    ) -> Item:
        """A new entry, under an id of its own where none is given."""
        self._made += 1
        now = self._now()
        item = Item(
            id=event_id or fresh_id(self.address, self._made),
            start=_settled(start),
            end=_settled(end),
            zone=zone or self.time_zone,
            fields=fields,
            raw=raw or {},
            rules=rules,
            created=now,
            updated=now,
        )
        return self._keep(item)

    def get(self, event_id: str) -> Item:
        """An entry or occurrence by its id; one that was deleted comes back as `cancelled`.

        Raises:
            NotThere: nothing has, or had, this id.
        """
        if event_id in self._items:
            return self._items[event_id]
        found = _OCCURRENCE.fullmatch(event_id)
        series = self._items.get(found[1]) if found else None
        if found is None or series is None or not series.rules or series.cancelled:
            raise NotThere(event_id)
        day = datetime.strptime(found[2], "%Y%m%d").replace(tzinfo=UTC)
        for one in series.occurrences(day + timedelta(days=3)):
            if one.id == event_id:
                return one
        raise NotThere(event_id)

    def occurrence(self, series: str, number: int) -> Item:
        """One occurrence of a series as it is now; the first is number 0."""
        horizon = datetime(9000, 1, 1, tzinfo=UTC)
        for at, one in enumerate(self._items[series].occurrences(horizon)):
            if at == number:
                return self._items.get(one.id, one)
        raise NotThere(series)

    def edit(self, event_id: str, **changes: Any) -> Item:
        """Change an entry; `start`, `end`, `rules`, `raw`, or properties of the resource."""
        item = self.get(event_id)
        start = _settled(changes.pop("start", item.start))
        end = changes.pop("end", None)
        rules = changes.pop("rules", item.rules)
        if item.rules and (start != item.start or rules != item.rules):
            self._forget_exceptions(item.id)
        return self._keep(
            replace(
                item,
                start=start,
                end=start + item.length if end is None else _settled(end),
                rules=rules,
                raw=changes.pop("raw", item.raw),
                fields={**item.fields, **changes},
                cancelled=False,
            )
        )

    def respond(self, event_id: str, response: str, comment: str = "") -> Item:
        """The room's answer, and its words."""
        answer = {"responseStatus": response} | ({"comment": comment} if comment else {})
        attendees = [
            {**one, **answer} if one.get("self") else one
            for one in self.get(event_id).fields.get("attendees", [])
        ]
        return self.edit(event_id, attendees=attendees)

    def delete(self, event_id: str) -> Item:
        """Remove an entry or one occurrence; its id stays, cancelled."""
        item = self.get(event_id)
        if item.rules:
            self._forget_exceptions(item.id)
        return self._keep(replace(item, cancelled=True))

    def expire_sync_tokens(self) -> None:
        """All sync tokens of this calendar are worthless now."""
        self.generation += 1

    def touch(self, event_id: str) -> Item:
        """Let an entry count as changed."""
        return self._keep(self.get(event_id))

    def items(self) -> list[Item]:
        """Everything that is kept, in the order in which it was made; deleted entries too."""
        return list(self._items.values())

    def expanded(self, start: datetime, end: datetime, *, deleted: bool) -> Iterator[Item]:
        """Single meetings and occurrences that overlap a span."""
        for item in self._items.values():
            if item.rules:
                if not item.cancelled:
                    yield from self._planned(item, start, end)
            elif (not item.cancelled or deleted) and self.overlaps(item, start, end):
                yield item

    def _planned(self, series: Item, start: datetime, end: datetime) -> Iterator[Item]:
        for one in series.occurrences(end):
            if one.id not in self._items and self.overlaps(one, start, end):
                yield one

    def overlaps(self, item: Item, start: datetime, end: datetime) -> bool:
        """Whether it shares time with a span; a series by any of its occurrences."""
        if item.rules:
            return any(self.overlaps(one, start, end) for one in item.occurrences(end))
        begins, ends = instant(item.start, self.zone), instant(item.end, self.zone)
        return begins < end and (ends > start or begins == ends >= start)

    def _forget_exceptions(self, series: str) -> None:
        """What was changed in a series is lost where it is planned anew."""
        self._items = {key: one for key, one in self._items.items() if one.series != series}

    def _keep(self, item: Item) -> Item:
        self.version += 1
        kept = replace(item, version=self.version, updated=self._now())
        self._items[kept.id] = kept
        self.changed()
        return kept

    def __len__(self) -> int:
        return sum(not item.cancelled for item in self._items.values())


def _settled(when: datetime | date) -> datetime | date:
    """An instant in UTC; a day stays a day."""
    return when.astimezone(UTC) if isinstance(when, datetime) else when
