"""`roombridge join`: a dry run of reading invitations; no configuration, no network."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from bridge.cli.tables import pretty
from bridge.settings import files
from bridge.settings.problem import Place, Problem
from bridge.settings.typed import bare
from rooms import join as reader
from rooms.join import Found, Invitation, Rules


def join(given: Namespace) -> int:
    """Print the join details of an invitation; 1 where there is nothing to dial."""
    rules = _rules(given.rules)
    if rules is None:
        return 2
    try:
        with _opened(given.file) as stream:
            if given.jsonl:
                return _lines(stream, rules)
            name = "invitation.txt" if given.file == "-" else given.file
            invitation = reader.files.invitation(name, stream.read())
    except OSError as error:
        print(f"{given.file}: {error.strerror}", file=sys.stderr)
        return 2
    found = reader.read(invitation, rules)
    print(pretty(reader.as_json(found)) if given.json else _words(found))
    return int(found.reason is not None)


def _opened(name: str) -> BinaryIO:
    return sys.stdin.buffer if name == "-" else Path(name).open("rb")


def _rules(file: Path | None) -> Rules | None:
    """The rules of a file, or None after saying what is wrong with it."""
    if file is None:
        return Rules()
    problems: list[Problem] = []
    node = files.document(file, problems)
    if node is not None:
        rules = reader.rules_from(bare(node))
        if isinstance(rules, Rules):
            return rules
        for wrong in rules:
            Place(problems, file).at(wrong.place).error(wrong.words, wrong.hint)
    for problem in problems:
        print(problem, file=sys.stderr)
    return None


def _lines(stream: Iterable[bytes], rules: Rules) -> int:
    """One result a line; a line that is no JSON object is answered too, and makes the status 1."""
    status = 0
    for line in stream:
        if not line.strip():
            continue
        id_, invitation = _record(line)
        if invitation is None:
            print(f"no JSON object: {line[:60]!r}", file=sys.stderr)
            invitation, status = Invitation(), 1
        answer = reader.as_json(reader.read(invitation, rules), id_)
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return status


def _record(line: bytes) -> tuple[str | None, Invitation | None]:
    try:
        told = json.loads(line)
    except ValueError:
        return None, None
    if not isinstance(told, dict):
        return None, None
    return told.get("id"), reader.files.record(told)


def _words(found: Found) -> str:
    told = reader.as_json(found)
    lines = [
        f"{name:17}{_shown(told[name])}"
        for name in (
            "provider",
            "meeting_id",
            "passcode",
            "numeric_passcode",
            "join_url",
            "sip",
            "h323",
            "dial",
            "reason",
        )
    ]
    return "\n".join([*lines, "", *reader.in_words(found)]).rstrip()


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
