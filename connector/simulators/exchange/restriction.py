"""Conditions of FindItem: the few that clients of calendars use.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/restriction
"""

from collections.abc import Callable, Iterable
from operator import eq, ge, gt, le, lt, ne

from lxml import etree

from connector.simulators.exchange.item import PROPERTIES, Shown
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.refusal import Refused
from connector.simulators.exchange.shape import extended_value, field, path_of
from connector.simulators.graph.entry import Event

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "IsEqualTo": eq,
    "IsNotEqualTo": ne,
    "IsGreaterThan": gt,
    "IsGreaterThanOrEqualTo": ge,
    "IsLessThan": lt,
    "IsLessThanOrEqualTo": le,
}


def matches(restriction: etree._Element, event: Event, mailbox: Mailbox) -> bool:
    """Whether an item meets a restriction.

    Raises:
        Refused: it is one that is not simulated.
    """
    shown = Shown(event=event, mailbox=mailbox, found=False, text_body=False)
    return all(_meets(condition, shown) for condition in restriction)


_COMBINE: dict[str, Callable[[Iterable[bool]], bool]] = {
    "And": all,
    "Or": any,
    "Not": lambda met: not any(met),
}


def _meets(condition: etree._Element, shown: Shown) -> bool:
    kind = etree.QName(condition).localname
    if kind in _COMBINE:
        return _COMBINE[kind](_meets(one, shown) for one in condition)
    value = _value(condition[0], shown)
    if kind == "Exists":
        return value is not None
    wanted = condition.find(".//{*}Constant")
    if wanted is None or (kind not in _COMPARE and kind != "Contains"):
        raise Refused("ErrorUnsupportedPathForQuery")
    return _compared(kind, value, wanted.get("Value", ""))


def _compared(kind: str, value: str | None, wanted: str) -> bool:
    if value is None:
        return kind == "IsNotEqualTo"
    if kind == "Contains":
        return wanted.lower() in value.lower()
    return _COMPARE[kind](value, wanted)


def _value(path: etree._Element, shown: Shown) -> str | None:
    """A property as text; instants compare as they are written, in UTC."""
    if etree.QName(path).localname == "ExtendedFieldURI":
        return extended_value(path_of(path), shown)
    name = field(path)
    if name not in PROPERTIES:
        raise Refused("ErrorUnsupportedPathForQuery")
    written = PROPERTIES[name](shown)
    if not written:
        return None
    bare = f'<x xmlns:t="t">{written}</x>'
    return str(etree.fromstring(bare).xpath("string()"))
