"""Where the calendar of a room is: by a template, or by its name among many calendars."""

from collections.abc import AsyncIterator
from urllib.parse import unquote

from yarl import URL

from connector.errors import Malformed, NotFound
from connector.icalendar.addresses import LOCAL, MAILBOX, filled
from connector.sources.caldav.dav import C, D, Resource
from connector.sources.caldav.wire import Server, follow


class Places:
    """Finds calendars; what was found by asking is known until it is not there any more."""

    def __init__(self, server: Server, template: str) -> None:
        self._server = server
        self._template = template
        self._found: dict[str, URL] = {}

    @property
    def asked(self) -> bool:
        """Whether calendars are asked for, as the address is the same for all rooms."""
        return MAILBOX not in self._template and LOCAL not in self._template

    async def of(self, mailbox: str) -> URL:
        """The calendar of a room.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        if not self.asked:
            return _filled(self._template, mailbox)
        names = (mailbox.lower(), mailbox.lower().partition("@")[0])
        if not self._found.keys() & set(names):
            self._found = {name: url async for name, url in self._all()}
        for name in names:
            if name in self._found:
                return self._found[name]
        raise NotFound(
            "no calendar of this login is the room's",
            reason="not_found",
            fix="share the room's calendar with the login, and name it after the mailbox: its"
            " address or display name, with or without what follows the @",
        )

    def forget(self) -> None:
        """Look for calendars anew the next time."""
        self._found = {}

    async def prove(self) -> None:
        """Ask the server who the login is.

        What is above the calendars may be nobody's to read: then the login was not refused.

        Raises:
            Unavailable, Denied, Malformed: it did not go well.
        """
        url = _filled(self._template, "room@example.com")
        try:
            await self._server.properties(
                url if self.asked else url.origin(), "D:current-user-principal"
            )
        except (NotFound, Malformed) as error:
            if error.reason not in {"not_found", "gone", "request_refused"}:
                raise

    async def _all(self) -> AsyncIterator[tuple[str, URL]]:
        """The names under which calendars may be meant; of two of one name the later counts."""
        url = _filled(self._template, "")
        for one, place in await self._calendars(url) or await self._own(url):
            last = unquote(place.raw_path.rstrip("/").rpartition("/")[2])
            for name in (one.text(f"{D}displayname"), last):
                if name:
                    yield name.lower(), place

    async def _calendars(self, url: URL) -> list[tuple[Resource, URL]]:
        """The calendars in a collection."""
        names = ("D:resourcetype", "D:displayname")
        found = (await self._server.properties(url, *names, depth="1")).resources
        return [(one, follow(url, one.href)) for one in found if is_calendar(one)]

    async def _own(self, url: URL) -> list[tuple[Resource, URL]]:
        """The calendars of the login, where the address itself holds none."""
        return await self._calendars(await self._home(url))

    async def _home(self, url: URL) -> URL:
        """Where the login's calendars are (RFC 4791 §6.2.1), by its principal (RFC 5397)."""
        for one in (await self._server.properties(url, "D:current-user-principal")).resources:
            for href in one.hrefs(f"{D}current-user-principal"):
                url = follow(url, href)
        for one in (await self._server.properties(url, "C:calendar-home-set")).resources:
            for href in one.hrefs(f"{C}calendar-home-set"):
                return follow(url, href)
        return url


def is_calendar(resource: Resource) -> bool:
    """Whether a resource says that it is one (RFC 4791 §4.2)."""
    kind = resource.properties.get(f"{D}resourcetype")
    return kind is not None and kind.find(f"{C}calendar") is not None


def _filled(template: str, mailbox: str) -> URL:
    try:
        return filled(template, mailbox)
    except ValueError:
        raise NotFound("the room's mailbox makes no address", reason="not_found") from None
