"""Links as QR codes (ISO/IEC 18004), drawn as one path for SVG."""

from typing import NamedTuple

import segno

LARGEST = 10
"""The largest version: 57 by 57 modules, which a telephone reads from a small panel."""
QUIET = 4
"""Modules of empty margin that readers need (ISO/IEC 18004, 9.1)."""


class QuickResponse(NamedTuple):
    """A square of dark and light."""

    size: int
    """Of its side with its margin; one module is one unit."""
    path: str
    """What is dark, for the attribute `d`."""


def quick_response(text: str) -> QuickResponse:
    """A text as a QR code of level M: a seventh of it may be unreadable.

    Raises:
        ValueError: it is too long.
    """
    code = segno.make_qr(text, error="m", boost_error=False)
    if not isinstance(code.version, int) or code.version > LARGEST:
        raise ValueError("too long for a small QR code")
    parts = []
    for y, row in enumerate(code.matrix, QUIET):
        x, end = 0, len(row)
        while x < end:
            if not row[x]:
                x += 1
                continue
            start = x
            while x < end and row[x]:
                x += 1
            parts.append(f"M{start + QUIET} {y}h{x - start}v1h-{x - start}z")
    return QuickResponse(size=len(code.matrix) + 2 * QUIET, path="".join(parts))
