"""Listening to one codec: over its WebSocket, or by what it posts to the bridge's hook.

Whichever it is, what comes are hints. After each start the list is shown again, as nobody knows
what was missed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from connector.endpoint import (
    CallsChanged,
    Connected,
    Lost,
    PeopleChanged,
    PhoneCall,
    ReleaseWanted,
    Told,
)
from connector.endpoints.cisco import commands, feedback, listing, notices, people
from connector.endpoints.cisco.carrier import NotOffered, Refused
from connector.endpoints.cisco.documents import Document
from connector.endpoints.cisco.feedback import Slot
from connector.endpoints.cisco.notices import CallsStirred, Gone, PeopleStirred
from connector.endpoints.cisco.talk import Talk
from connector.endpoints.cisco.websocket import Socket
from connector.errors import ConnectorError, Denied, Unavailable
from rooms.clock import Clock
from rooms.model import Agenda

log = logging.getLogger(__name__)

RELEASES = {"ManualCheckOut", "NoShow"}
"""Causes of `Bookings Deleted` by which a person, or nobody, gives the room back."""
DELETED = "Deleted"
"""The cause by which the booking went, at the unit or with a list that somebody else pushed."""
GONE_KEPT = 100
"""Bookings that may wait to be asked for; each costs a question."""
LEAVE_LIMIT = 5.0
"""Seconds that taking leave of a feedback slot may take."""


class Attention:
    """What is kept of one codec while it is listened to."""

    __slots__ = (
        "_calls",
        "_calls_stirred",
        "_clock",
        "_ends",
        "_gone",
        "_people",
        "_people_stirred",
        "_stirred",
        "_talk",
        "_told",
        "serial",
    )

    def __init__(
        self,
        talk: Talk,
        clock: Clock,
        told: Told,
        calls: Callable[[], Awaitable[Sequence[PhoneCall]]],
    ) -> None:
        self._talk = talk
        self._clock = clock
        self._told = told
        self._calls = calls
        self._ends: dict[str, datetime] = {}
        self._stirred = asyncio.Event()
        self._calls_stirred = True
        self._people_stirred = True
        self._people: bool | None = None
        self._gone: list[Gone] = []
        self.serial = ""

    def showing(self, agenda: Agenda) -> None:
        """Know which list is there, or is about to be shown."""
        self._ends = {booking.id: booking.end for booking in agenda.bookings}

    def heard(self, document: Document) -> None:
        """The codec told something by itself."""
        for one in notices.read(document):
            if isinstance(one, CallsStirred):
                self._calls_stirred = True
            elif isinstance(one, PeopleStirred):
                self._people_stirred = True
            elif isinstance(one, Gone):
                if len(self._gone) < GONE_KEPT:
                    self._gone.append(one)
            else:
                self._told(one)
        if self._calls_stirred or self._people_stirred or self._gone:
            self._stirred.set()

    async def over_socket(self) -> None:
        """Hold the WebSocket until it breaks.

        Raises:
            NotOffered: there is none.
            Unavailable, Denied, Malformed: named after who must act.
        """
        async with self._talk.socket(self.heard, self._stirred.set) as socket:
            await self._subscribe(socket)
            self._told(Connected(up=True))
            self._told(Lost(why="connected"))
            try:
                while True:
                    await self._tell()
                    await self._stirred.wait()
                    socket.check()
            finally:
                self._told(Connected(up=False))

    async def _subscribe(self, socket: Socket) -> None:
        """Ask for each expression; what this version does not know is left out."""
        refusals: list[Exception] = []
        for path in notices.EXPRESSIONS:
            try:
                await socket.subscribe(*path)
            except (Refused, Denied) as error:
                log.info("a codec offers no feedback on %s", "/".join(path))
                refusals.append(error)
        if len(refusals) < len(notices.EXPRESSIONS):
            return
        denied = next((error for error in refusals if isinstance(error, Denied)), None)
        raise denied or Unavailable("the codec takes no subscription", reason="service_error")

    async def over_feedback(self, slot: Slot) -> None:
        """Have the codec post until cancelled; the slot is let go of then.

        Raises:
            NotOffered: the codec does not do that.
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        await slot.take()
        self._told(Lost(why="connected"))
        try:
            await self._look_after(slot)
        except asyncio.CancelledError:
            await _leave(slot)
            raise

    async def _look_after(self, slot: Slot) -> None:
        due = self._clock.monotonic() + feedback.CHECK_EVERY
        while True:
            await self._tell()
            try:
                async with asyncio.timeout(max(0.0, due - self._clock.monotonic())):
                    await self._stirred.wait()
            except TimeoutError:
                if not await slot.check():
                    self._told(Lost(why="connected"))
                due = self._clock.monotonic() + feedback.CHECK_EVERY

    async def _tell(self) -> None:
        """Find out, and tell, what the codec only hinted at."""
        self._stirred.clear()
        news: list[CallsChanged | PeopleChanged] = []
        if self._people_stirred:
            self._people_stirred = False
            news += await self._news_of_people()
        if self._calls_stirred:
            self._calls_stirred = False
            calls = tuple(await self._calls())
            # Many codecs count people in calls only: a call is told before what is counted in it,
            # and after the end of that, or the room would seem empty in between.
            news.insert(0 if calls else len(news), CallsChanged(calls=calls))
        for one in news:
            self._told(one)
        gone, self._gone = self._gone, []
        for went in gone:
            await self._tell_gone(went)

    async def _news_of_people(self) -> list[PeopleChanged]:
        """Whether the codec sees people, if that is different from what it was."""
        try:
            seen = people.seen(await self._talk.read("RoomAnalytics"))
        except NotOffered:
            seen = None
        if seen is self._people:
            return []
        self._people = seen
        return [PeopleChanged(seen=seen)]

    async def _tell_gone(self, gone: Gone) -> None:
        """Judge whether somebody gave a room back, or whether only a list was lost.

        A list that another system pushed takes the bookings of this one away with the same cause
        as a person does. The meeting is believed to be given up only where it alone is missing.
        """
        if gone.booking not in self._ends:
            return
        if gone.why not in RELEASES:
            if gone.why != DELETED:
                notices.unknown("Event Bookings Deleted with another Cause")
            if gone.why != DELETED or not await self._lacks_only(gone.booking):
                self._told(Lost(why="sync_required"))
                return
        self._told(ReleaseWanted(booking=gone.booking, why=gone.why))

    async def _lacks_only(self, booking: str) -> bool:
        try:
            result = await self._talk.run(commands.LISTS[self._talk.lister])
        except NotOffered:
            return False
        return listing.lacks_only(result, self._ends, booking, self._clock.now())


async def _leave(slot: Slot) -> None:
    """Let go of a slot, if that is quickly done."""
    try:
        async with asyncio.timeout(LEAVE_LIMIT):
            await slot.leave()
    except (TimeoutError, ConnectorError, NotOffered):
        log.info("a codec's feedback slot was not taken back")
