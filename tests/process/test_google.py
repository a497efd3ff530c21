"""`roombridge run` with rooms of Google Workspace."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer, unused_port

from connector.simulators.google import ACCOUNT, Workspace, app
from tests.process.conftest import PROGRAM, ROOT, Site, until

ENTRY = {"entryPointType": "sip", "uri": "sip:91234567890@zoomcrc.com"}
HOUR = timedelta(hours=1)


def configure(site: Site, workspace: Workspace, server: TestServer) -> None:
    """Let the site read this workspace and nothing else."""
    url = str(server.make_url("/")).rstrip("/")
    site.secrets["secret"] = workspace.add_service_account().key_file(f"{url}/token")
    site.settings["sources"] = {
        "workspace": {
            "kind": "google",
            "service_account_file": "secret",
            "calendar_url": f"{url}/calendar/v3/",
            "token_url": f"{url}/token",
        }
    }


async def test_a_meeting_at_google_reaches_the_api_and_an_outage_removes_nothing(
    site: Site,
) -> None:
    workspace = Workspace()
    kestrel = workspace.add_room("kestrel@example.com", shared_with=[ACCOUNT])
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    kestrel.add(
        "Review", start, start + timedelta(hours=1), conferenceData={"entryPoints": [ENTRY]}
    )
    server = TestServer(app(workspace))
    async with server:
        configure(site, workspace, server)
        async with site.running() as running:
            assert await until(running.titles) == ["Review"]
            told_agenda = await running.get("/api/v1/rooms/kestrel/agenda")
            (booking,) = told_agenda["bookings"]
            assert booking["join"]["sip"] == "91234567890@zoomcrc.com"
            kestrel.share(ACCOUNT, None)

            async def told() -> bool:
                room = await running.get("/api/v1/rooms/kestrel")
                return "unshared" in {one["code"] for one in room["health"]}

            await until(told, "that the calendar is no longer shared")
            assert await running.titles() == ["Review"]
            kestrel.share(ACCOUNT)
            kestrel.add("Second", start + timedelta(hours=2), start + timedelta(hours=3))

            async def both() -> bool:
                return await running.titles() == ["Review", "Second"]

            await until(both, "the second meeting")


@pytest.fixture
async def told(site: Site) -> AsyncIterator[tuple[Site, Workspace]]:
    """A site that Google tells, and that would otherwise read once an hour."""
    pytest.importorskip("bridge.watch", reason="the bridge does not offer a watch yet")
    workspace = Workspace()
    workspace.channels.plain_http = True
    server = TestServer(app(workspace))
    async with server:
        configure(site, workspace, server)
        port = unused_port()
        site.settings["listen"]["port"] = str(port)
        site.settings["public_url"] = f"http://127.0.0.1:{port}"
        site.settings["sources"]["workspace"]["notifications"] = "webhook"
        site.settings["poll"] = {"near": "1h", "far": "1h", "safety": "1h"}
        site.settings["stale_after"] = "3h"
        yield site, workspace


@pytest.mark.timeout(180)
async def test_a_booking_shows_when_google_tells_of_it(told: tuple[Site, Workspace]) -> None:
    site, workspace = told
    kestrel = workspace.add_room("kestrel@example.com", shared_with=[ACCOUNT])
    start = datetime.now(UTC).replace(microsecond=0) + 5 * HOUR
    kestrel.add("First", start, start + HOUR)
    async with site.running() as running:

        async def shows(*titles: str) -> bool:
            return await running.titles() == list(titles)

        async def called() -> bool:
            return ("sync", 204) in {one[1:] for one in workspace.channels.delivered}

        await until(called, "a channel")
        await until(lambda: shows("First"), "the first read")
        second = kestrel.add("Second", start + HOUR, start + 2 * HOUR)
        await until(lambda: shows("First", "Second"), "a message")
        kestrel.delete(second)
        await until(lambda: shows("First"), "a message")
        assert await running.stop() == 0
    assert workspace.channels.all() == [], "a stop ends them"
    for secret in ("ya29", "PRIVATE", "First"):
        assert secret not in "\n".join(running.log)


async def test_a_simulated_workspace_runs_by_itself(site: Site, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    words = ("simulate", "google", "--json", "--rooms", "2", "--key", str(key))
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        told = json.loads(await process.stdout.readline())
        async with site.http.get(f"{told['control']}/calendars") as answer:
            rooms = (await answer.json())["calendars"]
    finally:
        process.terminate()
        await process.communicate()
    assert [room["address"] for room in rooms] == told["mailboxes"].split()
    assert all(room["events"] > 10 for room in rooms)
    assert json.loads(key.read_text())["client_email"] == told["account"]
    assert key.stat().st_mode & 0o777 == 0o600
    assert process.returncode == 0
