"""What the pages say in fifteen languages, asked of the very modules in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, CDPSession, Page, Route

from bridge.views.site import site
from rooms.display import LANGUAGES
from tests.bridge.conftest import Views
from tests.bridge.test_words import PLURALS
from tests.process.chromium import lent

pytestmark = pytest.mark.browser

BLANK = "<!doctype html><html lang='xx'><title>words</title></html>"
AFTERNOON = 1795273500000
"""2026-11-21T15:05:00Z, in milliseconds."""

SAID = {
    "en": ("Saturday, November 21", "4:05 PM", "5 minutes ago"),
    "de": ("Samstag, 21. November", "16:05", "vor 5 Minuten"),
    "fr": ("samedi 21 novembre", "16:05", "il y a 5 minutes"),
    "es": ("sábado, 21 de noviembre", "16:05", "hace 5 minutos"),
    "it": ("sabato 21 novembre", "16:05", "5 minuti fa"),
    "nl": ("zaterdag 21 november", "16:05", "5 minuten geleden"),
    "pt": ("sábado, 21 de novembro", "16:05", "há 5 minutos"),
    "sv": ("lördag 21 november", "16:05", "för 5 minuter sedan"),
    "da": ("lørdag 21. november", "16.05", "for 5 minutter siden"),
    "nb": ("lørdag 21. november", "16:05", "for 5 minutter siden"),
    "pl": ("sobota, 21 listopada", "16:05", "5 minut temu"),
    "ja": ("11月21日土曜日", "16:05", "5 分前"),
    "zh": ("11月21日星期六", "16:05", "5分钟前"),
    "ar": ("السبت، 21 نوفمبر", "4:05 م", "قبل 5 دقائق"),
    "he": ("יום שבת, 21 בנובמבר", "16:05", "לפני 5 דקות"),
}
"""A day, a time and an age as CLDR 48 has them (cldr-json, main/*/ca-gregorian and dateFields)."""

SPANS = {
    "en": "1 h 30 min",
    "de": "1 Std. 30 Min.",
    "ja": "1時間30分",
    "ar": "ساعة واحدة و30 دقيقة",
    "he": "שעה ו-30 דקות",
}


BROWSERS = {
    "nn-NO": "nb",
    "zh-TW": "zh",
    "pt-PT": "pt",
    "fi-FI": "en",
    "en-GB": "en",
    "ar-EG": "ar",
}
FREE = {"nb": "Ledig", "zh": "空闲", "pt": "Livre", "en": "Free", "ar": "متاحة"}


class Speaker:
    """A blank page of the appliance's that can load its modules."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin

    async def open(self, query: str = "") -> None:
        """A new load of the page."""
        await self.page.goto(f"{self.origin}/blank{query}")

    async def speak(self, language: str = "auto", clock: str = "auto") -> None:
        """Choose, as the page does."""
        script = """async (asked) => {
            window.words = await import("/static/display/words.js");
            await words.speak(asked);
        }"""
        await self.page.evaluate(script, {"language": language, "clock": clock})

    async def say(self, expression: str, argument: Any = None) -> Any:
        """What an expression with `words` is."""
        return await self.page.evaluate(f"(given) => {expression}", argument)

    async def tongue(self) -> list[str]:
        """Language and direction that the page declares."""
        html = "document.documentElement"
        told: list[str] = await self.say(f"[{html}.lang, {html}.dir]")
        return told


@pytest.fixture
async def speaker(browser: Browser, views_of_now: Views) -> AsyncIterator[Speaker]:
    """A page that speaks, in an American's browser with nothing kept."""
    async with served_to(browser, views_of_now, locale="en-US") as opened:
        yield opened


@pytest.fixture
async def foreigner(browser: Browser, views_of_now: Views) -> AsyncIterator[Speaker]:
    """A page that speaks, in a browser of which the test says where it is."""
    async with served_to(browser, views_of_now) as opened:
        yield opened


@asynccontextmanager
async def served_to(browser: Browser, views: Views, **somebody: Any) -> AsyncIterator[Speaker]:
    """A page of these views in the browser of somebody."""
    async with (
        views.database.running(),
        TestServer(site(views.house, views.routes())) as server,
        spoken_to(browser, f"http://127.0.0.1:{server.port}", **somebody) as opened,
    ):
        yield opened


@asynccontextmanager
async def spoken_to(browser: Browser, origin: str, **somebody: Any) -> AsyncIterator[Speaker]:
    """A page in the browser of somebody else."""
    complaints: list[str] = []
    async with lent(browser, **somebody) as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.route("**/blank*", blank)
        opened = Speaker(page, origin)
        await opened.open()
        yield opened
    assert complaints == []


async def blank(route: Route) -> None:
    """An empty page of the appliance's origin."""
    await route.fulfill(body=BLANK, content_type="text/html; charset=utf-8")


async def test_every_language_speaks_with_its_own_dates_and_numbers(speaker: Speaker) -> None:
    for language in LANGUAGES:
        await speaker.speak(language)
        direction = "rtl" if language in {"ar", "he"} else "ltr"
        assert await speaker.tongue() == [language, direction]
        zone = "'Europe/Berlin'"
        told = await speaker.say(
            f"[words.day(new Date(given), {zone}), words.clock(new Date(given), {zone}),"
            " words.ago(300_000)]",
            AFTERNOON,
        )
        # Spaces are CLDR's affair: they were narrow for a while, and wide before.
        assert [one.replace("\u202f", " ").replace("\u00a0", " ") for one in told] == [
            *SAID[language]
        ]
        assert await speaker.say("words.dayKey(new Date(given), 'Asia/Tokyo')", AFTERNOON) == (
            "2026-11-22"
        )
        rules = f"new Intl.PluralRules('{language}').resolvedOptions().pluralCategories"
        assert set(await speaker.say(rules)) == PLURALS[language], language


async def test_spans_and_numbers_take_the_form_that_people_say(speaker: Speaker) -> None:
    for language, words in SPANS.items():
        await speaker.speak(language)
        assert await speaker.say("words.span(given)", 90 * 60_000) == words
    await speaker.speak("en")
    asked = [0, 1, 60_000, 60_001, 59 * 60_000, 3_600_000, 26 * 3_600_000]
    told = [await speaker.say("words.span(given)", one) for one in asked]
    assert told == ["1 min", "1 min", "1 min", "2 min", "59 min", "1 h", "26 h"]

    await speaker.speak("pl")
    told = [await speaker.say("words.t('meeting.people', {n: given})", n) for n in (1, 3, 5, 22)]
    assert told == ["1 osoba", "3 osoby", "5 osób", "22 osoby"]
    await speaker.speak("ar")
    told = [await speaker.say("words.t('meeting.people', {n: given})", n) for n in (1, 2, 3, 11)]
    assert told == ["شخص واحد", "شخصان", "3 أشخاص", "11 شخصًا"]


async def test_hours_of_the_day_are_the_languages_or_as_the_room_wants(speaker: Speaker) -> None:
    night = AFTERNOON - 15 * 3_600_000  # five past midnight, UTC
    for language, clock, told in [
        ("de", "auto", "00:05"),
        ("de", "12", "12:05 AM"),
        ("en", "auto", "12:05 AM"),
        ("en", "24", "00:05"),
        ("ar", "24", "00:05"),
        ("ja", "12", "午前12:05"),
    ]:
        await speaker.speak(language, clock)
        said = await speaker.say("words.clock(new Date(given), 'UTC')", night)
        assert said.replace("\u202f", " ") == told


async def test_a_choice_in_the_address_is_kept_until_it_is_taken_back(speaker: Speaker) -> None:
    await speaker.open("?lang=sv")
    await speaker.speak("de")
    assert await speaker.tongue() == ["sv", "ltr"]
    await speaker.open()
    await speaker.speak("de")
    assert await speaker.tongue() == ["sv", "ltr"]
    await speaker.open("?lang=auto")
    await speaker.speak("de")
    assert await speaker.tongue() == ["de", "ltr"]


async def belongs(speaker: Speaker, engine: CDPSession, locale: str) -> None:
    """From the next load on, the browser is that of somebody of a country."""
    agent = {"userAgent": await speaker.say("navigator.userAgent"), "acceptLanguage": locale}
    await engine.send("Emulation.setUserAgentOverride", agent)
    await engine.send("Emulation.setLocaleOverride", {"locale": locale})
    await speaker.open("?lang=xx")
    told = "[navigator.language, Intl.NumberFormat().resolvedOptions().locale]"
    assert await speaker.say(told) == [locale, locale]


async def test_else_the_browser_chooses_its_language_and_its_countrys_dates(
    foreigner: Speaker,
) -> None:
    speaker = foreigner
    engine = await speaker.page.context.new_cdp_session(speaker.page)
    for locale, language in BROWSERS.items():
        await belongs(speaker, engine, locale)
        await speaker.speak("tlh")
        assert (await speaker.tongue())[0] == language
        assert await speaker.say("words.t('state.free')") == FREE[language]
        told = "[words.day(new Date(given), 'UTC'), words.clock(new Date(given), 'UTC')]"
        said = await speaker.say(told, AFTERNOON)
        if locale == "en-GB":
            assert said == ["Saturday 21 November", "15:05"]
        if locale == "ar-EG":
            digits = await speaker.say(
                "words.t('meeting.people', {n: 12}) + words.ago(300_000) + words.clock(given)",
                AFTERNOON,
            )
            assert {one for one in digits if one.isdigit()} <= set("0123456789")


async def test_strangers_words_keep_their_direction_to_themselves(speaker: Speaker) -> None:
    await speaker.speak("en")
    title = "\u202e\u2069שלום\u2066"
    assert await speaker.say("words.isolate(given)", title) == "\u2068שלום\u2069"
    assert await speaker.say("words.isolate(null)") == "\u2068\u2069"
    said = await speaker.say("words.t('acts.next_is', {title: given})", title)
    assert said == "Next: \u2068שלום\u2069."
    assert await speaker.say("words.t('acts.next_is', {title: given})", "Plan") == "Next: Plan."
    await speaker.speak("he")
    said = await speaker.say("words.t('acts.next_is', {title: given})", "Plan {n} $& <b>")
    assert said == "הבא: \u2068Plan {n} $& <b>\u2069."


async def test_a_key_that_a_catalogue_lacks_is_said_in_english(speaker: Speaker) -> None:
    async def shorter(route: Route) -> None:
        await route.fulfill(json={"about": {"direction": "ltr"}, "state": {"free": "Frei"}})

    await speaker.page.route("**/static/words/de.json", shorter)
    await speaker.speak("de")
    assert await speaker.say("words.t('state.free')") == "Frei"
    assert await speaker.say("words.t('state.busy')") == "busy", "until English has come"
    await speaker.page.wait_for_function("words.t('state.busy') === 'In use'")
    assert await speaker.say("words.t('state.nothing_of_the_kind')") == "nothing of the kind"


async def test_without_words_it_goes_on_and_asks_again(speaker: Speaker) -> None:
    await speaker.page.clock.install()
    await speaker.page.route("**/static/words/*.json", lambda route: route.abort())
    await speaker.speak("fr", "24")
    assert await speaker.say("words.t('state.free')") == "free"
    assert await speaker.say("words.clock(new Date(given), 'UTC')", AFTERNOON) == "15:05"
    await speaker.page.unroute("**/static/words/*.json")
    await speaker.page.clock.fast_forward(30_000)
    await speaker.page.wait_for_function("words.t('state.free') === 'Libre'")
    assert await speaker.tongue() == ["fr", "ltr"]


async def test_one_catalogue_is_loaded_and_formatters_are_made_once(speaker: Speaker) -> None:
    asked: list[str] = []
    speaker.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    await speaker.speak("it")
    await speaker.speak("it", "12")
    made = await speaker.say(
        """(() => {
            let made = 0;
            const Real = Intl.DateTimeFormat;
            Intl.DateTimeFormat = class extends Real {
                constructor(...given) { super(...given); made += 1; }
            };
            for (let tick = 0; tick < 1000; tick += 1) {
                const at = new Date(given + tick * 1000);
                words.clock(at, "UTC");
                words.day(at, "UTC");
                words.dayKey(at, "UTC");
            }
            Intl.DateTimeFormat = Real;
            return made;
        })()""",
        AFTERNOON,
    )
    assert made == 3
    assert [one for one in asked if one.endswith(".json")] == ["it.json"]


async def test_a_zone_or_code_that_is_not_known_takes_nothing_down(speaker: Speaker) -> None:
    await speaker.speak("en", "24")
    here = await speaker.say("words.clock(new Date(given))", AFTERNOON)
    assert await speaker.say("words.clock(new Date(given), 'Mars/Olympus')", AFTERNOON) == here
    assert await speaker.say("words.clock(new Date(given), 'Europe/Kyiv')", AFTERNOON) == "17:05"

    await speaker.speak("nl")
    await speaker.page.evaluate(
        """async () => { window.trouble = (await import("/static/display/trouble.js")).trouble; }"""
    )
    told = [await speaker.say("trouble(given)", code) for code in ("unreachable", "never_heard_of")]
    assert told == ["de agendadienst is niet bereikbaar", "de helpdesk kan de reden zien"]


async def test_before_its_script_runs_a_page_says_it_in_the_browsers_language(
    browser: Browser, speaker: Speaker
) -> None:
    spoken = {"de-AT": "Diese Seite braucht JavaScript.", "ar": "تحتاج هذه الصفحة إلى JavaScript."}
    for locale, words in spoken.items():
        context = await browser.new_context(locale=locale, java_script_enabled=False)
        page = await context.new_page()
        for path in ("/display", "/display/kestrel", "/board/north"):
            await page.goto(f"{speaker.origin}{path}")
            assert await page.get_attribute("html", "lang") == locale[:2]
            assert await page.get_attribute("html", "dir") == ("rtl" if locale == "ar" else "ltr")
            assert "{" not in await page.content()
            if path != "/board/north":
                assert await page.inner_text("noscript") == words
        await context.close()
