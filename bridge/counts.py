"""What the lanes did, for `/metrics`."""

from collections import Counter
from dataclasses import dataclass, field

from bridge.cadence import Cause


@dataclass(kw_only=True)
class Counts:
    """Sums since the start, by source."""

    reads: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By source and outcome: `ok`, or the reason of a failure."""
    causes: Counter[tuple[str, Cause]] = field(default_factory=Counter)
    """Reads by source and what they were for."""
    changes: Counter[str] = field(default_factory=Counter)
    confirmations: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    """Changes that a read found by itself though the source should have told of them."""
