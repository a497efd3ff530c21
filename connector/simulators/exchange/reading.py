"""Operations that read the calendar: FindItem, GetItem, SyncFolderItems."""

from datetime import UTC, datetime

from lxml import etree

from connector.simulators.exchange import identifiers, series
from connector.simulators.exchange.call import SPACES, Call, Folder
from connector.simulators.exchange.mailbox import Change, Mailbox
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.refusal import Refused, failure, success
from connector.simulators.exchange.restriction import matches
from connector.simulators.exchange.shape import Shape, shape
from connector.simulators.graph.entry import Event, NotThere
from connector.simulators.graph.identifiers import Malformed

SYNC_LIMIT = 512
"""Changes of one SyncFolderItems at most."""
_VIEW_YEARS = 2


def find_item(call: Call) -> Xml:
    """A window of calendars with series expanded, or single meetings and series as such."""
    messages = []
    wanted = shape(call)
    for element in call.folders("m:ParentFolderIds"):
        try:
            folder = call.folder(element)
            page = _page(call, folder, wanted)
        except Refused as refused:
            messages.append(failed(call, "FindItemResponseMessage", refused))
        else:
            messages.append(success("FindItemResponseMessage", page))
    return tag("m:FindItemResponse", tag("m:ResponseMessages", *messages))


def get_item(call: Call) -> Xml:
    """Items by their ids, each with what is known of it."""
    wanted = shape(call)
    messages: list[Xml] = []
    for element in call.folders("m:ItemIds"):
        try:
            mailbox, event = look_up(call, element)
        except Refused as refused:
            messages.append(failed(call, "GetItemResponseMessage", refused, tag("m:Items")))
        else:
            found = call.spoil([wanted.write(event, mailbox)])
            messages.append(success("GetItemResponseMessage", tag("m:Items", *found)))
    return tag("m:GetItemResponse", tag("m:ResponseMessages", *messages))


def sync_folder_items(call: Call) -> Xml:
    """What changed since a state: single meetings and series as such, no calendaring."""
    name = "SyncFolderItemsResponseMessage"
    try:
        folder = call.folder(next(call.folders("m:SyncFolderId")))
        answer = _changes(call, folder)
    except StopIteration:
        raise Refused("ErrorSchemaValidation", whole=True) from None
    except Refused as refused:
        message = failed(call, name, refused)
    else:
        message = success(name, *answer)
    return tag("m:SyncFolderItemsResponse", tag("m:ResponseMessages", message))


def look_up(call: Call, element: etree._Element) -> tuple[Mailbox, Event]:
    """The event that an id means, by somebody who may read it.

    Raises:
        Refused: no such id, nothing there, or no right.
    """
    kind = etree.QName(element).localname
    names = {"OccurrenceItemId": "RecurringMasterId", "RecurringMasterItemId": "OccurrenceId"}
    wanted = element.get(names.get(kind, "Id"), "")
    mailbox = call.item_mailbox(wanted).mailbox
    try:
        event = mailbox.get(wanted)
        if kind == "RecurringMasterItemId" and event.series_id is not None:
            event = mailbox.get(event.series_id)
        elif kind == "OccurrenceItemId":
            event = _nth(mailbox, event, int(element.get("InstanceIndex", "0")))
    except NotThere:
        raise Refused("ErrorItemNotFound") from None
    except Malformed:
        raise Refused("ErrorInvalidIdMalformed") from None
    return mailbox, event


def failed(call: Call, name: str, refused: Refused, *content: Xml) -> Xml:
    """A message of the answer that says no; some refusals concern the whole answer."""
    if refused.whole:
        raise refused
    call.failed(refused.code)
    return failure(name, refused, *content)


