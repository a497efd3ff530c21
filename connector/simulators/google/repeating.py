"""Series: RRULE lines of Google's `recurrence`, and the days on which they meet.

RFC 5545 §3.3.10. What Google Calendar's own dialogue can make is known; anything else is refused.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import get_args

from connector.simulators.google.refusal import invalid
from connector.simulators.graph.recurrence import WEEKDAYS, Index, Pattern, Recurrence, meets

_DAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), WEEKDAYS, strict=True))
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"}
_INDEXES: dict[str, Index] = dict(zip(("1", "2", "3", "4", "-1"), get_args(Index), strict=True))
_PLAIN: dict[str, Pattern] = {"DAILY": "daily", "WEEKLY": "weekly"}
_ON_DAY: dict[str, Pattern] = {"MONTHLY": "absoluteMonthly", "YEARLY": "absoluteYearly"}
_ON_WEEKDAY: dict[str, Pattern] = {"MONTHLY": "relativeMonthly", "YEARLY": "relativeYearly"}


def days(rules: tuple[str, ...], first: date) -> Iterator[date]:
    """Every day on which a series that begins on `first` meets, perhaps for ever.

    Raises:
        Refused: the rule makes no sense, or is not known here.
    """
    return meets(recurrence(rules), first)


def recurrence(rules: tuple[str, ...]) -> Recurrence:
    """What the lines of `recurrence` mean.

    Raises:
        Refused: the rule makes no sense, or is not known here.
    """
    lines = [line for line in rules if line.upper().startswith("RRULE:")]
    if len(lines) != 1 or len(rules) != 1:
        raise invalid("Invalid recurrence rule.", "invalid")
    try:
        return _parsed(dict(part.split("=", 1) for part in lines[0][6:].upper().split(";") if part))
    except (KeyError, ValueError) as error:
        raise invalid("Invalid recurrence rule.", "invalid") from error


def _parsed(parts: dict[str, str]) -> Recurrence:
    if parts.keys() - _KNOWN:
        raise ValueError(", ".join(parts.keys() - _KNOWN))
    frequency, by_day = parts["FREQ"], parts.get("BYDAY", "")
    chosen = [day.strip() for day in by_day.split(",") if day]
    index: Index = "first"
    if frequency in _ON_DAY and chosen:
        pattern = _ON_WEEKDAY[frequency]
        index = _INDEXES[chosen[0][:-2].lstrip("+")]
    elif frequency in _ON_DAY:
        pattern = _ON_DAY[frequency]
    else:
        pattern = _PLAIN[frequency]
    return Recurrence(
        type=pattern,
        interval=int(parts.get("INTERVAL", "1")),
        days=tuple(_DAYS[day[-2:]] for day in chosen),
        day_of_month=int(parts.get("BYMONTHDAY", "0")),
        month=int(parts.get("BYMONTH", "0")),
        index=index,
        first_day=_DAYS[parts.get("WKST", "MO")],
        until=_until(parts.get("UNTIL", "")),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
    )


def _until(text: str) -> date | None:
    return datetime.strptime(text[:8], "%Y%m%d").date() if text else None  # noqa: DTZ007 - a day
