"""A simulated unit: what it was told, who may tell it, what it shows, and nothing of HTTP."""

import asyncio
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sized
from datetime import UTC, datetime, timedelta

import msgspec

from connector.simulators.cisco import status
from connector.simulators.cisco.adhoc import Adhoc
from connector.simulators.cisco.bookings import Booking, Shown
from connector.simulators.cisco.calls import Call, Calls, Tell
from connector.simulators.cisco.configuration import Configuration
from connector.simulators.cisco.errands import Errand
from connector.simulators.cisco.faults import Faults
from connector.simulators.cisco.life import Life
from connector.simulators.cisco.markup import nest
from connector.simulators.cisco.news import News
from connector.simulators.cisco.slots import Slots
from connector.simulators.cisco.users import Lockout, Sessions, User, Users
from connector.simulators.cisco.versions import Switches, Version, usual

KEPT_REQUESTS = 1000
KEPT_PUSHES = 50
KEPT_POSTS = 200


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A list of bookings as it came, whether or not the unit took it."""

    path: str
    body: str
    at: datetime
    user: str
    accepted: bool


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was made; a status of 0 stands for a broken connection.

    Methods beside those of HTTP: `WS`, a message over the WebSocket (200 or the code of the
    error), and `SSH`, a line of the terminal.
    """

    at: datetime
    method: str
    path: str
    status: int
    peer: str
    user: str


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What it posted by itself; a status of 0 stands for no answer."""

    at: datetime
    url: str
    body: str
    status: int


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """What a person in the room sees."""

    now: datetime
    bookings: tuple[Shown, ...]
    calls: tuple[Call, ...]


class NotJoinable(Exception):
    """There is no Join button to press."""


class Codec:
    """One unit. Every switch of `Switches` may be given by name; the rest is as usual."""

    def __init__(
        self,
        *,
        version: str = "RoomOS 11.27.2.0",
        users: Mapping[str, str | User] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        name: str = "Simulated codec",
        serial: str = "SIM00000001",
        **switches: bool | int | str,
    ) -> None:
        self._clock = clock
        self.sleep = sleep
        self.serial = serial
        self.offset = timedelta()
        self.version = Version.parse(version)
        self._switched: dict[str, bool | int | str] = {}
        self.switch(**switches)
        self.configuration = Configuration(self.version, {"SystemUnit/Name": name})
        self.users = Users({"bridge": "secret"} if users is None else users)
        self.sessions = Sessions()
        self.bookings: tuple[Booking, ...] = ()
        """What the screen has: the list, and what people asked for at the unit."""
        self.updated = self.booted = self.now()
        self._back: datetime | None = None
        self.roused: Callable[[], None] = lambda: None
        """Called when time is to pass for it; whoever serves the unit says how."""
        self.news = News(lambda: status.status(self), self._rouse)
        self.host = "127.0.0.1"
        self.authority = ""
        """The certificate (PEM) that it trusts when it posts; nothing for those of the system."""
        self.light = "Off"
        """What its light shows where commands may set it."""
        self.people = 0
        """How many are in the room; whether the unit knows is a matter of its settings."""
        self.post: Callable[[Errand], None] = lambda _errand: None
        """Sends something; whoever serves the unit says how."""
        self.chores: tuple[Callable[[datetime], None], ...] = ()
        """What else is to be done as time passes."""
        self.adhoc = Adhoc(self)
        self.life = Life(self)
        self.slots = Slots(self)
        self.posted: deque[Posted] = deque(maxlen=KEPT_POSTS)
        self.calls = Calls(Tell(event=self.news.event, changed=self.news.changed))
        self.lines: set[Callable[[], None]] = set()
        """Ends each connection that stays open: WebSockets and terminals."""
        self.subscribed: set[Sized] = set()
        """The subscriptions of each WebSocket that has some."""
        self.opened: deque[datetime] = deque()
        """When WebSockets were opened lately."""
        self.faults = Faults()
        self.received: deque[Push] = deque(maxlen=KEPT_PUSHES)
        self.requests: deque[Seen] = deque(maxlen=KEPT_REQUESTS)

    def now(self) -> datetime:
        """The unit's own time."""
        return self._clock() + self.offset

    @property
    def switches(self) -> Switches:
        """How it behaves now."""
        usually = msgspec.structs.asdict(usual(self.version))
        return msgspec.convert(usually | self._switched, Switches)

    def switch(self, **switches: bool | int | str) -> None:
        """Behave differently from now on, whatever is usual.

        Raises:
            ValueError: no such switch, or not such a value.
        """
        usually = msgspec.structs.asdict(usual(self.version))
        try:
            msgspec.convert(usually | self._switched | switches, Switches)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error
        self._switched |= switches

    def upgrade(self, version: str) -> None:
        """Run another version, after a reboot; settings that it knows are kept.

        Raises:
            ValueError: no such version can be.
        """
        self.version = Version.parse(version)
        self.configuration = Configuration(self.version, self.configuration.changed)
        self.reboot()

    def reboot(self, down: timedelta = timedelta()) -> None:
        """Start anew, silent while down; calls, sessions, lock-outs, mostly the list are gone."""
        self.calls.hang_up_all()
        for cut in tuple(self.lines):
            cut()
        self.sessions.end_all()
        self.users.forget_failures()
        self.booted = self.now() + down
        self._back = self.booted if down else None
        self.adhoc.pending.clear()
        if not self.switches.keeps_bookings:
            self.bookings = ()
        self.life.restart()

    def is_up(self) -> bool:
        """Whether it answers at all."""
        return self._back is None or self.now() >= self._back

    def log_in(self, name: str, password: str) -> bool:
        """Whether a user may come in; failures count towards the lock-out."""
        lockout = Lockout(
            failures=self.configuration.session("MaxFailedLogins"),
            time=timedelta(minutes=self.configuration.session("FailedLoginsLockoutTime")),
        )
        return self.users.admits(name, password, lockout, self.now())

    def begin_session(self, user: str) -> str | None:
        """The secret of a new session; None when there are too many."""
        return self.sessions.begin(
            user,
            self.now(),
            per_user=self.configuration.session("MaxSessionsPerUser"),
            total=self.configuration.session("MaxTotalSessions"),
        )

    def session_user(self, secret: str) -> str | None:
        """Whose session this is, if it is still open."""
        idle = timedelta(minutes=self.configuration.session("InactivityTimeout"))
        self.sessions.expire(self.now(), idle)
        return self.sessions.user(secret, self.now())

    def replace(self, bookings: tuple[Booking, ...]) -> None:
        """List exactly these, in order of time."""
        self.adhoc.confirm(bookings)
        self.bookings = bookings
        self.show()
        self.updated = self.now()
        self.news.event("Bookings/Updated")
        self.life.tick()

    def show(self) -> None:
        """Put what people asked for at the unit between what is listed."""
        asked = self.adhoc.shown()
        every = {id(booking): booking for booking in (*self.bookings, *asked)}
        self.bookings = tuple(sorted(every.values(), key=lambda booking: booking.start))
        self.news.changed()

    def count(self, people: int) -> None:
        """Let people come and go."""
        self.people = people
        self.life.tick()

    def _rouse(self) -> None:
        self.roused()

    @property
    def awake(self) -> bool:
        """Whether time has to pass for it by itself."""
        return self.news.wanted or bool(self.adhoc.pending) or self.pulls

    @property
    def pulls(self) -> bool:
        """Whether it asks a management system for its calendar."""
        settings = self.configuration
        return settings["Provisioning/Mode"] == "TMS" and bool(
            settings["Provisioning/ExternalManager/Address"]
        )

    @property
    def mac(self) -> str:
        """Its hardware address, made from its serial number."""
        number = zlib.crc32(self.serial.encode())
        return ":".join(f"{byte:02X}" for byte in (0, 0x50, *number.to_bytes(4, "big")))

    def configure(self, path: str, value: str) -> None:
        """Change one setting, and tell of it.

        Raises:
            KeyError: there is no such setting.
            ValueError: it does not take this value.
        """
        self.configuration.change(path, value)
        self.news.tell({"Configuration": nest({path: value})})
        self.roused()

    def turned(self, path: str) -> bool:
        """Whether a switch among the settings is on."""
        return path in self.configuration and self.configuration[path] in {"On", "True"}

    def keep_push(self, path: str, body: str, user: str, *, accepted: bool) -> None:
        """Remember a push as it came."""
        self.received.append(
            Push(path=path, body=body, at=self.now(), user=user, accepted=accepted)
        )

    def log(self, method: str, path: str, status: int, *, peer: str, user: str) -> None:
        """Remember a request."""
        self.requests.append(
            Seen(at=self.now(), method=method, path=path, status=status, peer=peer, user=user)
        )

    def current(self) -> Booking | None:
        """The meeting that is on."""
        now = self.now()
        return next((booking for booking in self.bookings if booking.runs(now)), None)

    def screen(self, now: datetime | None = None) -> Screen:
        """What a person sees, now or at another time."""
        now = now or self.now()
        shown = tuple(self._shown(booking, now) for booking in self.bookings if booking.listed(now))
        if self.configuration.hides("NonJoinableMeetings"):
            shown = tuple(booking for booking in shown if booking.dial)
        return Screen(now=now, bookings=shown, calls=self.calls.all())

    def _shown(self, booking: Booking, now: datetime) -> Shown:
        target = booking.target
        in_call = any(call.booking_id == booking.id for call in self.calls.all())
        hides = self.configuration.hides
        return Shown(
            id=booking.id,
            title="Scheduled meeting" if hides("Title") else booking.title,
            organizer="" if hides("Organizer") else booking.organizer.name,
            start=booking.start,
            end=booking.end,
            private=booking.privacy == "Private",
            join=booking.lit(now) and not in_call,
            dial=target.number if target else None,
            protocol=target.protocol if target else None,
            platform=booking.platform,
            in_call=in_call,
        )

    def press_join(self, identity: str) -> Call:
        """Touch the Join button of a booking.

        Raises:
            NotJoinable: there is no such button, or it is dark.
        """
        shown = next((one for one in self.screen().bookings if one.id == identity), None)
        if shown is None or not shown.join or not shown.dial:
            raise NotJoinable(identity)
        return self.calls.dial(
            shown.dial,
            self.now(),
            protocol=shown.protocol or "",
            display_name=shown.title,
            booking_id=identity,
            answer=self.switches.called,
        )
