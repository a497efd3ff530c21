"""A table of rooms as bytes: comma, semicolon or tab, as spreadsheets save it. Pure.

RFC 4180, and what spreadsheets make of it: a byte order mark, UTF-16 ("Unicode text"), `sep=;` in
the first line, empty rows and columns at the end.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from rooms.inventory.columns import NotHere, column, nearest
from rooms.model import Value

MOST_ROWS = 50_000
_SAVE = 'in Excel: Save As, "CSV UTF-8 (Comma delimited)"'
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SIGNS = (",", ";", "\t")


Severity = Literal["error", "warning"]


class Finding(Value, frozen=True, kw_only=True):
    """Something to be mended in a table, or to be known of it."""

    row: int
    """As a spreadsheet counts; 0 for the whole table. In a text of lines it is the line."""
    column: str = ""
    """Its heading, or its letter where it has none; empty for the whole row."""
    severity: Severity = "error"
    """`error`: the row cannot be taken; `warning`: to be known."""
    words: str
    hint: str = ""


class Unreadable(ValueError):
    """A table of which nothing can be taken; the words say why and where."""

    def __init__(self, words: str, hint: str = "", *, row: int = 0) -> None:
        super().__init__(words)
        self.hint = hint
        self.row = row
        """As a spreadsheet counts; 0 for the whole table."""


class Line(Value, frozen=True, kw_only=True):
    """One row."""

    number: int
    cells: Mapping[str, str]
    """By column, where something stands in it."""
    stray: tuple[str, ...] = ()
    """Letters of columns that have no heading though something stands there."""


class Sheet(Value, frozen=True, kw_only=True):
    """A table whose columns are known."""

    lines: tuple[Line, ...]
    headings: Mapping[str, str]
    """What the columns are called in it, by column."""
    findings: tuple[Finding, ...]


def sheet(data: bytes) -> Sheet:
    """The rows of a table.

    Raises:
        Unreadable: nothing of it can be taken.
    """
    records = _records(_text(data))
    first = next(((number, cells) for number, cells in records if _filled(cells)), None)
    if first is None:
        raise Unreadable("the table is empty", "its first row names the columns")
    columns, findings = _columns(*first)
    lines: list[Line] = []
    for number, cells in records:
        if not _filled(cells):
            continue
        if len(lines) == MOST_ROWS:
            raise Unreadable(f"there are more than {MOST_ROWS} rows", row=number)
        lines.append(_line(number, cells, columns))
    if not lines:
        raise Unreadable("the table has no rows below its heading")
    headings = {name: first[1][place].strip() for place, name in columns.items() if name}
    return Sheet(lines=tuple(lines), headings=headings, findings=tuple(findings))


def letter(place: int) -> str:
    """What spreadsheets call a column, counted from 0: A, B, … Z, AA."""
    made = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        made = chr(ord("A") + rest) + made
    return made


def _text(data: bytes) -> str:
    if data.startswith(_WORKBOOKS):
        raise Unreadable("is a workbook, not a table as text", _SAVE)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        kind, words = "utf-16", "is not UTF-16 although it begins so"
    else:
        kind, words = "utf-8-sig", "is not UTF-8"
    try:
        text = data.decode(kind)
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise Unreadable(words, _SAVE, row=row) from error
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise Unreadable("is not text: there is a zero byte", _SAVE, row=row)
    return text


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers, as a spreadsheet counts: one with line breaks inside is one."""
    sign = None
    if text[:4].lower() == "sep=" and text[4:5] and text[5:6] in {"\r", "\n"}:
        sign, text = text[4], text[5:].removeprefix("\r").removeprefix("\n")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sign or _sign(text), strict=True)
    number = 0
    try:
        for number, cells in enumerate(rows, 1):
            yield number, cells
    except csv.Error as error:
        words = "a quoted cell does not end, or goes on after its closing quote"
        if "limit" in str(error):
            words = "a cell is too long, or its closing quote is missing"
        raise Unreadable(words, 'a " inside of a quoted cell is written ""', row=number + 1) from (
            error
        )


def _sign(text: str) -> str:
    """What separates the cells: that by which most columns are known, else are there."""
    start = text.lstrip("\r\n")[:65536]

    def columns(sign: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader(io.StringIO(start, newline=""), delimiter=sign), [])
        except csv.Error:
            return 0, 0
        return sum(_known(one) for one in cells), len(cells)

    return max(_SIGNS, key=columns)


def _known(heading: str) -> bool:
    try:
        return column(heading) is not None
    except NotHere:
        return True


def _columns(number: int, headings: Sequence[str]) -> tuple[dict[int, str], list[Finding]]:
    """Columns by their place; empty where one is left out."""
    found: dict[int, str] = {}
    findings: list[Finding] = []
    for place, heading in enumerate(headings):
        if not heading.strip():
            continue
        try:
            name = column(heading)
        except NotHere as error:
            raise Unreadable(
                f"the column {heading.strip()[:60]} cannot be here: {error}", row=number
            ) from error
        if name is None:
            near = nearest(heading)
            findings.append(
                Finding(
                    row=number,
                    column=heading.strip()[:60],
                    severity="warning",
                    words="is no column that is known; it is left out",
                    hint=f"did you mean {near}?" if near else "",
                )
            )
        elif name in found.values():
            raise Unreadable(f"there are two columns for {name}", row=number)
        found[place] = name or ""
    if not {"id", "mailbox", "name"} & set(found.values()):
        raise Unreadable(
            "the first row does not name the columns",
            "one of id, mailbox or name is needed",
            row=number,
        )
    return found, findings


def _line(number: int, cells: Sequence[str], columns: Mapping[int, str]) -> Line:
    filled = [(place, text) for place, text in enumerate(cells) if text.strip()]
    return Line(
        number=number,
        cells={columns[place]: text for place, text in filled if columns.get(place)},
        stray=tuple(letter(place) for place, _ in filled if place not in columns),
    )


def _filled(cells: Sequence[str]) -> bool:
    return any(one.strip() for one in cells)
