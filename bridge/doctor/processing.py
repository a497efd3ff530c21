"""How room mailboxes are set, as `Get-CalendarProcessing | ConvertTo-Json` tells.

https://learn.microsoft.com/powershell/module/exchange/get-calendarprocessing
"""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bridge.doctor.finding import Finding
from bridge.doctor.mailboxes import mailbox_finding
from rooms.room import Room

LIMIT = 64 << 20
"""Bytes; a mailbox takes a few kibibytes."""
_WANTED = {
    "DeleteComments": (False, "bodies_stripped"),
    "DeleteSubject": (False, "subjects_stripped"),
    "AddOrganizerToSubject": (False, "organizer_as_subject"),
    "RemovePrivateProperty": (False, "private_flag_lost"),
    "ProcessExternalMeetingMessages": (True, "external_never_accepted"),
}
_AUTO_ACCEPT = {"autoaccept", "2"}
"""PowerShell writes the value's name or its number."""
TOLD = {*(code for _, code in _WANTED.values()), "never_accepts", "private_flag_unknown"}
"""What an export tells for certain, so that nothing has to be inferred."""

Row = Mapping[str, Any]
"""One mailbox's settings."""


class NotAnExport(Exception):
    """The file is not what PowerShell exports; the words say why."""


def rows(file: Path) -> list[Row]:
    """The mailboxes of an export.

    Raises:
        NotAnExport: it cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotAnExport(f"{file} cannot be read: {error.strerror}") from error
    return parsed(content, str(file))


def parsed(content: bytes, name: str) -> list[Row]:
    """The mailboxes in an export's bytes: PowerShell writes UTF-8 or UTF-16.

    Raises:
        NotAnExport: this is none.
    """
    if len(content) > LIMIT:
        raise NotAnExport(f"{name} is too large")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
        told: Any = msgspec.json.decode(text)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise NotAnExport(f"{name} is not JSON: end the command with | ConvertTo-Json") from error
    listed = told if isinstance(told, list) else [told]
    found: list[Row] = [
        row for row in listed if isinstance(row, dict) and "AutomateProcessing" in row
    ]
    if not found:
        raise NotAnExport(f"{name} has no mailbox with AutomateProcessing in it")
    return found


def matched(rooms: Iterable[Room], exported: Iterable[Row]) -> Iterator[tuple[Room, Row]]:
    """Each room whose mailbox is in the export."""
    by_name = {name: row for row in exported for name in _names(row)}
    for room in rooms:
        address = room.mailbox.lower()
        # `Identity` is the mailbox's name, most often the part of its address before the @.
        row = by_name.get(address) or by_name.get(address.partition("@")[0])
        if row is not None:
            yield room, row


def _names(row: Row) -> Iterator[str]:
    for key in ("Identity", "Mailbox"):  # the later one wins: it is the address itself
        if isinstance(name := row.get(key), str) and name:
            yield name.lower()


def told(room: Room, row: Row) -> Iterator[Finding]:
    """What is set otherwise than one-touch join needs."""
    if _word(row.get("AutomateProcessing")) not in _AUTO_ACCEPT:
        yield mailbox_finding(room, "never_accepts")
    for name, (wanted, code) in _WANTED.items():
        if _word(row.get(name)) == str(not wanted).lower():
            yield mailbox_finding(room, code)


def _word(value: Any) -> str:
    """A value as a word, however deep PowerShell wrapped it."""
    if isinstance(value, dict):
        value = value.get("Value", value.get("value"))
    return str(value).lower()
