"""For those who watch over the appliance: liveness, readiness, metrics."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from aiohttp import web

from bridge.callers import Caller
from bridge.health import BRIDGE
from bridge.views import render
from bridge.views.house import COMMON, House
from bridge.views.shapes import LiveShape, ReadyShape
from bridge.views.web import Route, answer

_METRICS = COMMON | {
    "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
    "Cache-Control": "no-store",
}


class Family(NamedTuple):
    """One metric and its values by their labels."""

    name: str
    kind: Literal["counter", "gauge"]
    words: str
    labels: tuple[str, ...]
    values: Mapping[Any, float]
    """By tuples of label values."""


Measures = Callable[[], Iterable[Family]]


async def live(_house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
    """That the process answers."""
    return answer(LiveShape())


async def ready(house: House, caller: Caller, _request: web.Request) -> web.StreamResponse:
    """Whether the appliance does its work: ready once every room has an agenda to show."""
    counted = standing(house, house.clock.now(), caller)
    good = not counted["never_read"]
    shape = ReadyShape(
        ready=good,
        rooms=sum(counted.values()),
        fresh=counted["fresh"],
        stale=counted["stale"],
        never_read=counted["never_read"],
        health=render.troubles(house.health.of(BRIDGE)),
    )
    return answer(shape, status=200 if good else 503)


def standing(house: House, now: datetime, caller: Caller) -> dict[str, int]:
    """How many rooms that a caller knows are fresh, stale, or were never read."""
    counted = {"fresh": 0, "stale": 0, "never_read": 0}
    for room in house.rooms:
        if not caller.knows(room):
            continue
        kept = house.store.kept(room)
        if kept is None:
            counted["never_read"] += 1
        else:
            counted["stale" if house.stale(kept, now) else "fresh"] += 1
    return counted


def metrics(measures: Measures) -> Route:
    """The route of Prometheus metrics."""

    async def serve(_house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
        families = list(measures())
        # Off the loop: the library is imported with the first scrape, and the text is long.
        text = await asyncio.to_thread(_exposition, families)
        return web.Response(body=text, headers=_METRICS)

    return Route(
        method="GET",
        path="/metrics",
        serve=serve,
        scope="read",
        displays=False,
        whole=True,
        summary="Metrics in the Prometheus text format",
        answer="text/plain",
    )


def _exposition(families: Iterable[Family]) -> bytes:
    from prometheus_client import (  # noqa: PLC0415 - 14 MiB that only a scraper needs
        CollectorRegistry,
        ProcessCollector,
        generate_latest,
    )
    from prometheus_client.core import (  # noqa: PLC0415
        CounterMetricFamily,
        GaugeMetricFamily,
        Metric,
    )
    from prometheus_client.registry import Collector  # noqa: PLC0415

    class Collected(Collector):
        def collect(self) -> Iterable[Metric]:
            for family in families:
                kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
                metric = kind(family.name, family.words, labels=family.labels)
                for labels, value in family.values.items():
                    metric.add_metric(labels, value)
                yield metric

    registry = CollectorRegistry()
    registry.register(Collected())
    ProcessCollector(registry=registry)
    return generate_latest(registry)


ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        serve=live,
        scope=None,
        summary="Liveness: the process answers",
        answer=LiveShape,
        legacy=True,
    ),
    Route(
        method="GET",
        path="/readyz",
        serve=ready,
        scope="read",
        displays=False,
        summary="Readiness: every room has an agenda to show",
        answer=ReadyShape,
        also={503: "Some room was never read"},
    ),
)
