"""Room mailboxes in Microsoft 365, read through Microsoft Graph.

Plain `calendarView` over the window is the truth: one small page a room
(https://learn.microsoft.com/graph/api/user-list-calendarview). The identity is an application with
`Calendars.Read`, narrowed to the room mailboxes by RBAC for Applications; or a service account with
which the rooms' calendars are shared.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal, Self

import msgspec
from yarl import URL

from connector.address import unsafe
from connector.checkup import Remark
from connector.identity import Identity, Way
from connector.outside import Outside
from connector.source import CalendarSource, Credential, SignIn
from connector.sources.graph import coverage, device
from connector.sources.graph.application import Application
from connector.sources.graph.calendar import GraphCalendar
from connector.sources.graph.credentials import Credentials, DelegateAccount
from connector.sources.graph.delegate import KEPT_AS, Client, Delegate
from connector.sources.graph.eventhub import SCOPE, Receiver
from connector.sources.graph.hub import EventHub
from connector.sources.graph.managed import ManagedIdentity
from connector.sources.graph.rights import zoom_remarks
from connector.sources.graph.service import Service
from connector.sources.graph.subscriptions import LONGEST, SHORTEST

__all__ = ["KEPT", "Credentials", "DelegateAccount", "Options", "connect", "sign_in", "way"]

KEPT = (KEPT_AS, coverage.KEPT_AS)
"""What a source keeps: a service account's token, and the key of notifications."""

_CLOUDS = {
    "global": ("https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "usgov": ("https://graph.microsoft.us", "https://login.microsoftonline.us"),
    "dod": ("https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
    "china": (
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.partner.microsoftonline.cn",
    ),
}


class Options(Credentials, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: graph`."""

    delegate: DelegateAccount = DelegateAccount()
    writer: Credentials | None = None
    """A second identity, that writes: this one then needs no more than to read."""
    cloud: Literal["global", "usgov", "dod", "china"] = "global"
    """Whose Graph and token service are used."""
    graph_url: str = ""
    """Another address of Graph, with or without its version: test tenants, proxies."""
    login_url: str = ""
    """Another address of the token service."""
    notifications: Literal["poll", "webhook", "eventhub"] = "poll"
    """How changes are learnt of: by asking, told by Microsoft at `public_url`, or fetched from an
    Event Hub."""
    eventhub: EventHub = EventHub()
    """The hub of `notifications: eventhub`."""
    subscription_minutes: int = 10_000
    """How long Microsoft is asked to tell of changes before it is asked again; at most 10,080."""
    presence: Literal["none", "write"] = "none"
    """Whether Teams is told which rooms are in a call: by the identity that writes, which needs
    `Presence.ReadWrite.All` for the whole tenant."""

    @property
    def account(self) -> str:
        """Who must sign in for it."""
        return self.delegate.account

    @property
    def graph(self) -> URL:
        """Where Graph's v1.0 begins."""
        url = URL(self.graph_url or _CLOUDS[self.cloud][0])
        return url if url.path.rstrip("/").endswith("/v1.0") else url / "v1.0"

    @property
    def login(self) -> str:
        """Where tokens come from."""
        return self.login_url or _CLOUDS[self.cloud][1]

    @property
    def scope(self) -> str:
        """What tokens are asked for: everything granted to the app at this cloud's Graph."""
        return f"{_CLOUDS[self.cloud][0]}/.default"

    @property
    def delegated_scope(self) -> str:
        """What a service account is asked for: to read calendars shared with it, and to go on."""
        return f"{_CLOUDS[self.cloud][0]}/Calendars.Read.Shared offline_access"

    @property
    def writing(self) -> Self:
        """The same service as the identity reaches it that writes."""
        if self.writer is None:
            return self
        own = {name: getattr(self.writer, name) for name in Credentials.__struct_fields__}
        own["tenant_id"] = self.writer.tenant_id or self.tenant_id
        return msgspec.structs.replace(self, writer=None, delegate=DelegateAccount(), **own)

    @property
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials; one that tells the time comes first."""
        discovery = f"{self.tenant_id or 'organizations'}/v2.0/.well-known/openid-configuration"
        return URL(self.login) / discovery, self.graph

    def remarks(self) -> Iterator[Remark]:
        """What is wrong with them, though they would start."""
        yield from zoom_remarks(self.client_id)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        yield from self.unproven()
        if self.writer is not None:
            for key, words in self.writing.unproven():
                yield f"writer.{key}", words
        if self.account and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.account):
            yield "delegate.account", "must be a user principal name, as rooms@example.com"
        for key in ("graph_url", "login_url"):
            given: str = getattr(self, key)
            if given and (fault := unsafe(given)):
                yield key, fault
        if not SHORTEST <= self.subscription_minutes <= LONGEST:
            yield "subscription_minutes", f"must be from {SHORTEST} to {LONGEST:,}"
        yield from self._untold()
        if self.presence == "write" and self.writing.account:
            words = "a service account only reads: name an application as `writer`, or none"
            yield "presence", words
        elif self.presence == "write" and not self.writing.client_id:
            yield "presence", "needs client_id: Microsoft tells applications apart by it"

    def _untold(self) -> Iterator[tuple[str, str]]:
        """Why Microsoft could not tell of changes as it is asked to."""
        if self.notifications != "poll" and self.delegate.account:
            words = f"{self.notifications} needs an application: Graph tells no account of others"
            yield "notifications", words
        if self.notifications == "eventhub":
            for key, words in self.eventhub.problems():
                yield f"eventhub.{key}", words


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[CalendarSource]:
    """Hold one identity and its token for as long as the source lives."""
    waiting = tuple(_writers(options))
    async with Identity(outside, way(options, outside), waiting) as identity:
        minutes = None if options.notifications == "poll" else options.subscription_minutes
        service = Service(outside, identity, options.graph)
        receiver = _receiver(options, outside) if options.notifications == "eventhub" else None
        yield GraphCalendar(service, subscription_minutes=minutes, receiver=receiver)


def _receiver(options: Options, outside: Outside) -> Receiver:
    """What fetches notifications, with a policy's key or as the application itself."""
    signed = options.eventhub.connection_string is not None
    own = None if signed else way(options, outside, SCOPE)
    return Receiver(outside, options.eventhub, own)


async def sign_in(options: Options, outside: Outside) -> SignIn | None:
    """Begin the sign-in of the service account; None where no person is needed.

    Raises:
        Unavailable, Denied, Malformed: there is no code to sign in with, or no vault.
    """
    if not options.delegate.account:
        return None
    return await device.begin(outside, _client(options))


def _writers(options: Options) -> Iterator[Credential]:
    """What the second identity proves itself with, so that its end is told too."""
    for proof in options.writer.proofs() if options.writer else ():
        yield replace(proof.credential(), name=f"writer.{proof.name}")


def way(options: Options, outside: Outside, scope: str = "") -> Way:
    """How the identity comes to its tokens: Graph's, or those of another service."""
    scope = scope or options.scope
    if options.managed_identity:
        return ManagedIdentity(client_id=options.client_id, scope=scope)
    if options.delegate.account:
        return Delegate(outside, _client(options))
    return Application(
        outside,
        tenant_id=options.tenant_id,
        client_id=options.client_id,
        login_url=options.login,
        scope=scope,
        proofs=list(options.proofs()),
    )


def _client(options: Options) -> Client:
    return Client(
        login=options.login,
        tenant_id=options.tenant_id,
        client_id=options.client_id,
        account=options.delegate.account,
        scope=options.delegated_scope,
    )
