"""Words of many languages, looked for as parts of a text in lower case."""

import functools
import re


class Words:
    """The parts by which one thing is named, by language.

    `_` stands for a space; `~` at either end of a part means that no letter may stand there.
    """

    def __init__(self, **languages: str) -> None:
        """Parts apart by spaces; the names of the languages are for the reader."""
        self._languages = languages

    @functools.cached_property
    def parts(self) -> frozenset[str]:
        """The parts of all languages."""
        every = (part for parts in self._languages.values() for part in parts.split())
        return frozenset(part.replace("_", " ") for part in every)

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches any of the parts; grouped by their first letters, which is four times as fast."""
        rests: dict[str, list[str]] = {}
        for part in sorted(self.parts):
            first, rest = _expression(part)
            rests.setdefault(first, []).append(rest)
        return re.compile("|".join(f"{first}(?:{'|'.join(r)})" for first, r in rests.items()))

    def stand_in(self, low: str) -> bool:
        """Whether a text in lower case holds one of the parts."""
        return self.pattern.search(low) is not None


def _expression(part: str) -> tuple[str, str]:
    """The expression of a part, cut behind its first letter."""
    word = part.strip("~")
    first = re.escape(word[0])
    before = rf"(?<![^\W\d_]{first})" if part.startswith("~") else ""
    after = r"(?![^\W\d_])" if part.endswith("~") else ""
    return first, before + re.escape(word[1:]) + after
