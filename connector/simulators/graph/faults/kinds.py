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
from connector.simulators.graph.faults.pages import (
    Empty,
    EndlessPages,
    ForeignLink,
    HugeBody,
    OddItems,
    PlainLink,
)
from connector.simulators.graph.faults.transfer import (
    Dropped,
    InvalidJson,
    Oversized,
    Truncated,
    WrongCharset,
)

AnyFault = (
    ClaimsChallenge
    | Dropped
    | Empty
    | EndlessPages
    | ForeignLink
    | HugeBody
    | InvalidJson
    | OddItems
    | Oversized
    | PlainLink
    | Portal
    | PreferencesIgnored
    | Redirect
    | Slow
    | Status
    | TokenRefused
    | Truncated
    | WrongCharset
)

__all__ = [
    "AnyFault",
    "ClaimsChallenge",
    "Dropped",
    "Empty",
    "EndlessPages",
    "ForeignLink",
    "HugeBody",
    "InvalidJson",
    "OddItems",
    "Oversized",
    "PlainLink",
    "Portal",
    "PreferencesIgnored",
    "Redirect",
    "Slow",
    "Status",
    "TokenRefused",
    "Truncated",
    "WrongCharset",
]
