"""XML as the server writes it: text that is escaped once, and never put together by hand."""

import re
from datetime import UTC, datetime
from html import escape

MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Xml(str):
    """Text that is XML already."""

    __slots__ = ()


Value = str | int | bool | None
"""What may stand in an element or an attribute; None leaves an attribute out."""


def tag(name: str, *content: Value, **attributes: Value) -> Xml:
    """An element with a prefix that the envelope declares."""
    given = "".join(
        f' {key}="{escape(words(value))}"' for key, value in attributes.items() if value is not None
    )
    inside = "".join(map(_inside, content))
    return Xml(f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>")


def together(*parts: Xml) -> Xml:
    """Elements side by side."""
    return Xml("".join(parts))


def words(value: Value) -> str:
    """A value as XML Schema writes it, without what XML cannot hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_IN_XML.sub("", str(value)) if value is not None else ""


def instant(moment: datetime) -> str:
    """An instant in UTC, to the second: some clients choke on other fractions than 3 or 7."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _inside(value: Value) -> str:
    return value if isinstance(value, Xml) else escape(words(value), quote=False)
