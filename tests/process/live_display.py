"""A bridge that goes away and comes back at the same address, and a display that looks at it."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import BrowserContext, Page, Request, expect

from bridge.views import pages
from bridge.views.site import site
from rooms.database import Database
from tests.bridge.conftest import Views
from tests.fakes.sources import event
from tests.fakes.virtual import FixedClock
from tests.process.conftest import until

MINUTE = timedelta(minutes=1)


def views_of_now(folder: Path) -> Views:
    """Views whose clock shows what the browser's does."""
    pages.files()
    return Views(Database(folder / "bridge.db"), FixedClock(datetime.now(UTC)))


class Bridge:
    """The views at an address of their own; away and back as a test wants it."""

    def __init__(self, views: Views) -> None:
        self.views = views
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._runner: web.AppRunner | None = None
        self.asked: list[str] = []
        self.resumed: list[str] = []
        """What displays said they had last."""

    @property
    def url(self) -> str:
        """Where kestrel's display is."""
        return f"http://127.0.0.1:{self.port}/display/kestrel"

    async def start(self) -> None:
        """Serve."""
        app = site(self.views.house, self.views.routes())
        app.middlewares.append(self._note)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def stop(self) -> None:
        """Go away, with every connection."""
        if self._runner:
            self.views.hub.close()
            await self._runner.cleanup()
        self._runner = None

    async def keep(self, name: str, minutes: float = -5, **more: Any) -> None:
        """Kestrel has one meeting."""
        now = self.views.clock.now()
        await self.views.keep(event(name, now + minutes * MINUTE, 60, **more), as_of=now)

    def pass_by(self, span: timedelta) -> None:
        """Time passes for the bridge, and it tells so."""
        self.views.clock.move(span)
        self.views.hub.troubled("kestrel")

    def listeners(self) -> int:
        """Streams that are open."""
        return len(self.views.hub)

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path)
        self.resumed += request.headers.getall("Last-Event-ID", [])
        answer: web.StreamResponse = await handler(request)
        return answer


@contextlib.asynccontextmanager
async def bridge_of(views: Views) -> AsyncIterator[Bridge]:
    """A bridge that serves."""
    async with views.database.running():
        bridge = Bridge(views)
        await bridge.start()
        await bridge.keep("first")
        yield bridge
        await bridge.stop()


async def sign_in(context: BrowserContext, bridge: Bridge) -> str:
    """A display of kestrel's signs in; the name of its token."""
    known, secret = await bridge.views.tokens.create("d", ("read",), actor="test", room="kestrel")
    headers = {"Authorization": f"Bearer {secret}"}
    signed = await context.request.post(f"{bridge.url}/sign-in", headers=headers)
    assert signed.status == 204
    return known.id


async def trusts(page: Page, state: str, missing: str = "nothing") -> None:
    """The display holds what it shows to be so good."""
    await expect(page.locator("html")).to_have_attribute("data-trust", state, timeout=15_000)
    await expect(page.locator("html")).to_have_attribute("data-missing", missing)


async def comes_true(page: Page, promised: str) -> None:
    """What a page promises becomes true; `wait_for_function` takes the promise itself for true."""
    await until(lambda: page.evaluate(f"(async () => Boolean(await ({promised})))()"), promised)


async def worked(page: Page) -> None:
    """The service worker looks after the page, and has kept it."""
    await comes_true(
        page,
        """navigator.serviceWorker.ready
            .then(() => Promise.all([
                caches.match(location.pathname), caches.match("/kept/kestrel/agenda"),
            ]))
            .then(([page, agenda]) => page && agenda && navigator.serviceWorker.controller)""",
    )


async def soon(found: Callable[[], bool], words: str) -> None:
    """Wait until something holds."""

    async def holds() -> bool:
        return found()

    await until(holds, words)


def answered(page: Page) -> list[Request]:
    """What the page asks the bridge for from now on, as soon as each answer is whole."""
    asked: list[Request] = []

    def keep(one: Request) -> None:
        if "/api/" in one.url and "stream" not in one.url:
            asked.append(one)

    page.on("requestfinished", keep)
    return asked


async def told(asked: list[Request]) -> str:
    """All that a page was told; waits until it was told something."""
    await soon(lambda: bool(asked), "what the page was told")
    answers = [await one.response() for one in asked]
    return "".join([await one.text() for one in answers if one is not None])
