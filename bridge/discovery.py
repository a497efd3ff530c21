"""Asking services for their rooms, so that a person may bring rooms.yaml up to date.

It proposes and never changes anything: not the configuration, not what is read, not a booking.
What is known lives in memory: a start begins with a list that is believed as it comes, and
confirms nothing before the second.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from bridge.discovered import Difference, Known, Standing, differences, heard
from bridge.health import Health, Subject, Trouble
from bridge.logs import fault
from bridge.proposal import Proposal
from bridge.settings.model import Configuration, Inventory, SourceSettings
from bridge.views import render
from bridge.views.discovery_shapes import (
    DifferenceShape,
    DiscoveredShape,
    DiscoveryShape,
    EntryShape,
    ListShape,
)
from connector.discovery import Discovers, FoundRoom
from connector.errors import ConnectorError, Denied, Unavailable
from rooms.clock import Clock

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
JITTER = timedelta(minutes=15)
DENIED_FOR = timedelta(hours=23)
"""How long a source that may not list rooms is left alone: until tomorrow's run."""
LONGEST = 900.0
"""Seconds for one source's whole list, whatever its driver thinks of time."""


class Discovering(Protocol):
    """Who knows the open sources."""

    def discovering(self) -> Mapping[str, Discovers]:
        """Those that can list rooms and may be asked now."""


@dataclass(kw_only=True)
class _Source:
    """What one source said, and when it may be asked again."""

    settings: SourceSettings
    standing: Standing = Standing()  # noqa: RUF009 - it is frozen
    as_of: datetime | None = None
    rest_until: float = float("-inf")
    found: Sequence[tuple[Difference, bool]] = ()


class Discovery:
    """Asks one source after the other, and holds the answers against rooms.yaml."""

    def __init__(self, sync: Discovering, *, health: Health, clock: Clock) -> None:
        self._sync = sync
        self._health = health
        self._clock = clock
        self._inventory = Inventory()
        self._sources: dict[str, _Source] = {}
        self._asking = asyncio.Lock()
        self._judging = asyncio.Lock()

    async def adopt(self, configuration: Configuration) -> None:
        """Compare with this room list from now on; another source begins anew."""
        self._inventory = configuration.inventory
        before, now = self._sources, {}
        for name, settings in configuration.sources.items():
            known = before.get(name)
            if known is None or known.settings != settings:
                known = _Source(settings=settings)
                self._health.good(Subject("discovery", name))
            now[name] = known
        self._sources = now
        for name, known in now.items():
            await self._judge(name, known)

    async def run(self) -> None:
        """Ask every source whose time has come."""
        now = self._clock.monotonic()
        due = [name for name, one in self._sources.items() if one.rest_until <= now]
        await self._ask(due)

    async def go(self, source: str | None = None) -> None:
        """Ask one source now, or all.

        Raises:
            KeyError: there is no such source.
        """
        if source is not None and source not in self._sources:
            raise KeyError(source)
        await self._ask(list(self._sources) if source is None else [source])

    async def stands(self, source: str | None = None) -> DiscoveryShape:
        """What is known of one source, or of all that can list rooms.

        Raises:
            KeyError: there is no such source.
        """
        wanted = self._sources if source is None else {source: self._sources[source]}
        able = self._sync.discovering()
        told = [
            Told(
                name=name,
                as_of=one.as_of,
                believed=one.standing.believed,
                found=one.found,
                health=self._health.of(Subject("discovery", name)),
            )
            for name, one in wanted.items()
            if one.as_of or name in able
        ]
        return await asyncio.to_thread(shape, told, self._inventory)

    async def _ask(self, names: Sequence[str]) -> None:
        async with self._asking:
            for name in names:
                source, known = self._sync.discovering().get(name), self._sources.get(name)
                if source is not None and known is not None:
                    await self._ask_one(name, source, known)

    async def _ask_one(self, name: str, source: Discovers, known: _Source) -> None:
        try:
            answer = await _answer(source)
        except ConnectorError as error:
            if self._sources.get(name) is known:
                self._failed(Subject("discovery", name), known, error)
            return
        if self._sources.get(name) is not known:
            return  # it is configured otherwise meanwhile: this is the answer of another source
        standing = heard(known.standing, answer)
        known.as_of = self._clock.now()
        known.rest_until = float("-inf")
        self._well(Subject("discovery", name), standing, len(answer))
        await self._judge(name, known, standing)

    def _failed(self, subject: Subject, known: _Source, error: ConnectorError) -> None:
        """Tell it apart from the source's own troubles: calendars are read all the same."""
        # Of any kind: the source's own identity is told apart, and its service is not asked then.
        denied = isinstance(error, Denied)
        code, other = "discovery_failing", "discovery_denied"
        if denied:
            code, other = other, code
        self._health.good(subject, other)
        self._health.bad(subject, code, str(error), error.fix)
        rest = DENIED_FOR if denied else error.retry_after or timedelta()
        known.rest_until = self._clock.monotonic() + rest.total_seconds()

    def _well(self, subject: Subject, standing: Standing, rooms: int) -> None:
        """It answered; whether that is believed."""
        for code in ("discovery_denied", "discovery_failing"):
            self._health.good(subject, code)
        for doubt in ("shrunk", "doubled"):
            if standing.doubt != doubt:
                self._health.good(subject, f"discovery_{doubt}")
        if standing.doubt is not None:
            words = f"the service lists {rooms} rooms, and {len(standing.believed or ())} before;"
            words += " that is not believed until the next time says the same"
            self._health.bad(subject, f"discovery_{standing.doubt}", words)

    async def _judge(self, name: str, known: _Source, standing: Standing | None = None) -> None:
        """Hold what is believed against the room list, and say in health where they differ.

        In a thread: ten thousand rooms take a tenth of a second.
        """
        async with self._judging:
            standing = standing or known.standing
            held = Known(
                source=name,
                inventory=self._inventory,
                allows=lambda mailbox: _allowed(mailbox, known.settings),
                year=self._clock.now().year,
            )
            found = await asyncio.to_thread(differences, standing, held)
            known.standing, known.found = standing, found
            if self._sources.get(name) is known:
                self._tell(Subject("discovery", name), found)

    def _tell(self, subject: Subject, found: Sequence[tuple[Difference, bool]]) -> None:
        counted = Counter(one.what for one, confirmed in found if confirmed)
        del counted["new"]  # nobody has to take every room
        if counted:
            words = ", ".join(f"{number} {what}" for what, number in sorted(counted.items()))
            words = f"the service's room list and rooms.yaml do not agree: {words}"
            self._health.bad(subject, "discovery_differs", words)
        else:
            self._health.good(subject, "discovery_differs")


