"""Faults of the directory: lists of rooms that are not what they were."""

from uuid import NAMESPACE_DNS, uuid5

from connector.simulators.graph.faults import Fault, Place
from connector.simulators.graph.refusal import Json


class Shrunk(Fault, frozen=True, kw_only=True):
    """Fewer rooms than there are."""

    at: Place = "places"
    left: int = 1

    def places(self, places: list[Json], /) -> list[Json]:
        """The first so many."""
        return places[: self.left]


class Doubled(Fault, frozen=True, kw_only=True):
    """Every room twice."""

    at: Place = "places"

    def places(self, places: list[Json], /) -> list[Json]:
        """One after the other, then all again."""
        return places * 2


class SameAddress(Fault, frozen=True, kw_only=True):
    """Another room with the address of the first."""

    at: Place = "places"

    def places(self, places: list[Json], /) -> list[Json]:
        """With one more at the end."""
        if not places:
            return places
        other = str(uuid5(NAMESPACE_DNS, str(places[0]["id"])))
        return [*places, places[0] | {"id": other, "displayName": "Another room"}]
