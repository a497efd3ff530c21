"""Tables and JSON for the terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need to be."""
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def pretty(answer: object) -> str:
    """JSON for scripts that a person can read too."""
    return msgspec.json.format(msgspec.json.encode(answer)).decode()


def moment(text: str | None) -> str:
    """A time as the API tells it, shorter."""
    return f"{datetime.fromisoformat(text):%a %Y-%m-%d %H:%M}" if text else "-"
