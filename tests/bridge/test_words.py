"""The catalogues of words: whole, short enough for a door, and nothing in them but words."""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.views import pages
from bridge.views.files import page
from bridge.words import ADVICE
from rooms.display import LANGUAGES
from rooms.model import NoJoinReason

STATIC = Path(pages.__file__).parent / "static"
WORDS = STATIC / "words"

GERMANIC = {"one", "other"}
ROMANCE = {"one", "many", "other"}
PLURALS = {
    **dict.fromkeys(("en", "de", "nl", "sv", "da", "nb"), GERMANIC),
    **dict.fromkeys(("fr", "es", "it", "pt"), ROMANCE),
    "pl": {"one", "few", "many", "other"},
    "ja": {"other"},
    "zh": {"other"},
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "he": {"one", "two", "other"},
}
"""Plural categories of cardinal numbers (CLDR 48, supplemental/plurals)."""
SINGLE = {"zero", "one", "two"}
"""Those that may name the number in words instead of digits, where they mean one number only."""
HUGE = ("free", "busy", "soon", "check_in", "waiting", "unknown")
"""What stands in letters that are read from five metres."""
SCRIPTS = {
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "zh": ("CJK",),
    "ar": ("ARABIC",),
    "he": ("HEBREW",),
}
ENDONYMS = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "nl": "Nederlands",
    "pt": "Português",
    "sv": "Svenska",
    "da": "Dansk",
    "nb": "Norsk bokmål",
    "pl": "Polski",
    "ja": "日本語",
    "zh": "简体中文",
    "ar": "العربية",
    "he": "עברית",
}

EVERY = pytest.mark.parametrize("language", LANGUAGES)
OTHERS = pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])

Catalogue = dict[str, dict[str, Any]]


