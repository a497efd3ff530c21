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
    return f"""
Room Calendar Bridge: everything outside the appliance is simulated here.

  Display of {room.name}    {running.url}/display/{room.id}
  The other rooms       {running.url}/display/…   {others}
  API                   {running.url}/api/v1/rooms
  What the codec shows  {running.codecs[0].url}/control/screen   (signs its own certificate)
  The tenant            {running.graph_url}/control/mailboxes
  The configuration     {folder}/bridge.yaml

Book the room from {room.name}'s calendar, and watch display and codec:

  curl -X POST {events} \\
    -d '{{"subject": "Hello", "start": "{_soon()}", "minutes": 30, "location": "https://zoom.us/j/91234567890"}}'

Ctrl-C ends it; nothing is left behind.
"""


def _soon() -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - for one line of help

    soon = datetime.now(UTC) + timedelta(minutes=5)
    return f"{soon:%Y-%m-%dT%H:%M}Z"
