"""How far the reading of room lists is, on a terminal."""

import shutil
import sys
import time
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask

EVERY = 0.5
"""Seconds between two looks."""
WIDTH = 30
"""Characters of the bar."""


def asked(given: Namespace, seconds: float) -> Any:  # what the API answers
    """Have services asked for their rooms, and wait; a terminal is shown how far that is.

    Whoever ends the wait ends nothing else: the appliance reads on.

    Raises:
        NotRunning, Refused: as `ask` says.
    """
    query = {"source": given.source}
    if not sys.stderr.isatty():
        return ask(given, "POST", "/discovery", query=query, seconds=seconds)
    told = ask(given, "POST", "/discovery", query={**query, "wait": "false"})
    try:
        while running := [one for one in told["sources"] if one.get("progress")]:
            _show(_line(running))
            time.sleep(EVERY)
            told = ask(given, "GET", "/discovery", query=query)
    finally:
        _show("")
    return told


def _line(running: list[dict[str, Any]]) -> str:
    """The source that is asked now, else the first that waits."""
    one = next((one for one in running if one["progress"]["asking"]), running[0])
    return f"{one['source']}: {bar(**one['progress'])}"


def bar(*, rooms: int, pages: int, about: int | None, **_: object) -> str:
    """Rooms that were found, of about so many; never full before the end."""
    counted = f"{rooms} rooms, {pages} pages"
    if not about:
        return counted
    share = min(rooms / about, 0.99)
    done = int(share * WIDTH)
    return f"[{'#' * done}{'.' * (WIDTH - done)}] {rooms} of about {about} rooms, {pages} pages"


def _show(line: str) -> None:
    width = shutil.get_terminal_size().columns - 1
    print(f"\r\x1b[K{line[:width]}", end="", file=sys.stderr, flush=True)
