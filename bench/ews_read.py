"""CPU of reading a room from Exchange Server, against the least and the most it could be.

`ews_read_vs_lxml` is the driver's whole read of 100 meetings with two kilobytes of text each: one
FindItem, ten GetItem, signed in with Basic, every event made. The baseline asks the same of the
same server with aiohttp, reads the answers with lxml under the same caution, and takes a dozen
fields as plain strings. It decides whether the driver has to leave the sessions of exchangelib for
aiohttp: from ten times the baseline on.
`ews_view_vs_driver` is exchangelib's own `view()` of the same meetings and properties, against the
driver. It decides whether operations of our own are worth having: from twice the driver's cost on.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import BasicAuth, web
from exchangelib import (
    BASIC,
    IMPERSONATION,
    Account,
    Build,
    Configuration,
    Credentials,
    EWSDateTime,
    FailFast,
    Version,
)
from lxml import etree

from bench.result import Row, row
from bench.service import INVITATION, TALK, loop_factory, served_by
from bridge.clock import SystemClock
from connector.outside import Outside, open_outside
from connector.secret import Secret
from connector.simulators.exchange import PATH, USERNAME, Exchange, Meeting, app, serve
from connector.source import CalendarSource
from connector.sources import ews
from connector.sources.ews import operations
from connector.sources.ews.soap import M, T, envelope
from rooms.model import Window
from rooms.room import Room

MEETINGS, ROUNDS, EACH = 100, 7, 5
PASSWORD = "right"
ROOM = Room(
    id="kestrel",
    name="Kestrel",
    mailbox="kestrel@example.com",
    source="exchange",
    time_zone="Europe/London",
)
FIELDS = (
    "Subject",
    "Body",
    "Sensitivity",
    "UID",
    "Start",
    "End",
    "IsAllDayEvent",
    "LegacyFreeBusyStatus",
    "Location",
    "IsCancelled",
    "CalendarItemType",
    "MyResponseType",
    "JoinOnlineMeetingUrl",
)
VIEWED = (
    "subject",
    "body",
    "sensitivity",
    "uid",
    "recurrence_id",
    "start",
    "end",
    "original_start",
    "is_all_day",
    "legacy_free_busy_status",
    "location",
    "is_cancelled",
    "type",
    "my_response_type",
    "organizer",
    "_start_timezone",
)
"""What the driver asks for, as far as exchangelib knows it."""
_ONE = re.compile(rb"<m:GetItemResponseMessage .*?</m:GetItemResponseMessage>", re.DOTALL)
_ID = re.compile(rb'ItemId [^>]*?\bId="([^"]+)"')

Work = Callable[[], Awaitable[object]]


class Recorded:
    """What the simulated server answered once, given again for the asking."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._found = b""
        self._items: dict[bytes, bytes] = {}
        self._around = (b"", b"")

    async def record(self, window: Window) -> None:
        """Ask the simulated server for everything, in the words of the driver."""
        async with (
            serve(self._exchange) as origin,
            open_outside(SystemClock()) as outside,
        ):
            bare = Bare(outside, f"{origin}{PATH}", window)
            self._found = await bare.asked(bare.view)
            for batch in bare.batches(self._found):
                answer = await bare.asked(bare.items(batch))
                one = _ONE.findall(answer)
                self._items |= {name(item): item for item in one}
                begin, end = answer.index(one[0]), answer.index(one[-1]) + len(one[-1])
                self._around = answer[:begin], answer[end:]

    def application(self) -> web.Application:
        """The simulated server, in whose place items are answered from memory."""
        made = app(self._exchange)
        made.middlewares.append(self._answer)
        return made

    @web.middleware
    async def _answer(self, request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.read()
        if b"FindItem" in body:
            return _soap(self._found)
        if b"GetItem" in body:
            before, after = self._around
            asked = [self._items[one] for one in _ID.findall(body)]
            return _soap(b"".join([before, *asked, after]))
        told: web.StreamResponse = await handler(request)
        return told


class Bare:
    """aiohttp and lxml, and nothing else."""

    def __init__(self, outside: Outside, url: str, window: Window) -> None:
        self._http = outside.http
        self._url = url
        self._auth = BasicAuth(USERNAME, PASSWORD)
        self.view = envelope(
            operations.find_items(ROOM.mailbox, window.start, window.end),
            impersonated=ROOM.mailbox,
        )
        whole = envelope(operations.get_items(["@"]), impersonated=ROOM.mailbox)
        self._before, _, self._after = whole.partition(b'<t:ItemId Id="@"/>')

    def items(self, ids: Sequence[bytes]) -> bytes:
        """A request for some items."""
        return self._before + b"".join(b'<t:ItemId Id="%s"/>' % one for one in ids) + self._after

    def batches(self, found: bytes) -> list[list[bytes]]:
        """The ids of a view, ten by ten."""
        ids = [(one.get("Id") or "").encode() for one in _tree(found).iter(f"{T}ItemId")]
        return [ids[at : at + operations.BATCH] for at in range(0, len(ids), operations.BATCH)]

    async def asked(self, body: bytes) -> bytes:
        """One request and its answer."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "X-AnchorMailbox": ROOM.mailbox}
        async with self._http.post(
            self._url, data=body, headers=headers, auth=self._auth
        ) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def read(self) -> list[dict[str, str]]:
        """Every meeting as plain strings."""
        read: list[dict[str, str]] = []
        for batch in self.batches(await self.asked(self.view)):
            root = _tree(await self.asked(self.items(batch)))
            for item in root.iterfind(f".//{M}Items/{T}CalendarItem"):
                read.append({one: item.findtext(f"{T}{one}") or "" for one in FIELDS})
                read[-1]["Organizer"] = item.findtext(f"{T}Organizer/{T}Mailbox/{T}Name") or ""
        return read


def measure() -> list[Row]:
    """Both figures."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    window = Window(start=now - timedelta(days=1), end=now + timedelta(days=7))
    recorded = Recorded(_organization(window))
    asyncio.run(recorded.record(window))
    with (
        served_by(recorded.application) as origin,
        asyncio.Runner(loop_factory=loop_factory) as runner,
    ):
        ours, bare, viewed = runner.run(_measured(f"{origin}{PATH}", window))
    return [
        row(
            "ews_read_vs_lxml",
            value=ours,
            unit="ms CPU/100 events",
            baseline=bare,
            goal=10,
            better="less",
        ),
        row(
            "ews_view_vs_driver",
            value=viewed,
            unit="ms CPU/100 events",
            baseline=ours,
            goal=2,
            better="more",
        ),
    ]


def _organization(window: Window) -> Exchange:
    """One room with many meetings, every other one with a link in its text."""
    made = Exchange()
    made.add_user(USERNAME, PASSWORD, impersonates="all")
    mailbox = made.add_mailbox(ROOM.mailbox, name=ROOM.name, time_zone=ROOM.time_zone)
    for number in range(MEETINGS):
        start = window.start + timedelta(hours=number)
        text = (INVITATION.format(n=number % 10) if number % 2 else "") + TALK
        body = "<html><body><p>" + text.replace("\n", "<br>") + "</p></body></html>"
        subject = f"Review of the harvest, part {number}"
        mailbox.add(
            Meeting(subject=subject, start=start, end=start + timedelta(minutes=50), body=body)
        )
    return made


async def _measured(url: str, window: Window) -> tuple[float, float, float]:
    options = ews.Options(
        url=url,
        auth="basic",
        username=USERNAME,
        password=Secret(PASSWORD),
        notifications="poll",
    )
    async with open_outside(SystemClock()) as outside, ews.connect(options, outside) as source:
        calendar = await asyncio.to_thread(_calendar, url)
        bare = Bare(outside, url, window)

        async def view() -> list[Any]:
            return await asyncio.to_thread(_viewed, calendar, window)

        works: list[Work] = [lambda: _events(source, window), bare.read, view]
        for work in works:
            got = await work()
            assert isinstance(got, list)
            assert len(got) == MEETINGS
        times = await _rounds(works)
        calendar.account.protocol.close()
        return times


async def _events(source: CalendarSource, window: Window) -> list[object]:
    return [*await source.fetch(ROOM, window)]


def _calendar(url: str) -> Any:
    """The room's calendar as exchangelib knows it."""
    configuration = Configuration(
        service_endpoint=url,
        credentials=Credentials(USERNAME, PASSWORD),
        auth_type=BASIC,
        version=Version(Build(15, 2, 1118, 7)),
        retry_policy=FailFast(),
    )
    return Account(
        primary_smtp_address=ROOM.mailbox,
        config=configuration,
        access_type=IMPERSONATION,
        autodiscover=False,
    ).calendar


def _viewed(calendar: Any, window: Window) -> list[Any]:
    start, end = (EWSDateTime.from_datetime(one) for one in (window.start, window.end))
    return list(calendar.view(start=start, end=end).only(*VIEWED))


async def _rounds(works: list[Work]) -> tuple[float, float, float]:
    """The median CPU milliseconds of each kind of work, threads included, taken in turns."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(ROUNDS + 1):
        for place, work in enumerate(works):
            began = time.process_time()
            for _ in range(EACH):
                await work()
            if number:  # the first round warms up
                times[place].append((time.process_time() - began) / EACH * 1000)
    first, second, third = (statistics.median(found) for found in times)
    return first, second, third


def _tree(body: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    return etree.fromstring(body, parser)


def name(item: bytes) -> bytes:
    """The id in an item."""
    found = _ID.search(item)
    assert found is not None
    return found[1]


def _soap(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": "text/xml; charset=utf-8"})
