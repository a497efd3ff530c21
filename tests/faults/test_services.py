"""Every fault of a service, through its driver, the lane and the store.

Meanwhile the agenda is right, or the last good one that ages; the other room is untouched; health
says what fails; nothing that is shown is ever lost; and without a hand all is well again.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from connector.simulators.exchange.faults import kinds as ews
from connector.simulators.google import ACCOUNT
from connector.simulators.google import Fault as Google
from connector.simulators.graph import Recurrence
from connector.simulators.graph.faults import kinds as graph
from tests.fakes.virtual import PatientDatabase
from tests.faults import services
from tests.faults.house import KESTREL, House, played

# Folders are made and drivers found within the loop; what the appliance does has its own tests.
pytestmark = pytest.mark.allow_blocking

MAILBOX: dict[str, Any] = {"mailbox": KESTREL}
LASTS = timedelta(minutes=40)
LOOKED = timedelta(hours=9)
"""In which a room is looked at by delta, and its subscription is, though the service tells."""
MENDED = timedelta(hours=1)
"""A room that failed for so long is read again after three quarters of an hour at the latest."""

Subject = Literal["room", "source", "identity", "watched", "watch"]


@dataclass(frozen=True, kw_only=True)
class Strike:
    """A fault, and what may come of it."""

    row: str
    faults: tuple[Any, ...] = ()
    also: Callable[[House], None] = lambda _: None
    """What else goes wrong as it begins."""
    ends: Callable[[House], None] = lambda _: None
    kept: bool = False
    """Whether the last good agenda is shown; else it is always the right one."""
    said: tuple[Subject, str] | None = None
    """What health says meanwhile, of the room or its source."""
    everywhere: bool = False
    """Whether no room can be read."""
    lasts: timedelta = LASTS


def _revoke(house: House) -> None:
    house.world.revoke_tokens()


def _subscriptions_lost(house: House) -> None:
    for one in house.world.subscriptions.all():
        house.world.subscriptions.drop(one.id)


def _series(house: House) -> None:
    house.add("kestrel", "Daily", 31, recurrence=Recurrence(type="daily", count=3))


def _wrong_clock(house: House) -> None:
    house.world.offset = timedelta(hours=2)
    house.world.revoke_tokens()


def _right_clock(house: House) -> None:
    house.world.offset = timedelta()


def _unshared(house: House) -> None:
    house.calendars["kestrel"].share(ACCOUNT, None)


def _shared(house: House) -> None:
    house.calendars["kestrel"].share(ACCOUNT, "writer")


def room(row: str, reason: str, *faults: Any, **more: Any) -> Strike:
    """One room cannot be read."""
    return Strike(row=row, faults=faults, kept=True, said=("room", reason), **more)


def source(row: str, reason: str, *faults: Any, **more: Any) -> Strike:
    """No room can be read."""
    said: tuple[Subject, str] = ("source", reason)
    return Strike(row=row, faults=faults, kept=True, everywhere=True, said=said, **more)


def none(row: str, *faults: Any, **more: Any) -> Strike:
    """It changes nothing of what is shown."""
    return Strike(row=row, faults=faults, **more)


def delta(row: str, *faults: Any, **more: Any) -> Strike:
    """Rounds of changes go wrong, which only ever tell that a room is worth reading."""
    return Strike(row=row, faults=faults, lasts=LOOKED, **more)


def status(code: int, /, **more: Any) -> graph.Status:
    """An error of Graph about one room."""
    return graph.Status(status=code, **MAILBOX, **more)


SILENT: tuple[Subject, str] = ("watched", "notifications_failing")
NO_REST = "MailboxNotEnabledForRESTAPI"
GRAPH = [
    delta("graph_delta_endless", graph.EndlessPages(at="delta", **MAILBOX), said=SILENT),
    delta(
        "graph_delta_endless",
        graph.EndlessPages(at="delta", changing=False, **MAILBOX),
        said=SILENT,
    ),
    delta("graph_delta_lost", graph.TokenLost(upon="any", **MAILBOX)),
    delta("graph_delta_lost", graph.TokenLost(upon="any", how="resync", **MAILBOX)),
    delta("graph_delta_stub", graph.Orphans(**MAILBOX), also=_series),
    delta("graph_delta_removed", graph.UnknownRemovals(**MAILBOX)),
    delta("graph_delta_removed", graph.Muddle(replays=True, **MAILBOX)),
    room("graph_foreign_link", "foreign_link", graph.ForeignLink(**MAILBOX)),
    room("graph_huge", "too_large", graph.Oversized(**MAILBOX)),
    none("graph_huge", graph.OddItems(oddities=("many_attendees",), times=1, **MAILBOX)),
    room("graph_not_json", "not_json", graph.Portal(**MAILBOX)),
    room("graph_not_json", "not_json", graph.Truncated(**MAILBOX)),
    room("graph_not_json", "not_json", graph.WrongCharset(**MAILBOX)),
    none("graph_empty", graph.Empty(times=1, **MAILBOX)),
    room("graph_throttled", "throttled", status(429)),
    room("graph_throttled", "throttled", status(429, retry_after=20_000)),
    room("graph_throttled", "throttled", status(429, retry_after=20_000, as_date=True)),
    source("graph_unauthorized", "credentials_refused", graph.TokenRefused(), also=_revoke),
    source("graph_unauthorized", "token_refused", graph.Status(status=401)),
    room("graph_forbidden", "access_denied", status(403)),
    room("graph_forbidden", "access_denied", graph.Status(status=403), everywhere=True),
    room("graph_elsewhere", "mailbox_elsewhere", status(404, code=NO_REST)),
    none("hook_forged", graph.WrongClientState()),
    none("hook_forged", graph.UnknownSubscription()),
    none("hook_forged", graph.Replayed()),
    none("hook_forged", graph.Flood(values=500)),
    none("hook_silent", graph.Lost()),
    none("hook_silent", also=_subscriptions_lost, lasts=LOOKED),
    none("hook_validation", graph.OddProof(), also=_subscriptions_lost, lasts=LOOKED),
]


def busy(code: str, **more: Any) -> ews.Error:
    """An error of EWS."""
    return ews.Error(code=code, **more)


EWS = [
    room("ews_inner_error", "access_denied", busy("ErrorAccessDenied", status=200, **MAILBOX)),
    room("ews_inner_error", "service_error", busy("ErrorInternalServerError", **MAILBOX)),
    source("ews_inner_error", "redirected", ews.Redirect()),
    source("ews_inner_error", "credentials_refused", ews.LogonRefused()),
    source("ews_busy", "throttled", busy("ErrorServerBusy", back_off=297_749)),
    source("ews_busy", "throttled", busy("ErrorServerBusy", back_off=297_749, status=200)),
    room("ews_subscription_lost", "service_error", busy("ErrorMailboxMoveInProgress", **MAILBOX)),
    room("ews_subscription_lost", "service_error", busy("ErrorMailboxFailover", **MAILBOX)),
    none("ews_partial_view", ews.PartialView(most=2, **MAILBOX)),
    room("ews_xml", "not_soap", ews.Bomb(**MAILBOX)),
    room("ews_xml", "not_soap", ews.ExternalEntity(**MAILBOX)),
    room("ews_xml", "not_soap", ews.Truncated(**MAILBOX)),
    room("ews_xml", "too_large", ews.Oversized(**MAILBOX)),
    none("ews_xml", ews.HugeBody(mebibytes=1, **MAILBOX)),
]


def refused(code: int, reason: str, **more: Any) -> Google:
    """An error of Google's about one calendar."""
    return Google(kind="status", status=code, reason=reason, calendar=KESTREL, **more)


