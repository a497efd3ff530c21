"""`roombridge inventory`: where rooms and room lists are kept, and the way into the store."""

import sys
import time
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask
from bridge.cli.inventory.line import Unwritable, with_store
from bridge.cli.inventory.plans import SECONDS, asking
from bridge.cli.tables import pretty

Json = dict[str, Any]
PATIENCE = 15.0
"""Seconds in which a running appliance has read its changed configuration."""
LOOK_EVERY = 0.5


@asking
def status(given: Namespace) -> int:
    """Say where the inventory is, and how much is in it."""
    kept = ask(given, "GET", "/inventory", seconds=SECONDS)
    told = {"kept_in": kept["kept_in"], "version": kept["version"], **_counted(kept)}
    if given.json:
        print(pretty(told))
        return 0
    where = "files: rooms.yaml decides" if kept["kept_in"] == "files" else "store"
    print(f"kept in:    {where}\nversion:    {kept['version']}")
    for name in ("rooms", "room_lists", "endpoints"):
        print(f"{name.replace('_', ' ') + ':':<11} {told[name]}")
    return 0


@asking
def adopt(given: Namespace) -> int:
    """Have the store decide from now on; 1 where somebody has to finish it by hand."""
    kept = ask(given, "GET", "/inventory", seconds=SECONDS)
    if kept["kept_in"] == "store":
        _say(given, "the inventory is in the store already", {"kept_in": "store"})
        return 0
    _explain(given, kept)
    if given.dry_run:
        _say(given, "nothing was changed", {"kept_in": "files", **_counted(kept)})
        return 0
    if not given.yes and not _agreed():
        print("nothing was changed", file=sys.stderr)
        return 1
    query = {"replace": "true" if given.replace else None}
    ask(given, "POST", "/inventory/adopt", query=query, seconds=SECONDS)
    try:
        with_store(given.config)
    except Unwritable as error:
        print(f"the rooms are in the store, but {error}", file=sys.stderr)
        print(f"write this line into {given.config} yourself:", file=sys.stderr)
        print("inventory: store", file=sys.stderr)
        return 1
    return _wait(given, kept)


def _explain(given: Namespace, kept: Json) -> None:
    counted = _counted(kept)
    print(
        f"{counted['rooms']} rooms, {counted['room_lists']} room lists and"
        f" {counted['endpoints']} endpoints of the files are copied into the store, and\n"
        f"`inventory: store` is written into {given.config}. From then on rooms.yaml is not read:\n"
        "rooms are changed by pages, commands, CSV and API. `roombridge inventory export` writes\n"
        "a rooms.yaml at any time; with `inventory: files` it decides again.",
        file=sys.stderr,
    )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("nobody is there to be asked: --yes does it", file=sys.stderr)
        return False
    print("Do it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _wait(given: Namespace, before: Json) -> int:
    """Look until the appliance works by the store."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if ask(given, "GET", "/inventory", seconds=SECONDS)["kept_in"] == "store":
            words = "the store decides from now on; rooms.yaml is not read any more: move it away"
            _say(given, words, {"kept_in": "store", **_counted(before)})
            return 0
        time.sleep(LOOK_EVERY)
    words = "but the appliance goes on by the former configuration: its log says why"
    print(f"`inventory: store` is in {given.config}, {words}", file=sys.stderr)
    return 1


def _counted(kept: Json) -> dict[str, int]:
    units = sum(len(one["entry"].get("endpoints", ())) for one in kept["rooms"])
    rooms, lists = len(kept["rooms"]), len(kept["room_lists"])
    return {"rooms": rooms, "room_lists": lists, "endpoints": units}


def _say(given: Namespace, words: str, answer: Json) -> None:
    print(pretty(answer) if given.json else words)
