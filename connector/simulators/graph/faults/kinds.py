"""Every kind of fault, as JSON names it in `kind`."""

from connector.simulators.graph.faults.answers import (
    ClaimsChallenge,
    Portal,
    PreferencesIgnored,
    Redirect,
    Slow,
    Status,
    TokenRefused,
)
from connector.simulators.graph.faults.deltas import (
    DeltaLag,
    EmptyPages,
    Muddle,
    Orphans,
    Overshoot,
    SeriesTrouble,
    TokenLost,
    UnknownRemovals,
)
from connector.simulators.graph.faults.pages import (
    Empty,
    EndlessPages,
    ForeignLink,
    HugeBody,
    OddItems,
    PlainLink,
)
from connector.simulators.graph.faults.places import Doubled, SameAddress, Shrunk
from connector.simulators.graph.faults.pushes import (
    Delayed,
    Flood,
    Lost,
    OddProof,
    Repeated,
    Replayed,
    UnknownSubscription,
    WrongClientState,
)
from connector.simulators.graph.faults.transfer import (
    Dropped,
    InvalidJson,
    Oversized,
    Truncated,
    WrongCharset,
)
from connector.simulators.graph.faults.writes import Contested

AnyFault = (
    ClaimsChallenge
    | Contested
    | Delayed
    | DeltaLag
    | Doubled
    | Dropped
    | Empty
    | EmptyPages
    | EndlessPages
    | Flood
    | ForeignLink
    | HugeBody
    | InvalidJson
    | Lost
    | Muddle
    | OddItems
    | OddProof
    | Orphans
    | Overshoot
    | Oversized
    | PlainLink
    | Portal
    | PreferencesIgnored
    | Redirect
    | Repeated
    | Replayed
    | SameAddress
    | SeriesTrouble
    | Shrunk
    | Slow
    | Status
    | TokenLost
    | TokenRefused
    | Truncated
    | UnknownRemovals
    | UnknownSubscription
    | WrongCharset
    | WrongClientState
)

__all__ = [
    "AnyFault",
    "ClaimsChallenge",
    "Contested",
    "Delayed",
    "DeltaLag",
    "Doubled",
    "Dropped",
    "Empty",
    "EmptyPages",
    "EndlessPages",
    "Flood",
    "ForeignLink",
    "HugeBody",
    "InvalidJson",
    "Lost",
    "Muddle",
    "OddItems",
    "OddProof",
    "Orphans",
    "Overshoot",
    "Oversized",
    "PlainLink",
    "Portal",
    "PreferencesIgnored",
    "Redirect",
    "Repeated",
    "Replayed",
    "SameAddress",
    "SeriesTrouble",
    "Shrunk",
    "Slow",
    "Status",
    "TokenLost",
    "TokenRefused",
    "Truncated",
    "UnknownRemovals",
    "UnknownSubscription",
    "WrongCharset",
    "WrongClientState",
]
