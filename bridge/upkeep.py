"""What reading the sources costs and how old agendas are, in words for `roombridge doctor`."""

from collections.abc import Mapping

from bridge.lane import Lane
from bridge.sync import Sync
from bridge.views.house import House


def upkeep(house: House, sync: Sync) -> Mapping[str, str]:
    """A sentence for each source."""
    now = house.clock.now()
    ages: dict[str, list[tuple[float, str]]] = {}
    for room in house.rooms.values():
        kept = house.store.kept(room.id)
        if kept is not None:
            age = (now - kept.as_of).total_seconds()
            ages.setdefault(sync.source_of(room), []).append((age, room.id))
    return {name: _words(lane, sorted(ages.get(name, []))) for name, lane in sync.lanes.items()}


def _words(lane: Lane, ages: list[tuple[float, str]]) -> str:
    budget = lane.budget
    allowed = f" of {budget.per_day:,}" if budget.per_day else ""
    covered = sum(seat.covered for seat in lane.seats.values())
    words = (
        f"{budget.spent:,}{allowed} requests in 24 hours or since the start; quiet rooms are read"
        f" every {lane.interval.total_seconds():.0f} s; the service tells of changes in {covered}"
        f" of {len(lane.seats)} rooms"
    )
    if not ages:
        return words
    median, late = (ages[round(share * (len(ages) - 1))][0] for share in (0.5, 0.99))
    oldest, room = ages[-1]
    return (
        f"{words}; agendas are {median:.0f} s old, 99 of 100 at most {late:.0f} s, the oldest"
        f" {oldest:.0f} s ({room})"
    )
