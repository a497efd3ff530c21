"""Find a driver by its kind, which is the name of its file."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import cast

from connector import endpoints, sources
from connector.endpoint import EndpointDriver
from connector.presence import PresenceDriver
from connector.source import SourceDriver
from connector.writing import WritingDriver


@cache
def source_kinds() -> tuple[str, ...]:
    """Every kind of calendar source there is, without importing one."""
    return tuple(module.name for module in pkgutil.iter_modules(sources.__path__))


@cache
def endpoint_kinds() -> tuple[str, ...]:
    """Every kind of endpoint there is, without importing one."""
    return tuple(module.name for module in pkgutil.iter_modules(endpoints.__path__))


def source(kind: str) -> SourceDriver:
    """The driver of a kind of calendar source. Call it before the loop runs: imports block.

    Raises:
        KeyError: no such kind.
    """
    if kind not in source_kinds():
        raise KeyError(kind)
    return cast("SourceDriver", importlib.import_module(f"connector.sources.{kind}"))


@cache
def writing_kinds() -> frozenset[str]:
    """The kinds whose calendars can be changed, without importing what does it."""
    folder = Path(sources.__path__[0])
    return frozenset(
        kind
        for kind in source_kinds()
        if any(part.name == "writing" for part in pkgutil.iter_modules([str(folder / kind)]))
    )


def writing(kind: str) -> WritingDriver:
    """What changes calendars of a kind. Call it before the loop runs, where that is allowed only.

    Raises:
        KeyError: no such kind, or one that can only be read.
    """
    if kind not in writing_kinds():
        raise KeyError(kind)
    return cast("WritingDriver", importlib.import_module(f"connector.sources.{kind}.writing"))


def presence(kind: str) -> PresenceDriver:
    """What sets the presence of rooms of a kind. Call it before the loop runs, where it is wanted.

    Raises:
        KeyError: no such kind, or one whose service shows none.
    """
    if kind not in source_kinds():
        raise KeyError(kind)
    try:
        return cast("PresenceDriver", importlib.import_module(f"connector.sources.{kind}.presence"))
    except ModuleNotFoundError as error:
        raise KeyError(kind) from error


def endpoint(kind: str) -> EndpointDriver:
    """The driver of a kind of endpoint. Call it before the loop runs: imports block.

    Raises:
        KeyError: no such kind.
    """
    if kind not in endpoint_kinds():
        raise KeyError(kind)
    return cast("EndpointDriver", importlib.import_module(f"connector.endpoints.{kind}"))
