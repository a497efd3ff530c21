"""Calendars on a CalDAV server (RFC 4791): one a room, read with one login.

What changed is asked for (RFC 6578) where the server tells it. The login needs to read the rooms'
calendars; to write them only where the policy allows it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from yarl import URL

from connector.icalendar.addresses import fault, filled, login
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources.caldav.calendar import CalDavCalendar
from connector.sources.caldav.places import Places
from connector.sources.caldav.wire import Server


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under `sources.<name>` when `kind: caldav`."""

    url: str = ""
    """Where the calendars are: `{mailbox}` stands for a room's address, `{local}` for what is
    before its `@`. Without either, the calendars in that collection are looked through, and where
    there are none the login's own."""
    username: str = ""
    """The login that reads them (Basic)."""
    password: Secret | None = None
    """Its password."""

    @property
    def services(self) -> Sequence[URL]:
        """Addresses that answer without credentials."""
        return (filled(self.url, "room@example.com").origin(),)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not self.url:
            yield "url", "required"
        elif found := fault(self.url):
            yield "url", found
        if bool(self.username) != (self.password is not None):
            yield "password_file", "username and password go together"
        elif ":" in self.username:
            yield "username", "must not hold a colon"


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[CalendarSource]:
    """There is nothing to open: each request signs itself in."""
    server = Server(outside, login(options.username, options.password))
    yield CalDavCalendar(outside, server, Places(server, options.url))
