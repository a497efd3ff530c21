"""The real appliance, its rooms in a feed and on a CalDAV server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.almanac import Almanac
from tests.fakes.dav import Dav
from tests.process.conftest import HOUR, Running, Site, until


class Feed(Almanac):
    """A feed that can break off."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = True

    async def serve(self, _request: web.Request) -> web.Response:
        body = self.text() if self.whole else self.text()[:-40]
        return web.Response(body=body, content_type="text/calendar")


@pytest.fixture
async def feed(site: Site) -> AsyncIterator[Feed]:
    made = Feed()
    application = web.Application()
    application.router.add_get("/hush/kestrel@example.com", made.serve)
    server = TestServer(application)
    async with server:
        site.secrets["feed"] = str(server.make_url("/hush/")) + "{mailbox}"
        site.settings["sources"] = {"timetable": {"kind": "ics", "url_file": "feed"}}
        site.rooms[0]["source"] = "timetable"
        yield made


@pytest.fixture
async def dav(site: Site, feed: Feed) -> AsyncIterator[Dav]:
    made = Dav()
    made.mailbox = "heron@example.com"
    server = TestServer(made.application())
    async with server:
        site.secrets["dav"] = "right"
        site.settings["sources"]["dav"] = {
            "kind": "caldav",
            "url": str(server.make_url("/")),
            "username": "bridge",
            "password_file": "dav",
        }
        site.add_room("heron", source="dav")
        yield made


def soon() -> tuple[datetime, datetime]:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR
    return start, start + timedelta(minutes=30)


async def shows(running: Running, room: str, *titles: str) -> None:
    async def so() -> bool:
        return await running.titles(room) == list(titles)

    await until(so, f"{room} shows {titles}")


@pytest.mark.fault("ics_feed")
async def test_rooms_show_what_their_calendars_hold(site: Site, feed: Feed, dav: Dav) -> None:
    first = feed.add("Review", *soon())
    dav.add("Workshop", *soon(), daily=3)
    async with site.running() as running:
        await shows(running, "kestrel", "Review")
        await shows(running, "heron", "Workshop", "Workshop", "Workshop")
        feed.whole = False
        feed.remove(first)
        dav.remove(next(iter(dav.entries)))
        dav.add("Other", *soon())

        async def says_so() -> bool:
            told = await running.get("/api/v1/rooms/kestrel")
            return "cut_short" in [one["code"] for one in told["health"]]

        await until(says_so, "the feed is cut short")
        assert await running.titles() == ["Review"]
        await shows(running, "heron", "Other")
        feed.whole = True
        feed.add("New", *soon())
        await shows(running, "kestrel", "New")
        assert not any("hush" in line for line in running.log)
        told = await running.get("/api/v1/rooms/kestrel")
        assert "hush" not in str(told)


async def test_the_configuration_is_checked(site: Site, feed: Feed, dav: Dav) -> None:
    site.write()
    status, out, errors = await site.command("check")
    assert status == 0, out + errors
    site.settings["sources"]["dav"]["url"] = "http://dav.example.com/"
    site.settings["sources"]["timetable"]["feeds"] = [{"mailbox": "x@example.com", "url": "no"}]
    site.write()
    status, out, _ = await site.command("check")
    assert status == 2
    assert "sources.dav.url" in out
    assert "sources.timetable.feeds[0].url" in out


async def test_the_doctor_finds_nothing_wrong(site: Site, feed: Feed, dav: Dav) -> None:
    feed.add("Review", *soon())
    async with site.running() as running:
        await shows(running, "kestrel", "Review")
        _, out, errors = await site.command("doctor")
    assert "hush" not in out + errors
    assert "not_found" not in out
    assert "unexpected" not in out
