"""The CalDAV driver against Radicale, a server that others wrote."""

import asyncio
import base64
import http.client
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConnectorError, Denied
from connector.outside import Outside, open_outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources import caldav
from connector.sources.caldav import writing
from connector.writing import Draft
from rooms.model import Event, Response, Window
from tests.connector.source_contract import HOUR, WINDOW, SourceContract
from tests.fakes.almanac import Almanac
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock
from tests.process.conftest import ROOT, until

PROGRAM = ROOT / ".venv-peers" / "bin" / "radicale"
RIGHTS = """
[everything]
user: admin
collection: .*
permissions: RrWw

[bridge]
user: bridge
collection: rooms(/.*)?
permissions: RrWw

[reader]
user: reader
collection: rooms(/.*)?
permissions: Rr

[roots]
user: .+
collection:
permissions: R
"""
CONFIG = """
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}/collections
[logging]
level = error
"""
MKCALENDAR = """<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>Kestrel</D:displayname></D:prop></D:set></C:mkcalendar>"""
SOON = Window(start=NOON + HOUR, end=NOON + 2 * HOUR)


class Radicale(Almanac):
    """Kestrel's calendar in a Radicale: what is done here is done there."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._home = "/rooms/kestrel@example.com/"

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        login = base64.b64encode(b"admin:admin").decode()
        with closing(http.client.HTTPConnection("127.0.0.1", self._port)) as line:
            line.request(method, path, body, {"Authorization": f"Basic {login}", **headers})
            answer = line.getresponse()
            answer.read()
            return answer.status

    def make(self) -> None:
        self.call("MKCOL", "/rooms/")
        assert self.call("MKCALENDAR", self._home, MKCALENDAR.encode()) == 201

    def add(self, subject: str, start: datetime | date, end: datetime | date, **more: Any) -> str:
        handle = super().add(subject, start, end, **more)
        with self._changed(handle):
            pass
        return handle

    @contextmanager
    def _changed(self, handle: str) -> Iterator[None]:
        yield
        status = self.call("PUT", f"{self._home}{handle}.ics", self.object(handle))
        assert status in {201, 204}, status

    def change_occurrence(self, series: str, number: int, **more: Any) -> None:
        with self._changed(series):
            super().change_occurrence(series, number, **more)

    def move(self, meeting: str, start: datetime) -> None:
        with self._changed(meeting):
            super().move(meeting, start)

    def remove(self, meeting: str) -> None:
        assert self.call("DELETE", f"{self._home}{meeting}.ics") == 200
        super().remove(meeting)

    def readdress(self, mailbox: str) -> None:
        self.abolish()
        self._home = f"/rooms/{mailbox}/"
        self.make()
        for handle in self.entries:
            with self._changed(handle):
                pass

    def abolish(self) -> None:
        assert self.call("DELETE", self._home) == 200


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    if not PROGRAM.exists():
        pytest.skip("no Radicale here: make peers brings it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "users").write_text("admin:admin\nbridge:right\nreader:right\n")
    (tmp_path / "rights").write_text(RIGHTS)
    (tmp_path / "config").write_text(CONFIG.format(port=port, folder=tmp_path))
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "--config", str(tmp_path / "config")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def ready() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    try:
        await until(ready, "Radicale")
        yield port
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
def calendar(port: int) -> Radicale:
    made = Radicale(port)
    made.make()
    return made


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with open_outside(FixedClock()) as opened:
        yield opened


def options(port: int, username: str = "bridge", path: str = "rooms/{mailbox}/") -> caldav.Options:
    return caldav.Options(
        url=f"http://127.0.0.1:{port}/{path}", username=username, password=Secret("right")
    )


@pytest.fixture
async def source(outside: Outside, port: int, calendar: Radicale) -> AsyncIterator[CalendarSource]:
    async with caldav.connect(options(port), outside) as opened:
        yield opened


class TestRadicale(SourceContract):
    """Everything that a source promises."""

    test_ten_thousand_meetings_come_whole = None  # type: ignore[assignment]  # minutes of PUT


async def read(source: CalendarSource) -> list[Event]:
    return sorted(await source.fetch(room(), WINDOW), key=lambda event: event.id)


async def test_changes_are_told_by_sync_tokens(
    source: CalendarSource, calendar: Radicale, outside: Outside
) -> None:
    series = calendar.add("Daily", SOON.start, SOON.end, daily=4, zone="Europe/London")
    assert len(await read(source)) == 4
    calendar.change_occurrence(series, 1, cancelled=True)
    calendar.change_occurrence(series, 2, subject="Special")
    calendar.add("Other", SOON.start, SOON.end)
    told = await read(source)
    assert sorted(event.subject for event in told) == ["Daily", "Daily", "Other", "Special"]
    spent = outside.meter.total
    assert await read(source) == told
    assert outside.meter.total == spent + 1, "nothing changed: one request"
    calendar.remove(series)
    assert [event.subject for event in await read(source)] == ["Other"]


async def test_calendars_are_found_by_asking(
    outside: Outside, port: int, calendar: Radicale
) -> None:
    calendar.add("Review", SOON.start, SOON.end)
    async with caldav.connect(options(port, path="rooms/"), outside) as source:
        assert [event.subject for event in await read(source)] == ["Review"]


async def test_what_the_room_writes_is_read_again(
    outside: Outside, port: int, source: CalendarSource, calendar: Radicale
) -> None:
    async with writing.connect(options(port), outside) as writer:
        draft = Draft(key="1", subject="Ad hoc", when=SOON, time_zone="Europe/London")
        uid = await writer.create(room(), draft)
        assert await writer.create(room(), draft) == uid
        (event,) = await read(source)
        assert (event.uid, event.when) == (uid, SOON)
        assert await writer.created(room(), event) == datetime(2026, 11, 23, 12, tzinfo=UTC)
        await writer.end(room(), event, SOON.start + HOUR / 2)
        (event,) = await read(source)
        assert event.when == Window(start=SOON.start, end=SOON.start + HOUR / 2)
        await writer.cancel(room(), event, series=False)
        assert await read(source) == []


async def test_a_series_and_its_occurrences_are_changed(
    outside: Outside, port: int, source: CalendarSource, calendar: Radicale
) -> None:
    async with writing.connect(options(port), outside) as writer:
        draft = Draft(
            key="1",
            subject="Weekly",
            when=SOON,
            time_zone="Europe/London",
            recurrence="FREQ=DAILY;COUNT=5",
        )
        await writer.create(room(), draft)
        events = await read(source)
        await writer.end(room(), events[1], SOON.start + timedelta(days=1, minutes=15))
        await writer.decline(room(), events[2], series=False)
        await writer.cancel(room(), events[3], series=False)
        after = {event.occurrence: event for event in await read(source)}
        assert list(after) == [events[at].occurrence for at in (0, 1, 2, 4)]
        shorter = after[events[1].occurrence].when
        assert isinstance(shorter, Window)
        assert shorter.end - shorter.start == timedelta(minutes=15)
        assert after[events[2].occurrence].response is Response.DECLINED
        await writer.cancel(room(), after[events[4].occurrence], series=True)
        assert await read(source) == []


async def test_who_may_only_read_does_so_and_is_refused_the_rest(
    outside: Outside, port: int, calendar: Radicale
) -> None:
    calendar.add("Review", SOON.start, SOON.end)
    async with (
        caldav.connect(options(port, "reader"), outside) as source,
        writing.connect(options(port, "reader"), outside) as writer,
    ):
        (event,) = await read(source)
        with pytest.raises(Denied):
            await writer.cancel(room(), event, series=False)
        draft = Draft(key="1", subject="Ad hoc", when=SOON, time_zone="UTC")
        with pytest.raises(Denied):
            await writer.create(room(), draft)
        assert await read(source) == [event]


async def test_a_wrong_login_is_denied(outside: Outside, port: int, calendar: Radicale) -> None:
    async with caldav.connect(options(port, "nobody"), outside) as source:
        with pytest.raises(ConnectorError) as caught:
            await read(source)
    assert isinstance(caught.value, Denied)
