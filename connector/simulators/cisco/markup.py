"""XML as units speak it: read with suspicion, written without a library that would mend it."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import TypeAlias

from lxml import etree

SIZE_LIMIT = 8 << 20
"""No request is larger: Cisco names 8 MB for multi-line commands."""

Tree: TypeAlias = Mapping[str, "str | Tree | Items"]
"""A document below its root: names, each with a text, a branch or numbered branches.

A name that begins with `@` is an attribute of what it stands in, `#` its text.
"""


class Items(dict[int, "Tree"]):
    """Branches of one name, told apart by their number."""


class BadMarkup(ValueError):
    """Not XML, or XML that nobody should send."""


def parse(body: bytes) -> etree._Element:
    """The root of a document without a DOCTYPE and in bounds.

    Raises:
        BadMarkup: it is not such a document.
    """
    if len(body) > SIZE_LIMIT:
        raise BadMarkup("the document is too large")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadMarkup("the document is not well-formed XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadMarkup("a document with a DOCTYPE is not read")
    return root


def name(element: etree._Element) -> str:
    """An element's name without its namespace: units do not look at it."""
    return etree.QName(element).localname


def children(element: etree._Element, wanted: str = "") -> Iterator[etree._Element]:
    """The elements directly below, of one name or of all."""
    for child in element:
        if wanted in {"", name(child)}:
            yield child


def find(element: etree._Element, path: str) -> etree._Element | None:
    """The first element at a path of names."""
    found: etree._Element | None = element
    for step in path.split("/"):
        found = None if found is None else next(children(found, step), None)
    return found


def text(element: etree._Element, path: str, default: str = "") -> str:
    """The text at a path of names, without the space around it."""
    found = find(element, path)
    return default if found is None else (found.text or "").strip()


def document(root: str, content: Tree) -> str:
    """A whole document; names that begin with `@` are attributes."""
    return f'<?xml version="1.0"?>\n{_element(root, content, 0)}\n'


def _element(tag: str, content: str | Tree, depth: int) -> str:
    """An element with all below it; control characters stand in it as they came."""
    pad = "  " * depth
    if isinstance(content, str):
        return f"{pad}<{tag}>{escape(content, quote=False)}</{tag}>"
    start, inner = tag, []
    for key, value in content.items():
        if key.startswith("@"):
            start += f' {key[1:]}="{escape(str(value))}"'
        elif key != "#":
            inner += _branch(key, value, depth + 1)
    if isinstance(text := content.get("#"), str):
        return f"{pad}<{start}>{escape(text, quote=False)}</{tag}>"
    if not inner:
        return f"{pad}<{start}/>"
    return "\n".join((f"{pad}<{start}>", *inner, f"{pad}</{tag}>"))


def _branch(tag: str, value: "str | Tree | Items", depth: int) -> list[str]:
    """One name of a branch: an element, or one for each number."""
    if not isinstance(value, Items):
        return [_element(tag, value, depth)]
    return [
        _element(tag, {"@item": str(number), "@maxOccurrence": "n", **item}, depth)
        for number, item in value.items()
    ]


def nest(values: Mapping[str, str]) -> Tree:
    """The tree of values that are named by paths like `Bookings/CheckIn/Enabled`."""
    below: dict[str, dict[str, str]] = {}
    for path, value in values.items():
        step, _, rest = path.partition("/")
        below.setdefault(step, {})[rest] = value
    return {step: part[""] if "" in part else nest(part) for step, part in below.items()}


def pick(tree: Tree, path: str) -> Tree | None:
    """The part of a tree at a path like `Call[2]/Status`, with all that stands above it."""
    step, _, rest = path.partition("/")
    key, _, number = step.removesuffix("]").partition("[")
    if key not in tree:
        return None
    found = _numbered(tree[key], number) if number else tree[key]
    if found is None or not rest:
        return None if found is None else {key: found}
    if isinstance(found, str):
        return None
    if not isinstance(found, Items):
        below = pick(found, rest)
        return None if below is None else {key: below}
    matches = Items({n: part for n, item in found.items() if (part := pick(item, rest))})
    return {key: matches} if matches else None


def _numbered(value: "str | Tree | Items", number: str) -> Items | None:
    """The one branch of a number."""
    if isinstance(value, Items) and number.isdecimal() and int(number) in value:
        return Items({int(number): value[int(number)]})
    return None
