"""Pairing: an unpaired display shows a code, somebody types it, and the display has its room."""

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta

from bridge.callers import Caller
from bridge.displays.codes import Code, Codes, TooMany
from bridge.health import Subject
from bridge.logs import fault
from bridge.paired import Display, Paired
from bridge.quick_response import QuickResponse, quick_response
from bridge.views.house import House
from bridge.views.openapi import STATUSES
from bridge.views.pairing import Fetched, Shown, Visitor
from bridge.views.pairing_shapes import PairedShape
from bridge.views.stream import Hub
from bridge.views.web import Problem, too_many
from rooms.audit import Audit, Entry

log = logging.getLogger(__name__)

SILENT_AFTER = timedelta(hours=1)
"""A display asks every few minutes at least: one that does not is off, or has no network."""
LOOK_EVERY = 60.0
"""Seconds between two looks at what is over and who is silent."""


class Pairing:
    """What displays, and those who put them up, ask for."""

    def __init__(
        self,
        paired: Paired,
        *,
        house: House,
        hub: Hub,
        audit: Audit,
        public_url: Callable[[], str] = str,
    ) -> None:
        self._paired = paired
        self._house = house
        self._hub = hub
        self._audit = audit
        self._public_url = public_url
        self._started = house.clock.now()
        self.codes = Codes(house.clock)
        self._bound: dict[str, Code] = {}
        """Codes that lead to a room, by the display that has not come with its token yet."""
        self._pairing = asyncio.Lock()
        house.came = self._came
        house.came_late = paired.came_late

    # --- displays

    async def ask(self, visitor: Visitor) -> Shown | Fetched:
        """What a display shows that has no room; or the room that it was given meanwhile.

        Raises:
            Problem: too many displays are being paired.
        """
        code = self.codes.held(visitor.secret) if visitor.secret else None
        if code is not None and code.display:
            display = self._paired.get(code.display)
            if display is not None:
                return await self._fetched(code, display, visitor.caller)
            self.codes.close(code)  # it was revoked before the display came for it
            code = None
        room = visitor.caller.room
        if room is not None and room in self._house.rooms:
            return Fetched(room=room, name=self._house.rooms[room].name, token="")
        secret = ""
        if code is None:
            await self._drop(self.codes.over())
            secret = secrets.token_urlsafe(32)
            try:
                code = self.codes.open(secret, visitor.address, visitor.browser)
            except TooMany as error:
                raise too_many(error.wait) from None
            code.link = self._link(code, visitor)
            code.picture = _picture(code.link)
        return Shown(
            secret=secret,
            code=code.shown,
            seconds=max(0, int(code.until - self._house.clock.monotonic())),
            link=code.link,
            picture=code.picture,
        )

    async def renew(self, caller: Caller, page: str) -> str | None:
        """The token that a display shows from now on; None where its own will do."""
        return await self._paired.renew(caller, page)

    async def _fetched(self, code: Code, display: Display, caller: Caller) -> Fetched:
        """The room and the token: again until the display comes with it, as answers get lost."""
        if caller.display is not None and caller.display != display.id:
            await self._paired.remove(caller.display, actor=f"display {display.id}")
        await self._paired.handed(display)
        room = self._house.rooms.get(display.room)
        name = room.name if room else display.room
        return Fetched(room=display.room, name=name, token=code.token)

    def _came(self, caller: Caller) -> None:
        """A display showed its token, and needs its code no more."""
        self._paired.came(caller)
        if (code := self._bound.pop(caller.display or "", None)) is not None:
            self.codes.close(code)

    def _link(self, code: Code, visitor: Visitor) -> str:
        return f"{(self._public_url() or visitor.origin).rstrip('/')}/admin/pair?code={code.shown}"

    # --- people

    def every(self) -> Iterable[PairedShape]:
        """All paired displays."""
        now, listening = self._house.clock.now(), self._hub.tokens()
        return [self._shape(display, now, listening) for display in self._paired]

    async def pair(self, text: str, room: str, name: str, caller: Caller) -> PairedShape:
        """Bind the display that shows a code to a room.

        Raises:
            Problem: no display shows it, too many wrong ones were tried, or there is no such room
                among those that the caller looks after.
        """
        self._check_room(room, caller)
        async with self._pairing:
            try:
                code = self.codes.find(text, caller.name)
            except TooMany as error:
                raise too_many(error.wait) from None
            if code is None or (code.display and code.room != room):
                raise Problem(404, "unknown_code")
            known = self._paired.get(code.display)
            if known is not None:  # asked twice
                return self._told(known)
            with _written():
                display, token = await self._paired.add(
                    name=name or self._house.rooms[room].name,
                    room=room,
                    browser=code.browser,
                    address=code.came_from,
                    actor=caller.name,
                )
            self.codes.bind(code, display=display.id, room=room, token=token)
            self._bound[display.id] = code
            return self._told(display)

    async def move(self, id_: str, room: str, caller: Caller) -> PairedShape:
        """Have a display belong to another room.

        Raises:
            Problem: there is no such display, or no such room.
        """
        self._check_room(room, caller)
        self._check_display(id_, caller)
        with _written():
            moved = await self._paired.move(id_, room, actor=caller.name)
        if moved is None:
            raise Problem(404, "unknown_display")
        self._calm()
        return self._told(moved)

    async def revoke(self, id_: str, caller: Caller) -> PairedShape:
        """Sign a display out at once.

        Raises:
            Problem: there is no such display; or it is out, and that is not written down yet.
        """
        self._check_display(id_, caller)
        with _written():
            gone = await self._paired.remove(id_, actor=caller.name)
        if gone is None:
            raise Problem(404, "unknown_display")
        self._calm()
        return self._told(gone)

    def _check_room(self, room: str, caller: Caller) -> None:
        if room not in self._house.rooms or not caller.keeps(room):
            raise Problem(404, "unknown_room")

    def _check_display(self, id_: str, caller: Caller) -> None:
        """Of a display that is gone already nobody is asked: it may not be written down yet."""
        display = self._paired.get(id_)
        if display is not None and not caller.keeps(display.room):
            raise Problem(404, "unknown_display")

    def _told(self, display: Display) -> PairedShape:
        return self._shape(display, self._house.clock.now(), self._hub.tokens())

    def _shape(self, display: Display, now: datetime, listening: frozenset[str]) -> PairedShape:
        live = not listening.isdisjoint(display.tokens)
        return PairedShape(
            id=display.id,
            name=display.name,
            room=display.room,
            browser=display.browser,
            address=display.address,
            paired_by=display.paired_by,
            paired=display.paired,
            seen=now if live else self._paired.seen(display),
            live=live,
            silent=not live and self._silent(display, now),
            renewed=display.issued,
            page=display.page,
        )

    # --- by the clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Settle what requests decided, and look around every minute, until the end."""
        await self._go(self._forget)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._run())
            try:
                yield
            finally:
                task.cancel()
                await self._go(self._paired.tidy)

    async def _forget(self) -> None:
        """Drop displays that never came: their codes ended with the process that knew them."""
        for display in self._paired:
            if display.fetched is None:
                await self._paired.remove(display.id, actor="bridge", action="end")

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._paired.news.wait()
            await self._go(self.settle if self._paired.news.is_set() else self.look)

    async def _go(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this; a disk that fails, or a fault, ends nothing, and it is tried again."""
        self._paired.news.clear()
        try:
            await work()
        except sqlite3.Error as error:
            log.warning("paired displays are not written down: %s", fault(error))
        except Exception as error:  # noqa: BLE001 - displays are not all that the appliance does
            log.error("paired displays: %s", fault(error))

    async def settle(self) -> None:
        """Do what displays that came have decided, and say of which there are two."""
        await self._paired.settle()
        for id_, token in self._paired.copied.items():
            display = self._paired.get(id_)
            if display is None or self._reported(display):
                continue
            self._house.health.bad(Subject("display", display.room), "display_copied")
            await self._audit.record(
                Entry(
                    at=self._house.clock.now(),
                    actor="bridge",
                    action="displays.copied",
                    object=id_,
                    detail={"token": token.id, "room": display.room},
                )
            )

    def _calm(self) -> None:
        """Say no more of copies where their display is gone or hangs elsewhere."""
        displays = (self._paired.get(id_) for id_ in self._paired.copied)
        copied = {display.room for display in displays if display is not None}
        for room in self._house.rooms.keys() - copied:
            self._house.health.good(Subject("display", room), "display_copied")

    def _reported(self, display: Display) -> bool:
        troubles = self._house.health.of(Subject("display", display.room))
        return any(trouble.code == "display_copied" for trouble in troubles)

    async def look(self) -> None:
        """What is over, who is there, who is silent."""
        listening = self._hub.tokens()
        for display in self._paired:
            if not listening.isdisjoint(display.tokens):
                self._paired.saw(display)
        await self._paired.tidy()
        await self._drop(self.codes.over())
        self._calm()
        now = self._house.clock.now()
        silent = {one.room for one in self._paired if self._silent(one, now)}
        for room in self._house.rooms:
            if room in silent:
                self._house.health.bad(Subject("display", room), "display_silent")
            else:
                self._house.health.good(Subject("display", room), "display_silent")

    def _silent(self, display: Display, now: datetime) -> bool:
        last = max(self._started, self._paired.seen(display) or display.paired)
        return now - last >= SILENT_AFTER

    async def _drop(self, codes: Iterable[Code]) -> None:
        """Displays that never came for what they were bound to are none."""
        for code in codes:
            self._bound.pop(code.display, None)
            display = self._paired.get(code.display)
            if display is not None and display.fetched is None:
                await self._paired.remove(display.id, actor="bridge", action="end")


@contextmanager
def _written() -> Iterator[None]:
    """Tell of a disk that fails in words.

    Raises:
        Problem: it does.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise Problem(STATUSES["disk_failing"], "disk_failing") from error


def _picture(link: str) -> QuickResponse | None:
    """The link as a picture; None where it is too long for one that a telephone reads."""
    try:
        return quick_response(link)
    except ValueError:
        return None
