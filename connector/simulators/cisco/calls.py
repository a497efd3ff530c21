"""Calls that a unit pretends to make, and those that somebody pretends to make to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from connector.simulators.cisco.markup import Tree

Answer: TypeAlias = Literal["answers", "rings", "busy"]
"""What whoever is dialled does: takes the call at once, lets it ring, or is busy."""

PROTOCOLS = {"": "SIP", "Sip": "SIP", "IP": "SIP", "ISDN": "H320"}
"""How the status document names what a command or a booking calls otherwise."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call."""

    id: int
    number: str
    protocol: str = "SIP"
    call_type: str = "Video"
    call_rate: int = 6000
    display_name: str = ""
    booking_id: str = ""
    tracking: str = ""
    direction: Literal["Outgoing", "Incoming"] = "Outgoing"
    state: str = "Connected"
    started: datetime
    tones: str = ""
    """All tones that were sent."""


class Tell(msgspec.Struct, frozen=True, kw_only=True):
    """Whom calls tell what happens."""

    event: Callable[..., None] = lambda _path, **_content: None
    changed: Callable[[], None] = lambda: None


class Calls:
    """The calls of one unit, by their number."""

    def __init__(self, tell: Tell | None = None) -> None:
        self._calls: dict[int, Call] = {}
        self._last = 0
        self._tell = tell or Tell()
        self.ended: list[Call] = []
        """The latest calls that are over."""

    def all(self) -> tuple[Call, ...]:
        """Every call, oldest first."""
        return tuple(self._calls.values())

    def find(self, number: int = 0) -> Call | None:
        """A call by its number, 0 for the latest."""
        return self._calls.get(number or max(self._calls, default=0))

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
        tracking: str = "",
        answer: Answer = "answers",
    ) -> Call:
        """A new call, as far as the other side lets it come."""
        self._last += 1
        call = Call(
            id=self._last,
            number=number,
            protocol=PROTOCOLS.get(protocol, protocol),
            call_type="Audio" if call_type == "Audio" else "Video",
            call_rate=int(call_rate or 6000),
            display_name=display_name,
            booking_id=booking_id,
            tracking=tracking,
            started=now,
        )
        self._put(call, "Dialling")
        self._tell.event("OutgoingCallIndication", CallId=str(call.id))
        if answer == "busy":
            self._end(call.id, "Busy", now)
            return call
        ringing = self._put(call, "Ringing")
        return self.connect(call.id) or ringing if answer == "answers" else ringing

    def ring(self, number: str, now: datetime, *, protocol: str = "") -> Call:
        """Somebody calls."""
        self._last += 1
        call = Call(
            id=self._last,
            number=number,
            protocol=PROTOCOLS.get(protocol, protocol),
            direction="Incoming",
            started=now,
        )
        ringing = self._put(call, "Ringing")
        self._tell.event("IncomingCallIndication", CallId=str(call.id), RemoteURI=uri(call))
        return ringing

    def connect(self, number: int = 0) -> Call | None:
        """Whoever is called takes the call; None where none rings."""
        call = self.find(number)
        if call is None or call.state not in {"Ringing", "Dialling", "Connecting"}:
            return None
        self._put(call, "Connecting")
        connected = self._put(call, "Connected")
        self._tell.event("CallSuccessful", **_success(call))
        return connected

    def hold(self, number: int, *, hold: bool) -> Call | None:
        """Put a call on hold, or go on with it; None where that cannot be."""
        call = self.find(number)
        before, after = ("Connected", "OnHold") if hold else ("OnHold", "Connected")
        return self._put(call, after) if call and call.state == before else None

    def tone(self, number: int, tones: str) -> Call | None:
        """Send tones into a call that is connected; None where there is none."""
        call = self.find(number)
        if call is None or call.state != "Connected":
            return None
        return self._put(msgspec.structs.replace(call, tones=call.tones + tones), call.state)

    def hang_up(
        self, number: int = 0, *, cause: str = "LocalDisconnect", now: datetime | None = None
    ) -> Call | None:
        """End a call, 0 for the latest one; None where there is no such call."""
        return self._end(number or max(self._calls, default=0), cause, now)

    def hang_up_all(self) -> None:
        """End every call."""
        for number in tuple(self._calls):
            self._end(number, "LocalDisconnect", None)

    def _put(self, call: Call, state: str) -> Call:
        self._calls[call.id] = call = msgspec.structs.replace(call, state=state)
        self._tell.changed()
        return call

    def _end(self, number: int, cause: str, now: datetime | None) -> Call | None:
        call = self._calls.pop(number, None)
        if call is None:
            return None
        self.ended = [*self.ended[-9:], call]
        self._tell.changed()
        self._tell.event("CallDisconnect", **_end(call, cause, now or call.started))
        return call


def uri(call: Call) -> str:
    """The other side of a call, with its scheme."""
    scheme = "h323" if call.protocol == "H323" else "sip"
    plain = ":" in call.number or call.protocol == "WebRTC"
    return call.number if plain else f"{scheme}:{call.number}"


def _success(call: Call) -> dict[str, str]:
    return {
        "Protocol": call.protocol,
        "Direction": call.direction,
        "RemoteURI": uri(call),
        "EncryptionIn": "On",
        "EncryptionOut": "On",
        "CallRate": str(call.call_rate),
        "CallId": str(call.id),
    }


def _end(call: Call, cause: str, now: datetime) -> dict[str, str]:
    return {
        "CauseValue": "17" if cause == "Busy" else "1",
        "CauseType": cause,
        "CauseString": "",
        "OrigCallDirection": call.direction.lower(),
        "RemoteURI": uri(call),
        "DisplayName": call.display_name or call.number,
        "CallId": str(call.id),
        "CauseCode": "17" if cause == "Busy" else "1",
        "CauseOrigin": "SIP" if cause == "Busy" else "Internal",
        "Protocol": call.protocol,
        "Duration": str(max(0, int((now - call.started).total_seconds()))),
        "CallType": call.call_type,
        "CallRate": str(call.call_rate),
        "Encryption": "Aes-128",
        "RequestedURI": uri(call),
        "PeopleCountAverage": "0",
    }


def status(call: Call, now: datetime) -> Tree:
    """A call as the status document describes it."""
    return {
        "AnswerState": "Unanswered" if call.state in {"Dialling", "Ringing"} else "Answered",
        "CallType": call.call_type,
        "CallbackNumber": uri(call),
        "DeviceType": "Endpoint",
        "Direction": call.direction,
        "DisplayName": call.display_name or call.number,
        "Duration": str(int((now - call.started).total_seconds())),
        "Encryption": {"Type": "Aes-128"},
        "HoldReason": "None",
        "PlacedOnHold": "True" if call.state == "OnHold" else "False",
        "Protocol": call.protocol,
        "ReceiveCallRate": str(call.call_rate),
        "RemoteNumber": call.number,
        "Status": call.state,
        "TransmitCallRate": str(call.call_rate),
    }
