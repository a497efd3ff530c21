"""What a service's room list says against the inventory, and when it is believed. Pure.

Nothing here changes a configuration: what is found is for a person to approve.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

import msgspec

from bridge.settings.model import Inventory
from connector.discovery import FoundRoom
from rooms.room import Room
from rooms.zones import zone

What = Literal["new", "gone", "twice", "differs"]
ORDER: tuple[What, ...] = ("new", "gone", "twice", "differs")
Field = Literal["", "name", "capacity", "building", "floor", "time_zone", "lists"]
Doubt = Literal["shrunk", "doubled"]

SHARE = 0.2
"""A list that lost more than this share of its rooms is doubted."""

Answer = Sequence[FoundRoom]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in which the service's list and the inventory do not agree."""

    what: What
    """`new`: no entry has this mailbox; `gone`: an entry's mailbox is not in the list (hidden,
    renamed, deleted); `twice`: one address several times; `differs`: a field says otherwise."""
    mailbox: str
    """The address, in lower case."""
    room: str = ""
    """The id of the entry that is concerned."""
    field: Field = ""
    here: str = ""
    there: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is held against."""

    source: str
    inventory: Inventory
    allows: Callable[[str], bool] = lambda _: True
    """Whether a mailbox may be a room at all; what may not is never `new`."""
    year: int = 2026
    """Whose offsets make two time zones the same."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a source said of its rooms lately."""

    believed: Answer | None = None
    """The newest answer that is believed."""
    former: Answer | None = None
    """The one before it, which confirms what both say."""
    doubted: Answer | None = None
    """One that came since then and has yet to be repeated."""
    vanished: frozenset[str] = frozenset()
    """Addresses that went with a list that shrank, and are in none since."""

    @property
    def doubt(self) -> Doubt | None:
        """Why the last answer is not believed."""
        return None if self.doubted is None else doubt(self.believed or (), self.doubted)


def heard(standing: Standing, answer: Answer) -> Standing:
    """What is known after one more answer."""
    if standing.believed is None:
        return Standing(believed=answer)
    if doubt(standing.believed, answer) is None:
        vanished = standing.vanished and standing.vanished - _counted(answer).keys()
        return Standing(believed=answer, former=standing.believed, vanished=vanished)
    if standing.doubted is not None and _counted(standing.doubted) == _counted(answer):
        went = _counted(standing.believed).keys() if standing.doubt == "shrunk" else ()
        vanished = standing.vanished.union(went) - _counted(answer).keys()
        return Standing(believed=answer, former=standing.doubted, vanished=vanished)
    return msgspec.structs.replace(standing, doubted=answer)


def doubt(before: Answer, now: Answer) -> Doubt | None:
    """Whether a list changed as no building does."""
    had, has = _counted(before), _counted(now)
    if len(had.keys() - has.keys()) > SHARE * len(had):
        return "shrunk"
    return "doubled" if has.total() >= 2 * max(had.total(), 1) else None


def differences(standing: Standing, known: Known) -> list[tuple[Difference, bool]]:
    """What the believed answer says, and whether the one before said so too."""
    if standing.believed is None:
        return []
    before = set(judged(standing.former, known)) if standing.former is not None else set()
    found = [(one, one in before) for one in judged(standing.believed, known)]
    return sorted(found, key=lambda pair: (ORDER.index(pair[0].what), pair[0].mailbox))


def judged(answer: Answer, known: Known) -> list[Difference]:
    """Everything in which one answer and the inventory do not agree.

    An empty list says nothing of any room: Exchange lists rooms by room lists only, and where
    nobody made any there are none.
    """
    found: dict[str, list[FoundRoom]] = {}
    for one in answer:
        if address := one.mailbox.strip().lower():
            found.setdefault(address, []).append(one)
    entries = {room.mailbox.lower() for room in known.inventory.rooms}
    here = [room for room in known.inventory.rooms if room.source == known.source]
    lists = _Lists(answer, known.inventory)
    return [
        *(
            Difference(what="new", mailbox=address)
            for address in found
            if address not in entries and known.allows(address)
        ),
        *(
            Difference(what="gone", mailbox=room.mailbox.lower(), room=room.id)
            for room in here
            if found and room.mailbox.lower() not in found
        ),
        *_twice(found, here, known),
        *(
            difference
            for room in here
            for one in found.get(room.mailbox.lower(), ())[:1]
            for difference in _differing(room, one, lists, known.year)
        ),
    ]


