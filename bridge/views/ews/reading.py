"""Requests in XML: read without believing anything that XML can do beside elements and text."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

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

Element = etree._Element  # noqa: SLF001 - the only name that lxml has for it


class Asked(NamedTuple):
    """A request."""

    operation: str
    element: Element
    header: Element | None


def parsed(body: bytes) -> Element:
    """A document's root.

    Raises:
        Fault: it is no XML, or more than elements and text.
    """
    # Written so that nothing can hide: in UTF-8 a declaration is found by its letters.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise Fault("ErrorInvalidRequest", "The request is invalid: document type declaration.")
    head = body[:100].partition(b"?>")[0].lower()
    if b"encoding" in head and b"utf-8" not in head and b"us-ascii" not in head:
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
        raise Fault("ErrorInvalidRequest", "The request is invalid: no SOAP 1.1 request.")
    operation = inside[0]
    return Asked(operation=name(operation), element=operation, header=parts.get(_HEADER))


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


def children(element: Element, path: str) -> Iterator[Element]:
    """The elements in the one at a path."""
    found = element.find(path)
    if found is not None:
        yield from found


def name(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
