"""REST of Trio, VVX and CCX (endpoints.md 3.6): one request at a time (EP-26)."""

import asyncio
from collections.abc import Sequence
from typing import Any

from connector.endpoint import Calendar, Facts, Order, PhoneCall, Progress
from connector.endpoints.poly.way import refused, unsupported
from connector.endpoints.poly.wire import Wire, decoded, items, text, whole
from connector.errors import ConnectorError, Malformed, Unavailable
from connector.http import failure
from rooms.model import Agenda

BEGIN_LIMIT = 5.0
"""Seconds in which a call appears after it was ordered."""
BEGIN_STEP = 0.25
"""Seconds between two looks for it."""
MOST_CALLS = 8
ENABLE = "set apps.restapi.enabled=1 in the unit's configuration"

_TYPES = {"sip": "SIP", "h323": "H323"}
_NO_CALL = "4007"

STATES: dict[str, Progress] = {
    "connected": "connected",
    "ringback": "ringing",
    "ringing": "ringing",
    "offering": "ringing",
    "proceeding": "dialling",
    "dialing": "dialling",
    "setup": "dialling",
    "callhold": "held",
    "callheld": "held",
    "callconference": "connected",
    "disconnected": "ending",
}
"""By the phone's word; any other is `unknown`."""


class Trio:
    """A phone that is told by REST, with Basic on each request: there are no sessions.

    In-call statistics are never asked for: software before UCS 5.8 freezes on them.
    """

    __slots__ = ("_wire",)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def attempt(self) -> None:
        """Sign in, and read what it is."""
        await self._ask("GET", "mgmt/device/info")

    async def dial(self, order: Order) -> None:
        """Make it call. The answer names no call, so it is looked for (endpoints.md 3.6)."""
        data = {
            "Dest": order.dial.address,
            "Line": "1",
            "Type": _TYPES[order.dial.protocol],
        }
        await self._ask("POST", "callctrl/dial", data)
        loop = asyncio.get_running_loop()
        until = loop.time() + BEGIN_LIMIT
        while not await self.calls():
            if loop.time() > until:
                raise Unavailable(
                    "the unit took the order, but no call began", reason="service_error"
                )
            await asyncio.sleep(BEGIN_STEP)

    async def hang_up(self) -> None:
        """End each call; one that ended meanwhile is fine."""
        for _ in range(MOST_CALLS):
            calls = await self.calls()  # some tell one of several only
            if not calls:
                return
            for call in calls:
                await self._ask("POST", "callctrl/endCall", {"Ref": call.id}, no_call=True)

    async def calls(self) -> Sequence[PhoneCall]:
        """The calls of `callStatus`, which tells one or a list."""
        told = await self._ask("GET", "webCallControl/callStatus", no_call=True)
        return [_call(one) for one in items(told) if text(one.get("CallHandle"))]

    async def tones(self, digits: str) -> None:
        """Send tones into the active call."""
        await self._ask("POST", "callctrl/sendDTMF", {"Digits": digits})

    async def facts(self) -> Facts:
        """What `mgmt/device/info` says."""
        told = whole(await self._ask("GET", "mgmt/device/info"))
        firmware = told.get("FirmwareRelease", told.get("Firmware"))
        if isinstance(firmware, dict):
            firmware = firmware.get("Application", "")
        return Facts(
            product=text(told.get("ModelNumber")),
            software=text(firmware),
            serial=text(told.get("MACAddress")),
            way="rest",
        )

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Set its calendar over `mgmt/config/set`; the phone may restart by itself afterwards."""
        facade = calendar.facade
        wanted = {
            "feature.exchangeCalendar.enabled": "1",
            "feature.exchange.allowBasicAuth": "1",
            "exchange.server.url": calendar.url,
            "exchange.auth.email": calendar.mailbox,
            "exchange.targetMailbox": calendar.mailbox,
            "exchange.userId": facade.username,
            "exchange.auth.password": facade.password.reveal(),
        }
        try:
            await self._ask("POST", "mgmt/config/set", wanted)
        except Malformed as error:
            raise unsupported(
                "this unit takes no calendar settings by REST",
                "set them in its configuration: feature.exchangeCalendar.enabled=1,"
                " feature.exchange.allowBasicAuth=1, exchange.server.url to the façade's address,"
                " exchange.auth.email and exchange.targetMailbox to the room's mailbox,"
                " exchange.userId and exchange.auth.password to the unit's façade login",
            ) from error
        return list(wanted)

    async def lists(self, _agenda: Agenda) -> None:
        """It does not tell what it lists."""
        return

    async def _ask(
        self, method: str, path: str, data: object = None, *, no_call: bool = False
    ) -> Any:
        """What stands under `data` in the answer; with `no_call`, None where there is no call.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        answer = await self._wire.ask(
            method,
            self._wire.url / "api" / "v1" / path,
            body=None if data is None else {"data": data},
            headers=self._wire.basic,
        )
        if answer.status in {401, 403}:
            raise refused()
        if answer.status in {404, 405} or (answer.status == 200 and answer.is_html):
            raise unsupported("the unit does not offer this by REST, or its REST is off", ENABLE)
        if not 200 <= answer.status < 300:
            raise failure(answer, self._wire.outside.clock.now())
        told = whole(decoded(answer))
        status = str(told.get("Status", ""))
        if status == _NO_CALL and no_call:
            return None
        if status != "2000":
            raise _failed(status)
        return told.get("data")


def _failed(status: str) -> ConnectorError:
    """The error for the `Status` of an answer: 2000 is success."""
    if status == "5000":
        return Unavailable("the unit has a fault of its own (5000)", reason="service_error")
    if status == _NO_CALL:
        return Malformed("there is no such call (4007)", reason="request_refused")
    known = status if status.isascii() and status.isdigit() and len(status) == 4 else "no status"
    return Malformed(f"the unit refuses the request ({known})", reason="request_refused")


def _call(told: dict[str, Any]) -> PhoneCall:
    direction = text(told.get("Type") or told.get("CallDirection")).lower()
    return PhoneCall(
        id=text(told.get("CallHandle")),
        state=STATES.get(text(told.get("CallState")).lower(), "unknown"),
        direction="in" if direction.startswith("in") else "out" if direction else "",
    )
