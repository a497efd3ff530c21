"""The first view of a room display: how many bytes, and how soon it says how the room stands.

`display_page_kib`: all that Chromium loads for it, headers included, as sent; the baseline is the
same before compression. `display_first_view_vs_static`: from the navigation until the word that
says how the room stands is painted, on a processor slowed down four times, with nothing in any
cache; against a page that has that word in its markup and carries the same files without running
them, from the same server. Both in turns, each in a new profile.
"""

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.sync_api import Browser, Page, sync_playwright

from bench.agenda_get import ROOM, meetings
from bench.result import Row, row
from bench.service import served_by
from bridge.callers import Caller
from bridge.clock import SystemClock
from bridge.health import Health
from bridge.tokens import Tokens
from bridge.views import display, files, pages, rooms, stream
from bridge.views.house import House
from bridge.views.site import site
from bridge.views.web import Route
from rooms.agenda import agenda_of
from rooms.audit import Audit
from rooms.database import Database
from rooms.model import Window
from rooms.store import Store

CHROMIUM = "/usr/bin/chromium"
ROUNDS = 11
SLOWER = 4
PAGE, PLAIN = "/display/kestrel", "/plain"
SHOWN = """(() => {
    const look = () => {
        const word = document.getElementById("word");
        const waits = document.documentElement?.dataset.state === "waiting";
        if (!word?.textContent.trim() || waits) return requestAnimationFrame(look);
        // The frame that holds it is painted before the next task.
        return requestAnimationFrame(() => setTimeout(() => {
            window.shownAt = performance.now();
        }));
    };
    look();
})()"""
WHOLE = "() => document.getElementById('act-said')"
"""What can be done at the door stands there too: nothing else is fetched for the page itself."""
Loaded = dict[str, int]


def measure() -> list[Row]:
    """Both figures."""
    with _chromium() as browser, tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.html"
        plain.write_text("")
        with served_by(lambda: _app(Path(folder), plain)) as url:
            sent, whole, text = _first(browser, url)
            plain.write_text(text)
            ours, bare = [], []
            for number in range(ROUNDS + 1):
                one, other = _seen(browser, url + PAGE), _seen(browser, url + PLAIN)
                if number:  # the first warms up
                    ours.append(one)
                    bare.append(other)
    return [
        row(
            "display_page_kib",
            value=sent / 1024,
            unit="KiB",
            baseline=whole / 1024,
            ratio=sent / 1024,
            goal=100,
            better="less",
        ),
        row(
            "display_first_view_vs_static",
            value=statistics.median(ours),
            unit="ms",
            baseline=statistics.median(bare),
            goal=2,
            better="less",
        ),
    ]


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def _first(browser: Browser, url: str) -> tuple[int, int, str]:
    """What the first view takes, as sent and unpacked; and a page of the same that runs nothing."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    told: dict[str, Loaded] = {}

    def arrived(event: dict[str, Any]) -> None:
        one = told.setdefault(event["requestId"], {"sent": 0, "whole": 0})
        one["whole"] += event["dataLength"]
        one["sent"] = max(one["sent"], 0) + event.get("encodedDataLength", 0)

    def ended(event: dict[str, Any]) -> None:
        one = told.setdefault(event["requestId"], {"sent": 0, "whole": 0})
        one["sent"] = int(event["encodedDataLength"])

    session.on("Network.dataReceived", arrived)
    session.on("Network.loadingFinished", ended)
    page.add_init_script(SHOWN)
    page.goto(url + PAGE)
    page.wait_for_function("() => window.shownAt")
    page.wait_for_load_state("load")
    page.wait_for_function(WHOLE)
    text = _still(page)
    context.close()
    sent, whole = (sum(one[name] for one in told.values()) for name in ("sent", "whole"))
    return sent, whole, text


def _still(page: Page) -> str:
    """The page as it stands, with its scripts as data."""
    kept: str = page.evaluate(
        """async () => {
            const loaded = performance.getEntriesByType("resource").map((one) => one.name);
            const texts = [];
            for (const url of loaded.filter((one) => /\\.(js|json)$/.test(one))) {
                texts.push(await (await fetch(url)).text());
            }
            const runs = document.querySelectorAll("script, link[rel=modulepreload]");
            runs.forEach((one) => one.remove());
            const data = document.createElement("script");
            data.type = "text/plain";
            data.textContent = texts.join("\\n").replaceAll("</script", "<\\\\/script");
            document.head.append(data);
            return "<!doctype html>" + document.documentElement.outerHTML;
        }"""
    )
    return kept


def _seen(browser: Browser, url: str) -> float:
    """Milliseconds from the navigation until the state is painted."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(SHOWN)
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.shownAt")
    took = float(page.evaluate("window.shownAt"))
    context.close()
    return took


def _app(folder: Path, plain: Path) -> web.Application:
    """The appliance's own application with one room, and the page beside it."""
    pages.files()
    database = Database(folder / "bridge.db")
    clock = SystemClock()
    house = House(
        store=Store(database),
        health=Health(clock),
        clock=clock,
        tokens=Tokens(database, Audit(database), clock),
        started=clock.now(),
        rooms={"kestrel": ROOM},
    )
    doors = display.Doors(house)
    house.display = doors.version
    hub = stream.Hub(house)
    made = files.File.of(b"", files.KINDS[".html"])

    async def still(_house: House, _caller: Caller, request: web.Request) -> web.Response:
        nonlocal made
        body = plain.read_bytes()  # noqa: ASYNC240 - not what is measured: it is read again
        if body != made.body:
            made = files.File.of(body, made.kind)
        answer = pages.shown(made, request)
        del answer.headers["Content-Security-Policy"]
        return answer

    async def running(_app: web.Application) -> AsyncIterator[None]:
        async with database.running():
            now = datetime.now(UTC)
            window = Window.around(now, timedelta(days=1), timedelta(days=7))
            agenda, account = agenda_of(ROOM, meetings(now), window=window, as_of=now)
            await house.store.replace(ROOM, agenda, account)
            sending = asyncio.create_task(hub.run())
            yield
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    plain_route = Route(
        method="GET", path=PLAIN, serve=still, scope=None, summary="", answer="text/html"
    )
    shown = [*rooms.ROUTES, *display.routes(doors), stream.route(hub), *pages.ROUTES]
    app = site(house, [*shown, plain_route])
    app.cleanup_ctx.append(running)
    return app
