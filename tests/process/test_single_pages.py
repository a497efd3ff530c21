"""The pages of single sign-on in a real browser: at a desk, by hand, in both languages."""

import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from bridge.oidc.failed import EVERY
from tests.bridge.conftest import clock, made, views
from tests.bridge.oidc.conftest import Entrance, entrance
from tests.process.test_admin_pages import DESK, SMALL, TELEPHONE, WIDER

__all__ = ["clock", "entrance", "made", "views"]  # fixtures
pytestmark = pytest.mark.browser
LONG = "Example Corporation Account"


@pytest.fixture
async def door(entrance: Entrance) -> Entrance:
    """The provider says yes at once."""
    issuer = entrance.issuer

    def agree(request: web.Request) -> web.StreamResponse:
        back = f"{request.query['redirect_uri']}?{issuer.allow(str(request.url))}"
        return web.Response(status=303, headers={"Location": back})

    issuer.leads = agree
    entrance.set(name=LONG)
    return entrance


async def test_every_way_to_sign_in_fits_and_can_be_touched(
    door: Entrance, browser: Browser
) -> None:
    url = door.site.public_url
    context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
    page = await context.new_page()
    ways = [(True, why, "de") for why in (*EVERY, "out")]
    for local, why, lang in [*ways, (True, "stale", "en"), (False, "", "en"), (False, "out", "de")]:
        door.set(allow_local=local)
        await page.goto(f"{url}/admin/login?sso={why}&lang={lang}")
        await expect(page.locator("html")).to_have_attribute("lang", lang)
        await expect(page.locator("a.go")).to_contain_text(LONG)
        assert await page.locator("form.form").count() == int(local)
        for width, height in (DESK, TELEPHONE, (320, 640)):
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate(WIDER) <= 0, (why, lang, width)
            assert await page.evaluate(SMALL) == [], why
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_one_click_is_enough_with_scripts_and_without(
    door: Entrance, browser: Browser, scripts: bool
) -> None:
    url = door.site.public_url
    context = await browser.new_context(java_script_enabled=scripts)
    page = await context.new_page()
    await page.goto(f"{url}/admin/rooms")
    await page.get_by_role("link", name=LONG).click()
    await expect(page).to_have_url(f"{url}/admin/rooms")
    await expect(page.get_by_role("link", name="Your account: Ada Lovelace")).to_be_visible()
    await context.close()


async def test_where_the_browser_does_not_go_on_there_is_a_link(
    door: Entrance, browser: Browser
) -> None:
    url = door.site.public_url
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.route(f"{url}/admin", lambda route: route.fulfill(status=204))
    await page.goto(f"{url}/admin/sso?next=/admin")
    await expect(page.get_by_role("heading")).to_have_text("You are signed in")
    await page.unroute_all()
    await page.get_by_role("link", name="Go on").click()
    await expect(page).to_have_url(f"{url}/admin")
    await context.close()


async def test_a_page_elsewhere_signs_nobody_in_as_somebody_else(
    door: Entrance, browser: Browser
) -> None:
    """Somebody's own answer, put before another's browser, is not theirs."""
    theirs = door.issuer.allow(await door.begin())
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{door.site.public_url}/admin/callback?{theirs}")
    await expect(page.get_by_role("alert")).to_be_visible()
    assert [one["name"] for one in await context.cookies()] == []
    await context.close()
