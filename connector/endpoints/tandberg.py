"""TANDBERG MXP: told to dial over HTTP (`/putxml`) or telnet (`xcommand`) (endpoints.md 5.1).

Units of the C series are Cisco's TC and belong to `kind: cisco`. Most MXPs know no TLS that is
accepted today, so that plain HTTP or telnet is what is left: the password travels in clear.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

import aiohttp
import msgspec
from lxml import etree
from yarl import URL

from connector.endpoint import Facts, Order, PhoneCall, Progress
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.http import Answer, ask, failure
from connector.lines import Lines, telnet
from connector.outside import Outside, Trust
from connector.secret import Secret
from connector.telnet_login import sign_in
from connector.unit_address import WORDS, fits, unit_host, unit_url

acknowledge = ""
notice = ""

TELNET_PORT = 23
SECONDS = 25.0
"""For one request."""
LIMIT = 1 << 20
"""Bytes of an answer."""
REST = 2.0
"""Seconds that the end of an answer may take, whose status came."""
ERRAND_LIMIT = 60.0
"""Seconds for all that one errand says over telnet."""

STATES: dict[str, Progress] = {
    "dialing": "dialling",
    "proceeding": "dialling",
    "await2ndnr": "dialling",
    "alerting": "ringing",
    "establout": "connected",
    "establin": "connected",
    "awaitincnf": "ringing",
    "connected": "connected",
    "syncing": "connected",
    "capex": "connected",
    "synced": "connected",
    "unframed": "connected",
    "disconnecting": "ending",
    "clearout": "ending",
    "clearin": "ending",
}
"""The unit's words for a call; `Disconnected` and `CallIDLE` stand for none."""
_NONE = frozenset({"", "disconnected", "callidle"})


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: tandberg`."""

    address: str
    """An IP address or name, with a port where it is not the usual one; `http://…` for units
    without TLS: the password then travels in clear."""
    transport: Literal["http", "telnet"] = "http"
    """`http`: the unit's XML interface. `telnet`: its command line, which tells no calls."""
    username: str = ""
    """Where the unit asks for a login."""
    password: Secret | None = None
    """That user's password; over telnet it may stand without a user."""
    tls: Trust = Trust()
    """How the unit's certificate is known; without it by the authorities trusted everywhere."""
    protocols: tuple[Literal["sip", "h323"], ...] = ("h323", "sip")
    """What it can dial, best first; the unit itself finds out which of them an address is."""

    @property
    def url(self) -> URL:
        """Where its web interface begins; of telnet only host and port count."""
        return unit_url(self.address, self._schemes[0])

    @property
    def _schemes(self) -> tuple[str, ...]:
        return ("https", "http") if self.transport == "http" else ("telnet",)

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name."""
        return unit_host(self.address)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not fits(self.address, *self._schemes):
            yield "address", WORDS
        if self.username and self.password is None:
            yield "password", "must stand beside a username"
        if self.transport == "http" and self.password is not None and not self.username:
            yield "username", "must stand beside a password"
        for key, words in self.tls.problems():
            yield f"tls.{key}", words


class OverHttp:
    """A unit that takes XML."""

    __slots__ = ("_login", "_outside", "_refused", "_turn", "_url")

    def __init__(self, outside: Outside, options: Options) -> None:
        self._outside = outside
        self._url = options.url
        self._login: dict[str, str] = {}
        if options.password is not None:
            login = aiohttp.encode_basic_auth(options.username, options.password.reveal())
            self._login["Authorization"] = login
        self._refused: Denied | None = None
        self._turn = asyncio.Lock()

    async def attempt(self) -> None:
        """Reach the unit and sign in, by asking for its calls."""
        await self.calls()

    async def dial(self, order: Order) -> None:
        """Make it call, at its own rate."""
        _check(order.dial.address)
        await self._command("Dial", Number=order.dial.address)

    async def hang_up(self) -> None:
        """End all its calls: a disconnection that names none ends all."""
        if await self.calls():
            await self._command("DisconnectCall")

    async def calls(self) -> Sequence[PhoneCall]:
        """The calls in its status."""
        url = (self._url / "getxml").with_query(location="Status/Call")
        answer = await self._ask("GET", url)
        return calls_of(xml(answer.body)) if answer.body.strip() else []

    async def tones(self, digits: str) -> None:
        """Send tones, each by itself."""
        for digit in digits:
            await self._command("DTMFSend", Value=digit)

    async def facts(self) -> Facts:
        """What its status says of the unit, where it has such words."""
        url = (self._url / "getxml").with_query(location="Status/SystemUnit")
        root = xml((await self._ask("GET", url)).body)
        return Facts(
            product=_text(root, "ProductType") or _text(root, "ProductId"),
            software=_text(root, "Version"),
            serial=_text(root, "SerialNumber"),
            way="http",
        )

    async def _command(self, name: str, **parameters: str) -> None:
        """A command, whose result is judged: status 200 is no success."""
        root = etree.Element("Command")
        command = etree.SubElement(root, name, command="True")
        for key, value in parameters.items():
            etree.SubElement(command, key).text = value
        body = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        answer = await self._ask("POST", self._url / "putxml", data=body)
        results = [
            node.get("status", "").lower()
            for node in xml(answer.body).iter(etree.Element)
            if str(node.tag).endswith("Result")
        ]
        if "ok" not in results:
            raise _refused_command()

    async def _ask(self, method: str, url: URL, *, data: bytes | None = None) -> Answer:
        """One request at a time, and an end to it where the unit says that the login is wrong."""
        async with self._turn:
            return await self._asked(method, url, data)

    async def _asked(self, method: str, url: URL, data: bytes | None) -> Answer:
        if self._refused is not None:
            raise self._refused.with_traceback(None)
        answer = await ask(
            self._outside.http,
            method,
            url,
            seconds=SECONDS,
            limit=LIMIT,
            tls=self._outside.tls if url.scheme == "https" else True,
            headers={**self._login, **({"Content-Type": "text/xml"} if data else {})},
            data=data,
        )
        if answer.status in {401, 403}:
            self._refused = _refused_login()
            raise self._refused
        if answer.status != 200:
            raise failure(answer, self._outside.clock.now())
        return answer


class OverTelnet:
    """A unit that takes lines."""

    __slots__ = ("_host", "_outside", "_password", "_port", "_refused", "_turn", "_username")

    def __init__(self, outside: Outside, options: Options) -> None:
        self._outside = outside
        self._host = options.host
        self._port = options.url.port or TELNET_PORT
        self._username = options.username
        self._password = options.password
        self._refused: Denied | None = None
        self._turn = asyncio.Lock()

    async def attempt(self) -> None:
        """Reach the unit and sign in."""
        await self._told()

    async def dial(self, order: Order) -> None:
        """Make it call, at its own rate."""
        _check(order.dial.address)
        await self._told(f"xcommand dial number:{order.dial.address}")

    async def hang_up(self) -> None:
        """End all its calls; that there is none is fine too."""
        try:
            await self._told("xcommand disconnectcall")
        except Malformed as error:
            if error.reason != "request_refused":
                raise

    async def calls(self) -> None:
        """How its status looks in lines is not documented well enough to rely on."""
        return

    async def tones(self, digits: str) -> None:
        """Send tones, each by itself."""
        await self._told(*(f"xcommand dtmfsend value:{digit}" for digit in digits))

    async def _told(self, *commands: str) -> None:
        """Give commands, each after the answer to the one before; one errand at a time.

        Raises:
            Unavailable, Denied, Malformed: named after who must act.
        """
        async with self._turn:
            await self._said(*commands)

    async def _said(self, *commands: str) -> None:
        if self._refused is not None:
            raise self._refused.with_traceback(None)
        try:
            async with (
                asyncio.timeout(ERRAND_LIMIT),
                telnet(self._outside, self._host, self._port) as lines,
            ):
                await sign_in(
                    lines, self._username, self._password, prompts=(), greeted=_is_greeting
                )
                for command in commands:
                    await lines.send(command)
                    await _result(lines, command)
        except TimeoutError as error:
            raise Unavailable("the unit came to no end in time", reason="timeout") from error
        except Denied as error:
            self._refused = error
            raise


def _check(address: str) -> None:
    """Whether an address can be told to a unit, whichever way.

    Raises:
        Malformed: it cannot.
    """
    if not re.fullmatch(r"[^\s\"]{1,60}", address) or not address.isprintable():
        raise Malformed(
            "this unit dials addresses of up to 60 characters without spaces",
            reason="request_refused",
        )


def _is_greeting(line: str) -> bool:
    """Whether a unit is ready with this line."""
    return line == "OK"


async def _result(lines: Lines, command: str) -> None:
    """Read the whole answer to a command: a result with its status, and `OK` or `ERROR` behind it.

    Who took the first `OK` for the end would take what follows for the answer to the next command.
    """
    told = ""
    while True:
        try:
            line = (await lines.line(REST if told else None)).strip()
        except Unavailable:
            if not told:
                raise
            break
        if line == command:  # an echo
            continue
        if status := re.search(r"\(status=(\w+)\)", line):
            told = status[1].upper()
            continue
        word = line.partition(" ")[0].rstrip(":").upper()
        if word in {"OK", "ERROR"}:
            told = told or word
            break
    if told != "OK":
        raise _refused_command()


def calls_of(root: etree._Element) -> list[PhoneCall]:
    """The calls in a status; its words stand in attributes or in elements of their own."""
    found = []
    for number, node in enumerate(root.iter("{*}Call", "Call"), start=1):
        state = (node.get("status") or _text(node, "Status")).strip().lower()
        if state in _NONE:
            continue
        direction = (node.get("direction") or _text(node, "Direction")).strip().lower()
        found.append(
            PhoneCall(
                id=(node.get("item") or str(number))[:40],
                state=STATES.get(state, "unknown"),
                direction="in" if direction == "incoming" else "out" if direction else "",
            )
        )
    return found


def xml(body: bytes) -> etree._Element:
    """A unit's XML: control characters are dropped, documents with a DOCTYPE refused.

    Raises:
        Malformed: this is no XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", body), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed("the unit's answer is no XML", reason="not_xml") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("the unit's answer has a DOCTYPE", reason="not_xml")
    return root


def _text(root: etree._Element, name: str) -> str:
    for node in root.iter(f"{{*}}{name}", name):
        if node.text and node.text.strip():
            return node.text.strip()[:200]
    return ""


def _refused_command() -> ConnectorError:
    return Malformed("the unit refuses the command", reason="request_refused")


def _refused_login() -> Denied:
    return Denied(
        "the unit refuses user name or password",
        reason="credentials_refused",
        fix="correct them; the bridge does not try again by itself",
    )


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[OverHttp | OverTelnet]:
    """Hold what the unit needs; nothing is sent yet, and no session stays open."""
    if options.transport == "telnet":
        yield OverTelnet(outside, options)
        return
    yield OverHttp(replace(outside, trust=options.tls), options)
