"""Faults that people report at the door."""

import asyncio
import logging
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.alerts import message
from bridge.alerts.ledger import Note, Notice
from bridge.displays.faults import CODES, Faults
from bridge.health import Health, Subject, count
from bridge.views.display_shapes import FaultOrder
from rooms.audit import Audit
from rooms.database import Database
from tests.bridge.conftest import Client, Views
from tests.bridge.test_display_views import let
from tests.bridge.test_views import code, get
from tests.fakes.furnished import furnished
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

FAULTS = "/api/v1/rooms/kestrel/faults"
NOTE = "Grace says the HDMI cable is gone"
SINCE = "2026-11-23T12:00:00Z"


@pytest.fixture
async def door(views: Views, client: Client) -> dict[str, str]:
    """The header of kestrel's display."""
    return await views.token(room="kestrel")


async def report(client: Client, headers: dict[str, str], **body: Any) -> Any:
    async with client.post(FAULTS, headers=headers, json=body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def entries(views: Views) -> list[tuple[str, str, str, str]]:
    """What the audit log says of faults."""
    return await views.database.change(
        lambda db: db.execute(
            "SELECT actor, action, object, detail FROM audit WHERE action LIKE 'rooms.fault%'"
        ).fetchall()
    )


async def test_a_fault_is_reported_shown_by_health_and_cleared(
    views: Views, client: Client, door: dict[str, str], clock: FixedClock
) -> None:
    service = await views.token("read", "write")
    told = await report(client, door, code="video", note=NOTE)
    shape = {"room": "kestrel", "code": "video", "since": SINCE, "note": ""}
    assert told == {"done": "reported", "fault": shape}
    assert (await report(client, door, code="climate"))["done"] == "reported"
    (trouble,) = (await get(client, "/api/v1/rooms/kestrel", headers=door))["health"][1:]
    assert (trouble["code"], trouble["words"], trouble["since"]) == (
        "fault_reported",
        "somebody reported: video, climate",
        SINCE,
    )
    assert count(views.health) == {("fault", "fault_reported"): 1}
    assert [one["note"] for one in (await get(client, FAULTS, headers=door))["faults"]] == ["", ""]
    assert [one["note"] for one in (await get(client, FAULTS, headers=service))["faults"]] == [
        NOTE,
        "",
    ]
    keeper = await views.token("read", "rooms")
    left = await client.delete(f"{FAULTS}/video", headers=keeper)
    assert [one["code"] for one in (await left.json())["faults"]] == ["climate"]
    for gone in ("video", "nothing"):
        there = f"{FAULTS}/{gone}"
        assert await code(client, "DELETE", there, headers=keeper) == (404, "unknown_fault")
    assert (await client.delete(f"{FAULTS}/climate", headers=keeper)).status == 200
    assert not list(views.health.all())
    assert await entries(views) == [
        ("token:test", "rooms.fault_reported", "kestrel", '{"code":"video"}'),
        ("token:test", "rooms.fault_reported", "kestrel", '{"code":"climate"}'),
        ("token:test", "rooms.fault_cleared", "kestrel", '{"code":"video"}'),
        ("token:test", "rooms.fault_cleared", "kestrel", '{"code":"climate"}'),
    ]


async def test_the_same_fault_twice_is_one_and_keeps_the_last_note(
    views: Views, client: Client, door: dict[str, str], clock: FixedClock
) -> None:
    assert (await report(client, door, code="audio", note="hums"))["done"] == "reported"
    for note in ("", "hums", "hums loudly"):
        again = await report(client, door, code="audio", note=note)
        assert again["done"] == "already"
        assert again["fault"]["since"] == SINCE
    (one,) = (await get(client, "/api/v1/faults"))["faults"]
    assert one["note"] == "hums loudly"
    assert await entries(views) == [
        ("token:test", "rooms.fault_reported", "kestrel", '{"code":"audio"}'),
        ("token:test", "rooms.fault_reported", "kestrel", '{"code":"audio","note":"replaced"}'),
    ]


@pytest.mark.parametrize(
    "body",
    [{}, {"code": "fire"}, {"code": "video", "note": "x" * 201}, {"code": "video", "more": 1}],
    ids=str,
)
async def test_what_is_no_fault_is_refused(
    client: Client, door: dict[str, str], body: dict[str, Any]
) -> None:
    assert await code(client, "POST", FAULTS, headers=door, json=body) == (400, "bad_body")


async def test_a_page_elsewhere_cannot_report(client: Client, door: dict[str, str]) -> None:
    plain = door | {"Content-Type": "text/plain"}
    sent = b'{"code":"video"}'
    assert await code(client, "POST", FAULTS, headers=plain, data=sent) == (400, "bad_body")


async def test_what_people_wrote_is_in_no_log_alert_metric_or_audit_entry(
    views: Views, client: Client, door: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await report(client, door, code="other", note=NOTE)
    ((subject, trouble),) = views.health.all()
    note = Note(subject=subject, code=trouble.code, since=trouble.since)
    words = "\n".join(message.lines(Notice(began=[note])))
    metrics = await (await client.get("/metrics")).text()
    for told in (caplog.text, words, metrics, str(await entries(views)), str(trouble)):
        assert "Grace" not in told
        assert "HDMI" not in told
    assert "fault_reported" in words
    assert "fault kestrel: fault_reported: somebody reported: other" in caplog.text


async def test_the_words_of_a_stranger_are_one_harmless_line(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    await report(client, door, code="other", note="a\u202eb\n\x00c <b>\u2066d")
    (one,) = (await get(client, "/api/v1/faults"))["faults"]
    assert one["note"] == "a b c <b> d"


async def test_a_display_hears_of_it_at_once(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    heard: list[Subject] = []
    views.health._changed = heard.append
    await report(client, door, code="cleaning")
    assert heard == [Subject("fault", "kestrel")]
    views.health.good(Subject("room", "kestrel"))
    assert [subject for subject, _ in views.health.all()] == heard, "a good read mends no lamp"


async def test_without_a_disk_nothing_is_taken(
    views: Views, client: Client, door: dict[str, str]
) -> None:
    let(views)
    await views.database.change(lambda db: db.execute("ALTER TABLE faults RENAME TO away"))
    refused = await code(client, "POST", FAULTS, headers=door, json={"code": "video"})
    assert refused == (503, "disk_failing")
    assert not list(views.health.all())


@pytest.fixture
def opened(tmp_path: Path) -> Database:
    """Opened before the loop runs."""
    return Database(furnished(tmp_path / "faults.db"))


@pytest.fixture
async def database(opened: Database) -> AsyncIterator[Database]:
    async with opened.running():
        yield opened


async def test_faults_survive_a_restart_and_are_told_for_rooms_that_are_there(
    database: Database, clock: FixedClock
) -> None:
    def faults() -> tuple[Faults, Health]:
        health = Health(clock)
        return Faults(database, Audit(database), health, clock), health

    first, _ = faults()
    await first.report("kestrel", FaultOrder(code="video", note="dark"), actor="test")
    await first.report("gone", FaultOrder(code="video"), actor="test")
    clock.move(NOON - NOON.replace(hour=10))
    again, health = faults()
    await again.load()
    again.adopt({"kestrel": room("kestrel")})
    ((subject, trouble),) = health.all()
    assert (subject, trouble.since) == (Subject("fault", "kestrel"), NOON)
    assert [one.note for one in again.of("kestrel")] == ["dark"]
    assert [one.code for one in again.of("gone")] == ["video"]


async def test_a_disk_that_cannot_be_read_at_the_start_is_read_with_the_next_report(
    database: Database, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    health = Health(clock)
    before = Faults(database, Audit(database), Health(clock), clock)
    await before.report("kestrel", FaultOrder(code="video"), actor="test")
    await database.change(lambda db: db.execute("ALTER TABLE faults RENAME TO away"))
    faults = Faults(database, Audit(database), health, clock)
    await faults.load()
    assert "what was reported of rooms cannot be read: OperationalError" in caplog.text
    faults.adopt({"kestrel": room("kestrel")})
    with pytest.raises(sqlite3.Error):
        await faults.clear("kestrel", "video", actor="test")
    assert not list(health.all())
    await database.change(lambda db: db.execute("ALTER TABLE away RENAME TO faults"))
    new, _ = await faults.report("kestrel", FaultOrder(code="audio"), actor="test")
    assert new
    assert [one.code for one in faults.of("kestrel")] == ["video", "audio"]
    ((_, trouble),) = health.all()
    assert trouble.words == "somebody reported: video, audio"


Steps = st.lists(
    st.tuples(st.sampled_from(["report", "clear", "restart"]), st.sampled_from(CODES)), max_size=12
)


@given(Steps)
@settings(max_examples=25, deadline=None)
def test_whatever_is_reported_and_cleared_stands_in_memory_disk_and_health(
    steps: list[tuple[str, Any]],
) -> None:

    async def work(database: Database) -> None:
        clock = FixedClock()
        async with database.running():
            health = Health(clock)
            faults = Faults(database, Audit(database), health, clock)
            known: set[str] = set()
            for what, kind in steps:
                if what == "report":
                    new, _ = await faults.report("kestrel", FaultOrder(code=kind), actor="test")
                    assert new == (kind not in known)
                    known.add(kind)
                elif what == "clear":
                    assert await faults.clear("kestrel", kind, actor="test") == (kind in known)
                    known.discard(kind)
                else:
                    health = Health(clock)
                    faults = Faults(database, Audit(database), health, clock)
                    await faults.load()
                    faults.adopt({"kestrel": room("kestrel")})
                assert {one.code for one in faults.of("kestrel")} == known
                words = [trouble.words for _, trouble in health.all()]
                in_order = ", ".join(one for one in CODES if one in known)
                assert words == ([f"somebody reported: {in_order}"] if known else [])

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(work(Database(furnished(Path(folder) / "faults.db"))))
