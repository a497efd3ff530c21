"""Events that no calendar should hold and that clients meet all the same."""

from collections.abc import Callable

from connector.simulators.graph.refusal import Json


def _times(start: str | None = None, end: str | None = None) -> Callable[[Json], Json]:
    """An event at other times."""

    def odd(event: Json) -> Json:
        """The event, moved."""
        begins, ends = dict(event["start"]), dict(event["end"])
        begins["dateTime"] = start or begins["dateTime"]
        ends["dateTime"] = end or ends["dateTime"]
        return event | {"start": begins, "end": ends}

    return odd


def _zone(name: str) -> Callable[[Json], Json]:
    """An event in another time zone."""

    def odd(event: Json) -> Json:
        """The event, its times in that zone."""
        zones = {"originalStartTimeZone": name, "originalEndTimeZone": name}
        start, end = event["start"] | {"timeZone": name}, event["end"] | {"timeZone": name}
        return event | zones | {"start": start, "end": end}

    return odd


def _end_before_start(event: Json) -> Json:
    return event | {"start": event["end"], "end": event["start"]}


def _zero_length(event: Json) -> Json:
    return event | {"end": event["start"]}


def _ten_years(event: Json) -> Json:
    start = event["start"]["dateTime"]
    return event | {"end": event["end"] | {"dateTime": f"{int(start[:4]) + 10}{start[4:]}"}}


def _unknown_values(event: Json) -> Json:
    future = "unknownFutureValue"
    answer = event["responseStatus"] | {"response": future}
    words = dict.fromkeys(("type", "showAs", "sensitivity", "importance"), future)
    return event | words | {"responseStatus": answer, "onlineMeetingProvider": future}


def _nulls(event: Json) -> Json:
    kept = {"@odata.etag", "id", "start", "end", "type"}
    return {name: value if name in kept else None for name, value in event.items()}


def _bare(event: Json) -> Json:
    return {"@odata.etag": event["@odata.etag"], "id": event["id"]}


def _wrong_types(event: Json) -> Json:
    return event | {"start": "tomorrow", "subject": 7, "isAllDay": "yes", "body": ["?"]}


def _many_attendees(event: Json) -> Json:
    def attendee(number: int) -> Json:
        address = {"name": f"Guest {number}", "address": f"guest{number}@example.org"}
        status = {"response": "none", "time": "0001-01-01T00:00:00Z"}
        return {"type": "required", "status": status, "emailAddress": address}

    return event | {"attendees": [attendee(number) for number in range(500)]}


ODDITIES: dict[str, Callable[[Json], Json]] = {
    "end_before_start": _end_before_start,
    "zero_length": _zero_length,
    "year_1601": _times("1601-01-01T00:00:00.0000000", "1601-01-01T00:30:00.0000000"),
    "year_4500": _times("4500-08-31T23:59:00.0000000", "4500-08-31T23:59:00.0000000"),
    "ten_years": _ten_years,
    "not_a_time": _times("not a time"),
    "unknown_zone": _zone("Middle-earth Standard Time"),
    "custom_zone": _zone("tzone://Microsoft/Custom"),
    "unknown_values": _unknown_values,
    "nulls": _nulls,
    "bare": _bare,
    "wrong_types": _wrong_types,
    "many_attendees": _many_attendees,
}
"""Each takes an event that is in order and spoils it."""
