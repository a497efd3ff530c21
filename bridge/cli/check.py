"""`roombridge check`: every problem of a configuration."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import msgspec

from bridge.cli.control import NotRunning, Refused, ask
from bridge.settings.load import read
from bridge.settings.model import Configuration
from bridge.settings.problem import Problem, errors

SECONDS = 5.0
"""How long a running appliance is waited for."""


def check(given: Namespace) -> int:
    """Print all problems with file, path and hint; 2 if it would not start, 1 with warnings."""
    problems: list[Problem] = []
    configuration = read(given.config, problems)
    bad = any(errors(problems))
    critical = _critical(given)
    if given.json:
        answer = {"ok": not bad, "problems": problems, "critical": critical}
        print(msgspec.json.format(msgspec.json.encode(answer)).decode())
    else:
        for problem in problems:
            print(problem)
        for one in critical:
            print(f"CRITICAL  {one['code']}: {one['words']}")
            print(f"          to mend it: {one['fix']}")
        print(_verdict(given.config, configuration, len(problems), bad=bad), file=sys.stderr)
    return 2 if bad else int(bool(problems or critical))


def _critical(given: Namespace) -> list[dict[str, Any]]:
    """What a running appliance found that nobody may overlook; nothing where none runs."""
    try:
        health = ask(given, "GET", "/health", seconds=SECONDS)
    except (NotRunning, Refused):
        return []
    return [one for one in health["findings"] if one["severity"] == "critical"]


def _verdict(file: Path, configuration: Configuration | None, found: int, *, bad: bool) -> str:
    if bad or configuration is None:
        return f"{file} cannot be used: {found} problem{'s' * (found != 1)}"
    inventory = configuration.inventory
    if configuration.site.inventory == "store":
        return (
            f"{file} can be used: {len(configuration.sources)} sources; the rooms are in the store"
            " (roombridge inventory status)"
        )
    return (
        f"{file} can be used: {len(inventory.rooms)} rooms, {len(inventory.endpoints)} endpoints, "
        f"{len(configuration.sources)} sources"
    )
