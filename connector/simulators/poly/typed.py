"""Lines out of what arrives in pieces, ended by CR, LF or both."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable

LONGEST = 4096
"""Characters of a line; what is longer ends the session."""
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[^\xfa-\xfe])", re.DOTALL)
"""What telnet clients negotiate (RFC 854); a simulated unit does not."""


async def lines(read: Callable[[int], Awaitable[str]]) -> AsyncIterator[str]:
    """Each line as soon as it is whole."""
    kept = ""
    while piece := await read(LONGEST):
        kept += piece
        # A CR at the very end may have its LF still to come: an empty line then, which is nothing.
        *whole, kept = re.split(r"\r\n|\r\0|\r|\n", kept)
        for line in whole:
            yield line
        if len(kept) > LONGEST:
            return


def plain(received: bytes) -> str:
    """What was typed, without telnet's own bytes."""
    return _TELNET.sub(b"", received).decode(errors="replace")
