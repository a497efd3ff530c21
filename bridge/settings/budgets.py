"""Whether budgets of requests suffice for the rooms that are configured."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from bridge.settings.model import Inventory, Site, SourceSettings
from bridge.settings.problem import Place
from connector import load

DAY = timedelta(days=1)
LONGEST_SAFETY = 1.25
"""Times `poll.safety`, between two reads of a room whose changes are told."""


def per_day(source: SourceSettings) -> int | None:
    """Requests a day: what the site says, else what the driver knows of its service."""
    if source.budget is not None:
        return source.budget
    known: int | None = getattr(load.source(source.kind), "PER_DAY", None)
    return known


def per_minute(source: SourceSettings) -> int | None:
    """Requests a minute, where the driver knows of a limit."""
    known: int | None = getattr(load.source(source.kind), "PER_MINUTE", None)
    return known


def check_budgets(
    site: Site, sources: Mapping[str, SourceSettings | None], inventory: Inventory, place: Place
) -> None:
    """Warn of budgets, and of intervals, by which agendas are stale before they are read again."""
    told = any(_told(source) for source in sources.values() if source is not None)
    if told and site.poll.safety * LONGEST_SAFETY >= site.stale_after:
        place.at("poll.safety").warn(
            "rooms whose changes are told are read so rarely that they are stale in between",
            "stale_after must be more than a quarter longer",
        )
    rooms = Counter(room.source for room in inventory.rooms)
    for name, source in sources.items():
        limit = per_day(source) if source is not None else None
        if limit is None:
            continue
        least = DAY * rooms[name] / limit
        if least > site.stale_after:
            place.at("sources").at(name).at("budget").warn(
                f"allows {rooms[name]} rooms to be read every {least.total_seconds():.0f} s only,"
                " and an agenda is stale before",
                "a larger budget, a longer stale_after, or fewer rooms in this source",
            )


def _told(source: SourceSettings) -> bool:
    """Whether its service is asked to tell of changes."""
    return getattr(source.options, "notifications", "poll") != "poll"
