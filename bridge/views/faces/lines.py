"""Lines of iCalendar: values escaped and lines folded (RFC 5545 §3.1, §3.3.11). Pure."""

import re
from datetime import UTC, date, datetime

WIDTH = 75
"""Octets of a line at most, without its end."""

_ENDS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters that no value may hold, and halves of characters."""
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""They would turn round what stands beside the title in a reader's list (Unicode TR 36)."""
_ESCAPED = re.compile(r"[\\;,]")
_UNQUOTED = re.compile(r'["\n]')


def text(value: str) -> str:
    """A TEXT value."""
    clean = _TURNS.sub("", _FORBIDDEN.sub("", _ENDS.sub("\n", value)))
    return _ESCAPED.sub(r"\\\g<0>", clean).replace("\n", "\\n")


def parameter(value: str) -> str:
    """A parameter's value in quotes; it has no way to hold a quote itself (RFC 5545 §3.2)."""
    clean = _TURNS.sub("", _FORBIDDEN.sub("", _ENDS.sub("\n", value)))
    return '"' + _UNQUOTED.sub("'", clean) + '"'


def uri(value: str) -> str:
    """A URI value; what may not stand in one is percent-encoded."""
    return "".join(one if "!" <= one <= "~" else _percent(one) for one in value)


def _percent(one: str) -> str:
    return "".join(f"%{octet:02X}" for octet in one.encode("utf-8", "ignore"))


def instant(value: datetime) -> str:
    """A DATE-TIME in UTC."""
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def day(value: date) -> str:
    """A DATE."""
    return f"{value:%Y%m%d}"


def folded(line: str) -> bytes:
    """A content line with its end, in pieces that are short enough; no character is cut apart."""
    octets = line.encode()
    pieces = []
    room = WIDTH
    while len(octets) > room:
        cut = room
        while octets[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(octets[:cut])
        octets = octets[cut:]
        room = WIDTH - 1
    return b"\r\n ".join([*pieces, octets]) + b"\r\n"
