"""`roombridge check`: every problem of a configuration."""

import sys
from argparse import Namespace
from pathlib import Path

import msgspec

from bridge.settings.load import read
from bridge.settings.model import Configuration
from bridge.settings.problem import Problem, errors


def check(given: Namespace) -> int:
    """Print all problems with file, path and hint; 2 if it would not start, 1 with warnings."""
    problems: list[Problem] = []
    configuration = read(given.config, problems)
    bad = any(errors(problems))
    if given.json:
        answer = {"ok": not bad, "problems": problems}
        print(msgspec.json.format(msgspec.json.encode(answer)).decode())
    else:
        for problem in problems:
            print(problem)
        print(_verdict(given.config, configuration, len(problems), bad=bad), file=sys.stderr)
    return 2 if bad else int(bool(problems))


def _verdict(file: Path, configuration: Configuration | None, found: int, *, bad: bool) -> str:
    if bad or configuration is None:
        return f"{file} cannot be used: {found} problem{'s' * (found != 1)}"
    inventory = configuration.inventory
    return (
        f"{file} can be used: {len(inventory.rooms)} rooms, {len(inventory.endpoints)} endpoints, "
        f"{len(configuration.sources)} sources"
    )
