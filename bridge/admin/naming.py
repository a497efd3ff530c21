"""What people call rooms, room lists and one another, for what is kept by ids."""

from typing import NamedTuple

from bridge.callers import Caller
from bridge.views.house import House

PERSON = "person:"
"""Before the names of people among those of everybody who does something."""
_OF_LISTS = frozenset({"lists", "parent"})
"""Settings that name room lists."""


class Names(NamedTuple):
    """Knows what there is by its name, as far as somebody may know it."""

    house: House
    caller: Caller

    def of(self, kind: str, id_: str) -> str:
        """What people call a room or a room list; empty for what has no name, or is gone."""
        if kind == "room":
            room = self.house.rooms.get(id_)
            return room.name if room is not None else ""
        return self._list(id_) if kind == "list" else ""

    def value(self, setting: str, value: str) -> str:
        """What a setting says, with room lists by their names."""
        if setting not in _OF_LISTS:
            return value
        return ", ".join(self._list(one) or one for one in value.split(", "))

    def _list(self, id_: str) -> str:
        mine = self.caller.lists is None or id_ in self.caller.lists
        return self.house.lists.get(id_, "") if mine else ""


def person(house: House, actor: str) -> str:
    """What others call who did something; of services and commands what the log calls them."""
    if not actor.startswith(PERSON):
        return actor
    name = actor.removeprefix(PERSON)
    account = house.people.accounts.named(name) if house.people is not None else None
    return account.shown or account.name if account is not None else name
