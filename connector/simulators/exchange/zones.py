"""Time zones by their Windows names, and as EWS defines them."""

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from connector.simulators.exchange.markup import Xml, tag
from rooms.zones import windows_names, zone

_YEAR = 2026


@cache
def windows(name: str) -> str:
    """The Windows name of a zone; a name that nobody knows stays as it is."""
    if name in windows_names():
        return name
    try:
        where = zone(name)
    except KeyError:
        return name
    named = [one for one, iana in windows_names().items() if iana == where.key]
    if where.key == "UTC":
        return "UTC"
    return named[0] if named else _alike(where)


def definition(name: str, element: str = "TimeZoneDefinition") -> Xml:
    """A zone by its name alone."""
    known = windows(name)
    return tag(f"t:{element}", Id=known, Name=display(known))


def full(name: str) -> Xml:
    """A zone with its periods: standard time, and daylight saving time where it has one."""
    where = zone(name)
    offsets = _offset(where, 1), _offset(where, 7)
    standard, daylight = min(offsets), max(offsets)
    periods = [_period("Standard", standard)]
    if daylight != standard:
        periods.append(_period("Daylight", daylight))
    target = tag("t:To", "0", Kind="Group")
    group = tag(
        "t:TransitionsGroup",
        tag("t:Transition", tag("t:To", "trule:Standard", Kind="Period")),
        Id="0",
    )
    return tag(
        "t:TimeZoneDefinition",
        tag("t:Periods", *periods),
        tag("t:TransitionsGroups", group),
        tag("t:Transitions", tag("t:Transition", target)),
        Id=name,
        Name=display(name),
    )


def display(name: str) -> str:
    """How people read it."""
    try:
        offset = _offset(zone(name), 1)
    except KeyError:
        return name
    sign = "-" if offset < timedelta() else "+"
    minutes = abs(int(offset.total_seconds())) // 60
    return f"(UTC{sign}{minutes // 60:02}:{minutes % 60:02}) {name}"


def _alike(where: ZoneInfo) -> str:
    """A Windows zone with the same offsets in winter and summer."""
    wanted = _offset(where, 1), _offset(where, 7)
    for name, iana in windows_names().items():
        other = zone(iana)
        if (_offset(other, 1), _offset(other, 7)) == wanted:
            return name
    return "UTC"


def _offset(where: ZoneInfo, month: int) -> timedelta:
    return datetime(_YEAR, month, 15, 12, tzinfo=where).utcoffset() or timedelta()


def _period(name: str, offset: timedelta) -> Xml:
    """A period; its bias is what has to be added to local time to get UTC."""
    minutes = -int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    bias = f"{sign}PT{hours}H{rest}M" if minutes else "PT0S"
    return tag("t:Period", Bias=bias, Name=name, Id=f"trule:{name}")
