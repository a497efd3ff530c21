"""`roombridge rooms discover --approve …`: what a person decides about proposals."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import ask
from bridge.cli.tables import pretty, table
from bridge.quoting import plain


def decides(given: Namespace) -> bool:
    """Whether it is about a decision, and not about asking anew."""
    return bool(given.approve or given.approve_new or given.reject or given.take_back)


def decide(given: Namespace) -> int:
    """Plan it, say what it would do, and do it unless it is dry; 1 where nothing could be done.

    Raises:
        NotRunning, Refused: as `ask` says.
    """
    order: dict[str, Any] = {
        "approve": [*given.approve, *(_new(given) if given.approve_new else ())],
        "reject": given.reject,
        "take_back": given.take_back,
    }
    planned = _sent(given, {**order, "dry_run": True})
    in_files = planned["plan"] is not None and planned["kept_in"] == "files"
    done = planned
    if not given.dry_run and _fits(planned):
        # Where files decide, what is approved is for a person to write there; rejections are kept.
        done = _sent(given, {**order, "approve": []} if in_files else order)
    if given.json:
        print(pretty({**done, "plan": planned["plan"], "entries": planned["entries"]}))
    else:
        _print(given, planned, done, in_files=in_files)
    return int(in_files or not _fits(planned))


def _sent(given: Namespace, order: dict[str, Any]) -> Any:
    return ask(given, "POST", "/discovery/decisions", body=order, seconds=120.0)


def _new(given: Namespace) -> list[str]:
    """New rooms that were listed twice."""
    told = ask(given, "GET", "/discovery", query={"source": given.source})
    found = (one for source in told["sources"] for one in source["findings"])
    return [one["id"] for one in found if one["what"] == "new" and one["confirmed"]]


def _fits(planned: dict[str, Any]) -> bool:
    return planned["plan"] is None or planned["plan"]["fits"]


def _print(
    given: Namespace, planned: dict[str, Any], done: dict[str, Any], *, in_files: bool
) -> None:
    plan = planned["plan"]
    if plan is not None:
        rows = [
            (
                one["what"],
                one["kind"],
                one["id"],
                plain(_said(one["before"])),
                plain(_said(one["after"])),
            )
            for one in plan["changes"]
        ]
        print(table(("WHAT", "KIND", "ID", "BEFORE", "AFTER"), rows))
        for one in plan["findings"]:
            print(f"{one['severity']}: {one['entry']} {one['words']}", file=sys.stderr)
    if in_files:
        _print_entries(planned["entries"])
        print("inventory_in_files: the files decide here: change them so", file=sys.stderr)
    elif done["applied"] is not None:
        number = done["applied"]["change"]
        print(f"done: change {number}", file=sys.stderr)
    elif given.dry_run:
        print("nothing was changed: this was a dry run", file=sys.stderr)


def _said(settings: dict[str, str]) -> str:
    return "; ".join(f"{key}: {value}" for key, value in settings.items()) or "-"


def _print_entries(entries: dict[str, Any]) -> None:
    import yaml  # noqa: PLC0415 - see bridge.cli

    for key in ("room_lists", "rooms"):
        if entries[key]:
            print(yaml.safe_dump({key: entries[key]}, sort_keys=False, allow_unicode=True), end="")
    for name in entries["removed"]:
        print(f"# the room {name} is to be taken out")
