"""What an invitation prints behind labels: meeting ids, passcodes, one-tap telephone strings."""

import functools
import itertools
import re
from collections.abc import Iterator

import msgspec

from rooms.join import words

LABEL = 60
"""Characters before a value that can belong to its label."""

MOST = 300
"""Values of one sort that are kept of a passage."""

# What a label says, in the order of trying: the kind of value it announces, the words it must hold
# and those it must not.
_KINDS = tuple(
    (kind, frozenset(needed.split()), frozenset(barred.split()))
    for kind, needed, barred in (
        ("", "HOST", ""),
        ("", "PASSCODE ELSEWHERE", "MEETING"),
        ("numeric", "PASSCODE PHONE", ""),
        ("numeric", "PASSCODE VIDEO", ""),
        ("passcode", "PASSCODE", ""),
        ("vtc", "IDENTIFIER VIDEO", ""),
        ("id", "IDENTIFIER MEETING", "PHONE"),
        ("access", "ACCESS_CODE", ""),
        ("phone", "IDENTIFIER PHONE", ""),
        ("conference", "IDENTIFIER CONFERENCE", ""),
        ("grouped", "MEETING", "PHONE"),
    )
)
_BARE = {
    **dict.fromkeys(("id", "num", "num.", "nr", "no"), "id"),
    **dict.fromkeys(("pin", "guest pin", "pin code", "pin-code"), "pin"),
}
_TABLES = frozenset().union(*(needed | barred for _, needed, barred in _KINDS))

# Neither those of links and times nor the dividers of Google.
_COLON = re.compile(r"(?<![:~]):(?!//|[:~]|(?<=[0-9]:)[0-9]{2})")
_GAP = re.compile(r"[ \t*_`\"'“”\u00a0]*(?:\n[ \t*_`\"'\u00a0]*){0,3}")
_DIGITS = re.compile(r"[(\[+]?([0-9](?:[ \-.\u00a0\u202f]?[0-9]){2,24})(?![0-9])")
_TOKEN = re.compile(r"[^\s<>|\"“”„`\u3001\u3002\uff08\uff09\uff0c\uff1b]{1,64}")
_NUMBER = re.compile(r"[0-9][0-9 \-\u00a0\u202f]{7,22}[0-9]")
_NUMBER_SHAPE = re.compile(r"[0-9]{9,16}|[0-9]{2,4}(?:[ \-\u00a0\u202f][0-9]{1,4}){2,5}")
_GROUPED = re.compile(r"[0-9]{3,4}[ \-][0-9]{3,4}[ \-][0-9]{3,4}$")
_ONLY_LINK = re.compile(r"[ \t*]{0,8}\|{12,}[ \t]{0,4}\|[ \t]{0,4}")
_ONE_TAP = re.compile(r",,[,*0-9]{0,8}?([0-9]{6,14})#([0-9,*#]{0,40})")
_RUN = re.compile(r"[0-9]{4,14}")
_IN_BRACKETS = re.compile(r"[ \t]{0,3}\([ \t]{0,2}([0-9]{4,12})\b")
_ALONE = re.compile(r"\n[ \t]{0,8}([^\s<>|]{4,20})[ \t]{0,8}(?=\n|$)")
_NO_COLON = re.compile(
    r"(?:\s{1,4}(?:is|ist|es|é|est|è)\s)?(?:[\s=]{1,6}[`\"'“(]?|(?=[A-Z0-9]))"
    r"([^\s<>|\"“”`,;]{4,40})"
)
_MASK = re.compile(r"x+|X+|[*•·.\-_?#…]+")
_GLUED = re.compile(r"([0-9]{4,12})(?:One|Dial|Join|Meeting|Find|Phone|JOIN)[A-Za-z]*")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")
_QUOTES = "*_`'\u2018\u2019"
_OTHER_NUMBERS = frozenset("+-.@/=,")
"""Before a telephone number, an address or a date."""


class Printed(msgspec.Struct, frozen=True):
    """A value behind a label, and where its label begins."""

    kind: str
    """`id`, `conference`, `vtc`, `phone`, `passcode`, `numeric`, `access`, `pin`, `tap` (a meeting
    id in a one-tap string) or `tap-passcode`."""
    value: str
    at: int


def kind_of(label: str) -> str:
    """What a label announces; empty if nothing that helps to join."""
    low = label.strip(" \t*_-•·#|\"'").lower()
    # What is longer is somebody's sentence and not to be kept in memory.
    return _known_kind(low) if len(low) <= 32 else _kind(low)


@functools.lru_cache(maxsize=2048)
def _known_kind(low: str) -> str:
    return _kind(low)


def _kind(low: str) -> str:
    said = {name for name in _TABLES if getattr(words, name).stand_in(low)}
    for kind, needed, barred in _KINDS:
        if said.issuperset(needed) and said.isdisjoint(barred):
            return kind
    return _BARE.get(low, "")


def printed(text: str) -> list[Printed]:
    """Everything a text announces that helps to join, in order."""
    found = list(itertools.islice(_behind_colons(text), MOST))
    if not any(digit in text for digit in "0123456789"):
        return found
    kinds = {one.kind for one in found}
    if not kinds & {"id", "vtc", "conference", "access"}:
        found += itertools.islice(_behind_words(text), MOST)
    if not kinds & {"passcode", "numeric", "access"}:
        found += itertools.islice(_passcodes_behind_words(text), 2)
    if "\n" in text:
        found += itertools.islice(_passcodes_below(text), MOST)
    if ",," in text:
        found += itertools.islice(_one_taps(text), MOST)
    found.sort(key=_place)
    return found


