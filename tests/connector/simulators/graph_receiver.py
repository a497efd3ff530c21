"""Somebody who subscribed to changes of the simulated tenant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from .graph_tenant import KESTREL, NOON, Answer, Caller, asking

PATH = "/v1.0/subscriptions"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """An address that wants to be told; `answers` are its first answers to notifications."""

    def __init__(self) -> None:
        self.url = ""
        self.values: list[Any] = []
        self.bodies: list[int] = []
        self.proofs: list[str] = []
        self.answers: list[int | float] = []
        self.proof: Handler | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if "validationToken" in request.query:
            self.proofs.append(request.path)
            if self.proof:
                return await self.proof(request)
            return web.Response(text=request.query["validationToken"])
        values = msgspec.json.decode(await request.read())["value"]
        answer = self.answers.pop(0) if self.answers else 202
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            answer = 202
        if answer == 202:
            self.values += values
            self.bodies.append(len(values))
        return web.Response(status=answer)

    async def subscribe(self, graph: Caller, **changes: Any) -> Answer:
        wanted = {
            "changeType": "created,updated,deleted",
            "notificationUrl": f"{self.url}/news",
            "lifecycleNotificationUrl": f"{self.url}/life",
            "resource": f"/users/{KESTREL}/events",
            "expirationDateTime": (NOON + timedelta(days=6)).isoformat(),
            "clientState": "secret",
        } | changes
        prefer = wanted.pop("prefer", "")
        body = {name: value for name, value in wanted.items() if value is not None}
        return await send(graph, "POST", PATH, body, prefer)


async def send(
    graph: Caller, method: str, path: str, body: object = None, prefer: str = ""
) -> Answer:
    headers = {"Authorization": f"Bearer {graph.token}"} | ({"Prefer": prefer} if prefer else {})
    return await graph.ask(method, path, headers=headers, json=body)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Caller, Receiver]]:
    receiver = Receiver()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_post("/{tail:.*}", receiver.handle)
    async with TestServer(application) as server, asking() as graph:
        receiver.url = str(server.make_url("")).rstrip("/")
        yield graph, receiver


async def told(graph: Caller, receiver: Receiver) -> list[Any]:
    """What came, once everything did."""
    await graph.tenant.delivery.idle()
    values, receiver.values = receiver.values, []
    return values
