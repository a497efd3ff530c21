"""Every answer against Google's own discovery documents, where they are at hand."""

import importlib.util
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.simulators.google import populate
from tests.connector.simulators.google_workspace import EVENTS, Caller, calling
from tests.fakes.virtual import NOON

ROOT = Path(__file__).parents[3]
HOUR = timedelta(hours=1)
Check = Callable[[str, str, Any], None]


@pytest.fixture(scope="module")
def check(contracts: Path) -> Check:
    """Fails where an answer is not as a discovery document says."""
    found = list(ROOT.glob(".venv-peers/lib/*/site-packages/googleapiclient/discovery_cache"))
    if not found:
        pytest.skip("no discovery documents here: make peers")
    file = contracts / "schema" / "google" / "check.py"
    spec = importlib.util.spec_from_file_location("google_check", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    documents = {
        name: json.loads((found[0] / "documents" / f"{name}.json").read_text())
        for name in ("calendar.v3", "admin.directory_v1")
    }

    def checked(name: str, schema: str, told: Any) -> None:
        assert module.check(documents[name], schema, told) == []

    return checked


def fill(caller: Caller) -> None:
    """One of everything."""
    kestrel = caller.kestrel
    populate([kestrel], NOON.date())
    for answer in ("needsAction", "declined", "tentative", "accepted"):
        kestrel.add(answer, NOON, NOON + HOUR, response=answer)
    for visibility in ("default", "public", "private", "confidential"):
        kestrel.add(visibility, NOON, NOON + HOUR, visibility=visibility)
    pending = {"createRequest": {"requestId": "1", "status": {"statusCode": "pending"}}}
    kestrel.add("Pending", NOON, NOON + HOUR, conferenceData=pending)
    kestrel.add("Fair", date(2026, 11, 24), date(2026, 11, 26), transparency="transparent")
    series = kestrel.add("Daily", NOON, NOON + HOUR, repeat="FREQ=DAILY;COUNT=5")
    kestrel.delete(kestrel.occurrence(series, 1).id)
    kestrel.edit(kestrel.occurrence(series, 2).id, summary="Special")
    kestrel.delete(kestrel.add("Gone", NOON, NOON + HOUR))


async def test_lists_are_as_google_describes_them(check: Check) -> None:
    async with calling() as caller:
        fill(caller)
        for query in (
            {},
            {"singleEvents": "true", "timeMin": "2026-11-01T00:00:00Z", "timeZone": "Asia/Tokyo"},
            {"showDeleted": "true", "maxResults": "5"},
        ):
            query.setdefault("timeMax", "2026-12-10T00:00:00Z")
            told = await caller.get(**query)
            assert told["items"]
            check("calendar.v3", "Events", told)
        token = await caller.sync()
        caller.kestrel.add("New", NOON, NOON + HOUR)
        check("calendar.v3", "Events", await caller.get(syncToken=token))


async def test_single_events_are_as_google_describes_them(check: Check) -> None:
    async with calling() as caller:
        fill(caller)
        for item in caller.kestrel.items():
            check("calendar.v3", "Event", await caller.get(f"{EVENTS}/{item.id}"))
        times = {"start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}
        _, made = await caller.ask("POST", EVENTS, json={"summary": "New", **times})
        check("calendar.v3", "Event", made)


async def test_channels_are_as_google_describes_them(check: Check) -> None:
    async with calling() as caller:
        body = {"id": "c", "type": "web_hook", "address": "https://localhost:1/", "token": "t"}
        status, told = await caller.ask("POST", f"{EVENTS}/watch", json=body)
        assert status == 200
        check("calendar.v3", "Channel", told)


async def test_the_directory_and_free_times_are_as_google_describes_them(check: Check) -> None:
    async with calling() as caller:
        fill(caller)
        resources = "/admin/directory/v1/customer/my_customer/resources"
        told = await caller.get(f"{resources}/calendars")
        assert told["items"][0]["resourceEmail"] == "kestrel@example.com"
        check("admin.directory_v1", "CalendarResources", told)
        told = await caller.get(f"{resources}/buildings")
        assert told["buildings"]
        check("admin.directory_v1", "Buildings", told)
        asked = {
            "timeMin": "2026-11-23T00:00:00Z",
            "timeMax": "2026-11-24T00:00:00Z",
            "items": [{"id": "kestrel@example.com"}, {"id": "nobody@example.com"}],
        }
        status, told = await caller.ask("POST", "/calendar/v3/freeBusy", json=asked)
        assert status == 200
        assert told["calendars"]["kestrel@example.com"]["busy"]
        assert told["calendars"]["nobody@example.com"]["errors"][0]["reason"] == "notFound"
        check("calendar.v3", "FreeBusyResponse", told)
        asked["items"] = [{"id": f"{number}@example.com"} for number in range(51)]
        assert (await caller.refused("/calendar/v3/freeBusy", "POST", json=asked))[0] == 400
