"""Which zone a TZID means: by its name where that is known, else by the definition beside it.

Names come first because their rules are kept up to date; definitions are as old as the program
that wrote them. RFC 5545 §3.2.19 leaves names to the writer: those of IANA and of Windows occur,
and paths with a vendor's prefix.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from threading import Lock
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone import tzp

from connector.icalendar.lines import property_of
from rooms.zones import from_windows, zone

_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the library raises over definitions that make no sense."""


_one_at_a_time = Lock()


@contextmanager
def library() -> Iterator[None]:
    """While the library reads: it remembers zones by name, for everybody and for ever.

    Those of another calendar mean something else, and would fill the memory.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tzp.use_default()
        try:
            yield
        finally:
            tzp.use_default()


class Zones:
    """The zones of one text."""

    def __init__(self, defined: dict[str, str]) -> None:
        self._defined = defined
        self._known: dict[str, tzinfo | None] = {}

    def find(self, name: str) -> tzinfo | None:
        """The zone of a TZID, or None where nobody knows it."""
        if name not in self._known:
            self._known[name] = self._find(name.strip())
        return self._known[name]

    def _find(self, name: str) -> tzinfo | None:
        definition = self._defined.get(name)
        # A short name such as EST is an abbreviation to some and a zone without summer to IANA.
        certain = "/" in name or from_windows(name) is not None or definition is None
        if certain and (named := _named(name)):
            return named
        if definition is not None and (found := _described(definition) or _rules(definition)):
            return found
        return _named(name)


def _named(name: str) -> ZoneInfo | None:
    """A zone by its name, also behind a prefix as in `/example.org/2026_1/Europe/Berlin`."""
    for candidate in _endings(name):
        try:
            return zone(candidate)
        except KeyError:
            continue
    return None


def _endings(name: str) -> Iterator[str]:
    yield name
    parts = name.strip("/").split("/")
    if name.startswith("/") or len(parts) > 3:
        for count in (3, 2, 1):
            if count < len(parts):
                yield "/".join(parts[-count:])


def _described(definition: str) -> ZoneInfo | None:
    """The IANA name that many programs write beside the rules."""
    for text in definition.split("\r\n"):
        if text.upper().startswith("X-LIC-LOCATION") and (line := property_of(text)):
            return _named(line.value.strip())
    return None


def _rules(definition: str) -> tzinfo | None:
    """A zone made of the rules of its definition."""
    try:
        with library():
            component = Timezone.from_ical(definition)
            return component.to_tz(lookup_tzid=False) if isinstance(component, Timezone) else None
    except _BROKEN:
        return None
