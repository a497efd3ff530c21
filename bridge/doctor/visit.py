"""One visit of the doctor: all live checks, or those that concern one room."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.doctor import certificates, conditions, machine, mailboxes, services, sign_on, units
from bridge.doctor.finding import Finding, finding, merged
from bridge.health import BRIDGE, Subject
from bridge.logs import fault
from bridge.settings.model import (
    Configuration,
    EndpointSettings,
    SourceSettings,
    writing_sources,
)
from connector.outside import Outside
from rooms.room import Room
from rooms.signs import Signs

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What is looked at, and with what."""

    configuration: Configuration
    outside: Callable[[str, SourceSettings], Outside]
    """How a source reaches the network."""
    devices: Outside
    """How room systems are reached."""
    services: Outside | None = None
    """How the provider of identities is reached; None to leave it out."""
    signs: Mapping[str, Signs] | None = None
    """What the running appliance counted in each room's calendar; None: read them."""
    doubts: units.Doubts = units.nothing
    """What the running appliance has to say of room systems."""
    only: Room | None = None
    """None for all rooms."""

    @property
    def rooms(self) -> list[Room]:
        """The rooms that are looked at."""
        return [self.only] if self.only else list(self.configuration.inventory.rooms)

    @property
    def sources(self) -> Mapping[str, SourceSettings]:
        """The sources that are looked at; none where the room's is left out."""
        known = self.configuration.sources
        here = {self.only.source} if self.only else known.keys()
        return {name: source for name, source in known.items() if name in here}

    @property
    def endpoints(self) -> list[EndpointSettings]:
        """The room systems that are looked at."""
        here = {room.id for room in self.rooms}
        return [one for one in self.configuration.inventory.endpoints if one.room in here]

    def subjects(self) -> Iterator[Subject]:
        """Whatever could have been found something of."""
        yield BRIDGE
        yield from (Subject("source", name) for name in self.sources)
        yield from (Subject("room", room.id) for room in self.rooms)
        yield from (Subject("endpoint", one.id) for one in self.endpoints)

    async def findings(self) -> list[Finding]:
        """Do all checks, side by side."""
        site = self.configuration.site
        checks = [
            (BRIDGE, conditions.conditions(self.configuration)),
            (BRIDGE, machine.disk(site.data_dir)),
            (BRIDGE, certificates.own(site, self.devices.clock.now())),
            (BRIDGE, sign_on.sign_on(site, self.services)),
            (
                BRIDGE,
                units.units(
                    self.endpoints,
                    self.devices,
                    site.endpoint_networks,
                    attempt=self.signs is None,
                    doubts=self.doubts,
                ),
            ),
            *(
                (Subject("source", name), self._source(name, source))
                for name, source in self.sources.items()
            ),
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_whatever(subject, check)) for subject, check in checks]
        return merged(found for task in tasks for found in task.result())

    async def _source(self, name: str, source: SourceSettings) -> list[Finding]:
        subject = Subject("source", name)
        outside = self.outside(name, source)
        rooms = [room for room in self.rooms if room.source == name]
        # Of all rooms, or one that is refused would look as if the right itself were missing.
        all_rooms = self.configuration.inventory.rooms
        addresses = [room.mailbox for room in all_rooms if room.source == name]
        found = list(services.settings(subject, source))
        found += await services.ways(subject, source, outside)
        writes = name in dict(writing_sources(self.configuration))
        found += await services.rights(
            subject,
            source,
            outside,
            addresses,
            writes=writes and not services.writes_apart(source),
        )
        if writes:
            found += await services.writer(subject, source, outside, addresses)
        if self.signs is None:
            found += await mailboxes.read(rooms, source, outside, self.configuration.site.window)
        else:
            for room in rooms:
                if room.id in self.signs:
                    found += mailboxes.told_by(room, source, self.signs[room.id])
        return found


async def _whatever(subject: Subject, check: Coroutine[Any, Any, list[Finding]]) -> list[Finding]:
    """What a check finds, whatever comes of it: its own fault must not end the others."""
    try:
        return await check
    except Exception as error:  # noqa: BLE001 - told as a finding, logged without its message
        log.error("doctor, %s: %s", subject, fault(error))
        return [finding(subject, "unexpected")]
