"""Whether budgets of requests suffice for the rooms that are configured."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from bridge.settings.model import Inventory, Site, SourceSettings
from bridge.settings.problem import Place
from connector import load

DAY = timedelta(days=1)


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
    """Warn of budgets by which agendas are stale before they are read again."""
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
