"""What a VEVENT says beside its times: title, people, places, links, whether it counts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rooms.model import Event, Person, Response

if TYPE_CHECKING:
    from connector.icalendar.lines import Line

_LINKS = (
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    "X-GOOGLE-CONFERENCE",
    "X-ZOOM-MEETING-URL",
)
"""What services write the join link into; none of them stands in an RFC."""
_ANSWERS = {
    "ACCEPTED": Response.ACCEPTED,
    "DECLINED": Response.DECLINED,
    "DELEGATED": Response.DECLINED,
}
PLACES = 20

Told = "dict[str, list[Line]]"


def base(uid: str, told: "dict[str, list[Line]]", mailbox: str) -> Event:
    """The event of an entry, without its times and its place in a series."""
    organizer = _organizer(told)
    body, html = _body(told)
    link = _link(told)
    status = _word(told, "STATUS")
    busy = _word(told, "X-MICROSOFT-CDO-BUSYSTATUS")
    return Event(
        id=uid,
        uid=uid,
        when=None,
        subject=_text(told, "SUMMARY").strip(),
        organizer=organizer,
        # RFC 5545 §3.8.1.3: a class that nobody knows is private.
        private=_word(told, "CLASS") not in {"", "PUBLIC"},
        cancelled=status == "CANCELLED",
        own=not organizer.address or organizer.address.lower() == mailbox,
        response=_response(told, mailbox, tentative="TENTATIVE" in {status, busy}),
        blocks=_word(told, "TRANSP") != "TRANSPARENT" and busy not in {"FREE", "WORKINGELSEWHERE"},
        locations=tuple(dict.fromkeys(_places(told, link)))[:PLACES],
        online_url=link,
        body=body,
        html=html,
    )


def _text(told: "dict[str, list[Line]]", name: str) -> str:
    """The first text of a name that says anything."""
    return next((line.text for line in told.get(name, ()) if line.value.strip()), "")


def _word(told: "dict[str, list[Line]]", name: str) -> str:
    return told[name][0].value.strip().upper() if name in told else ""


def _organizer(told: "dict[str, list[Line]]") -> Person:
    if "ORGANIZER" not in told:
        return Person()
    line = told["ORGANIZER"][0]
    address = _address(line)
    name = line.parameters.get("CN", "").strip()
    return Person(name="" if name.lower() == address.lower() else name, address=address)


def _address(line: "Line") -> str:
    """The mail address of a calendar user; RFC 7986 §6.2 lets it stand in a parameter."""
    value = line.value.strip()
    if value.lower().startswith("mailto:"):
        return value[7:].strip()
    return line.parameters.get("EMAIL", "").strip()


def _response(told: "dict[str, list[Line]]", mailbox: str, *, tentative: bool) -> Response:
    """What the room answered; where it was not asked, what the calendar says of the meeting."""
    for line in told.get("ATTENDEE", ()):
        if _address(line).lower() == mailbox:
            # RFC 5545 §3.2.12: what nobody knows means that no answer was given.
            return _ANSWERS.get(line.parameters.get("PARTSTAT", "").upper(), Response.TENTATIVE)
    return Response.TENTATIVE if tentative else Response.ACCEPTED


def _body(told: "dict[str, list[Line]]") -> tuple[str, bool]:
    """The invitation, and whether it is HTML: the form that holds links, else the plain one."""
    plain = _text(told, "DESCRIPTION")
    html = _text(told, "X-ALT-DESC")
    if html and (not plain.strip() or ("://" not in plain and "://" in html)):
        return html, True
    return plain, False


def _link(told: "dict[str, list[Line]]") -> str:
    """The join link that a service attached, or that RFC 7986 §5.11 announces as video."""
    for name in _LINKS:
        if (text := _text(told, name).strip()).lower().startswith("https://"):
            return text
    for line in told.get("CONFERENCE", ()):
        features = line.parameters.get("FEATURE", "VIDEO").upper()
        if "VIDEO" in features and re.match(r"https://", line.value.strip(), re.IGNORECASE):
            return line.value.strip()
    return ""


def _places(told: "dict[str, list[Line]]", link: str) -> Iterator[str]:
    """Where it is: names of places, addresses to dial, and links that are not the one to join."""
    for name in ("LOCATION", "CONFERENCE", "URL"):
        for line in told.get(name, ()):
            text = (line.text if name == "LOCATION" else line.value).strip()
            if text and text != link:
                yield text
