"""What is wrong with a change, in words of the people who look after rooms.

Settings are checked in one place for files, tables, commands, API and pages, which speaks English
to engineers. What people without tools come across is said here in their language; the rest stays
as it is.
"""

import re
from collections.abc import Iterable

from bridge.admin.words import Words
from bridge.views.inventory_shapes import RemarkShape

_PATTERNS = {
    "number": r"must be a whole number, not .*",
    "required": r"(?:is )?required",
    "mailbox": r"must be the mailbox's SMTP address",
    "mailbox_of_others": r"is the mailbox of another room too \(another room\)",
    "mailbox_shared": r"is the mailbox of another room too \((?:rooms\.)?(?P<name>[^.)]*).*\)",
    "mailbox_outside": r"is outside what sources\.(?P<source>.*)\.mailboxes allows",
    "mailbox_canary": r"is sources\.(?P<source>.*)\.mailboxes\.canary",
    "source_required": r"required where there are several sources",
    "source": r"there is no source (?P<name>.*)",
    "zone_windows": r"is a Windows name: write (?P<zone>.*)",
    "zone": r"there is no time zone (?P<name>.*)",
    "room_list": r"there is no room list (?P<name>.*)",
    "id": r"an id is made of .*|needs a short name of .*",
    "room_taken": r"there is a room (?P<name>[^ ]*) already"
    r"|room (?P<name2>[^ ]*) stands already at .*",
    "unit_taken": r"there is a room system (?P<name>[^ ]*) already"
    r"|endpoint (?P<name2>[^ ]*) stands already at .*",
    "no_room": r"there is no room (?P<name>[^ ]*)",
    "address": r"must be an IP address or name.*",
    "address_outside": r"is outside endpoint_networks",
    "both": r"both or neither must be there",
    "vault": r"there is no vault yet.*",
    "for_engineers": r"only engineers change (?P<names>.*)",
    "list_not_yours": r"the room list (?P<name>.*) is not given to you",
    "list_name_only": r"of a room list you may change the name and place; engineers do the rest",
    "room_needs_list": r"a new room must be in one of your room lists",
    "room_keeps_list": r"a room must stay in one of your room lists",
    "list_taken": r"there is a list (?P<name>[^ ]*) already",
    "list_given": r"it is given to .*",
    "list_was_given": r".* had a list of this id, and would see the rooms of this one",
    "list_below": r"must not be below itself",
    "room_not_yours": r"the room (?P<name>[^ ]*) is in none of your room lists",
    "unit_not_yours": r"the endpoint (?P<name>[^ ]*) is in none of your rooms",
    "secret_kept": r"only engineers say where a secret of endpoint (?P<name>[^ ]*) is kept: .*",
    "cell_long": r"is longer than (?P<most>\d+) characters",
    "cell_control": r"has control characters in it",
    "cell_formula": r"is a formula",
    "cell_error": r"is an error of the spreadsheet: (?P<text>.*)",
    "cell_short": r"is a number that the spreadsheet has shortened",
    "cell_date": r"looks like a date, as spreadsheets make of .*",
    "cell_stray": r"stands in a column that has no heading",
    "row_kept": r"cannot be removed",
    "row_shared": r"is the mailbox of several rooms",
    "row_no_room": r"does not say which room it means",
    "row_differs": r"row (?P<row>\d+) says something else of room (?P<name>.*)",
    "row_no_unit": r"is of no endpoint: the row takes them out",
    "row_units": r"the room has several endpoints: say which",
    "row_unit_twice": r"another row speaks of endpoint (?P<name>.*) too",
    "column_unknown": r"is no column that is known; it is left out",
    "retire_waits": r"no room is retired while rows are bad: .*",
    "table_empty": r"the table is empty",
    "table_long": r"there are more than (?P<most>\d+) rows",
    "table_no_rows": r"the table has no rows below its heading",
    "table_workbook": r"is a workbook, not a table as text",
    "table_letters": r"is not UTF-8|is not UTF-16 although it begins so",
    "table_zero": r"is not text: there is a zero byte",
    "table_quote": r"a quoted cell does not end, .*|a cell is too long, or its closing .*",
    "table_secret": r"the column (?P<name>.*) cannot be here: .*",
    "table_twice": r"there are two columns for (?P<name>.*)",
    "table_heading": r"the first row does not name the columns",
}
_KNOWN = {key: re.compile(pattern) for key, pattern in _PATTERNS.items()}
KEYS = tuple(_PATTERNS)
"""Everything that is said in each language: the catalogues have words for each."""


class Told(RemarkShape, frozen=True, kw_only=True):
    """A remark in the language of who reads it, as far as that is known."""

    lang: str


def told(found: Iterable[RemarkShape], words: Words) -> tuple[Told, ...]:
    """Remarks as somebody reads them."""
    return tuple(_told(one, words) for one in found)


def said(sentence: str, words: Words) -> tuple[str, str]:
    """A sentence in the language of who reads it, or as it is; and which language that is."""
    for key, pattern in _KNOWN.items():
        match = pattern.fullmatch(sentence)
        if match is not None:
            found = match.groupdict().items()
            given = {name.rstrip("2"): str(value) for name, value in found if value}
            return words(f"wrong.{key}", None, **given), words.lang
    return sentence, "en"


def _told(one: RemarkShape, words: Words) -> Told:
    sentence, lang = said(one.words, words)
    hint = one.hint if sentence == one.words else ""
    return Told(
        entry=one.entry,
        setting=one.setting,
        severity=one.severity,
        words=sentence,
        hint=hint,
        lang=lang,
    )
