"""What commands about HttpFeedback do."""

from connector.simulators.cisco.actions import Arguments, Result, refused
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.slots import Slot

NOT_REGISTERED = "The feedback slot is not registered"
TOTAL = 50
"""Expressions that RoomOS 26 takes in all."""
PER_SLOT = 15


def register(codec: Codec, arguments: Arguments) -> Result:
    """Post what is new to an address."""
    number = arguments.number("FeedbackSlot", 0)
    expressions = arguments.several.get("Expression", ())
    others = (len(s.expressions) for n, s in codec.slots.all().items() if n != number)
    if len(expressions) > PER_SLOT:
        return refused("Too many expressions")
    if codec.version.at_least(26) and sum(others) + len(expressions) > TOTAL:
        return refused("Too many expressions in all")
    slot = Slot(
        url=arguments.text("ServerUrl"),
        expressions=expressions,
        format="JSON" if arguments.text("Format") == "JSON" else "XML",
    )
    codec.slots.register(number, slot)
    return Result("OK", {"FeedbackSlot": str(number)})


def deregister(codec: Codec, arguments: Arguments) -> Result:
    """Post nothing there any more."""
    if codec.slots.deregister(arguments.number("FeedbackSlot", 0)):
        return Result("OK")
    return refused(NOT_REGISTERED)


def enable(codec: Codec, arguments: Arguments) -> Result:
    """Post again after failures."""
    if codec.slots.enable(arguments.number("FeedbackSlot", 0)):
        return Result("OK")
    return refused(NOT_REGISTERED)
