"""`roombridge audit`: who did what, and whether that is all still as it was written."""

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from bridge.cli.control import ask, lines, told
from bridge.cli.tables import moment, pretty, table
from rooms.chain import Bad, Head, Row, Walk, head_of

_read = msgspec.json.Decoder(Row).decode

PAGE = 1000
"""Entries that are asked for at once."""


@told
def show(given: Namespace) -> int:
    """List what was done, the newest last."""
    entries = list(_newest(given))[::-1]
    if given.json:
        print(pretty(entries))
        return 0
    rows = [
        (
            str(one["seq"]),
            moment(one["at"]),
            _plain(one["actor"]),
            _plain(one["origin"]) or "-",
            _plain(one["action"]),
            _plain(one["object"]) or "-",
            _plain(_words(one["detail"])),
        )
        for one in entries
    ]
    print(table(("SEQ", "WHEN (UTC)", "WHO", "FROM", "WHAT", "TO WHAT", "MORE"), rows))
    return 0


@told
def export(given: Namespace) -> int:
    """Print every entry as a line of JSON, the oldest first."""
    for line in lines(given, "/audit/export", query={"since": given.since}):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    return 0


@told
def verify(given: Namespace) -> int:
    """Check every entry here, of the running appliance or of an exported file; 1 where one is bad.

    The appliance's own word is not asked for: only its entries are.
    """
    try:
        known = head_of(given.head) if given.head else None
    except ValueError as error:
        print(f"--head {error}", file=sys.stderr)
        return 2
    if given.file is None:
        walk, bad = checked(lines(given, "/audit/export"), known)
        return _verdict(given, walk, bad)
    try:
        with Path(given.file).open("rb") as opened:
            walk, bad = checked(opened, known, part=True)
    except OSError as error:
        print(f"{given.file} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    return _verdict(given, walk, bad)


def checked(
    exported: Iterable[bytes], known: Head | None = None, *, part: bool = False
) -> tuple[Walk, Bad | None]:
    """Walk over lines of an export; a `part` may begin later than with the first entry."""
    walk: Walk | None = None
    for line in exported:
        try:
            row = _read(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            walk = walk or Walk(known)
            return walk, Bad(seq=walk.head.seq + 1, why="its line is no entry")
        if walk is None:
            begins = part and row.seq > 1
            walk = Walk(known, Head(seq=row.seq - 1, hash=row.former) if begins else None)
        bad = walk.step(row)
        if bad is not None:
            return walk, bad
    walk = walk or Walk(known)
    return walk, walk.end()


def _verdict(given: Namespace, walk: Walk, bad: Bad | None) -> int:
    if given.json:
        told = None if bad is None else {"seq": bad.seq, "why": bad.why}
        head = {"seq": walk.head.seq, "hash": walk.head.hash, "at": walk.head.at}
        print(pretty({"ok": bad is None, "entries": walk.rows, "head": head, "bad": told}))
    elif bad is None:
        first = walk.head.seq - walk.rows + 1
        begin = f", from entry {first} on" if first > 1 else ""
        print(f"{walk.rows} entries{begin}, each as it was written; the head is\n{walk.head}")
    else:
        print(f"entry {bad.seq}: {bad.why}", file=sys.stderr)
        print(f"{walk.rows} entries before it are sound", file=sys.stderr)
    return 0 if bad is None else 1


def _newest(given: Namespace) -> Iterator[dict[str, Any]]:
    """What is wanted, the newest first, as many as were asked for."""
    left, before = given.limit, None
    while left > 0:
        query = {"actor": given.actor, "action": given.action, "object": given.object}
        query |= {"since": given.since, "limit": str(min(left, PAGE)), "before": before}
        answer = ask(given, "GET", "/audit", query=query)
        yield from answer["entries"]
        left -= len(answer["entries"])
        if answer["before"] is None:
            return
        before = str(answer["before"])


def _words(detail: dict[str, Any] | str) -> str:
    """More of an entry, in one line of the table."""
    if isinstance(detail, str):
        return detail
    return " ".join(f"{name}={value}" for name, value in detail.items())


def _plain(text: str) -> str:
    """Without what terminals obey: people choose the names that stand in entries."""
    return "".join(char if char.isprintable() else "?" for char in text)
