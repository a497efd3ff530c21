"""A simulated Exchange organization: mailboxes, accounts, room lists, and its own clock."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from connector.simulators.exchange.faults import Faults
from connector.simulators.exchange.faults.answers import Error
from connector.simulators.exchange.handshake import Connections
from connector.simulators.exchange.journal import Journal
from connector.simulators.exchange.mailbox import Change, Happened, Mailbox
from connector.simulators.exchange.people import People, User, addresses
from connector.simulators.exchange.subscriptions import Subscriptions
from connector.simulators.exchange.tokens import Tokens

Release = Literal["2013", "2016", "2019", "SE"]
Scheme = Literal["Basic", "NTLM", "Negotiate", "Bearer"]
USERNAME = "EXAMPLE\\svc-rooms"
LOCKOUT_AFTER = 5
"""Wrong passwords in a row; domains choose it themselves."""


class Build(msgspec.Struct, frozen=True):
    """What a server tells of itself in `ServerVersionInfo`."""

    major: int
    minor: int
    build: int
    revision: int
    version: str
    hanging: int
    """HangingConnectionLimit: streams of one account at once."""


BUILDS: dict[Release, Build] = {
    "2013": Build(15, 0, 1497, 48, "V2_23", 3),
    "2016": Build(15, 1, 2507, 58, "V2017_07_11", 10),
    "2019": Build(15, 2, 1544, 36, "V2017_07_11", 10),
    "SE": Build(15, 2, 2562, 20, "V2017_07_11", 10),
}


class RoomList(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution list of rooms."""

    address: str
    name: str
    rooms: tuple[str, ...]


class Exchange:
    """Everything a client can meet, and what tests and demo do to it."""

    def __init__(
        self,
        *,
        release: Release = "2019",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.build = BUILDS[release]
        self.offset = timedelta()
        self.sleep = sleep
        self.faults = Faults()
        self.journal = Journal()
        self.people = People(LOCKOUT_AFTER)
        self.offers: tuple[Scheme, ...] = ("Negotiate", "NTLM", "Basic")
        """What a 401 offers, in this order."""
        self.modern_auth = False
        """Whether a 401 says that tokens are taken too (hybrid modern authentication)."""
        self.tokens = Tokens(self.now)
        self.connections = Connections(self.people)
        self.subscriptions = Subscriptions(self.now)
        self.room_lists: dict[str, RoomList] = {}
        self.hanging_limit = self.build.hanging
        self.subscription_limit = 5000
        """EWSMaxSubscriptions of one account."""
        self.heartbeat = 45.0
        """Seconds between signs of life on a stream."""
        self.find_limit: int | None = None
        """Items of one window at most; None for no limit."""
        self.backends = 1
        """Mailbox servers behind the one address: a subscription lives on one of them."""
        self.anchor_required = False
        """Whether a request without X-AnchorMailbox is turned away, as happens at times."""
        self.concurrency_limit = 27
        """EWSMaxConcurrency: requests of one account at once, streams apart."""
        self.in_flight: Counter[str] = Counter()
        self._clock = clock
        self._mailboxes: dict[str, Mailbox] = {}
        self._by_id: dict[UUID, Mailbox] = {}

    def now(self) -> datetime:
        """What time it is at the server."""
        return self._clock() + self.offset

    def add_mailbox(
        self,
        address: str,
        *,
        name: str = "",
        time_zone: str = "UTC",
        attendant: bool = False,
        hidden: bool = False,
    ) -> Mailbox:
        """Add a mailbox; see `Mailbox` for what its attendant does."""
        mailbox = Mailbox(
            address,
            name=name or address.partition("@")[0],
            time_zone=time_zone,
            attendant=attendant,
            now=self.now,
        )
        mailbox.hidden = hidden
        mailbox.listeners.append(self._changed)
        self._mailboxes[address.lower()] = self._by_id[mailbox.id] = mailbox
        return mailbox

    def mailbox(self, name: str) -> Mailbox:
        """A mailbox by its address.

        Raises:
            KeyError: there is none.
        """
        return self._mailboxes[name.lower()]

    def mailbox_by_id(self, mailbox_id: UUID) -> Mailbox:
        """A mailbox by its id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[mailbox_id]

    def mailboxes(self) -> list[Mailbox]:
        """All mailboxes."""
        return list(self._mailboxes.values())

    def remove_mailbox(self, name: str) -> Mailbox:
        """Take a mailbox away, with all it holds: deleted, or gone to the cloud."""
        gone = self._mailboxes.pop(name.lower())
        del self._by_id[gone.id]
        return gone

    def add_user(
        self,
        name: str,
        password: str,
        *,
        impersonates: Iterable[str] | Literal["all"] = (),
        delegate_of: Iterable[str] = (),
        reviewer_of: Iterable[str] = (),
        mailbox: str | None = None,
    ) -> User:
        """Add an account; with `mailbox` it has a calendar of its own, made if need be."""
        if mailbox is not None and mailbox.lower() not in self._mailboxes:
            self.add_mailbox(mailbox, hidden=True)
        user = User(
            name=name,
            password=password,
            mailbox=None if mailbox is None else self.mailbox(mailbox),
            impersonates=None if impersonates == "all" else addresses(impersonates),
            delegate_of=addresses(delegate_of),
            reviewer_of=addresses(reviewer_of),
        )
        return self.people.add(user)

    def add_room_list(self, address: str, rooms: Iterable[str], *, name: str = "") -> RoomList:
        """Add a list of rooms, or replace it."""
        made = RoomList(address=address, name=name or address.partition("@")[0], rooms=tuple(rooms))
        self.room_lists[address.lower()] = made
        return made

    def restart(self) -> None:
        """The server starts anew: subscriptions and streams are gone, calendars stay."""
        self.subscriptions.drop()

    def fail_over(self, address: str, *, times: int = 3, moving: bool = False) -> None:
        """A mailbox goes to another server: its subscriptions are lost, some requests refused."""
        code = "ErrorMailboxMoveInProgress" if moving else "ErrorMailboxFailover"
        self.subscriptions.drop(self.mailbox(address).address)
        self.faults.add(Error(code=code, mailbox=address, times=times))

    def _changed(self, mailbox: Mailbox, happened: Happened, change: Change) -> None:
        self.subscriptions.notify(mailbox, happened, change)
