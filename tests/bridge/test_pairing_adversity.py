"""Paired displays where disks fail, clocks are wrong, and there are thousands of them."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bridge.health import Subject
from bridge.paired import LASTS, WRITTEN_AFTER, Paired
from bridge.tokens import Tokens
from rooms.audit import Audit
from tests.bridge.conftest import Views
from tests.bridge.test_pairing import MINUTE, Panel, People, paired, panel, panels, people
from tests.fakes.virtual import FixedClock

__all__ = ["panel", "panels", "people"]
YEARS = timedelta(days=3650)


@pytest.fixture
def ill(views: Views, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Makes the disk fail until what it returns is called."""
    good = views.database.change

    async def fails(work: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    def begin() -> Callable[[], None]:
        monkeypatch.setattr(views.database, "change", fails)
        return lambda: monkeypatch.setattr(views.database, "change", good)

    return begin


async def restarted(views: Views) -> tuple[Tokens, Paired]:
    """What the next process reads."""

    def read() -> tuple[Tokens, Paired]:
        tokens = Tokens(views.database, Audit(views.database), views.clock)
        return tokens, Paired(views.database, tokens, views.audit, views.clock)

    return await asyncio.to_thread(read)


@pytest.mark.parametrize("again", ["people", "clock"])
async def test_a_display_revoked_on_a_full_disk_is_out_and_can_be_revoked_again(
    panel: Panel, people: People, views: Views, ill: Callable[[], Any], again: str
) -> None:
    told = await paired(panel, people)
    token = panel.cookie().value
    heal = ill()
    refused = await people.ask("DELETE", f"/{told['id']}")
    assert (refused["status"], refused["code"]) == (503, "disk_failing")
    assert await panel.agenda() == 401
    heal()
    if again == "people":
        assert (await people.ask("DELETE", f"/{told['id']}"))["status"] == 200
    else:
        await views.pairing.look()
    tokens, displays = await restarted(views)
    assert tokens.caller(token) is None
    assert list(displays) == []


async def test_a_token_revoked_on_a_full_disk_can_be_revoked_again(
    views: Views, ill: Callable[[], Any]
) -> None:
    token, secret = await views.tokens.create("robot", ("read",), actor="test")
    heal = ill()
    with pytest.raises(sqlite3.OperationalError):
        await views.tokens.revoke(token.id, actor="test")
    assert views.tokens.caller(secret) is None
    heal()
    assert await views.tokens.revoke(token.id, actor="test") is not None
    assert await views.tokens.revoke(token.id, actor="test") is None
    assert (await restarted(views))[0].caller(secret) is None


async def test_a_clock_that_is_years_ahead_for_a_while_ends_no_display(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await paired(panel, people)
    for ahead in (YEARS, -YEARS):
        clock._now += ahead
        await views.pairing.look()
        clock.move(MINUTE)
        await views.pairing.look()
    assert await panel.agenda() == 200
    assert (await restarted(views))[0].caller(panel.cookie().value) is not None


async def test_a_token_that_was_made_years_ahead_is_renewed_as_ever(
    panel: Panel, people: People, views: Views, clock: FixedClock
) -> None:
    await paired(panel, people)
    first = panel.cookie().value
    clock._now += LASTS / 2
    await panel.renew()
    second = panel.cookie().value
    assert second != first
    clock._now -= LASTS / 2
    clock.move(WRITTEN_AFTER)
    assert await panel.agenda() == 200
    await views.pairing.settle()
    await panel.renew()
    assert panel.cookie().value not in {first, second}
    assert await panel.agenda() == 200


async def test_a_copy_is_told_of_no_more_once_its_display_is_paired_anew_or_moved(
    panel: Panel, people: People, views: Views
) -> None:
    told = await paired(panel, people)
    views.paired.copied[told["id"]] = next(one for one in views.tokens if one.display)
    await views.pairing.settle()
    assert [one.code for one in views.health.of(Subject("display", "kestrel"))] == [
        "display_copied"
    ]
    await people.ask("POST", f"/{told['id']}/move", room="heron")
    await views.pairing.settle()
    assert [subject.id for subject, _ in views.health.all()] == ["heron"]
    await views.paired.remove(told["id"], actor="test")
    await views.pairing.look()
    assert not list(views.health.all())


async def test_thousands_of_displays_are_written_down_at_once(
    views: Views, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        await views.paired.add(
            name=f"{number}", room="kestrel", browser="", address="", actor="test"
        )
    for display in views.paired:
        views.paired.saw(display)
    changes = 0
    change = views.database.change

    async def counted(work: Any) -> Any:
        nonlocal changes
        changes += 1
        return await change(work)

    monkeypatch.setattr(views.database, "change", counted)
    await views.paired.tidy()
    assert changes == 1
    await views.paired.tidy()
    assert changes == 1
    _, displays = await restarted(views)
    assert {one.seen for one in displays} == {clock.now()}
