"""A simulated unit: its settings, meetings and calls, and nothing of the network."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from connector.simulators.poly.calls import Call, Calls
from connector.simulators.poly.families import FAMILIES, Name
from connector.simulators.poly.faults import Faults
from connector.simulators.poly.logins import TRIO_LOCKOUT, VIDEO_LOCKOUT, Door, Sessions
from connector.simulators.poly.meetings import PRIVATE, Meeting, NotJoinable, Shown, Status
from connector.simulators.poly.settings import Settings
from connector.simulators.poly.switches import Switches, usual

KEPT_REQUESTS = 1000


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was made to the unit, or by it; a status of 0 is a broken connection."""

    at: datetime
    way: str
    """`rest`, `ssh`, `telnet`, or `ews` for what the unit itself asks."""
    what: str
    status: int = 0
    peer: str = ""
    user: str = ""


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """What a person in the room sees."""

    now: datetime
    calendar: Status
    meetings: tuple[Shown, ...]
    calls: tuple[Call, ...]


class Unit:
    """One unit. Every switch of `Switches` may be given by name; the rest is as usual."""

    def __init__(
        self,
        family: Name = "studio",
        *,
        software: str = "",
        users: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        name: str = "Simulated unit",
        serial: str = "8L20SIM00001FC",
        time_zone: str = "UTC",
        **switches: bool | str | float,
    ) -> None:
        self.name = name
        self.serial = serial
        self.kind: Name = family
        self.family = FAMILIES[family]
        self.software = software or self.family.software
        self.zone = ZoneInfo(time_zone)
        self._clock = clock
        self.sleep = sleep
        self.offset = timedelta()
        self._switched: dict[str, bool | str | float] = {}
        self.switch(**switches)
        self.users = dict({self.family.user: "secret"} if users is None else users)
        """Passwords by name; everybody but `user` is an administrator."""
        lockout = TRIO_LOCKOUT if self.family.rest == "trio" else VIDEO_LOCKOUT
        self.web = Door(self.users, lockout)
        self.terminal = Door(self.users, VIDEO_LOCKOUT)
        self.sessions = Sessions()
        self.settings = Settings(self.family)
        self.changed: list[Callable[[], None]] = []
        """Told when settings or meetings change."""
        self.meetings: tuple[Meeting, ...] = ()
        self.synced: datetime | None = None
        """When the calendar was last read."""
        self.found: Status | None = None
        """How it really finds its calendar, once it looked."""
        self._said: Status | None = None
        self.answers = timedelta()
        """After what time a called end answers."""
        self.calls = Calls()
        self.autodiscover = ""
        """Where it discovers its server; empty: `autodiscover.` and the address's domain."""
        self.discovery: Callable[[str, str, str], Awaitable[str]] | None = None
        """Finds the server for an address, a user and a password: Autodiscover, where it has it."""
        self.faults = Faults()
        self.requests: deque[Seen] = deque(maxlen=KEPT_REQUESTS)
        self.most_at_once = 0
        """How many REST requests were ever under way together (EP-26)."""
        self._thawed: asyncio.Event | None = None
        self.boots = 1
        """How often it was started."""
        self.booted = self.now()
        self._back: datetime | None = None

    def now(self) -> datetime:
        """The unit's own time."""
        return self._clock() + self.offset

    @property
    def switches(self) -> Switches:
        """How it behaves now."""
        usually = msgspec.structs.asdict(usual(self.family))
        return msgspec.convert(usually | self._switched, Switches)

    def switch(self, **switches: bool | str | float) -> None:
        """Behave differently from now on, whatever is usual.

        Raises:
            ValueError: no such switch, or not such a value.
        """
        usually = msgspec.structs.asdict(usual(self.family))
        try:
            msgspec.convert(usually | self._switched | switches, Switches)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error
        self._switched |= switches

    def configure(
        self, server: str, username: str, password: str, mailbox: str = "", domain: str = ""
    ) -> None:
        """Set up the calendar, as a person does in the unit's menus."""
        self.settings.give("server", server)
        self.settings.give("username", username)
        self.settings.give("password", password)
        self.settings.give("mailbox", mailbox)
        self.settings.give("domain", domain)
        self.settings.give("enabled", True)
        self.tell()

    def tell(self) -> None:
        """Settings or meetings are others now."""
        for watcher in tuple(self.changed):
            watcher()

    @property
    def status(self) -> Status:
        """How it finds its calendar."""
        status = self._said or self.found
        if status is not None:
            return status
        return "CONNECTING" if self.settings.account() else "DISABLED"

    def stand(self, status: Status | None) -> None:
        """Say that it finds its calendar so; None for the truth."""
        self._said = status

    def hold(self, meetings: Iterable[Meeting]) -> None:
        """Hold exactly these meetings, in order of time, as if they had been read."""
        found = tuple(sorted(meetings, key=lambda one: (one.start, one.id)))
        self.synced = self.now()
        if found != self.meetings:
            self.meetings = found
            self.tell()

    def meeting(self, identity: str) -> Meeting | None:
        """A meeting by its id."""
        return next((one for one in self.meetings if one.id == identity), None)

    def reboot(self, down: timedelta = timedelta()) -> None:
        """Start anew, silent while down; calls, sessions, lock-outs and meetings are gone."""
        self.calls.hang_up_all()
        self.sessions.end_all()
        self.web.unlock()
        self.terminal.unlock()
        if self._thawed is not None:
            self._thawed.set()
        self._thawed = None
        self.boots += 1
        self.booted = self.now() + down
        self._back = self.booted if down else None
        self.found = None
        self.stand(None)
        self.hold(())

    @property
    def frozen(self) -> bool:
        """Whether it hangs until it is restarted."""
        return self._thawed is not None

    async def freeze(self) -> None:
        """Hang, together with all that hangs already, until it is restarted."""
        self._thawed = self._thawed or asyncio.Event()
        await self._thawed.wait()

    def is_up(self) -> bool:
        """Whether it answers at all."""
        return self._back is None or self.now() >= self._back

    def note(self, way: str, what: str, status: int = 0, peer: str = "", user: str = "") -> None:
        """Write a request down."""
        self.requests.append(
            Seen(at=self.now(), way=way, what=what, status=status, peer=peer, user=user)
        )

    def title(self, meeting: Meeting, *, admin: bool = False) -> str:
        """A meeting's subject, unless the settings hide it."""
        if not admin and not self._shows("Subject"):
            return ""
        hidden = meeting.private and not admin and not self.settings.shows_private()
        return PRIVATE if hidden else meeting.subject

    def _shows(self, what: str) -> bool:
        """Whether a Trio's settings let the screen show something of any meeting."""
        name = f"exchange.meeting.show{what}"
        return name not in self.settings or self.settings.truth(name)

    def screen(self, now: datetime | None = None) -> Screen:
        """What a person sees, now or at another time: what is not over."""
        now = now or self.now()
        cancelled = self.settings.truth("exchange.meeting.showCancelledMeetings")
        shown = tuple(
            self._shown(one)
            for one in self.meetings
            if now < one.end and (cancelled or not one.canceled)
        )
        return Screen(now=now, calendar=self.status, meetings=shown, calls=self.calls.all())

    def _shown(self, meeting: Meeting) -> Shown:
        hidden = meeting.private and not self.settings.shows_private()
        dial = None if meeting.canceled else meeting.dial
        in_call = any(call.meeting == meeting.id for call in self.calls.all())
        return Shown(
            id=meeting.id,
            title=self.title(meeting),
            organizer=meeting.organizer if self._shows("Organizer") else "",
            location=meeting.location if self._shows("Location") and not hidden else "",
            start=meeting.start,
            end=meeting.end,
            private=meeting.private,
            join=dial is not None and not in_call,
            dial=dial.number if dial else None,
            protocol=dial.protocol if dial else None,
            in_call=in_call,
        )

    def press_join(self, identity: str) -> Call:
        """Touch a meeting's Join button.

        Raises:
            NotJoinable: there is no such button.
        """
        shown = next((one for one in self.screen().meetings if one.id == identity), None)
        if shown is None or not shown.join or not shown.dial:
            raise NotJoinable(identity)
        return self.calls.dial(
            shown.dial, self.now(), protocol=shown.protocol or "", meeting=identity
        )
