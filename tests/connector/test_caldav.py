"""The driver for CalDAV, against a server of ours that speaks it."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource, Identified
from connector.sources import caldav
from connector.sources.caldav import dav
from rooms.model import Window
from tests.connector.source_contract import HOUR, WINDOW, SourceContract
from tests.fakes.almanac import calendar as text
from tests.fakes.dav import Dav, multistatus, response
from tests.fakes.sources import room
from tests.fakes.virtual import NOON


@pytest.fixture
def calendar() -> Dav:
    return Dav()


@pytest.fixture
async def server(calendar: Dav) -> AsyncIterator[TestServer]:
    running = TestServer(calendar.application())
    async with running:
        yield running


def options(server: TestServer, path: str = "calendars/{mailbox}/", **more: Any) -> caldav.Options:
    given = {"username": "bridge", "password": Secret("right"), **more}
    return caldav.Options(url=f"{server.make_url('/')}{path}", **given)


def connected(
    outside: Outside, server: TestServer, **more: Any
) -> AbstractAsyncContextManager[CalendarSource]:
    return caldav.connect(options(server, **more), outside)


@pytest.fixture
async def source(
    outside: Outside, server: TestServer, calendar: Dav
) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server) as opened:
        yield opened


class TestCalDav(SourceContract):
    """Everything that a source promises."""


class TestCalDavWithoutSync(SourceContract):
    """The same at a server that tells no changes."""

    @pytest.fixture
    def calendar(self) -> Dav:
        made = Dav()
        made.syncs = False
        return made


class TestCalDavDiscovered(SourceContract):
    """The same where calendars are looked for."""

    # Once found, they are read as above, and thousands of them cost seconds.
    test_ten_thousand_meetings_come_whole = None  # type: ignore[assignment]

    @pytest.fixture
    async def source(
        self, outside: Outside, server: TestServer, calendar: Dav
    ) -> AsyncIterator[CalendarSource]:
        async with connected(outside, server, path="") as opened:
            yield opened


async def subjects(source: CalendarSource, window: Window = WINDOW) -> set[str]:
    return {event.subject for event in await source.fetch(room(), window)}


# --- what changed


async def test_only_what_changed_is_read_again(source: CalendarSource, calendar: Dav) -> None:
    for number in range(5):
        calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR)
    assert len(await subjects(source)) == 5
    assert calendar.asked == ["propfind", "calendar-query"]
    calendar.asked.clear()
    assert len(await subjects(source)) == 5
    assert calendar.asked == ["sync-collection"]
    calendar.asked.clear()
    calendar.remove(next(iter(calendar.entries)))
    meeting = calendar.add("new", NOON + HOUR, NOON + 2 * HOUR)
    assert await subjects(source) == {"1", "2", "3", "4", "new"}
    assert calendar.asked == ["sync-collection", "calendar-multiget"]
    calendar.move(meeting, NOON + timedelta(days=300))
    assert await subjects(source) == {"1", "2", "3", "4"}


@pytest.mark.parametrize("syncs", [True, False])
async def test_changes_add_up_to_what_a_new_read_gives(
    outside: Outside, server: TestServer, calendar: Dav, syncs: bool
) -> None:
    calendar.syncs = syncs
    async with connected(outside, server) as source:
        for number in range(12):
            handle = calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR, daily=3)
            if number % 3 == 0:
                calendar.change_occurrence(handle, 1, subject="Special")
            if number % 4 == 0:
                calendar.remove(handle)
            told = await source.fetch(room(), WINDOW)
            async with connected(outside, server) as fresh:
                anew = await fresh.fetch(room(), WINDOW)
            assert sorted(told, key=lambda e: e.id) == sorted(anew, key=lambda e: e.id)


async def test_changes_that_come_in_parts_come_whole(source: CalendarSource, calendar: Dav) -> None:
    await subjects(source)
    calendar.partly = 2
    for number in range(7):
        calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR)
    assert len(await subjects(source)) == 7
    assert calendar.asked.count("sync-collection") == 4


@pytest.mark.fault("ics_feed")
@pytest.mark.parametrize("status", [403, 409, 412])
async def test_a_token_that_the_server_forgot_costs_one_whole_read(
    source: CalendarSource, calendar: Dav, status: int
) -> None:
    calendar.add("One", NOON + HOUR, NOON + 2 * HOUR)
    assert await subjects(source) == {"One"}
    calendar.add("Two", NOON + HOUR, NOON + 2 * HOUR)
    calendar.forget_tokens()
    calendar.refused_token = status
    assert await subjects(source) == {"One", "Two"}
    calendar.asked.clear()
    assert await subjects(source) == {"One", "Two"}
    assert calendar.asked == ["sync-collection"]


async def test_a_window_that_moves_on_is_read_anew_before_its_span_ends(
    source: CalendarSource, calendar: Dav
) -> None:
    calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=100)
    for day in range(50):
        later = timedelta(days=day)
        window = Window(start=WINDOW.start + later, end=WINDOW.end + later)
        assert len(await source.fetch(room(), window)) == (7 if day == 0 else 8)
    assert calendar.asked.count("calendar-query") == 2


async def test_a_window_far_away_does_not_displace_the_usual_one(
    source: CalendarSource, calendar: Dav
) -> None:
    calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=400)
    await subjects(source)
    past = Window(start=NOON - timedelta(days=90), end=NOON + timedelta(days=90))
    assert len(await source.fetch(room(), past)) == 90
    calendar.asked.clear()
    await subjects(source)
    assert calendar.asked == ["sync-collection"]


# --- answers that are no answers

HTML = web.Response(text="<html>Sign in</html>", content_type="text/html")


@pytest.mark.fault("ics_feed")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Sign in",
        b"<html/>",
        b'<D:multistatus xmlns:D="DAV:"><D:response>',
        b'<D:multistatus xmlns:D="DAV:"><D:response/></D:multistatus>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><D:multistatus xmlns:D="DAV:">&b;</D:multistatus>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><D:multistatus xmlns:D="DAV:"/>',
        b"\xff\xfe\x00",
    ],
)
@pytest.mark.parametrize("status", [200, 207])
async def test_what_is_no_answer_removes_nothing(
    source: CalendarSource, calendar: Dav, body: bytes, status: int
) -> None:
    calendar.add("One", NOON + HOUR, NOON + 2 * HOUR)
    await subjects(source)
    calendar.answers = [web.Response(status=status, body=body, content_type="text/xml")]
    with pytest.raises(Malformed):
        await subjects(source)
    assert await subjects(source) == {"One"}


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Denied), (404, NotFound), (429, Unavailable), (500, Unavailable), (302, Malformed)],
)
async def test_each_refusal_is_named_after_who_must_act(
    source: CalendarSource, calendar: Dav, status: int, error: type[ConnectorError]
) -> None:
    calendar.add("One", NOON + HOUR, NOON + 2 * HOUR)
    await subjects(source)
    calendar.answers = [web.Response(status=status)]
    with pytest.raises(error):
        await subjects(source)
    assert await subjects(source) == {"One"}


async def test_a_room_that_may_not_be_read_says_so(source: CalendarSource, calendar: Dav) -> None:
    calendar.answers = [web.Response(status=403)]
    with pytest.raises(Denied) as caught:
        await subjects(source)
    assert caught.value.reason == "access_denied"


async def test_an_object_that_nobody_tells_of_is_not_gone(
    source: CalendarSource, calendar: Dav
) -> None:
    meeting = calendar.add("One", NOON + HOUR, NOON + 2 * HOUR)
    await subjects(source)
    calendar.move(meeting, NOON + 3 * HOUR)
    calendar.left_out = {f"{meeting}.ics"}
    with pytest.raises(Malformed) as caught:
        await subjects(source)
    assert caught.value.reason == "incomplete"
    calendar.left_out = set()
    assert await subjects(source) == {"One"}


@pytest.mark.parametrize("line", ["HTTP/1.1 500 Error", "HTTP/1.1 403 Forbidden", "nonsense"])
async def test_an_object_that_cannot_be_read_is_not_gone(
    source: CalendarSource, calendar: Dav, line: str
) -> None:
    await subjects(source)
    href = "/calendars/kestrel@example.com/a.ics"
    broken = response(href, f"<D:status>{line}</D:status>")
    calendar.answers = [multistatus(broken, token="urn:token:next")]
    with pytest.raises(Malformed):
        await subjects(source)


async def test_names_at_another_host_are_refused(source: CalendarSource, calendar: Dav) -> None:
    await subjects(source)
    gone = "<D:status>HTTP/1.1 404 Not Found</D:status>"
    calendar.answers = [multistatus(response("https://example.net/a.ics", gone), token="urn:t")]
    with pytest.raises(Malformed) as caught:
        await subjects(source)
    assert caught.value.reason == "foreign_link"


async def test_changes_without_end_are_given_up(source: CalendarSource, calendar: Dav) -> None:
    await subjects(source)
    home = "/calendars/kestrel@example.com/"
    part = response(home, "<D:status>HTTP/1.1 507 Insufficient Storage</D:status>")
    calendar.answers = [multistatus(part, token="urn:same") for _ in range(5)]
    with pytest.raises(Malformed) as caught:
        await subjects(source)
    assert caught.value.reason == "endless_pages"


async def test_a_damaged_object_removes_nothing(source: CalendarSource, calendar: Dav) -> None:
    calendar.add("One", NOON + HOUR, NOON + 2 * HOUR)
    await subjects(source)
    calendar.written["bad.ics"] = text()[:-20]
    with pytest.raises(Malformed):
        await subjects(source)
    del calendar.written["bad.ics"]
    assert await subjects(source) == {"One"}


PARTS = st.sampled_from(
    [
        '<D:response xmlns:D="DAV:">',
        "</D:response>",
        '<D:href xmlns:D="DAV:">/a</D:href>',
        '<D:status xmlns:D="DAV:">HTTP/1.1 404 x</D:status>',
        '<D:propstat xmlns:D="DAV:"/>',
        "<!-- -->",
        "<?x y?>",
        "<!DOCTYPE a>",
        "&a;",
        "&#0;",
    ]
)


@given(
    st.binary(max_size=200)
    | st.lists(PARTS | st.text(max_size=9), max_size=9).map(
        lambda parts: f'<D:multistatus xmlns:D="DAV:">{"".join(parts)}</D:multistatus>'.encode(
            errors="replace"
        )
    )
)
def test_bytes_are_resources_or_an_error(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert all(one.href for one in dav.multistatus(body).resources)


def test_entities_are_never_expanded() -> None:
    bomb = b"<!DOCTYPE a [<!ENTITY b 'x'>" + b"".join(
        b"<!ENTITY b%d '&b%d;&b%d;'>" % (n + 1, n, n) for n in range(40)
    )
    with pytest.raises(Malformed):
        dav.multistatus(bomb + b']><D:multistatus xmlns:D="DAV:">&b40;</D:multistatus>')
    deep = b"<a>" * 100_000
    with pytest.raises(Malformed):
        dav.multistatus(deep)


# --- logins, options


async def test_a_wrong_password_is_denied(outside: Outside, server: TestServer) -> None:
    async with connected(outside, server, password=Secret("hush")) as source:
        with pytest.raises(Denied) as caught:
            await subjects(source)
        assert "hush" not in str(caught.value)
        assert isinstance(source, Identified)
        with pytest.raises(Denied):
            await source.prove()


async def test_the_right_password_is_proven(source: CalendarSource) -> None:
    assert isinstance(source, Identified)
    await source.prove()
    assert source.credentials() == ()


@pytest.mark.parametrize("status", [404, 405])
async def test_a_root_that_is_nobody_s_proves_nothing_wrong(
    source: CalendarSource, calendar: Dav, status: int
) -> None:
    calendar.answers = [web.Response(status=status)]
    assert isinstance(source, Identified)
    await source.prove()


@pytest.mark.parametrize("name", ["kestrel@example.com", "KESTREL", "Kestrel@Example.com"])
async def test_a_calendar_is_found_by_its_display_name(
    outside: Outside, server: TestServer, calendar: Dav, name: str
) -> None:
    calendar.mailbox, calendar.displayname = "a1b2c3", name
    calendar.add("One", NOON + HOUR, NOON + 2 * HOUR)
    async with connected(outside, server, path="") as source:
        assert await subjects(source) == {"One"}


async def test_requests_are_counted(
    source: CalendarSource, calendar: Dav, outside: Outside
) -> None:
    await subjects(source)
    await subjects(source)
    assert outside.meter.spent["read"] == len(calendar.asked) == 3


def test_options_say_what_is_wrong_with_them() -> None:
    def problems(**given: Any) -> dict[str, str]:
        return dict(caldav.Options(**given).problems())

    good = "https://dav.example.com/{mailbox}/"
    assert problems() == {"url": "required"}
    assert problems(url=good) == {}
    assert problems(url="https://dav.example.com/") == {}
    assert "https" in problems(url="http://dav.example.com/")["url"]
    assert "login" in problems(url="https://a:b@dav.example.com/")["url"]
    assert "password_file" in problems(url=good, username="bridge")
    assert "username" in problems(url=good, username="a:b", password=Secret("x"))
    services = caldav.Options(url=good).services
    assert [str(url) for url in services] == ["https://dav.example.com"]
