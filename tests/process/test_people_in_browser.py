"""What a real browser does with sessions: its cookie, its word for where a request comes from."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Response

from tests.process.conftest import Running, Site, until

pytestmark = pytest.mark.browser

PASSWORD = "a heron stands in the reeds"
ASK = """async ([method, csrf]) => {
  const headers = csrf ? { "X-CSRF-Token": csrf } : {};
  const answer = await fetch("/api/v1/session", { method, headers });
  return { status: answer.status, body: answer.status === 200 ? await answer.json() : null };
}"""
SUBMIT = """([action, fields]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


async def submit(page: Page, action: str, **fields: str) -> Response:
    """What the form itself is answered, before any redirect is followed."""
    path = action.rpartition("/admin")[2]
    async with (
        page.expect_navigation(),
        page.expect_response(lambda one: one.url.endswith(f"/admin{path}")) as came,
    ):
        await page.evaluate(SUBMIT, [action, fields])
    return await came.value


async def ask(page: Page, method: str = "GET", csrf: str = "") -> Any:
    return await page.evaluate(ASK, [method, csrf])


@asynccontextmanager
async def by_tls(site: Site) -> AsyncIterator[Running]:
    """An appliance with a certificate that it made itself."""
    site.settings["listen"] = {"address": "0.0.0.0", "port": "0"}
    running = await site.start()
    reading = asyncio.create_task(running.read_log())

    async def serves() -> bool:
        return bool(running.port)

    try:
        await until(serves, "serving")
        yield running
    finally:
        await running.stop()
        await reading


async def test_a_browser_signs_in_by_tls_and_only_our_own_pages_act_for_it(
    site: Site, browser: Browser
) -> None:
    async with by_tls(site) as running:
        _, code, _ = await site.command("people", "invite", "ada", "--role", "owner")
        context = await browser.new_context(ignore_https_errors=True)
        page = await context.new_page()
        ours, elsewhere = f"https://127.0.0.1:{running.port}", f"https://localhost:{running.port}"
        await page.goto(f"{ours}/healthz")
        answer = await submit(page, f"{ours}/admin/welcome", code=code.strip(), password=PASSWORD)
        assert (answer.status, answer.headers["location"]) == (303, "/admin")
        (cookie,) = await context.cookies()
        assert cookie["name"] == "__Host-roombridge"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        await page.goto(f"{ours}/healthz")
        who = (await ask(page))["body"]
        assert who["name"] == "person:ada"
        assert cookie["value"] not in await page.evaluate("document.cookie")
        assert (await ask(page, "DELETE"))["status"] == 403, "without what only our pages know"

        other = await context.new_page()
        await other.goto(f"{elsewhere}/healthz")
        answer = await submit(other, f"{ours}/admin/login", name="ada", password=PASSWORD)
        assert answer.status == 403, "another site signs nobody in"
        await other.goto(f"{elsewhere}/healthz")
        answer = await submit(other, f"{ours}/admin/logout", csrf=who["csrf"])
        assert answer.status == 303, "its form comes without the cookie"
        assert (await ask(page))["body"]["name"] == "person:ada", "and signs nobody out"

        assert (await ask(page, "DELETE", who["csrf"]))["status"] == 204
        assert await context.cookies() == []
        assert (await ask(page))["body"]["name"] == "loopback", "who sits at the machine may look"
        await context.close()
