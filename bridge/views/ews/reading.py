"""Requests in XML: read without believing anything that XML can do beside elements and text."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lxml import etree

from bridge.views.ews.markup import MESSAGES, SOAP, TYPES, Fault

M, T = f"{{{MESSAGES}}}", f"{{{TYPES}}}"
_ENVELOPE, _HEADER, _BODY = (f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body"))
_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)
"""libxml2 refuses by itself what is nested more than 256 deep."""
NAMES_LIMIT = 2000
"""Characters that are kept of a shape."""
BATCH = 1000
"""Parts of one request: a unit asks for all its items by their ids."""

Element = etree._Element  # noqa: SLF001 - the only name that lxml has for it


class Asked(NamedTuple):
    """A request."""

    operation: str
    element: Element
    header: Element | None
    window: tuple[str, str] | None = None
    """Start and end of its calendar view, where these are told apart from the rest."""
    prepared: dict[str, Any] = {}  # noqa: RUF012 - made anew for each by `asked`
    """What was made of the request alone; the same for whoever sends the same."""


_BEFORE = b"\xef\xbb\xbf \t\r\n"
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["'](?:utf-8|us-ascii)["']""")


def parsed(body: bytes) -> Element:
    """A document's root.

    Raises:
        Fault: it is no XML, or more than elements and text.
    """
    # Written so that nothing can hide: in UTF-8 a declaration is found by its letters.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise Fault("ErrorInvalidRequest", "The request is invalid: document type declaration.")
    head = body.partition(b"?>")[0].lower() if body.lstrip(_BEFORE).startswith(b"<?xml") else b""
    if b"encoding" in head and not _ENCODING.search(head):
        raise Fault("ErrorInvalidRequest", "The request is invalid: UTF-8 is expected.")
    try:
        return etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Fault("ErrorInvalidRequest", "The request is invalid: not well-formed.") from error


def asked(body: bytes) -> Asked:
    """What a SOAP request asks for.

    Raises:
        Fault: it is none.
    """
    root = parsed(body)
    parts = {one.tag: one for one in root} if root.tag == _ENVELOPE else {}
    inside = parts.get(_BODY)
    if inside is None or not len(inside):
        raise Fault(
            "ErrorInvalidRequest",
            "The request is invalid: no SOAP 1.1 request.",
            shape=shape(root),
        )
    operation = inside[0]
    return Asked(name(operation), operation, parts.get(_HEADER), prepared={})


class Requests:
    """Requests that were read before: a unit sends the same again and again, but for the window."""

    def __init__(self) -> None:
        self._read: OrderedDict[bytes, Asked] = OrderedDict()

    def asked(self, body: bytes) -> Asked:
        """What a request asks for.

        Raises:
            Fault: it is none.
        """
        if len(body) > REPEATED:
            return asked(body)
        dates = _DATES.findall(body)
        key = _DATES.sub(b"", body) if dates else body
        window = (dates[0][0].decode(), dates[0][1].decode()) if len(dates) == 1 else None
        known = self._read.get(key) if len(dates) <= 1 else None
        if known is not None:
            self._read.move_to_end(key)
            return known if window is None else known._replace(window=window)
        found = asked(body)
        if len(dates) <= 1 and _window(found) == window:
            self._read[key] = found
            if len(self._read) > REPEATED_KEPT:
                self._read.popitem(last=False)
        return found


REPEATED = 4 << 10
"""Bytes of requests that are remembered; a poll has one or two kibibytes."""
REPEATED_KEPT = 512
_DATES = re.compile(rb' StartDate="([\w:.+-]{10,40})" EndDate="([\w:.+-]{10,40})"')


def _window(found: Asked) -> tuple[str, str] | None:
    """The dates of a calendar view, which are all the dates that such a request has."""
    view = found.element.find(f"{M}CalendarView")
    return None if view is None else (view.get("StartDate", ""), view.get("EndDate", ""))


def shape(element: Element) -> str:
    """The names of elements and attributes, as they stand in one another; nothing they hold."""
    found: list[str] = []
    _shape(element, found, 0)
    return "".join(found)[:NAMES_LIMIT]


def _shape(element: Element, found: list[str], depth: int) -> None:
    if len(found) > NAMES_LIMIT or depth > 40:
        return
    found.append(name(element))
    if names := sorted(etree.QName(name).localname for name in map(str, element.attrib)):
        found.append(f"[{','.join(names)}]")
    inside: dict[str, Element] = {}
    for child in element:
        inside.setdefault(str(child.tag), child)  # of many of one name one says it
    if inside:
        found.append("(")
        for number, child in enumerate(inside.values()):
            if number:
                found.append(" ")
            _shape(child, found, depth + 1)
        found.append(")")


def words(element: Element, path: str) -> str:
    """The text at a path, without what surrounds it; empty where there is none."""
    return (element.findtext(path) or "").strip()


def number(element: Element, path: str, default: int, least: int, most: int) -> int:
    """A whole number at a path, within bounds."""
    try:
        return max(least, min(most, int(words(element, path))))
    except ValueError:
        return default


def instant(value: str) -> datetime:
    """An instant; without an offset it is UTC.

    Raises:
        Fault: it is none.
    """
    try:
        # Seven digits of a second, as .NET writes them, are one more than Python reads.
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Fault("ErrorSchemaValidation", "The request failed schema validation.") from error


def children(element: Element, path: str, most: int = BATCH) -> Iterator[Element]:
    """The elements in the one at a path.

    Raises:
        Fault: there are more than anybody needs, and each would be answered.
    """
    found = element.find(path)
    if found is None:
        return
    if len(found) > most:
        raise Fault("ErrorBatchProcessingStopped", "Too many items in one request.")
    yield from found


def name(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


_SPELLED = re.compile(r"[A-Za-z0-9:._-]{1,80}")


def spelled(known: str) -> str:
    """A name of Exchange's own, as a unit wrote it; whatever else, it is not repeated."""
    return known if _SPELLED.fullmatch(known) else "of no known form"
