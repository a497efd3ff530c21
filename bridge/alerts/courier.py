"""Brings each receiver what is due, and again until it arrives; blocks nothing."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from bridge.alerts.ledger import Item, Ledger, Notice
from bridge.alerts.receivers import Receiver, Undelivered, receivers
from bridge.health import BRIDGE, Health
from bridge.logs import fault
from bridge.pace import doubling, spread
from bridge.settings.alerts import Alerts
from bridge.settings.model import Site
from connector.outside import Outside

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between two looks at what fails."""
FIRST_RETRY, LONGEST_RETRY = 30.0, 900.0
NAME = "alerts.json"

Kept = dict[str, list[Item]]


class Outcome(NamedTuple):
    """How a test went for one receiver."""

    receiver: str
    ok: bool
    words: str


@dataclass(kw_only=True)
class _Post:
    """One receiver, and what it was told."""

    receiver: Receiver
    ledger: Ledger
    sending: asyncio.Task[None] | None = None
    failures: int = 0
    not_before: float = 0.0


class Courier:
    """Tells the site's people of what begins to fail, and of its end."""

    def __init__(self, outside: Outside, *, health: Health, data_dir: Path) -> None:
        self._outside = outside
        self._health = health
        self._clock = outside.clock
        self._file = data_dir / NAME
        self._started = self._clock.now()
        self._posts: dict[str, _Post] = {}
        self._kept: Kept = {}
        self._settings: Alerts | None = None
        self._appliance = ""
        self._saving = asyncio.Lock()

    def adopt(self, site: Site) -> None:
        """Tell exactly those whom the site names; who stays is not told anything twice."""
        settings = site.alerts
        self._appliance = urlsplit(site.public_url).hostname or socket.gethostname()
        self._outside = replace(self._outside, proxy=site.proxy)
        if settings == self._settings:
            return
        self._settings = settings
        before = self._posts
        self._posts = {}
        for receiver in receivers(settings):
            assert settings is not None  # noqa: S101 - there is a receiver
            known = before.pop(receiver.key, None)
            items = known.ledger.items if known else self._kept.get(receiver.key, ())
            self._posts[receiver.key] = _Post(
                receiver=receiver, ledger=Ledger(settings.hold, self._started, items)
            )
            if known and known.sending:
                known.sending.cancel()
        for gone in before.values():
            if gone.sending:
                gone.sending.cancel()
        self._judge()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after the receivers until the end."""
        self._kept = await asyncio.to_thread(_load, self._file)
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._look(group))
            try:
                yield
            finally:
                looking.cancel()
                for post in self._posts.values():
                    if post.sending:
                        post.sending.cancel()

    async def test(self) -> list[Outcome]:
        """Send a test message to everybody, now and once."""
        posts = list(self._posts.values())
        return list(await asyncio.gather(*(self._tested(post.receiver) for post in posts)))

    async def _tested(self, receiver: Receiver) -> Outcome:
        try:
            await receiver.send(Notice(), self._appliance, self._outside)
        except Undelivered as error:
            return Outcome(receiver.name, ok=False, words=str(error))
        return Outcome(receiver.name, ok=True, words="")

    async def _look(self, group: asyncio.TaskGroup) -> None:
        while True:
            now = self._clock.now()
            standing = [
                (who, one.code, one.since)
                for who, one in self._health.all()
                if one.severity != "info"  # that asks for nothing
            ]
            for post in self._posts.values():
                post.ledger.observe(standing, now)
                free = post.sending is None or post.sending.done()
                if free and self._clock.monotonic() >= post.not_before:
                    self._hand_over(group, post, now)
            await asyncio.sleep(LOOK_EVERY)

    def _hand_over(self, group: asyncio.TaskGroup, post: _Post, now: datetime) -> None:
        notice = post.ledger.due(now)
        if notice:
            post.sending = group.create_task(self._send(post, notice))

    async def _send(self, post: _Post, notice: Notice) -> None:
        """One try; what is due by the next one goes with that."""
        try:
            await post.receiver.send(notice, self._appliance, self._outside)
        except Undelivered as error:
            self._failed(post, str(error))
            if error.retry_after:
                wait = error.retry_after.total_seconds()
                post.not_before = max(post.not_before, self._clock.monotonic() + wait)
            return
        except Exception as error:  # noqa: BLE001 - a fault here must not end the appliance
            log.error("an alert was not delivered: %s", fault(error))
            self._failed(post, "a fault of the bridge itself")
            return
        post.ledger.told(notice)
        post.failures = 0
        self._judge()
        await self._save()

    def _failed(self, post: _Post, words: str) -> None:
        wait = doubling(FIRST_RETRY, post.failures, LONGEST_RETRY)
        post.failures += 1
        post.not_before = self._clock.monotonic() + spread(wait)
        self._health.bad(BRIDGE, "alerts_failing", f"{post.receiver.name}: {words}")

    def _judge(self) -> None:
        if not any(post.failures for post in self._posts.values()):
            self._health.good(BRIDGE, "alerts_failing")

    async def _save(self) -> None:
        """Remember over a restart what was told."""
        async with self._saving:
            self._kept = {key: post.ledger.items for key, post in self._posts.items()}
            content = msgspec.json.encode(self._kept)
            try:
                await asyncio.to_thread(_write, self._file, content)
            except OSError as error:
                log.warning("what was told is not remembered: %s", error.strerror)


def _load(file: Path) -> Kept:
    """What was told before; nothing where that cannot be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _write(file: Path, content: bytes) -> None:
    part = file.with_suffix(".new")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(content)
        os.fsync(opened.fileno())
    part.replace(file)
