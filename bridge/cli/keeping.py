"""The words of the commands that look after the inventory, and of those that help in a shell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.cli import table
from bridge.cli.inventory.assigned import Assignments

if TYPE_CHECKING:
    import argparse

    from bridge.cli import Commands

STATES = ("free", "busy", "fresh", "stale", "failing", "unread")
_SETTINGS = "settings as in rooms.yaml; a.b=value goes into a group, lists=a,b and [a, b] are lists"
_REMOVES = f"{_SETTINGS}; key= removes one"


def add_rooms(rooms: Commands) -> None:
    """`roombridge rooms`, but for what services and people at doors tell."""
    every = rooms.add("list", "rooms, and how they stand", "inventory.rooms.every")
    every.add_argument("words", metavar="WORDS", nargs="*", help="only rooms that have all of them")
    every.add_argument("--list", metavar="LIST", default="", help="only of it and of its parts")
    every.add_argument("--building", metavar="NAME", default="", help="only in this building")
    every.add_argument("--state", choices=STATES, help="only in this state")
    show = rooms.add("show", "a room: settings, room systems, health", "inventory.rooms.show")
    show.add_argument("room", metavar="ROOM")
    _add_changes(rooms)
    table.add_rooms(rooms)
    diff = rooms.add(
        "diff", "what a rooms.yaml would change of what is in force", "inventory.history.diff"
    )
    diff.add_argument("file", metavar="FILE", type=Path, help="rooms.yaml, or a folder of files")
    history = rooms.add(
        "history", "changes of the inventory, the newest first", "inventory.history.history"
    )
    history.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
    history.add_argument("--before", metavar="CHANGE", help="only older ones than this")
    undo = rooms.add("undo", "take a change of the inventory back", "inventory.history.undo")
    undo.add_argument("change", metavar="CHANGE", nargs="?", help="its number (default: the last)")
    _add_plan(undo, why=False)


def _add_changes(rooms: Commands) -> None:
    add = rooms.add("add", "add a room", "inventory.rooms.add")
    add.add_argument("id", metavar="NEW", help="its id; stays what it is called in links and files")
    _add_settings(add, _SETTINGS)
    set_ = rooms.add("set", "change settings of a room", "inventory.rooms.set_")
    set_.add_argument("room", metavar="ROOM")
    _add_settings(set_, _REMOVES)
    retire = rooms.add("retire", "take a room out of the inventory", "inventory.rooms.retire")
    retire.add_argument("room", metavar="ROOM")
    rename = rooms.add("rename", "give a room another id", "inventory.rooms.rename")
    rename.add_argument("room", metavar="ROOM")
    rename.add_argument("new", metavar="NEW")
    for command in (add, set_, retire, rename):
        _add_plan(command)


def add_lists(commands: Commands) -> None:
    """`roombridge lists`."""
    lists = commands.group("lists", "room lists: buildings, floors, any grouping of rooms")
    lists.add("list", "all of them, as the tree that they are", "inventory.lists.every")
    show = lists.add("show", "one of them and its rooms", "inventory.lists.show")
    add = lists.add("add", "add a room list", "inventory.lists.add")
    add.add_argument("id", metavar="NEW")
    _add_settings(add, "name=…, parent=LIST")
    set_ = lists.add("set", "change settings of a room list", "inventory.lists.set_")
    remove = lists.add("remove", "remove a room list; its rooms stay", "inventory.lists.remove")
    rename = lists.add(
        "rename", "give a room list another id; its rooms follow", "inventory.lists.rename"
    )
    for command in (show, set_, remove, rename):
        command.add_argument("list", metavar="LIST")
    _add_settings(set_, "name=…, parent=LIST; key= removes one")
    rename.add_argument("new", metavar="NEW")
    remove.add_argument(
        "--take-out", action="store_true", help="take its rooms and parts out of it first"
    )
    for command in (add, set_, remove, rename):
        _add_plan(command)


def add_endpoints(endpoints: Commands) -> None:
    """What changes room systems in the inventory."""
    add = endpoints.add("add", "add a room system to a room", "inventory.units.add")
    add.add_argument("id", metavar="NEW")
    _add_settings(add, f"room=ROOM, kind=…, address=…: {_SETTINGS}")
    set_ = endpoints.add(
        "set",
        "change settings of a room system; room=ROOM moves it there",
        "inventory.units.set_",
    )
    remove = endpoints.add(
        "remove", "take a room system out of the inventory", "inventory.units.remove"
    )
    for command in (set_, remove):
        command.add_argument("id", metavar="ENDPOINT")
    _add_settings(set_, _REMOVES, least="*")
    for command in (add, set_):
        command.add_argument(
            "--secret",
            metavar="SETTING",
            action="append",
            default=[],
            help="asked for without echo, or read from standard input (password; may be repeated)",
        )
        command.add_argument(
            "--secret-file",
            metavar="SETTING=FILE",
            action="append",
            default=[],
            help="read from a file (may be repeated)",
        )
    for command in (add, set_, remove):
        _add_plan(command)


def add_inventory(commands: Commands) -> None:
    """`roombridge inventory`."""
    inventory = commands.group("inventory", "where rooms and room lists are kept")
    inventory.add("status", "files or store, and how much is in it", "inventory.adopt.status")
    adopt = inventory.add(
        "adopt",
        "from now on the store decides: copy the files' inventory there, and say so in bridge.yaml",
        "inventory.adopt.adopt",
    )
    adopt.add_argument("--yes", action="store_true", help="do not ask")
    adopt.add_argument(
        "--replace", action="store_true", help="in place of another inventory in the store"
    )
    adopt.add_argument("--dry-run", action="store_true", help="only say what it would do")
    export = inventory.add("export", "the inventory as rooms.yaml", "table.export")
    export.set_defaults(yaml=True)
    export.add_argument("file", metavar="FILE", nargs="?", type=Path, help="instead of printing it")


def add_shell(commands: Commands) -> None:
    """What helps in a shell."""
    completion = commands.add(
        "completion", "a script by which a shell completes these commands", "completion.script"
    )
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    commands.add("man", "the manual page, for man -l or a file", "manual.page")


def _add_settings(command: argparse.ArgumentParser, words: str, least: str = "+") -> None:
    command.add_argument(
        "settings", metavar="KEY=VALUE", nargs=least, action=Assignments, default={}, help=words
    )


def _add_plan(command: argparse.ArgumentParser, *, why: bool = True) -> None:
    if why:
        command.add_argument("--why", metavar="WORDS", default="", help="for the history")
    command.add_argument("--dry-run", action="store_true", help="only show the plan")
