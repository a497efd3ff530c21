"""The parts of an iCalendar entry that can hold join details, read with patience.

Invitations come from programs that fold in the middle of a character or forget to fold at all; a
strict parser refuses what a room still wants to join.
"""

import re
from collections.abc import Iterator

from rooms.join.invitation import EntryPoint, Invitation

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r"([A-Z][A-Z0-9\-]{1,60})((?:;[^:\n\"]{0,400}(?:\"[^\"\n]{0,400}\"[^:\n\"]{0,400}){0,9})?):(.*)"
)
_ESCAPE = re.compile(r"\\([\\;,nN])")
_CONFERENCE = frozenset(
    {
        "X-GOOGLE-CONFERENCE",
        "X-MICROSOFT-SKYPETEAMSMEETINGURL",
        "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
        "X-ZOOM-MEETING-URL",
        "CONFERENCE",
    }
)


class _Entry:
    """The properties of one event, in the order in which they stand."""

    def __init__(self) -> None:
        self.properties: list[tuple[str, str, str]] = []

    def all(self, *names: str) -> Iterator[tuple[str, str]]:
        """Parameters and value of each property of these names."""
        for name, parameters, value in self.properties:
            if name in names:
                yield parameters, value

    def first(self, name: str) -> str:
        """The first value of a name that says anything."""
        return next((value for _, value in self.all(name) if value.strip()), "")


def invitation(text: str) -> Invitation:
    """The first event of a calendar that leads somewhere, else its first event."""
    entries = list(_entries(text))
    if not entries:
        return Invitation()
    chosen = next((entry for entry in entries if _leads_somewhere(entry)), entries[0])
    description, html = chosen.first("DESCRIPTION"), False
    if not description:
        description, html = chosen.first("X-ALT-DESC"), True
    return Invitation(
        subject=chosen.first("SUMMARY"),
        locations=tuple(value for _, value in chosen.all("LOCATION") if value),
        conference=tuple(_entry_points(chosen)),
        body="\n".join(part for part in (description, chosen.first("URL")) if part),
        html=html,
        organizer_domain=chosen.first("ORGANIZER").rpartition("@")[2],
    )


def _entry_points(entry: _Entry) -> Iterator[EntryPoint]:
    for parameters, value in entry.all(*_CONFERENCE):
        features = parameters.upper()
        kind = "video" if "FEATURE" not in features or "VIDEO" in features else "more"
        yield EntryPoint(kind=kind, uri=value)


def _leads_somewhere(entry: _Entry) -> bool:
    places = ("DESCRIPTION", "LOCATION", "X-ALT-DESC", "URL", *_CONFERENCE)
    return any("://" in value or "@" in value for _, value in entry.all(*places))


def _entries(text: str) -> Iterator[_Entry]:
    """Each VEVENT; lines that are no property continue the one before them."""
    within: list[str] = []
    entry: _Entry | None = None
    for line in _FOLD.sub("", text).splitlines():
        low = line.strip().upper()
        if low.startswith("BEGIN:"):
            within.append(low[6:])
            if low == "BEGIN:VEVENT":
                entry = _Entry()
        elif low.startswith("END:"):
            if within:
                within.pop()
            if low == "END:VEVENT" and entry is not None:
                yield entry
                entry = None
        elif entry is not None and within[-1:] == ["VEVENT"]:
            _add(entry, line)


def _add(entry: _Entry, line: str) -> None:
    found = _LINE.fullmatch(line)
    if found:
        entry.properties.append((found[1], found[2], _ESCAPE.sub(_escaped, found[3])))
    elif entry.properties:
        name, parameters, value = entry.properties[-1]
        entry.properties[-1] = (name, parameters, f"{value}\n{line}")


def _escaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] in "nN" else escape[1]
