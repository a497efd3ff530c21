"""The driver for feeds, against a server of files."""

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from connector.outside import Outside
from connector.secret import Secret
from connector.source import CalendarSource
from connector.sources import ics
from rooms.model import Window
from tests.connector.source_contract import HOUR, WINDOW, SourceContract
from tests.fakes.almanac import Almanac
from tests.fakes.sources import room
from tests.fakes.virtual import NOON


class Files(Almanac):
    """A server of feeds, and what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[web.Request] = []
        self.statuses: list[int] = []
        self.answer: web.Response | None = None
        self.headers: dict[str, str] = {}
        self.frozen = False
        """Whether nothing ever changed."""

    async def serve(self, request: web.Request) -> web.Response:
        answer = self._answer(request)
        self.requests.append(request)
        self.statuses.append(answer.status)
        return answer

    def _answer(self, request: web.Request) -> web.Response:
        if self.answer is not None:
            return web.Response(
                status=self.answer.status,
                body=self.answer.body,
                headers={"Content-Type": self.answer.content_type},
            )
        if request.match_info["name"] != f"{self.mailbox}.ics":
            return web.Response(status=404)
        conditional = self.headers.keys() & {"ETag", "Last-Modified"}
        asked = {"If-None-Match", "If-Modified-Since"} & request.headers.keys()
        if conditional and asked and self.frozen:
            return web.Response(status=304, headers=self.headers)
        return web.Response(body=self.text(), content_type="text/calendar", headers=self.headers)


@pytest.fixture
def calendar() -> Files:
    return Files()


@pytest.fixture
async def server(calendar: Files) -> AsyncIterator[TestServer]:
    application = web.Application()
    application.router.add_get("/feeds/{name}", calendar.serve)
    running = TestServer(application)
    async with running:
        yield running


def connected(
    outside: Outside, server: TestServer, **more: Any
) -> AbstractAsyncContextManager[CalendarSource]:
    url = str(server.make_url("/feeds/")) + "{mailbox}.ics?key=hush"
    return ics.connect(ics.Options(**{"url": Secret(url), **more}), outside)


@pytest.fixture
async def source(
    outside: Outside, server: TestServer, calendar: Files
) -> AsyncIterator[CalendarSource]:
    async with connected(outside, server) as opened:
        yield opened


class TestIcs(SourceContract):
    """Everything that a source promises."""


# --- reading again


@pytest.mark.fault("ics_feed")
async def test_a_feed_that_never_changes_is_read_well_for_ever(
    source: CalendarSource, calendar: Files
) -> None:
    calendar.headers, calendar.frozen = {"ETag": '"1"'}, True
    calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=100)
    told = []
    for day in range(60):
        later = timedelta(days=day)
        window = Window(start=WINDOW.start + later, end=WINDOW.end + later)
        told.append(len(await source.fetch(room(), window)))
    assert told[:3] == [7, 8, 8]
    assert set(told[1:]) == {8}
    assert calendar.statuses.count(200) == 2, "once at first, once before the span was over"


async def test_a_changed_feed_comes_with_its_new_validator(
    source: CalendarSource, calendar: Files
) -> None:
    calendar.headers = {"ETag": '"1"', "Last-Modified": "Mon, 23 Nov 2026 12:00:00 GMT"}
    meeting = calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
    await source.fetch(room(), WINDOW)
    calendar.remove(meeting)
    calendar.headers["ETag"] = '"2"'
    assert await source.fetch(room(), WINDOW) == []
    await source.fetch(room(), WINDOW)
    asked = [request.headers.get("If-None-Match") for request in calendar.requests]
    assert asked == [None, '"1"', '"2"']
    assert calendar.requests[1].headers["If-Modified-Since"].startswith("Mon, 23 Nov")


async def test_the_same_feed_under_a_new_validator_is_not_read_twice(
    source: CalendarSource, calendar: Files
) -> None:
    calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
    for number in range(3):
        calendar.headers = {"ETag": f'"{number}"'}
        assert len(await source.fetch(room(), WINDOW)) == 1
    asked = [request.headers.get("If-None-Match") for request in calendar.requests]
    assert asked == [None, '"0"', '"1"']


async def test_a_window_far_away_does_not_displace_the_usual_one(
    source: CalendarSource, calendar: Files
) -> None:
    calendar.headers, calendar.frozen = {"ETag": '"1"'}, True
    calendar.add("Daily", NOON + HOUR, NOON + 2 * HOUR, daily=400)
    await source.fetch(room(), WINDOW)
    past = Window(start=NOON - timedelta(days=90), end=NOON + timedelta(days=90))
    assert len(await source.fetch(room(), past)) == 90
    await source.fetch(room(), WINDOW)
    assert calendar.statuses == [200, 200, 304]


@pytest.mark.fault("ics_feed")
async def test_nothing_changed_for_nobody_who_asked_is_nonsense(
    source: CalendarSource, calendar: Files
) -> None:
    calendar.answer = web.Response(status=304)
    with pytest.raises(Malformed):
        await source.fetch(room(), WINDOW)


async def test_what_floats_follows_the_room_to_another_zone(
    source: CalendarSource, calendar: Files, server: TestServer
) -> None:
    calendar.headers, calendar.frozen = {"ETag": '"1"'}, True
    calendar.add("Fair", NOON.date(), NOON.date() + timedelta(days=1))
    for zone in ("Europe/London", "Asia/Tokyo"):
        assert len(await source.fetch(room(time_zone=zone), WINDOW)) == 1
    assert calendar.statuses == [200, 200]


# --- what is no feed


@pytest.mark.fault("ics_feed")
@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "text/html", "not_calendar"),
        (b"<html>", "text/calendar", "not_calendar"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", "text/calendar", "cut_short"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar", "cut_short"),
        (b"", "text/calendar", "not_calendar"),
        (b"\x00\xff\xfe", "text/calendar", "not_calendar"),
        (b'{"error": "busy"}', "application/json", "not_calendar"),
    ],
)
async def test_what_is_no_whole_calendar_is_no_empty_one(
    source: CalendarSource, calendar: Files, body: bytes, kind: str, reason: str
) -> None:
    calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
    assert len(await source.fetch(room(), WINDOW)) == 1
    calendar.answer = web.Response(body=body, content_type=kind)
    with pytest.raises(Malformed) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == reason
    calendar.answer = None
    assert len(await source.fetch(room(), WINDOW)) == 1


@pytest.mark.fault("ics_feed")
async def test_a_feed_cut_short_in_its_middle_is_refused(
    source: CalendarSource, calendar: Files
) -> None:
    for number in range(20):
        calendar.add(f"{number}", NOON + HOUR, NOON + 2 * HOUR)
    whole = calendar.text()
    for end in range(100, len(whole) - 20, 97):
        calendar.answer = web.Response(body=whole[:end], content_type="text/calendar")
        with pytest.raises(Malformed):
            await source.fetch(room(), WINDOW)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Denied),
        (403, Denied),
        (404, NotFound),
        (410, NotFound),
        (302, Malformed),
        (429, Unavailable),
        (503, Unavailable),
    ],
)
async def test_each_refusal_is_named_after_who_must_act(
    source: CalendarSource, calendar: Files, status: int, error: type[ConnectorError]
) -> None:
    calendar.answer = web.Response(status=status)
    with pytest.raises(error):
        await source.fetch(room(), WINDOW)


async def test_a_feed_larger_than_any_is_given_up(
    source: CalendarSource, calendar: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ics, "FEED_LIMIT", 1000)
    calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR, text="x" * 2000)
    with pytest.raises(Malformed) as caught:
        await source.fetch(room(), WINDOW)
    assert caught.value.reason == "too_large"


# --- where feeds are, and who may read them


async def test_a_room_may_have_a_feed_of_its_own(
    outside: Outside, server: TestServer, calendar: Files
) -> None:
    calendar.add("Review", NOON + HOUR, NOON + 2 * HOUR)
    feed = ics.Feed(
        mailbox="Heron@example.com",
        url=Secret(str(server.make_url("/feeds/kestrel@example.com.ics"))),
    )
    async with connected(outside, server, feeds=(feed,), url=None) as source:
        assert len(await source.fetch(room("heron"), WINDOW)) == 1
        with pytest.raises(NotFound) as caught:
            await source.fetch(room(), WINDOW)
    assert "feeds" in caught.value.fix


async def test_the_login_goes_with_each_request(
    outside: Outside, server: TestServer, calendar: Files
) -> None:
    async with connected(outside, server, username="bridge", password=Secret("pässword")) as source:
        await source.fetch(room(), WINDOW)
    login = calendar.requests[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(login).decode() == "bridge:pässword"


@pytest.mark.parametrize("mailbox", ["../../etc/passwd", "a/b@example.com", "a?b#c@example.com"])
async def test_a_mailbox_leads_nowhere_else(
    source: CalendarSource, calendar: Files, mailbox: str
) -> None:
    with pytest.raises(NotFound):
        await source.fetch(room(mailbox=mailbox), WINDOW)
    assert all(request.path.startswith("/feeds/") for request in calendar.requests)


async def test_no_error_tells_the_address_of_a_feed(
    source: CalendarSource, calendar: Files, caplog: pytest.LogCaptureFixture, outside: Outside
) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (401, 404, 500, 302, 200):
        calendar.answer = web.Response(status=status)
        with pytest.raises(ConnectorError) as caught:
            await source.fetch(room(), WINDOW)
        assert "hush" not in f"{caught.value} {caught.value.fix}"
    connector_lines = [r.getMessage() for r in caplog.records if r.name.startswith("connector")]
    assert not any("hush" in line for line in connector_lines)
    assert outside.meter.spent["read"] == 5


def problems(**given: Any) -> dict[str, str]:
    return dict(ics.Options(**given).problems())


def test_options_say_what_is_wrong_with_them() -> None:
    good = Secret("https://feeds.example.com/{mailbox}.ics")
    assert problems() == {"url": "give url, feeds or both"}
    assert problems(url=good) == {}
    assert problems(url=Secret("webcal://feeds.example.com/{local}.ics")) == {}
    assert problems(url=Secret("http://127.0.0.1:8080/{mailbox}")) == {}
    assert "https" in problems(url=Secret("http://feeds.example.com/{mailbox}"))["url"]
    assert "https" in problems(url=Secret("file:///{mailbox}"))["url"]
    assert "login" in problems(url=Secret("https://me:hush@example.com/{mailbox}"))["url"]
    assert "{mailbox}" in problems(url=Secret("https://feeds.example.com/all.ics"))["url"]
    assert "password_file" in problems(url=good, username="bridge")
    twice = (ics.Feed(mailbox="a@b.c", url=good), ics.Feed(mailbox="A@b.c", url=good))
    assert problems(feeds=twice) == {"feeds[1].mailbox": "has a feed already"}


def test_services_are_hosts_only() -> None:
    options = ics.Options(url=Secret("https://feeds.example.com/hush/{mailbox}.ics?key=hush"))
    assert [str(url) for url in options.services] == ["https://feeds.example.com"]
