"""Who keeps the inventory: everything that changes it comes through here."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bridge.callers import Caller
from bridge.following import Following
from bridge.inventory import leftovers
from bridge.inventory.discreet import concerning
from bridge.inventory.given import Holders, given
from bridge.inventory.leave import check_named
from bridge.inventory.noted import entries_of
from bridge.inventory.plans import Candidate, Plan, Planned
from bridge.inventory.rows import Applied, Rows, encode
from bridge.inventory.sealed import vaulted
from bridge.inventory.wishes import NothingToUndo, Wish, check, undone, wished
from bridge.inventory.written import written
from bridge.settings.load import read
from bridge.settings.model import Configuration, Site
from bridge.settings.problem import Problem, errors
from bridge.settings.stored import Memory
from bridge.settings.vaults import Known
from bridge.vault.trouble import VaultUnusable
from connector.secret import Secret
from rooms.audit import Audit
from rooms.changeover import Changeover
from rooms.clock import Clock
from rooms.inventory import Change, Document, Edit, changes
from rooms.inventory.plan import new_ids

if TYPE_CHECKING:  # see rooms.database
    from sqlite_utils import Database as Tables


class InFiles(Exception):
    """The inventory is in files: whoever changes it changes those."""


class Changed(Exception):
    """The inventory was changed in between."""


class Unfit(Exception):
    """A plan with errors cannot be applied."""


class NoVault(Exception):
    """There is no vault that could keep a secret, or not this one; the words say why."""


class Keeper:
    """The inventory, and every way to change it."""

    def __init__(self, rows: Rows, *, clock: Clock, memory: Memory, following: Following) -> None:
        self._rows = rows
        self._following = following
        self._clock = clock
        self.memory = memory
        self.secrets: Mapping[str, Secret] = {}
        self._planned = Planned()
        self.one = asyncio.Lock()
        """Held by whoever reads the inventory anew or changes it."""
        self._files: tuple[Configuration, Document] | None = None
        self.decides = False

    def attach(
        self,
        configuration: Callable[[], Configuration],
        known: Callable[[], Known | None],
        adopt: Callable[[Configuration], Awaitable[None]],
        vault: leftovers.Vault | None = None,
    ) -> None:
        """What the appliance works by, its open vault, and what has it work by another inventory.

        `vault` is where secrets go that people give; without it they cannot.
        """
        self.configuration, self.known, self.adopt = configuration, known, adopt
        self.vault = vault

    @property
    def in_files(self) -> bool:
        """Whether the inventory is in files, which nobody changes here."""
        return self.configuration().site.inventory == "files"

    def document(self, _site: Site | None = None, /) -> Document:
        """The inventory in the database."""
        return self._rows.document

    async def current(self) -> Document:
        """The inventory in force, wherever it is."""
        configuration = self.configuration()
        if configuration.site.inventory == "store":
            return self._rows.document
        if self._files is None or self._files[0] is not configuration:
            self._files = configuration, await asyncio.to_thread(written, configuration)
        return self._files[1]

    async def version(self) -> str:
        """What tells one state of the inventory from another."""
        if not self.in_files:
            return f"s{self._rows.last}"
        return f"f{(await self.current()).digest()}"

    async def plan(
        self,
        edit: Edit,
        caller: Caller,
        *,
        why: str = "",
        given: Mapping[str, Mapping[str, str]] | None = None,
        keep: bool = True,
        base: str | None = None,
    ) -> Plan:
        """What an edit would change, and what is wrong with it; nothing is changed.

        `given` has secrets of endpoints, by id and setting: they go to the vault when the plan is
        applied, and the plan has their names only. Without `keep` nobody can apply it: it only says
        whether the edit would do. `base` is the version that the edit was made for, if for one.

        Raises:
            Changed: the inventory is another version than that.
            Misfit: the edit fits no inventory.
            NotYours: the caller may not change that.
            NoVault: secrets were given and there is nowhere to keep them.
        """
        version, before = await self.version(), await self.current()
        if base not in {None, version}:
            raise Changed
        check_named(caller, edit, before)
        names, coming = vaulted(given or {})
        if coming and (self.vault is None or not self.vault.there):
            raise NoVault("roombridge secrets init makes one")
        wish = partial(wished, before, edit, names, why=why, secrets=coming)
        return await self._planned_for(before, version, wish, caller, keep=keep)

    async def planned(self, id_: str, caller: Caller) -> Plan | None:
        """A plan of this caller's."""
        return self._planned.get(id_, caller.name)

    def forget(self, plan: Plan) -> None:
        """Nobody is to apply this plan."""
        self._planned.drop(plan.id)

    async def apply(self, plan: Plan, caller: Caller) -> Applied:
        """Make a plan true, whole or not at all; the change is number 0 where it is so already.

        Raises:
            InFiles: files decide here.
            Changed: the inventory, or who has a room list, is not what was planned for.
            Unfit: the plan has errors.
            NotYours: the caller may not, or not any more.
            NoVault: the vault does not take the secrets.
            sqlite3.Error: the disk; nothing was changed.
        """
        if self.in_files:
            raise InFiles
        async with self.one:
            if plan.base != await self.version():
                raise Changed
            here, wanted = self._rows.document, plan.document
            await asyncio.to_thread(check, caller, plan, here)
            if await asyncio.to_thread(_same, wanted, here):
                return self._applied(plan, caller, 0)
            configuration = plan.configuration
            if plan.seen is not self.configuration():
                configuration, _ = await self._read(plan.document, plan.secrets)
            if configuration is None:
                raise Unfit
            if plan.secrets:
                await self._lock_away(plan.secrets, caller)
            change = self._following.change(
                self.configuration(),
                configuration,
                new_ids("room", plan.changes),
                new_ids("list", plan.changes),
            )
            async with self._following.still():
                applied = await self._settled(plan, caller, change)
                self._following.follow(change)
            # Nothing waits here: what follows in memory and the rooms in force change together.
            await self.adopt(configuration)
        self._planned.drop(plan.id)
        return applied

    async def _settled(self, plan: Plan, caller: Caller, change: Changeover) -> Applied:
        """A plan that is written, or nothing of it, not even what the vault was given for it."""
        try:
            self._check_given(plan.changes)
            return await self._write(plan, caller, change)
        except Exception:
            if plan.secrets and self.vault is not None:
                await leftovers.forget(self.vault, [*plan.secrets], caller.name)
            raise

    def _check_given(self, changes: Sequence[Change]) -> None:
        if any(errors(self._given(changes))):
            raise Changed  # somebody was given a list meanwhile; a new plan says so

    async def undo(self, seq: int, caller: Caller) -> Plan:
        """A plan that takes one change back, as long as nothing of it was changed again.

        Raises:
            NothingToUndo: it cannot be.
            NotYours: the caller may not.
        """
        touched = await self._rows.before(seq)
        known = await self._rows.history(seq + 1, 1)
        if touched is None or not known or known[0].seq != seq:
            raise NothingToUndo(f"there is no change {seq}")
        version, document = await self.version(), self._rows.document
        own = known[0].actor == caller.name
        wish = partial(undone, document, known[0], *touched, restores=own)
        return await self._planned_for(document, version, wish, caller)

    async def tidy(self) -> None:
        """Have the vault forget what changes gave it that were never written.

        Where files decide they may name anything.
        """
        async with self.one:
            if not self.in_files and self.vault is not None and self.vault.there:
                await leftovers.clear(self.vault, self._rows)

    async def history(self, before: int | None = None, limit: int = 50) -> Sequence[Applied]:
        """What was changed, the newest first."""
        return await self._rows.history(before, limit)

    async def take_over(self, caller: Caller, *, replace: bool = False) -> Applied | None:
        """Copy the inventory of the files to the store; None where that has it already.

        `inventory: store` in bridge.yaml is what makes the store decide.

        Raises:
            Changed: the store has another inventory, which is not to be replaced.
        """
        async with self.one:
            document, kept = await self.current(), self._rows.document
            if kept == document:
                return None
            if kept and not replace:
                raise Changed
            found = await asyncio.to_thread(changes, kept, document)
            return await self._write(Wish(after=document, changes=found, why="from files"), caller)

    async def _planned_for(
        self,
        before: Document,
        version: str,
        make: Callable[[], Wish],
        caller: Caller,
        *,
        keep: bool = True,
    ) -> Plan:
        def work() -> Wish:
            made = make()
            check(caller, made, before)
            return made

        # What ten thousand rooms need a tenth of a second for is done in threads, here and below.
        wish, seen = await asyncio.to_thread(work), self.configuration()
        configuration, problems = await self._read(wish.after, wish.secrets)
        problems += self._given(wish.changes)
        plan = Plan(
            id=secrets.token_urlsafe(9),
            base=version,
            document=wish.after,
            changes=wish.changes,
            problems=tuple(concerning(problems, wish.changes, caller)),
            configuration=None if any(errors(problems)) else configuration,
            seen=seen,
            by=caller.name,
            why=wish.why,
            made=self._clock.now(),
            undoes=wish.undoes,
            restores=wish.restores,
            secrets=wish.secrets,
        )
        if keep:
            self._planned.put(plan)
        return plan

    async def _read(
        self, document: Document, coming: Mapping[str, Secret]
    ) -> tuple[Configuration | None, list[Problem]]:
        """What the appliance would work by, read as a start reads it; None where it would not."""
        problems: list[Problem] = []
        candidate = Candidate(wanted=document, memory=self.memory, secrets=coming)
        file, known = self.configuration().file, self.known()
        made = await asyncio.to_thread(read, file, problems, known=known, stored=candidate)
        return None if any(errors(problems)) else made, problems

    def _given(self, changes: Sequence[Change]) -> list[Problem]:
        holders = Holders(following=self._following.holders, fixed=self._following.fixed)
        return [*given(changes, holders, in_files=self.in_files)]

    async def _lock_away(self, given: Mapping[str, Secret], caller: Caller) -> None:
        if self.vault is None:
            raise NoVault
        try:
            await self.vault.put(given, by=caller.name)
        except VaultUnusable as error:
            raise NoVault(str(error)) from error
        except OSError as error:
            raise NoVault(f"the vault cannot be written: {error.strerror}") from error

    async def _write(
        self, plan: Plan | Wish, caller: Caller, change: Changeover | None = None
    ) -> Applied:
        applied = self._applied(plan, caller, self._rows.last + 1)
        told = await asyncio.to_thread(encode, applied.changes)
        entries = await asyncio.to_thread(entries_of, applied, told)

        def noted(tables: "Tables") -> None:
            for entry in entries:
                Audit.add(tables, entry)
            if change:
                self._following.write(tables, change, applied.at)

        await self._rows.write(plan.document, applied, told, beside=noted)
        return applied

    def _applied(self, plan: Plan | Wish, caller: Caller, seq: int) -> Applied:
        return Applied(
            seq=seq,
            at=self._clock.now(),
            actor=caller.name,
            why=plan.why,
            undoes=plan.undoes,
            changes=plan.changes,
        )


def _same(one: Document, other: Document) -> bool:
    """Whether nothing differs, not even the order."""
    orders = [(*document.rooms, "", *document.lists) for document in (one, other)]
    return one == other and orders[0] == orders[1]
