"""What reading the sources costs, and how old agendas are."""

from collections.abc import Iterator

from bridge.lane import Lane
from bridge.sync import Sync
from bridge.views.house import House
from bridge.views.shapes import UpkeepShape


def upkeep(house: House, sync: Sync) -> Iterator[UpkeepShape]:
    """Each source that is read."""
    now = house.clock.now()
    ages: dict[str, list[tuple[float, str]]] = {}
    for room in house.rooms.values():
        kept = house.store.kept(room.id)
        if kept is not None:
            age = (now - kept.as_of).total_seconds()
            ages.setdefault(sync.source_of(room), []).append((age, room.id))
    for name, lane in sync.lanes.items():
        yield _shape(name, lane, sorted(ages.get(name, [])))


def _shape(name: str, lane: Lane, ages: list[tuple[float, str]]) -> UpkeepShape:
    def at(share: float) -> float | None:
        return round(ages[round(share * (len(ages) - 1))][0], 1) if ages else None

    return UpkeepShape(
        source=name,
        rooms=len(lane.seats),
        covered=sum(seat.covered for seat in lane.seats.values()),
        requests_day=lane.budget.spent,
        budget=lane.budget.per_day,
        interval_s=round(lane.interval.total_seconds(), 1),
        age_p50_s=at(0.5),
        age_p99_s=at(0.99),
        age_worst_s=at(1.0),
        worst_room=ages[-1][1] if ages else None,
    )
