"""Identities of sources, by the command line: signed in, listed, taken away, given back."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.app import Appliance, running
from bridge.clock import SystemClock
from bridge.prepared import prepared
from bridge.settings.load import usable
from connector.simulators.graph import Tenant
from tests.fakes.keep import MemoryKeep

from .conftest import PROGRAM, ROOT, Running, Site, until

ROOMS = "rooms@example.com"


def audited(site: Site) -> list[tuple[str, str, str]]:
    """Who did what to which, as the audit log has it after the end."""
    database = sqlite3.connect(site.folder / "data" / "bridge.db")
    try:
        return database.execute("SELECT action, object, actor FROM audit ORDER BY seq").fetchall()
    finally:
        database.close()


async def told(site: Site, *words: str) -> tuple[int, Any]:
    """A command's exit status and its JSON."""
    status, out, errors = await site.command("sources", *words, "--json")
    assert out, errors
    return status, json.loads(out)


async def older(appliance: Running, seconds: int) -> None:
    """Wait until Kestrel's agenda has aged so much: it was due to be read meanwhile."""
    before = (await appliance.get("/api/v1/rooms/kestrel"))["age_s"]

    async def aged() -> bool:
        age: int = (await appliance.get("/api/v1/rooms/kestrel"))["age_s"]
        return bool(age >= before + seconds)

    await until(aged, "an older agenda")


async def test_a_source_is_revoked_at_once_and_stays_so(site: Site, tenant: Tenant) -> None:
    site.book("Review")
    soon = (datetime.now(UTC) + timedelta(days=20)).date()
    site.settings["sources"]["m365"]["client_secret_expires"] = str(soon)
    async with site.running() as appliance:
        await until(appliance.titles, "the first read")

        async def warned() -> Any:
            _, answer = await told(site, "list")
            return answer["sources"][0] if answer["sources"][0]["health"] else None

        source = await until(warned, "a warning of the end")
        assert (source["state"], source["rooms"]) == ("in_force", 1)
        (credential,) = source["credentials"]
        assert (credential["name"], credential["state"]) == ("client_secret", "works")
        assert credential["expires"].startswith(str(soon))
        assert [one["code"] for one in source["health"]] == ["credential_expiring_30"]
        async with appliance.http.get(f"http://127.0.0.1:{appliance.port}/metrics") as metrics:
            assert "roombridge_credential_seconds_left{" in await metrics.text()
        status, out, _ = await site.command("sources", "revoke", "m365")
        asked = tenant.journal.counts.requests
        assert status == 0
        assert f"delete it by hand: {site.folder / 'secret'}" in out
        await older(appliance, 2)
        assert tenant.journal.counts.requests == asked
        room = await appliance.get("/api/v1/rooms/kestrel")
        assert [one["code"] for one in room["health"]] == ["source_revoked"]
        assert room["health"][0]["fix"].endswith("roombridge sources authorize m365")
        status, out, errors = await site.command("doctor", "--room", "kestrel")
        assert (status, "source_revoked" in out) == (1, True), errors
        assert tenant.journal.counts.requests == asked, "nobody signs in for it"
        assert await appliance.titles() == ["Review"]
    async with site.running() as appliance:
        status, answer = await told(site, "list")
        assert status == 1
        assert answer["sources"][0]["state"] == "revoked"
        await older(appliance, 2)
        assert tenant.journal.counts.requests == asked
        assert await appliance.titles() == ["Review"]
        tenant.register_app(secret="another")
        status, answer = await told(site, "authorize", "m365")
        assert (status, answer["problem"]) == (1, "credentials_refused")
        tenant.register_app(secret="right")
        site.book("Another")
        status, out, _ = await site.command("sources", "authorize", "m365")
        assert (status, out) == (0, "m365: signed in; its rooms are read from now on\n")

        async def both() -> bool:
            return len(await appliance.titles() or []) == 2

        await until(both, "read again")
        status, answer = await told(site, "list")
        assert "source_revoked" not in {one["code"] for one in answer["sources"][0]["health"]}
    actions = [(action, name) for action, name, _ in audited(site)]
    for action in ("sources.revoke.begin", "sources.revoke", "sources.authorize"):
        assert (action, "m365") in actions
    assert all(actor.startswith("control:") for action, _, actor in audited(site) if "so" in action)


async def test_a_source_that_is_not_there_is_told(site: Site) -> None:
    async with site.running():
        for command in ("authorize", "revoke"):
            status, _, errors = await site.command("sources", command, "nowhere")
            assert status == 1
            assert "no such calendar source" in errors


# --- a service account


@pytest.fixture
def delegated(site: Site, tenant: Tenant) -> Site:
    """A site whose source reads for a service account."""
    tenant.register_app(public=True)
    tenant.add_account(ROOMS, mailboxes=["kestrel@example.com"])
    source = site.settings["sources"]["m365"]
    del source["client_secret_file"]
    source["delegate"] = {"account": ROOMS}
    site.book("Review")
    return site