GOOGLE = [
    room("google_gone", "unshared", refused(410, "deleted")),
    room("google_gone", "access_denied", refused(403, "forbidden")),
    room("google_gone", "unshared", also=_unshared, ends=_shared),
    room("google_gone", "throttled", refused(403, "quotaExceeded", domain="usageLimits")),
    none("google_gone", Google(kind="sync_expired", calendar=KESTREL)),
    source("bridge", "credentials_refused", also=_wrong_clock, ends=_right_clock),
    none("google_no_token", Google(kind="no_sync_token", calendar=KESTREL)),
]


def cases(*strikes: Strike) -> list[Any]:
    """Each with its row."""
    return [
        pytest.param(one, id=f"{one.row}-{number}", marks=pytest.mark.fault(one.row))
        for number, one in enumerate(strikes)
    ]


@pytest.mark.parametrize("strike", cases(*GRAPH))
def test_a_fault_of_microsoft_365_spoils_no_agenda(tmp_path: Path, strike: Strike) -> None:
    played(tmp_path, services.Graph, lambda house: _struck(house, strike))


@pytest.mark.parametrize("strike", cases(*EWS))
def test_a_fault_of_exchange_spoils_no_agenda(tmp_path: Path, strike: Strike) -> None:
    played(tmp_path, services.Exchange, lambda house: _struck(house, strike))


