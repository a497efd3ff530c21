"""Faults of every kind of room system that is made to call, through driver and dispatcher."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.dispatch import Dispatch
from bridge.health import Health, Subject
from bridge.settings.model import EndpointSettings
from connector import load
from connector.endpoint import Dials, Endpoint, Order
from connector.errors import Denied, Unavailable
from connector.outside import Outside, open_outside
from rooms.store import Store
from tests.connector import test_calling as units
from tests.connector.calling_contract import ADDRESSES, CallingContract, Rig
from tests.fakes.endpoints import FakeOptions
from tests.fakes.furnished import furnished
from tests.fakes.virtual import PatientDatabase, VirtualClock, in_virtual_time
from tests.faults.room_systems import passes

pytestmark = pytest.mark.allow_blocking

ORDER = Order(dial=ADDRESSES[0], booking="one")
NIGHT = 8 * 3600.0
KINDS: list[type[CallingContract]] = [
    units.TestRoomOs,
    units.TestTc,
    units.TestTerminal,
    units.TestWebSocket,
    units.TestStudio,
    units.TestGroup,
    units.TestTrio,
    units.TestHdxOverSsh,
    units.TestHdxOverTelnet,
    units.TestReferred,
    units.TestConnected,
    units.TestYealinkPhone,
    units.TestTandbergXml,
    units.TestTandbergLines,
]


class Stand:
    """A unit among others, looked after."""

    def __init__(self, dispatch: Dispatch, health: Health, rig: Rig) -> None:
        self.dispatch = dispatch
        self.health = health
        self.rig = rig

    async def dial(self) -> None:
        """Have it call."""

        async def dial(endpoint: Endpoint) -> None:
            assert isinstance(endpoint, Dials)
            await endpoint.dial(ORDER)

        await self.dispatch.act("unit", dial)


def played(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[CallingContract],
    work: Callable[[Stand], Awaitable[None]],
    **how: Any,
) -> None:
    """Play it in virtual time, with a unit of one kind."""
    database = PatientDatabase(furnished(folder / "bridge.db"))

    async def play() -> None:
        clock = VirtualClock()
        health = Health(clock)
        async with (
            database.running(),
            open_outside(clock) as outside,
            kind().rig(outside, **how) as rig,
        ):

            @asynccontextmanager
            async def connect(_options: Any, _outside: Outside) -> AsyncIterator[Any]:
                yield rig.endpoint

            monkeypatch.setattr(load, "endpoint", lambda _: SimpleNamespace(connect=connect))
            made = Dispatch(outside, store=Store(database), health=health, clock=clock)
            options = FakeOptions()
            async with made.running():
                await made.adopt(
                    [EndpointSettings(id="unit", kind="unit", room="kestrel", options=options)]
                )
                await work(Stand(made, health, rig))

    in_virtual_time(play())


@pytest.mark.fault("endpoint_password")
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_is_tried_once_in_a_night_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[CallingContract]
) -> None:
    async def work(stand: Stand) -> None:
        await passes(NIGHT)
        for _ in range(3):
            with pytest.raises(Denied):
                await stand.dial()
        assert stand.rig.refused() == 1
        assert stand.dispatch.status("unit").state == "denied"
        assert [one.code for one in stand.health.of(Subject("endpoint", "unit"))] == [
            "endpoint_denied"
        ]

    played(tmp_path, monkeypatch, kind, work, password="wrong")


@pytest.mark.parametrize("kind", [*KINDS, units.TestYealinkSystem])
def test_a_unit_that_is_off_is_said_to_be_and_dials_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[CallingContract]
) -> None:
    async def work(stand: Stand) -> None:
        with pytest.raises(Unavailable):
            await stand.dial()
        status = stand.dispatch.status("unit")
        assert status.reachable is False
        assert status.last_error
        assert status.last_error.code == "unreachable"

    played(tmp_path, monkeypatch, kind, work, at="nowhere")


@pytest.mark.fault("endpoint_sessions")
@pytest.mark.parametrize("kind", [*KINDS, units.TestYealinkSystem])
def test_forty_orders_in_a_row_leave_nothing_open_that_would_refuse_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[CallingContract]
) -> None:
    async def hang_up(endpoint: Any) -> None:
        await endpoint.hang_up()

    async def work(stand: Stand) -> None:
        for _ in range(40):
            await stand.dial()
            if kind.hangs_up:
                await stand.dispatch.act("unit", hang_up)
        assert len(stand.rig.dialled()) == 40
        assert set(stand.rig.dialled()) == {ORDER.dial.address}

    played(tmp_path, monkeypatch, kind, work)
