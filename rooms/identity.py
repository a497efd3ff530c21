"""One name for a meeting, whichever service tells of it. Pure."""

import re
from datetime import UTC, date, datetime

# A GlobalObjectId of Exchange in hex ([MS-OXOCAL] 2.2.1.27): 16 bytes of class, then the date of
# the occurrence (4 bytes), then the rest. EWS and Google report the meeting's, Graph that of each
# occurrence.
_GLOBAL_OBJECT_ID = re.compile(
    r"(040000008200E00074C5B7101A82E008)[0-9A-F]{8}([0-9A-F]+)", re.IGNORECASE
)


def clean_uid(uid: str) -> str:
    """The UID of a meeting, the same for each occurrence and in each service."""
    if found := _GLOBAL_OBJECT_ID.fullmatch(uid):
        return f"{found[1]}00000000{found[2]}".upper()
    return uid


def occurrence_of(start: datetime | date) -> str:
    """The name of an occurrence: its original start as RFC 5545 writes it, in UTC."""
    if isinstance(start, datetime):
        return f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{start:%Y%m%d}"
