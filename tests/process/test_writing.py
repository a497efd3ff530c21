"""Writing through the real program: `simulate graph` beside `run`, actions over HTTP."""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.simulators.graph import Tenant
from connector.simulators.graph.faults import kinds
from tests.process.conftest import HOUR, PROGRAM, ROOT, Running, Site, command, until

KESTREL = "kestrel@example.com"
BOOKINGS = "/api/v1/rooms/kestrel/bookings"
ADHOC = {"title": "Quick talk", "minutes": 30}
WRITES = "connector.sources.graph.writing"
GUARD = """
import atexit, sys
atexit.register(lambda: open({file!r}, "w").write("\\n".join(sorted(sys.modules))))
"""


@asynccontextmanager
async def simulated(kind: str = "graph") -> AsyncIterator[dict[str, str]]:
    """`roombridge simulate`, with nothing in its calendars."""
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "simulate", kind, "--json", "--empty", "--port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def token(site: Site, *more: str) -> dict[str, str]:
    """The header of a caller."""
    config = str(site.folder / "bridge.yaml")
    _, out, _ = await command("tokens", "create", "panel", *more, "--json", "--config", config)
    return {"Authorization": f"Bearer {json.loads(out)['token']}"}


async def post(
    running: Running, path: str, headers: dict[str, str], **body: Any
) -> tuple[int, dict[str, Any]]:
    url = f"http://127.0.0.1:{running.port}{path}"
    async with running.http.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def audit(site: Site) -> list[tuple[str, str, str, str]]:
    """What the audit log says of bookings, once the appliance has stopped."""
    with sqlite3.connect(site.folder / "data" / "bridge.db") as database:
        rows = database.execute(
            "SELECT actor, action, object, detail FROM audit WHERE action LIKE 'bookings.%'"
        ).fetchall()
    database.close()
    return [
        (actor, action, what, json.loads(detail)["outcome"]) for actor, action, what, detail in rows
    ]


async def test_a_room_is_booked_by_http_shown_and_ended(site: Site) -> None:
    async with simulated() as told:
        graph = site.settings["sources"]["m365"]
        graph |= {name: told[name] for name in ("graph_url", "login_url", "tenant_id", "client_id")}
        graph["writer"] = {"client_id": "9d2c0e1a-7d5b-4f0f-9a44-5f3f0f4b7c11"}
        graph["writer"]["client_secret_file"] = "writer"
        site.secrets |= {"secret": told["client_secret"], "writer": "another"}
        site.settings["writes"] = "adhoc"
        new = {
            "client_id": graph["writer"]["client_id"],
            "secret": "another",
            "scope": ["kestrel@example.com"],
            "writes": True,
        }
        async with site.http.post(f"{told['control']}/apps", json=new) as answer:
            assert answer.status in {200, 201}, await answer.text()
        async with site.running() as running:
            await until(lambda: is_read(running), "the first read")
            display = await token(site, "--display", "kestrel")
            key = display | {"Idempotency-Key": "one"}
            status, made = await post(running, BOOKINGS, key, **ADHOC)
            assert (status, made["done"], made["shown"]) == (201, "created", True)
            assert await running.titles() == ["Quick talk"]
            assert await post(running, BOOKINGS, key, **ADHOC) == (status, made)
            booking = made["booking"]["id"]
            status, ended = await post(running, f"{BOOKINGS}/{booking}/end", display)
            assert (status, ended["booking"]["id"]) == (200, booking)
            assert ended["booking"]["end"] < made["booking"]["end"]
            shown = (await running.get("/api/v1/rooms/kestrel/agenda"))["bookings"]
            assert [one["end"] for one in shown] == [ended["booking"]["end"]]
            status, refused = await post(
                running, BOOKINGS, display, **ADHOC, recurrence="FREQ=DAILY;COUNT=2"
            )
            assert (status, refused["code"]) == (403, "not_offered")
            log = "\n".join(running.log)
            assert await running.stop() == 0
    assert "Quick talk" not in log
    assert audit(site) == [
        ("token:panel", "bookings.create", f"kestrel/{booking}", "done"),
        ("token:panel", "bookings.end", f"kestrel/{booking}", "done"),
    ]


def of_exchange(site: Site, told: dict[str, str]) -> None:
    """Let the site use the simulated Exchange Server and nothing else."""
    site.secrets["password"] = told["password"]
    named = {name: told[name] for name in ("url", "username")}
    site.settings["sources"] = {"one": {"kind": "ews", "password_file": "password", **named}}


def of_google(site: Site, told: dict[str, str]) -> None:
    """Let the site use the simulated workspace and nothing else."""
    site.secrets["key"] = told["service_account"]
    named = {name: told[name] for name in ("calendar_url", "token_url")}
    site.settings["sources"] = {"one": {"kind": "google", "service_account_file": "key", **named}}


@pytest.mark.parametrize(("kind", "configure"), [("exchange", of_exchange), ("google", of_google)])
async def test_a_room_of_another_service_is_booked_by_http_shown_and_given_back(
    site: Site, kind: str, configure: Callable[[Site, dict[str, str]], None]
) -> None:
    site.settings["writes"] = "adhoc"
    async with simulated(kind) as told:
        configure(site, told)
        async with site.running() as running:
            await until(lambda: is_read(running), "the first read")
            service = await token(site, "--scope", "write")
            key = service | {"Idempotency-Key": "one"}
            status, made = await post(running, BOOKINGS, key, **ADHOC)
            assert (status, made.get("done"), made.get("shown")) == (201, "created", True), made
            assert await post(running, BOOKINGS, key, **ADHOC) == (status, made)
            booking = made["booking"]["id"]
            shown = (await running.get("/api/v1/rooms/kestrel/agenda"))["bookings"]
            assert [(one["id"], one["title"]) for one in shown] == [(booking, "Quick talk")]
            status, given = await post(running, f"{BOOKINGS}/{booking}/release", service)
            assert (status, given.get("done"), given.get("shown")) == (200, "released", True), given
            assert await running.titles() == []
            assert await running.stop() == 0
    assert "Quick talk" not in "\n".join(running.log)
    assert audit(site) == [
        ("token:panel", "bookings.create", f"kestrel/{booking}", "done"),
        ("token:panel", "bookings.release", f"kestrel/{booking}", "done"),
    ]