@cache
def catalogue(language: str) -> Catalogue:
    """As it is served."""
    document: Catalogue = json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    return document


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Each text and the key that leads to it."""
    for section, entries in catalogue(language).items():
        for name, words in entries.items():
            if isinstance(words, str):
                yield f"{section}.{name}", words
            elif isinstance(words, dict):
                for category, form in words.items():
                    yield f"{section}.{name}.{category}", form


def keys(language: str) -> dict[str, type]:
    """Every `section.key`, and whether it is one text or forms by number."""
    return {
        f"{section}.{name}": type(words)
        for section, entries in catalogue(language).items()
        for name, words in entries.items()
    }


def holes(text: str) -> set[str]:
    """Its placeholders."""
    return set(re.findall(r"\{(\w+)\}", text))


def test_there_is_one_for_every_language_that_displays_speak() -> None:
    assert {path.stem for path in WORDS.iterdir()} == set(LANGUAGES) == set(PLURALS)


def test_the_page_chooses_among_the_same_languages() -> None:
    script = (STATIC / "display" / "words.js").read_text("utf-8")
    listed = script.partition("const LANGUAGES = [")[2].partition("]")[0]
    assert tuple(re.findall(r'"(\w+)"', listed)) == LANGUAGES


@OTHERS
def test_it_is_whole(language: str) -> None:
    assert keys(language) == keys("en")


@OTHERS
def test_the_same_is_filled_in(language: str) -> None:
    for key, words in texts(language):
        section, name, *category = key.split(".")
        ours = catalogue("en")[section][name]
        wanted = holes(ours if isinstance(ours, str) else ours["other"])
        if category and category[0] in SINGLE:
            assert wanted - {"n"} <= holes(words) <= wanted, key
        else:
            assert holes(words) == wanted, key


@EVERY
def test_numbers_have_the_forms_that_the_language_tells_apart(language: str) -> None:
    for section, entries in catalogue(language).items():
        for name, words in entries.items():
            if isinstance(words, dict):
                assert set(words) == PLURALS[language], f"{section}.{name}"


@EVERY
def test_nothing_is_in_it_but_words(language: str) -> None:
    for key, words in texts(language):
        assert words == words.strip(), key
        assert words, key
        assert not re.search(r"[<>&\\]", words), key
        assert re.fullmatch(r"[^{}]*(\{\w+\}[^{}]*)*", words), key
        odd = [one for one in words if unicodedata.category(one) in {"Cc", "Cf", "Co", "Cs"}]
        assert not odd, f"{key}: {odd}"
        assert words == unicodedata.normalize("NFC", words), key


@EVERY
def test_the_word_for_how_a_room_stands_is_short(language: str) -> None:
    most = 6 if language in {"ja", "zh"} else 14
    for name in HUGE:
        word = catalogue(language)["state"][name]
        letters = [one for one in word if not unicodedata.combining(one)]
        assert len(letters) <= most, f"{word}: {len(letters)}"


@EVERY
def test_states_can_be_told_apart_by_their_words(language: str) -> None:
    words = [catalogue(language)["state"][name] for name in HUGE]
    assert len(set(words)) == len(HUGE)


@EVERY
def test_buttons_are_not_longer_than_a_button(language: str) -> None:
    acts = catalogue(language)["acts"]
    for name in ("book", "extend", "end", "check_in", "release", "join", "leave", "find", "more"):
        assert len(acts[name]) <= 24, acts[name]


@EVERY
def test_it_says_what_it_is_and_that_nobody_reviewed_it(language: str) -> None:
    about = catalogue(language)["about"]
    assert about["language"] == ENDONYMS[language]
    assert about["direction"] == ("rtl" if language in {"ar", "he"} else "ltr")
    assert about["reviewed"] is False


@pytest.mark.parametrize("language", SCRIPTS)
def test_it_is_written_in_its_own_script(language: str) -> None:
    for key, words in texts(language):
        own = re.sub(r"\{\w+\}", "", words)
        letters = [one for one in own if unicodedata.category(one).startswith("L")]
        if not letters or key in {"about.direction", "acts.ok"}:
            continue
        named = [unicodedata.name(one).startswith(SCRIPTS[language]) for one in letters]
        assert any(named), f"{key}: {words}"


@OTHERS
def test_hardly_anything_was_left_in_english(language: str) -> None:
    english = dict(texts("en"))
    same = [
        key
        for key, words in texts(language)
        if words == english.get(key) and re.search(r"[a-z]{4}", re.sub(r"\{\w+\}", "", words))
    ]
    assert len(same) <= 6, same


def literals() -> Iterator[tuple[str, str]]:
    """Each key that a script of the pages names, and where."""
    for path in sorted(STATIC.rglob("*.js")):
        for key in re.findall(r"""\bt\(\s*["'`]([\w.]+)["'`]""", path.read_text("utf-8")):
            yield path.name, key


def test_every_key_that_a_script_names_exists() -> None:
    named = list(literals())
    assert named, "scripts speak by keys"
    assert [(where, key) for where, key in named if key not in keys("en")] == []


SAYS = re.compile(r"""["'`{](\w+\.\w+)(?:\$\{|["'`}])""")
"""A whole key, or one whose end is filled in."""


def said() -> tuple[set[str], set[str]]:
    """What scripts, pages and faces name: whole keys, and the beginnings of others."""
    views = STATIC.parent
    paths = [*STATIC.rglob("*.js"), *STATIC.rglob("*.html"), *(views / "faces").glob("*.py")]
    sources = [path.read_text("utf-8") for path in paths]
    whole = {key for text in sources for key in SAYS.findall(text)}
    begun = {key for text in sources for key in re.findall(r"[`\"](\w+\.\w*)[${]", text)}
    return whole, begun


def test_no_words_are_kept_that_nobody_says() -> None:
    whole, begun = said()
    scripts = " ".join(path.read_text("utf-8") for path in STATIC.rglob("*.js"))
    named = {*re.findall(r"\w+", scripts), *ADVICE, *NoJoinReason}
    for key in keys("en"):
        section = key.partition(".")[0]
        if key in whole or key.removesuffix("_day") in whole or section == "about":
            continue
        ends = [key.removesuffix("_day").removeprefix(one) for one in begun if key.startswith(one)]
        assert any(end in named for end in ends), key


def test_what_a_health_code_means_at_the_door_names_codes_that_exist() -> None:
    script = (STATIC / "display" / "trouble.js").read_text("utf-8")
    table = script.partition("const MEANINGS = {")[2].partition("};")[0]
    codes = {
        code for text in re.findall(r'"([^"]*)"', table) for code in text.split() if code.strip()
    }
    assert codes
    assert codes <= set(ADVICE)


@EVERY
def test_pages_begin_in_the_language_of_their_reader(language: str) -> None:
    words = catalogue(language)
    for name in (path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.html")):
        text = page(name, lang=language).body.decode()
        assert f'lang="{language}" dir="{words["about"]["direction"]}"' in text
        assert not re.search(r"\{\w+\.\w+\}", text), name
        assert ("/static/words/" in text) == ("/display/words.js" in text), name
    assert words["pair"]["open_once"] in page("signin.html", lang=language).body.decode()
