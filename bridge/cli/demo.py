"""`roombridge demo`: the whole system on loopback."""

import asyncio
import logging
import signal
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import msgspec

from bridge import logs
from bridge.cli.run import fast_loop
from bridge.demo import Demo
from bridge.demo import demo as run_demo
from bridge.demo.written import CHECKED

SCREENS = 4
"""Rooms whose systems are named."""


def demo(given: Namespace) -> int:
    """Run until a signal; 2 where the port is taken."""
    logs.set_up(as_json=False, level=logging.WARNING)
    if given.rooms < 1:
        print("a demo needs at least one room", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="roombridge-demo-") as folder,
        asyncio.Runner(loop_factory=fast_loop()) as runner,
    ):
        try:
            runner.run(_until_signal(Path(folder), given))
        except OSError as error:
            print(f"cannot serve on port {given.port}: {error.strerror or error}", file=sys.stderr)
            return 2
    return 0


async def _until_signal(folder: Path, given: Namespace) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with run_demo(folder, port=given.port, count=given.rooms) as running:
        if given.json:
            print(msgspec.json.encode(running.addresses()).decode(), flush=True)
        else:
            print(_words(running, folder), flush=True)
        await stop.wait()


def _words(running: Demo, folder: Path) -> str:
    room = running.rooms[0]
    events = f"{running.graph_url}/control/mailboxes/{room.mailbox}/events"
    others = ", ".join(other.id for other in running.rooms[1:5])
    reader = running.systems.reader
    program = sys.argv[0] if Path(sys.argv[0]).name == "roombridge" else "roombridge"
    return f"""
Room Calendar Bridge: everything outside the appliance is simulated here.

  Display of {room.name}    {running.signed_display}
  The other rooms       {running.url}/display/…   {others}
  All rooms             {running.board}
  For e-ink             {running.panel}
  API                   {running.url}/api/v1/rooms
  The tenant            {running.graph_url}/control/mailboxes
  The configuration     {folder}/bridge.yaml
  Exchange façade       {running.facade}
                        mailbox {reader.mailbox}, user {reader.username}, password {reader.password}

What the room systems show (they sign their own certificates):

{_screens(running)}

Book the room from {room.name}'s calendar:

  curl -X POST {events} \\
    -d '{{"subject": "Hello", "start": "{_soon()}", "minutes": 30, "location": "https://zoom.us/j/91234567890"}}'

It appears on the display, on the codec, and on the unit that reads the façade. Touch Join on the
display: the codec dials. Book the room there, extend, end, find another one: it is done in the
simulated calendar. In another terminal:

  {program} endpoints list --config {folder}/bridge.yaml
  {program} endpoints dial ID somebody@example.com --config {folder}/bridge.yaml
{_pairing(running, folder, program)}
Ctrl-C ends it; nothing is left behind.
"""


def _pairing(running: Demo, folder: Path, program: str) -> str:
    """How a display is put up, at the room whose meetings must be checked in to."""
    if len(running.rooms) <= CHECKED:
        return ""
    room = running.rooms[CHECKED]
    return f"""
Put up another display: open {running.url}/display
in a private window, and type what it shows. Meetings in {room.name} must be checked in to:

  {program} displays pair CODE {room.id} --config {folder}/bridge.yaml
"""


def _screens(running: Demo) -> str:
    """A line for each of the first rooms' systems."""
    shown = [one for room in running.rooms[:SCREENS] for one in running.systems.of(room.id)]
    nothing = "shows nothing, can be told to dial"
    return "\n".join(
        f"  {one.entry['id']:<20}  {one.name:<12}  {one.screen or nothing}" for one in shown
    )


def _soon() -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - for one line of help

    soon = datetime.now(UTC) + timedelta(minutes=5)
    return f"{soon:%Y-%m-%dT%H:%M}Z"
