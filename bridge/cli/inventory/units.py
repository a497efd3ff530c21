"""`roombridge endpoints add|set|remove`: room systems of the inventory."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.cli.control import Refused
from bridge.cli.inventory.plans import asking, change
from bridge.cli.typed import BadSecret, read, typed


@asking
def add(given: Namespace) -> int:
    """Add a room system to a room."""
    if not given.settings.get("room"):
        raise Refused("say with room=ROOM in which room it is")
    return _change(given, known=False)


@asking
def set_(given: Namespace) -> int:
    """Change settings of a room system, or move it to another room."""
    return _change(given, known=True)


@asking
def remove(given: Namespace) -> int:
    """Take a room system out of the inventory."""
    return change(given, endpoints={given.id: None}, why=given.why)


def _change(given: Namespace, *, known: bool) -> int:
    order: dict[str, Any] = {"endpoints": {given.id: given.settings}, "why": given.why}
    if secrets := dict(_secrets(given)):
        order["secrets"] = {given.id: secrets}
    return change(given, known=known, **order)


def _secrets(given: Namespace) -> Iterator[tuple[str, str]]:
    """Secrets by the settings that they are for: asked for without echo, or from files.

    Raises:
        Refused: one of them cannot be had.
    """
    if len(given.secret) > 1 and not sys.stdin.isatty():
        raise Refused("standard input has one secret only: --secret-file takes more")
    try:
        for setting in given.secret:
            yield setting, typed(setting) if sys.stdin.isatty() else read(None)
        for word in given.secret_file:
            setting, sign, file = word.partition("=")
            if not sign or not setting:
                raise Refused("--secret-file takes SETTING=FILE")
            yield setting, read(Path(file))
    except BadSecret as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from error
