"""REST of Studio X, G7500 and late Group units (endpoints.md 3.5)."""

import re
from collections.abc import Sequence
from typing import Any

from connector.endpoint import Calendar, Facts, Order, PhoneCall, Progress
from connector.endpoints.poly.meetings import Meeting, agrees, instant, spans
from connector.endpoints.poly.session import Session, session
from connector.endpoints.poly.way import unsupported
from connector.endpoints.poly.wire import Wire, items, text, whole
from connector.errors import ConnectorError, NotFound
from rooms.model import Agenda

MEETINGS = 50
"""How many meetings are asked for."""

STATES: dict[str, Progress] = {
    "dialing": "dialling",
    "allocated": "dialling",
    "connecting": "dialling",
    "ringing": "ringing",
    "connected": "connected",
    "complete": "connected",
    "active": "connected",
    "held": "held",
    "hold": "held",
    "disconnecting": "ending",
}
"""By the last part of the unit's word, which is not documented; any other is `unknown`."""


class VideoOs:
    """A unit that is told by REST; each errand has a session of its own."""

    __slots__ = ("_protocols", "_wire")

    def __init__(self, wire: Wire, protocols: tuple[str, ...]) -> None:
        self._wire = wire
        self._protocols = protocols

    async def attempt(self) -> None:
        """Sign in, and read what it is."""
        async with session(self._wire) as unit:
            await unit.get("system")

    async def dial(self, order: Order) -> None:
        """Make it call; rate 0 is the unit's own."""
        body = {
            "address": order.dial.address,
            "rate": 0,
            "dialType": order.dial.protocol.upper(),
        }
        async with session(self._wire) as unit:
            await unit.post("conferences", body)

    async def hang_up(self) -> None:
        """End each conference; one that ended meanwhile is fine."""
        async with session(self._wire) as unit:
            for one in items(await unit.get("conferences"), "conferences"):
                try:
                    await unit.ask("DELETE", f"conferences/{_conference(one)}")
                except NotFound:
                    continue

    async def calls(self) -> Sequence[PhoneCall]:
        """Its connections; a conference that tells none counts as one."""
        async with session(self._wire) as unit:
            told = items(await unit.get("conferences"), "conferences")
        return [
            _call(conference, connection)
            for conference in told
            for connection in items(conference.get("connections")) or [{}]
        ]

    async def tones(self, digits: str) -> None:
        """Send tones, each by itself."""
        async with session(self._wire) as unit:
            for digit in digits:
                await unit.post("audio", {"action": "playDTMF", "dtmfChar": digit})

    async def facts(self) -> Facts:
        """What `/rest/system` says, and how it finds its calendar."""
        async with session(self._wire) as unit:
            now = self._wire.outside.clock.now()
            system = whole(await unit.get("system"))
            try:
                calendar = text(whole(await unit.get("calendar")).get("status"))
            except ConnectorError:
                calendar = ""  # units that are in another mode have none
        clock = instant(system.get("systemTime"))
        return Facts(
            product=text(system.get("model")),
            software=text(system.get("softwareVersion")),
            serial=text(system.get("serialNumber")),
            way="rest",
            calendar=calendar,
            clock_off=clock - now if clock else None,
        )

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Set `exchange.*`, or `cal.ews.*` where the unit does not know those (Group)."""
        async with session(self._wire) as unit:
            for wanted, needed in (_studio(calendar), _group(calendar)):
                made = await _set(unit, wanted)
                if needed <= made:
                    return [name for name in wanted if name in made]
        raise unsupported(
            "the unit takes neither exchange.* nor cal.ews.* settings",
            "set server, user name, password and mailbox of the calendar at the unit's web page",
        )

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it lists these bookings, as far as it reads ahead."""
        now = self._wire.outside.clock.now()
        async with session(self._wire) as unit:
            told = await unit.get(
                "calendar/meetings",
                number=str(MEETINGS),
                start=str(int(now.timestamp())),
                end=str(int(agenda.window.end.timestamp())),
            )
        listed = [meeting for one in items(told, "meetings") if (meeting := _meeting(one))]
        return agrees(listed, agenda, now, self._protocols)


async def _set(unit: Session, wanted: dict[str, str]) -> set[str]:
    """Make settings; the names of those that the unit took."""
    body = {"vars": [{"name": name, "value": value} for name, value in wanted.items()]}
    try:
        told = items(await unit.post("config", body), "vars")
    except ConnectorError as error:
        if error.reason == "request_refused":
            return set()
        raise
    return {text(one.get("name")) for one in told if one.get("result") == "NOERROR"}


def _studio(calendar: Calendar) -> tuple[dict[str, str], set[str]]:
    """The settings of Studio X and G7500 (endpoints.md 3.1), and those that it needs."""
    wanted = {
        "exchange.server.url": _server(calendar),
        "exchange.auth.domain": "",
        "exchange.auth.email": calendar.mailbox,
        "exchange.auth.userName": calendar.facade.username,
        "exchange.auth.password": calendar.facade.password.reveal(),
        "exchange.auth.useLoginCredentials": "false",
        "exchange.enable": "true",
    }
    return wanted, wanted.keys() - {"exchange.auth.domain", "exchange.auth.useLoginCredentials"}


def _group(calendar: Calendar) -> tuple[dict[str, str], set[str]]:
    """The settings of a Group unit, and those that it needs."""
    wanted = {
        "cal.ews.server": _server(calendar),
        "cal.ews.domain": "",
        "cal.ews.username": calendar.facade.username,
        "cal.ews.password": calendar.facade.password.reveal(),
        "cal.ews.mailbox": calendar.mailbox,
        "cal.enabled": "true",
    }
    return wanted, wanted.keys() - {"cal.ews.domain"}


def _server(calendar: Calendar) -> str:
    """The façade's host: units want a name or an IP address, and add the path themselves."""
    return calendar.url.partition("://")[2].partition("/")[0]


def _meeting(told: dict[str, Any]) -> Meeting | None:
    start = instant(told.get("startTime"))
    if start is None or told.get("canceled") is True:
        return None
    can = told.get("canDial")
    return Meeting(
        id=str(told.get("id", ""))[:200],
        start=start,
        ends=tuple(spans(start, told.get("duration"))) or (start,),
        dialable=can if isinstance(can, bool) else None,
    )


def _conference(told: dict[str, Any]) -> str:
    """The id of a conference, which stands by itself or in an address."""
    for name in ("id", "conferenceId"):
        if re.fullmatch(r"[\w-]{1,64}", str(told.get(name, ""))):
            return str(told[name])
    for one in (told, *items(told.get("connections"))):
        if found := re.search(r"/conferences/([\w-]{1,64})", text(one.get("href"))):
            return found[1]
    return "0"


def _call(conference: dict[str, Any], connection: dict[str, Any]) -> PhoneCall:
    told = {**conference, **connection}
    number = connection.get("id", connection.get("connectionId", ""))
    word = text(told.get("state") or told.get("callState")).lower().rpartition("_")[2]
    incoming = told.get("incoming")
    direction = text(told.get("direction")).lower()
    if not isinstance(incoming, bool):
        incoming = direction.startswith("in") if direction else None
    return PhoneCall(
        id=f"{_conference(conference)}/{number}".rstrip("/"),
        state=STATES.get(word, "unknown"),
        direction="" if incoming is None else "in" if incoming else "out",
    )
