"""What a management system answers a unit that asks: settings, commands, a calendar."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from connector.simulators.cisco import bookings_xml, commands, face, markup, status
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.markup import BadMarkup, Tree

BOOKINGS = "http://www.cisco.com/TelePresence/Bookings/1.0"
CUIL = "http://www.tandberg.com/XML/CUIL/2.0"
USUAL_INTERVAL = 420
"""Seconds, where an answer says nothing."""
RESULT = "Body/PostEventResponse/PostEventResult"
WAY = "tms"
ROLES = ("Admin", "Integrator", "User")


class BadReply(ValueError):
    """Not such an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an answer asks of the unit."""

    interval: int
    """Seconds until the unit is to ask again."""
    management: etree._Element
    documents: tuple[tuple[str, str], ...]
    """Locations, and the address to which each is to be posted."""


def read(body: bytes) -> Reply:
    """The answer in a SOAP envelope.

    Raises:
        BadReply: it is none.
    """
    try:
        root = markup.parse(body)
    except BadMarkup as error:
        raise BadReply(str(error)) from error
    result = markup.find(root, RESULT)
    found = None if result is None else markup.find(result, "Management")
    if result is None or found is None:
        raise BadReply("no Management")
    seconds = markup.text(result, "HeartBeatInterval", str(USUAL_INTERVAL))
    asked = markup.find(found, "DocumentsToPost")
    return Reply(
        interval=int(seconds) if seconds.isascii() and seconds.isdigit() else USUAL_INTERVAL,
        management=found,
        documents=() if asked is None else tuple(_documents(asked)),
    )


def _documents(asked: etree._Element) -> Iterator[tuple[str, str]]:
    for one in markup.children(asked, "DocumentToPost"):
        yield markup.text(one, "Location"), markup.text(one, "URL")


def apply(codec: Codec, reply: Reply) -> None:
    """Do what an answer says, as far as it is written the way the version reads it."""
    settings = _child(reply.management, "Configuration", "Configuration")
    if settings is not None and _is_ours(codec, settings):
        for path, value in face.leaves(settings):
            _set(codec, path, value)
    orders = _child(reply.management, "Command", "Command")
    if orders is not None and _namespace(orders) == "":
        for order in face.orders(orders, codec.version):
            commands.execute(codec, order, ROLES)
    calendar = _child(reply.management, "Calendar", "Bookings")
    if calendar is not None and _namespace(calendar) == BOOKINGS:
        _list(codec, calendar)


def _child(element: etree._Element, name: str, below: str) -> etree._Element | None:
    return markup.find(element, f"{name}/{below}")


def _namespace(element: etree._Element) -> str:
    return etree.QName(element).namespace or ""


def _is_ours(codec: Codec, settings: etree._Element) -> bool:
    """TC wants a namespace; later versions want none, and the word `internal`."""
    if codec.version.line == "TC":
        return _namespace(settings) == CUIL
    return _namespace(settings) == "" and settings.get("internal") == "true"


def _set(codec: Codec, path: str, value: str) -> None:
    """Change one setting; one that it does not know is passed over."""
    try:
        codec.configure(path, value)
    except (KeyError, ValueError):
        return


def _list(codec: Codec, calendar: etree._Element) -> None:
    body = etree.tostring(calendar, with_tail=False)
    accepted = True
    try:
        codec.replace(bookings_xml.read(body))
    except BadMarkup:
        accepted = False
    codec.keep_push(WAY, body.decode("utf-8", "replace"), "", accepted=accepted)


def everything(codec: Codec) -> Tree:
    """The documents that can be asked for."""
    return {"Status": status.status(codec), "Configuration": codec.configuration.tree()}
