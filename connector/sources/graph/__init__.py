"""Room mailboxes in Microsoft 365, read through Microsoft Graph.

Plain `calendarView` over the window is the truth: one small page a room
(https://learn.microsoft.com/graph/api/user-list-calendarview). The identity is an application with
`Calendars.Read`, narrowed to the room mailboxes by RBAC for Applications.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Literal

import msgspec
from yarl import URL

from connector.checkup import Remark
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources.graph.calendar import GraphCalendar
from connector.sources.graph.identity import AppIdentity
from connector.sources.graph.rights import zoom_remarks

_CLOUDS = {
    "global": ("https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "usgov": ("https://graph.microsoft.us", "https://login.microsoftonline.us"),
    "dod": ("https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
    "china": (
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.partner.microsoftonline.cn",
    ),
}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: graph`."""

    tenant_id: str
    """Directory (tenant) ID of the app registration, or one of the tenant's domains."""
    client_id: str
    """Application (client) ID."""
    client_secret: Secret | None = None
    """A client secret's value, not its ID."""
    certificate: Secret | None = None
    """PEM with the certificate and its RSA private key; better than a client secret."""
    cloud: Literal["global", "usgov", "dod", "china"] = "global"
    """Whose Graph and token service are used."""
    graph_url: str = ""
    """Another address of Graph, with or without its version: test tenants, proxies."""
    login_url: str = ""
    """Another address of the token service."""
    notifications: Literal["poll"] = "poll"
    """How changes are learnt of; this version polls."""

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
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials; one that tells the time comes first."""
        discovery = f"{self.tenant_id}/v2.0/.well-known/openid-configuration"
        return URL(self.login) / discovery, self.graph

    def remarks(self) -> Iterator[Remark]:
        """What is wrong with them, though they would start."""
        yield from zoom_remarks(self.client_id)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if (self.client_secret is None) == (self.certificate is None):
            yield "client_secret_file", "give either client_secret_file or certificate_file"
        if self.certificate and "PRIVATE KEY-----" not in self.certificate.reveal():
            yield (
                "certificate_file",
                "no private key in PEM; `openssl pkcs12 -in app.pfx -out app.pem -nodes` makes one",
            )
        for key in ("graph_url", "login_url"):
            if fault := _unsafe(getattr(self, key)):
                yield key, fault


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
    async with AppIdentity(
        outside,
        tenant_id=options.tenant_id,
        client_id=options.client_id,
        login_url=options.login,
        scope=options.scope,
        client_secret=options.client_secret,
        certificate=options.certificate,
    ) as identity:
        yield GraphCalendar(outside, identity, options.graph)
