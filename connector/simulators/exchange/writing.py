"""Operations that write: CreateItem with the answers to meetings, UpdateItem, DeleteItem."""

from datetime import timedelta
from typing import Any

import msgspec
from lxml import etree

from connector.simulators.exchange.call import SPACES, Call, Folder
from connector.simulators.exchange.item import item_id
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.proposed import changes, whole_days
from connector.simulators.exchange.reading import failed, look_up
from connector.simulators.exchange.refusal import Refused, success
from connector.simulators.exchange.shape import property_key
from connector.simulators.graph.entry import Event
from connector.simulators.graph.meeting import Meeting, Response
from rooms.model import Person

_ANSWERS: dict[str, Response] = {
    "AcceptItem": "accepted",
    "TentativelyAcceptItem": "tentativelyAccepted",
    "DeclineItem": "declined",
}
_LENGTH = timedelta(minutes=30)


def create_item(call: Call) -> Xml:
    """New meetings, and answers to others."""
    messages = []
    for element in call.folders("m:Items"):
        name = etree.QName(element).localname
        try:
            if name == "CalendarItem":
                items = [tag("t:CalendarItem", item_id(_create(call, element)))]
            elif name in _ANSWERS:
                items = _answer(call, element, _ANSWERS[name])
            elif name == "CancelCalendarItem":
                items = _cancel(call, element)
            else:
                raise Refused("ErrorInvalidRequest")  # noqa: TRY301
        except Refused as refused:
            messages.append(failed(call, "CreateItemResponseMessage", refused, tag("m:Items")))
        else:
            messages.append(success("CreateItemResponseMessage", tag("m:Items", *items)))
    return tag("m:CreateItemResponse", tag("m:ResponseMessages", *messages))


def update_item(call: Call) -> Xml:
    """Changes of meetings, series or occurrences."""
    messages = []
    for element in call.folders("m:ItemChanges"):
        try:
            event = _update(call, element)
        except Refused as refused:
            messages.append(failed(call, "UpdateItemResponseMessage", refused, tag("m:Items")))
        else:
            items = tag("m:Items", tag("t:CalendarItem", item_id(event)))
            conflicts = tag("m:ConflictResults", tag("t:Count", 0))
            messages.append(success("UpdateItemResponseMessage", items, conflicts))
    return tag("m:UpdateItemResponse", tag("m:ResponseMessages", *messages))


def delete_item(call: Call) -> Xml:
    """Meetings, series or occurrences, gone."""
    messages = []
    for element in call.folders("m:ItemIds"):
        try:
            mailbox, event = _writable(call, element)
            _tell_cancellation(call, mailbox, event)
            mailbox.delete(event.id)
        except Refused as refused:
            messages.append(failed(call, "DeleteItemResponseMessage", refused))
        else:
            messages.append(success("DeleteItemResponseMessage"))
    return tag("m:DeleteItemResponse", tag("m:ResponseMessages", *messages))


def _create(call: Call, element: etree._Element) -> Event:
    """A new meeting, in who creates it and in the rooms that are invited."""
    folder = _target(call)
    mailbox = folder.mailbox
    told = changes(list(element))
    if told.pop("all_day", False):
        told = whole_days(told, mailbox.time_zone)
    if "start" not in told:
        raise Refused("ErrorCalendarInvalidPropertyValue")
    told.setdefault("end", told["start"] + _LENGTH)
    if told["end"] < told["start"]:
        raise Refused("ErrorCalendarEndDateIsEarlierThanStartDate")
    organizer = Person(name=mailbox.name, address=mailbox.address)
    own: dict[str, Any] = {"organizer": organizer, "response": "organizer"}
    event = mailbox.add(Meeting(**(own | told)))
    _keep_properties(element, mailbox, event)
    if call.body.get("SendMeetingInvitations", "SendToNone") != "SendToNone":
        _invite(call, mailbox, event)
    return event


def _invite(call: Call, organizer: Mailbox, event: Event) -> None:
    """The copies of those who are invited and have a mailbox here; rooms accept."""
    for room in _guests(call, organizer, event.meeting):
        copy = msgspec.structs.replace(event.meeting, uid=event.uid, response="accepted")
        room.add(copy)


def _guests(call: Call, organizer: Mailbox, meeting: Meeting) -> list[Mailbox]:
    """Mailboxes of those who are invited."""
    known = {one.address.lower(): one for one in call.exchange.mailboxes()}
    invited = [known.get(one.person.address.lower()) for one in meeting.attendees]
    return [one for one in invited if one is not None and one is not organizer]


