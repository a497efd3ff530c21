"""What a form shows of an entry of the inventory, and what it wants changed. Pure.

A form carries what it showed, so that of what somebody did not touch nothing is changed: another
person may have changed it meanwhile.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bridge.inventory.entry_texts import entry_of, entry_text
from rooms.inventory import Fields
from rooms.inventory.columns import shown
from rooms.inventory.edit import merged, patch
from rooms.inventory.plan import text

Values = Mapping[str, str]
"""What a form has, by the names of its fields."""

ROOM = (
    "name",
    "mailbox",
    "source",
    "time_zone",
    "building",
    "floor",
    "capacity",
    "all_day",
    "tentative",
    "display.language",
    "display.theme",
    "display.titles",
    "display.organizers",
    "display.find",
)
"""Settings of a room that have a field of their own, but for lists of them."""
UNIT = ("kind", "address")
"""The same of a room system, but for its login, which is elsewhere in some kinds."""
MANY = ("features",)
"""Settings that hold several values, with commas between them in a field."""
LISTS, REST, WAS = "lists", "rest", "was"
"""Fields of room lists, of settings without a field, and of what the form showed."""
APART = frozenset(["id", "endpoints"])
"""What is no setting of a room that its form would show."""
LONGEST = 20_000
"""Characters of settings without a field."""


class Unreadable(ValueError):
    """Settings without a field that cannot be read; the words say why and in which line."""


class Form(NamedTuple):
    """Which settings of an entry a form has."""

    single: Collection[str]
    many: Collection[str] = ()
    lists: Collection[str] | None = None
    """Room lists that somebody may put a room into; None where it has none."""
    rest: bool = False
    """Whether other settings are shown as YAML."""
    secrets: bool = False
    """Whether the entry has secrets, which are never shown, nor where they are kept."""

    def shown(self, entry: Fields) -> dict[str, str]:
        """An entry as the form shows it."""
        made = {name: text(at(entry, name) or "") for name in (*self.single, *self.many)}
        if self.lists is not None:
            made[LISTS] = ",".join(one for one in listed(entry) if one in self.lists)
        if self.rest:
            made[REST] = entry_text(self._rest(entry))
        return made

    def wanted(self, entry: Fields, was: Values, now: Values) -> dict[str, Any]:
        """An entry with what somebody changed in the form.

        Raises:
            Unreadable: settings without a field cannot be read.
        """
        change: dict[str, Any] = {}
        for name in self.single:
            if now.get(name, "") != was.get(name, ""):
                _put(change, name, now[name] if now.get(name) else None)
        for name in self.many:
            if now.get(name, "") != was.get(name, ""):
                _put(change, name, parted(now.get(name, "")) or None)
        if self.lists is not None:
            found = self._lists(entry, was, now)
            if found != listed(entry):
                change[LISTS] = found or None
        if self.rest and now.get(REST, "") != was.get(REST, ""):
            before = self._parts(_read(was.get(REST, "")))
            entry = merged(entry, patch(before, self._parts(self._own(now))))
        return _tidy(merged(entry, change))

    def _rest(self, entry: Fields) -> dict[str, Any]:
        """The settings that have no field."""
        gone: dict[str, Any] = {}
        hidden = [path for path in _paths(entry) if self.secrets and not shown(path)]
        for name in (*self.single, *self.many, *hidden):
            if at(entry, name) is not None:
                _put(gone, name, None)
        apart = APART if self.lists is None else APART | {LISTS}
        return _tidy({key: one for key, one in merged(entry, gone).items() if key not in apart})

    def _parts(self, rest: Fields) -> Fields:
        """The same, with each part that also has fields: taking out the rest leaves these."""
        return {name.partition(".")[0]: {} for name in self.single if "." in name} | dict(rest)

    def _own(self, now: Values) -> Fields:
        """Settings without a field, as somebody wrote them."""
        found = _read(now.get(REST, ""))
        for name in (*self.single, *self.many, *APART):
            if at(found, name) is not None:
                raise Unreadable(f"{name} has a place of its own on this page")
        for path in _paths(found):
            if self.secrets and not shown(path):
                raise Unreadable(f"{path} is a secret, which does not stand here")
        return found

    def _lists(self, entry: Fields, was: Values, now: Values) -> list[str]:
        """The room lists: those that were there, without those taken away, with those added."""
        before, after = parted(was.get(LISTS, "")), parted(now.get(LISTS, ""))
        may = self.lists or ()
        gone = {one for one in before if one not in after and one in may}
        kept = [one for one in listed(entry) if one not in gone]
        return kept + [one for one in after if one not in before and one not in kept]


def listed(entry: Fields, name: str = LISTS) -> list[str]:
    """The values of a setting that holds several: the room lists of a room."""
    found = entry.get(name) or ()
    return [found] if isinstance(found, str) else [str(one) for one in found]


def parted(value: str) -> list[str]:
    """Values with commas between them; each once."""
    return list(dict.fromkeys(one for part in value.split(",") if (one := part.strip())))


def kept(values: Values) -> str:
    """What a form showed, as it carries that."""
    return json.dumps(dict(values), ensure_ascii=False)


def carried(told: str) -> Values:
    """What a form says that it showed; nothing where it cannot be read."""
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): value for key, value in found.items() if isinstance(value, str)}


def _read(piece: str) -> Fields:
    if len(piece) > LONGEST:
        raise Unreadable(f"it is longer than {LONGEST} characters")
    fields, found = entry_of(piece)
    for one in found:
        where = f"line {one.row}: " if one.row else ""
        raise Unreadable(f"{where}{f'{one.column} ' if one.column else ''}{one.words}")
    return fields


def at(fields: Fields, path: str) -> Any:
    """A setting by its path, as `facade.username`; None where there is none."""
    found: Any = fields
    for key in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def _paths(fields: Fields, above: str = "") -> Iterator[str]:
    """The settings that are no mappings of others, as `facade.username`."""
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from _paths(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _put(fields: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for key in above:
        fields = fields.setdefault(key, {})
    fields[last] = value


def _tidy(fields: Fields) -> dict[str, Any]:
    """Settings without mappings that have nothing in them."""
    made = {}
    for key, value in fields.items():
        found = _tidy(value) if isinstance(value, Mapping) else value
        if found != {}:
            made[key] = found
    return made


def sorted_names(names: Iterable[str]) -> list[str]:
    """Names as people look for them: without regard to capitals."""
    return sorted(dict.fromkeys(names), key=str.casefold)
