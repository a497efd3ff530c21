"""What the tests of the simulated Poly unit share: a clock, meetings, and somebody who talks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer

from connector.simulators.poly import Meeting, Number, Unit, app

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)
LOGIN = {"user": "admin", "password": "secret", "action": "Login"}
TRIO = {"Authorization": aiohttp.encode_basic_auth("Polycom", "secret")}


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)


def meeting(identity: str = "m1", *, hour: float = 13, minutes: int = 30, **more: Any) -> Meeting:
    """A meeting with something to dial, at an hour of the day."""
    start = NOON.replace(hour=0) + timedelta(hours=hour)
    more.setdefault("subject", "Weekly")
    more.setdefault("organizer", "Ann Baker")
    more.setdefault("numbers", (Number(number="123@example.com", protocol="sip"),))
    return Meeting(id=identity, start=start, end=start + timedelta(minutes=minutes), **more)


class Room:
    """A unit that answers, and somebody who talks to it over HTTP."""

    def __init__(self, unit: Unit, clock: Clock, http: "TestClient[Any, Any]") -> None:
        self.unit = unit
        self.clock = clock
        self.http = http
        self.headers: dict[str, str] = {}

    async def log_in(self, **more: Any) -> aiohttp.ClientResponse:
        """Begin a session and keep what it needs."""
        answer = await self.http.post("/rest/session", json=LOGIN | more)
        if "XSRF-TOKEN" in answer.cookies:
            self.headers["x-xsrf-token"] = answer.cookies["XSRF-TOKEN"].value
        return answer

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """A request, and what comes back."""
        answer = await self.http.request(method, path, json=body, headers=self.headers)
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else None

    async def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Use the control API."""
        answer = await self.http.request(method, f"/control{path}", json=body)
        assert answer.status == status, await answer.text()
        return await answer.json()


@asynccontextmanager
async def room(family: Any = "studio", **options: Any) -> AsyncIterator[Room]:
    """A unit at noon, and somebody who talks to it over plain HTTP."""
    clock = Clock()
    unit = Unit(family, clock=clock, **options)
    jar = aiohttp.CookieJar(unsafe=True)
    async with TestClient(TestServer(app(unit)), cookie_jar=jar) as http:
        yield Room(unit, clock, http)
