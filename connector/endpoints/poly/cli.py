"""A unit that is told by its command line, over SSH or telnet (HDX, Group)."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from connector.endpoint import Calendar, Facts, Order, PhoneCall
from connector.endpoints.poly import terminal
from connector.endpoints.poly.meetings import Meeting, agrees
from connector.endpoints.poly.terminal import Terminal, quoted
from connector.endpoints.poly.way import unsupported
from connector.errors import Malformed
from connector.lines import Lines
from connector.secret import Secret
from rooms.clock import Clock
from rooms.model import Agenda

LOOKED_AT = 12
"""For how many meetings it is asked what would be dialled."""

Opens = Callable[[], AbstractAsyncContextManager[Lines]]


class CommandLine:
    """A unit that is told by lines; each errand has a connection of its own."""

    __slots__ = ("_call_rate", "_clock", "_login", "_opens", "_protocols", "_way")

    def __init__(
        self,
        opens: Opens,
        clock: Clock,
        *,
        way: str,
        login: tuple[str, Secret] | None,
        protocols: tuple[str, ...],
        call_rate: int,
    ) -> None:
        self._opens = opens
        self._clock = clock
        self._way = way
        self._login = login
        """With what telnet's questions are answered; None over SSH, which signed in before."""
        self._protocols = protocols
        self._call_rate = call_rate

    async def attempt(self) -> None:
        """Sign in, and ask for something that changes nothing."""
        async with self._open() as unit:
            await _callinfo(unit)

    async def dial(self, order: Order) -> None:
        """Make it call."""
        command = (
            f'dial manual "{self._call_rate}" {quoted(order.dial.address)} {order.dial.protocol}'
        )
        async with self._open() as unit:
            await unit.ask(command, lambda line: line.startswith("dialing"))

    async def hang_up(self) -> None:
        """End all its calls."""
        async with self._open() as unit:
            if await _callinfo(unit):
                await unit.ask("hangup all", lambda line: line.startswith("hanging up"))

    async def calls(self) -> Sequence[PhoneCall]:
        """The calls of `callinfo all`."""
        async with self._open() as unit:
            return await _callinfo(unit)

    async def tones(self, digits: str) -> None:
        """Send tones, each by itself."""
        async with self._open() as unit:
            for digit in digits:
                if await unit.tell(f"gendial {digit}") is None:
                    raise Malformed("the unit refuses to send tones", reason="request_refused")

    async def facts(self) -> Facts:
        """What the unit says of itself, and how it finds its calendar (EP-25)."""
        async with self._open() as unit:
            heard = [
                line
                for command in ("whoami", "version", "serialnum")
                for line in await unit.tell(command) or []
            ]
            try:
                told = await unit.ask("calendarstatus get", _is_calendar)
            except Malformed:
                told = [""]  # units without a calendar do not know the command
        return terminal.facts_of([*heard, *told], terminal.calendar_of(told), self._way)

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Set the calendar's settings, with the registration off meanwhile."""
        server = calendar.url.partition("://")[2].partition("/")[0]
        wanted = {
            "calendarserver": server,
            "calendardomain": "",
            "calendaruser": calendar.facade.username,
            "calendarpassword": calendar.facade.password.reveal(),
            "calendarresource": calendar.mailbox,
        }
        arguments = {name: quoted(value) for name, value in wanted.items()}
        made = []
        async with self._open() as unit:
            await unit.tell("calendarregisterwithserver no")
            for name, argument in arguments.items():
                if await unit.tell(f"{name} set {argument}") is not None:
                    made.append(name)
                elif wanted[name]:
                    raise _unsettable(name)
            if await unit.tell("calendarregisterwithserver yes") is None:
                raise _unsettable("calendarregisterwithserver")
        return [*made, "calendarregisterwithserver"]

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it lists these bookings today and tomorrow, each with its address."""
        async with self._open() as unit:
            heard = await unit.ask(
                'calendarmeetings list "today" "tomorrow"',
                lambda line: line == "calendarmeetings list end",
            )
            listed = terminal.meetings_of(heard)
            looked_at = [await _looked_at(unit, one) for one in listed[:LOOKED_AT]]
        return agrees([*looked_at, *listed[LOOKED_AT:]], agenda, self._clock.now(), self._protocols)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Terminal]:
        async with self._opens() as lines:
            unit = Terminal(lines)
            if self._login is not None:
                await unit.sign_in(*self._login)
            yield unit


async def _callinfo(unit: Terminal) -> list[PhoneCall]:
    heard = await unit.ask("callinfo all", terminal.IDLE_OR_END.__contains__)
    return terminal.calls_of(heard)


def _is_calendar(line: str) -> bool:
    return line in {"calendarstatus established", "calendarstatus unavailable"}


async def _looked_at(unit: Terminal, meeting: Meeting) -> Meeting:
    """A meeting with what would be dialled; as it was where the unit does not tell."""
    if not meeting.id or '"' in meeting.id:
        return meeting
    try:
        heard = await unit.ask(
            f"calendarmeetings info {quoted(meeting.id)}",
            lambda line: line == "calendarmeetings info end",
        )
    except Malformed:
        return meeting
    return msgspec.structs.replace(meeting, **terminal.joined_of(heard))


def _unsettable(name: str) -> Malformed:
    return unsupported(
        f"the unit does not take the setting {name}",
        "set server, user name, password and mailbox of the calendar at the unit's web page",
    )
