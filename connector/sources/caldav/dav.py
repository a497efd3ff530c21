"""WebDAV's words: what CalDAV asks (RFC 4791, RFC 6578), and its multistatus answers (RFC 4918)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape

from lxml import etree

from connector.errors import Malformed
from rooms.model import Window

RESPONSES = 200_000
"""Resources that one answer tells of."""

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"
_SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_XML = '<?xml version="1.0" encoding="utf-8"?>'


def propfind(*names: str) -> bytes:
    """Ask for properties (RFC 4918 §9.1), by prefixed names."""
    wanted = "".join(f"<{name}/>" for name in names)
    text = f"{_XML}<D:propfind {_SPACES}><D:prop>{wanted}</D:prop></D:propfind>"
    return text.encode()


def query(span: Window, *, data: bool) -> bytes:
    """Ask for the objects that touch a span (RFC 4791 §7.8), or for their versions only."""
    wanted = "<D:getetag/>" + ("<C:calendar-data/>" if data else "")
    text = (
        f"{_XML}<C:calendar-query {_SPACES}><D:prop>{wanted}</D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f'<C:time-range start="{_utc(span.start)}" end="{_utc(span.end)}"/>'
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )
    return text.encode()


def multiget(hrefs: Iterable[str]) -> bytes:
    """Ask for objects by name (RFC 4791 §7.9)."""
    names = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    text = (
        f"{_XML}<C:calendar-multiget {_SPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>"
        f"{names}</C:calendar-multiget>"
    )
    return text.encode()


def changes(token: str) -> bytes:
    """Ask what changed since a token (RFC 6578 §3.2)."""
    text = (
        f"{_XML}<D:sync-collection {_SPACES}><D:sync-token>{escape(token)}</D:sync-token>"
        "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    )
    return text.encode()


def _utc(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, slots=True)
class Resource:
    """What an answer tells of one resource."""

    href: str
    status: int
    """200 where it has properties, else why it has none."""
    properties: dict[str, etree._Element] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A property's text."""
        element = self.properties.get(name)
        return "" if element is None else "".join(map(str, element.itertext())).strip()

    def hrefs(self, name: str) -> Iterator[str]:
        """The addresses in a property."""
        element = self.properties.get(name)
        for href in () if element is None else element.iter(f"{D}href"):
            yield (href.text or "").strip()


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A 207 answer."""

    resources: list[Resource]
    token: str
    """Where changes are asked from the next time; empty where it does not tell."""


def multistatus(body: bytes) -> Multistatus:
    """The resources of an answer.

    Raises:
        Malformed: this is no such answer, or one that nobody should send.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed("the answer is not whole XML", reason="not_dav") from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise Malformed("the answer declares entities; refused", reason="not_dav")
    if root.tag != f"{D}multistatus":
        raise Malformed("something else than a calendar server answers", reason="not_dav")
    responses = root.findall(f"{D}response")
    if len(responses) > RESPONSES:
        raise Malformed("the calendar has too many events", reason="too_many_events")
    token = root.findtext(f"{D}sync-token") or ""
    return Multistatus([_resource(response) for response in responses], token.strip())


def _resource(response: etree._Element) -> Resource:
    """One resource; where a property is missing its status tells why."""
    href = (response.findtext(f"{D}href") or "").strip()
    if not href:
        raise Malformed("a resource has no name", reason="not_dav")
    whole = response.findtext(f"{D}status")
    if whole is not None:
        return Resource(href, _status(whole))
    worst = 200
    properties: dict[str, etree._Element] = {}
    for part in response.findall(f"{D}propstat"):
        status = _status(part.findtext(f"{D}status") or "")
        prop = part.find(f"{D}prop")
        if status != 200:
            worst = max(worst, status)
        elif prop is not None:
            properties.update({str(element.tag): element for element in prop})
    return Resource(href, 200 if properties else worst, properties)


def _status(line: str) -> int:
    parts = line.split()
    if len(parts) > 1 and parts[1].isascii() and parts[1].isdigit() and len(parts[1]) == 3:
        return int(parts[1])
    raise Malformed("a status makes no sense", reason="not_dav")
