"""FindItem and GetItem: which bookings a unit lists, and what it is told of each."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import ge, gt, le, lt

from bridge.views.ews.folders import folder
from bridge.views.ews.items import SERVED, Item, Shape, shape_of
from bridge.views.ews.markup import Fault, Refused, message, messages, refusal
from bridge.views.ews.reading import (
    BATCH,
    Element,
    M,
    T,
    children,
    instant,
    name,
    number,
    spelled,
    words,
)
from bridge.views.ews.shelf import Call

MOST = 1000
"""Items of one answer, as in Exchange's own throttling policy (EWSFindCountLimit)."""
FOLDERS_AT_ONCE = 20
"""Folders of one request: each is answered with all its items."""


def shape(call: Call, *, alone: bool = False) -> Shape:
    """The shape that a request asks for."""
    known: Shape | None = call.asked.prepared.get("shape")
    if known is None:
        known = call.asked.prepared["shape"] = _shape(call, alone=alone)
    return known


def _shape(call: Call, *, alone: bool) -> Shape:
    asked = call.element.find(f"{M}ItemShape")
    if asked is None:
        return shape_of("IdOnly", frozenset(), alone=alone)
    more = asked.find(f"{T}AdditionalProperties")
    fields = (
        frozenset()
        if more is None
        else frozenset(one.get("FieldURI", "") for one in more.iterchildren(f"{T}FieldURI"))
    )
    for field in sorted(fields - SERVED):
        call.misses(f"property {spelled(field)}")
    for one in () if more is None else more.iterchildren(f"{T}ExtendedFieldURI"):
        given = (spelled(str(value)) for _, value in sorted(one.items()))
        call.misses(f"property {' '.join(given)}")
    html = words(asked, f"{T}BodyType") == "HTML"
    return shape_of(words(asked, f"{T}BaseShape"), fields, html=html, alone=alone)


def find_item(call: Call) -> bytes:
    """FindItem: by a window of time, or by a restriction with pages."""
    wanted = shape(call)
    parts = []
    for one in children(call.element, f"{M}ParentFolderIds", FOLDERS_AT_ONCE):
        try:
            known = folder(call, one)
        except Refused as refused:
            parts.append(refusal("FindItem", refused))
            continue
        found: Sequence[Item] = call.items.all if known == "calendar" else ()
        parts.append(_listed(call, found, wanted))
    return messages("FindItem", *parts)


def _listed(call: Call, found: Sequence[Item], wanted: Shape) -> bytes:
    """One folder's answer."""
    view = call.element.find(f"{M}CalendarView")
    if view is not None:
        dates = call.asked.window or (view.get("StartDate", ""), view.get("EndDate", ""))
        start, end = map(instant, dates)
        if start > end:
            raise Fault("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is before StartDate")
        inside = [one for one in found if _overlaps(one, start, end)]
        most = _count(view)
        shown, last = inside[:most], len(inside) <= most
        head = b""
    else:
        inside = _sorted(call, _restricted(call, found))
        page = call.element.find(f"{M}IndexedPageItemView")
        offset, most = _page(page, len(inside))
        shown, last = inside[offset : offset + most], offset + most >= len(inside)
        head = b' IndexedPagingOffset="%d"' % (offset + len(shown))
    return message(
        "FindItem",
        b'<m:RootFolder%b TotalItemsInView="%d" IncludesLastItemInRange="%b"><t:Items>'
        % (head, len(inside), b"true" if last else b"false"),
        *(one.as_element(wanted) for one in shown),
        b"</t:Items></m:RootFolder>",
    )


def _overlaps(item: Item, start: datetime, end: datetime) -> bool:
    """As a calendar view has it: what touches the window from outside is not in it."""
    if item.start == item.end:
        return start <= item.start < end
    return item.start < end and item.end > start


def _count(view: Element) -> int:
    try:
        return max(1, min(MOST, int(view.get("MaxEntriesReturned", MOST))))
    except ValueError:
        return MOST


def _page(page: Element | None, total: int) -> tuple[int, int]:
    """Where a page begins, and how long it is."""
    if page is None:
        return 0, MOST
    try:
        offset = max(0, min(total, int(page.get("Offset", 0))))
    except ValueError:
        offset = 0
    most = _count(page)
    if page.get("BasePoint") == "End":
        return max(0, total - offset - most), most
    return offset, most


def _sorted(call: Call, found: list[Item]) -> list[Item]:
    """In the order that was asked for: by start, or by end; whatever else, by start."""
    order = call.element.find(f"{M}SortOrder/{T}FieldOrder")
    if order is None:
        return found
    field = order.find(f"{T}FieldURI")
    by_end = field is not None and field.get("FieldURI") == "calendar:End"
    return sorted(
        found,
        key=lambda one: one.end if by_end else one.start,
        reverse=order.get("Order") == "Descending",
    )


_COMPARED: dict[str, Callable[[datetime, datetime], bool]] = {
    "IsGreaterThan": gt,
    "IsGreaterThanOrEqualTo": ge,
    "IsLessThan": lt,
    "IsLessThanOrEqualTo": le,
    "IsEqualTo": lambda a, b: a == b,
    "IsNotEqualTo": lambda a, b: a != b,
}


def _restricted(call: Call, found: Iterable[Item]) -> list[Item]:
    tests = [_test(call, one) for one in children(call.element, f"{M}Restriction")]
    return [item for item in found if all(test(item) for test in tests)]


def _always(_item: Item) -> bool:
    """Of what is not compared here more is shown rather than less."""
    return True


def _test(call: Call, asked: Element, depth: int = 0) -> Callable[[Item], bool]:
    """Whether an item passes: comparisons of start and end, together, either or not."""
    kind = name(asked)
    if kind in {"And", "Or", "Not"} and depth < 20:
        inside = [_test(call, one, depth + 1) for one in asked]
        if kind == "Not":
            return (
                _always
                if not inside or inside[0] is _always
                else (lambda item: not inside[0](item))
            )
        together = all if kind == "And" else any
        return lambda item: together(one(item) for one in inside)
    field = asked.find(f"{T}FieldURI")
    constant = asked.find(f"{T}FieldURIOrConstant/{T}Constant")
    which = "" if field is None else field.get("FieldURI", "")
    compare = _COMPARED.get(kind)
    if compare is None or constant is None or which not in {"calendar:Start", "calendar:End"}:
        call.misses(f"restriction {spelled(kind)} of {spelled(which)}")
        return _always
    value = instant(constant.get("Value", ""))
    if which == "calendar:End":
        return lambda item: compare(item.end, value)
    return lambda item: compare(item.start, value)


def get_item(call: Call) -> bytes:
    """GetItem: each by its id, as many as are asked for."""
    wanted = shape(call, alone=True)
    known = call.items.by_id
    asked: list[str] | None = call.asked.prepared.get("ids")
    if asked is None:
        asked = [one.get("Id", "") for one in children(call.element, f"{M}ItemIds", BATCH)]
        call.asked.prepared["ids"] = asked
    parts = [
        known[id_].as_element(wanted) if id_ in known else refusal("GetItem", GONE, b"<m:Items/>")
        for id_ in asked
    ]
    return messages("GetItem", *parts)


GONE = Refused("ErrorItemNotFound", "The specified object was not found in the store.")


def page_size(call: Call, path: str, default: int, most: int) -> int:
    """How many are asked for at a path."""
    return number(call.element, path, default, 1, most)
