"""The HTTP face of a unit: its documents, its commands and its private API."""

from collections.abc import Iterator

from aiohttp import web
from lxml import etree

from connector.simulators.cisco import bookings_xml, commands, markup, status
from connector.simulators.cisco.address import codec_of
from connector.simulators.cisco.catalogue import Path, known
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.commands import Giver, Order
from connector.simulators.cisco.login import user_of
from connector.simulators.cisco.markup import BadMarkup, Tree
from connector.simulators.cisco.versions import Version

NO_MATCH = "No match on address expression"


def answer(root: str, content: Tree) -> web.Response:
    """An XML document with 200, whatever it says."""
    return web.Response(text=markup.document(root, content), content_type="text/xml")


def malformed(error: BadMarkup) -> web.Response:
    """What a unit says to a body it cannot read."""
    return web.Response(status=400, text=str(error))


async def getxml(request: web.Request) -> web.Response:
    """The part of a document at `location`."""
    user_of(request)
    return _part(codec_of(request), request.query.get("location", ""))


async def status_xml(request: web.Request) -> web.Response:
    """The whole status document."""
    user_of(request)
    return _part(codec_of(request), "Status")


async def configuration_xml(request: web.Request) -> web.Response:
    """The whole configuration document."""
    user_of(request)
    return _part(codec_of(request), "Configuration")


def _part(codec: Codec, location: str) -> web.Response:
    root, _, path = location.strip("/").partition("/")
    if root == "Status":
        whole = status.status(codec)
    elif root == "Configuration":
        whole = codec.configuration.tree()
    else:
        return answer("Status", _error(NO_MATCH, location.strip("/")))
    found = markup.pick(whole, path) if path else whole
    if found is None:
        return answer(root, _error(NO_MATCH, f"{root}/{path}"))
    return answer(root, {**status.attributes(codec), **found})


def _error(reason: str, path: str, word: str = "Error") -> Tree:
    return {"@status": word, "Reason": reason, "XPath": path}


async def putxml(request: web.Request) -> web.Response:
    """Commands and settings."""
    user = user_of(request)
    body = await request.read()
    try:
        root = markup.parse(body)
    except BadMarkup as error:
        return malformed(error)
    codec = codec_of(request)
    if markup.name(root) == "Configuration":
        return answer("Configuration", _configured(codec, root, codec.users.roles(user)))
    if markup.name(root) != "Command":
        return malformed(BadMarkup("the root must be Command or Configuration"))
    return answer("Command", dict(_done(codec, root, user, body)))


def _done(codec: Codec, root: etree._Element, user: str, body: bytes) -> Iterator[tuple[str, Tree]]:
    """The results of all commands in a document that the unit understands."""
    giver = Giver(user=user, way="/putxml", raw=body.decode("utf-8", "replace"))
    for order in orders(root, codec.version):
        result = commands.perform(codec, order, giver)
        if result.status != "Unknown":
            content: Tree = {"@status": result.status, **result.content}
            yield commands.result_name(order.path), content


def orders(element: etree._Element, version: Version, above: Path = ()) -> Iterator[Order]:
    """The commands below an element that a version knows."""
    table = known(version)
    for child in markup.children(element):
        path = (*above, markup.name(child))
        if path in table:
            yield _order(version, path, child, multiline=table[path].multiline)
        else:
            yield from orders(child, version, path)


def _order(version: Version, path: Path, element: etree._Element, *, multiline: bool) -> Order:
    said = [(markup.name(child), child.text or "") for child in markup.children(element)]
    body = dict(said).get("body", "") if multiline else ""
    given = [one for one in said if not multiline or one[0] != "body"]
    return commands.ordered(version, path, given, body)


def _configured(codec: Codec, root: etree._Element, roles: tuple[str, ...]) -> Tree:
    """Change settings until one is refused."""
    if "Admin" not in roles:
        return _error(commands.DENIED, "Configuration")
    for path, value in _leaves(root):
        try:
            codec.configure(path, value)
        except KeyError:
            return _error(NO_MATCH, f"Configuration/{path}")
        except ValueError:
            return _error(commands.WRONG, f"Configuration/{path}", "ParameterError")
    return {"Success": {}}


def _leaves(element: etree._Element, above: str = "") -> Iterator[tuple[str, str]]:
    """Every element without elements below, by its path."""
    for child in markup.children(element):
        path = f"{above}/{markup.name(child)}".lstrip("/")
        if len(child):
            yield from _leaves(child, path)
        else:
            yield path, child.text or ""


async def bookingsputxml(request: web.Request) -> web.Response:
    """The private API: the whole list of bookings at once."""
    codec = codec_of(request)
    if not codec.switches.private_api:
        return web.Response(status=404)
    user = user_of(request)
    body = await request.read()
    text = body.decode("utf-8", "replace")
    try:
        codec.replace(bookings_xml.read(body))
    except BadMarkup as error:
        codec.keep_push("/bookingsputxml", text, user, accepted=False)
        return malformed(error)
    codec.keep_push("/bookingsputxml", text, user, accepted=True)
    return answer("success", {})
