"""What the appliance tells Prometheus."""

from collections.abc import Iterator

from bridge.dispatch import Dispatch
from bridge.health import count
from bridge.identities import Identities, seconds_left
from bridge.sync import Sync
from bridge.views.house import House
from bridge.views.status import Family
from bridge.views.stream import Hub

PERCENTILES = (50, 99, 100)


def measures(
    house: House,
    sync: Sync,
    dispatch: Dispatch,
    hub: Hub,
    identities: Identities,
    *,
    version: str,
) -> Iterator[Family]:
    """Everything, summed over rooms: thousands of series would be of use to nobody."""
    yield Family("roombridge_build", "gauge", "What runs", ("version",), {(version,): 1})
    yield from _agendas(house)
    yield from _reads(sync)
    yield from _telling(sync)
    yield Family(
        "roombridge_pushes",
        "counter",
        "Lists pushed to room systems, by kind and outcome",
        ("kind", "outcome"),
        dispatch.pushes.done,
    )
    yield Family(
        "roombridge_endpoints",
        "gauge",
        "Room systems by kind and state",
        ("kind", "state"),
        dispatch.states(),
    )
    yield Family(
        "roombridge_troubles",
        "gauge",
        "What fails now, by what it concerns and code",
        ("subject", "code"),
        count(house.health),
    )
    yield Family(
        "roombridge_refused",
        "counter",
        "Requests refused because their caller is locked out or asks too much, by why",
        ("why",),
        house.limits.refused,
    )
    yield Family(
        "roombridge_credential_seconds_left",
        "gauge",
        "Seconds until a credential of a source ends, where its end is known",
        ("source", "credential"),
        seconds_left(identities, house.clock.now()),
    )
    yield Family("roombridge_streams", "gauge", "Open event streams", (), {(): len(hub)})


def _agendas(house: House) -> Iterator[Family]:
    now = house.clock.now()
    states: dict[tuple[str, ...], float] = {}
    ages: dict[str, list[float]] = {}
    for room in house.rooms.values():
        kept = house.store.kept(room.id)
        if kept is None:
            state = "never_read"
        else:
            state = "stale" if house.stale(kept, now) else "fresh"
            ages.setdefault(room.source, []).append((now - kept.as_of).total_seconds())
        states[room.source, state] = states.get((room.source, state), 0) + 1
    yield Family(
        "roombridge_rooms", "gauge", "Rooms by source and freshness", ("source", "state"), states
    )
    yield Family(
        "roombridge_agenda_age_seconds",
        "gauge",
        "Seconds since calendars were read well",
        ("source", "percentile"),
        {
            (source, str(percentile)): sorted(found)[round(percentile / 100 * (len(found) - 1))]
            for source, found in ages.items()
            for percentile in PERCENTILES
        },
    )


def _reads(sync: Sync) -> Iterator[Family]:
    counts = sync.counts
    yield Family(
        "roombridge_reads",
        "counter",
        "Calendars read, by source and outcome",
        ("source", "outcome"),
        counts.reads,
    )
    yield Family(
        "roombridge_agenda_changes",
        "counter",
        "Reads that showed something different",
        ("source",),
        {(source,): value for source, value in counts.changes.items()},
    )
    yield Family(
        "roombridge_confirmations",
        "counter",
        "Reads repeated because they dropped half of what was there",
        ("source",),
        {(source,): value for source, value in counts.confirmations.items()},
    )
    yield Family(
        "roombridge_reads_at_a_time",
        "gauge",
        "How many reads may be in flight, as the service bears it",
        ("source",),
        {(name,): lane.gate.limit for name, lane in sync.lanes.items()},
    )
    yield Family(
        "roombridge_source_stopped",
        "gauge",
        "1 where a source refuses everybody and is only probed",
        ("source",),
        {(name,): lane.breaker.open for name, lane in sync.lanes.items()},
    )


def _telling(sync: Sync) -> Iterator[Family]:
    counts = sync.counts
    yield Family(
        "roombridge_read_causes",
        "counter",
        "Reads by source and what they were for",
        ("source", "cause"),
        counts.causes,
    )
    yield Family(
        "roombridge_missed_hints",
        "counter",
        "Changes found by a read of its own, though the source should have told of them",
        ("source",),
        {(source,): value for source, value in counts.missed.items()},
    )
    yield Family(
        "roombridge_covered_rooms",
        "gauge",
        "Rooms whose source tells of changes by itself",
        ("source",),
        {
            (name,): sum(seat.covered for seat in lane.seats.values())
            for name, lane in sync.lanes.items()
        },
    )
