"""The text of an invitation as it was meant, whatever the ways of mail did to it."""

import html.entities
import re
import urllib.parse

LIMIT = 256 * 1024
"""Characters that are read of an invitation; what follows is cut, with a note."""

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]+"
)
_WIDE = re.compile("[\uff10-\uff1a\uff21-\uff3a\uff41-\uff5a]")
_NARROW = {wide: wide - 0xFEE0 for wide in (*range(0xFF10, 0xFF1B), *range(0xFF21, 0xFF5B))}
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,30}));")
_ICALENDAR = ("\nDESCRIPTION", "\nLOCATION", "\nBEGIN:V", "\nX-MICROSOFT", "\nCONFERENCE")
_FOLD = re.compile(r"\n[ \t]")
_NOT_QUOTED_PRINTABLE = re.compile(r"=(?![0-9A-F]{2}|\n)")
_QUOTED_PRINTABLE = re.compile(r"(?:=[0-9A-F]{2})+")
_DATA = ("data:text/html", "data%3atext%2fhtml")


def undone(text: str) -> str:
    """The text as it was written, before calendars, mail and copying escaped it."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text[:60].lstrip().lower().startswith(_DATA):
        text = urllib.parse.unquote_plus(text)
    if "\n " in text or "\n\t" in text:
        first = "\n" + text[:40]
        if any(name in text or first.startswith(name) for name in _ICALENDAR):
            text = _FOLD.sub("", text)
    if "\\" in text:
        text = _without_escapes(text)
    if "=" in text:
        text = _without_quoted_printable(text)
    return text


def readable(text: str) -> str:
    """The text without entities, without characters nobody sees, and with narrow digits."""
    if "&" in text:
        text = without_entities(without_entities(text))
    if not text.isascii():
        text = _UNSEEN.sub("", text)
        if _WIDE.search(text):
            text = text.translate(_NARROW)
    return text


def without_entities(text: str) -> str:
    """The text with its character references resolved.

    Those without `;` are left: links have parameters of the same names.
    """
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    if entity[3]:
        return html.entities.html5.get(entity[3] + ";", entity[0])
    number = int(entity[1]) if entity[1] else int(entity[2], 16)
    if not 0 < number < 0x110000 or 0xD800 <= number < 0xE000:
        return ""
    return chr(number)


def _without_escapes(text: str) -> str:
    """The text without the escapes of iCalendar and JSON that a copy of the source leaves."""
    text = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\N", "\n")
    text = text.replace("\\,", ",").replace("\\;", ";").replace("\\/", "/")
    return text.replace("\\u0026", "&").replace("\\u003d", "=")


def _without_quoted_printable(text: str) -> str:
    """The text decoded if every `=` in it begins an escape; a link has others."""
    if _NOT_QUOTED_PRINTABLE.search(text) or text.count("=") < 2:
        return text
    return _QUOTED_PRINTABLE.sub(_decoded, text.replace("=\n", ""))


def _decoded(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace("=", "")).decode(errors="replace")
