"""Asking services for their rooms, so that a person may bring the inventory up to date.

It proposes and never changes anything: not the configuration, not what is read, not a booking. What
is approved goes the way of every change of the inventory (`bridge.deciding`).
What is known lives in memory: a start begins with a list that is believed as it comes, and
confirms nothing before the second.
"""

import asyncio
import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from bridge.callers import Caller
from bridge.discovered import Difference, Doubt, Known, Standing, differences, heard
from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.proposal import Proposal
from bridge.proposed_shapes import shape
from bridge.proposing import Proposed, Told, by_mailbox, identity, proposed, said_of
from bridge.rejections import Rejections
from bridge.settings.model import Configuration, Inventory, SourceSettings
from bridge.views.discovery_shapes import DiscoveryShape, ProgressShape
from connector.discovery import Discovers, FoundRoom, Tell
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
    doubt: Doubt | None = None
    progress: ProgressShape | None = None


class Discovery:
    """Asks one source after the other, and holds the answers against the inventory."""

    def __init__(
        self, sync: Discovering, *, health: Health, clock: Clock, rejections: Rejections
    ) -> None:
        self._sync = sync
        self._health = health
        self._clock = clock
        self.rejections = rejections
        self._begun: set[asyncio.Task[None]] = set()
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

    def begin(self, source: str | None = None) -> None:
        """Ask one source or all, and come back at once; what is asked already is not asked twice.

        Raises:
            KeyError: there is no such source.
        """
        wanted = list(self._sources) if source is None else [source]
        if marks := self._mark(wanted):
            task = asyncio.create_task(self._ask(list(marks), marks))
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)

    async def close(self) -> None:
        """End what was begun; a list that is not whole says nothing."""
        for task in tuple(self._begun):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def again(self) -> None:
        """Say anew in health where lists and inventory differ: something was rejected."""
        for name, known in tuple(self._sources.items()):
            await self._judge(name, known)

    def progress(self) -> Mapping[str, ProgressShape]:
        """How far the reading of each list is that is read now."""
        found = ((name, one.progress) for name, one in self._sources.items())
        return {name: progress for name, progress in found if progress is not None}

    async def proposals(self) -> tuple[list[Proposed], Proposal]:
        """Everything that is proposed, also what was rejected, and the lists that it needs."""
        told, inventory = self._told(), self._inventory
        proposal = Proposal(inventory)

        def every() -> list[Proposed]:
            return [one for each in told for one in proposed(each, inventory, proposal)]

        return await asyncio.to_thread(every), proposal

    async def stands(
        self, source: str | None = None, caller: Caller | None = None
    ) -> DiscoveryShape:
        """What is known of one source, or of all that can list rooms.

        Raises:
            KeyError: there is no such source.
        """
        if source is not None and source not in self._sources:
            raise KeyError(source)
        told, rejected = self._told(), tuple(self.rejections)
        return await asyncio.to_thread(shape, told, self._inventory, rejected, caller, source)

    def _told(self) -> list[Told]:
        able = self._sync.discovering()
        return [
            Told(
                name=name,
                as_of=one.as_of,
                believed=one.standing.believed,
                found=one.found,
                health=self._health.of(Subject("discovery", name)),
                vanished=one.standing.vanished,
                shrunk=one.doubt == "shrunk",
                progress=one.progress,
            )
            for name, one in self._sources.items()
            if one.as_of or name in able
        ]

    def _mark(self, names: Iterable[str]) -> dict[str, ProgressShape]:
        """Have those wait that are not read already and can be, with what says so of them."""
        able = self._sync.discovering()
        marks: dict[str, ProgressShape] = {}
        for name in names:
            known = self._sources[name]
            if name in able and known.progress is None:
                known.progress = marks[name] = self._step(name, known)
        return marks

    async def _ask(
        self, names: Sequence[str], marks: Mapping[str, ProgressShape] | None = None
    ) -> None:
        if marks is None:
            marks = self._mark(names)
        try:
            async with self._asking:
                for name in names:
                    source, known = self._sync.discovering().get(name), self._sources.get(name)
                    if source is not None and known is not None:
                        await self._ask_one(name, source, known)
        finally:
            for name, mark in marks.items():
                known = self._sources.get(name)
                if known is not None and known.progress is mark:
                    known.progress = None

    async def _ask_one(self, name: str, source: Discovers, known: _Source) -> None:
        began = self._step(name, known)

        def tell(rooms: int, pages: int) -> None:
            known.progress = msgspec.structs.replace(began, asking=True, rooms=rooms, pages=pages)

        tell(0, 0)
        try:
            await self._ask_for(name, source, known, tell)
        finally:  # not before what was found can be told
            known.progress = None

    async def _ask_for(self, name: str, source: Discovers, known: _Source, tell: Tell) -> None:
        try:
            answer = await _answer(source, tell)
        except ConnectorError as error:
            if self._sources.get(name) is known:
                self._failed(Subject("discovery", name), known, error)
            return
        standing, doubt = await asyncio.to_thread(_heard, known.standing, answer)
        if self._sources.get(name) is not known:
            return  # it is configured otherwise meanwhile: this is the answer of another source
        known.doubt = doubt
        known.as_of = self._clock.now()
        known.rest_until = float("-inf")
        before = len(standing.believed or ())
        self._well(Subject("discovery", name), doubt, f"{len(answer)} rooms, and {before}")
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

    def _well(self, subject: Subject, doubted: Doubt | None, counted: str) -> None:
        """It answered; whether that is believed."""
        for code in ("discovery_denied", "discovery_failing"):
            self._health.good(subject, code)
        for doubt in ("shrunk", "doubled"):
            if doubted != doubt:
                self._health.good(subject, f"discovery_{doubt}")
        if doubted is not None:
            words = f"the service lists {counted} before;"
            words += " that is not believed until the next time says the same"
            self._health.bad(subject, f"discovery_{doubted}", words)

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
            over = await asyncio.to_thread(
                self.rejections.over, name, standing.believed, standing.former
            )
            known.standing, known.found = standing, found
            if self._sources.get(name) is known:
                with suppress(sqlite3.Error):  # the next answer says the same
                    now = self._clock.now()
                    await self.rejections.change((), over, actor="bridge", at=now)
                left = await asyncio.to_thread(self._open, name, standing, found)
                self._tell(Subject("discovery", name), left)

    def _open(
        self, name: str, standing: Standing, found: Sequence[tuple[Difference, bool]]
    ) -> list[tuple[Difference, bool]]:
        """What nobody rejected."""
        rooms = by_mailbox(standing.believed)
        return [
            (one, confirmed)
            for one, confirmed in found
            if identity(name, one, said_of(one, rooms)) not in self.rejections
        ]

    def _step(self, name: str, known: _Source) -> ProgressShape:
        """Before the first page; about as many rooms will come as came before."""
        about = len(known.standing.believed or ())
        about = about or sum(room.source == name for room in self._inventory.rooms)
        since = self._clock.now()
        return ProgressShape(asking=False, since=since, rooms=0, pages=0, about=about or None)

    def _tell(self, subject: Subject, found: Iterable[tuple[Difference, bool]]) -> None:
        counted = Counter(one.what for one, confirmed in found if confirmed)
        del counted["new"]  # nobody has to take every room
        if counted:
            words = ", ".join(f"{number} {what}" for what, number in sorted(counted.items()))
            words = f"the service's room list and the inventory do not agree: {words}"
            self._health.bad(subject, "discovery_differs", words)
        else:
            self._health.good(subject, "discovery_differs")


def _heard(standing: Standing, answer: Sequence[FoundRoom]) -> tuple[Standing, Doubt | None]:
    made = heard(standing, answer)
    return made, made.doubt


async def _answer(source: Discovers, tell: Tell) -> tuple[FoundRoom, ...]:
    """What a source lists; whatever goes wrong has a name."""
    try:
        async with asyncio.timeout(LONGEST):
            return tuple(await source.discover(tell))
    except ConnectorError:
        raise
    except TimeoutError as error:
        raise Unavailable("no whole room list in time", reason="timeout") from error
    except Exception as error:
        log.error("discovery: %s", fault(error))
        raise Unavailable("a fault of the bridge", reason="unexpected") from error


def _allowed(mailbox: str, settings: SourceSettings) -> bool:
    """Whether the inventory could have it: the canary, and what is kept out, are no rooms."""
    mailboxes = settings.mailboxes
    address = re.fullmatch(r"[^@\s/]+@[^@\s/]+", mailbox)
    return bool(address) and mailboxes.allows(mailbox) and mailbox != mailboxes.canary.lower()
