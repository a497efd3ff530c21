"""Calls of a codec: what its status says of them."""

from collections.abc import Mapping
from itertools import islice
from typing import Literal

from connector.endpoint import PhoneCall, Progress
from connector.endpoints.cisco.documents import Document, number, text

MOST = 32
"""Calls that are looked at; no codec has as many."""
ID_LIMIT = 255
"""Characters of a booking's id, as it is dialled with."""
STATES: Mapping[str, Progress] = {
    "dialling": "dialling",
    "ringing": "ringing",
    "connecting": "dialling",
    "earlymedia": "dialling",
    "connected": "connected",
    "onhold": "held",
    "remotepreserved": "held",
    "preserved": "held",
    "disconnecting": "ending",
}
"""By what `Status Call` says, in small letters; `Idle` is no call."""


def calls(status: Document, booked: Mapping[str, str]) -> tuple[PhoneCall, ...]:
    """The calls in a status; which booking each is for is known of those that were asked for."""
    return tuple(
        PhoneCall(
            id=number(node),
            state=STATES.get(text(node, "Status").lower(), "unknown"),
            direction=_direction(text(node, "Direction")),
            booking=text(node, "BookingId")[:ID_LIMIT] or booked.get(number(node), ""),
        )
        for node in islice(status.iterchildren("Call"), MOST)
        if number(node) and node.get("ghost") != "True" and text(node, "Status") != "Idle"
    )


def _direction(said: str) -> Literal["out", "in", ""]:
    directions: dict[str, Literal["out", "in", ""]] = {"outgoing": "out", "incoming": "in"}
    return directions.get(said.lower(), "")
