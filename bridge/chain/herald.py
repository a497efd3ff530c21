"""Brings the chain's head to each receiver, and again until it arrives; nothing waits for it."""

import asyncio
import hashlib
import logging
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bridge.alerts.receivers import Undelivered, post
from bridge.chain import syslog
from bridge.chain.message import Event, News, line, news, signature
from bridge.health import BRIDGE, Health
from bridge.logs import fault
from bridge.pace import doubling, spread
from bridge.settings.audit import AuditSettings, AuditWebhook, Syslog
from bridge.settings.model import Site
from connector.outside import Outside
from rooms.audit import Audit, Verdict
from rooms.chain import Bad, Head

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between two looks at what is due."""
FIRST_RETRY, LONGEST_RETRY = 30.0, 900.0
FIRST_CHECK, CHECK_EVERY = 300.0, 86400.0
"""Seconds after the start, and between two checks of the whole log."""
LAST_WORDS = 2.0
"""Seconds that a stop takes at most for the last message."""
NAME = "audit-heads.json"
SIGNATURE = "Roombridge-Signature"

Send = Callable[[News, Outside], Awaitable[None]]
Kept = dict[str, Head]


@dataclass(kw_only=True)
class _Post:
    """One receiver, and what it was told."""

    name: str
    send: Send
    sent: Head
    """Empty where it was never told anything."""
    event: Event = "start"
    due: float = 0.0
    """When to look whether there is news for it, on the monotonic clock."""
    failures: int = 0
    known: float | None = None
    """When it was last certain that it had the newest head."""
    sending: asyncio.Task[None] | None = None


class Herald:
    """Sends the head of the audit log out, and says where the log is not what was sent."""

    def __init__(self, outside: Outside, audit: Audit, health: Health, data_dir: Path) -> None:
        self._outside = outside
        self._audit = audit
        self._health = health
        self._clock = outside.clock
        self._file = data_dir / NAME
        self._posts: dict[str, _Post] = {}
        self._kept: Kept = {}
        self._settings: AuditSettings | None = None
        self._appliance = ""
        self._broken = False
        self._saving = asyncio.Lock()
        self._wanted = asyncio.Event()

    def adopt(self, site: Site) -> None:
        """Tell exactly those whom the site names."""
        self._appliance = urlsplit(site.public_url).hostname or socket.gethostname()
        self._outside = replace(self._outside, proxy=site.proxy)
        if site.audit == self._settings:
            return
        self._settings = site.audit
        before, self._posts = self._posts, {}
        for name, key, send in _receivers(site.audit):
            known = before.get(key)
            sent = known.sent if known else self._kept.get(key, Head())
            self._posts[key] = _Post(name=name, send=send, sent=sent)
            if known:
                self._posts[key].event, self._posts[key].known = known.event, known.known
        for gone in before.values():
            if gone.sending:
                gone.sending.cancel()
        self._judge()
        self._wanted.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after the receivers until the end, and tell them of it."""
        self._kept = await asyncio.to_thread(_load, self._file)
        await self._compare()
        try:
            async with asyncio.TaskGroup() as group:
                working = [group.create_task(work) for work in (self._look(group), self._check())]
                try:
                    yield
                finally:
                    for task in working:
                        task.cancel()
                    for one in self._posts.values():
                        if one.sending:
                            one.sending.cancel()
        finally:
            await self._farewell()

    async def verify(self) -> Verdict:
        """Check the whole log, also against the newest head that was sent out."""
        heads = [one.sent for one in self._posts.values()]
        verdict = await self._audit.verify(max(heads, key=lambda head: head.seq, default=None))
        if verdict.bad is not None:
            self._blame(verdict.bad)
        elif not self._broken:
            self._health.good(BRIDGE, "audit_broken")
        return verdict

    def ages(self) -> Mapping[tuple[str, ...], float]:
        """Seconds since each receiver was known to have the newest head, by its name."""
        now = self._clock.monotonic()
        return {
            (one.name,): now - one.known for one in self._posts.values() if one.known is not None
        }

    async def _compare(self) -> None:
        """Whether what was sent out before the start is still there."""
        for head in self._kept.values():
            try:
                found = await self._audit.hash_of(head.seq) if head.seq else head.hash
            except sqlite3.Error as error:
                log.error("the audit log cannot be read: %s", fault(error))
                return
            if found != head.hash:
                self._broken = True  # until the next start: then the receivers have told of it
                self._blame(Bad(seq=head.seq, why="is not what was sent out"))
                return

    def _blame(self, bad: Bad) -> None:
        self._health.bad(BRIDGE, "audit_broken", f"entry {bad.seq}: {bad.why}")

    async def _check(self) -> None:
        """Check the whole log soon after the start, and every day."""
        wait = FIRST_CHECK
        while True:
            await asyncio.sleep(wait)
            try:
                await self.verify()
            except Exception as error:  # noqa: BLE001 - a fault here must not end the appliance
                log.error("the audit log was not checked: %s", fault(error))
            wait = CHECK_EVERY

    async def _look(self, group: asyncio.TaskGroup) -> None:
        while True:
            for one in self._posts.values():
                free = one.sending is None or one.sending.done()
                if free and self._clock.monotonic() >= one.due:
                    one.sending = group.create_task(self._attend(one))
            self._wanted.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._wanted.wait()

    async def _attend(self, one: _Post) -> None:
        """One try for one receiver, whatever comes of it."""
        try:
            await self._tell(one)
        except Undelivered as error:
            after = error.retry_after.total_seconds() if error.retry_after else 0.0
            self._failed(one, str(error), after)
        except sqlite3.Error:  # the disk: its own health code says so
            self._failed(one, "the audit log cannot be read", 0.0)
        except Exception as error:  # noqa: BLE001 - a fault here must not end the appliance
            log.error("the audit log's head was not sent: %s", fault(error))
            self._failed(one, "a fault of the bridge itself", 0.0)

    async def _tell(self, one: _Post) -> None:
        """Send the head where the receiver does not have it, or must hear of a start or stop."""
        assert self._settings is not None  # noqa: S101 - there is a receiver
        head, since = await self._audit.head(), self._clock.monotonic()
        if one.event != "interval" or head != one.sent:
            now = self._clock.now()
            told = news(head, one.sent, event=one.event, appliance=self._appliance, now=now)
            await one.send(told, self._outside)
            one.sent = head
            await self._save()
        one.event, one.failures, one.known = "interval", 0, since
        one.due = since + self._settings.every.total_seconds()
        self._judge()

    def _failed(self, one: _Post, words: str, after: float) -> None:
        wait = spread(doubling(FIRST_RETRY, one.failures, LONGEST_RETRY))
        one.failures += 1
        one.due = self._clock.monotonic() + max(wait, after)
        self._health.bad(BRIDGE, "audit_head_unsent", f"{one.name}: {words}")

    def _judge(self) -> None:
        if not any(one.failures for one in self._posts.values()):
            self._health.good(BRIDGE, "audit_head_unsent")

    async def _farewell(self) -> None:
        """Tell everybody of the stop, and wait for nobody long."""
        posts = list(self._posts.values())
        for one in posts:
            one.event = "stop"
        try:
            async with asyncio.timeout(LAST_WORDS):
                await asyncio.gather(*(self._attend(one) for one in posts))
        except TimeoutError:
            log.warning("the audit log's last head was not sent before the stop")

    async def _save(self) -> None:
        """Remember over a restart what was sent: it is compared then."""
        async with self._saving:
            self._kept = {key: one.sent for key, one in self._posts.items()}
            content = msgspec.json.encode(self._kept)
            try:
                await asyncio.to_thread(_write, self._file, content)
            except OSError as error:
                log.warning("which head was sent is not remembered: %s", error.strerror)


def _receivers(settings: AuditSettings) -> Iterator[tuple[str, str, Send]]:
    """Name, key and way of each who is told; keys hold no address, which may be a secret."""
    if settings.syslog is not None:
        yield "syslog", _key(repr(settings.syslog).encode()), _to_syslog(settings.syslog)
    if settings.webhook is not None:
        url = settings.webhook.url.reveal().encode()
        yield "webhook", _key(url), _to_webhook(settings.webhook)


def _key(what: bytes) -> str:
    return hashlib.sha256(what).hexdigest()[:16]


def _to_syslog(settings: Syslog) -> Send:
    async def send(told: News, outside: Outside) -> None:
        message = line(told, facility=settings.facility, process=os.getpid())
        await syslog.send(settings, message, outside)

    return send


def _to_webhook(settings: AuditWebhook) -> Send:
    async def send(told: News, outside: Outside) -> None:
        body = msgspec.json.encode(told)
        signed = {SIGNATURE: signature(body, settings.secret)} if settings.secret else {}
        await post(settings.url, body, signed, outside)

    return send


def _load(file: Path) -> Kept:
    """What was sent before; nothing where that cannot be read."""
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