@asynccontextmanager
async def appliance_of(site: Site, keep: MemoryKeep) -> AsyncIterator[Appliance]:
    """The appliance in this process, with a keep that can be looked into."""

    async def forget(source: str, _names: Sequence[str], /, *, by: str) -> list[str]:
        if keep.full:
            raise OSError(28, "No space left on device")
        return [f"{source} by {by.partition(':')[0]}"]

    configuration, _ = await asyncio.to_thread(usable, site.write())
    made = await asyncio.to_thread(prepared, configuration, SystemClock())
    vars(made.custody).update(keep={"m365": keep}.get, forget=forget)
    async with running(made) as appliance:
        yield appliance


async def titles(appliance: Appliance) -> list[str]:
    agenda = appliance.house.store.agenda("kestrel")
    return [booking.title for booking in agenda.bookings] if agenda else []


async def authorizing(site: Site) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("sources", "authorize", "m365", "--config", str(site.folder / "bridge.yaml")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_service_account_signs_in_reads_and_is_revoked(
    delegated: Site, tenant: Tenant
) -> None:
    site, keep = delegated, MemoryKeep()
    async with appliance_of(site, keep) as appliance:

        async def needed() -> bool:
            _, answer = await told(site, "list")
            return [one["code"] for one in answer["sources"][0]["health"]] == [
                "authorization_needed"
            ]

        await until(needed, "that somebody must sign in")
        process = await authorizing(site)
        assert process.stdout
        lines = [(await process.stdout.readline()).decode() for _ in range(3)]
        assert lines[1].split()[-1].endswith("/devicelogin")
        tenant.sign_in(lines[2].split()[-1], ROOMS)
        out, _ = await process.communicate()
        assert out.decode() == f"m365: {ROOMS} signed in; its rooms are read from now on\n"
        assert process.returncode == 0

        async def read() -> bool:
            return await titles(appliance) == ["Review"]

        await until(read, "read for the account")
        status, answer = await told(site, "list")
        (credential,) = answer["sources"][0]["credentials"]
        assert (status, credential["state"]) == (0, "works")
        assert credential["expires"]
        status, answer = await told(site, "revoke", "m365")
        assert answer["deleted"] == ["refresh_token", "m365 by control"]
        assert not keep.held
        assert await titles(appliance) == ["Review"]
        assert "m365" not in appliance.sync.lanes
    everything = b"".join(one.read_bytes() for one in (site.folder / "data").glob("bridge.db*"))
    for secret in keep.history:
        token = json.loads(secret)["token"]
        assert token.encode() not in everything
    assert [action for action, *_ in audited(site)] == [
        "sources.authorize.begin",
        "sources.authorize",
        "sources.revoke.begin",
        "sources.revoke",
    ]


async def test_a_vault_that_cannot_be_written_does_not_save_a_source(delegated: Site) -> None:
    keep = MemoryKeep()
    async with appliance_of(delegated, keep) as appliance:
        keep.full = True
        status, answer = await told(delegated, "revoke", "m365")
        assert (status, answer["complete"]) == (1, False)
        assert "m365" not in appliance.sync.lanes
        _, listed = await told(delegated, "list")
        codes = [one["code"] for one in listed["sources"][0]["health"]]
        assert codes == ["source_revoked", "secrets_left"]
        keep.full = False
        status, answer = await told(delegated, "revoke", "m365")
        assert (status, answer["complete"]) == (0, True)


async def test_a_sign_in_that_is_begun_anew_takes_the_place_of_the_other(
    delegated: Site, tenant: Tenant
) -> None:
    async with appliance_of(delegated, MemoryKeep()) as appliance:
        first = await appliance.identities.authorize("m365", actor="test")
        second = await appliance.identities.authorize("m365", actor="test")
        assert first.code != second.code
        assert len(appliance.identities._waiting) == 1
        await appliance.identities.revoke("m365", actor="test")
        assert appliance.identities.authorization("m365") is None
        assert not appliance.identities._waiting


async def test_the_real_program_says_that_it_needs_a_vault(delegated: Site) -> None:
    async with delegated.running():
        status, _, errors = await delegated.command("sources", "authorize", "m365")
        assert status == 1
        assert "vault_needed" in errors
        assert "roombridge secrets init" in errors


def test_the_example_of_the_documents_is_good(tmp_path: Path) -> None:
    (tmp_path / "rooms.yaml").write_text(json.dumps({"rooms": []}))
    example = {
        "listen": {"address": "127.0.0.1"},
        "sources": {
            "m365": {
                "kind": "graph",
                "tenant_id": "t",
                "client_id": "c",
                "delegate": {"account": ROOMS},
            },
            "arc": {"kind": "graph", "managed_identity": "true"},
        },
    }
    (tmp_path / "bridge.yaml").write_text(json.dumps(example))
    configuration, _ = usable(tmp_path / "bridge.yaml")
    assert configuration.sources["arc"].options.managed_identity
