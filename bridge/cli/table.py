"""`roombridge rooms import` and `export`: rooms as a table for spreadsheets, or as rooms.yaml."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.cli.inventory.plans import SECONDS, asking, print_changes
from bridge.cli.tables import pretty, table
from bridge.quoting import plain

if TYPE_CHECKING:
    from argparse import Namespace

    from bridge.cli import Commands

_KINDS = {
    ".yaml": ("yaml", "application/yaml"),
    ".yml": ("yaml", "application/yaml"),
    ".tsv": ("table", "text/tab-separated-values"),
}
_SHOWN = 200
"""Findings that are printed; `--json` has them all."""


def add_rooms(rooms: Commands) -> None:
    """The two commands."""
    import_ = rooms.add(
        "import",
        "plan what a table of rooms (CSV) or a rooms.yaml changes; --apply changes it",
        "table.import_",
    )
    import_.add_argument("file", metavar="FILE", help="or - for a table from standard input")
    import_.add_argument("--apply", action="store_true", help="change it, whole or not at all")
    import_.add_argument(
        "--only-good", action="store_true", help="take the good rows where there are bad ones"
    )
    import_.add_argument(
        "--retire-missing", action="store_true", help="retire the rooms that are not in the table"
    )
    import_.add_argument(
        "--add-lists", action="store_true", help="add the room lists that it names and nobody has"
    )
    import_.add_argument("--why", metavar="WORDS", default="", help="for the history")
    export = rooms.add(
        "export", "all rooms as a table for spreadsheets, without secrets", "table.export"
    )
    export.add_argument("file", metavar="FILE", nargs="?", type=Path, help="instead of printing it")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a table (the default)")
    form.add_argument("--yaml", action="store_true", help="a rooms.yaml")
    export.add_argument(
        "--separator",
        choices=["comma", "semicolon", "tab"],
        default="comma",
        help="between cells; where Excel writes decimals with a comma it wants semicolon",
    )


@asking
def import_(given: Namespace) -> int:
    """Plan what a table changes, or change it; 1 where a row is bad or it cannot be."""
    from bridge.cli.control import Refused, send  # noqa: PLC0415 - see bridge.cli

    try:
        content = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
    except OSError as error:
        print(f"{given.file} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    way, kind = _KINDS.get(Path(given.file).suffix.lower(), ("table", "text/csv"))
    asked = {
        "dry_run": "false" if given.apply else "true",
        "only_good": _truth(told=given.only_good),
        "retire_missing": _truth(told=given.retire_missing),
        "add_lists": _truth(told=given.add_lists),
        "why": given.why or None,
    }
    if way == "yaml" and (given.only_good or given.retire_missing or given.add_lists):
        print("a rooms.yaml is taken whole: these options are for tables", file=sys.stderr)
        return 2
    try:
        answer = send(given, f"/inventory/{way}", content, kind, query=asked, seconds=SECONDS)
    except Refused as error:
        _print_rows(error.told.get("rows", ()))
        raise
    _print(given, answer)
    return int(bool(answer["bad"]) or not answer.get("fits", True))


@asking
def export(given: Namespace) -> int:
    """Write all rooms as a table, or as a rooms.yaml."""
    from bridge.cli.control import fetch  # noqa: PLC0415 - see bridge.cli

    way = "yaml" if given.yaml else "table"
    query = {} if given.yaml else {"separator": given.separator}
    content = fetch(given, f"/inventory/{way}", query=query, seconds=SECONDS)
    if given.file is None:
        sys.stdout.buffer.write(content)
        return 0
    try:
        given.file.write_bytes(content)
    except OSError as error:
        print(f"{given.file} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _truth(*, told: bool) -> str | None:
    return "true" if told else None


def _print(given: Namespace, answer: dict[str, Any]) -> None:
    if given.json:
        print(pretty(answer))
        return
    print_changes(answer["changes"])
    _print_rows(answer["rows"])
    for found in answer.get("findings", ()):
        place = ".".join(filter(None, [found["entry"], found["setting"]]))
        print(plain(f"{found['severity']}: {place}: {found['words']}"), file=sys.stderr)
    print(f"{answer['count']} rows, {answer['bad']} of them bad")
    if number := answer.get("change"):
        print(f"applied as change {number}; `roombridge rooms undo {number}` takes it back")
    elif not answer.get("fits", True):
        print("this cannot be: nothing was changed", file=sys.stderr)
    elif answer["changes"]:
        print("this is the plan: nothing was changed; --apply changes it")
    else:
        print("there is nothing to change")


def _print_rows(found: Any) -> None:
    rows = [
        (
            str(one["row"] or "-"),
            plain(one["column"] or "-"),
            one["severity"],
            plain(one["words"] + (f" ({one['hint']})" if one["hint"] else "")),
        )
        for one in found
    ]
    if rows:
        print(table(("ROW", "COLUMN", "", "WHAT"), rows[:_SHOWN]), file=sys.stderr)
    if len(rows) > _SHOWN:
        print(f"and {len(rows) - _SHOWN} more: --json has them all", file=sys.stderr)
