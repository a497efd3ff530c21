"""How a room system stands, for whoever asks."""

from datetime import datetime
from typing import Literal

import msgspec

from connector.endpoint import Facts, PhoneCall

State = Literal[
    "unknown",
    "shown",
    "confirmed",
    "unreachable",
    "denied",
    "unsupported",
    "quarantined",
    "served",
    "dial_only",
]
"""`unknown`: nothing is known yet, or it may have lost its list; `shown`: it took the list;
`confirmed`: asked afterwards, it has the list. `quarantined`: it failed again and again in a way
that a person must mend, and is tried once an hour. `served`: it reads the façade by itself;
`dial_only`: it has no calendar."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What a room system failed with."""

    code: str
    """The reason: stable, fit for a metric label."""
    words: str
    at: datetime
    fix: str = ""
    """Empty where the general advice will do."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of something that somebody wanted at the device."""

    what: Literal["book", "extend", "release"]
    code: str
    """Why it was refused: a problem's code; empty where it was done."""
    at: datetime
    refused: int = 0
    """How many were refused in a row, this one included."""


class EndpointStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one room system stands now. It holds no title, person, address or secret."""

    id: str
    kind: str
    room: str
    state: State
    since: datetime
    """Since when it is in this state."""
    reachable: bool | None
    """Whether it answered when it was asked last; None before that."""
    shown_at: datetime | None
    """When it took a list last."""
    confirmed_at: datetime | None
    """When it was asked last and had exactly the list."""
    calls: tuple[PhoneCall, ...] | None
    """The calls that it told of; None where it tells nothing."""
    facts: Facts | None
    last_error: Failure | None
    """What failed last, though it may be long over."""
    last_wish: Outcome | None
    checked_in: str
    """The booking that somebody confirmed last at the device."""
    connected: bool | None
    """Whether its long connection stands; None where it has none."""
    failures: int
    """How often it failed in a row."""
    drift: int
    """How often it did not have the list that it took, since the start."""
