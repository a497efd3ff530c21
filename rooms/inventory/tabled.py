"""An inventory as a table for spreadsheets. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rooms.inventory.cells import cell
from rooms.inventory.columns import GIVEN, PARTS, PLAIN, UNIT, UNITS, shown
from rooms.inventory.document import Document, Fields, units


def tabled(document: Document, sign: str = ",") -> bytes:
    """A table of all rooms, with a row for each endpoint; a byte order mark tells it is UTF-8.

    Read in again it changes nothing. Secrets are not in it; what no cell can say is left out.
    """
    rows = [row for name, fields in document.rooms.items() for row in _rows(name, fields)]
    more = dict.fromkeys(key for row in rows for key in row)
    known = (*PLAIN, *UNITS)
    columns = [*PLAIN, *sorted(key for key in more if _of_policy(key)), *UNITS]
    columns += sorted(key for key in more if key.startswith(UNIT) and key not in known)
    text = io.StringIO(newline="")
    written = csv.writer(text, delimiter=sign, lineterminator="\r\n")
    written.writerow(columns)
    written.writerows([row.get(name, "") for name in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _of_policy(column: str) -> bool:
    return column.partition(".")[0] in PARTS


def _rows(name: str, fields: Fields) -> Iterator[Mapping[str, str]]:
    """A room's rows: the first says what it is, each has one of its endpoints."""
    room = {"id": name, **dict(_cells(_flat(_of_room(fields))))}
    found = [unit for unit in units(fields) if isinstance(unit.get("id"), str)]
    if not found:
        yield room
    for number, unit in enumerate(found):
        flat = ((f"{UNIT}{key}", setting) for key, setting in _flat(unit))
        yield {**(room if number == 0 else {"id": name}), **dict(_cells(flat))}


def _of_room(fields: Fields) -> Fields:
    known = {*PLAIN, *PARTS} - {"id"}
    return {key: setting for key, setting in fields.items() if key in known}


def _flat(fields: Fields, above: str = "") -> Iterator[tuple[str, Any]]:
    for key, setting in fields.items():
        if isinstance(setting, Mapping):
            yield from _flat(setting, f"{above}{key}.")
        else:
            yield f"{above}{key}", setting


def _cells(settings: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, setting in settings:
        if name not in GIVEN and shown(name) and (text := cell(name, setting)):
            yield name, text
