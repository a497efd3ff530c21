"""The CalDAV driver against Radicale, a server that others wrote."""

import asyncio
import base64
import http.client
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConnectorError, Denied
from connector.outside import Outside, open_outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources import caldav
from connector.sources.caldav import writing
from connector.writing import Writer
from rooms.model import Event
from tests.connector.source_contract import WINDOW, SourceContract
from tests.connector.writer_contract import WriterContract, draft
from tests.fakes.almanac import Almanac
from tests.fakes.sources import room
from tests.fakes.virtual import FixedClock
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
SOON = draft().when


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


@pytest.fixture
async def writer(outside: Outside, port: int, calendar: Radicale) -> AsyncIterator[Writer]:
    async with writing.connect(options(port), outside) as opened:
        yield opened


class TestRadicale(SourceContract):
    """Everything that a source promises."""

    test_ten_thousand_meetings_come_whole = None  # type: ignore[assignment]  # minutes of PUT


class TestWriting(WriterContract):
    """Everything that a writer promises; whoever may only read has a test of its own below."""

    # Radicale reads its file of rights once, when it starts.
    test_who_may_not_write_is_told_and_nothing_changes = None  # type: ignore[assignment]


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
            await writer.decline(room(), event, series=False)
        with pytest.raises(Denied):
            await writer.create(room(), draft())
        assert await read(source) == [event]


async def test_a_wrong_login_is_denied(outside: Outside, port: int, calendar: Radicale) -> None:
    async with caldav.connect(options(port, "nobody"), outside) as source:
        with pytest.raises(ConnectorError) as caught:
            await read(source)
    assert isinstance(caught.value, Denied)
