"""A display's page in a real browser, over views whose actions and joins are fakes'."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, Request, Route, expect

from bridge.views.house import AskedToCheckIn, Attendance
from bridge.views.site import site
from tests.bridge.conftest import Views
from tests.fakes.sources import event
from tests.process.chromium import lent

__all__ = ["door"]  # fixtures

OFFERS: dict[str, Any] = {
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
ROOM: dict[str, Any] = {
    "id": "kestrel",
    "name": "Kestrel",
    "building": "HQ",
    "floor": "2",
    "capacity": 8,
    "features": ["whiteboard", "video"],
    "time_zone": "Europe/London",
}
LOOK: dict[str, Any] = {
    "language": "auto",
    "clock": "24",
    "theme": "auto",
    "colours": {"free": "", "busy": "", "soon": "", "check_in": ""},
    "logo": None,
    "dim": None,
}
SCREEN: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 800},
    "locale": "en-GB",
    "reduced_motion": "reduce",
}
"""What a browser beside a door has."""


class Door:
    """A display of a room; what its bridge is asked for, and what that answers, is the test's."""

    def __init__(self, views: Views, page: Page, url: str) -> None:
        self.views = views
        self.joins = views.joins
        self.actions = views.actions
        self.page = page
        self.url = url
        self.button = page.locator("#act-button")
        self.said = page.locator("#act-said")
        self.bar = page.locator("#bar")
        self.sheet = page.locator("#sheet")
        self.title = page.locator("#sheet-title")
        self.note = page.locator("#sheet-note")
        self.offers = dict(OFFERS)
        self.pin: list[str] = []
        self.sent: list[Request] = []

    @property
    def bodies(self) -> list[Any]:
        """What was sent, as JSON."""
        return [json.loads(one.post_data or "null") for one in self.sent]

    @property
    def keys(self) -> list[str]:
        """Which touch each request was of."""
        return [one.headers["idempotency-key"] for one in self.sent]

    async def open(self) -> None:
        """Show the page."""
        await self.page.route("**/rooms/kestrel/display", self._display)
        await self.page.goto(self.url)
        await expect(self.page.locator("h1")).to_have_text("Kestrel")

    async def _display(self, route: Route) -> None:
        body = {"room": ROOM, "look": LOOK, "offers": self.offers, "pin": self.pin, "version": "1"}
        await route.fulfill(json=body)

    async def answer(self, path: str, *answers: int | str | dict[str, Any]) -> None:
        """Have what is posted to a path answered so, in turn; the last one for ever.

        A number is a status without words, a text the code of a problem, "" no answer at all.
        """
        left = list(answers)

        async def fulfil(route: Route) -> None:
            if route.request.method != "POST":
                await route.fallback()
                return
            self.sent.append(route.request)
            told = left.pop(0) if len(left) > 1 else left[0]
            if told == "":
                await route.abort()
            elif isinstance(told, int):
                await route.fulfill(status=told, body="")
            elif isinstance(told, str):
                await route.fulfill(status=409, json={"code": told, "status": 409})
            else:
                await route.fulfill(json=told)

        await self.page.route(f"**/api/v1/rooms/kestrel/{path}", fulfil)

    async def hold(self, path: str) -> list[Route]:
        """Leave what is posted to a path unanswered; the test answers what it finds here."""
        held: list[Route] = []

        async def wait(route: Route) -> None:
            held.append(route)

        await self.page.route(f"**/api/v1/rooms/kestrel/{path}", wait)
        return held

    async def keep(self, *meetings: tuple[str, float, int], **more: Any) -> None:
        """These meetings: a subject, minutes from now, and minutes that it takes."""
        now = datetime.now(UTC)
        events = [
            event(f"{at}-{subject}", now + timedelta(minutes=at), length, subject=subject, **more)
            for subject, at, length in meetings
        ]
        await self.views.keep(*events, as_of=now)

    async def ask_to_check_in(self, *, came: bool = False) -> str:
        """Have the first booking wait for somebody, or say that somebody came; its id."""
        agenda = self.views.store.agenda("kestrel")
        assert agenda
        one = agenda.bookings[0]
        until = datetime.now(UTC) + timedelta(minutes=5)
        asked = AskedToCheckIn(opens=one.start - timedelta(minutes=10), until=until, releases=True)
        attendance = (
            Attendance(checked_in=frozenset([one.id]))
            if came
            else Attendance(asked={one.id: asked})
        )
        self.views.house.attendance = lambda _room: attendance
        self.views.hub.changed("kestrel")
        return one.id

    async def acts(self) -> list[str]:
        """The words of the buttons that can be seen."""
        return await self.page.locator("#bar button:visible").all_inner_texts()

    async def touch(self, name: str) -> None:
        """A button of the bar, by its words."""
        await self.bar.get_by_role("button", name=name, exact=True).click()

    async def choose(self, name: str) -> None:
        """A button of the sheet, by what its words contain."""
        await self.sheet.get_by_role("button", name=name).first.click()


@asynccontextmanager
async def opened(browser: Browser, views: Views, **context_options: Any) -> AsyncIterator[Door]:
    """Kestrel's display, signed in and not opened yet."""
    async with (
        views.database.running(),
        TestServer(site(views.house, views.routes())) as server,
        lent(browser, **(SCREEN | context_options)) as context,
    ):
        token = await views.token(room="kestrel")
        url = f"http://127.0.0.1:{server.port}/display/kestrel"
        signed = await context.request.post(f"{url}/sign-in", headers=token)
        assert signed.status == 204
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(10_000)
        made = Door(views, page, url)
        views.house.display = lambda _room: "1"
        await made.keep()
        try:
            yield made
        finally:  # the server would wait for the stream otherwise
            views.hub.close()
            await page.close()
        assert complaints == []


@pytest.fixture
async def door(browser: Browser, views_of_now: Views) -> AsyncIterator[Door]:
    """Kestrel's display."""
    async with opened(browser, views_of_now) as made:
        yield made
