"""A test message to everybody who is told of troubles, for the command line."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.shapes import AlertTestShape, ReceiverShape
from bridge.views.web import Route, answer

Test = Callable[[], Awaitable[Sequence[tuple[str, bool, str]]]]
"""Sends it; for each receiver its name, whether it arrived, and else why not."""


def route(test: Test) -> Route:
    """The route of the test."""

    async def serve(_house: House, _caller: Caller, _request: web.Request) -> web.StreamResponse:
        told = [ReceiverShape(receiver=name, ok=ok, words=why) for name, ok, why in await test()]
        return answer(AlertTestShape(receivers=tuple(told)))

    return Route(
        method="POST",
        path="/api/v1/alerts/test",
        serve=serve,
        scope="control",
        summary="Send a test message to every receiver of alerts",
        answer=AlertTestShape,
    )
