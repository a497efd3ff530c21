"""Room mailboxes in Microsoft 365, read through Microsoft Graph.

Plain `calendarView` over the window is the truth: one small page a room
(https://learn.microsoft.com/graph/api/user-list-calendarview). The identity is an application with
`Calendars.Read`, narrowed to the room mailboxes by RBAC for Applications; or a service account with
which the rooms' calendars are shared.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from ipaddress import ip_address
from typing import Literal

import msgspec
from yarl import URL

from connector.checkup import Remark
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource, SignIn
from connector.sources.graph import coverage, device
from connector.sources.graph.application import Application, Proof
from connector.sources.graph.calendar import GraphCalendar
from connector.sources.graph.delegate import KEPT_AS, Client, Delegate
from connector.sources.graph.eventhub import SCOPE, Receiver
from connector.sources.graph.hub import EventHub
from connector.sources.graph.identity import Identity, Way
from connector.sources.graph.managed import ManagedIdentity
from connector.sources.graph.rights import zoom_remarks
from connector.sources.graph.service import Service
from connector.sources.graph.subscriptions import LONGEST, SHORTEST

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

_ONE_WAY = (
    "give exactly one of client_secret_file, certificate_file, managed_identity: true and"
    " delegate: {account: …}"
)
_EITHER = (
    "give either client_secret_file or certificate_file; a second credential is"
    " next_client_secret_file or next_certificate_file"
)
_NO_KEY = "no private key in PEM; `openssl pkcs12 -in app.pfx -out app.pem -nodes` makes one"


class DelegateAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A service account with which the calendars of the rooms are shared."""

    account: str = ""
    """Its user principal name; nobody else may sign in for this source."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: graph`."""

    tenant_id: str = ""
    """Directory (tenant) ID of the app registration, or one of the tenant's domains."""
    client_id: str = ""
    """Application (client) ID; of a managed identity only where several are assigned."""
    client_secret: Secret | None = None
    """A client secret's value, not its ID."""
    client_secret_expires: date | None = None
    """The day on which it ends, as Entra shows it: nobody else can know."""
    certificate: Secret | None = None
    """PEM with the certificate and its RSA private key; better than a client secret."""
    next_client_secret: Secret | None = None
    """A second one, tried where the first is refused: to change without a gap."""
    next_client_secret_expires: date | None = None
    """The day on which that one ends."""
    next_certificate: Secret | None = None
    """A second certificate, tried where the first credential is refused."""
    managed_identity: bool = False
    """The machine's own identity, through Azure Arc, instead of a secret or certificate."""
    delegate: DelegateAccount = DelegateAccount()
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
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials; one that tells the time comes first."""
        discovery = f"{self.tenant_id or 'organizations'}/v2.0/.well-known/openid-configuration"
        return URL(self.login) / discovery, self.graph

    def remarks(self) -> Iterator[Remark]:
        """What is wrong with them, though they would start."""
        yield from zoom_remarks(self.client_id)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        yield from self._unproven()
        if not self.managed_identity:
            for key in ("tenant_id", "client_id"):
                if not getattr(self, key):
                    yield key, "required"
        for key in ("certificate", "next_certificate"):
            given: Secret | None = getattr(self, key)
            if given and "PRIVATE KEY-----" not in given.reveal():
                yield f"{key}_file", _NO_KEY
        for key in ("graph_url", "login_url"):
            if fault := _unsafe(getattr(self, key)):
                yield key, fault
        if not SHORTEST <= self.subscription_minutes <= LONGEST:
            yield "subscription_minutes", f"must be from {SHORTEST} to {LONGEST:,}"
        yield from self._untold()

    def _untold(self) -> Iterator[tuple[str, str]]:
        """Why Microsoft could not tell of changes as it is asked to."""
        if self.notifications != "poll" and self.delegate.account:
            words = f"{self.notifications} needs an application: Graph tells no account of others"
            yield "notifications", words
        if self.notifications == "eventhub":
            for key, words in self.eventhub.problems():
                yield f"eventhub.{key}", words

    def _unproven(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the ways in which the identity proves itself: exactly one."""
        own = self.client_secret is not None or self.certificate is not None
        second = self.next_client_secret is not None or self.next_certificate is not None
        account = self.delegate.account
        if own + self.managed_identity + bool(account) != 1:
            yield "client_secret_file", _ONE_WAY
        elif self.client_secret is not None and self.certificate is not None:
            yield "client_secret_file", _EITHER
        if second and not own:
            yield "next_certificate_file", "a second credential needs a first one"
        if self.next_client_secret is not None and self.next_certificate is not None:
            yield "next_client_secret_file", "give one second credential, not two"
        if account and not re.fullmatch(r"[^@\s]+@[^@\s]+", account):
            yield "delegate.account", "must be a user principal name, as rooms@example.com"
        for key in ("client_secret", "next_client_secret"):
            if getattr(self, f"{key}_expires") and getattr(self, key) is None:
                yield f"{key}_expires", f"there is no {key}_file whose end it could be"


def _unsafe(text: str) -> str | None:
    """Why tokens and secrets must not be sent to this address."""
    if not text:
        return None
    try:
        url = URL(text)
    except ValueError:
        return "is not a URL"
    if url.scheme not in {"https", "http"} or not url.host:
        return "must be an https:// URL"
    if url.scheme == "http" and not _is_loopback(url.host):
        return "must be https: tokens are sent there (http is accepted on loopback only)"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[CalendarSource]:
    """Hold one identity and its token for as long as the source lives."""
    async with Identity(outside, _way(options, outside, options.scope)) as identity:
        minutes = None if options.notifications == "poll" else options.subscription_minutes
        service = Service(outside, identity, options.graph)
        receiver = _receiver(options, outside) if options.notifications == "eventhub" else None
        yield GraphCalendar(service, subscription_minutes=minutes, receiver=receiver)


def _receiver(options: Options, outside: Outside) -> Receiver:
    """What fetches notifications, with a policy's key or as the application itself."""
    signed = options.eventhub.connection_string is not None
    way = None if signed else _way(options, outside, SCOPE)
    return Receiver(outside, options.eventhub, way)


async def sign_in(options: Options, outside: Outside) -> SignIn | None:
    """Begin the sign-in of the service account; None where no person is needed.

    Raises:
        Unavailable, Denied, Malformed: there is no code to sign in with, or no vault.
    """
    if not options.delegate.account:
        return None
    return await device.begin(outside, _client(options))


def _way(options: Options, outside: Outside, scope: str) -> Way:
    """How the identity comes to its tokens."""
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
        proofs=list(_proofs(options)),
    )


def _client(options: Options) -> Client:
    return Client(
        login=options.login,
        tenant_id=options.tenant_id,
        client_id=options.client_id,
        account=options.delegate.account,
        scope=options.delegated_scope,
    )


def _proofs(options: Options) -> Iterator[Proof]:
    """The credentials in the order in which they are tried first."""
    for prefix in ("", "next_"):
        secret: Secret | None = getattr(options, f"{prefix}client_secret")
        if secret is not None:
            day: date | None = getattr(options, f"{prefix}client_secret_expires")
            end = datetime.combine(day, time(), UTC) if day else None
            yield Proof(
                name=f"{prefix}client_secret", kind="client_secret", secret=secret, expires=end
            )
        certificate: Secret | None = getattr(options, f"{prefix}certificate")
        if certificate is not None:
            yield Proof.certificate(f"{prefix}certificate", certificate)
