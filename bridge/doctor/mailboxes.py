"""Room mailboxes: what they do to invitations, and where no appliance runs whether they open."""

import asyncio
from collections.abc import Iterable, Iterator

from bridge.doctor.finding import Finding, finding
from bridge.findings import advice_of
from bridge.health import Subject
from bridge.quoting import powershell
from bridge.settings.model import SourceSettings, WindowSpan
from connector import load
from connector.checkup import Reaching
from connector.errors import ConnectorError
from connector.outside import Outside
from connector.source import CalendarSource
from rooms.model import Window
from rooms.room import Room
from rooms.signs import Signs, habits, signs_of

AT_A_TIME = 4
READ_LIMIT = 60.0
"""Seconds for one calendar."""


def mailbox_finding(room: Room, code: str) -> Finding:
    """A finding about a room's mailbox, with the command for this very mailbox."""
    fix = advice_of(code).fix.replace("{mailbox}", powershell(room.mailbox))
    return finding(Subject("room", room.id), code, fix=fix)


def told_by(room: Room, source: SourceSettings, signs: Signs) -> Iterator[Finding]:
    """What a room's calendar tells of its mailbox."""
    if not isinstance(source.options, Reaching):  # invented meetings tell nothing
        return
    domains = {*source.mailboxes.domains, room.mailbox.rpartition("@")[2]}
    for code in habits(signs, domains):
        yield mailbox_finding(room, code)


async def read(
    rooms: Iterable[Room], source: SourceSettings, outside: Outside, span: WindowSpan
) -> list[Finding]:
    """Read every mailbox once; what fails, and what those that can be read tell."""
    places = asyncio.Semaphore(AT_A_TIME)
    try:
        async with load.source(source.kind).connect(source.options, outside) as opened:

            async def one(room: Room) -> list[Finding]:
                async with places:
                    return await _read(room, source, opened, _window(outside, span))

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(room)) for room in rooms]
    except ConnectorError:  # it cannot be opened, of which the check of rights tells
        return []
    return [found for task in tasks for found in task.result()]


def _window(outside: Outside, span: WindowSpan) -> Window:
    return Window.around(outside.clock.now(), span.past, span.ahead)


async def _read(
    room: Room, source: SourceSettings, opened: CalendarSource, window: Window
) -> list[Finding]:
    try:
        async with asyncio.timeout(READ_LIMIT):
            events = await opened.fetch(room, window)
    except TimeoutError:
        return [finding(Subject("room", room.id), "timeout")]
    except ConnectorError as error:
        if error.everywhere:  # told of the source, once
            return []
        return [finding(Subject("room", room.id), error.reason, str(error), error.fix)]
    return list(told_by(room, source, signs_of(events)))
