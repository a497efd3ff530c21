"""Trouble that lies ahead of a simulated device."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

F = TypeVar("F", bound=Any)
"""A fault: a struct with `times`, how many requests it strikes; None for all."""


class Ahead(Generic[F]):
    """Faults, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._ahead: list[F] = []

    def add(self, fault: F) -> None:
        """Put one more at the end."""
        self._ahead.append(fault)

    def all(self) -> tuple[F, ...]:
        """What is still to come; `times` counts down."""
        return tuple(self._ahead)

    def clear(self) -> None:
        """Work again."""
        self._ahead.clear()

    def first(self, fits: Callable[[F], bool]) -> F | None:
        """The first that fits, counted."""
        for place, fault in enumerate(self._ahead):
            if fits(fault):
                self._count(place, fault)
                return fault
        return None

    def _count(self, place: int, fault: F) -> None:
        """One request less to strike."""
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._ahead[place]
        else:
            self._ahead[place] = msgspec.structs.replace(fault, times=fault.times - 1)
