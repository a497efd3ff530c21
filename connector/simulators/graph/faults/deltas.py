"""Faults of rounds of changes (`calendarView/delta`).

As met by others: https://github.com/microsoftgraph/microsoft-graph-docs/issues/2350 (token lost),
https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3070 (pages),
https://github.com/microsoftgraph/microsoft-graph-docs/issues/7632 (stubs).
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeVar

from connector.simulators.graph.faults import Fault, Place, Scene
from connector.simulators.graph.refusal import Json, Refused

T = TypeVar("T")
_TOKENS = ("$deltatoken", "$skiptoken")


class TokenLost(Fault, frozen=True, kw_only=True):
    """Nobody remembers how far the client had read."""

    at: Place = "delta"
    how: Literal["gone", "bad_request", "not_found", "location", "resync"] = "gone"
    """410, or 400 or 404 with the code in small letters, or 410 with a way to begin anew."""
    upon: Literal["deltatoken", "skiptoken", "any"] = "deltatoken"
    """At the beginning of a round, in the middle, or either."""

    ANSWERS: ClassVar[dict[str, tuple[int, str, str]]] = {
        "gone": (
            410,
            "SyncStateNotFound",
            "The sync state generation is not found; generation=149;[highest=157]",
        ),
        "bad_request": (400, "syncStateNotFound", "The sync state is not found."),
        "not_found": (404, "syncStateNotFound", "The sync state is not found."),
        "location": (410, "SyncStateNotFound", "The sync state is not found."),
        "resync": (410, "resyncRequired", "Resync required. Replace any local items."),
    }

    def refusal(self, anew: str) -> Refused:
        """What is said, and with `location` where to begin anew."""
        status, code, message = self.ANSWERS[self.how]
        headers = {"Location": anew} if self.how == "location" else None
        return Refused(status, code, message, headers=headers)

    def concerns(self, at: Place, mailbox: str, options: Mapping[str, str], /) -> bool:
        """Whether the request brings a token of the kind that is lost."""
        wanted = _TOKENS if self.upon == "any" else (f"${self.upon}",)
        return any(options.get(name) for name in wanted) and super().concerns(at, mailbox, options)


class Overshoot(Fault, frozen=True, kw_only=True):
    """Pages longer than was asked for."""

    at: Place = "delta"
    by: int = 71


class EmptyPages(Fault, frozen=True, kw_only=True):
    """Each round begins with pages that hold nothing and lead on."""

    at: Place = "delta"
    pages: int = 1


class Muddle(Fault, frozen=True, kw_only=True):
    """The same item more than once in a round, in any order, with items that did not change."""

    at: Place = "delta"
    duplicates: bool = True
    disorder: bool = True
    replays: bool = False

    def mixed(self, items: list[T]) -> list[T]:
        """The items of a round, muddled, the same way every time."""
        mixed = items[::-1] if self.disorder else list(items)
        return mixed + items[::2] if self.duplicates else mixed


class Orphans(Fault, frozen=True, kw_only=True):
    """Occurrences without the series to which they belong."""

    at: Place = "delta"


class UnknownRemovals(Fault, frozen=True, kw_only=True):
    """Word of the removal of what the client never heard of."""

    at: Place = "delta"
    count: int = 3

    def items(self, items: list[Json], scene: Scene, /) -> list[Json]:
        """The items, and removals of others."""
        sample = scene.sample()["id"]
        removed: Json = {"@odata.type": "#microsoft.graph.event"}
        return items + [
            removed | {"id": f"{sample[:-4]}{number:04}", "@removed": {"reason": "deleted"}}
            for number in range(self.count)
        ]


class DeltaLag(Fault, frozen=True, kw_only=True):
    """Changes that rounds tell of only after a while."""

    at: Place = "delta"
    seconds: float = 30


class SeriesTrouble(Fault, frozen=True, kw_only=True):
    """An error where a calendar holds a series without end."""

    at: Place = "delta"
    status: Literal[503, 504] = 503
    spared_days: int = 0
    """Windows up to so long are answered."""
