"""Operations that read the directory: rooms, names, time zones, free and busy times."""

from datetime import datetime, timedelta

from lxml import etree

from connector.simulators.exchange import zones
from connector.simulators.exchange.call import SPACES, Call
from connector.simulators.exchange.item import SHOWN
from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.reading import failed, moment
from connector.simulators.exchange.refusal import Refused, failure
from connector.simulators.graph.entry import Event
from connector.simulators.graph.meeting import SHOWN_AFTER
from rooms.zones import windows_names

_MOST_IDENTITIES = 100
_LONGEST = timedelta(days=62)


def get_room_lists(call: Call) -> Xml:
    """The lists of rooms."""
    lists = [
        tag(
            "t:Address",
            tag("t:Name", one.name),
            tag("t:EmailAddress", one.address),
            tag("t:RoutingType", "SMTP"),
            tag("t:MailboxType", "PublicDL"),
        )
        for one in call.exchange.room_lists.values()
    ]
    return tag(
        "m:GetRoomListsResponse",
        tag("m:ResponseCode", "NoError"),
        tag("m:RoomLists", *lists),
        ResponseClass="Success",
    )


def get_rooms(call: Call) -> Xml:
    """The rooms of a list, but for those that are hidden from the address book."""
    wanted = call.text("m:RoomList/t:EmailAddress").strip().lower()
    found = call.exchange.room_lists.get(wanted)
    if found is None:
        refused = Refused("ErrorNameResolutionNoResults")
        call.failed(refused.code)
        return failure("GetRoomsResponse", refused)
    known = {one.address.lower(): one for one in call.exchange.mailboxes()}
    rooms = [known[one.lower()] for one in found.rooms if one.lower() in known]
    written = [tag("t:Room", _named(one, "Id")) for one in rooms if not one.hidden]
    return tag(
        "m:GetRoomsResponse",
        tag("m:ResponseCode", "NoError"),
        tag("m:Rooms", *written),
        ResponseClass="Success",
    )


def resolve_names(call: Call) -> Xml:
    """Whose name or address begins like this."""
    name = "ResolveNamesResponseMessage"
    wanted = call.text("m:UnresolvedEntry").strip().lower().removeprefix("smtp:")
    found = [
        one
        for one in call.exchange.mailboxes()
        if wanted and (one.name.lower().startswith(wanted) or one.address.lower() == wanted)
    ]
    if not found:
        message = failed(call, name, Refused("ErrorNameResolutionNoResults"))
    else:
        several = len(found) > 1
        resolved = tag(
            "m:ResolutionSet",
            *(tag("t:Resolution", _named(one, "Mailbox")) for one in found[:100]),
            TotalItemsInView=len(found),
            IncludesLastItemInRange=len(found) <= 100,
        )
        words = tag("m:MessageText", "Multiple results were found.") if several else Xml("")
        code = "ErrorNameResolutionMultipleResults" if several else "NoError"
        message = tag(
            f"m:{name}",
            words,
            tag("m:ResponseCode", code),
            *((tag("m:DescriptiveLinkKey", 0),) if several else ()),
            resolved,
            ResponseClass="Warning" if several else "Success",
        )
    return tag("m:ResolveNamesResponse", tag("m:ResponseMessages", message))


def get_server_time_zones(call: Call) -> Xml:
    """Time zones by their Windows names: those that are named, or all."""
    ids = [element.text or "" for element in call.all("m:Ids/t:Id")]
    names = [one for one in ids or windows_names() if one in windows_names()]
    in_full = call.body.get("ReturnFullTimeZoneData", "true") != "false"
    write = zones.full if in_full else zones.definition
    message = tag(
        "m:GetServerTimeZonesResponseMessage",
        tag("m:ResponseCode", "NoError"),
        tag("m:TimeZoneDefinitions", *map(write, names)),
        ResponseClass="Success",
    )
    return tag("m:GetServerTimeZonesResponse", tag("m:ResponseMessages", message))


def get_user_availability(call: Call) -> Xml:
    """When mailboxes are taken; times are in the zone of the request, as its bias says."""
    people = call.all("m:MailboxDataArray/t:MailboxData")
    window = call.body.find("t:FreeBusyViewOptions/t:TimeWindow", SPACES)
    if window is None or len(people) > _MOST_IDENTITIES:
        raise Refused("ErrorMailboxDataArrayTooBig", whole=True)
    bias = timedelta(minutes=int(call.text("t:TimeZone/t:Bias", "0")))
    start = moment(window.findtext("t:StartTime", "", SPACES)) + bias
    end = moment(window.findtext("t:EndTime", "", SPACES)) + bias
    if end - start > _LONGEST:
        raise Refused("ErrorTimeIntervalTooBig", whole=True)
    answers = [_availability(call, one, start, end, bias) for one in people]
    return tag("m:GetUserAvailabilityResponse", tag("m:FreeBusyResponseArray", *answers))


def _availability(
    call: Call, asked: etree._Element, start: datetime, end: datetime, bias: timedelta
) -> Xml:
    """What is known of one mailbox."""
    address = asked.findtext("t:Email/t:Address", "", SPACES).strip()
    try:
        mailbox = call.exchange.mailbox(address)
    except KeyError:
        refused = Refused("ErrorMailRecipientNotFound", "The recipient was not found.")
        call.failed(refused.code)
        none = tag("m:FreeBusyView", tag("t:FreeBusyViewType", "None"))
        return tag("m:FreeBusyResponse", failure("ResponseMessage", refused), none)
    ok = tag("m:ResponseMessage", tag("m:ResponseCode", "NoError"), ResponseClass="Success")
    events = [_busy(one, bias) for one in mailbox.view(start, end)]
    view = tag(
        "m:FreeBusyView",
        tag("t:FreeBusyViewType", "FreeBusy"),
        tag("t:CalendarEventArray", *events) if events else Xml(""),
    )
    return tag("m:FreeBusyResponse", ok, view)


def _busy(event: Event, bias: timedelta) -> Xml:
    """A span in which somebody is taken."""
    meeting = event.meeting
    return tag(
        "t:CalendarEvent",
        tag("t:StartTime", _local(event.start, bias)),
        tag("t:EndTime", _local(event.end, bias)),
        tag("t:BusyType", SHOWN[meeting.show_as or SHOWN_AFTER[meeting.response]]),
    )


def _local(instant: datetime, bias: timedelta) -> str:
    return f"{instant - bias:%Y-%m-%dT%H:%M:%S}"


def _named(mailbox: Mailbox, element: str) -> Xml:
    return tag(
        f"t:{element}",
        tag("t:Name", mailbox.name),
        tag("t:EmailAddress", mailbox.address),
        tag("t:RoutingType", "SMTP"),
        tag("t:MailboxType", "Mailbox"),
    )
