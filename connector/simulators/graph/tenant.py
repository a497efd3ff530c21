"""A simulated Microsoft 365 tenant: applications, tokens, mailboxes, and its own clock."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography import x509

from connector.simulators.graph.access_token import access_token
from connector.simulators.graph.delivery import Delivery, Hub
from connector.simulators.graph.directory import RoomDetails, RoomList
from connector.simulators.graph.faults import Fault, Faults
from connector.simulators.graph.journal import Journal
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.people import Account, RefreshTokens, SignIn, SignIns
from connector.simulators.graph.sessions import Presences
from connector.simulators.graph.subscriptions import Subscriptions

TENANT_ID = "3b0f6f1e-6d6f-4f0e-9a51-0c0de0c0ffee"
CLIENT_ID = "7f3c2b1a-5b4d-4c3e-8f2a-1e0d0c0b0a09"
TOKEN_LIFE = timedelta(seconds=3599)
IN_FLIGHT_LIMIT = 4
"""Requests at once of one application on one mailbox (Graph's throttling limits for Outlook)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An application that was registered in the tenant, and what it may read."""

    client_id: str
    secret: str | None = None
    secret_expires: datetime | None = None
    certificates: tuple[x509.Certificate, ...] = ()
    scope: frozenset[str] | None = None
    """Addresses of mailboxes; None for all."""
    roles: tuple[str, ...] = ()
    """Application permissions that Entra granted, as its tokens name them."""
    writes: bool = False
    """Whether RBAC in Exchange lets it write in its scope, of which no token tells."""
    public: bool = False
    """Whether people may sign in for it without a secret of its own ("public client flows")."""

    def reads(self, address: str) -> bool:
        """Whether a mailbox is within its scope."""
        return self.scope is None or address.lower() in self.scope


@dataclass(frozen=True, slots=True)
class Token:
    """Who may use an access token, and until when."""

    client_id: str
    expires: datetime
    account: str = ""
    """Somebody who signed in; empty for the application itself."""
    scopes: frozenset[str] = frozenset()
    """Delegated permissions."""


class Tenant:
    """Everything a client can meet, and what tests and demo do to it."""

    def __init__(
        self,
        *,
        tenant_id: str = TENANT_ID,
        domains: Iterable[str] = ("example.com",),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.tenant_id = tenant_id.lower()
        self.domains = frozenset(domain.lower() for domain in domains)
        self.offset = timedelta()
        self.sleep = sleep
        self.faults = Faults()
        self.journal = Journal()
        self.token_life = TOKEN_LIFE
        self.apps: dict[str, App] = {}
        self.accounts: dict[str, Account] = {}
        self.room_lists: dict[str, RoomList] = {}
        self.sign_ins = SignIns(self.now)
        self.refresh_tokens = RefreshTokens(self.now)
        self.delivery = Delivery(self.now, sleep)
        self.subscriptions = Subscriptions(self.tenant_id, self.now, self._push, self.delivery)
        self.presences = Presences(self.now)
        self._clock = clock
        self._mailboxes: dict[str, Mailbox] = {}
        self._tokens: dict[str, Token] = {}
        self._in_flight: Counter[tuple[str, str]] = Counter()

    def now(self) -> datetime:
        """What time it is in the tenant."""
        return self._clock() + self.offset

    @property
    def hub(self) -> Hub:
        """What went to Event Hubs."""
        return self.delivery.hub

    def _push(self, mailbox: str) -> list[Fault]:
        """What goes wrong with notifications."""
        return self.faults.take("push", mailbox, {})

    def register_app(
        self,
        client_id: str = CLIENT_ID,
        *,
        secret: str | None = None,
        secret_expires: datetime | None = None,
        certificate: str | bytes | None = None,
        scope: Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
        writes: bool = False,
        public: bool = False,
    ) -> App:
        """Register an application, or replace it; a certificate is PEM, perhaps several.

        A `scope` stands for RBAC in Exchange, of which no token tells; without it the right to
        read comes from Entra and is one of the token's roles.
        """
        pem = certificate.encode() if isinstance(certificate, str) else certificate
        app = App(
            client_id=client_id.lower(),
            secret=secret,
            secret_expires=secret_expires,
            certificates=tuple(x509.load_pem_x509_certificates(pem)) if pem else (),
            scope=None if scope is None else frozenset(address.lower() for address in scope),
            roles=tuple(roles) if roles is not None else _usual_roles(narrowed=scope is not None),
            writes=writes,
            public=public,
        )
        self.apps[app.client_id] = app
        return app

    def add_mailbox(
        self,
        address: str,
        *,
        name: str = "",
        time_zone: str = "UTC",
        rest_enabled: bool = True,
        room: RoomDetails | None = RoomDetails(),  # noqa: B008 - it is frozen
    ) -> Mailbox:
        """Add a mailbox; one that is not enabled for REST lives on-premises or is asleep.

        It is that of a room, unless `room` is None.
        """
        mailbox = Mailbox(
            address,
            name=name or address.partition("@")[0],
            time_zone=time_zone,
            rest_enabled=rest_enabled,
            now=self.now,
            room=room,
        )
        mailbox.changed = self.subscriptions.changed
        self._mailboxes[address.lower()] = mailbox
        return mailbox

    def mailbox(self, name: str) -> Mailbox:
        """A mailbox by its address or id.

        Raises:
            KeyError: there is none.
        """
        if name.lower() in self._mailboxes:
            return self._mailboxes[name.lower()]
        if is_guid(name):
            for mailbox in self._mailboxes.values():
                if mailbox.id == UUID(name):
                    return mailbox
        raise KeyError(name)

    def mailboxes(self) -> list[Mailbox]:
        """All mailboxes."""
        return list(self._mailboxes.values())

    def remove_mailbox(self, name: str) -> Mailbox:
        """Take a mailbox away, with all it holds."""
        return self._mailboxes.pop(self.mailbox(name).address.lower())

    def add_room_list(self, address: str, *, name: str = "", rooms: Iterable[str] = ()) -> RoomList:
        """Add a room list, or replace it; rooms by their addresses."""
        made = RoomList(
            address=address,
            name=name or address.partition("@")[0],
            rooms=frozenset(one.lower() for one in rooms),
        )
        self.room_lists[address.lower()] = made
        return made

    def add_account(self, address: str, *, mailboxes: Iterable[str] = ()) -> Account:
        """Add somebody with whom these calendars are shared, or share others with them."""
        shared = frozenset(one.lower() for one in mailboxes)
        account = Account(address.lower(), shared)
        self.accounts[account.address] = account
        return account

    def remove_account(self, address: str) -> Account:
        """Somebody leaves.

        Raises:
            KeyError: there is nobody of that address.
        """
        return self.accounts.pop(address.lower())

    def sign_in(self, user_code: str, address: str) -> SignIn:
        """Somebody enters a code and signs in.

        Raises:
            KeyError: no sign-in waits with this code, or there is nobody of that address.
        """
        one = self.sign_ins.by_user(user_code)
        one.account = self.accounts[address.lower()].address
        return one

    def known_as(self, name: str) -> bool:
        """Whether this is the tenant's id or one of its domains."""
        return name.lower() == self.tenant_id or name.lower() in self.domains

    def issue_token(self, client_id: str, *, account: str = "", scopes: Iterable[str] = ()) -> str:
        """A new access token; those that expired are forgotten."""
        now = self.now()
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires > now}
        expires = now + self.token_life
        app = self.apps.get(client_id.lower())
        text = access_token(
            tenant_id=self.tenant_id,
            client_id=client_id,
            roles=app.roles if app and not account else (),
            scopes=scopes,
            account=account,
            issued=now,
            expires=expires,
        )
        self._tokens[text] = Token(client_id, expires, account, frozenset(scopes))
        return text

    def token(self, text: str) -> Token | None:
        """What is known of an access token."""
        return self._tokens.get(text)

    def revoke_tokens(self, client_id: str | None = None) -> int:
        """Make tokens worthless, of one application or all; how many there were."""
        kept = {
            text: token
            for text, token in self._tokens.items()
            if client_id is not None and token.client_id != client_id.lower()
        }
        revoked = len(self._tokens) - len(kept)
        self._tokens = kept
        return revoked

    @contextmanager
    def in_flight(self, client_id: str, mailbox: str) -> Iterator[int]:
        """Count a request while it is answered; how many there are on the mailbox with it."""
        key = client_id, mailbox
        self._in_flight[key] += 1
        try:
            yield self._in_flight[key]
        finally:
            self._in_flight[key] -= 1
            if not self._in_flight[key]:
                del self._in_flight[key]


def _usual_roles(*, narrowed: bool) -> tuple[str, ...]:
    return () if narrowed else ("Calendars.Read",)


def is_guid(text: str) -> bool:
    """Whether this is a GUID as Microsoft writes them."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
