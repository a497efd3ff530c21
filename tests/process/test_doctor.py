"""The doctor through the real program: against a running appliance, and without one."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connector.simulators.cisco import Codec
from tests.process.conftest import Site, command, until

CANARY = "somebody@example.com"


@pytest.fixture
def narrow(site: Site) -> Site:
    """A site with no more rights than it needs."""
    site.tenant.register_app(secret="right", scope=["kestrel@example.com"])
    site.tenant.add_mailbox(CANARY)
    site.settings["sources"]["m365"]["mailboxes"] = {"domains": ["example.com"], "canary": CANARY}
    return site


async def told(site: Site, *words: str) -> tuple[int, Any, str]:
    status, out, errors = await site.command("doctor", "--json", *words)
    assert out, errors
    return status, json.loads(out), errors


async def test_a_healthy_appliance_passes_and_an_over_privileged_one_is_loud(
    narrow: Site, codec: Codec
) -> None:
    narrow.book("Review")
    async with narrow.running() as running:
        await until(running.titles)
        status, answer, _ = await told(narrow)
        assert (status, answer["running"], answer["findings"]) == (0, True, [])
        narrow.tenant.register_app(secret="right", scope=["kestrel@example.com", CANARY])
        status, out, errors = await narrow.command("doctor")
        assert status == 1
        assert "CRITICAL  source m365: over_privileged" in out
        assert "to mend it: remove the tenant-wide consent" in out
        assert "1 critical" in errors
        health = await running.get("/api/v1/health")
        assert [one["code"] for one in health["findings"]] == ["over_privileged"]
        status, out, _ = await narrow.command("check")
        assert status == 1
        assert "CRITICAL  over_privileged" in out
        status, _, errors = await narrow.command("doctor", "--room", "nowhere")
        assert (status, errors) == (1, "There is no such room\n")
        assert not [line for line in running.log if CANARY in line]

        async def pushed() -> bool:
            return bool(codec.screen().bookings)

        await until(pushed, "the codec's list, as ever")


async def test_what_a_mailbox_strips_is_inferred_from_what_is_read_anyway(narrow: Site) -> None:
    for hour in range(6):
        narrow.book(f"Talk {hour}", hour=hour)
    async with narrow.running() as running:
        await until(running.titles)
        status, answer, _ = await told(narrow, "--room", "kestrel")
        (one,) = answer["findings"]
        assert (status, one["code"]) == (1, "bodies_stripped")
        assert one["subject"] == {"kind": "room", "id": "kestrel"}
        assert "-Identity 'kestrel@example.com' -DeleteComments $false" in one["fix"]


async def test_without_an_appliance_it_looks_from_here_and_says_so(
    narrow: Site, codec: Codec
) -> None:
    narrow.write()
    status, answer, errors = await told(narrow)
    assert (status, answer["running"], answer["findings"][0]["code"]) == (
        1,
        False,
        "disk_unwritable",
    )
    assert len(answer["findings"]) == 1, "there is no data_dir before the first start"
    assert "checked from here" in errors
    assert len(codec.requests) == 1
    (narrow.folder / "codec").write_text("wrong")
    status, answer, _ = await told(narrow, "--room", "kestrel")
    assert {one["code"] for one in answer["findings"]} == {"disk_unwritable", "endpoint_denied"}
    assert len(codec.requests) == 2
    assert not (narrow.folder / "data").exists()


async def test_the_database_of_a_stopped_appliance_is_left_alone(narrow: Site) -> None:
    narrow.book("Review")
    async with narrow.running() as running:
        await until(running.titles)
        await running.stop()
    file = Path(narrow.settings["data_dir"]) / "bridge.db"
    before = file.stat().st_mtime_ns
    with sqlite3.connect(file) as held:
        held.execute("BEGIN EXCLUSIVE")
        status, answer, _ = await told(narrow)
    held.close()
    assert (status, answer["findings"]) == (0, [])
    assert file.stat().st_mtime_ns == before


async def test_an_export_replaces_what_was_inferred(narrow: Site) -> None:
    for hour in range(6):
        narrow.book(f"Talk {hour}", hour=hour)
    narrow.write()
    (narrow.folder / "data").mkdir()
    assert [one["code"] for one in (await told(narrow))[1]["findings"]] == ["bodies_stripped"]
    export = narrow.folder / "rooms.json"
    row = {"Mailbox": "kestrel@example.com", "AutomateProcessing": 2, "DeleteComments": False}
    export.write_text(json.dumps([{**row, "RemovePrivateProperty": True}]), encoding="utf-16")
    status, answer, errors = await told(narrow, "--calendar-processing", str(export))
    assert [one["code"] for one in answer["findings"]] == ["private_flag_lost"]
    assert "1 of 1 rooms are in" in errors
    export.write_text("Identity : Kestrel")
    status, _, errors = await narrow.command("doctor", "--calendar-processing", str(export))
    assert status == 2
    assert "ConvertTo-Json" in errors


async def test_a_configuration_that_would_not_start_is_told(site: Site) -> None:
    site.settings["poll"] = {"near": "soon"}
    site.write()
    status, _, errors = await site.command("doctor")
    assert status == 2
    assert "poll.near" in errors


@pytest.mark.parametrize("guide", ["entra", "exchange", "google"])
async def test_a_guide_needs_nothing_that_runs(site: Site, guide: str) -> None:
    site.write()
    status, out, errors = await site.command("guide", guide)
    assert (status, errors) == (0, "")
    assert out.startswith("## 1. ")
    steps = json.loads((await site.command("guide", guide, "--json"))[1])
    assert steps[0]["commands"]
    status, _, errors = await command("guide", guide, "--config", "/nowhere/bridge.yaml")
    assert (status, "no such file" in errors) == (2, True)