async def is_read(running: Running) -> bool:
    """Whether kestrel's calendar was read."""
    return await running.titles() is not None


@pytest.mark.parametrize("level", ["none", "release"])
async def test_what_writes_is_imported_only_where_a_policy_allows_it(
    site: Site, tenant: Tenant, tmp_path: Path, level: str
) -> None:
    file = tmp_path / "modules"
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD.format(file=str(file)))
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings["writes"] = level
    site.book("Review")
    path = f"{tmp_path / 'guard'}{os.pathsep}{ROOT}"
    async with site.running(PYTHONPATH=path) as running:
        await until(running.titles)
        service = await token(site, "--scope", "write")
        (shown,) = (await running.get("/api/v1/rooms/kestrel/agenda"))["bookings"]
        told = [
            await post(running, BOOKINGS, service, **ADHOC),
            await post(running, f"{BOOKINGS}/{shown['id']}/extend", service, minutes=5),
            await post(running, f"{BOOKINGS}/{shown['id']}/end", service),
            await post(running, f"{BOOKINGS}/{shown['id']}/release", service),
        ]
        await running.stop()
    codes = [answer.get("code") for _, answer in told]
    asked = [one.method for one in tenant.journal.requests() if one.path.startswith("/v1.0")]
    if level == "none":
        assert codes == ["writes_not_allowed"] * 4
        assert WRITES not in file.read_text().split()
        assert set(asked) == {"GET"}
    else:
        assert codes == ["writes_not_allowed"] * 2 + ["other_organizer", None]
        assert WRITES in file.read_text().split()
        assert set(asked) == {"GET", "POST"}


async def test_an_answer_that_never_came_is_made_good_after_a_restart(
    site: Site, tenant: Tenant
) -> None:
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings["writes"] = "adhoc"
    tenant.faults.add(kinds.Dropped(at="writes", times=1))
    start = datetime.now(UTC).replace(microsecond=0).isoformat()
    async with site.running() as running:
        await until(lambda: is_read(running), "the first read")
        service = await token(site, "--scope", "write")
        key = service | {"Idempotency-Key": "one"}
        status, told = await post(running, BOOKINGS, key, **ADHOC, start=start)
        assert (status, told["code"]) == (504, "outcome_unknown")
        await running.stop()
    async with site.running() as running:
        status, told = await post(running, BOOKINGS, key, **ADHOC, start=start)
        assert (status, told.get("done")) == (201, "created"), told
        await running.stop()
    assert len(tenant.mailbox(KESTREL).entries()) == 1


@pytest.mark.parametrize("earlier", [True, False])
async def test_of_two_bookings_in_the_same_moment_the_later_one_gives_way(
    site: Site, tenant: Tenant, *, earlier: bool
) -> None:
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings["writes"] = "adhoc"
    tenant.faults.add(kinds.Contested(times=1, earlier=earlier))
    async with site.running() as running:
        await until(lambda: is_read(running), "the first read")
        status, told = await post(running, BOOKINGS, await token(site, "--scope", "write"), **ADHOC)
        titles = await running.titles()
        await running.stop()
    if earlier:
        assert (status, told["code"]) == (409, "room_taken")
        assert [one.meeting.subject for one in tenant.mailbox(KESTREL).entries()] == ["Rival"]
        assert audit(site) == [("token:panel", "bookings.create", "kestrel", "room_taken")]
    else:
        assert (status, told["overlaps"]) == (201, True)
        assert sorted(titles or []) == ["Quick talk", "Rival"]


async def test_a_revoked_source_is_not_written_to(site: Site, tenant: Tenant) -> None:
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.settings["writes"] = "adhoc"
    async with site.running() as running:
        await until(lambda: is_read(running), "the first read")
        service = await token(site, "--scope", "write")
        assert (await post(running, BOOKINGS, service, **ADHOC))[0] == 201
        assert (await site.command("sources", "revoke", "m365"))[0] == 0
        start = (datetime.now(UTC) + HOUR).isoformat()
        status, told = await post(running, BOOKINGS, service, **ADHOC, start=start)
        assert (status, told["code"]) == (503, "source_unavailable")
        await running.stop()
    assert len(tenant.mailbox(KESTREL).entries()) == 1


async def test_a_policy_that_is_taken_back_holds_at_once(site: Site, tenant: Tenant) -> None:
    tenant.register_app(secret="right", roles=["Calendars.ReadWrite"])
    site.rooms[0]["writes"] = "full"
    async with site.running() as running:
        await until(lambda: is_read(running), "the first read")
        service = await token(site, "--scope", "write")
        series = {**ADHOC, "recurrence": "FREQ=DAILY;COUNT=2"}
        status, told = await post(running, BOOKINGS, service, **series)
        assert (status, told["done"]) == (201, "created")
        assert len(await running.titles() or []) == 2
        del site.rooms[0]["writes"]
        site.write()

        async def refused() -> bool:
            status, told = await post(running, f"{BOOKINGS}/x/extend", service, minutes=5)
            assert (status, told["code"]) in {(404, "unknown_booking"), (403, "writes_not_allowed")}
            return status == 403

        await until(refused, "the changed policy")
        await running.stop()
