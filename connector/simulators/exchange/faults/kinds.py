"""Every kind of fault, as JSON names it in `kind`."""

from connector.simulators.exchange.faults.answers import (
    Error,
    LogonRefused,
    Portal,
    Redirect,
    Slow,
    Status,
)
from connector.simulators.exchange.faults.content import (
    Bomb,
    Deep,
    Dropped,
    Empty,
    ExternalEntity,
    HugeBody,
    OddItems,
    Oversized,
    PartialView,
    Truncated,
)

AnyFault = (
    Bomb
    | Deep
    | Dropped
    | Empty
    | Error
    | ExternalEntity
    | HugeBody
    | LogonRefused
    | OddItems
    | Oversized
    | PartialView
    | Portal
    | Redirect
    | Slow
    | Status
    | Truncated
)

__all__ = [
    "AnyFault",
    "Bomb",
    "Deep",
    "Dropped",
    "Empty",
    "Error",
    "ExternalEntity",
    "HugeBody",
    "LogonRefused",
    "OddItems",
    "Oversized",
    "PartialView",
    "Portal",
    "Redirect",
    "Slow",
    "Status",
    "Truncated",
]
