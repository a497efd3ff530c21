"""Instants as JSON in a room's own time, each worked out once.

Most meetings begin and end at the same quarter hours, whatever room they are in.
"""

from datetime import datetime
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

KNOWN = 2048
"""Instants of a zone that are remembered: a week and a half of quarter hours, and as many others.
They take half a mebibyte."""

LocalTime = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"type": "string", "format": "date-time"})
]
"""An instant as RFC 3339 in a room's own time, encoded."""

_encode = msgspec.json.Encoder().encode


class LocalTimes(dict[datetime, msgspec.Raw]):
    """The instants of one zone, by when they are."""

    __slots__ = ("_zone",)

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, instant: datetime) -> msgspec.Raw:
        """Work out what is not remembered."""
        if len(self) >= KNOWN:
            self.clear()
        found = self[instant] = msgspec.Raw(_encode(instant.astimezone(self._zone)))
        return found


local_times = cache(LocalTimes)
"""Those of a zone."""