async def _answer(source: Discovers) -> tuple[FoundRoom, ...]:
    """What a source lists; whatever goes wrong has a name."""
    try:
        async with asyncio.timeout(LONGEST):
            return tuple(await source.discover())
    except ConnectorError:
        raise
    except TimeoutError as error:
        raise Unavailable("no whole room list in time", reason="timeout") from error
    except Exception as error:
        log.error("discovery: %s", fault(error))
        raise Unavailable("a fault of the bridge", reason="unexpected") from error


def _allowed(mailbox: str, settings: SourceSettings) -> bool:
    """Whether rooms.yaml could have it: the canary, and what is kept out, are no rooms."""
    mailboxes = settings.mailboxes
    address = re.fullmatch(r"[^@\s/]+@[^@\s/]+", mailbox)
    return bool(address) and mailboxes.allows(mailbox) and mailbox != mailboxes.canary.lower()


class Told(NamedTuple):
    """What is known of one source at one instant."""

    name: str
    as_of: datetime | None
    believed: Sequence[FoundRoom] | None
    found: Sequence[tuple[Difference, bool]]
    health: tuple[Trouble, ...]


def shape(told: Sequence[Told], inventory: Inventory) -> DiscoveryShape:
    """As the API tells it. Ids of entries are used once, whichever source they are of."""
    proposal = Proposal(inventory)
    sources = tuple(
        DiscoveredShape(
            source=one.name,
            as_of=one.as_of,
            rooms=None if one.believed is None else len(one.believed),
            findings=_findings(one, proposal),
            health=render.troubles(one.health),
        )
        for one in told
    )
    lists = tuple(ListShape(id=one.id, name=one.name) for one in proposal.lists)
    return DiscoveryShape(sources=sources, room_lists=lists)


def _findings(told: Told, proposal: Proposal) -> tuple[DifferenceShape, ...]:
    rooms: dict[str, FoundRoom] = {}
    for room in told.believed or ():
        rooms.setdefault(room.mailbox.strip().lower(), room)
    return tuple(
        DifferenceShape(
            **msgspec.structs.asdict(one),
            confirmed=confirmed,
            entry=EntryShape(
                **msgspec.structs.asdict(proposal.entry(rooms[one.mailbox], told.name))
            )
            if one.what == "new"
            else None,
        )
        for one, confirmed in told.found
    )