def _twice(
    found: Mapping[str, list[FoundRoom]], here: Sequence[Room], known: Known
) -> Iterator[Difference]:
    """Addresses that several rooms of the list have."""
    entry = {room.mailbox.lower(): room.id for room in here}
    for address, rooms in found.items():
        if len(rooms) > 1 and (address in entry or known.allows(address)):
            names = ", ".join(sorted({one.name or address for one in rooms}))
            yield Difference(
                what="twice",
                mailbox=address,
                room=entry.get(address, ""),
                here="1",
                there=f"{len(rooms)}: {names}",
            )


def _differing(room: Room, found: FoundRoom, lists: "_Lists", year: int) -> Iterator[Difference]:
    """The fields of a room of which the list says something else; its silence says nothing."""

    def difference(field: Field, here: str, there: str) -> Difference:
        return Difference(
            what="differs",
            mailbox=room.mailbox.lower(),
            room=room.id,
            field=field,
            here=here,
            there=there,
        )

    texts: tuple[tuple[Field, str, str], ...] = (
        ("name", room.name, found.name),
        ("building", room.building, found.building),
        ("floor", room.floor, found.floor),
    )
    for field, here, there in texts:
        if there.strip() and plain(here) != plain(there):
            yield difference(field, here, there)
    if found.capacity > 0 and room.capacity != found.capacity:
        yield difference("capacity", str(room.capacity), str(found.capacity))
    if found.time_zone and not _alike(room.time_zone, found.time_zone, year):
        yield difference("time_zone", room.time_zone, found.time_zone)
    ours, theirs = lists.here(room), lists.there(found)
    if found.lists and set(map(plain, ours)) != set(map(plain, theirs)):
        yield difference("lists", ", ".join(ours), ", ".join(theirs))


class _Lists:
    """Room lists by name: those that the service knows. A site may group rooms otherwise too."""

    def __init__(self, answer: Answer, inventory: Inventory) -> None:
        self._known = {plain(name) for one in answer for name in one.lists}
        self._names = {one.id: one.name or one.id for one in inventory.lists}

    def here(self, room: Room) -> list[str]:
        """The names of a room's lists in the inventory, but for those that only the site has."""
        names = (self._names.get(one, one) for one in room.lists)
        return sorted(name for name in names if plain(name) in self._known)

    def there(self, found: FoundRoom) -> list[str]:
        """The names of a room's lists at the service."""
        return sorted(set(found.lists))


def value_of(room: FoundRoom, field: str) -> str:
    """What the service says in a field, as in `Difference.there`."""
    value = getattr(room, field)
    return ", ".join(sorted(set(value))) if isinstance(value, tuple) else str(value)


def plain(text: str) -> str:
    """What is compared of a text: neither case nor spaces make a difference."""
    return " ".join(text.split()).casefold()


def _counted(answer: Answer) -> Counter[str]:
    return Counter(one.mailbox.strip().lower() for one in answer)


@lru_cache(maxsize=4096)
def _alike(here: str, there: str, year: int) -> bool:
    """Whether two time zones tell the same time in every week of a year.

    Services that know Windows names have one for several of IANA's: those are no difference.
    """
    try:
        one, other = zone(here), zone(there)
    except KeyError:
        return False
    first = datetime(year, 1, 1, tzinfo=UTC)
    weeks = (first + timedelta(weeks=week) for week in range(53))
    return all(
        week.astimezone(one).utcoffset() == week.astimezone(other).utcoffset() for week in weeks
    )
