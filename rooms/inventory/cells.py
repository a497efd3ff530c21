"""One cell of a table: text as spreadsheets write it, and the setting that it stands for. Pure.

A cell whose text a spreadsheet would take for a formula has a `'` before it (OWASP, "CSV
Injection"), which is taken off again; what it stands before is meant literally.
"""

import re
from collections.abc import Sequence
from typing import Any

from rooms.inventory.columns import LISTS, PLAIN

REMOVE = "-"
"""The cell that removes a setting; an empty one leaves it as it is."""
LONGEST = 4000
"""Characters of a cell."""

_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""With those of full width, which some take for the others."""
_MARKED = (*_FORMULA, "'", *"0123456789")
_TEXT = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_WHOLE = re.compile(r"(\d{1,15})[.,]00?")
"""`1.000` is a thousand to half of the world, and is not read as one."""
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}", re.IGNORECASE)
_ERROR = re.compile(r"#(?:N/?A|NV|REF!|BEZUG!|NAME\?|VALUE!|WERT!|DIV/0!|NUM!|ZAHL!|NULL!|#+)")
_MONTHS = r"jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
_DATE = re.compile(
    rf"\d{{1,2}}([./-])\d{{1,2}}\1\d{{2,4}}|\d{{4}}-\d{{2}}-\d{{2}}(?:[ T]00:00(?::00)?)?"
    rf"|\d{{1,2}}[-. ]{{1,2}}(?:{_MONTHS})[a-z]*\.?(?:[- ]\d{{2,4}})?"
    rf"|(?:{_MONTHS})[a-z]*\.?[- ]\d{{2,4}}",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TRUTHS = {"true": "true", "wahr": "true", "ja": "true", "false": "false", "falsch": "false"}
_TRUTHS |= {"nein": "false", "yes": "true", "no": "false"}
_TEXTS = frozenset(["privacy.private_title"])
_AROUND = " \t\r\n\u00a0\u200b\ufeff"


class BadCell(ValueError):
    """A cell that stands for nothing; the words say why."""

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.hint = hint


def value(column: str, cell: str) -> Any:
    """What a cell stands for: text, a list of it, or None for "remove"; empty text for nothing.

    Raises:
        BadCell: it stands for nothing.
    """
    text = cell.strip(_AROUND)
    if text == REMOVE:
        return None
    if found := _TEXT.fullmatch(text):
        text, literal = found[1].replace('""', '"'), True
    elif literal := len(text) > 1 and text[0] == "'" and text[1] in _MARKED:
        text = text[1:]
    else:
        _check(text)
    if len(text) > LONGEST:
        raise BadCell(f"is longer than {LONGEST} characters")
    if _CONTROL.search(text):
        raise BadCell("has control characters in it")
    if column in LISTS:
        return _several(text)
    if literal:
        return text
    return _tidy(column, " ".join(text.split()) if "\n" in text or "\r" in text else text)


def doubt(column: str, cell: str) -> str:
    """What a person should look at again, though the cell is taken as it is; empty for nothing."""
    if column in PLAIN and column not in LISTS and _DATE.fullmatch(cell.strip(_AROUND)):
        return "looks like a date, as spreadsheets make of 1-2 or 3/4; it is taken as it stands"
    return ""


def cell(column: str, setting: Any) -> str:
    """The cell that stands for a setting; empty where none does, so that it is left as it is."""
    if isinstance(setting, str):
        plain = setting
    elif column in LISTS and isinstance(setting, list | tuple):
        if not all(isinstance(one, str) for one in setting):
            return ""
        plain = "|".join(setting)
        if re.search(r"[;,\r\n]", plain) and len(setting) == 1:
            plain += "|"
        setting = list(setting)
    else:
        return ""
    for text in (plain, f"'{plain}"):
        if _safe(text) and _means(column, text, setting):
            return text
    return ""


def _safe(text: str) -> bool:
    return not text.startswith(_FORMULA)


def _means(column: str, text: str, setting: Any) -> bool:
    try:
        return bool(value(column, text) == setting)
    except BadCell:
        return False


def _check(text: str) -> None:
    if text.startswith(("=", "\uff1d")):
        raise BadCell("is a formula", "paste its value; a ' before it makes it plain text")
    if _ERROR.fullmatch(text):
        raise BadCell(f"is an error of the spreadsheet: {text[:12]}")
    if _SHORTENED.fullmatch(text):
        raise BadCell(
            "is a number that the spreadsheet has shortened",
            "format the column as text and enter it again; a ' before it takes it as it is",
        )


def _several(text: str) -> list[str]:
    """Values split at the strongest sign that is there: lines or `|`, else `;`, else `,`."""
    signs = next((one for one in ("[|\r\n]", ";", ",") if re.search(one, text)), None)
    parts: Sequence[str] = [text] if signs is None else re.split(signs, text)
    return list(dict.fromkeys(part for one in parts if (part := one.strip(_AROUND))))


def _tidy(column: str, text: str) -> str:
    """Numbers and truths as a spreadsheet writes them, in the words of rooms.yaml."""
    if (column in {"capacity", "floor"} or "." in column) and (found := _WHOLE.fullmatch(text)):
        return found[1]
    if "." in column and column not in _TEXTS:
        return _TRUTHS.get(text.casefold(), text)
    return text
