"""What commands about calls do."""

from connector.simulators.cisco.actions import Arguments, Result, refused
from connector.simulators.cisco.calls import Call
from connector.simulators.cisco.codec import Codec

NO_CALL = "No such call"


def dial(codec: Codec, arguments: Arguments) -> Result:
    """Call somebody."""
    if not arguments.text("Number"):
        return refused("No number to dial")
    call = codec.calls.dial(
        arguments.text("Number"),
        codec.now(),
        protocol=arguments.text("Protocol"),
        call_type=arguments.text("CallType"),
        call_rate=arguments.text("CallRate"),
        display_name=arguments.text("DisplayName"),
        booking_id=arguments.text("BookingId"),
        tracking=arguments.text("TrackingData"),
        answer=codec.switches.called,
    )
    return Result("OK", {"CallId": str(call.id), "ConferenceId": str(call.id)})


def join(codec: Codec, arguments: Arguments) -> Result:
    """Join a meeting of a platform: by its address, its number or its id."""
    said = arguments.text
    call = codec.calls.dial(
        said("Url") or said("Number") or said("MeetingID"),
        codec.now(),
        protocol="WebRTC" if said("Url") else "Spark" if said("Number") else "SIP",
        display_name=said("DisplayName") or said("Title"),
        booking_id=said("BookingId") or said("BookingID"),
        tracking=said("TrackingData"),
        answer=codec.switches.called,
    )
    return Result("OK", {"CallId": str(call.id), "ConferenceId": str(call.id)})


def disconnect(codec: Codec, arguments: Arguments) -> Result:
    """End a call."""
    return _done(codec.calls.hang_up(arguments.number("CallId", 0), now=codec.now()))


def disconnect_all(codec: Codec, _arguments: Arguments) -> Result:
    """End every call."""
    codec.calls.hang_up_all()
    return Result("OK")


def accept(codec: Codec, arguments: Arguments) -> Result:
    """Take a call that comes in."""
    call = codec.calls.find(arguments.number("CallId", 0))
    if call is None or call.direction != "Incoming":
        return refused(NO_CALL)
    return _done(codec.calls.connect(call.id))


def reject(codec: Codec, arguments: Arguments) -> Result:
    """Do not take it."""
    call = codec.calls.find(arguments.number("CallId", 0))
    if call is None or call.direction != "Incoming" or call.state != "Ringing":
        return refused(NO_CALL)
    return _done(codec.calls.hang_up(call.id, now=codec.now()))


def hold(codec: Codec, arguments: Arguments) -> Result:
    """Put a call on hold."""
    return _done(codec.calls.hold(arguments.number("CallId", 0), hold=True))


def resume(codec: Codec, arguments: Arguments) -> Result:
    """Go on with it."""
    return _done(codec.calls.hold(arguments.number("CallId", 0), hold=False))


def send_tones(codec: Codec, arguments: Arguments) -> Result:
    """Send tones into a call."""
    tones = arguments.text("DTMFString")
    return _done(codec.calls.tone(arguments.number("CallId", 0), tones))


def _done(call: Call | None) -> Result:
    return Result("OK") if call else refused(NO_CALL)
