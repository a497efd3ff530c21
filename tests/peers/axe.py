"""axe-core: what people with impairments need of a page (WCAG 2.0 to 2.2, levels A and AA)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, expect

from tests.peers.conftest import module

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
JUDGE = """
async (tags) => {
  const found = await axe.run({ runOnly: tags });
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}
"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
UNFOLD = "document.querySelectorAll('details').forEach((one) => one.open = true)"


def axe() -> str:
    """The script; evaluated, as a script tag would break the page's own security policy."""
    return Path(module("axe-core/axe.min.js")).read_text()


async def violations(page: Page) -> list[str]:
    """What breaks a rule."""
    await page.evaluate(axe())
    found = await page.evaluate(JUDGE, RULES)
    assert isinstance(found, list)
    return found


async def fine(page: Page, about: object = "", sizes: Sequence[tuple[int, int]] = ()) -> None:
    """Nothing does, by day and by night, in each size."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await _fine(page, (about, scheme), sizes)


async def fine_in_languages(page: Page, address: str, sizes: Sequence[tuple[int, int]]) -> None:
    """A page of /admin is: in English by day, in German by night, unfolded, in each size."""
    for scheme, lang in zip(SCHEMES, ("en", "de"), strict=True):
        await page.emulate_media(color_scheme=scheme)
        await page.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")
        await expect(page.locator("html")).to_have_attribute("data-ready", "")
        await page.evaluate(UNFOLD)
        await _fine(page, (address, scheme), sizes)


async def _fine(page: Page, about: object, sizes: Sequence[tuple[int, int]]) -> None:
    if not sizes:
        assert await violations(page) == [], about
    for width, height in sizes:
        await page.set_viewport_size({"width": width, "height": height})
        assert await violations(page) == [], (about, width)
