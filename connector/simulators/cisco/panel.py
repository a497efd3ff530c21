"""What commands about single bookings do: those that people give with the unit's own buttons."""

from datetime import timedelta
from typing import get_args
from uuid import uuid4

import msgspec

from connector.simulators.cisco.actions import Arguments, Result, refused
from connector.simulators.cisco.adhoc import identity, minutes
from connector.simulators.cisco.bookings import Booking, Organizer, Target, stamp
from connector.simulators.cisco.bookings_xml import instant
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.life import Cause

ENABLED = ("Bookings/AdhocBooking/Enabled", "RoomScheduler/Enabled")
TITLE = "Booked at the device"
NO_BOOKING = "No such booking"
NOT_ENABLED = "Ad hoc booking is not enabled"
CAUSES: tuple[Cause, ...] = get_args(Cause)


def _enabled(codec: Codec) -> bool:
    settings = codec.configuration
    return any(path in settings and settings[path] == "True" for path in ENABLED)


def _found(codec: Codec, arguments: Arguments) -> Booking | None:
    """The booking that a command names."""
    wanted, meeting = arguments.text("Id"), arguments.text("MeetingId")
    for booking in codec.bookings:
        if (wanted and booking.id == wanted) or (meeting and booking.meeting_id == meeting):
            return booking
    return None


def book(codec: Codec, arguments: Arguments) -> Result:
    """Ask for the room; without more words from now on, for half an hour."""
    if not _enabled(codec):
        return refused(NOT_ENABLED)
    try:
        start = instant(arguments.text("StartTime") or stamp(codec.now()))
    except ValueError as error:
        return Result("ParameterError", {"Reason": str(error)})
    uuid = arguments.text("BookingRequestUUID") or str(uuid4())
    booking = _described(
        Booking(
            id=f"local-{uuid}",
            start=start,
            end=start + timedelta(minutes=arguments.number("Duration", 30)),
            title=TITLE,
            connect_mode="Manual",
        ),
        arguments,
    )
    reason = _hindrance(codec, booking)
    if reason:
        return refused(reason)
    codec.adhoc.ask("book", booking, uuid=uuid)
    codec.show()
    codec.news.event(
        "Bookings/BookingRequested",
        BookingRequestUUID=uuid,
        Duration=str(minutes(booking)),
        StartTime=stamp(start),
        Title=booking.title,
    )
    return Result("OK")


def _hindrance(codec: Codec, booking: Booking) -> str:
    """Why the room cannot be had, if so."""
    most = int(codec.configuration.changed.get("Bookings/MaxDuration", "0")) * 60
    if most and minutes(booking) > most:
        return "Longer than allowed"
    overlaps = (b for b in codec.bookings if b.id != booking.id)
    if any(b.start < booking.end and booking.start < b.end for b in overlaps):
        return "The room is taken"
    return ""


def _described(booking: Booking, arguments: Arguments) -> Booking:
    """A booking with what a command says of it beside its times."""
    number, protocol = arguments.text("Number"), arguments.text("Protocol")
    target = Target(number=number, protocol=protocol or "SIP")
    organizer = Organizer(
        first_name=arguments.text("OrganizerName") or booking.organizer.first_name,
        last_name="" if arguments.text("OrganizerName") else booking.organizer.last_name,
        email=arguments.text("OrganizerEmail") or booking.organizer.email,
        id=arguments.text("OrganizerId") or booking.organizer.id,
    )
    return msgspec.structs.replace(
        booking,
        title=arguments.text("Title") or booking.title,
        organizer=organizer,
        targets=(target,) if number else booking.targets,
        connect_mode="OBTP" if number else booking.connect_mode,
        platform=arguments.text("MeetingPlatform") or booking.platform,
    )


def extend(codec: Codec, arguments: Arguments) -> Result:
    """Ask for more time; no document says so, but the minutes are taken as those to add."""
    booking = _found(codec, arguments)
    if not _enabled(codec) or booking is None:
        return refused(NO_BOOKING if booking is None else NOT_ENABLED)
    more = arguments.number("Duration", 0)
    longer = msgspec.structs.replace(booking, end=booking.end + timedelta(minutes=more))
    reason = _hindrance(codec, longer)
    if reason:
        return refused(reason)
    codec.adhoc.ask("extend", longer, before=booking)
    codec.news.event(
        "Bookings/ExtensionRequested",
        Duration=str(more),
        **identity(booking),
        NewEndTime=stamp(longer.end),
        OriginalMeetingId=booking.meeting_id,
    )
    return Result("OK")


def edit(codec: Codec, arguments: Arguments) -> Result:
    """Ask for another time or title."""
    booking = _found(codec, arguments)
    if not _enabled(codec) or booking is None:
        return refused(NO_BOOKING if booking is None else NOT_ENABLED)
    try:
        start = instant(arguments.text("StartTime") or stamp(booking.start))
    except ValueError as error:
        return Result("ParameterError", {"Reason": str(error)})
    end = start + timedelta(minutes=arguments.number("Duration", minutes(booking)))
    moved = _described(msgspec.structs.replace(booking, start=start, end=end), arguments)
    reason = _hindrance(codec, moved)
    if reason:
        return refused(reason)
    codec.adhoc.ask("edit", moved, before=booking)
    codec.news.event("Bookings/EditRequested", MeetingId=booking.meeting_id)
    return Result("OK")


def delete(codec: Codec, arguments: Arguments) -> Result:
    """Give the room back."""
    return _removed(codec, arguments, "Deleted")


def check_out(codec: Codec, arguments: Arguments) -> Result:
    """Leave, and give the room back."""
    return _removed(codec, arguments, "ManualCheckOut")


def _removed(codec: Codec, arguments: Arguments, cause: Cause) -> Result:
    booking = _found(codec, arguments)
    if booking is None:
        return refused(NO_BOOKING)
    codec.life.delete(booking, cause)
    return Result("OK")


def check_in(codec: Codec, arguments: Arguments) -> Result:
    """Say that somebody is there."""
    booking = _found(codec, arguments)
    if booking is None:
        return refused(NO_BOOKING)
    if codec.configuration["Bookings/CheckIn/Enabled"] != "True":
        return refused("Check-in is not enabled")
    codec.life.check_in(booking)
    return Result("OK")


def snooze(codec: Codec, arguments: Arguments) -> Result:
    """Be reminded again later."""
    booking = _found(codec, arguments)
    if booking is None:
        return refused(NO_BOOKING)
    codec.news.event("Bookings/NotificationSnoozed", **identity(booking))
    return Result("OK")


def respond(codec: Codec, arguments: Arguments) -> Result:
    """Accept or decline an invitation; for units that belong to Webex."""
    booking = _found(codec, arguments)
    if not codec.switches.webex_registered:
        return refused("The device is neither registered with Webex nor linked to Webex Edge")
    if booking is None:
        return refused(NO_BOOKING)
    if arguments.text("Type") == "Decline":
        codec.life.delete(booking, "Deleted")
    return Result("OK")
