"""The pages over a real store, and a person who has signed in."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bridge.admin.pages import environment
from bridge.callers import SCOPES, Caller, Role
from bridge.health import Subject
from bridge.inventory.keeper import Keeper
from bridge.views import guard, pages
from bridge.views.display_shapes import FaultOrder
from bridge.views.site import site
from bridge.views.web import ANYBODY
from rooms.database import Database
from tests.bridge.conftest import Client, Views
from tests.fakes.sources import event, room
from tests.fakes.virtual import FixedClock

ZOOM = "Zoom: https://zoom.us/j/91234567890?pwd=x sip:91234567890.123456@zoomcrc.com"
LISTS = {"north": "North wing", "south": "South wing", "board": "Board rooms"}
AT = "http://127.0.0.1"
PROOF = {"csrf": "of s1"}
"""What each form of this session carries."""


def person(role: Role = "engineer", **more: Any) -> Caller:
    """Somebody who has signed in."""
    usual: dict[str, Any] = {
        "name": "Grace Hopper",
        "scopes": SCOPES[role],
        "role": role,
        "person": "p1",
        "session": "s1",
    }
    return Caller(**{**usual, **more})


FACILITIES = person("facilities", rooms=frozenset(["kestrel", "wren"]), lists=frozenset(["north"]))
"""Looks after the rooms of one list."""


class House(Views):
    """Views with the pages, and who looks at them."""

    def __init__(self, database: Database, clock: FixedClock, keeper: Keeper | None = None) -> None:
        super().__init__(database, clock, keeper)
        self.read = self.hinted
        self.lists = LISTS
        self.person: Caller | None = person()
        """None for nobody."""
        self.admin.pages.who = self.identified
        self.house.csrf = lambda caller: f"of {caller.session}" if caller.session else ""
        self.house.room_endpoints = lambda name: ["codec"] if name == "kestrel" else []

    def identified(self, *_: Any) -> Caller:
        """Who calls, in place of a session."""
        return self.person or ANYBODY

    async def furnish(self, now: datetime) -> None:
        """Six rooms, one of each state, with a day of meetings."""
        several = (
            ("kestrel", "Harbour House", "2", 8, ("north", "board")),
            ("wren", "Harbour House", "2", 4, ("north",)),
            ("heron", "Harbour House", "10", 12, ("south",)),
            ("osprey", "Mill", "1", 6, ("south",)),
            ("plover", "Mill", "", 0, ()),
            ("merlin", "", "", 3, ()),
        )
        self.house.rooms = {
            name: room(name, building=at, floor=floor, capacity=seats, lists=lists)
            for name, at, floor, seats, lists in several
        }
        later = now + timedelta(minutes=30)
        call = event("harvest review", later, 60, body=ZOOM)
        talk = event("supper", later + timedelta(minutes=90), 30)
        private = event("merger", now - timedelta(minutes=50), 30, body=ZOOM, private=True)
        hold = event("hold", now - timedelta(minutes=10), 20, cancelled=True)
        await self.keep(call, talk, private, hold, as_of=now)
        await self.keep(talk, name="wren", as_of=now)
        await self.keep(name="heron", as_of=now)
        await self.keep(call, name="osprey", as_of=now - timedelta(hours=2))
        await self.keep(call, name="plover", as_of=now)
        self.health.bad(Subject("endpoint", "codec"), "endpoint_unreachable")
        self.health.bad(Subject("room", "plover"), "access_denied")
        order = FaultOrder(code="audio", note="Crackles")
        await self.faults.report("kestrel", order, actor="display d1")


@pytest.fixture
def made_house(tmp_path: Path, clock: FixedClock) -> House:
    """Opened before the loop runs."""
    pages.files()
    environment()
    return House(Database(tmp_path / "bridge.db"), clock)


@pytest.fixture
def signed_in(made_house: House) -> Iterator[House]:
    """With who is signed in put where sessions will be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "identified", made_house.identified)
        yield made_house


@pytest.fixture
async def house(signed_in: House) -> AsyncIterator[House]:
    """Furnished."""
    async with signed_in.database.running():
        await signed_in.furnish(signed_in.clock.now())
        yield signed_in
    signed_in.panels.close()


@pytest.fixture
async def opened(house: House) -> AsyncIterator[Client]:
    """Somebody's browser, as far as HTTP goes."""
    ours = {"Sec-Fetch-Site": "same-origin"}
    server = TestServer(site(house.house, house.routes()))
    async with TestClient(server, headers=ours) as client:
        yield client
        house.hub.close()