def _page(call: Call, folder: Folder, wanted: Shape) -> Xml:
    """Items of one folder, paged or in a window."""
    view = call.body.find("m:CalendarView", SPACES)
    if view is not None:
        if not folder.is_calendar:
            raise Refused("ErrorCalendarFolderIsInvalidForCalendarView")
        return _view(call, folder, view, wanted)
    events = folder.mailbox.entries() if folder.is_calendar else []
    restriction = call.body.find("m:Restriction", SPACES)
    if restriction is not None:
        events = [one for one in events if matches(restriction, one, folder.mailbox)]
    paging = call.body.find("m:IndexedPageItemView", SPACES)
    offset = int(paging.get("Offset", "0")) if paging is not None else 0
    most = int(paging.get("MaxEntriesReturned", "1000")) if paging is not None else 1000
    shown, total = events[offset : offset + most], len(events)
    ends = offset + len(shown)
    items = call.spoil([wanted.write(one, folder.mailbox, found=True) for one in shown])
    return tag(
        "m:RootFolder",
        tag("t:Items", *items),
        IndexedPagingOffset=ends,
        TotalItemsInView=total,
        IncludesLastItemInRange=ends >= total,
    )


def _view(call: Call, folder: Folder, view: etree._Element, wanted: Shape) -> Xml:
    """A window, in order of time; `MaxEntriesReturned` cuts it off."""
    start, end = moment(view.get("StartDate", "")), moment(view.get("EndDate", ""))
    if end <= start:
        raise Refused("ErrorCalendarEndDateIsEarlierThanStartDate")
    if end > _years_after(start, _VIEW_YEARS):
        raise Refused("ErrorCalendarViewRangeTooBig")
    events = sorted(folder.mailbox.view(start, end), key=lambda event: event.start)
    asked = view.get("MaxEntriesReturned")
    limits = [int(asked) if asked else None, call.exchange.find_limit]
    limits += [fault.limit() for fault in call.faults]
    shown = events[: min((one for one in limits if one is not None), default=None)]
    items = call.spoil([wanted.write(one, folder.mailbox, found=True) for one in shown])
    return tag(
        "m:RootFolder",
        tag("t:Items", *items),
        TotalItemsInView=len(events),
        IncludesLastItemInRange=len(shown) == len(events),
    )


def _changes(call: Call, folder: Folder) -> list[Xml]:
    """A page of changes and the state after it."""
    mailbox = folder.mailbox
    turn = identifiers.synced(call.text("m:SyncState").strip(), mailbox.id, mailbox.turn)
    most = max(1, min(int(call.text("m:MaxChangesReturned", str(SYNC_LIMIT))), SYNC_LIMIT))
    changes = mailbox.since(turn, most + 1) if folder.is_calendar else []
    more, changes = len(changes) > most, changes[:most]
    reached = changes[-1].turn if more else mailbox.turn
    wanted = shape(call)
    ignored = {element.text for element in call.all("m:Ignore/t:ItemId")}
    told = [_change(one, turn, mailbox, wanted) for one in changes if one.item not in ignored]
    return [
        tag("m:SyncState", identifiers.sync_state(mailbox.id, reached)),
        tag("m:IncludesLastItemInRange", not more),
        tag("m:Changes", *call.spoil(told)),
    ]


def _change(change: Change, since: int, mailbox: Mailbox, wanted: Shape) -> Xml:
    """One change, as seen by who knows everything up to a turn."""
    if change.gone:
        return tag("t:Delete", tag("t:ItemId", Id=change.item, ChangeKey=change.change_key))
    event = mailbox.get(change.item)
    item = wanted.write(event, mailbox, found=True)
    return tag("t:Create" if change.created > since else "t:Update", item)


def _nth(mailbox: Mailbox, of: Event, index: int) -> Event:
    """An occurrence by its place in the pattern, counted from 1."""
    days = series.days(of, index)
    if not 1 <= index <= len(days):
        raise Refused("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
    try:
        return mailbox.on(of.id, days[index - 1])
    except NotThere:
        raise Refused("ErrorCalendarOccurrenceIsDeletedFromRecurrence") from None


def moment(text: str) -> datetime:
    """A moment of a request; without an offset it is in UTC.

    Raises:
        Refused: it is none.
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused("ErrorSchemaValidation", whole=True) from None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _years_after(start: datetime, years: int) -> datetime:
    try:
        return start.replace(year=start.year + years)
    except ValueError:  # 29 February
        return start.replace(year=start.year + years, day=28)
