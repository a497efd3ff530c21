"""What is dialled: the address of a booking, or one that a person typed."""

from collections.abc import Sequence
from datetime import datetime

from bridge.calling.units import Refused
from bridge.reasons import NO_JOIN
from connector.endpoint import Order
from rooms.join import DialString, dial_string
from rooms.join.dial import Protocol
from rooms.join.grammar import h323_address, sip_uri
from rooms.model import Agenda, Booking, Buffers
from rooms.room import Room

LONGEST = 255
"""Characters of an address."""


def joinable(agenda: Agenda | None, booking: str, now: datetime, buffers: Buffers) -> Booking:
    """A booking that can be joined now.

    Raises:
        Refused: it is not there, not now, or not by anybody.
    """
    found = next((one for one in agenda.bookings if one.id == booking), None) if agenda else None
    if found is None:
        raise Refused("unknown_booking")
    if not found.can_join:
        words = NO_JOIN[found.no_join_reason].words if found.no_join_reason else ""
        raise Refused("no_join", f"{found.no_join_reason}: {words}")
    if not found.start - buffers.start <= now < found.end + buffers.end:
        raise Refused("join_not_open")
    return found


def of_booking(booking: Booking, protocols: Sequence[str], room: Room) -> Order | None:
    """The call that joins a booking; None where none of these protocols leads there."""
    if booking.join is None:
        return None
    dial = dial_string(booking.join, protocols, room.policy.dialing)
    return None if dial is None else Order(dial=dial, booking=booking.id, title=booking.title)


def of_address(text: str, protocol: Protocol | None, protocols: Sequence[str]) -> Order:
    """The call to an address that somebody typed, in a protocol that the system speaks.

    Raises:
        Refused: it is no address, or none for this system.
    """
    scheme, _, rest = text.partition(":")
    if scheme.lower() in {"sip", "sips", "h323"} and rest:
        text, protocol = rest, protocol or ("h323" if scheme.lower() == "h323" else "sip")
    fits: dict[Protocol, bool] = {
        "sip": sip_uri(text) is not None,
        "h323": h323_address(text) is not None,
    }
    meant = [one for one in fits if fits[one] and protocol in {None, one}]
    if len(text) > LONGEST or not meant:
        raise Refused("bad_body", "`address` is no SIP or H.323 address")
    spoken = next((one for one in protocols if one in meant), None)
    if spoken is None:
        raise Refused("endpoint_unsupported", f"it dials {' and '.join(protocols)} only")
    return Order(dial=DialString("sip" if spoken == "sip" else "h323", text))
