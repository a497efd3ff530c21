"""`roombridge rooms`: what services list, for a person to approve."""

import sys
from argparse import Namespace
from typing import Any

from bridge.cli.control import told
from bridge.cli.deciding import decide, decides
from bridge.cli.progress import asked
from bridge.cli.tables import moment, pretty, table
from bridge.quoting import plain

SECONDS = 1800.0
"""How long it may take: a source has a quarter of an hour, and they are asked in turn."""


@told
def discover(given: Namespace) -> int:
    """Ask for rooms now and print where they and rooms.yaml differ; 1 where they do.

    Or approve and reject what was found.
    """
    if decides(given):
        return decide(given)
    answer = asked(given, SECONDS)
    sources = answer["sources"]
    if given.json:
        print(pretty(answer))
    elif given.yaml:
        _print_entries(answer)
    else:
        for one in sources:
            _print_source(one)
        _print_rejected(answer["rejected"])
    _print_remarks(given, sources)
    return int(any(one["findings"] or one["health"] for one in sources))


def _print_source(one: dict[str, Any]) -> None:
    counted = "never answered" if one["rooms"] is None else f"{one['rooms']} rooms"
    print(f"{one['source']}: {counted}, as of {moment(one['as_of'])}")
    rows = [
        (
            found["id"],
            found["what"],
            "yes" if found["confirmed"] else "not yet",
            plain(found["mailbox"]),
            found["room"] or "-",
            *map(plain, _saying(found)),
        )
        for found in one["findings"]
    ]
    if rows:
        print(table(("ID", "WHAT", "CONFIRMED", "MAILBOX", "ROOM", "HERE", "THERE"), rows))
    elif one["rooms"] is not None:
        print("  it and rooms.yaml agree")


def _print_rejected(rejected: list[dict[str, Any]]) -> None:
    rows = [
        (
            *(one["id"], one["what"], plain(one["mailbox"]), one["field"] or "-"),
            *(plain(one["by"]), moment(one["at"])),
        )
        for one in rejected
    ]
    if rows:
        print(table(("REJECTED", "WHAT", "MAILBOX", "FIELD", "BY", "WHEN"), rows))


def _saying(found: dict[str, Any]) -> tuple[str, str]:
    """What either side says."""
    if found["what"] == "new":
        return "-", found["entry"]["name"]
    if found["what"] == "differs":
        field = found["field"]
        return f"{field}: {found['here'] or '-'}", f"{field}: {found['there'] or '-'}"
    return found["here"] or "-", found["there"] or "-"


def _print_entries(answer: dict[str, Any]) -> None:
    """What may be pasted into rooms.yaml: rooms that were listed twice."""
    import yaml  # noqa: PLC0415 - see bridge.cli

    entries = [
        {key: value for key, value in found["entry"].items() if value or key == "time_zone"}
        for one in answer["sources"]
        for found in one["findings"]
        if found["what"] == "new" and found["confirmed"]
    ]
    used = {name for entry in entries for name in entry.get("lists", ())}
    lists = [one for one in answer["room_lists"] if one["id"] in used]
    if lists:
        print(yaml.safe_dump({"room_lists": lists}, sort_keys=False, allow_unicode=True), end="")
    if entries:
        print(yaml.safe_dump({"rooms": entries}, sort_keys=False, allow_unicode=True), end="")
    if any(not entry["time_zone"] for entry in entries):
        words = "time_zone is empty where neither the service nor the building tells: fill it in"
        print(words, file=sys.stderr)


def _print_remarks(given: Namespace, sources: list[dict[str, Any]]) -> None:
    if not sources:
        print("no source here can list rooms now", file=sys.stderr)
    for one in sources:
        for trouble in one["health"]:
            print(f"{one['source']}: {trouble['code']}: {trouble['words']}", file=sys.stderr)
            if trouble.get("fix") and not given.json:
                print(f"  to mend it: {trouble['fix']}", file=sys.stderr)
    if any(not found["confirmed"] for one in sources for found in one["findings"]):
        words = "what is not confirmed was listed once only: ask again, at best in an hour"
        print(words, file=sys.stderr)
