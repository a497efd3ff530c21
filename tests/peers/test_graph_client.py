"""The simulated tenant, read by Microsoft's own libraries for JavaScript."""

import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from tests.peers.conftest import node, run, simulated

MAILBOX = "kestrel@example.com"
LINK = "https://zoom.us/j/91234567890"
PREFER = 'outlook.timezone="Tokyo Standard Time", outlook.body-content-type="text"'
TOKYO = ZoneInfo("Asia/Tokyo")


class Tenant:
    """A simulated tenant that runs as a process, and Microsoft's client for it."""

    def __init__(self, told: dict[str, str], authority: Path, http: aiohttp.ClientSession) -> None:
        self.told = told
        self.authority = authority
        self.http = http
        self.day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = {"start": timedelta(days=-7), "end": timedelta(days=14)}
        # With a Z: Microsoft's client puts a plus sign into the query as it is.
        self.window = {edge: f"{self.day + far:%Y-%m-%dT%H:%M:%SZ}" for edge, far in days.items()}

    async def control(self, method: str, path: str, **more: Any) -> Any:
        """Ask the control API."""
        async with self.http.request(method, f"{self.told['control']}{path}", **more) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    async def book(self, subject: str, start: str, **more: Any) -> None:
        meeting = {"subject": subject, "start": start, **more}
        await self.control("POST", f"/mailboxes/{MAILBOX}/events", json=meeting)

    async def held(self) -> list[dict[str, Any]]:
        """What the mailbox holds, as the control API tells it."""
        told = await self.control("GET", f"/mailboxes/{MAILBOX}/events", params=self.window)
        return list(told["events"])

    async def read(self, **more: Any) -> Any:
        """What Microsoft's client reads."""
        asked = {**self.told, **self.window, "mailbox": MAILBOX, "prefer": "", "page": 7, **more}
        packages = "@azure/msal-node", "@microsoft/microsoft-graph-client"
        status, out, errors = await run(
            *node("read_calendar.js", *packages),
            json.dumps(asked),
            NODE_EXTRA_CA_CERTS=str(self.authority),
        )
        assert (status, errors) == (0, "")
        return json.loads(out)


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    authority = tmp_path / "ca.pem"
    async with simulated("graph", "--rooms", "1", "--ca", str(authority)) as told:
        trust = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=authority))
        async with aiohttp.ClientSession(connector=trust) as http:
            yield Tenant(told, authority, http)


async def test_microsofts_client_reads_through_all_pages_what_the_mailbox_holds(
    tenant: Tenant,
) -> None:
    weekly = {"type": "weekly", "days": ["monday", "thursday"], "count": 5}
    await tenant.book("Standing", f"{tenant.day:%Y-%m-%d}T09:00Z", recurrence=weekly)
    await tenant.book("Merger", f"{tenant.day:%Y-%m-%d}T13:00Z", private=True)
    held = await tenant.held()
    assert len(held) > 21, "that would not be many pages"
    assert (await tenant.read())["events"] == held
    asked = (await tenant.control("GET", "/requests"))["requests"]
    pages = [one for one in asked if one["path"].endswith("/calendarView")]
    assert len(pages) == -(-len(held) // 7)
    assert {one["status"] for one in pages} == {200}


async def test_microsofts_client_gets_times_in_its_zone_and_bodies_as_text(tenant: Tenant) -> None:
    day = f"{tenant.day:%Y-%m-%d}"
    await tenant.book("Holiday", day)
    await tenant.book("Review", f"{day}T23:30Z", body=f"<p>Join <b>now</b><br>{LINK}</p>")
    held = await tenant.held()
    read = (await tenant.read(prefer=PREFER))["events"]
    changed = {"start", "end", "body"}
    assert [without(changed, one) for one in read] == [without(changed, one) for one in held]
    for ours, theirs in zip(held, read, strict=True):
        for edge in ("start", "end"):
            assert theirs[edge]["timeZone"] == "Tokyo Standard Time"
            there = ZoneInfo("UTC") if ours["isAllDay"] else TOKYO
            assert theirs[edge]["dateTime"] == local(ours[edge], there)
        assert theirs["body"]["contentType"] == "text"
        assert "<p>" not in theirs["body"]["content"]
    (review,) = (one for one in read if one["subject"] == "Review")
    assert review["body"]["content"].split() == ["Join", "now", LINK]


def without(names: set[str], event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


def local(time: dict[str, str], zone: ZoneInfo) -> str:
    """A time of the control API in a zone, as Graph writes it."""
    assert time["timeZone"] == "UTC"
    instant = datetime.fromisoformat(time["dateTime"][:19]).replace(tzinfo=UTC)
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M:%S}.0000000"


async def test_microsofts_client_understands_that_a_mailbox_is_unknown(tenant: Tenant) -> None:
    told = await tenant.read(mailbox="nobody@example.com")
    assert told == {"error": {"name": "GraphError", "status": 404, "code": "ErrorInvalidUser"}}


async def test_microsofts_login_library_understands_that_a_secret_is_wrong(tenant: Tenant) -> None:
    told = await tenant.read(client_secret="wrong")
    assert told == {"error": {"name": "ServerError", "status": 401, "code": "invalid_client"}}
