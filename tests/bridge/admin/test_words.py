"""The catalogues: the same in each language, and a word for everything that is said."""

import json
import re
import string
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from bridge.admin.pages import TEMPLATES
from bridge.admin.plain import MATTERS, matter
from bridge.admin.survey import STATES
from bridge.admin.words import HERE, Words, catalogues
from bridge.admin.wrong import KEYS as WRONG
from bridge.dispatch.status import State
from bridge.explain import FAILING
from bridge.findings import FINDINGS
from bridge.health import Subject
from bridge.oidc.failed import EVERY as EVERY_FAILED
from bridge.reasons import LEFT_OUT, NO_JOIN
from bridge.views.display_shapes import FaultCode
from bridge.words import ADVICE

LANGUAGES = sorted(path.stem for path in HERE.glob("*.json"))
EVERY = pytest.mark.parametrize("lang", LANGUAGES)


def entries(told: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from entries(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def catalogue(lang: str) -> dict[str, Any]:
    return dict(entries(json.loads((HERE / f"{lang}.json").read_text(encoding="utf-8"))))


def places(words: Any) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(str(words)) if name}


def words_of(lang: str) -> Words:
    return catalogues()[lang]


def test_there_are_english_and_german() -> None:
    assert {"de", "en"} <= set(LANGUAGES)


@EVERY
def test_a_catalogue_has_the_same_words_as_the_english_one(lang: str) -> None:
    ours, english = catalogue(lang), catalogue("en")
    assert ours.keys() == english.keys()
    for key, words in english.items():
        if isinstance(words, list):
            assert len(ours[key]) == len(words), key
        elif not key.endswith(".one"):  # "your room" needs no number
            assert places(ours[key]) == places(words), key
        assert bool(ours[key]) == bool(words), key


@EVERY
def test_everything_that_may_be_the_matter_has_words_and_what_to_do(lang: str) -> None:
    told = words_of(lang)
    for name in MATTERS:
        assert told(f"matter.{name}.words")
        assert told(f"matter.{name}.fix")
    for state in STATES:
        assert told(f"state.{state}")
        assert told(f"state_means.{state}")
    for reason in NO_JOIN:
        assert told(f"reason.{reason}.words")
        assert told(f"reason.{reason}.fix")
    for left_out in LEFT_OUT:
        assert told(f"reason.{left_out}.words")
    for sentence in WRONG:
        assert told(f"wrong.{sentence}")
    for code in get_args(FaultCode):
        assert told(f"fault.{code}")
    for system in get_args(State):
        assert told(f"system.{system}")
    for why in EVERY_FAILED:
        assert told(f"sso_why.{why}", name="Example")
    for failing in FAILING:
        assert told(f"on_system.endpoint_{failing}")


@pytest.mark.parametrize("code", sorted({*ADVICE, *FINDINGS}))
def test_every_code_of_health_is_something_the_matter(code: str) -> None:
    kinds = ("bridge", "source", "identity", "room", "endpoint", "reader", "display", "fault")
    for kind in kinds:
        found = matter(Subject(kind, "x"), code)  # type: ignore[arg-type] # each is one of them
        assert found in MATTERS
        if kind in {"endpoint", "reader"}:
            assert found.startswith("unit_"), "nobody is sent to the calendar for a dead unit"


@EVERY
def test_templates_say_only_what_is_in_the_catalogue(lang: str) -> None:
    told = words_of(lang)
    keys = {
        key
        for path in TEMPLATES.glob("*.html")
        for key in re.findall(r'\bw\("([a-z_]+\.[a-z_.]+)"[,)]', path.read_text(encoding="utf-8"))
    }
    assert len(keys) > 150, "this test looks in the right places"
    assert {key for key in keys if not told.has(key)} == set()


def test_every_word_of_a_list_is_of_something_in_it() -> None:
    keys = catalogue("en")
    lists: dict[str, set[str]] = {
        "matter": set(MATTERS),
        "reason": {*NO_JOIN, *LEFT_OUT, "other"},
        "wrong": set(WRONG),
        "sso_why": set(EVERY_FAILED),
        "state": set(STATES),
        "state_means": set(STATES),
        "fault": set(get_args(FaultCode)),
        "system": set(get_args(State)),
    }
    for section, names in lists.items():
        said = {key.split(".")[1] for key in keys if key.startswith(f"{section}.")}
        assert said - names == set(), section


def test_everything_that_was_done_is_done_somewhere() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in [*HERE.parent.glob("*.py"), *TEMPLATES.glob("*.html")]
    )
    said = {key.removeprefix("done.") for key in catalogue("en") if key.startswith("done.")}
    assert {one for one in said if not re.search(rf'(["=.]){one}"', code)} == set()


def test_no_word_is_left_over() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    sections = {"about", "ago", "state", "state_means", "fault", "system", "problems", "done"}
    sections |= {
        "matter",
        "reason",
        "on_system",
        "history",
        "choice",
        "plan",
        "setting",
        "sso_why",
        *("fate", "fate_means", "column"),
        *(
            "approve",
            "approve_ticked",
            "approve_all",
            "kind",
            "kind_means",
            "kind_none",
            "hindrance",
            "doubt",
        ),
        "unit_kind",
        "wrong",
    }  # said by what they are put together from
    sections |= {"role", "role_means", "scope", "standing", "amiss"}
    for key in catalogue("en"):
        section, name, *_ = key.split(".")
        assert section in sections or f'"{section}.{name}"' in text or section == "menu", key


def test_numbers_and_forms_are_those_of_the_language() -> None:
    english, german = words_of("en"), words_of("de")
    assert english("count.rooms", n=1) == "1 room"
    assert english("count.rooms", n=10_000) == "10,000 rooms"
    assert german("count.rooms", n=10_000) == "10.000 Räume"
    assert german("ago.days", n=1) == "vor 1 Tag"
