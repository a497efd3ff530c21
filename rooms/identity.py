"""One name for a meeting, whichever service tells of it. Pure."""

import binascii
from datetime import UTC, date, datetime

# A GlobalObjectId of Exchange in hex ([MS-OXOCAL] 2.2.1.27): 16 bytes of class, then the date of
# the occurrence (4 bytes), then the rest. EWS and Google report the meeting's, Graph that of each
# occurrence.
_CLASS = "040000008200E00074C5B7101A82E008"


def clean_uid(uid: str) -> str:
    """The UID of a meeting, the same for each occurrence and in each service."""
    if uid[:32].upper() != _CLASS or len(uid) <= 40:
        return uid
    try:
        binascii.unhexlify(uid)
    except ValueError:  # it only begins like one
        return uid
    return f"{_CLASS}00000000{uid[40:].upper()}"


def occurrence_of(start: datetime | date) -> str:
    """The name of an occurrence: its original start as RFC 5545 writes it, in UTC."""
    if isinstance(start, datetime):
        instant = start if start.tzinfo is UTC else start.astimezone(UTC)
        return f"{instant.isoformat()[:19]}Z".replace("-", "").replace(":", "")
    return f"{start:%Y%m%d}"
