"""A plan told to people: what becomes of which entry, setting by setting."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from bridge.admin.naming import Names
from bridge.admin.words import Words
from bridge.settings.secrets import VAULT
from bridge.views.inventory import Keeping, Kind
from bridge.views.inventory_shapes import AppliedShape, ChangeShape, PlanShape
from bridge.views.web import Problem
from rooms.inventory.plan import What, text

SHOWN = 200
"""Changes of one kind that a page tells one by one; of more their number."""
COMPARED = 20
"""Entries that are compared with what stands now."""
LATEST = 20
"""Changes of others that are told."""
_ORDER: tuple[What, ...] = ("removed", "renamed", "moved", "changed", "added")
"""What cannot be seen afterwards comes first."""
_KINDS: Mapping[str, Kind] = {"room": "rooms", "list": "lists", "endpoint": "endpoints"}


class Setting(NamedTuple):
    """A setting before and after; empty where it is not set."""

    code: str
    name: str
    """In words, or the code where there are none."""
    before: str
    after: str
    now: str = ""
    """As it stands by now, where that was looked at."""

    @property
    def moved(self) -> bool:
        """Whether somebody else changed it meanwhile."""
        return self.now != self.before


class Differing(Protocol):
    """A change, of the keeper, of the API or of the audit log."""

    @property
    def before(self) -> Mapping[str, str]:
        """The settings that differ."""

    @property
    def after(self) -> Mapping[str, str]:
        """The same afterwards."""


class Line(NamedTuple):
    """What becomes of one entry."""

    change: ChangeShape
    name: str
    """What people call it, or its id."""
    settings: tuple[Setting, ...]
    gone: bool = False
    """Whether it is there no more, though the plan counts on it."""


class Group(NamedTuple):
    """Entries that the same becomes of."""

    what: What
    total: int
    lines: tuple[Line, ...]
    """The first of them."""
    kinds: frozenset[str]
    """Rooms, lists or room systems: what it means differs."""


class Meanwhile(NamedTuple):
    """What happened since a plan was made."""

    lines: tuple[Line, ...]
    """The entries of the plan, with their settings as they stand now."""
    changes: tuple[AppliedShape, ...]
    """What others changed, the latest first."""


def grouped(changes: Sequence[ChangeShape], words: Words, names: Names) -> list[Group]:
    """Changes by what becomes of them."""
    made = []
    for what in _ORDER:
        found = [one for one in changes if one.what == what]
        if found:
            lines = tuple(_line(one, words, names) for one in found[:SHOWN])
            kinds = frozenset(one.kind for one in found)
            made.append(Group(what, len(found), lines, kinds))
    return made


async def meanwhile(keeping: Keeping, plan: PlanShape, words: Words, names: Names) -> Meanwhile:
    """What others did since a plan was made, and how its entries stand now."""
    caller = names.caller
    lines = [
        await _standing(keeping, one, words, names)
        for one in plan.changes[:COMPARED]
        if one.what != "added"
    ]
    if keeping.in_files:  # who changed those is not known here
        return Meanwhile(tuple(lines), ())
    since = int(plan.base[1:]) if plan.base[:1] == "s" and plan.base[1:].isdecimal() else 0
    found = (await keeping.history(None, LATEST, caller)).changes
    return Meanwhile(tuple(lines), tuple(one for one in found if one.change > since))


async def _standing(keeping: Keeping, change: ChangeShape, words: Words, names: Names) -> Line:
    id_ = change.former if change.what == "renamed" else change.id
    try:
        found = await keeping.entry(_KINDS[change.kind], id_, names.caller)
    except Problem:
        return Line(change, id_, (*settings(change, words, names),), gone=True)
    entry = _parts({name: text(value) for name, value in found.entry.items()})
    stands = {name: told(name, value, words, names) for name, value in entry.items()}
    differing = tuple(
        one._replace(now=stands.get(one.code, "")) for one in settings(change, words, names)
    )
    return Line(change, str(found.entry.get("name", id_)), differing)


def _line(change: ChangeShape, words: Words, names: Names) -> Line:
    named = change.after.get("name") or change.before.get("name")
    named = named or names.of(change.kind, change.former or change.id) or change.id
    return Line(change, named, (*settings(change, words, names),))


def settings(change: Differing, words: Words, names: Names) -> Iterator[Setting]:
    """The settings that a change is about, and of those with parts the parts."""
    before, after = (_parts(side) for side in (change.before, change.after))
    for code in dict.fromkeys((*before, *after)):
        was, will = before.get(code, ""), after.get(code, "")
        if was != will:
            both = (told(code, value, words, names) for value in (was, will))
            yield Setting(code, _called(code, words), *both)


def _parts(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Settings, and in place of one that has parts each of these: `display.theme`."""
    made: dict[str, str] = {}
    for code, value in settings.items():
        found = _mapping(value)
        if found is None:
            made[code] = value
        else:
            made |= _parts({f"{code}.{key}": text(one) for key, one in found.items()})
    return made


def _mapping(value: str) -> Mapping[str, Any] | None:
    if not value.startswith("{"):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _called(code: str, words: Words) -> str:
    """What people call a setting."""
    last = code.rpartition(".")[2]
    for key in (f"choice.{last}", f"setting.{last}"):
        if words.has(key):
            return words(key)
    return code


def told(code: str, value: str, words: Words, names: Names) -> str:
    """A setting's value in words; where a secret is kept tells nobody much."""
    if value.startswith(VAULT):
        return words("plan.secret")
    key = f"choice.{code.rpartition('.')[2]}_{value}"
    return words(key) if value.isidentifier() and words.has(key) else names.value(code, value)
