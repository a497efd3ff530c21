"""GetUserAvailability: when the room is free, in the clock of who asks."""

from datetime import UTC, datetime, timedelta

from bridge.views.ews.folders import own
from bridge.views.ews.items import Item, free_busy, location
from bridge.views.ews.markup import Fault, Refused, element, envelope, flag, tag, text
from bridge.views.ews.reading import M, T, children, number, words
from bridge.views.ews.shelf import Call
from bridge.views.ews.zone import Zone, zone_of
from rooms.model import Window

LONGEST = timedelta(days=62)
"""Exchange's own limit."""
_DIGITS = {"Free": 0, "Tentative": 1, "Busy": 2}
_NO_DATA = 4
MAILBOXES = 100
"""Mailboxes of one request, as in Exchange."""
_VIEWS = ("MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged")


def availability(call: Call) -> bytes:
    """GetUserAvailability, of each mailbox that is asked for."""
    zone = zone_of(call.element.find(f"{T}TimeZone"))
    options = f"{T}FreeBusyViewOptions/{T}"
    start = _local(words(call.element, f"{options}TimeWindow/{T}StartTime"), zone)
    end = _local(words(call.element, f"{options}TimeWindow/{T}EndTime"), zone)
    if start >= end:
        raise Fault("ErrorInvalidTimeInterval", "The time window is invalid.")
    if end - start > LONGEST:
        raise Fault("ErrorTimeIntervalTooBig", "The requested time window is too long.")
    asked = words(call.element, f"{options}RequestedView")
    view = asked if asked in _VIEWS else "FreeBusy"
    minutes = number(call.element, f"{options}MergedFreeBusyIntervalInMinutes", 30, 5, 1440)
    span = Window(start=start, end=end)
    step = timedelta(minutes=minutes)
    parts = []
    known = b""
    for one in children(call.element, f"{M}MailboxDataArray", MAILBOXES):
        address = words(one, f"{T}Email/{T}Address")
        if address and own(call, address):
            known = known or _response(_GOOD, _view(call, span, view, step, zone))
            parts.append(known)
        else:
            parts.append(_response(_refused(_NOBODY)))
    return envelope("GetUserAvailability", tag("m:FreeBusyResponseArray", *parts))


_GOOD = (
    b'<m:ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
    b"</m:ResponseMessage>"
)
_NOBODY = Refused("ErrorMailRecipientNotFound", "Unable to resolve e-mail address to a mailbox.")


def _response(*inside: bytes) -> bytes:
    return tag("m:FreeBusyResponse", *inside)


def _refused(refused: Refused) -> bytes:
    return (
        b'<m:ResponseMessage ResponseClass="Error"><m:MessageText>%b</m:MessageText>'
        b"<m:ResponseCode>%b</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        b"</m:ResponseMessage>" % (text(refused.message), refused.code.encode())
    )


def _local(shown: str, zone: Zone) -> datetime:
    """The instant that is meant by a time of the request."""
    try:
        found = datetime.fromisoformat(shown)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        return zone.instant(found.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Fault("ErrorSchemaValidation", "The request failed schema validation.") from error


def _view(call: Call, span: Window, view: str, step: timedelta, zone: Zone) -> bytes:
    inside = [one for one in call.items.all if one.start < span.end and one.end > span.start]
    parts = [element("t:FreeBusyViewType", view)]
    if view.endswith(("Merged", "MergedOnly")):
        parts.append(element("t:MergedFreeBusy", _merged(call, inside, span, step)))
    if view != "MergedOnly":
        detailed = view.startswith("Detailed")
        events = (_event(one, zone, detailed=detailed) for one in inside)
        parts.append(tag("t:CalendarEventArray", *events))
    return tag("m:FreeBusyView", *parts)


def _merged(call: Call, inside: list[Item], span: Window, step: timedelta) -> str:
    """A digit for each part of the window: the most that is taken in it."""
    known = call.items.kept.window
    digits = []
    for part in range(-((span.start - span.end) // step)):
        at = span.start + part * step
        digits.append(0 if known.start <= at <= known.end - step else _NO_DATA)
    for one in inside:
        taken = _DIGITS[free_busy(one.booking)]
        first = max(0, (one.start - span.start) // step)
        last = min(len(digits), -((span.start - one.end) // step))
        for place in range(first, last):
            digits[place] = taken if digits[place] == _NO_DATA else max(digits[place], taken)
    return "".join(map(str, digits))


def _event(item: Item, zone: Zone, *, detailed: bool) -> bytes:
    parts = [
        _shown("t:StartTime", item.start, zone),
        _shown("t:EndTime", item.end, zone),
        element("t:BusyType", free_busy(item.booking)),
    ]
    if detailed:
        parts.append(
            tag(
                "t:CalendarEventDetails",
                element("t:ID", item.id),
                element("t:Subject", item.booking.title),
                element("t:Location", location(item)),
                b"<t:IsMeeting>true</t:IsMeeting><t:IsRecurring>false</t:IsRecurring>"
                b"<t:IsException>false</t:IsException><t:IsReminderSet>false</t:IsReminderSet>",
                tag("t:IsPrivate", flag(item.booking.private)),
            )
        )
    return tag("t:CalendarEvent", *parts)


def _shown(name: str, at: datetime, zone: Zone) -> bytes:
    """A time on the clock of who asked, which has no offset."""
    return element(name, f"{zone.local(at):%Y-%m-%dT%H:%M:%S}")
