"""Series that nobody comes to any more: occurrences in a row are counted. Pure."""

from datetime import datetime, timedelta

import msgspec

from bridge.attendance.state import Entry, Record, Strike

FORGOTTEN = timedelta(days=400)
"""After so long without an occurrence a series is not remembered: a yearly one just is."""


def counted(record: Record, over: Entry) -> Record:
    """The record once an occurrence is over: one more that nobody came to, or a new beginning.

    Where nobody was asked, or the bridge could not tell, nothing changes.
    """
    outcome = over.outcome
    if not over.series or outcome in {"exempt", "unsure"}:
        return record
    others = tuple(one for one in record.strikes if one.series != over.series)
    if outcome in {"attended", "given_up"}:
        return msgspec.structs.replace(record, strikes=others)
    before = strike(record, over.series)
    if before is not None and before.last >= over.start:
        return record
    count = before.count + 1 if before else 1
    new = Strike(series=over.series, count=count, last=over.start)
    return msgspec.structs.replace(record, strikes=(*others, new))


def strike(record: Record, series: str) -> Strike | None:
    """What is counted of a series."""
    return next((one for one in record.strikes if one.series == series), None)


def struck(record: Record, entry: Entry, most: int) -> int:
    """In how many occurrences in a row nobody came if nobody comes to this one.

    0 where those are not too many yet; `most` of 0 means that there are never too many.
    """
    if not most or not entry.series:
        return 0
    before = strike(record, entry.series)
    count = 1 + (before.count if before is not None and before.last < entry.start else 0)
    return count if count >= most else 0


def remembered(record: Record, now: datetime) -> Record:
    """Without series that had no occurrence for very long."""
    left = tuple(one for one in record.strikes if now - one.last < FORGOTTEN)
    return msgspec.structs.replace(record, strikes=left)
