"""Reading `calendarView`: pages, limits, and what each failure means."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from yarl import URL

from connector.checkup import Remark, Wanted
from connector.errors import ConnectorError, Denied, Malformed, NotFound
from connector.http import Answer, ask, failure
from connector.outside import Outside
from connector.source import Credential
from connector.sources.graph import wire
from connector.sources.graph.checkup import examination
from connector.sources.graph.identity import Identity
from rooms.model import Event, Window
from rooms.room import Room

PAGE = 100
"""Events asked for at a time."""
PAGES = 200
"""Pages after which a calendar is held to be endless."""
PAGE_LIMIT = 50 << 20
"""Bytes of one page."""
READ_LIMIT = 60.0
"""Seconds for one page."""

# Sent with every page: Microsoft applies some of them to the request that carries them only.
_PREFER = (
    'outlook.timezone="UTC", outlook.body-content-type="text", IdType="ImmutableId",'
    f" odata.maxpagesize={PAGE}"
)

_FIXES = {
    "ErrorAccessDenied": "add the mailbox to the app's management scope in Exchange and check with"
    " Test-ServicePrincipalAuthorization; a new grant takes up to two hours",
    "MailboxNotEnabledForRESTAPI": "the mailbox is not in Exchange Online: it is on Exchange"
    " Server, without a licence, or deleted",
    "ErrorInvalidUser": "no mailbox has this address: compare `mailbox` with Get-EXOMailbox",
}
_FIXES["MailboxNotSupportedForRESTAPI"] = _FIXES["MailboxNotEnabledForRESTAPI"]
_FIXES["ResourceNotFound"] = _FIXES["Request_ResourceNotFound"] = _FIXES["ErrorInvalidUser"]
_ELSEWHERE = {"MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI"}


class GraphCalendar:
    """The calendars that one identity may read."""

    def __init__(self, outside: Outside, identity: Identity, graph: URL) -> None:
        self._outside = outside
        self._identity = identity
        self._graph = graph
        self._origin = graph.origin()
        self._tls = outside.tls if graph.scheme == "https" else True
        self._route = outside.route(graph)

    async def fetch(self, room: Room, window: Window) -> Sequence[Event]:
        """Every event of a room's calendar that overlaps the window."""
        url = self._view(room.mailbox, window)
        events: list[Event] = []
        seen = {url}
        for _ in range(PAGES):
            page = wire.page(await self._read(url))
            events += wire.events(page)
            if page.next_link is None:
                return [event for event in events if _inside(event, room, window)]
            url = self._follow(page.next_link)
            if url in seen:
                break
            seen.add(url)
        raise Malformed("the calendar's pages never end", reason="endless_pages")

    async def examine(self, wanted: Wanted) -> Sequence[Remark]:
        """What is wrong with identity and rights."""
        return await examination(self._identity.token, self._look, wanted)

    async def _look(self, mailbox: str) -> None:
        """Ask for an hour of a mailbox; whether it may be read shows in nothing less."""
        now = self._outside.clock.now()
        await self._read(self._view(mailbox, Window(start=now, end=now + timedelta(hours=1))))

    def credentials(self) -> Sequence[Credential]:
        """What the identity proves itself with."""
        return self._identity.credentials()

    async def prove(self) -> None:
        """Sign in now.

        Raises:
            Unavailable, Denied, Malformed: it did not go well.
        """
        await self._identity.token()

    def _view(self, mailbox: str, window: Window) -> URL:
        return URL(
            f"{self._graph}/users/{quote(mailbox, safe='@')}/calendarView"
            f"?startDateTime={_utc(window.start)}&endDateTime={_utc(window.end)}"
            f"&$select={wire.SELECT}&$orderby=start/dateTime&$top={PAGE}",
            encoded=True,
        )

    def _follow(self, link: str) -> URL:
        """The next page, as the service wrote it: only from Graph itself, or the token leaks."""
        try:
            url = URL(link, encoded=True)
            same = url.origin() == self._origin
        except ValueError:
            same = False
        if not same:
            raise Malformed("the next page is at another host; refused", reason="foreign_link")
        return url

    async def _read(self, url: URL) -> bytes:
        """One page, with a new token where the first is refused."""
        token = await self._identity.token()
        answer = await self._ask(url, token)
        if answer.status == 401:
            self._identity.refused(token)
            answer = await self._ask(url, await self._identity.token())
        if answer.status != 200:
            raise _meaning(answer, self._outside.clock.now())
        if answer.is_html:
            raise Malformed("a web page came instead of JSON", reason="not_json")
        return answer.body

    async def _ask(self, url: URL, token: str) -> Answer:
        return await ask(
            self._outside.http,
            "GET",
            url,
            seconds=READ_LIMIT,
            limit=PAGE_LIMIT,
            tls=self._tls,
            headers={
                "Authorization": f"Bearer {token}",
                "Prefer": _PREFER,
                "Accept": "application/json",
            },
            **self._route,
        )


def _inside(event: Event, room: Room, window: Window) -> bool:
    when = event.when
    if isinstance(when, Window) and when.start < window.end and when.end > window.start:
        return True
    return when is None or window.overlaps(when.window(room.zone))


def _utc(instant: datetime) -> str:
    return f"{instant.isoformat()[:19]}Z"


def _meaning(answer: Answer, now: datetime) -> ConnectorError:
    """What an error answer means here; the service's code tells more than its status."""
    code = wire.error_code(answer.body)
    fix = _FIXES.get(code, "")
    if answer.status == 401:
        return Denied(
            "Graph refused a new token",
            reason="token_refused",
            fix="check that the app still exists, and the appliance's clock",
            everywhere=True,
        )
    if answer.status == 404 and code in _ELSEWHERE:
        return NotFound(f"HTTP 404 {code}", reason="mailbox_elsewhere", fix=fix)
    error = failure(answer, now, what=code)
    error.fix = fix
    return error
