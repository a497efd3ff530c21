"""A simulated workspace, asked over HTTP as anybody could."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from google.auth import crypt, jwt

from connector.simulators.google import ACCOUNT, Calendar, Workspace, app
from tests.fakes.virtual import NOON, FixedClock

SCOPES = "https://www.googleapis.com/auth/"
ALL = " ".join(
    SCOPES + name
    for name in ("calendar", "calendar.events", "admin.directory.resource.calendar.readonly")
)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EVENTS = "/calendar/v3/calendars/kestrel%40example.com/events"


@dataclass
class Caller:
    """Somebody with a token."""

    http: TestClient[Any, Any]
    workspace: Workspace
    kestrel: Calendar
    token: str

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        async with self.http.request(method, path, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, (await answer.json() if text else None)

    async def get(self, path: str = EVENTS, **query: str) -> Any:
        """The JSON of an answer that is fine."""
        status, told = await self.ask("GET", path, params=query)
        assert status == 200, told
        return told

    async def refused(
        self, path: str = EVENTS, method: str = "GET", **more: Any
    ) -> tuple[int, str]:
        """The status and the reason of an error."""
        status, told = await self.ask(method, path, **more)
        assert told["error"]["code"] == status
        return status, told["error"]["errors"][0]["reason"]

    async def sync(self, **query: str) -> str:
        """The sync token of a whole round."""
        told = await self.get(**query)
        while "nextPageToken" in told:
            told = await self.get(**query, pageToken=told["nextPageToken"])
        return str(told["nextSyncToken"])


def assertion(workspace: Workspace, now: datetime = NOON, **claims: Any) -> str:
    """What the account signs."""
    account = workspace.accounts[ACCOUNT]
    name = claims.pop("key", list(account.keys)[-1])
    signer: Any = crypt.RSASigner.from_string(  # type: ignore[no-untyped-call]
        key_pem(account.key_file("", name)), claims.pop("kid", name)
    )
    issued = int(now.timestamp())
    usual = {
        "iss": ACCOUNT,
        "scope": ALL,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": issued,
        "exp": issued + 3600,
    }
    signed: bytes = jwt.encode(signer, {**usual, **claims})  # type: ignore[no-untyped-call]
    return signed.decode()


def key_pem(file: str) -> str:
    """The private key in a key file."""
    return str(json.loads(file)["private_key"])


async def grant(http: TestClient[Any, Any], form: Mapping[str, str]) -> tuple[int, Any]:
    """The answer of the token endpoint."""
    async with http.post("/token", data=dict(form)) as answer:
        return answer.status, await answer.json()


@asynccontextmanager
async def calling(clock: FixedClock | None = None) -> AsyncIterator[Caller]:
    """A workspace with a room, and somebody who may write to it."""
    clock = clock or FixedClock()
    workspace = Workspace(clock=clock.now)
    workspace.add_service_account()
    workspace.admins.add(ACCOUNT)
    kestrel = workspace.add_room(
        "kestrel@example.com",
        name="Kestrel",
        building="hq",
        floor="2",
        capacity=8,
        features=["Screen"],
        shared_with=[ACCOUNT],
        role="writer",
    )
    async with TestClient(TestServer(app(workspace))) as http:
        status, told = await grant(
            http, {"grant_type": GRANT, "assertion": assertion(workspace, clock.now())}
        )
        assert status == 200, told
        yield Caller(http, workspace, kestrel, told["access_token"])
