"""Every command that is sent to a codec, and the three ways in which one is written."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape

from connector.endpoint import Glow, Order

Value = str | int | tuple[str, ...]

NUMBER_LIMIT = 255
"""Characters of what is dialled, and of names (`Dial`, all versions)."""
TONES_LIMIT = 32
"""Characters of one `DTMFString`."""
LISTED_DAYS = 5
"""Today, the three days that are pushed, and one for time zones."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")


class Command(NamedTuple):
    """A command, its words and, where it has several lines, its body."""

    path: tuple[str, ...]
    said: tuple[tuple[str, Value], ...] = ()
    body: str = ""


CLEAR = Command(("Bookings", "Clear"))
LISTS = (
    Command(("Bookings", "List"), (("Days", LISTED_DAYS), ("DayOffset", 0))),
    Command(("Bookings", "List")),
)
"""No document says how many days come without `Days`, nor whether what runs over midnight comes
with it: where the first does not tell what is expected, the other may."""
HANG_UP_ALL = Command(("Call", "DisconnectAll"))
"""TC's; later software ends call by call."""


def put(payload: str) -> Command:
    """`Bookings Put`: the whole list, as JSON."""
    return Command(("Bookings", "Put"), body=payload)


def dial(order: Order, call_rate: int) -> Command:
    """`Dial`, tied to its booking (EP-22)."""
    said: list[tuple[str, Value]] = [
        ("Number", order.dial.address),
        ("Protocol", {"sip": "Sip", "h323": "H323"}[order.dial.protocol]),
        ("CallRate", call_rate),
    ]
    if order.booking:
        said.append(("BookingId", order.booking[:NUMBER_LIMIT]))
    if title := clean(order.title)[:NUMBER_LIMIT]:
        said.append(("DisplayName", title))
    return Command(("Dial",), tuple(said))


def bare(command: Command) -> Command:
    """The same call in the two words that every version knows."""
    return command._replace(said=command.said[:2])


def hang_up(call: int) -> Command:
    """`Call Disconnect`."""
    return Command(("Call", "Disconnect"), (("CallId", call),))


def tones(digits: str, call: int | None, *, old: bool) -> Iterator[Command]:
    """`Call DTMFSend`, on TC `DTMFSend`: as many as the digits take."""
    path = ("DTMFSend",) if old else ("Call", "DTMFSend")
    which: tuple[tuple[str, Value], ...] = () if call is None else (("CallId", call),)
    for start in range(0, len(digits), TONES_LIMIT):
        yield Command(path, (*which, ("DTMFString", digits[start : start + TONES_LIMIT])))


def glow(colour: Glow) -> Command:
    """`UserInterface LedControl Color Set`: nothing comes of it unless `Mode` is `Manual`."""
    return Command(("UserInterface", "LedControl", "Color", "Set"), (("Color", colour.title()),))


def register(slot: int, url: str, expressions: tuple[str, ...], *, old: bool) -> Command:
    """`HttpFeedback Register`; TC knows no other format than XML and no word for it."""
    kind: tuple[tuple[str, Value], ...] = () if old else (("Format", "XML"),)
    return Command(
        ("HttpFeedback", "Register"),
        (("FeedbackSlot", slot), ("ServerUrl", url), *kind, ("Expression", expressions)),
    )


def enable(slot: int) -> Command:
    """`HttpFeedback Enable`: post again, after it failed."""
    return Command(("HttpFeedback", "Enable"), (("FeedbackSlot", slot),))


def deregister(slot: int) -> Command:
    """`HttpFeedback Deregister`."""
    return Command(("HttpFeedback", "Deregister"), (("FeedbackSlot", slot),))


def as_xml(command: Command) -> bytes:
    """As `/putxml` takes it; as text, which takes a fifth of building a tree."""
    said = "".join(_words(name, value) for name, value in command.said)
    body = f"<body>{escape(command.body)}</body>" if command.body else ""
    opened = "><".join(command.path)
    closed = "></".join(reversed(command.path))
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<Command><{opened} command="True">{said}{body}</{closed}></Command>'
    ).encode()


def _words(name: str, value: Value) -> str:
    """A parameter: an element, or one for each of several values."""
    if isinstance(value, tuple):
        return "".join(
            f'<{name} item="{place}">{escape(clean(one))}</{name}>'
            for place, one in enumerate(value, start=1)
        )
    return f"<{name}>{escape(clean(str(value)))}</{name}>"


def as_call(command: Command) -> tuple[str, dict[str, object]]:
    """Method and parameters of JSON-RPC."""
    said: dict[str, object] = {
        name: clean(value) if isinstance(value, str) else value for name, value in command.said
    }
    if command.body:
        said["body"] = command.body
    return "/".join(("xCommand", *command.path)), said


def as_lines(command: Command, tag: int) -> Iterator[str]:
    """As a terminal takes it; the answer bears the tag. What ends a line is escaped in JSON."""
    words = ["xCommand", *command.path]
    for name, value in command.said:
        several = value if isinstance(value, tuple) else None
        for place, one in enumerate(several or (value,), start=1):
            key = f"{name}[{place}]" if several else name
            words.append(f"{key}: {one}" if isinstance(one, int) else f"{key}: {_quoted(str(one))}")
    yield f'{" ".join(words)} | resultId="{tag}"'
    if command.body:
        yield _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", command.body)
        yield "."


def _quoted(said: str) -> str:
    inner = clean(said).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def clean(said: str) -> str:
    """Text without control characters, which no version takes and a terminal would obey."""
    return _CONTROLS.sub("", said)
