"""Room mailboxes on Exchange Server, read through Exchange Web Services.

A view of the calendar gives the ids, GetItem the rest, ten at a time; streaming notifications tell
when to read (https://learn.microsoft.com/exchange/client-developer/exchange-web-services/
mailbox-synchronization-and-ews-in-exchange). exchangelib signs in and holds the connections.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import msgspec
from yarl import URL

from connector.address import unsafe
from connector.identity import Identity
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources.ews import kerberos
from connector.sources.ews.calendar import EwsCalendar
from connector.sources.ews.channel import Login, Way
from connector.sources.ews.line import Line
from connector.sources.ews.oauth import Application
from connector.sources.ews.streaming import StreamingCalendar

_CLOUDS = (
    "outlook.office365.com",
    "outlook.office.com",
    "outlook.office365.us",
    "outlook-dod.office365.us",
    "webmail.apps.mil",
    "partner.outlook.cn",
    "outlook.office.de",
)
_CLOUD = (
    "is Exchange Online, where Microsoft has been switching EWS off since October 2026 and ends it"
    " for everybody on 1 April 2027; its mailboxes are read with `kind: graph`"
)
_KERBEROS = f"kerberos_missing: kerberos needs libraries that are not installed: {kerberos.INSTALL}"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: ews`."""

    url: str = ""
    """Address of Exchange Web Services: `https://mail.example.com/EWS/Exchange.asmx`."""
    auth: Literal["basic", "ntlm", "kerberos", "oauth"] = "ntlm"
    """How the account signs in; kerberos is best, basic goes over TLS only."""
    username: str = ""
    """The service account: `DOMAIN\\name` or name@example.com; not with kerberos or oauth."""
    password: Secret | None = None
    """Its password."""
    impersonation: bool = True
    """Whether the account acts as each room (ApplicationImpersonation); else the calendars of the
    rooms are shared with it."""
    client_id: str = ""
    """With oauth: the application (client) ID."""
    client_secret: Secret | None = None
    """With oauth: its client secret."""
    token_url: str = ""
    """With oauth: where tokens come from; Entra's or that of AD FS."""
    scope: str = ""
    """With oauth: what tokens are asked for; default: `/.default` of the server in `url`."""
    notifications: Literal["stream", "poll"] = "stream"
    """How changes are learnt of: told by the server as they happen, or polled."""

    @property
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials; one that tells the time comes first."""
        return (URL(self.url),)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if fault := _unfit(self.url):
            yield "url", fault
        if self.auth == "oauth":
            yield from self._application()
        elif self.auth == "kerberos":
            if not kerberos.is_there():
                yield "auth", _KERBEROS
        else:
            if not self.username:
                yield "username", "required"
            if self.password is None:
                yield "password_file", "required"

    def _application(self) -> Iterator[tuple[str, str]]:
        """What is wrong with an application that signs in as itself."""
        for key in ("client_id", "client_secret", "token_url"):
            if not getattr(self, key) and (key != "client_secret" or self.client_secret is None):
                yield "client_secret_file" if key == "client_secret" else key, "required"
        if self.token_url and (fault := unsafe(self.token_url)):
            yield "token_url", fault
        if not self.impersonation:
            yield "impersonation", "must be true with oauth: an application has no mailbox"


def _unfit(text: str) -> str | None:
    """Why this is no address of Exchange Server."""
    if not text:
        return "required, as https://mail.example.com/EWS/Exchange.asmx"
    if fault := unsafe(text):
        return fault
    host = (URL(text).host or "").lower().rstrip(".")
    return _CLOUD if any(host == one or host.endswith(f".{one}") for one in _CLOUDS) else None


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[CalendarSource]:
    """Hold the connections of one account for as long as the source lives."""
    async with opened(options, outside) as line:
        yield StreamingCalendar(line) if options.notifications == "stream" else EwsCalendar(line)


def opened(options: Options, outside: Outside) -> Line:
    """The line to the server, for reading or for writing."""
    auth: Way = options.auth
    bearer = None
    if auth == "oauth":
        application = Application(
            outside,
            token_url=options.token_url,
            client_id=options.client_id,
            client_secret=options.client_secret or Secret(""),
            scope=options.scope or f"{URL(options.url).origin()}/.default",
        )
        bearer = Identity(outside, application)
    login = Login(URL(options.url), auth, options.username, options.password)
    return Line(login, outside, impersonates=options.impersonation, bearer=bearer)
