"""What somebody wants of several rooms at once, and what that is for each of them. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bridge.admin.fields import listed
from bridge.views.inventory_shapes import Fields

PLAIN = ("building", "floor", "capacity")
"""Settings of one value, that are set or emptied."""
EVERY = "*"
"""No id of a list: out of all lists but the one that rooms are put into."""
LONGEST = 200
"""Characters of a field."""


class Wish(NamedTuple):
    """What a form says; what it leaves open stays as it is in each room."""

    values: Mapping[str, str] = {}
    """Settings that get a value."""
    emptied: tuple[str, ...] = ()
    into: str = ""
    """The list that rooms are put into."""
    out: str = ""
    """The list that they are taken out of; `EVERY` is all but `into`."""
    more: tuple[str, ...] = ()
    """Equipment that they have."""
    fewer: tuple[str, ...] = ()
    """Equipment that they have no more."""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Wish":
        """What the fields of a form say; where one is filled in and ticked empty, it is filled."""
        values = {name: fields[name][:LONGEST] for name in PLAIN if fields.get(name)}
        return cls(
            values=values,
            emptied=tuple(name for name in PLAIN if f"no_{name}" in fields and name not in values),
            into=fields.get("into", "")[:LONGEST],
            out=fields.get("out", "")[:LONGEST],
            more=_parts(fields.get("more", "")),
            fewer=_parts(fields.get("fewer", "")),
        )

    @property
    def says_nothing(self) -> bool:
        """Whether everything stays as it is."""
        return self == Wish()

    def patch(self, entry: Fields, mine: frozenset[str] | None) -> dict[str, Any]:
        """What has to be merged into a room's entry; empty where it is so already.

        `mine` are the only lists that may be left.
        """
        told: dict[str, Any] = {
            name: value for name, value in self.values.items() if entry.get(name) != value
        }
        told |= {name: None for name in self.emptied if name in entry}
        for name, made in (
            ("lists", self.lists(entry, mine)),
            ("features", self._features(entry)),
        ):
            if made != listed(entry, name):
                told[name] = made or None
        return told

    def lists(self, entry: Fields, mine: frozenset[str] | None) -> list[str]:
        """The lists that a room is in afterwards."""
        had = listed(entry)
        if self.out == EVERY:
            had = [one for one in had if one == self.into or (mine is not None and one not in mine)]
        elif self.out:
            had = [one for one in had if one != self.out]
        return had if not self.into or self.into in had else [*had, self.into]

    def _features(self, entry: Fields) -> list[str]:
        fewer = {one.casefold() for one in self.fewer}
        kept = [one for one in listed(entry, "features") if one.casefold() not in fewer]
        known = {one.casefold() for one in kept}
        return [*kept, *(one for one in self.more if one.casefold() not in known)]


def _parts(text: str) -> tuple[str, ...]:
    """What is parted by commas or semicolons, each once."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, _split(text[:LONGEST])))))


def _split(text: str) -> Iterator[str]:
    yield from re.split(r"[,;\n]", text)
