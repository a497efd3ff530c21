"""Changing what a room's calendar holds: booked, extended, ended, given back.

The calendar service is asked before and after: what was read a minute ago is not what a booking is
judged by, and of two that meet the later one gives way. Nothing is told as done before the service
said so, the audit log has it, and the room was read again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bridge.writing.model import (
    Bid,
    Deed,
    Done,
    Refused,
    alive,
    overlapping,
    slot,
    soonest_end,
    taking,
)
from bridge.writing.steps import Means, Work
from connector.writing import Draft
from rooms import join, recurrence
from rooms.agenda import agenda_of, is_named, named
from rooms.model import Booking, Event, Window
from rooms.room import Room

AROUND = timedelta(days=1)
"""How much before and after a booking is read with it."""

Later = Callable[[datetime], datetime]
"""When a meeting shall end, given when it does."""


class Bookings:
    """What is done in rooms, one thing after another in each."""

    def __init__(self, means: Means, rules: Callable[[], join.Rules] = join.Rules) -> None:
        self._means = means
        self._rules = rules
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def heard(self, room: str) -> None:
        """A room was read well."""
        for waiting in self._means.waiting.get(room, ()):
            waiting.set()

    async def create(self, room: Room, bid: Bid, deed: Deed) -> Done:
        """Book a room that is free.

        Raises:
            Refused: it was not booked, or nobody knows.
        """
        async with self._locks[room.id]:
            work = await Work.begun(self._means, room, deed)
            span = await self._free(work, bid)
            draft = Draft(
                key=deed.key,
                subject=bid.title,
                when=bid.when,
                time_zone=room.time_zone,
                text=bid.text,
                recurrence=bid.recurrence,
            )
            uid = await work.write(lambda: work.writer.create(room, draft))
            events = await work.looked(span, lambda seen: bool(_of(seen, uid)))
            ours = _of(events, uid)
            slots = [when for one in ours if (when := slot(room, one))]
            others = [one for one in taking(events) if one.uid != uid]
            rivals = [one for one in others if overlapping(room, one, slots)]
            if rivals and await work.is_later(ours[0], rivals):
                series = bool(bid.recurrence)
                raise await work.undone(lambda: work.writer.cancel(room, ours[0], series=series))
            return await work.done(self._booking(room, ours[0], events), overlaps=bool(rivals))

    async def _free(self, work: Work, bid: Bid) -> Window:
        """From the first to the last of the times that are wanted, all of them free.

        Raises:
            Refused: the room is taken.
        """
        room, length = work.room, bid.when.end - bid.when.start
        starts = [bid.when.start]
        if bid.recurrence:
            starts = recurrence.parse(bid.recurrence).starts(bid.when.start, room.zone)
        wanted = [Window(start=start, end=start + length) for start in starts]
        span = Window(start=wanted[0].start, end=wanted[-1].end)
        for event in taking(await work.read(span)):
            ours = work.deed.resumed and _may_be(event, bid)
            if not ours and overlapping(room, event, wanted):
                raise work.outrun("room_taken")
        return span

    async def extend(self, room: Room, booking: str, later: Later, deed: Deed) -> Done:
        """Let a meeting that the room organised end later, as far as the room is free.

        Raises:
            Refused: it ends as before, or nobody knows.
        """
        async with self._locks[room.id]:
            work = await Work.begun(self._means, room, deed)
            event, when, events = await self._found(work, booking)
            if deed.until is not None and when.end >= deed.until:  # an earlier try did it
                return await work.done(self._booking(room, event, events))
            _check_own(event, when, self._means.clock.now())
            wanted = deed.until or later(when.end)
            more = Window(start=when.end, end=wanted)
            others = [one for one in taking(events) if one.id != event.id]
            met = [span.start for one in others if (span := overlapping(room, one, [more]))]
            end = min([wanted, *met])
            if end <= when.end:
                raise work.outrun("room_taken")
            await deed.aim(end)
            await work.write(lambda: work.writer.end(room, event, end))
            after, events = await self._ending(work, booking, end)
            known = {one.id for one in (*others, after)}
            late = [one for one in taking(events) if one.id not in known]
            if any(overlapping(room, one, [Window(start=when.end, end=end)]) for one in late):
                back = max(when.end, soonest_end(self._means.clock.now()))
                raise await work.undone(lambda: work.writer.end(room, after, back))
            return await work.done(self._booking(room, after, events))

    async def end(self, room: Room, booking: str, deed: Deed) -> Done:
        """Let a running meeting that the room organised end now.

        Raises:
            Refused: it goes on, or nobody knows.
        """
        async with self._locks[room.id]:
            work = await Work.begun(self._means, room, deed)
            event, when, events = await self._found(work, booking)
            now = self._means.clock.now()
            at = soonest_end(now)
            if not (deed.resumed and when.end <= at):
                _check_own(event, when, now)
                if when.start > now:
                    raise Refused("booking_not_running", "release it instead")
                if at < when.end:
                    await work.write(lambda: work.writer.end(room, event, at))
                    event, events = await self._ending(work, booking, at)
            return await work.done(self._booking(room, event, events))

    async def release(self, room: Room, booking: str, deed: Deed) -> Done:
        """Give the room back: decline an invitation, call off what the room organised.

        Raises:
            Refused: the room is still taken, or nobody knows.
        """
        async with self._locks[room.id]:
            work = await Work.begun(self._means, room, deed)
            try:
                event, when, _ = await self._found(work, booking)
            except Refused as refused:
                if deed.resumed and refused.code == "unknown_booking":
                    return await work.done()
                raise
            if when.end <= self._means.clock.now():
                raise Refused("booking_over")
            if deed.when is not None and deed.when != when:
                raise Refused("booking_changed", "it was moved meanwhile")
            give = work.writer.cancel if event.own else work.writer.decline
            await work.write(lambda: give(room, event, series=deed.series, text=deed.text))
            await work.looked(
                when, lambda events: not any(is_named(one, booking) for one in alive(events))
            )
            return await work.done()

    async def _found(self, work: Work, booking: str) -> tuple[Event, Window, Sequence[Event]]:
        """A booking's event as it is now, its time, and what is around it."""
        agenda = self._means.store.agenda(work.room.id)
        shown = [one for one in agenda.bookings if one.id == booking] if agenda else []
        if not shown:
            raise Refused("unknown_booking")
        around = Window(start=shown[0].start - AROUND, end=shown[0].end + AROUND)
        events = await work.read(around)
        for event in alive(events):
            if is_named(event, booking) and (when := slot(work.room, event)):
                return event, when, events
        raise work.outrun("unknown_booking", "it is not in the calendar any more")

    async def _ending(
        self, work: Work, booking: str, end: datetime
    ) -> tuple[Event, Sequence[Event]]:
        """The event once it ends as it was told to, and what is around it."""

        def it(events: Sequence[Event]) -> Event | None:
            for one in events:
                when = slot(work.room, one)
                if when is not None and when.end == end and is_named(one, booking):
                    return one
            return None

        around = Window(start=end - AROUND, end=end + AROUND)
        events = await work.looked(around, lambda seen: it(seen) is not None)
        event = it(events)
        assert event is not None  # noqa: S101 - it was looked for until it was there
        return event, events

    def _booking(self, room: Room, event: Event, events: Sequence[Event]) -> Booking | None:
        """An event as its room shows it."""
        when = slot(room, event)
        if when is None:
            return None

        def read(invitation: join.Invitation, /, *, dialing: join.Dialing) -> join.Found:
            return join.read(invitation, self._rules(), dialing)

        now = self._means.clock.now()
        key = next(key for one, key in named(events) if one is event)
        agenda, _ = agenda_of(room, events, window=when, as_of=now, read=read)
        return next((one for one in agenda.bookings if one.id == key), None)


def _of(events: Sequence[Event], uid: str) -> list[Event]:
    """A meeting, or the occurrences of a series, in order."""
    timed = [(one.when, one) for one in alive(events) if one.uid == uid]
    found = [(when.start, one) for when, one in timed if isinstance(when, Window)]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _may_be(event: Event, bid: Bid) -> bool:
    """Whether an event may be what an earlier try has made."""
    if not isinstance(event.when, Window):
        return False
    same = event.when.end - event.when.start == bid.when.end - bid.when.start
    return event.own and event.subject == bid.title and same


def _check_own(event: Event, when: Window, now: datetime) -> None:
    """Refuse to move the end of what the room did not organise, or of what is over."""
    if when.end <= now:
        raise Refused("booking_over")
    if not event.own:
        raise Refused("other_organizer", "release it instead, or ask its organizer")
    if not isinstance(event.when, Window):
        raise Refused("whole_day")
