"""Calls that a unit pretends to make."""

from datetime import datetime

import msgspec

from connector.simulators.cisco.markup import Tree

PROTOCOLS = {"": "SIP", "Sip": "SIP", "IP": "SIP", "ISDN": "H320"}
"""How the status document names what a command or a booking calls otherwise."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An outgoing call; whoever is dialled answers at once."""

    id: int
    number: str
    protocol: str = "SIP"
    call_type: str = "Video"
    call_rate: int = 6000
    display_name: str = ""
    booking_id: str = ""
    started: datetime


class Calls:
    """The calls of one unit, by their number."""

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._last = 0

    def all(self) -> tuple[Call, ...]:
        """Every call, oldest first."""
        return tuple(self._calls.values())

    def dial(
        self,
        number: str,
        now: datetime,
        *,
        protocol: str = "",
        call_type: str = "",
        call_rate: str = "",
        display_name: str = "",
        booking_id: str = "",
    ) -> Call:
        """A new call."""
        self._last += 1
        call = Call(
            id=self._last,
            number=number,
            protocol=PROTOCOLS.get(protocol, protocol),
            call_type="Audio" if call_type == "Audio" else "Video",
            call_rate=int(call_rate or 6000),
            display_name=display_name,
            booking_id=booking_id,
            started=now,
        )
        self._calls[call.id] = call
        return call

    def hang_up(self, number: int = 0) -> Call | None:
        """End a call, 0 for the latest one; None where there is no such call."""
        return self._calls.pop(number or max(self._calls, default=0), None)

    def hang_up_all(self) -> None:
        """End every call."""
        self._calls.clear()


def status(call: Call, now: datetime) -> Tree:
    """A call as the status document describes it."""
    scheme = "h323" if call.protocol == "H323" else "sip"
    plain = ":" in call.number or call.protocol == "WebRTC"
    return {
        "AnswerState": "Answered",
        "CallType": call.call_type,
        "CallbackNumber": call.number if plain else f"{scheme}:{call.number}",
        "DeviceType": "Endpoint",
        "Direction": "Outgoing",
        "DisplayName": call.display_name or call.number,
        "Duration": str(int((now - call.started).total_seconds())),
        "Encryption": {"Type": "Aes-128"},
        "HoldReason": "None",
        "PlacedOnHold": "False",
        "Protocol": call.protocol,
        "ReceiveCallRate": str(call.call_rate),
        "RemoteNumber": call.number,
        "Status": "Connected",
        "TransmitCallRate": str(call.call_rate),
    }
