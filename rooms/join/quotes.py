"""The newest words of a thread, and the older ones that stand below or behind `>`."""

import re
from collections.abc import Iterator

from rooms.join import mail_words

_HEADER = re.compile(rf"\n[ \t*]{{0,8}}(?:{mail_words.FROM.pattern.pattern})[ \t*]{{0,3}}:")
_SECOND = re.compile(
    r"[^\n]{0,300}\n{1,2}(?:[^\n]{1,300}\n{1,2})?[ \t*]{0,8}"
    rf"(?:{mail_words.SENT.pattern.pattern})[ \t*]{{0,3}}:"
)
_RULE = re.compile(r"\n[ \t]{0,8}(?:-{3,60}|_{3,60})[ \t]{0,4}([^\W\d_][^\n]{3,60})")
_LEAD = re.compile(r":[ \t]{0,8}\n")
_ARROWS = re.compile(r"\n>>>? [^\n>]{3,120} >>>?[ \t]*\n")
_MARKS = re.compile(r"[ \t]?(?:>[ \t]?)+")
_MARKS_OF_LINES = re.compile(r"\n[ \t]?(?:>[ \t]?)+")


def split(text: str) -> tuple[str, str]:
    """What the last writer wrote, and what is quoted from before."""
    if "\n" not in text:
        return ("", text.lstrip("> ")) if text.startswith(">") else (text, "")
    whole = "\n" + text
    below = min(_older(whole), default=len(whole))
    newest, quoted = whole[:below], whole[below:]
    if "\n>" in whole or "\n >" in whole:
        newest, marked = _marked(newest)
        quoted = marked + _MARKS_OF_LINES.sub("\n", quoted)
    return newest, quoted


def _older(whole: str) -> Iterator[int]:
    """Where older messages begin that stand below without marks."""
    low = whole.lower()
    if len(low) != len(whole):  # A few letters grow in lower case; positions must not.
        low = whole
    yield from _first(r.start() for r in _RULE.finditer(low) if mail_words.ORIGINAL.stand_in(r[1]))
    yield from _first(h.start() for h in _HEADER.finditer(low) if _SECOND.match(low, h.end()))
    yield from _first(lead.end() for lead in _LEAD.finditer(low) if _introduces(low, lead))
    if ">>" in low:
        yield from _first(arrows.end() for arrows in _ARROWS.finditer(low))
    forwarded = low.find("begin forwarded message:")
    if forwarded >= 0:
        yield forwarded


def _first(places: Iterator[int]) -> Iterator[int]:
    place = next(places, None)
    if place is not None:
        yield place


def _introduces(low: str, lead: re.Match[str]) -> bool:
    """Whether a line introduces an older message that no mark sets off."""
    words = low[max(0, lead.start() - 32) : lead.start()]
    return mail_words.WROTE.stand_in(words) and not low.startswith(">", lead.end())


def _marked(text: str) -> tuple[str, str]:
    """The lines without and those with `>` in front."""
    newest, quoted = [], []
    for line in text.split("\n"):
        marks = _MARKS.match(line)
        if marks:
            quoted.append(line[marks.end() :])
        else:
            newest.append(line)
    return "\n".join(newest), "\n".join(quoted)
