"""A site for the doctor to look at: a simulated tenant, room systems, and what is wrong there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer

from bridge.doctor.finding import Finding
from bridge.doctor.visit import Visit
from bridge.settings.model import (
    Configuration,
    EndpointSettings,
    Inventory,
    Mailboxes,
    Site,
    SourceSettings,
)
from connector import load
from connector.outside import Outside, Proxy, open_outside
from connector.secret import Secret
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Meeting, Tenant, app
from connector.sources import graph
from rooms.model import Person
from rooms.room import Room
from rooms.signs import Signs
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock

(
    load.source("graph"),
    load.writing("graph"),
    load.endpoint("cisco"),
)  # as at a start: before the loop runs

KESTREL = "kestrel@example.com"
CANARY = "somebody@example.com"
HEALTHY = Mailboxes(domains=("example.com",), canary=CANARY)


@dataclass(kw_only=True)
class Patient:
    """Everything that can be wrong; as it is made, nothing is."""

    folder: Path
    tenant: Tenant
    url: str
    clock: FixedClock = field(default_factory=FixedClock)
    options: dict[str, Any] = field(default_factory=dict)
    mailboxes: Mailboxes = HEALTHY
    proxy: Proxy | None = None
    site: dict[str, Any] = field(default_factory=dict)
    rooms: tuple[Room, ...] = (room(),)
    endpoints: tuple[EndpointSettings, ...] = ()
    doubts: tuple[str, ...] = ()
    """What a running appliance has to say of each of them."""
    signs: dict[str, Signs] | None = None
    only: Room | None = None

    def register(self, **more: Any) -> None:
        """Register the application anew."""
        self.tenant.register_app(**{"secret": "right", "scope": [KESTREL], **more})

    def invite(self, count: int, **more: Any) -> None:
        """Put meetings into Kestrel's calendar."""
        mailbox = self.tenant.mailbox(KESTREL)
        for number in range(count):
            start = NOON + timedelta(hours=number)
            usual: dict[str, Any] = {"subject": f"Talk {number}", "body": "<p>Hello</p>"}
            mailbox.add(
                Meeting(start=start, end=start + timedelta(minutes=30), **{**usual, **more})
            )

    def configuration(self) -> Configuration:
        """What is configured."""
        options = {
            "tenant_id": TENANT_ID,
            "client_id": CLIENT_ID,
            "client_secret": Secret("right"),
            "graph_url": self.url,
            "login_url": self.url,
            **self.options,
        }
        source = SourceSettings(
            kind="graph",
            options=graph.Options(**options),
            mailboxes=self.mailboxes,
            proxy=self.proxy,
        )
        return Configuration(
            file=self.folder / "bridge.yaml",
            site=Site(**{"data_dir": self.folder, **self.site}),
            sources={"m365": source},
            inventory=Inventory(rooms=self.rooms, endpoints=self.endpoints),
        )

    async def findings(self) -> list[Finding]:
        """What the doctor finds."""
        async with open_outside(self.clock) as outside:
            return await self.visit(outside).findings()

    def visit(self, outside: Outside) -> Visit:
        """A visit of the doctor."""
        return Visit(
            configuration=self.configuration(),
            outside=lambda _, source: replace(outside, proxy=source.proxy),
            services=outside,
            devices=outside,
            signs=self.signs,
            doubts=lambda _endpoint: self.doubts,
            only=self.only,
        )

    async def codes(self) -> list[str]:
        """The codes of what is found."""
        return [one.code for one in await self.findings()]


@asynccontextmanager
async def patient(folder: Path) -> AsyncIterator[Patient]:
    """A site where all is well."""
    clock = FixedClock()
    tenant = Tenant(clock=clock.now)
    for address in (KESTREL, CANARY):
        tenant.add_mailbox(address)
    server = TestServer(app(tenant))
    async with server:
        made = Patient(
            folder=folder, tenant=tenant, url=str(server.make_url("/")).rstrip("/"), clock=clock
        )
        made.register()
        yield made


def organizer(domain: str = "example.com") -> Person:
    """Somebody who invites."""
    return Person(name="Ada Lovelace", address=f"ada@{domain}")