def _copies(call: Call, mailbox: Mailbox, event: Event) -> list[tuple[Mailbox, str]]:
    """The same meeting in the mailboxes of those who are invited; in a series, the same day."""
    uid = mailbox.get(event.series_id).uid if event.series_id else event.uid
    found = []
    for guest in _guests(call, mailbox, event.meeting):
        for other in guest.entries():
            if other.uid != uid:
                continue
            if event.original_start is None:
                found.append((guest, other.id))
            else:
                day = event.original_start.astimezone(event.zone).date()
                found.append((guest, guest.on(other.id, day).id))
    return found


def _update(call: Call, element: etree._Element) -> Event:
    """One change; times that are not given stay."""
    mailbox, event = _writable(call, element[0])
    stated = element[0].get("ChangeKey")
    strict = call.body.get("ConflictResolution") == "NeverOverwrite"
    if strict and stated and stated != event.change_key:
        raise Refused("ErrorIrresolvableConflict")
    fields = element.findall("t:Updates/t:SetItemField/t:CalendarItem/*", SPACES)
    told = changes(fields)
    all_day = told.pop("all_day", event.meeting.all_day)
    if all_day:
        told = whole_days(told, mailbox.time_zone)
    copies = _copies(call, mailbox, event)
    for given in element.findall("t:Updates/t:SetItemField/t:CalendarItem", SPACES):
        _keep_properties(given, mailbox, event)
    if not told:
        return event
    _check_times(event, told)
    changed = mailbox.edit(event.id, **told)
    if call.body.get("SendMeetingInvitationsOrCancellations", "SendToNone") != "SendToNone":
        for guest, copy in copies:
            guest.edit(copy, **told)
    return changed


def _check_times(event: Event, told: dict[str, Any]) -> None:
    if told.get("end", event.meeting.end) < told.get("start", event.meeting.start):
        raise Refused("ErrorCalendarEndDateIsEarlierThanStartDate")


def _answer(call: Call, element: etree._Element, response: Response) -> list[Xml]:
    """An answer to an invitation; a meeting that is declined goes."""
    mailbox, event = _referred(call, element)
    if event.meeting.organizer.address.lower() == mailbox.address.lower():
        refused = {"accepted": "Accept", "declined": "Decline"}.get(response, "Tentative")
        raise Refused(f"ErrorCalendarIsOrganizerFor{refused}")
    if response == "declined":
        mailbox.delete(event.id)
        return []
    return [tag("t:CalendarItem", item_id(mailbox.respond(event.id, response)))]


def _cancel(call: Call, element: etree._Element) -> list[Xml]:
    """A meeting called off by who invited."""
    mailbox, event = _referred(call, element)
    if event.meeting.organizer.address.lower() != mailbox.address.lower():
        raise Refused("ErrorCalendarIsNotOrganizer")
    for guest, copy in _copies(call, mailbox, event):
        guest.cancel(copy)
    mailbox.delete(event.id)
    return []


def _tell_cancellation(call: Call, mailbox: Mailbox, event: Event) -> None:
    """Call off a meeting that its organizer deletes, where the request says so."""
    if call.body.get("SendMeetingCancellations", "SendToNone") == "SendToNone":
        return
    if event.meeting.organizer.address.lower() == mailbox.address.lower():
        for guest, copy in _copies(call, mailbox, event):
            guest.cancel(copy)


def _referred(call: Call, element: etree._Element) -> tuple[Mailbox, Event]:
    """The meeting that an answer is about."""
    reference = element.find("t:ReferenceItemId", SPACES)
    if reference is None:
        raise Refused("ErrorSchemaValidation", whole=True)
    return _writable(call, reference)


def _writable(call: Call, element: etree._Element) -> tuple[Mailbox, Event]:
    """An item that the account may change."""
    mailbox, event = look_up(call, element)
    if not call.item_mailbox(event.id).writable:
        raise Refused("ErrorAccessDenied")
    return mailbox, event


def _target(call: Call) -> Folder:
    """The calendar into which something is to be written."""
    named = next(call.folders("m:SavedItemFolderId"), None)
    if named is None:
        return Folder(call.acting(), "calendar", writable=True, owned=True)
    folder = call.folder(named)
    if not folder.writable:
        raise Refused("ErrorAccessDenied")
    return folder


def _keep_properties(element: etree._Element, mailbox: Mailbox, event: Event) -> None:
    """Extended properties that a client keeps at an item."""
    for one in element.findall("t:ExtendedProperty", SPACES):
        path = one.find("t:ExtendedFieldURI", SPACES)
        if path is not None:
            item = event.series_id or event.id
            mailbox.keep(item, property_key(path), one.findtext("t:Value", "", SPACES))
