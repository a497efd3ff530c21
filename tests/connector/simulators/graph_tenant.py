"""What the tests of the simulated tenant share: a clock, a room, and somebody who asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from connector.simulators.graph import CLIENT_ID, TENANT_ID, Meeting, Tenant, app

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""A Monday."""
KESTREL = "kestrel@example.com"
VIEW = f"/v1.0/users/{KESTREL}/calendarView"
TOKEN = f"/{TENANT_ID}/oauth2/v2.0/token"
DAY = {"startDateTime": "2026-11-23T00:00:00Z", "endDateTime": "2026-11-24T00:00:00Z"}
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": "right",
    "scope": "https://graph.microsoft.com/.default",
}


class Clock:
    """A clock that moves when told to, and for those who wait for it."""

    def __init__(self) -> None:
        self.time = NOON
        self.slept: list[float] = []
        self.asleep = asyncio.Semaphore(0)
        """Released for each that begins to wait."""
        self.go = asyncio.Event()
        self.go.set()

    def __call__(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.release()
        await self.go.wait()


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def subjects(self) -> list[str]:
        return [event["subject"] for event in self.json["value"]]


class Caller:
    """A tenant that answers, and an application that asks."""

    def __init__(self, tenant: Tenant, clock: Clock, http: "TestClient[Any, Any]") -> None:
        self.tenant = tenant
        self.clock = clock
        self.http = http
        self.token = tenant.issue_token(CLIENT_ID)
        self.kestrel = tenant.mailbox(KESTREL)

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """Any request."""
        async with self.http.request(
            method, path, headers=headers, allow_redirects=False, **more
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, prefer: str = "", **options: str) -> Answer:
        """Ask Graph."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if prefer:
            headers["Prefer"] = prefer
        params = {name.replace("dollar_", "$"): value for name, value in options.items()}
        return await self.ask("GET", path, headers=headers, params=params)

    async def follow(self, link: str) -> Answer:
        """Ask for the next page, exactly as its link says."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.session.get(URL(link, encoded=True), headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def view(self, prefer: str = "", **options: str) -> Answer:
        """Ask Graph for the day of the room."""
        return await self.get(VIEW, prefer, **(DAY | options))

    async def log_in(self, **form: str | None) -> Answer:
        """Ask for a token; None leaves a parameter out."""
        tenant = form.pop("tenant", TENANT_ID)
        data = {name: value for name, value in (CREDENTIALS | form).items() if value is not None}
        return await self.ask("POST", f"/{tenant}/oauth2/v2.0/token", data=data)

    async def control(
        self, method: str, path: str, body: object = None, status: int | None = None
    ) -> Any:
        """Use the control API."""
        answer = await self.ask(method, f"/control{path}", json=body)
        wanted = status or (201 if method == "POST" and path.count("/") in {1, 3} else 200)
        assert answer.status == wanted, answer.body
        return answer.json


@asynccontextmanager
async def asking(**options: Any) -> AsyncIterator[Caller]:
    """A tenant with one room at noon, and an application that may read it."""
    clock = Clock()
    tenant = Tenant(clock=clock, sleep=clock.sleep, **options)
    tenant.register_app(secret="right")
    tenant.add_mailbox(KESTREL, name="Kestrel", time_zone="Europe/London")
    client: TestClient[Any, Any] = TestClient(TestServer(app(tenant)))
    async with client as http:
        yield Caller(tenant, clock, http)


def meeting(
    subject: str = "Review", *, hour: float = 13, minutes: int = 30, **more: Any
) -> Meeting:
    """A meeting at an hour of the day, in UTC."""
    start = NOON.replace(hour=0) + timedelta(hours=hour)
    return Meeting(subject=subject, start=start, end=start + timedelta(minutes=minutes), **more)
