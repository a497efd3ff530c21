"""A bare service for benchmarks: bytes made beforehand, from a process of its own."""

import asyncio
import contextlib
import json
import multiprocessing
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web

EVENTS = 30
"""Meetings of a busy room in eight days."""

INVITATION = """Ada Lovelace is inviting you to a scheduled Zoom meeting.

Topic: Weekly review of the harvest
Join Zoom Meeting
https://example.zoom.us/j/9123456789{n}?pwd=QmVuY2htYXJrT25seQ.1

Meeting ID: 912 3456 789{n}
Passcode: 4Gr33n!

---
One tap mobile
+16465550100,,9123456789{n}#,,,,*123456# US

---
Join by SIP
9123456789{n}@zoomcrc.com

Join by H.323
162.255.37.11 (US West)
162.255.36.11 (US East)
Meeting ID: 912 3456 789{n}
Passcode: 123456
"""
TALK = "Please bring your notes about the harvest, and a pencil. Lunch is served at noon. " * 20


def text(number: int) -> str:
    """The text of an invitation, about two kilobytes."""
    return (INVITATION.format(n=number % 10) if number % 2 else "") + TALK


def page(events: int = EVENTS) -> bytes:
    """One page of `calendarView`, as Graph answers what the driver asks for."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=20)
    return json.dumps(
        {
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users('x')/calendarView",
            "value": [
                _event(number, first + timedelta(hours=6 * number)) for number in range(events)
            ],
        }
    ).encode()


def _event(number: int, start: datetime) -> dict[str, object]:
    name = f"AAMkADQ{number:05}" + "x" * 110
    return {
        "@odata.etag": f'W/"{number}"',
        "id": name,
        # Past its date, which is the occurrence's, so that each is a meeting of its own.
        "iCalUId": f"040000008200E00074C5B7101A82E00800000000{number:072}",
        "subject": f"Review of the harvest, part {number}",
        "body": {"contentType": "text", "content": text(number)},
        "start": {"dateTime": f"{start:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
        "end": {
            "dateTime": f"{start + timedelta(minutes=50):%Y-%m-%dT%H:%M:%S}.0000000",
            "timeZone": "UTC",
        },
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": False,
        "isDraft": False,
        "sensitivity": "normal",
        "showAs": "busy",
        "type": "singleInstance",
        "originalStartTimeZone": "GMT Standard Time",
        "responseStatus": {"response": "accepted", "time": "2026-11-01T10:00:00Z"},
        "organizer": {"emailAddress": {"name": "Ada Lovelace", "address": "ada@example.com"}},
        "location": {"displayName": "Kestrel", "locationType": "default", "uniqueId": "Kestrel"},
        "locations": [{"displayName": "Kestrel", "locationType": "default"}],
        "onlineMeeting": None,
        "onlineMeetingUrl": None,
    }


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a bare service answers."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def _serve(listening: socket.socket, answers: dict[str, Service]) -> None:
    async def answer(request: web.Request) -> web.Response:
        known = answers.get(request.path) or answers[""]
        return web.Response(body=known.body, headers=known.headers)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    web.run_app(app, sock=listening, print=None, access_log=None, handle_signals=True)


@contextlib.contextmanager
def served(answers: dict[str, Service]) -> Iterator[str]:
    """Serve bytes by path from another process, `""` for every other path; its URL."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=[listening, answers])
    process.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        process.terminate()
        process.join()
        listening.close()


@contextlib.contextmanager
def served_by(made: Callable[[], web.Application], address: str = "127.0.0.1") -> Iterator[str]:
    """Serve an application from another process; its URL."""
    listening = socket.create_server((address, 0), backlog=1024)

    def run() -> None:
        web.run_app(made(), sock=listening, print=None, access_log=None, handle_signals=True)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        process.terminate()
        process.join()
        listening.close()


def loop_factory() -> asyncio.AbstractEventLoop:
    """The loop that the appliance runs on."""
    import uvloop  # noqa: PLC0415 - Linux only

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
