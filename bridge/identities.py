"""The identities of calendar sources: how they stand, signed in, taken away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from bridge.expiry import CODES, findings
from bridge.health import Health, Subject
from bridge.logs import fault
from bridge.revoked import Revocation, Revoked
from bridge.settings.model import Configuration, SourceSettings
from bridge.sync import Sync
from bridge.views import render
from bridge.views.source_shapes import (
    AuthorizationShape,
    CredentialShape,
    RevocationShape,
    SourceShape,
)
from bridge.words import ADVICE
from connector import load
from connector.errors import ConnectorError
from connector.secret import Secret
from connector.source import Credential, Identified, SignIn, SignsPeopleIn
from rooms.audit import Audit, Entry
from rooms.clock import Clock

log = logging.getLogger(__name__)


class Forget(Protocol):
    """Deletes what lies in the vault."""

    async def __call__(self, source: str, names: Sequence[str], /, *, by: str) -> Sequence[str]:
        """Delete what a source keeps, and these secrets of its settings; what is gone."""


class Identities:
    """Looks after the credentials of every source, and tells of them."""

    def __init__(
        self,
        sync: Sync,
        *,
        revoked: Revoked,
        health: Health,
        audit: Audit,
        clock: Clock,
        forget: Forget,
    ) -> None:
        self._sync = sync
        self._revoked = revoked
        self._health = health
        self._audit = audit
        self._clock = clock
        self._forget = forget
        self._configuration: Configuration | None = None
        self._authorizations: dict[str, AuthorizationShape] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let sign-ins wait until the end."""
        async with asyncio.TaskGroup() as self._group:
            try:
                yield
            finally:
                for task in self._waiting.values():
                    task.cancel()

    async def adopt(self, configuration: Configuration) -> None:
        """Look after these sources; what was revoked stays so."""
        self._configuration = configuration
        for name in set(self._waiting) - set(configuration.sources):
            await self._end_waiting(name)
        for name in self._revoked:
            await self._sync.withhold(name)
            if name in configuration.sources:
                self._health.only(Subject("source", name), "source_revoked")

    def sources(self) -> Sequence[SourceShape]:
        """All sources, and how their identities stand."""
        return [self._shape(name, settings) for name, settings in self._settings.items()]

    def expiries(self) -> Iterator[tuple[str, Credential]]:
        """Every credential whose end is known, with its source."""
        for name in self._settings:
            for credential in self._sync.credentials(name):
                if credential.expires is not None:
                    yield name, credential

    async def look(self) -> None:
        """Say what ends soon, and what is refused."""
        now = self._clock.now()
        for name in self._settings:
            found = findings(self._sync.credentials(name), now)
            subject = Subject("identity", name)
            for code in CODES:
                if code in found:
                    self._health.bad(subject, code, found[code])
                else:
                    self._health.good(subject, code)

    async def authorize(self, name: str, *, actor: str) -> AuthorizationShape:
        """Sign in; where a person must, begin and wait for them.

        Raises:
            KeyError: there is no such source.
        """
        settings, before = self._settings[name], self._revoked.get(name)
        await self._end_waiting(name)
        try:
            sign_in = await self._begun(name, settings)
            if sign_in is None:
                return await self._authorized(name, before, actor=actor)
        except ConnectorError as error:
            return self._failed(name, error)
        await self._record("sources.authorize.begin", name, actor)
        shape = AuthorizationShape(
            source=name,
            state="waiting",
            where=sign_in.where,
            code=sign_in.code,
            until=sign_in.until,
        )
        self._authorizations[name] = shape
        await self._end_waiting(name)  # one that was begun at the same time
        assert self._group is not None  # noqa: S101 - asked while running
        self._waiting[name] = self._group.create_task(self._finish(name, sign_in, before, actor))
        return shape

    def authorization(self, name: str) -> AuthorizationShape | None:
        """How the last sign-in stands.

        Raises:
            KeyError: there is no such source.
        """
        if name not in self._settings:
            raise KeyError(name)
        return self._authorizations.get(name)

    async def revoke(self, name: str, *, actor: str) -> RevocationShape:
        """Stop reading at once, then delete what there is of secrets; agendas stay.

        Where deleting fails the source stays revoked, health says so, and asking again deletes
        the rest.

        Raises:
            KeyError: there is no such source.
        """
        settings = self._settings[name]
        now = self._clock.now()
        await self._end_waiting(name)
        self._authorizations.pop(name, None)
        await self._sync.withhold(name)
        self._health.good(Subject("identity", name))
        self._health.only(Subject("source", name), "source_revoked")
        await self._revoked.add(name, at=now, actor=actor)
        await self._record("sources.revoke.begin", name, actor)
        secrets = dict(_secrets(settings, f"sources.{name}"))
        others = self._used_beside(name)
        own = {one.vault for one in secrets.values() if one.vault} - others
        deleted, complete = await self._deleted(name, settings, own, actor)
        await self._record("sources.revoke", name, actor, deleted=len(deleted))
        return RevocationShape(
            source=name,
            revoked=now,
            complete=complete,
            deleted=tuple(deleted),
            files=tuple(sorted(str(one.file) for one in secrets.values() if one.file)),
            settings=tuple(
                path
                for path, one in secrets.items()
                if one and not one.file and (not one.vault or one.vault in others)
            ),
        )

    async def _deleted(
        self, name: str, settings: SourceSettings, names: Iterable[str], actor: str
    ) -> tuple[list[str], bool]:
        """What is gone from the vault, and whether all of it is."""
        gone: list[str] = []
        try:
            gone += await self._emptied(name, settings)
            gone += await self._forget(name, sorted(names), by=actor)
        except Exception as error:  # noqa: BLE001 - whatever the vault does, the rest is taken away
            log.error("source %s: %s", name, fault(error))
            self._health.bad(Subject("identity", name), "secrets_left")
            return gone, False
        return gone, True

    def _used_beside(self, name: str) -> set[str]:
        """The secrets in the vault that other sources use: taking one away must not stop these."""
        return {
            secret.vault
            for other, settings in self._settings.items()
            if other != name and self._revoked.get(other) is None
            for _, secret in _secrets(settings, other)
        } - {""}

    @property
    def _settings(self) -> Mapping[str, SourceSettings]:
        return self._configuration.sources if self._configuration else {}

    async def _begun(self, name: str, settings: SourceSettings) -> SignIn | None:
        """A sign-in that waits for a person; None where the source proved itself alone."""
        driver = load.source(settings.kind)
        outside = self._sync.outside(name, settings)
        if isinstance(driver, SignsPeopleIn):
            sign_in = await driver.sign_in(settings.options, outside)
            if sign_in is not None:
                return sign_in
        async with driver.connect(settings.options, outside) as source:
            if isinstance(source, Identified):
                await source.prove()
        return None

    async def _finish(
        self, name: str, sign_in: SignIn, before: Revocation | None, actor: str
    ) -> None:
        """Wait for the person, whatever comes of it."""
        try:
            account = await sign_in.finished()
            await self._authorized(name, before, actor=actor, account=account)
        except ConnectorError as error:
            self._failed(name, error)
        except Exception as error:  # noqa: BLE001 - one sign-in's fault must not end the rest
            log.error("source %s: %s", name, fault(error))
            self._authorizations[name] = _problem(name, "unexpected")

    async def _authorized(
        self, name: str, before: Revocation | None, *, actor: str, account: str | None = None
    ) -> AuthorizationShape:
        """Read the source from now on, unless somebody revoked it meanwhile."""
        if self._revoked.get(name) != before:
            await self._emptied(name, self._settings[name])
            self._authorizations[name] = shape = _problem(name, "source_revoked")
            return shape
        await self._record("sources.authorize", name, actor)
        await self._revoked.remove(name)
        self._health.good(Subject("source", name))
        await self._sync.release(name)
        shape = AuthorizationShape(source=name, state="done", account=account)
        self._authorizations[name] = shape
        return shape

    def _failed(self, name: str, error: ConnectorError) -> AuthorizationShape:
        shape = _problem(name, error.reason, str(error), error.fix)
        self._authorizations[name] = shape
        return shape

    async def _end_waiting(self, name: str) -> None:
        """Give up a sign-in that waits."""
        task = self._waiting.pop(name, None)
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    async def _emptied(self, name: str, settings: SourceSettings) -> list[str]:
        """Drop what the driver keeps; the names of what was there."""
        driver = load.source(settings.kind)
        keep = self._sync.outside(name, settings).keep
        if keep is None or not isinstance(driver, SignsPeopleIn):
            return []
        held = [kept for kept in driver.KEPT if keep.get(kept) is not None]
        for kept in driver.KEPT:
            await keep.drop(kept)
        return held

    async def _record(self, action: str, name: str, actor: str, **detail: int) -> None:
        now = self._clock.now()
        await self._audit.record(
            Entry(at=now, actor=actor, action=action, object=name, detail=detail)
        )

    def _shape(self, name: str, settings: SourceSettings) -> SourceShape:
        assert self._configuration is not None  # noqa: S101 - there are settings
        revocation = self._revoked.get(name)
        rooms = self._configuration.inventory.rooms
        troubles = self._health.of(Subject("source", name), Subject("identity", name))
        return SourceShape(
            name=name,
            kind=settings.kind,
            state="revoked" if revocation else "in_force",
            revoked=revocation.at if revocation else None,
            revoked_by=revocation.actor if revocation else None,
            rooms=sum(room.source == name for room in rooms),
            credentials=tuple(map(_credential, self._sync.credentials(name))),
            health=render.troubles(troubles),
        )


def seconds_left(identities: Identities, now: datetime) -> dict[tuple[str, str], float]:
    """Seconds until each credential ends, by source and name; below zero where it is over."""
    return {
        (source, one.name): (one.expires - now).total_seconds()
        for source, one in identities.expiries()
        if one.expires is not None
    }


def _credential(one: Credential) -> CredentialShape:
    return CredentialShape(name=one.name, kind=one.kind, expires=one.expires, state=one.state)


def _problem(name: str, code: str, words: str = "", fix: str = "") -> AuthorizationShape:
    advice = ADVICE.get(code)
    return AuthorizationShape(
        source=name,
        state="failed",
        problem=code,
        words=words or (advice.words if advice else ""),
        fix=(fix or (advice.fix if advice else "")).replace("{source}", name),
    )


def _secrets(value: Any, path: str) -> Iterator[tuple[str, Secret]]:
    """Every secret in the settings of a source, by the path of its setting."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            below = getattr(value, name)
            # The options of a kind stand beside the other settings, not below a key of their own.
            yield from _secrets(below, path if name == "options" else f"{path}.{name}")
