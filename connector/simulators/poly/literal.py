"""How a unit reads EWS: it looks for certain strings, and understands no XML (endpoints.md 3.2).

Equivalent XML with other prefixes, quotes or order of what belongs together is nothing to it.
"""

from collections.abc import Iterator

SUCCESS = 'ResponseClass="Success"'


class Unreadable(Exception):
    """The answer holds none of the strings that it was searched for."""


def between(text: str, start: str, end: str) -> Iterator[str]:
    """Whatever stands between two strings, each time."""
    place = 0
    while (first := text.find(start, place)) >= 0:
        first += len(start)
        last = text.find(end, first)
        if last < 0:
            return
        yield text[first:last]
        place = last + len(end)


def only(text: str, start: str, end: str) -> str:
    """The first of them; empty for none."""
    return next(between(text, start, end), "")


def unescape(text: str) -> str:
    """The few escapes that it knows."""
    for escaped, plain in (
        ("&#xD;", "\r"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&amp;", "&"),
    ):
        text = text.replace(escaped, plain)
    return text


def element(text: str, name: str) -> str:
    """The text of the first such element without attributes."""
    return unescape(only(text, f"<{name}>", f"</{name}>"))


def check(answer: str, message: str) -> None:
    """That an answer is a success.

    Raises:
        Unreadable: it is not, or is written otherwise.
    """
    told = only(answer, f"<m:{message} ", ">")
    if SUCCESS not in told or element(answer, "m:ResponseCode") != "NoError":
        raise Unreadable(element(answer, "m:ResponseCode") or message)


def ids(text: str) -> list[tuple[str, str]]:
    """Id and change key of every item."""
    tags = between(text, "<t:ItemId ", "/>")
    return [(_attribute(tag, "Id"), _attribute(tag, "ChangeKey")) for tag in tags]


def _attribute(tag: str, name: str) -> str:
    """An attribute in double quotes."""
    return unescape(only(f" {tag}", f' {name}="', '"'))


def items(answer: str) -> list[str]:
    """The text of each calendar item."""
    return list(between(answer, "<t:CalendarItem>", "</t:CalendarItem>"))


def body(item: str) -> str:
    """An item's body, of whichever type."""
    _, found, rest = item.partition("<t:Body ")
    if not found:
        return ""
    return unescape(only(rest, ">", "</t:Body>"))


def mailbox_name(text: str, name: str) -> str:
    """The name of the one person in an element."""
    return element(only(text, f"<t:{name}>", f"</t:{name}>"), "t:Name")


def names(text: str, name: str) -> tuple[str, ...]:
    """The names of everybody in an element."""
    whole = only(text, f"<t:{name}>", f"</t:{name}>")
    return tuple(unescape(one) for one in between(whole, "<t:Name>", "</t:Name>"))
