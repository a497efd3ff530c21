"""What a codec says: XML and JSON alike become one form, elements without namespaces.

Names begin with a capital letter in both; what begins with a small one (`item`, `id`, `status`,
`ghost`) is an attribute (endpoints.md 2.5 to 2.7).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from lxml import etree

from connector.errors import Malformed

Document: TypeAlias = etree._Element  # noqa: SLF001 - lxml names its elements' type so
NUMBER_LIMIT = 40
"""Characters of what tells one of several from the others."""
DEPTH = 40
"""Levels of a JSON document; the deepest that is documented has nine."""

YEARS = range(1970, 2200)
"""In which meetings are; elsewhere sums of times would have no end."""

_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REFERENCES = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.IGNORECASE
)
_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


def xml(body: bytes) -> Document:
    """A codec's XML: control characters are dropped, documents with a DOCTYPE refused (EP-17).

    Raises:
        Malformed: this is no XML.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_REFERENCES.sub(b"", _BYTES.sub(b"", body)), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed("the codec's answer is no XML", reason="not_xml") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("the codec's answer has a DOCTYPE", reason="not_xml")
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return root


def json(body: bytes | str) -> Any:
    """A codec's JSON.

    Raises:
        Malformed: this is no JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed("the codec's answer is no JSON", reason="not_json") from error


def element(name: str, value: Any) -> Document:
    """A JSON value in the form of XML.

    The terminal wraps each value as `{"Value": …}`, the WebSocket gives it plain.

    Raises:
        Malformed: it is deeper, or named otherwise, than anything a codec says.
    """
    root = etree.Element(_name(name))
    _fill(root, value, DEPTH)
    return root


def _fill(node: Document, value: Any, depth: int) -> None:
    if not depth:
        raise Malformed("the codec's answer is too deep", reason="not_json")
    if not isinstance(value, dict):
        node.text = _said(value)
        return
    for name, below in value.items():
        if name == "Value" and not isinstance(below, dict | list):
            node.text = _said(below)
        elif name[:1].islower():
            node.set(_name(name), _said(below))
        else:
            for one in below if isinstance(below, list) else (below,):
                _fill(etree.SubElement(node, _name(name)), one, depth - 1)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed("the codec's answer has a name that is none", reason="not_json")
    return name


def _said(value: Any) -> str:
    """A plain value as codecs write it."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    return _TEXT.sub("", str(value))


def text(node: Document | None, path: str) -> str:
    """The text at a path below, or nothing."""
    return "" if node is None else (node.findtext(path) or "").strip()


def children(node: Document) -> Iterator[Document]:
    """The elements directly below."""
    return node.iterchildren(etree.Element)


def number(node: Document) -> str:
    """Which one of several this is: `item` in XML, `id` in JSON."""
    return str(node.get("item") or node.get("id") or "")[:NUMBER_LIMIT]


def instant(said: str) -> datetime | None:
    """A time with its zone, in UTC; None for any other text, and for a time without one."""
    try:
        told = datetime.fromisoformat(said)
    except ValueError:
        return None
    if told.tzinfo is None or told.year not in YEARS:
        return None
    return told.astimezone(UTC)


def version_of(status: Document | None) -> tuple[int, ...]:
    """The software version in a status: `ce9.15.17.4`, `RoomOS 11.27.2.0`, `TC7.3.9`.

    Empty where none can be found, which is older than all.
    """
    if status is None:
        return ()
    software = (text(status, f"SystemUnit/Software/{name}") for name in ("Version", "DisplayName"))
    for said in (*software, status.get("version", "")):
        if match := re.search(r"(?<!\d)(\d{1,6}(?:\.\d{1,6}){1,9})", said):
            return tuple(int(part) for part in match[1].split("."))
    return ()
