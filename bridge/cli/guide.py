"""`roombridge guide`: steps and commands for this configuration. Needs no running appliance."""

import sys
from argparse import Namespace
from collections.abc import Callable

import msgspec

from bridge.cli.tables import pretty
from bridge.guides import entra as for_entra
from bridge.guides import exchange as for_exchange
from bridge.guides import google as for_google
from bridge.guides import on_premises
from bridge.guides.known import Known, Unknown, kind_of, known
from bridge.guides.step import Step, printed


def entra(given: Namespace) -> int:
    """Register the application in Microsoft Entra."""
    return _told(given, "graph", for_entra.steps)


def exchange(given: Namespace) -> int:
    """Narrow its right to the rooms, and set their mailboxes right; online, or a server's."""
    if kind_of(given.config, given.source, "graph", "ews") == "ews":
        return _told(given, "ews", lambda found: on_premises.steps(found, listed=given.listed))
    return _told(given, "graph", lambda found: for_exchange.steps(found, listed=given.listed))


def google(given: Namespace) -> int:
    """Make a service account for Google Workspace."""
    return _told(given, "google", for_google.steps)


def _told(given: Namespace, kind: str, steps: Callable[[Known], list[Step]]) -> int:
    """Print a guide; 2 where the configuration cannot be read at all."""
    try:
        found = known(given.config, kind, given.source)
    except Unknown as error:
        print(error, file=sys.stderr)
        return 2
    made = steps(found)
    print(pretty([msgspec.to_builtins(step) for step in made]) if given.json else printed(made))
    return 0
