"""How room systems get into the meetings of each platform.

Most platforms need nothing here: their line in the table says how an address is composed. Zoom,
Teams and Webex have rules of their own.
"""

import re
import urllib.parse
from collections.abc import Callable

import msgspec

from rooms.join import addresses, interop, zoom
from rooms.join.dial import Dialing
from rooms.join.meeting import Meeting

ASKS = "the numeric passcode is not in the invitation: the system will ask for it"
GUESSED = "the SIP domain is taken from the link: the invitation prints none"

_LYNC = re.compile(r"(.+)\.([\w\-]+)")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a meeting before its way in is composed."""

    id: str
    numeric: str
    passcode: str
    sip: addresses.Printed | None
    h323: str


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How room systems get in."""

    sip: str = ""
    h323: str = ""
    id: str = ""
    """The meeting's number, where only the address told it."""
    asks: bool = False
    """Whether the system will ask for a passcode that nobody in the room may know."""
    closed: bool = False
    notes: tuple[str, ...] = ()


def way_in(meeting: Meeting, known: Known, dialing: Dialing) -> Way:
    """The way into a meeting; without addresses where there is none."""
    return _FAMILIES.get(meeting.provider.name, _by_table)(meeting, known, dialing)


def _zoom(meeting: Meeting, known: Known, dialing: Dialing) -> Way:
    """`id.passcode@domain` and `gateway##id#passcode`, by the numeric passcode only."""
    meeting_id, domain = known.id, meeting.provider.sip.partition("@")[2]
    notes = []
    printed = zoom.parse_sip(known.sip.address) if known.sip else None
    if printed is not None:
        call, printed_domain = printed
        if meeting_id in {"", call.id}:
            meeting_id, domain = call.id, printed_domain
        else:
            notes.append("the printed SIP address names another meeting")
    call = zoom.Call(id=meeting_id, passcode=known.numeric if dialing.include_passcode else "")
    gateway = dialing.gateway or _gateway(meeting)
    sip = zoom.sip(call, dialing.zoom_domain or domain) or ""
    h323 = known.h323 or (zoom.h323(call, gateway) if gateway else None) or ""
    asks = False
    if not sip and not h323:
        notes.append("there is no meeting number in the invitation")
    elif not known.numeric and (known.passcode or any(m.has_password for m in meeting.mentions)):
        asks = True
        notes.append(ASKS)
    return Way(sip=sip, h323=h323, id=meeting_id, asks=asks, notes=tuple(notes))


def _teams(meeting: Meeting, known: Known, _: Dialing) -> Way:
    """Through the service that the host's tenant rents: by its link, or its address and number."""
    way = next((way.found for _, way in meeting.ways), None)
    if way is None and known.sip is not None:
        vtc = next((f.printed.value for f in meeting.printed if f.printed.kind == "vtc"), "")
        way = interop.of_address(known.sip.user, known.sip.host, vtc)
    if way is None:
        if known.sip is None:
            return Way(h323=known.h323)
        asks = ("no video conference id is printed: the system will ask for it",)
        return Way(sip=known.sip.address, h323=known.h323, notes=asks)
    if way.sip.lower().endswith("bjn.vc"):
        gone = ("BlueJeans' way into Teams was closed in 2024",)
        return Way(sip=way.sip, closed=True, notes=gone)
    return Way(sip=way.sip, h323=way.h323 or known.h323)


def _webex(meeting: Meeting, known: Known, _: Dialing) -> Way:
    """The printed address, else the number or the person at the host of the link."""
    url = meeting.url
    name = next((m.found.name for m in meeting.mentions if m.found.name), "")
    sip = ""
    if known.sip is not None:
        lync = (
            _LYNC.fullmatch(known.sip.user) if known.sip.host.lower() == "lync.webex.com" else None
        )
        sip = f"{lync[1]}@{lync[2]}.webex.com" if lync else known.sip.address
    elif url is not None and (name or known.id):
        sip = f"{urllib.parse.unquote(name) or known.id}@{url.found.host}"
    gateway = _gateway(meeting)
    h323 = known.h323 or (f"{gateway}##{known.id}" if gateway and known.id else "")
    if sip or h323:
        return Way(sip=sip, h323=h323)
    return Way(notes=("the invitation prints neither a meeting number nor a video address",))


def _by_table(meeting: Meeting, known: Known, _: Dialing) -> Way:
    """What is printed, else what the platform's line in the table composes."""
    provider, url = meeting.provider, meeting.url
    closed = provider.route == "closed"
    if known.sip is not None:
        return Way(sip=known.sip.address, h323=known.h323, closed=closed)
    if meeting.ways:
        found = meeting.ways[0][1].found
        return Way(sip=found.sip, h323=found.h323 or known.h323, closed=closed)
    host = url.found.host if url else ""
    alias = _alias(meeting, host)
    values = {"id": known.id, "host": host, "alias": alias}
    if not provider.sip or any(
        "{" + name + "}" in provider.sip and not value for name, value in values.items()
    ):
        return Way(h323=known.h323, closed=closed)
    guessed = "{host}" in provider.sip or (alias and alias.endswith("@" + host))
    user = alias.partition("@")[0]
    return Way(
        sip=provider.sip.format(**values),
        h323=known.h323,
        id=user if user.isdigit() else "",
        closed=closed,
        notes=(GUESSED,) if guessed else (),
    )


def _alias(meeting: Meeting, host: str) -> str:
    """The SIP address that a link names as its conference."""
    alias = next((m.found.alias for m in meeting.mentions if m.found.alias), "")
    alias = urllib.parse.unquote(alias)
    return f"{alias}@{host}" if alias and "@" not in alias else alias


def _gateway(meeting: Meeting) -> str:
    """The H.323 address in front of a meeting's number."""
    printed = (gateway for _, _, gateway in meeting.gateways)
    return next(printed, next(iter(meeting.provider.gateways), ""))


_FAMILIES: dict[str, Callable[[Meeting, Known, Dialing], Way]] = {
    "zoom": _zoom,
    "zoomgov": _zoom,
    "teams": _teams,
    "webex": _webex,
}
