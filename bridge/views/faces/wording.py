"""The words of a face in a language, and its times and days as that language writes them.

The catalogues are those of the pages (`static/words`); how dates are written comes from CLDR,
through Babel.
"""

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, get_args

import msgspec
from babel.dates import format_date, format_skeleton, format_time

from bridge.views.pages import files
from rooms.display import LANGUAGES, Clock

_PLACE = re.compile(r"\{(\w+)\}")
_SPACES = str.maketrans("\u202f\u00a0", "  ")
"""Narrow and fixed spaces, which few fonts have."""


@cache
def _catalogue(language: str) -> dict[str, Any]:
    """A whole catalogue; empty where there is none."""
    file = files().get(f"words/{language}.json")
    return msgspec.json.decode(file.body) if file else {}


class Wording:
    """One language, and hours of the day as a room wants them."""

    def __init__(self, language: str = "en", clock: Clock = "auto") -> None:
        self.language = language if _catalogue(language) else "en"
        self._clock = clock
        self.leads_right = _catalogue(self.language)["about"]["direction"] == "rtl"
        """Whether it is written from right to left."""

    def __call__(self, key: str, **values: str) -> str:
        """The words of `section.key`; in English where they are missing."""
        section, _, name = key.partition(".")
        told = _catalogue(self.language).get(section, {}).get(name)
        if not isinstance(told, str):
            told = _catalogue("en")[section][name]
        return _PLACE.sub(lambda place: values.get(place[1], place[0]), str(told))

    def has(self, key: str) -> bool:
        """Whether there are words for it."""
        section, _, name = key.partition(".")
        return name in _catalogue("en").get(section, {})

    def time(self, local: datetime) -> str:
        """An hour of the day, of a time in the room's zone."""
        if self._clock == "auto":
            told = format_time(local, "short", locale=self._locale)
        else:
            skeleton = "Hm" if self._clock == "24" else "hm"
            told = format_skeleton(skeleton, local, locale=self._locale)
        return str(told).translate(_SPACES)

    def hour(self, hour: int) -> str:
        """An hour beside a time line: just its number."""
        return str(hour if self._clock != "12" else (hour - 1) % 12 + 1)

    def day(self, local: date) -> str:
        """A day, with its weekday."""
        return str(format_skeleton("MMMEd", local, locale=self._locale)).translate(_SPACES)

    def weekday(self, local: date) -> str:
        """The name of a day of the week, short."""
        return str(format_date(local, "EEE", locale=self._locale))

    @property
    def _locale(self) -> str:
        # English without a country would be the American one; its days read oddly elsewhere.
        return "en_GB" if self.language == "en" else self.language


def prepare(language: str) -> None:
    """Have Babel read all that it needs from the disk; it does so when a language is first used."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    clocks: tuple[Clock, ...] = get_args(Clock)
    for clock in clocks:
        words = Wording(language, clock)
        words.time(noon)
        words.day(noon)
        words.weekday(noon)


def spoken(asked: str, of_room: str) -> str:
    """The language that is asked for, else the room's own, else English."""
    for one in (asked.partition("-")[0].lower(), of_room):
        if one in LANGUAGES:
            return one
    return "en"
