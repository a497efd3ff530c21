"""Rooms of Google Workspace, read through the Calendar API.

`events.list` over the window with series expanded is the truth
(https://developers.google.com/workspace/calendar/api/v3/reference/events/list). The identity is a
service account: the rooms' calendars are shared with it, or it acts for one user of the domain.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import msgspec
from yarl import URL

from connector.address import unsafe
from connector.identity import Identity
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources.google.access import ServiceAccount
from connector.sources.google.calendar import GoogleCalendar
from connector.sources.google.calls import Calls
from connector.sources.google.signing import GOOGLE, read

PER_MINUTE = 600
"""Requests a minute that Google lets one user of a project make
(https://developers.google.com/workspace/calendar/api/guides/quota)."""
PER_DAY = 1_000_000
"""Requests a day beyond which a project is billed."""

_SCOPES = "https://www.googleapis.com/auth/"
READ = f"{_SCOPES}calendar.events.readonly"
WRITE = f"{_SCOPES}calendar.events"
ROOMS = f"{_SCOPES}admin.directory.resource.calendar.readonly"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: google`."""

    service_account: Secret | None = None
    """The JSON key of the service account, as Google hands it out."""
    subject: str = ""
    """The user for whom the account acts (domain-wide delegation); empty where the rooms' calendars
    are shared with the account itself."""
    customer: str = "my_customer"
    """Whose directory is searched for rooms; only resellers need another one."""
    calendar_url: str = ""
    """Another address of the Calendar API: tests, proxies."""
    directory_url: str = ""
    """Another address of the Directory API."""
    token_url: str = ""
    """Another address of the token endpoint."""
    notifications: Literal["poll", "webhook"] = "poll"
    """How changes are learnt of; `webhook` needs a public_url that Google can reach."""

    @property
    def calendar(self) -> URL:
        """Where the Calendar API v3 begins."""
        return _based(self.calendar_url or "https://www.googleapis.com", "/calendar/v3")

    @property
    def directory(self) -> URL:
        """Where the resources of the customer are."""
        url = _based(self.directory_url or "https://admin.googleapis.com", "/admin/directory/v1")
        return url / "customer" / self.customer / "resources"

    @property
    def token(self) -> URL:
        """Where tokens come from."""
        return URL(self.token_url or GOOGLE)

    @property
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials; one that tells the time comes first."""
        return self.token, self.calendar

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if self.service_account is None:
            yield "service_account_file", "required: the JSON key of the service account"
        elif self.service_account:
            try:
                read(self.service_account.reveal())
            except ValueError as error:
                yield "service_account_file", str(error)
        if self.subject and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.subject):
            yield "subject", "must be a user's address, as rooms-reader@example.com"
        if not re.fullmatch(r"\w+", self.customer):
            yield "customer", "must be my_customer or a customer id"
        for key in ("calendar_url", "directory_url", "token_url"):
            given: str = getattr(self, key)
            if given and (fault := unsafe(given)):
                yield key, fault


def _based(text: str, path: str) -> URL:
    url = URL(text.rstrip("/"))
    return url if url.path.endswith(path) else URL(f"{url}{path}".replace(f"/{path}", path))


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[CalendarSource]:
    """Hold the account's tokens for as long as the source lives."""
    async with AsyncExitStack() as stack:
        calls = await stack.enter_async_context(signed_in(options, outside, READ))
        lookup = await stack.enter_async_context(signed_in(options, outside, ROOMS))
        yield GoogleCalendar(
            outside,
            calls=calls,
            lookup=lookup,
            calendar=options.calendar,
            rooms=options.directory,
            webhook=options.notifications == "webhook",
        )


@asynccontextmanager
async def signed_in(options: Options, outside: Outside, scope: str) -> AsyncIterator[Calls]:
    """Requests with one scope: a missing right to look rooms up must not stop reading."""
    account = ServiceAccount(
        outside,
        key=options.service_account or Secret(""),
        subject=options.subject,
        scope=scope,
        token_url=options.token,
    )
    async with Identity(outside, account) as identity:
        yield Calls(outside, identity)