def _place(one: Printed) -> int:
    return one.at


def _behind_colons(text: str) -> Iterator[Printed]:
    """Values behind a colon; a label reaches back to the value before it."""
    end = 0
    at = -1
    while (at := text.find(":", max(at + 1, end))) >= 0:
        colon = _COLON.match(text, at)
        if colon is None:
            continue
        start = max(text.rfind("\n", max(0, at - LABEL), at) + 1, at - LABEL, end)
        kind = kind_of(_label(text, start, at))
        if kind:
            gap = _GAP.match(text, colon.end())
            value_at = gap.end() if gap else colon.end()
            wrapped = "\n" in text[at:value_at]
            for one in _values(text, kind, start, value_at, wrapped=wrapped):
                yield one
                end = max(end, value_at + len(one.value))


def _label(text: str, start: int, at: int) -> str:
    """The words before a colon: on its line, in program text the key, else on the line above."""
    label = text[start:at]
    if label.endswith('"'):
        return label[:-1].rpartition('"')[2]
    if label.strip():
        return label
    return text[max(0, at - LABEL) : at].rstrip().rpartition("\n")[2]


def _values(text: str, kind: str, start: int, at: int, *, wrapped: bool) -> Iterator[Printed]:
    """The value at a place, if it is one of its kind; `wrapped`: it stands below its label."""
    digits = _DIGITS.match(text, at)
    if kind in {"id", "vtc", "phone", "conference", "grouped"}:
        if digits and (kind != "grouped" or _GROUPED.match(digits[1])):
            # Only numbers for a telephone's keys end in #.
            kind = "phone" if text.startswith("#", digits.end()) else kind.replace("grouped", "id")
            yield Printed(kind, _only_digits(digits[1]), start)
    elif kind == "access" and digits and len(digits[1]) > 8:
        yield Printed(kind, _only_digits(digits[1]), start)
    elif (token := _TOKEN.match(text, at)) and (value := _passcode(token[0])):
        if wrapped and text[token.end() : token.end() + 40].partition("\n")[0].strip():
            return
        yield Printed(kind if kind != "numeric" or value.isdigit() else "passcode", value, start)
        if more := _IN_BRACKETS.match(text, token.end()):
            yield Printed("numeric", more[1], start)


def _passcode(token: str) -> str:
    """The passcode that a word is, or nothing."""
    value = token.strip(_QUOTES).lstrip("([{").rstrip(".,;:)]}#*'")
    if glued := _GLUED.fullmatch(value):
        value = glued[1]
    if value.lower() in words.NOT_A_PASSCODE.parts or _MASK.fullmatch(value) or "://" in value:
        return ""
    return "" if _MAIL.fullmatch(value) or not value.isprintable() else value


def _behind_words(text: str) -> Iterator[Printed]:
    """Numbers that stand behind a label without a colon, or below it in a table."""
    for number in _NUMBER.finditer(text):
        at = number.start()
        if text[at - 1 : at] in _OTHER_NUMBERS or not _NUMBER_SHAPE.fullmatch(number[0]):
            continue
        start = max(text.rfind("\n", max(0, at - LABEL), at) + 1, at - LABEL, 0)
        label = text[start:at]
        if _ONLY_LINK.fullmatch(label) and _GROUPED.match(number[0]):
            yield Printed("id", _only_digits(number[0]), start)
            continue
        if not label.strip(" \t*_|#"):
            label = text[max(0, at - LABEL - 8) : start].rstrip().rpartition("\n")[2][-LABEL:]
        kind = kind_of(label)
        if kind in {"id", "vtc", "conference", "access"} or (kind == "grouped" and start < at):
            yield Printed(kind.replace("grouped", "id"), _only_digits(number[0]), start)


def _passcodes_behind_words(text: str) -> Iterator[Printed]:
    """Passcodes that no colon announces: *password abc123*, *senha é "segredo"*."""
    low = text.lower()
    if len(low) != len(text):
        return
    for word in words.NO_COLON.parts:
        at = low.find(word)
        while at >= 0:
            end = at + len(word)
            behind = _NO_COLON.match(text, end)
            value = _passcode(behind[1]) if behind else ""
            quoted = behind is not None and behind[0].strip()[:1] in {"`", '"', "'", "“"}
            sure = len(value) > 3 and (quoted or any(c.isdigit() for c in value))
            if behind and sure and kind_of(text[max(0, at - 30) : end]) == "passcode":
                yield Printed("passcode", value, at)
                if more := _IN_BRACKETS.match(text, behind.end()):
                    yield Printed("numeric", more[1], at)
            at = low.find(word, end)


def _passcodes_below(text: str) -> Iterator[Printed]:
    """Passcodes alone on the line below their label."""
    for word in _ALONE.finditer(text):
        above = text[max(0, word.start() - LABEL) : word.start()].rstrip().rpartition("\n")[2]
        kind = kind_of(above) if not above.endswith(":") else ""
        value = _passcode(word[1])
        if value and (kind == "passcode" or (kind == "numeric" and value.isdigit())):
            yield Printed(kind, value, word.start())


def _one_taps(text: str) -> Iterator[Printed]:
    """The meeting id and the passcode of strings that a mobile telephone dials."""
    for tap in _ONE_TAP.finditer(text):
        yield Printed("tap", tap[1], tap.start())
        codes = [run for run in _RUN.findall(tap[2]) if run.strip("0")]
        if codes:
            yield Printed("tap-passcode", codes[-1], tap.start())


def _only_digits(value: str) -> str:
    return "".join(c for c in value if c.isdigit())
