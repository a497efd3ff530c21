"""What a unit asks of EWS, as the one Polycom client does that is described (endpoints.md 3.2)."""

from datetime import datetime, timedelta
from html import escape

ACTION = "http://schemas.microsoft.com/exchange/services/2006/messages/"
BEFORE, AFTER = timedelta(hours=2), timedelta(days=1)
"""How far from now a unit looks."""
HEARTBEAT = 1
"""Minutes between signs of life of a push subscription: the shortest that EWS knows."""

_ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" \
xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">\
<soap:Header><t:RequestServerVersion Version="Exchange2007_SP1"/></soap:Header>\
<soap:Body>{body}</soap:Body></soap:Envelope>"""

_SHAPE = (
    "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    '<t:FieldURI FieldURI="calendar:MyResponseType"/></t:AdditionalProperties></m:ItemShape>'
)


def stamp(instant: datetime) -> str:
    """An instant in UTC, whole seconds, `Z`."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def envelope(body: str) -> str:
    """A request."""
    return _ENVELOPE.format(body=body)


def _folder(mailbox: str) -> str:
    """The calendar; whose, only when a mailbox is set."""
    whose = ""
    if mailbox:
        address = f"<t:EmailAddress>{escape(mailbox)}</t:EmailAddress>"
        whose = f"<t:Mailbox>{address}</t:Mailbox>"
    return f'<t:DistinguishedFolderId Id="calendar">{whose}</t:DistinguishedFolderId>'


def _find(within: str, mailbox: str) -> str:
    parents = f"<m:ParentFolderIds>{_folder(mailbox)}</m:ParentFolderIds>"
    return envelope(f'<m:FindItem Traversal="Shallow">{_SHAPE}{within}{parents}</m:FindItem>')


def login_test(mailbox: str) -> str:
    """Whether the unit is let in: the folder's list, which is not looked at."""
    one = '<m:IndexedPageItemView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>'
    return _find(one, mailbox)


def folder(mailbox: str) -> str:
    """The same by asking for the folder itself."""
    shape = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
    ids = f"<m:FolderIds>{_folder(mailbox)}</m:FolderIds>"
    return envelope(f"<m:GetFolder>{shape}{ids}</m:GetFolder>")


def accept(identity: str, key: str) -> str:
    """Accept a meeting."""
    item = f'<t:ReferenceItemId Id="{escape(identity)}" ChangeKey="{escape(key)}"/>'
    return envelope(
        '<m:CreateItem MessageDisposition="SendAndSaveCopy">'
        f"<m:Items><t:AcceptItem>{item}</t:AcceptItem></m:Items></m:CreateItem>"
    )


def view(mailbox: str, now: datetime) -> str:
    """The ids of meetings around now."""
    span = f'StartDate="{stamp(now - BEFORE)}" EndDate="{stamp(now + AFTER)}"'
    return _find(f"<m:CalendarView {span}/>", mailbox)


def restriction(mailbox: str, now: datetime) -> str:
    """The same by comparing start and end."""
    later = _compared("IsGreaterThan", "calendar:End", now - BEFORE)
    earlier = _compared("IsLessThan", "calendar:Start", now + AFTER)
    both = f"<m:Restriction><t:And>{later}{earlier}</t:And></m:Restriction>"
    return _find(both, mailbox)


def _compared(how: str, field: str, instant: datetime) -> str:
    constant = f'<t:Constant Value="{stamp(instant)}"/>'
    return (
        f'<t:{how}><t:FieldURI FieldURI="{field}"/>'
        f"<t:FieldURIOrConstant>{constant}</t:FieldURIOrConstant></t:{how}>"
    )


def get(ids: list[tuple[str, str]]) -> str:
    """Meetings by id and change key."""
    shape = "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
    items = "".join(
        f'<t:ItemId Id="{escape(identity)}" ChangeKey="{escape(key)}"/>' for identity, key in ids
    )
    return envelope(f"<m:GetItem>{shape}<m:ItemIds>{items}</m:ItemIds></m:GetItem>")


def subscribe(mailbox: str, listener: str) -> str:
    """Push notifications to a URL of the unit's, as Polycom DMA asks for."""
    events = "".join(
        f"<t:EventType>{name}Event</t:EventType>"
        for name in ("Created", "Deleted", "Modified", "Moved")
    )
    return envelope(
        f"<m:Subscribe><m:PushSubscriptionRequest><t:FolderIds>{_folder(mailbox)}</t:FolderIds>"
        f"<t:EventTypes>{events}</t:EventTypes><t:StatusFrequency>{HEARTBEAT}</t:StatusFrequency>"
        f"<t:URL>{escape(listener)}</t:URL></m:PushSubscriptionRequest></m:Subscribe>"
    )


def odd(operation: str) -> str:
    """An operation of its own, with nothing in it."""
    return envelope(f"<m:{operation}/>")


def heard(*, more: bool) -> str:
    """What a client answers to a notification."""
    word = "OK" if more else "Unsubscribe"
    status = f"<m:SubscriptionStatus>{word}</m:SubscriptionStatus>"
    return envelope(f"<m:SendNotificationResult>{status}</m:SendNotificationResult>")


def autodiscover(address: str) -> str:
    """Which server has a mailbox: the POX request."""
    base = "http://schemas.microsoft.com/exchange/autodiscover/outlook"
    return (
        f'<Autodiscover xmlns="{base}/requestschema/2006"><Request>'
        f"<EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{base}/responseschema/2006a</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    )
