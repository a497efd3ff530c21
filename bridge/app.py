"""The appliance: everything wired together. The only place that knows everyone."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib.metadata import version

import msgspec

from bridge import housekeeping, systemd
from bridge.admin.composition import admin
from bridge.alerts.courier import Courier
from bridge.beyond import Beyond
from bridge.calling.composition import Calling
from bridge.chain.herald import Herald
from bridge.deciding import Decisions
from bridge.discovery import EVERY, JITTER, Discovery
from bridge.dispatch import Dispatch
from bridge.displays.composition import Displays
from bridge.doctor.round import Rounds
from bridge.doctor.visit import Visit
from bridge.facade import Facade
from bridge.furnished import furnish
from bridge.health import BRIDGE, Health, Subject
from bridge.housekeeping import Chore
from bridge.identities import Identities
from bridge.keeping import Counter
from bridge.listening import listening, working
from bridge.logs import fault
from bridge.measures import measures
from bridge.oidc.single import SingleSignOn
from bridge.posted import posted
from bridge.prepared import Prepared
from bridge.rereading import Rereading
from bridge.settings.changes import fixed
from bridge.settings.model import Configuration
from bridge.sync import Sync
from bridge.tabling import Tables
from bridge.upkeep import upkeep
from bridge.views import (
    again,
    alerts,
    audit,
    discovery,
    explain,
    health,
    hooks,
    inventory,
    inventory_tables,
    openapi,
    pages,
    people,
    rooms,
    sessions,
    sources,
    status,
    stream,
    tokens,
)
from bridge.views.house import House
from bridge.views.stream import Hub
from bridge.writing.composition import Writing
from connector.outside import open_outside
from rooms.audit import Entry

log = logging.getLogger(__name__)

VERSION = version("room-calendar-bridge")
LOOK_AT_CREDENTIALS = timedelta(seconds=10)
"""Between two looks at what ends soon or is refused: it costs nothing."""
_DAILY = partial(Chore, every=timedelta(days=1), jitter=timedelta(hours=2))
_EACH_MINUTE = partial(Chore, every=timedelta(minutes=1))


class Appliance:
    """The running whole."""

    def __init__(self, made: Prepared, stack: AsyncExitStack) -> None:
        self._made = made
        self._stack = stack
        self.configuration = made.configuration
        clock = made.clock
        self.health = Health(clock, self._troubled)
        self.house = House(
            store=made.store,
            health=self.health,
            clock=clock,
            tokens=made.tokens,
            started=clock.now(),
            people=made.people,
            csrf=made.people.form_secret,
        )
        self.house.retired = made.following.retired
        self._anew: set[str] = set()
        """Rooms whose ids were another room's a moment ago, or none's."""
        made.following.follows.append(lambda change: self._anew.update(change.renamed.values()))
        made.following.fixed["rule of people.oidc.roles"] = self._ruled
        self.hub = Hub(self.house)
        made.tokens.on_revoked = self.hub.expel
        made.people.sessions.on_ended = self.hub.expel_session
        self.facade = Facade(self.house, self.hub, lambda: self.configuration)
        self.rereading = Rereading(made, self.health, lambda: self.configuration, self.reload)
        made.keeper.attach(
            lambda: self.configuration, lambda: made.custody.known, self.changed, made.custody
        )
        self.port = made.configuration.site.listen.port
        self.legacy_port = 0

    def _ruled(self, room_list: str) -> int:
        """How many lines of the configuration in force let people in by a room list."""
        return self.configuration.site.people.ruled(room_list)

    async def start(self) -> None:
        """Serve what is known first, then look after sources and room systems."""
        made, site_ = self._made, self.configuration.site
        await self._stack.enter_async_context(made.database.running())
        opened = partial(open_outside, made.clock, ca_file=site_.ca_file)
        services = await self._stack.enter_async_context(opened())
        near = opened(networks=site_.endpoint_networks)
        devices = await self._stack.enter_async_context(near)
        self.herald = Herald(services, made.audit, self.health, site_.data_dir)
        self.sync = Sync(
            services,
            store=made.store,
            health=self.health,
            clock=made.clock,
            heard=self._heard,
            keep=made.custody.keep,
            spending=made.spending,
            beyond=lambda room: self.beyond.forget(room),  # noqa: PLW0108 - it is made below
        )
        self.house.beyond = self.beyond = Beyond(self.sync, clock=made.clock)
        self.identities = Identities(
            self.sync,
            revoked=made.revoked,
            health=self.health,
            audit=made.audit,
            clock=made.clock,
            forget=made.custody.forget,
        )
        self.writing = Writing(made, self.sync, self.health, lambda: self.configuration.rules)
        self.discovery = Discovery(
            self.sync, health=self.health, clock=made.clock, rejections=made.rejections
        )
        self._devices = devices
        self.dispatch = Dispatch(devices, store=made.store, health=self.health, clock=made.clock)
        self.dispatch.grant_by(self.writing.wishes)
        self.rounds = Rounds(self.health, made.clock, self._visit)
        self.calling = Calling(made, self.dispatch, self.health, self.house, devices)
        self.calling.read_by(self.house.readers.visit, self.house.readers.has_newest)
        self.displays = Displays(made, self.house, self.hub, self.writing, self.calling)
        self.single = SingleSignOn(services, made.people, lambda: self.configuration.site)
        hint, single = self.sync.hint, self.single
        self.admin = admin(made, self.house, self.displays, self.discovery, hint, single=single)
        self.courier = Courier(services, health=self.health, data_dir=site_.data_dir)
        self._furnish()
        await self._serve()
        await self._begin()

    async def _begin(self) -> None:
        """Everything that works by itself, once callers are answered."""
        made = self._made
        await self._stack.enter_async_context(self.herald.running())
        await self._stack.enter_async_context(working(made.store.run()))
        await made.custody.refresh(self.health)
        await self._stack.enter_async_context(self.sync.running())
        self._stack.push_async_callback(self.discovery.close)
        await self._stack.enter_async_context(self.writing.running())
        await self._stack.enter_async_context(self.calling.running())
        await self._stack.enter_async_context(self.displays.running())
        await self._stack.enter_async_context(self.identities.running())
        await self._stack.enter_async_context(self.courier.running())
        await self.adopt(self.configuration)
        await made.keeper.tidy()
        await self._stack.enter_async_context(housekeeping.running(self._chores()))
        await self._stack.enter_async_context(working(self.rounds.attend()))
        await self._stack.enter_async_context(working(self.hub.run()))

    async def adopt(self, configuration: Configuration) -> None:
        """Work by this configuration from now on."""
        self.configuration = configuration
        self._furnish()
        known: dict[str, Collection[str]] = {
            "bridge": {BRIDGE.id},
            "room": self.house.rooms,
            "source": configuration.sources,
            "endpoint": {endpoint.id for endpoint in configuration.inventory.endpoints},
        }
        self.health.forget(lambda subject: subject.id in known[subject.about])
        self._made.store.adopt(configuration.inventory.rooms)
        await self.calling.adopt(configuration)
        await self.identities.adopt(configuration)
        await self.sync.adopt(configuration)
        await self.writing.adopt(configuration)
        await self.displays.adopt(configuration)
        await self.discovery.adopt(configuration)
        self.courier.adopt(configuration.site)
        self.herald.adopt(configuration.site)
        self.beyond.adopt(configuration.site)

    async def reload(self, configuration: Configuration) -> None:
        """Work by a configuration that was read again."""
        custody = self._made.custody
        had = custody.there
        custody.adopt(configuration.site)
        await custody.refresh(self.health)
        if configuration == self.configuration and had == custody.there:
            await self.displays.adopt(self.configuration)  # a logo is another under its old name
            return
        if fixed(configuration) != fixed(self._made.configuration):
            self.health.bad(BRIDGE, "restart_needed")
        await self._follow(configuration)
        await self.changed(configuration)
        log.info("the changed configuration is in force")

    async def _follow(self, configuration: Configuration) -> None:
        """Have what is kept follow rooms that files have renamed, and remember who left."""
        following = self._made.following
        change = following.change(self.configuration, configuration, {})
        if not change:
            return
        now = self._made.clock.now()
        async with following.still():
            try:
                await self._made.database.change(lambda db: following.write(db, change, now))
            except sqlite3.Error as error:  # files decide all the same
                log.error("what is kept of renamed rooms stays by their old ids: %s", fault(error))
            following.follow(change)

    async def changed(self, configuration: Configuration) -> None:
        """Work by another configuration, and look at what that changes."""
        await self.adopt(configuration)
        while self._anew:  # whoever knows a room by its id alone looks again
            self.hub.changed(self._anew.pop())
        self.rounds.changed()

    def _furnish(self) -> None:
        """Show the views what the configuration says, and tell who looked at what is gone."""
        before = self.house.rooms
        furnish(self.house, self.configuration)
        self.facade.adopt()
        for room in before.keys() - self.house.rooms.keys():
            self.hub.gone(room)

    async def _serve(self) -> None:
        """Answer displays over the network and the command line over its socket."""
        counter = Counter(self._made.keeper)
        routes = [
            *rooms.ROUTES,
            stream.route(self.hub),
            *explain.ROUTES,
            *self.writing.routes,
            *self.calling.routes,
            *self.displays.routes,
            again.route(self.sync.hint),
            *self.admin.routes,
            *tokens.ROUTES,
            *people.ROUTES,
            *sessions.ROUTES,
            *sources.routes(self.identities),
            *discovery.routes(
                self.discovery,
                Decisions(self.discovery, self._made.keeper, counter, self._made.clock),
            ),
            *inventory.routes(counter),
            *inventory_tables.routes(Tables(self._made.keeper, counter)),
            alerts.route(self.courier.test),
            *audit.routes(self._made.audit, self.herald.verify),
            hooks.route(posted(self.sync, self.dispatch)),
            *self.facade.routes,
            *pages.ROUTES,
            *status.ROUTES,
            *health.routes(self.rounds, lambda: upkeep(self.house, self.sync)),
            status.metrics(
                lambda: measures(
                    self.house,
                    self.sync,
                    self.dispatch,
                    self.hub,
                    self.identities,
                    herald=self.herald,
                    version=VERSION,
                )
            ),
        ]
        every = [*routes, openapi.route(routes, VERSION)]
        site_, presented = self.configuration.site, self._made.presented
        self.port, self.legacy_port = await self._stack.enter_async_context(
            listening(self.house, site_, presented, every)
        )
        self._stack.callback(self.hub.close)

    def _chores(self) -> list[Chore]:
        return [
            Chore(name="purge", every=timedelta(hours=1), do=self._purge),
            _DAILY(name="reconcile", do=self._made.store.reconcile),
            _DAILY(name="doctor", do=self.rounds.go),
            _EACH_MINUTE(name="vault", do=lambda: self._made.custody.refresh(self.health)),
            Chore(name="discovery", every=EVERY, jitter=JITTER, do=self.discovery.run),
            self.facade.chore,
            _EACH_MINUTE(name="forms", do=self.admin.forget),
            _EACH_MINUTE(name="people", do=self._made.people.settle),
            Chore(name="credentials", every=LOOK_AT_CREDENTIALS, do=self.identities.look),
        ]

    def _visit(self, room: str | None) -> Visit:
        """The doctor's visit to everything, or to what concerns one room."""
        revoked, known = self._made.revoked, self.configuration.sources
        read = {name: one for name, one in known.items() if not revoked.get(name)}
        return Visit(
            configuration=msgspec.structs.replace(self.configuration, sources=read),
            outside=self.sync.outside,
            services=self.single.outside,
            devices=self._devices,
            signs=self.sync.signs(),
            doubts=self.calling.desk.doubts,
            only=self.house.rooms[room] if room else None,
        )

    async def _purge(self) -> None:
        """Remove bookings, and answers about them, whose time to be kept is over."""
        await self.writing.purge()
        now = self._made.clock.now()
        removed = await self._made.store.purge(
            now - self.configuration.site.keeps, self.house.rooms.keys()
        )
        if removed:
            await self._made.audit.record(
                Entry(at=now, actor="bridge", action="bookings.purge", detail={"removed": removed})
            )

    def _heard(self, room: str, /, *, changed: bool) -> None:
        """A room was read well."""
        failing = self._made.store.failing
        if failing:
            self.health.bad(BRIDGE, "disk_failing")
        else:
            self.health.good(BRIDGE, "disk_failing")
        self.writing.heard(room)
        if changed:
            self.beyond.forget(room)
            self.hub.changed(room)
            self.calling.changed(room)
        self.displays.heard(room, changed=changed)

    def _troubled(self, subject: Subject) -> None:
        """Something fails or works again: whoever looks at the room hears of it."""
        if subject.kind in {"room", "fault"}:
            self.hub.troubled(subject.id)


@asynccontextmanager
async def running(made: Prepared) -> AsyncIterator[Appliance]:
    """The appliance, from its first answer to its last."""
    async with AsyncExitStack() as stack:
        appliance = Appliance(made, stack)
        await appliance.start()
        systemd.notify("READY=1")
        async with working(appliance.rereading.watch()), working(systemd.watchdog()):
            try:
                yield appliance
            finally:
                systemd.notify("STOPPING=1")
