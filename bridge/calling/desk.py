"""Where callers come who want something of a room system."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from bridge.calling import order, shown
from bridge.calling.joining import Joining
from bridge.calling.notes import Notes
from bridge.calling.presented import presented
from bridge.calling.units import Refused, Units, refusal
from bridge.health import Health, Trouble
from bridge.settings.model import Configuration, EndpointSettings, Site
from bridge.views import render
from bridge.views.endpoint_shapes import (
    DialOrder,
    EndpointShape,
    NothingOrder,
    PresentedShape,
    ToldShape,
    TonesOrder,
)
from bridge.views.openapi import STATUSES
from bridge.views.web import Problem
from bridge.visits import Visits, no_visits
from connector.endpoint import Calendar, Dials, Provisioned, Reads, Tones
from connector.errors import ConnectorError
from connector.outside import Outside
from rooms.clock import Clock
from rooms.room import Room

T = TypeVar("T")

SLICE = 250
"""Room systems looked at before other callers get their turn."""
FACADE = "EWS/Exchange.asmx"
"""The path of the Exchange façade below `public_url`."""


class Desk:
    """Speaks with room systems for callers."""

    def __init__(
        self, units: Units, joining: Joining, notes: Notes, health: Health, clock: Clock
    ) -> None:
        self._units = units
        self._joining = joining
        self._notes = notes
        self._health = health
        self._clock = clock
        self._site = Site()
        self._known: Mapping[str, EndpointSettings] = {}
        self._rooms: Mapping[str, Room] = {}
        self.visits: Visits = no_visits
        """Who knows when units read the façade."""
        self.outside: Outside | None = None
        """How units are reached to be looked at."""

    def adopt(self, configuration: Configuration) -> None:
        """Speak with the room systems of this configuration."""
        self._site = configuration.site
        self._known = {one.id: one for one in configuration.inventory.endpoints}
        self._rooms = {room.id: room for room in configuration.inventory.rooms}

    async def every(self, room: str | None) -> Sequence[EndpointShape]:
        """All room systems, or those of a room; others get their turn in between."""
        troubles = self._troubles()
        wanted = [one for one in self._known.values() if room in {None, one.room}]
        found = []
        for number, one in enumerate(wanted):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            with suppress(KeyError):  # the configuration is just being changed
                found.append(self._shape(one, troubles))
        return found

    def one(self, name: str) -> EndpointShape:
        """One of them."""
        return self._shape(self._settings(name), self._troubles())

    def _shape(
        self, settings: EndpointSettings, troubles: Mapping[str, Sequence[Trouble]]
    ) -> EndpointShape:
        return shown.shape(
            settings,
            self._units.endpoint(settings.id),
            self._units.status(settings.id),
            self.visits(settings.id),
            acknowledged=self._site.acknowledge,
            health=render.troubles(tuple(troubles.get(settings.id, ()))),
        )

    def _troubles(self) -> Mapping[str, Sequence[Trouble]]:
        """What fails of room systems, by their ids."""
        found: dict[str, list[Trouble]] = {}
        for subject, trouble in self._health.all():
            if subject.about == "endpoint":
                found.setdefault(subject.id, []).append(trouble)
        return found

    def doubts(self, name: str) -> Sequence[str]:
        """What the doctor should say of one that is told or read by the running appliance."""
        settings, now = self._settings(name), self._clock.now()
        endpoint, status = self._units.endpoint(name), self._units.status(name)
        return list(shown.doubts(settings, endpoint, status, self.visits(name), now))

    async def presented(self, name: str) -> PresentedShape:
        """What it proves itself with now."""
        settings = self._settings(name)
        assert self.outside is not None  # noqa: S101 - given before anybody is served
        return await presented(settings, self.outside, self._site.endpoint_networks)

    async def push(self, name: str, _order: NothingOrder, *, actor: str) -> ToldShape:
        """Show it its list; one that refused the login and takes no list is signed in to."""
        one = self.one(name)
        shows = "shows" in one.can
        if not shows and one.state != "denied":
            raise problem(Refused("endpoint_unsupported", "it takes no list"))
        await self._noted(actor, "endpoints.push", name, self._units.push(name))
        return ToldShape(endpoint=name, done="shown" if shows else "signed_in")

    async def provision(self, name: str, _order: NothingOrder, *, actor: str) -> ToldShape:
        """Point it at its room's calendar."""
        settings = self._able(name, Provisioned, "it cannot be pointed at a calendar from here")
        calendar = self._calendar(settings)

        async def provision(endpoint: Provisioned) -> Sequence[str]:
            return await endpoint.provision(calendar)

        work = self._units.act(name, provision)
        made = await self._noted(actor, "endpoints.provision", name, work)
        return ToldShape(endpoint=name, done="provisioned", settings=tuple(made))

    def _calendar(self, settings: EndpointSettings) -> Calendar:
        """Where a unit finds its calendar.

        Raises:
            Problem: the configuration does not say.
        """
        options = settings.options
        facade = options.facade if isinstance(options, Reads) else None
        lacking = [] if self._site.public_url else ["public_url in bridge.yaml"]
        lacking += [] if facade else [f"facade of endpoint {settings.id} in rooms.yaml"]
        if lacking or facade is None:
            raise problem(Refused("not_provisionable", f"set {' and '.join(lacking)}"))
        return Calendar(
            url=f"{self._site.public_url.rstrip('/')}/{FACADE}",
            mailbox=self._rooms[settings.room].mailbox,
            facade=facade,
        )

    async def dial(self, name: str, wanted: DialOrder, *, actor: str) -> ToldShape:
        """Have it call."""
        settings = self._able(name, Dials, "it cannot be told to dial")
        if bool(wanted.booking) == bool(wanted.address):
            raise Problem(400, "bad_body", "give `booking` or `address`")
        already = False
        if wanted.booking:
            room = self._rooms[settings.room]
            work = self._joining.join(room, wanted.booking, only=name)
            detail = {"booking": wanted.booking}
            already = (await self._noted(actor, "endpoints.dial", name, work, **detail)).already
        else:
            await self._noted(actor, "endpoints.dial", name, self._rung(settings, wanted))
        return ToldShape(endpoint=name, done="already" if already else "dialled")

    async def _rung(self, settings: EndpointSettings, wanted: DialOrder) -> None:
        call = order.of_address(wanted.address, wanted.protocol, settings.options.protocols)
        if await self._joining.ring(settings, call) != "dialled":
            raise Refused("endpoint_busy")

    async def hang_up(self, name: str, _order: NothingOrder, *, actor: str) -> ToldShape:
        """End all its calls."""
        self._able(name, Dials, "it cannot be told to hang up")

        async def hang_up(endpoint: Dials) -> None:
            await endpoint.hang_up()

        work = self._units.act(name, hang_up)
        await self._noted(actor, "endpoints.hangup", name, work)
        self._joining.forget(name)
        return ToldShape(endpoint=name, done="hung_up")

    async def tones(self, name: str, wanted: TonesOrder, *, actor: str) -> ToldShape:
        """Send tones into its call."""
        self._able(name, Tones, "it cannot be told to send tones")

        async def tones(endpoint: Tones) -> None:
            await endpoint.tones(wanted.digits)

        await self._noted(actor, "endpoints.tones", name, self._units.act(name, tones))
        return ToldShape(endpoint=name, done="tones_sent")

    async def _noted(
        self, actor: str, action: str, name: str, work: Awaitable[T], **detail: str
    ) -> T:
        """What somebody wanted, done and written down however it went.

        Raises:
            Problem: it was not done.
        """
        try:
            done = await work
        except (ConnectorError, Refused) as error:
            refused = refusal(error) if isinstance(error, ConnectorError) else error
            if refused.worth_noting:
                await self._notes.note(actor, action, name, **detail, refused=refused.code)
            raise problem(refused) from error
        await self._notes.note(actor, action, name, **detail)
        return done

    def _settings(self, name: str) -> EndpointSettings:
        try:
            self._units.status(name)  # while the configuration changes it may be gone already
            return self._known[name]
        except KeyError as error:
            raise problem(Refused("unknown_endpoint")) from error

    def _able(self, name: str, protocol: Any, words: str) -> EndpointSettings:
        """The settings of a unit that can do something.

        Raises:
            Problem: it is not there, or its kind cannot.
        """
        settings = self._settings(name)
        if not isinstance(self._units.endpoint(name), protocol):
            raise problem(Refused("endpoint_unsupported", words))
        return settings


def problem(refused: Refused) -> Problem:
    """As callers are told."""
    return Problem(STATUSES[refused.code], refused.code, refused.words)