@pytest.mark.parametrize("strike", cases(*GOOGLE))
def test_a_fault_of_google_spoils_no_agenda(tmp_path: Path, strike: Strike) -> None:
    played(tmp_path, services.Google, lambda house: _struck(house, strike))


@pytest.mark.fault("bridge")
def test_a_full_disk_and_a_crash_lose_nothing_that_was_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def work(house: House) -> None:
        await house.settle()
        with monkeypatch.context() as patch:
            patch.setattr(PatientDatabase, "change", full)
            house.add("kestrel", "Added", 30)
            house.add("osprey", "Added", 30)
            await house.pass_(LASTS)
            assert house.fine("kestrel"), "served from memory"
            assert house.fine("osprey")
            assert house.bridge.store.failing == "database or disk is full"
        await house.bridge.store.reconcile()
        assert house.bridge.store.failing is None
        await house.bridge.crash()
        house.world.faults.add(graph.Status(status=503))
        await house.bridge.start()
        await house.pass_(timedelta(minutes=5))
        assert house.titles() == house.truth["kestrel"], "read from the disk"
        assert house.titles("osprey") == house.truth["osprey"]
        house.world.faults.clear()
        house.add("kestrel", "Afterwards", 32)
        await house.pass_(timedelta(minutes=20))
        assert house.fine("kestrel")

    played(tmp_path, services.Graph, work)


async def _struck(house: House, strike: Strike) -> None:
    await house.settle()
    before = {name: house.agenda(name).bookings for name in ("kestrel", "osprey")}
    began = house.clock.now()
    for fault in strike.faults:
        house.world.faults.add(fault)
    strike.also(house)
    house.add("kestrel", "Added", 30)
    house.add("osprey", "Added", 30)
    await house.pass_(strike.lasts)
    told = list(house.bridge.health.all())
    assert house.met or not strike.faults, "the fault has been met"
    for name, bookings in before.items():
        if strike.kept and (strike.everywhere or name == "kestrel"):
            assert house.agenda(name).bookings == bookings, "the last good one is kept"
            assert house.agenda(name).as_of <= began, "and ages"
        else:
            assert house.fine(name), (name, house.titles(name), told)
    if strike.said:
        kind, code = strike.said
        name = "kestrel" if kind in {"room", "watched"} else house.service.name
        assert code in house.codes(kind, name), told
    if not strike.everywhere:
        assert not house.codes("room", "osprey"), told
        assert not house.codes("source", house.service.name), told
    await _mended(house, strike)


async def _mended(house: House, strike: Strike) -> None:
    """Nobody lends a hand."""
    house.world.faults.clear()
    strike.ends(house)
    await house.pass_(MENDED)
    for name in ("kestrel", "osprey"):
        assert house.fine(name), (name, house.titles(name), list(house.bridge.health.all()))
        assert not house.codes("room", name)
    assert not house.codes("source", house.service.name)
    house.add("kestrel", "Afterwards", 32)
    await house.pass_(timedelta(minutes=20))
    assert house.fine("kestrel"), "changes are heard of again"
