"""Room systems as the API shows them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from bridge.dispatch.status import EndpointStatus
from bridge.settings.model import EndpointSettings
from bridge.views.endpoint_shapes import (
    Ability,
    EndpointShape,
    FactsShape,
    FailureShape,
    NoticeShape,
    PhoneCallShape,
    VisitsShape,
    WishShape,
)
from bridge.views.shapes import TroubleShape
from bridge.visits import Visited, comes
from connector import load
from connector.endpoint import (
    Attended,
    Described,
    Dials,
    Endpoint,
    Facts,
    Lists,
    Provisioned,
    Reads,
    Shows,
    Tones,
)

_ABILITIES: tuple[tuple[Ability, type], ...] = (
    ("shows", Shows),
    ("lists", Lists),
    ("dials", Dials),
    ("tones", Tones),
    ("describes", Described),
    ("attends", Attended),
    ("provisions", Provisioned),
)
DOUBTFUL = timedelta(minutes=30)
"""How long it may stay open whether a system that can tell has its list."""


def reads(settings: EndpointSettings) -> bool:
    """Whether a unit finds its calendar at the façade."""
    return isinstance(settings.options, Reads) and settings.options.facade is not None


def shape(
    settings: EndpointSettings,
    endpoint: Endpoint,
    status: EndpointStatus,
    visit: Visited | None,
    *,
    acknowledged: tuple[str, ...],
    health: tuple[TroubleShape, ...],
) -> EndpointShape:
    """One room system."""
    error, wish = status.last_error, status.last_wish
    return EndpointShape(
        id=settings.id,
        kind=settings.kind,
        room=settings.room,
        address=settings.options.host,
        can=_abilities(type(endpoint)),
        protocols=tuple(settings.options.protocols),
        state=status.state,
        since=status.since,
        reachable=status.reachable,
        provisioned=comes(visit) if reads(settings) else None,
        shown_at=status.shown_at,
        confirmed_at=status.confirmed_at,
        connected=status.connected,
        calls=None
        if status.calls is None
        else tuple(
            PhoneCallShape(state=one.state, direction=one.direction, booking=one.booking)
            for one in status.calls
        ),
        facts=_facts(status.facts) if status.facts else None,
        last_error=FailureShape(code=error.code, words=error.words, fix=error.fix, at=error.at)
        if error
        else None,
        last_wish=WishShape(what=wish.what, code=wish.code, at=wish.at, refused=wish.refused)
        if wish
        else None,
        visits=_visits(visit) if visit else None,
        failures=status.failures,
        drift=status.drift,
        notice=notice(settings.kind, acknowledged),
        health=health,
    )


@cache
def _abilities(kind: type) -> tuple[Ability, ...]:
    """What a class of endpoints can do: looking costs, and there may be ten thousand of them."""
    return tuple(name for name, protocol in _ABILITIES if issubclass(kind, protocol))


def notice(kind: str, acknowledged: tuple[str, ...]) -> NoticeShape | None:
    """The vendor's condition that this site has yet to acknowledge."""
    driver = load.endpoint(kind)
    if not driver.acknowledge or driver.acknowledge in acknowledged:
        return None
    return NoticeShape(acknowledge=driver.acknowledge, words=driver.notice)


def doubts(
    settings: EndpointSettings,
    endpoint: Endpoint,
    status: EndpointStatus,
    visit: Visited | None,
    now: datetime,
) -> Iterator[str]:
    """Codes of what the doctor finds: a list that is not confirmed, a unit that never came."""
    if reads(settings) and (visit is None or visit.last is None):
        yield "endpoint_unprovisioned"
    tells = status.confirmed_at is not None or status.drift > 0
    open_ = status.state == "unknown" or (status.state == "shown" and tells)
    if isinstance(endpoint, Shows) and open_ and now - status.since > DOUBTFUL:
        yield "endpoint_not_confirmed"


def _visits(visit: Visited) -> VisitsShape:
    return VisitsShape(
        last=visit.last,
        software=visit.software,
        bookings=visit.bookings,
        refused=visit.refused,
        refused_at=visit.refused_at,
    )


def _facts(facts: Facts) -> FactsShape:
    off = facts.clock_off
    return FactsShape(
        product=facts.product,
        software=facts.software,
        serial=facts.serial,
        way=facts.way,
        calendar=facts.calendar,
        clock_off_s=None if off is None else off.total_seconds(),
    )
