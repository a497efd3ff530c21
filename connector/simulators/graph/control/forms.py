"""Meetings as the control API takes them: Graph's own JSON, or a few plain words."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from connector.simulators.graph.control.event import GraphEvent
from connector.simulators.graph.control.plain import Plain
from connector.simulators.graph.meeting import Meeting
from connector.simulators.graph.refusal import Json

_DEFAULT_LENGTH = timedelta(minutes=30)
_OBJECTS_IN_GRAPH = ("start", "end", "body", "location", "organizer")


def changes(raw: Json) -> dict[str, Any]:
    """What a request says of a meeting, by the names of `Meeting`.

    Raises:
        ValueError: it makes no sense; the words say where.
        KeyError: there is no such time zone.
    """
    if _is_plain(raw):
        return msgspec.convert(raw, Plain).changes()
    return msgspec.convert(raw, GraphEvent).changes()


def meeting(raw: Json) -> Meeting:
    """A new meeting; half an hour or a day long where nothing else is said.

    Raises:
        ValueError: it makes no sense; the words say where.
        KeyError: there is no such time zone.
    """
    given = changes(raw)
    if "start" not in given:
        raise ValueError("a meeting needs a start")
    given.setdefault("end", given["start"] + _length(given["start"]))
    return Meeting(**given)


def edits(raw: Json, old: Meeting) -> dict[str, Any]:
    """What is to change in a meeting; one that only begins at another time is as long as before.

    Raises:
        ValueError: it makes no sense; the words say where.
        KeyError: there is no such time zone.
    """
    given = changes(raw)
    if "start" in given:
        alike = old.all_day != isinstance(given["start"], datetime)
        given.setdefault("end", given["start"] + (old.length if alike else _length(given["start"])))
    return given


def _length(start: date) -> timedelta:
    """How long a meeting lasts where nothing is said."""
    return _DEFAULT_LENGTH if isinstance(start, datetime) else timedelta(days=1)


def _is_plain(raw: Json) -> bool:
    """Whether the plain words are used; where both would do, they mean the same."""
    series = raw.get("recurrence")
    return (
        raw.keys() <= set(Plain.__struct_fields__)
        and not any(isinstance(raw.get(name), dict) for name in _OBJECTS_IN_GRAPH)
        and not (isinstance(series, dict) and "pattern" in series)
    )
