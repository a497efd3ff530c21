"""The page beside the door in a real browser, told by a test how the room stands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from bridge.views import pages
from bridge.views.site import site
from rooms.database import Database
from tests.bridge.conftest import Views
from tests.fakes.virtual import FixedClock
from tests.process.chromium import DRAWN, lent, resized

Json = dict[str, Any]

OFFERS: Json = {
    "book": [15, 30, 45, 60],
    "until_next": True,
    "longest": 240,
    "extend": True,
    "end": True,
    "check_in": True,
    "release": True,
    "join": True,
    "report": True,
    "find": "building",
}
LIVE = Path(__file__).parents[1] / "fakes" / "live.js"
MONDAY = datetime(2026, 11, 23, 10, 12, tzinfo=UTC)
DESKTOP = (1280, 800)
SIZES = [DESKTOP, (800, 1280), (1920, 1080), (480, 800)]
MORE_SIZES = [*SIZES, (1024, 600), (800, 480), (1080, 1920)]


def booking(start: datetime, minutes: float, title: str = "Review", **more: Any) -> Json:
    """A booking as the API tells it."""
    usual: Json = {
        "id": f"{title}-{start:%d%H%M}",
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=minutes)).isoformat(),
        "all_day": False,
        "title": title,
        "organizer": "",
        "private": False,
        "state": "confirmed",
        "show_as": "busy",
        "checked_in": False,
        "check_in": None,
        "can_join": False,
        "join": None,
        "no_join_reason": "no_online_meeting",
    }
    return usual | more


def zoom(dial: str = "91234567890@zoomcrc.com") -> Json:
    """What a booking has that can be joined."""
    join = {"provider": "zoom", "meeting_id": None, "sip": dial, "h323": None, "url": None}
    return {"can_join": True, "join": join | {"dial": dial}, "no_join_reason": None}


def asked(at: datetime, *, opens: float, until: float, releases: bool = True) -> Json:
    """What a booking has that must be checked in to; in minutes from an instant."""
    opened, closed = at + timedelta(minutes=opens), at + timedelta(minutes=until)
    span = {"opens": opened.isoformat(), "until": closed.isoformat(), "releases": releases}
    return {"check_in": span}


def scene(
    at: datetime,
    *bookings: Json,
    zone: str = "Europe/London",
    trust: Json | None = None,
    presence: str = "unknown",
    look: Json | None = None,
    **room: Any,
) -> Json:
    """All that the bridge tells at an instant."""
    as_of = (at - timedelta(seconds=5)).isoformat()
    where = {"id": "kestrel", "name": "Kestrel", "time_zone": zone}
    whole = {"building": "North house", "floor": "2", "capacity": 8, "features": ["Screen"]}
    listed = sorted(bookings, key=lambda one: one["start"])
    return {
        "at": at.isoformat(),
        "agenda": {
            "room": where | {"mailbox": "kestrel@example.com"},
            "as_of": as_of,
            "age_s": 5,
            "stale": False,
            "bookings": listed,
        },
        "status": {"health": [], "presence": {"state": presence, "since": None}},
        "display": {
            "room": where | whole | room,
            "look": {"language": "auto", "clock": "auto", "theme": "auto"} | (look or {}),
            "offers": OFFERS,
            "pin": [],
            "version": "1",
        },
        "trust": {"state": "good", "missing": None, "since": None, "asOf": as_of, "words": None}
        | (trust or {}),
    }


class Stage:
    """One open page, and what it complained of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text))

    async def open(self, first: Json) -> None:
        """The page anew, with something to show."""
        await self.page.goto(self.url)
        await self.page.wait_for_function("window.door")
        await self.play(first)
        await self.whole()

    async def afresh(self) -> None:
        """As it was opened: the screen, what the device is set to, and a free room."""
        await self.page.emulate_media(
            color_scheme="light", contrast="no-preference", forced_colors="none"
        )
        await self.page.evaluate("document.documentElement.dir = 'ltr'")
        await resized(self.page, *DESKTOP)
        await self.play(scene(MONDAY))

    async def whole(self) -> None:
        """All of the page is there, not only how the room stands."""
        await expect(self.page.locator("#act-said")).to_be_attached()

    async def play(self, shown: Json) -> None:
        """Tell it all that has changed, and wait until it is drawn and fits."""
        await self.page.evaluate(
            f"""async (scene) => {{
              door.play(scene);
              await {DRAWN};
            }}""",
            shown,
        )


@asynccontextmanager
async def staged(browser: Browser, path: Path, **context: Any) -> AsyncIterator[Stage]:
    """A page whose service is real and whose news are a test's."""
    pages.files()
    views = Views(Database(path / "bridge.db"), FixedClock())
    usual: Json = {
        "viewport": {"width": DESKTOP[0], "height": DESKTOP[1]},
        "locale": "en-GB",
        "reduced_motion": "reduce",
    }
    async with (
        views.database.running(),
        TestServer(site(views.house, views.routes())) as server,
        lent(browser, **usual | context) as opened,
    ):
        await opened.route("**/static/display/live.js", _fake)
        await opened.route("**/display/kestrel/renew", _renewed)
        await opened.route("**/rooms/kestrel/call", _idle)
        stage = Stage(await opened.new_page(), f"http://127.0.0.1:{server.port}/display/kestrel")
        yield stage
        views.hub.close()
        await stage.page.close()
    assert stage.complaints == [], stage.complaints


async def _renewed(route: Any) -> None:
    """A display that has nothing to renew: nobody signed it in."""
    await route.fulfill(status=204)


async def _idle(route: Any) -> None:
    """A room system that dials nothing."""
    await route.fulfill(json={"dials": False, "may_join": False, "state": "unknown"})


async def _fake(route: Any) -> None:
    await route.fulfill(body=LIVE.read_text(), content_type="text/javascript; charset=utf-8")
