"""A unit that fetches its list itself, as from a TMS: it posts, the answer holds the bookings.

For units that the appliance cannot reach (endpoints.md 2.9, known from one implementation only):
they are as late as their heartbeat, and cannot be told to dial.
"""

from xml.sax.saxutils import quoteattr

import msgspec

from connector.endpoint import Facts
from connector.endpoints.cisco import bookings, posts
from connector.endpoints.cisco.documents import Document, text
from connector.endpoints.cisco.notices import unknown
from connector.endpoints.cisco.options import Options
from connector.errors import Malformed, Unavailable
from connector.outside import Outside
from connector.watching import Call as Post
from connector.watching import Reply
from rooms.model import Agenda

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://www.tandberg.net/2004/11/SystemManagementService/"
BOOKINGS = "http://www.cisco.com/TelePresence/Bookings/1.0"
CUIL = "http://www.tandberg.com/XML/CUIL/2.0"
XML_TYPE = {"Content-Type": "text/xml; charset=utf-8"}

FIRST_HEARTBEAT = 30
"""Seconds until a unit that found no list yet asks again."""
MISSED = 3
"""Heartbeats without a word after which the unit counts as away."""
EVENTS = {"Boot", "Register", "Beat"}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Agenda).decode
"""An agenda is kept encoded until the unit asks: an eighth of its size as objects."""


class Puller:
    """One unit that asks."""

    __slots__ = ("_agenda", "_fetched", "_heard_at", "_options", "_outside", "_unit")

    def __init__(self, options: Options, outside: Outside) -> None:
        self._options = options
        self._outside = outside
        self._agenda: bytes | None = None
        self._fetched: bytes | None = None
        self._heard_at = outside.clock.monotonic()
        self._unit = ("", "", "")

    async def show(self, agenda: Agenda) -> None:
        """Keep the list for when the unit asks."""
        self._agenda = _encode(agenda)

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it fetched exactly this list; None where it has yet to ask.

        Raises:
            Unavailable: it has not asked for so long that it seems to be away.
        """
        silent = self._outside.clock.monotonic() - self._heard_at
        if silent > MISSED * self._options.heartbeat:
            raise Unavailable(
                "the unit does not fetch its list",
                reason="timeout",
                fix="check at the unit Provisioning Mode TMS, and ExternalManager Address, Path"
                " and Protocol, and that it trusts the appliance's certificate",
            )
        if self._fetched is None:
            return None
        fetched = _decode(self._fetched)
        same = (fetched.bookings, fetched.buffers) == (agenda.bookings, agenda.buffers)
        return True if same else None

    async def facts(self) -> Facts:
        """What it said of itself when it asked."""
        product, software, serial = self._unit
        return Facts(product=product, software=software, serial=serial, way="pull")

    def hear(self, post: Post) -> Reply:
        """Answer the unit; whoever knows the hook is the unit."""
        try:
            document = posts.read(post)
        except Malformed:
            self._outside.meter.heard("malformed")
            return Reply(status=400)
        self._outside.meter.heard("taken")
        event = next(document.iter("PostEvent"), None)
        if event is None:
            unknown(f"a post of {document.tag}")
            return Reply(status=200)  # a document: the unit repeats it until it is taken
        self._heard_at = self._outside.clock.monotonic()
        self._learn(event)
        return Reply(status=200, text=self._answer(), headers=XML_TYPE)

    def _learn(self, event: Document) -> None:
        said = text(event, "Event")
        if said not in EVENTS:
            unknown("PostEvent with another Event")
        who = event.find("Identification")
        self._unit = tuple(  # type: ignore[assignment]
            text(who, name)[:128] for name in ("ProductID", "SWVersion", "SerialNumber")
        )
        if said == "Boot":
            self._fetched = None

    def _answer(self) -> str:
        """The reply to Boot, Register and Beat alike."""
        self._fetched = self._agenda
        beat = self._options.heartbeat
        calendar = ""
        if self._agenda is None:
            beat = min(beat, FIRST_HEARTBEAT)
        else:
            calendar = self._calendar(_decode(self._agenda))
        old = self._unit[1].upper().startswith("TC")
        kind = f"xmlns={quoteattr(CUIL)}" if old else 'internal="true" xmlns=""'
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>'
            f'<PostEventResponse xmlns="{SERVICE}"><PostEventResult><Management>'
            f"<Configuration><Configuration {kind}/></Configuration>"
            '<Command><Command xmlns=""/></Command>'
            f"{calendar}"
            f"</Management><HeartBeatInterval>{beat}</HeartBeatInterval>"
            "</PostEventResult></PostEventResponse></soap:Body></soap:Envelope>"
        )

    def _calendar(self, agenda: Agenda) -> str:
        shown = bookings.shown(agenda, self._options.protocols)
        listed = bookings.fetched_xml(
            shown, agenda.buffers, self._options.call_rate, namespace=BOOKINGS
        )
        return f"<Calendar>{listed}</Calendar>"
