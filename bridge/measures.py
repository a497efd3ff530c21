"""What the appliance tells Prometheus."""

from collections import Counter
from collections.abc import Iterator

from bridge.chain.herald import Herald
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
    herald: Herald,
    version: str,
) -> Iterator[Family]:
    """Everything, summed over rooms but for their age: that is what each is judged by."""
    yield Family("roombridge_build", "gauge", "What runs", ("version",), {(version,): 1})
    yield from _agendas(house)
    yield from _used(house)
    yield from _reads(sync)
    yield from _telling(sync)
    yield from _spending(sync)
    yield from _endpoints(dispatch)
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
    yield from _attendance(house)
    yield Family(
        "roombridge_audit_head_age_seconds",
        "gauge",
        "Seconds since a receiver was known to have the newest head of the audit log",
        ("receiver",),
        herald.ages(),
    )
    yield Family("roombridge_streams", "gauge", "Open event streams", (), {(): len(hub)})


def _attendance(house: House) -> Iterator[Family]:
    yield Family(
        "roombridge_checkins",
        "counter",
        "Bookings that somebody checked in to, by how",
        ("how",),
        house.attended.check_ins,
    )
    yield Family(
        "roombridge_releases",
        "counter",
        "Bookings released because nobody came, by scope",
        ("scope",),
        house.attended.releases,
    )


def _endpoints(dispatch: Dispatch) -> Iterator[Family]:
    counts = dispatch.counts
    yield Family(
        "roombridge_pushes",
        "counter",
        "Lists pushed to room systems, by kind and outcome",
        ("kind", "outcome"),
        counts.pushes,
    )
    yield Family(
        "roombridge_read_backs",
        "counter",
        "Room systems asked which list they have, by kind and outcome",
        ("kind", "outcome"),
        counts.read_backs,
    )
    yield Family(
        "roombridge_endpoint_actions",
        "counter",
        "Room systems told to dial, to hang up and the like, by kind and outcome",
        ("kind", "outcome"),
        counts.actions,
    )
    yield Family(
        "roombridge_wishes",
        "counter",
        "What people wanted at room systems, by kind, wish and outcome",
        ("kind", "wish", "outcome"),
        counts.wishes,
    )
    yield Family(
        "roombridge_endpoints",
        "gauge",
        "Room systems by kind and state",
        ("kind", "state"),
        dispatch.states(),
    )
    yield Family(
        "roombridge_endpoints_in_call",
        "gauge",
        "Room systems that told that they are in a call, by kind",
        ("kind",),
        dispatch.in_calls(),
    )


def _used(house: House) -> Iterator[Family]:
    states = Counter((house.presence(room).state,) for room in house.rooms)
    yield Family(
        "roombridge_rooms_presence",
        "gauge",
        "Rooms by whether anybody uses them",
        ("state",),
        states,
    )


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
        "roombridge_room_age_seconds",
        "gauge",
        "Seconds since the calendar of each room was read well",
        ("room",),
        {
            (room,): (now - kept.as_of).total_seconds()
            for room in house.rooms
            if (kept := house.store.kept(room)) is not None
        },
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


def _spending(sync: Sync) -> Iterator[Family]:
    lanes = sync.lanes
    yield Family(
        "roombridge_requests",
        "counter",
        "Requests sent to services, by source and purpose",
        ("source", "purpose"),
        {
            (name, purpose): count
            for name, lane in lanes.items()
            for purpose, count in lane.budget.meter.spent.items()
        },
    )
    yield Family(
        "roombridge_notifications",
        "counter",
        "Notifications of services, by source and what came of them",
        ("source", "outcome"),
        {
            (name, told): count
            for name, lane in lanes.items()
            for told, count in lane.budget.meter.told.items()
        },
    )
    yield Family(
        "roombridge_request_budget",
        "gauge",
        "Requests that a source may send a day, where that is limited",
        ("source",),
        {(name,): lane.budget.per_day for name, lane in lanes.items() if lane.budget.per_day},
    )
    yield Family(
        "roombridge_requests_day",
        "gauge",
        "Requests of the last 24 hours",
        ("source",),
        {(name,): lane.budget.spent for name, lane in lanes.items()},
    )
    yield Family(
        "roombridge_read_interval_seconds",
        "gauge",
        "How often rooms are read in which nothing happens",
        ("source",),
        {(name,): lane.interval.total_seconds() for name, lane in lanes.items()},
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
