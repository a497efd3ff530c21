"""The pages of single sign-on, judged by axe in light, dark, English and German."""

import pytest
from playwright.async_api import Browser, expect

from bridge.oidc.failed import EVERY
from tests.bridge.conftest import clock, made, views
from tests.bridge.oidc.conftest import Entrance, entrance
from tests.peers.axe import fine_in_languages, violations
from tests.process.test_admin_pages import DESK, TELEPHONE
from tests.process.test_single_pages import door

__all__ = ["clock", "door", "entrance", "made", "views"]  # fixtures
pytestmark = pytest.mark.browser


async def test_signing_in_by_a_provider_can_be_read_by_everybody(
    door: Entrance, browser: Browser
) -> None:
    url = door.site.public_url
    context = await browser.new_context(reduced_motion="reduce")
    page = await context.new_page()
    for local, why in ((True, EVERY[0]), (True, "out"), (False, "")):
        door.set(allow_local=local)
        await fine_in_languages(page, f"{url}/admin/login?sso={why}", (DESK, TELEPHONE))
    await page.route(f"{url}/admin", lambda route: route.fulfill(status=204))
    await page.goto(f"{url}/admin/sso?next=/admin")
    await expect(page.get_by_role("link")).to_have_text("Weiter")
    assert await violations(page) == []
    await context.close()
