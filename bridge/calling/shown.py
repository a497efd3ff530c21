"""Room systems as the API shows them."""

from datetime import datetime
from typing import Protocol

from bridge.dispatch.status import EndpointStatus
from bridge.settings.model import EndpointSettings
from bridge.views.endpoint_shapes import (
    Ability,
    EndpointShape,
    FactsShape,
    FailureShape,
    NoticeShape,
    PhoneCallShape,
    VisitShape,
    WishShape,
)
from bridge.views.shapes import TroubleShape
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
FRESH = 3600.0
"""Seconds after which a unit that has not read the façade does not read it any more."""


class Visits(Protocol):
    """Who knows when units read the façade."""

    def __call__(self, name: str, /) -> VisitShape | None:
        """The last time; None for never."""


def no_visits(_name: str, /) -> VisitShape | None:
    """Nobody reads a façade."""
    return None


def reads(settings: EndpointSettings) -> bool:
    """Whether a unit finds its calendar at the façade."""
    return isinstance(settings.options, Reads) and settings.options.facade is not None


def shape(
    settings: EndpointSettings,
    endpoint: Endpoint,
    status: EndpointStatus,
    visit: VisitShape | None,
    *,
    now: datetime,
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
        can=tuple(name for name, protocol in _ABILITIES if isinstance(endpoint, protocol)),
        protocols=tuple(settings.options.protocols),
        state=status.state,
        since=status.since,
        reachable=status.reachable,
        provisioned=_provisioned(visit, now) if reads(settings) else None,
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
        last_wish=WishShape(what=wish.what, code=wish.code, at=wish.at) if wish else None,
        last_visit=visit,
        failures=status.failures,
        drift=status.drift,
        notice=notice(settings.kind, acknowledged),
        health=health,
    )


def notice(kind: str, acknowledged: tuple[str, ...]) -> NoticeShape | None:
    """The vendor's condition that this site has yet to acknowledge."""
    driver = load.endpoint(kind)
    if not driver.acknowledge or driver.acknowledge in acknowledged:
        return None
    return NoticeShape(acknowledge=driver.acknowledge, words=driver.notice)


def _provisioned(visit: VisitShape | None, now: datetime) -> bool:
    return visit is not None and (now - visit.at).total_seconds() < FRESH


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
