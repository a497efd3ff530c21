"""What the pages say, in each language that there is a catalogue for."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

HERE = Path(__file__).parent / "words"
COOKIE = "roombridge_lang"
"""Keeps the language that somebody chose; it tells nothing else."""


class Words:
    """One language."""

    def __init__(self, lang: str, told: Mapping[str, Any]) -> None:
        self.lang = lang
        self._told = told

    def __call__(self, key: str, n: int | None = None, **values: object) -> str:
        """The words of `section.key`, with values in their places.

        Words that differ with a number are told apart as `one` and `other` (CLDR).

        Raises:
            KeyError: the catalogue has no such words.
        """
        found = self._found(key)
        if isinstance(found, Mapping):
            found = found["one" if n == 1 else "other"]
        if n is not None:
            values["n"] = self.number(n)
        return str(found).format_map(values) if values else str(found)

    def has(self, key: str) -> bool:
        """Whether there are such words."""
        try:
            return bool(self._found(key))
        except KeyError:
            return False

    def problem(self, code: str) -> str:
        """What went wrong; of what has no words of its own, that it did not work."""
        known = self.has(f"problems.{code}")
        return self(f"problems.{code}" if known else "problems.bad_request")

    def _found(self, key: str) -> Any:
        found: Any = self._told
        for part in key.split("."):
            found = found[part]
        return found

    def number(self, n: int) -> str:
        """A number as people write it."""
        return f"{n:,}".replace(",", self("about.thousands"))

    def list(self, key: str) -> list[str]:
        """Words that stand in a row, as the days of a week."""
        section, name = key.split(".")
        return list(self._told[section][name])


@cache
def catalogues() -> Mapping[str, Words]:
    """Every language; reads files, and so is asked first where nothing waits."""
    return {
        path.stem: Words(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(HERE.glob("*.json"))
    }


def chosen(request: web.Request) -> Words:
    """The language of an answer: asked for now, chosen before, or the browser's first."""
    accepted = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:200]
    wanted = [request.query.get("lang", ""), request.cookies.get(COOKIE, "")]
    wanted += [one.partition(";")[0].strip().lower() for one in accepted.split(",")]
    known = catalogues()
    return next((known[tag[:2]] for tag in wanted if tag[:2] in known), known["en"])
