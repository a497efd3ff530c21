"""Strangers' words made fit to be drawn. Pure."""

import unicodedata
from functools import lru_cache

LONGEST = 300
"""Characters of a text that are looked at: more never fits."""
MARKS = 2
"""Marks above and below one letter; more are a joke, and run over what stands next to them."""
_JOINERS = "\u200c\u200d"


@lru_cache(maxsize=2048)
def tidy(text: str) -> str:
    """A text without control characters, turns of direction, and what no font writes.

    Emoji and other pictures are left out: a box in their place tells nobody anything.
    """
    kept: list[str] = []
    marks = 0
    for one in text[: 4 * LONGEST]:
        kind = unicodedata.category(one)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if one in _JOINERS or (kind[0] == "Z" or one in "\t\n\r"):
            kept.append(one if one in _JOINERS else " ")
        elif kind[0] != "C" and kind != "So" and marks <= MARKS and kind != "Sk":
            kept.append(one)
    return " ".join("".join(kept).split())[:LONGEST]
