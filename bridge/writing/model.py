"""What is asked for when a calendar is to be changed, what comes of it, and why it is refused."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connector.errors import ConnectorError, Malformed, Unavailable
from rooms.agenda import called_off
from rooms.model import Booking, Event, Response, Window
from rooms.room import Room

MINUTE = timedelta(minutes=1)
_UNANSWERED = {"timeout", "broken_off", "service_error"}
_UNREADABLE = {"not_json", "wrong_shape", "too_large", "not_http"}

Action = Literal["create", "extend", "end", "release"]


class Refused(Exception):
    """It was not done, or nobody knows whether; `code` is a problem's."""

    def __init__(self, code: str, words: str = "", *, wait: timedelta | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.words = words
        self.wait = wait


class Bid(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that somebody wants."""

    title: str
    when: Window
    """Of a series the first occurrence."""
    text: str = ""
    recurrence: str = ""


async def _nowhere(_: datetime) -> None:
    """Aims of what is not taken up again."""


@dataclass(kw_only=True)
class Deed:
    """What somebody does, and under which key."""

    action: Action
    actor: str
    """For the audit log."""
    key: str = ""
    """The same for every try."""
    booking: str = ""
    """The id of the booking concerned; of a new one once it is known."""
    series: bool = False
    text: str = ""
    """What an organizer is told of it; empty for the service's own words."""
    when: Window | None = None
    """When the booking must still be; None where it is meant whenever it is."""
    resumed: bool = False
    """Whether an earlier try may have done it already."""
    until: datetime | None = None
    """The end that an earlier try aimed at."""
    aim: Callable[[datetime], Awaitable[None]] = field(default=_nowhere, repr=False)
    """Has a later try aim at the same end."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    booking: Booking | None = None
    """As the room shows it now; None where it shows it no more."""
    shown: bool
    """Whether the agenda was read again since."""
    overlaps: bool = False
    """Whether somebody else booked the same time a moment later."""


def alive(events: Iterable[Event]) -> Iterator[Event]:
    """The events that a room shows."""
    for event in events:
        dead = event.cancelled or event.response is Response.DECLINED
        if event.when is not None and not dead:
            yield event


def taking(events: Iterable[Event]) -> list[Event]:
    """Those that take the room; what the agenda hides as called off does not."""
    return [event for event in alive(events) if event.blocks and not called_off(event)]


def slot(room: Room, event: Event) -> Window | None:
    """When an event is."""
    return event.when.window(room.zone) if event.when is not None else None


def overlapping(room: Room, event: Event, spans: Sequence[Window]) -> Window | None:
    """When an event is, if that shares time with one of the spans."""
    when = slot(room, event)
    if when is None or when.start == when.end:
        return None
    return when if any(span.overlaps(when) for span in spans) else None


def soonest_end(now: datetime) -> datetime:
    """The first end that Exchange takes, in whole minutes: a minute from now, or a little more.

    A meeting that is over by the time its change arrives Exchange would remove.
    """
    whole = now.replace(second=0, microsecond=0)
    return whole + MINUTE * (1 if whole == now else 2)


def refusal(error: ConnectorError, *, sent: bool = False) -> Refused:
    """What it means for whoever asked; `sent` where something was to be changed."""
    if error.reason == "changed_meanwhile":
        return Refused("booking_changed")
    if error.reason == "event_gone":
        return Refused("unknown_booking", "it is not in the calendar any more")
    if error.reason == "not_organizer":
        return Refused("other_organizer")
    if sent and _may_have_been_done(error):
        return unfinished(f"{error.reason}: {error}")
    words = f"{error.reason}: {error}" + (f"; {error.fix}" if error.fix else "")
    if isinstance(error, Unavailable):
        return Refused("source_unavailable", words, wait=error.retry_after)
    return Refused("source_refused", words)


def unfinished(words: str) -> Refused:
    """That nobody knows what came of it."""
    return Refused(
        "outcome_unknown", f"{words}; to be certain ask again with the same Idempotency-Key"
    )


def _may_have_been_done(error: ConnectorError) -> bool:
    """Whether a change may have happened although no good answer came."""
    if isinstance(error, Unavailable):
        # Without any connection nothing was sent; that concerns the whole service.
        broken = error.reason == "unreachable" and not error.everywhere
        return error.reason in _UNANSWERED or broken
    return isinstance(error, Malformed) and error.reason in _UNREADABLE
