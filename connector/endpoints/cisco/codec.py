"""One codec that the bridge reaches out to: told its bookings and made to dial."""

import logging
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from yarl import URL

from connector.endpoint import Facts, Glow, Order, PhoneCall, Told
from connector.endpoints.cisco import bookings, calling, commands, listing, posts
from connector.endpoints.cisco.attention import Attention
from connector.endpoints.cisco.carrier import Carrier, Login, NotOffered, Refused
from connector.endpoints.cisco.documents import Document, instant, text
from connector.endpoints.cisco.feedback import Slot
from connector.endpoints.cisco.options import Options
from connector.endpoints.cisco.talk import SOFTWARE, Form, Talk, Version
from connector.errors import Malformed, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.watching import Call as Post
from connector.watching import Reply
from rooms.model import Agenda

log = logging.getLogger(__name__)

_OTHER: dict[Form, Form] = {"put": "private", "private": "put"}

PUTS = (11, 14)
"""From here on `Bookings Put` is for everybody."""
PUTS_FOR_WEBEX = (9, 14)
"""From here on it is for whom Webex knows."""
TC_ENDS = (8,)
"""The first version after TC."""


class Codec:
    """A Cisco room system that is told its bookings, list by list."""

    __slots__ = ("_attention", "_booked", "_options", "_outside", "_talk")

    def __init__(self, options: Options, outside: Outside) -> None:
        self._options = options
        self._outside = outside
        self._talk = Talk(
            outside,
            options.url,
            Login(options.username, options.password or Secret("")),
            transport=options.transport,
            trust=options.ssh,
        )
        self._attention: Attention | None = None
        self._booked: dict[str, str] | None = None

    # --- the list

    async def show(self, agenda: Agenda) -> None:
        """Make the codec's list exactly these bookings.

        The form that failed for want of support is left for the other one, once, and remembered.
        """
        if self._attention is not None:
            self._attention.showing(agenda)
        try:
            if self._talk.opens_each_time:
                await self._talk.do(lambda carrier: self._show(agenda, carrier))
            else:
                await self._show(agenda, self._talk)
        except Unavailable:
            self._talk.forget()  # it may come back with other software
            raise

    async def _show(self, agenda: Agenda, carrier: Carrier) -> None:
        version = self._talk.version
        if version is None:
            version = await self._talk.learn(carrier)
        if self._talk.form is None:
            self._talk.form = await self._choose(version, carrier)
        try:
            await self._push(self._talk.form, agenda, version, carrier)
        except NotOffered:
            other = _OTHER[self._talk.form]
            try:
                await self._push(other, agenda, version, carrier)
            except NotOffered as error:
                raise Malformed(
                    "the codec takes bookings neither by Bookings Put nor by bookingsputxml",
                    reason="unsupported",
                    fix="check the software version, that the user has the role Admin, and that"
                    " the codec is not in Microsoft Teams or Zoom Rooms mode",
                ) from error
            self._talk.form = other

    async def _choose(self, version: Version, carrier: Carrier) -> Form:
        """Bookings Put from RoomOS 11.14, and from 9.14 where Webex knows the codec (EP-10)."""
        if version >= PUTS:
            return "put"
        if version >= PUTS_FOR_WEBEX and await _registered(carrier):
            return "put"
        return "private"

    def _push(
        self, form: Form, agenda: Agenda, version: Version, carrier: Carrier
    ) -> Awaitable[object]:
        """Send the list in one of the forms."""
        shown = bookings.shown(agenda, self._options.protocols)
        if form == "private":
            if self._talk.over_ssh:
                raise NotOffered
            body = bookings.private_xml(shown, agenda.buffers, self._options.call_rate)
            return self._talk.web.push(body)
        command = commands.CLEAR
        if shown:
            command = commands.put(bookings.put_json(shown, agenda.buffers, version))
        return carrier.run(command)

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it lists exactly this agenda, as far as its bookings are not over."""
        shown = bookings.shown(agenda, self._options.protocols)
        first = self._talk.lister
        for lister in (first, 1 - first):
            try:
                result = await self._talk.run(commands.LISTS[lister])
            except NotOffered:
                return None
            if listing.same(result, shown, self._outside.clock.now()):
                self._talk.lister = lister
                if self._attention is not None:
                    self._attention.showing(agenda)
                return True
        return False

    # --- calls

    async def dial(self, order: Order) -> None:
        """Make it call; a version that does not know all words is told the two that matter."""
        if "://" in order.dial.address or len(order.dial.address) > commands.NUMBER_LIMIT:
            raise Malformed(
                "a codec dials SIP and H.323 addresses of at most 255 characters",
                reason="unsupported",
                fix="give the room another way to join",
            )
        command = commands.dial(order, self._options.call_rate)
        try:
            result = await self._run_or(command, commands.bare(command))
        except NotOffered as error:
            raise Malformed(
                "the codec does not make this call",
                reason="unsupported",
                fix="check at the codec that calls in this protocol are configured and registered",
            ) from error
        if order.booking and (call := text(result, "CallId")):
            self._booked = {call: order.booking}

    async def _run_or(self, command: commands.Command, simpler: commands.Command) -> Document:
        try:
            return await self._talk.run(command)
        except Refused:
            return await self._talk.run(simpler)

    async def hang_up(self) -> None:
        """End all its calls."""
        if await self._talk.learn() < TC_ENDS:
            ending = [commands.HANG_UP_ALL]
        else:
            calls = await self.calls()
            ending = [commands.hang_up(int(call.id)) for call in calls if call.id.isdecimal()]
        refused = False
        for command in ending:
            try:
                await self._talk.run(command)
            except NotOffered:
                refused = True
        # A call that has ended by itself is refused too; one that was ended may take a moment.
        if refused and any(call.state != "ending" for call in await self.calls()):
            raise Malformed("the codec does not end its call", reason="request_refused")

    async def calls(self) -> Sequence[PhoneCall]:
        """The calls it is in."""
        status = await self._talk.read("Call")
        found = calling.calls(status, self._booked or {})
        if not found:
            self._booked = None
        return found

    async def tones(self, digits: str) -> None:
        """Send tones into the call."""
        old = await self._talk.learn() < TC_ENDS
        calls = await self.calls()
        known = sorted(
            (call.state != "connected", int(call.id)) for call in calls if call.id.isdecimal()
        )
        number = known[0][1] if known else None
        try:
            for command in commands.tones(digits, number, old=old):
                await self._talk.run(command)
        except NotOffered as error:
            raise Malformed(
                "the codec sends no tones now",
                reason="request_refused",
                fix="tones need a call that is connected",
            ) from error

    # --- its light

    async def glow(self, colour: Glow) -> None:
        """Have the light of the unit or its panel show a colour, where its mode is `Manual`."""
        try:
            await self._talk.run(commands.glow(colour))
        except NotOffered as error:
            raise Malformed(
                "the codec has no light to set",
                reason="unsupported",
                fix="take `led` away, or update the software: the light of a Room Navigator or a"
                " Board is set from RoomOS 10 on",
            ) from error

    # --- what it is

    async def attempt(self) -> None:
        """Reach the codec and sign in, once, by reading which software it has."""
        await self._talk.read(*SOFTWARE)

    async def facts(self) -> Facts:
        """What it is and how it stands."""
        return await self._talk.do(self._facts)

    async def _facts(self, carrier: Carrier) -> Facts:
        status = await carrier.read("SystemUnit")
        self._talk.learnt(status)
        if self._talk.form is None:
            self._talk.form = await self._choose(self._talk.version or (), carrier)
        unit = status.find("SystemUnit")
        clock = self._outside.clock
        asked = clock.now()
        time = await carrier.read("Time", "SystemTime")
        return Facts(
            product=text(unit, "ProductPlatform") or text(unit, "ProductId"),
            software=text(unit, "Software/DisplayName") or text(unit, "Software/Version"),
            serial=serial_of(status),
            way=self._way(),
            clock_off=_off(text(time, "Time/SystemTime"), asked, clock.now()),
        )

    def _way(self) -> str:
        """How it is talked to now."""
        if self._talk.form == "private":
            return "private"
        if self._talk.over_socket:
            return "websocket"
        return "ssh" if self._talk.over_ssh else (self._talk.form or "")

    # --- what it tells

    async def attend(self, told: Told) -> None:
        """Hold the WebSocket or, where there is none, have the codec post to the hook.

        Where there is neither, this waits until the codec was away or has other software.
        """
        hook = self._outside.hook
        transport = self._options.transport
        if transport == "ssh" or (transport == "http" and hook is None):
            return
        while True:
            await self._talk.learn()
            if self._talk.may_have_socket:
                try:
                    with self._listening(told) as attention:
                        await attention.over_socket()
                except NotOffered:
                    self._talk.has_no_socket()
            if hook is not None and transport != "websocket":
                with self._listening(told) as attention:
                    await self._over_feedback(attention, hook)
            if self._talk.version is not None:
                await self._talk.changed()

    async def _over_feedback(self, attention: Attention, hook: URL) -> None:
        """Have the codec post, if it does such things, over HTTP."""
        status = await self._talk.read("SystemUnit")
        attention.serial = serial_of(status)
        if not attention.serial:
            log.info("a codec tells no serial number, so nothing that it would post is believed")
            return
        try:
            slot = Slot(self._talk, hook, self._options.feedback_slot, self._outside.clock)
            await attention.over_feedback(slot)
        except NotOffered:
            log.info("a codec offers no HttpFeedback to this user")

    @contextmanager
    def _listening(self, told: Told) -> Iterator[Attention]:
        """Keep what listening needs for as long as it lasts."""
        self._attention = Attention(self._talk, self._outside.clock, told, self.calls)
        try:
            yield self._attention
        finally:
            self._attention = None

    def hear(self, post: Post) -> Reply:
        """Take what the codec posted; whoever names another serial number is not believed."""
        meter = self._outside.meter
        try:
            document = posts.read(post)
        except Malformed:
            meter.heard("malformed")
            return Reply(status=400)
        if self._attention is None or not self._attention.serial:
            meter.heard("unknown")
            return Reply(status=200)  # its slot must not fail for that
        if posts.serial(document) != self._attention.serial:
            meter.heard("forged")
            return Reply(status=403)
        meter.heard("taken")
        self._attention.heard(document)
        return Reply(status=200)


async def _registered(carrier: Carrier) -> bool:
    """Whether the codec belongs to Webex, by itself or linked to Webex Edge."""
    webex = await carrier.read("Webex", "Status")
    return "registered" in " ".join(map(str, webex.itertext())).lower().split()


def serial_of(status: Document) -> str:
    """The serial number in a status; empty where there is none."""
    return text(status, "SystemUnit/Hardware/Module/SerialNumber")


def _off(told: str, asked: datetime, answered: datetime) -> timedelta | None:
    """How far a codec's clock is ahead, the way to it counted half; None where it does not tell."""
    time = instant(told)
    return None if time is None else time - (asked + (answered - asked) / 2)
