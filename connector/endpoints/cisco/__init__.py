"""Cisco room systems: the booking list is pushed, or fetched by the unit, which dials by itself.

Two forms of the list are pushed: `xCommand Bookings Put`, over HTTP, WebSocket or SSH, and the
older private `/bookingsputxml`. Cisco's schemas say which software offers the first to whom.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from connector.endpoints.cisco.codec import Codec
from connector.endpoints.cisco.options import Options
from connector.endpoints.cisco.pull import Puller
from connector.outside import Outside

__all__ = ["Options", "acknowledge", "connect", "notice"]

acknowledge = "cisco_permitted_use"
notice = (
    "Cisco permits the use of its booking interfaces for one's own internal business; other"
    " commercial use needs Cisco's separate permission (devsupport@webex.com, see NOTICE)"
)


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Codec | Puller]:
    """Hold what the codec needs; nothing is opened yet."""
    if options.transport == "pull":
        yield Puller(options, outside)
    else:
        yield Codec(options, replace(outside, trust=options.tls))
