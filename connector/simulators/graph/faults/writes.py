"""Faults of writing."""

from connector.simulators.graph.faults import Fault, Place


class Contested(Fault, frozen=True, kw_only=True):
    """Somebody else books the same time in the same moment."""

    at: Place = "writes"
    earlier: bool = True
    """Whether the other booking was made before this one, or after it."""
