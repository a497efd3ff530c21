"""A simulated Google Workspace: accounts, resources, calendars, channels, and its own clock."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.simulators.google.accounts import ServiceAccount, Token
from connector.simulators.google.calendar import Calendar, Role
from connector.simulators.google.channels import Channels
from connector.simulators.google.faults import Faults
from connector.simulators.google.journal import Journal

TOKEN_LIFE = timedelta(seconds=3599)
CUSTOMER = "C01234567"
ACCOUNT = "room-calendar-bridge@room-calendar-bridge.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A room in the directory."""

    id: str
    email: str
    name: str
    building: str
    floor: str
    capacity: int
    features: tuple[str, ...]
    category: str = "CONFERENCE_ROOM"


class Workspace:
    """Everything a client can meet, and what tests and demo do to it."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.offset = timedelta()
        self.sleep = sleep
        self.faults = Faults()
        self.journal = Journal()
        self.token_life = TOKEN_LIFE
        self.page_limit: int | None = None
        """Pages are cut to this length, whatever was asked for: Google may do that."""
        self.accounts: dict[str, ServiceAccount] = {}
        self.users: set[str] = set()
        self.admins: set[str] = set()
        """Users and accounts that may read the directory of resources."""
        self.buildings: dict[str, str] = {}
        self.resources: dict[str, Resource] = {}
        self.enabled = True
        """Whether the Calendar API is switched on in the project."""
        self._clock = clock
        self.channels = Channels(self.now, sleep)
        self._calendars: dict[str, Calendar] = {}
        self._tokens: dict[str, Token] = {}

    def now(self) -> datetime:
        """What time it is at Google."""
        return self._clock() + self.offset

    def add_service_account(
        self, email: str = ACCOUNT, *, delegated: Iterable[str] = ()
    ) -> ServiceAccount:
        """A service account with one key; `delegated` are scopes for the whole domain."""
        made = ServiceAccount(email=email.lower(), delegated=set(delegated))
        self.accounts[made.email] = made
        return made

    def add_user(self, address: str, *, admin: bool = False) -> None:
        """Somebody for whom a service account may act; an admin reads the directory."""
        self.users.add(address.lower())
        if admin:
            self.admins.add(address.lower())

    def add_room(
        self,
        address: str,
        *,
        name: str = "",
        time_zone: str = "Europe/London",
        building: str = "",
        floor: str = "",
        capacity: int = 0,
        features: Iterable[str] = (),
        shared_with: Iterable[str] = (),
        role: Role = "reader",
    ) -> Calendar:
        """A resource and its calendar, shared with a few."""
        address = address.lower()
        calendar = Calendar(
            address,
            name=name or address.partition("@")[0].title(),
            time_zone=time_zone,
            now=self.now,
        )
        calendar.changed = lambda: self.channels.tell(address)
        for one in shared_with:
            calendar.share(one, role)
        self._calendars[address] = calendar
        if building:
            self.buildings.setdefault(building, building)
        self.resources[address] = Resource(
            id=str(10_000 + len(self.resources)),
            email=address,
            name=calendar.name,
            building=building,
            floor=floor,
            capacity=capacity,
            features=tuple(features),
        )
        return calendar

    def calendar(self, address: str) -> Calendar:
        """A calendar by its id.

        Raises:
            KeyError: there is none.
        """
        return self._calendars[address.lower()]

    def calendars(self) -> list[Calendar]:
        """All calendars."""
        return list(self._calendars.values())

    def remove_room(self, address: str) -> Calendar:
        """A resource and its calendar, gone."""
        self.resources.pop(address.lower(), None)
        return self._calendars.pop(address.lower())

    def readdress(self, address: str, other: str) -> Calendar:
        """A calendar under another address, with all it holds."""
        calendar = self.remove_room(address)
        kept = self.add_room(other, name=calendar.name, time_zone=calendar.time_zone)
        kept.roles = calendar.roles
        for item in calendar.items():
            kept.put(
                item.id, item.start, item.end, fields=item.fields, zone=item.zone, rules=item.rules
            )
        return kept

    def issue_token(self, account: str, subject: str, scopes: Iterable[str]) -> str:
        """A new access token; those that expired are forgotten."""
        now = self.now()
        self._tokens = {text: one for text, one in self._tokens.items() if one.expires > now}
        text = f"ya29.c.{secrets.token_urlsafe(96)}"
        self._tokens[text] = Token(account, subject, frozenset(scopes), now + self.token_life)
        return text

    def token(self, text: str) -> Token | None:
        """What is known of an access token that has not expired."""
        token = self._tokens.get(text)
        return token if token and token.expires > self.now() else None

    def revoke_tokens(self) -> int:
        """Make all tokens worthless; how many there were."""
        count = len(self._tokens)
        self._tokens.clear()
        return count
