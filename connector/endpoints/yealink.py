"""Yealink room systems and phones: they are told to dial (endpoints.md 5.1).

The VC series takes lines on TCP port 6024 from whoever reaches it: there is no login, so the
network has to keep others away. Phones (T, CP, VP, MeetingEye) take an Action URI by HTTP from
addresses that somebody allowed at the phone.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

import aiohttp
import msgspec
from yarl import URL

from connector.endpoint import Facts, Order, PhoneCall, Progress
from connector.errors import Denied, Malformed, Unavailable
from connector.http import ask, failure
from connector.lines import telnet
from connector.outside import Outside, Trust
from connector.secret import Secret
from connector.unit_address import WORDS, fits, unit_host, unit_url

acknowledge = ""
notice = ""

PORT = 6024
SECONDS = 25.0
"""For one request to a phone."""
LIMIT = 1 << 16
"""Bytes of an answer."""
ERRAND_LIMIT = 60.0
"""Seconds for all that one errand says."""
STATES: dict[str, Progress] = {
    "talking max": "connected",
    "talking": "connected",
    "ringing": "ringing",
    "outgoing": "dialling",
}
"""The words of `sysstatus` that stand for a call; several may come at once."""
_WORDS = re.compile(r"\b(sleeping|idle|outgoing|ringing|talking max|talking|finished)\b")
_TOLD_BY_ITSELF = ("version ", "incoming ", "donotdisturb ", "mute ", "storage ")
"""How lines begin that come unasked."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an endpoint when `kind: yealink`."""

    address: str
    """An IP address or name, with a port where it is not the usual one (VC: 6024, phones: 443);
    `http://…` only for phones without TLS: the password then travels in clear."""
    family: Literal["vc", "phone"] = "vc"
    """`vc`: VC110 to VC880. `phone`: T, CP and VP phones and MeetingEye."""
    username: str = ""
    """Phones only, where the Action URI asks for a login."""
    password: Secret | None = None
    """That user's password."""
    account: str = ""
    """Phones only: the account that calls, as `number@server`; empty for the phone's first."""
    tls: Trust = Trust()
    """How a phone's certificate is known; without it by the authorities trusted everywhere."""
    protocols: tuple[Literal["sip", "h323"], ...] = ("sip", "h323")
    """What it can dial, best first; of phones only SIP counts."""
    call_rate: int = 1920
    """kbit/s at which the VC series is told to dial."""

    def __post_init__(self) -> None:
        if self.family == "phone":
            only = tuple(one for one in self.protocols if one == "sip")
            msgspec.structs.force_setattr(self, "protocols", only)

    @property
    def url(self) -> URL:
        """The address as a URL; of the VC series only host and port count."""
        return unit_url(self.address, self._schemes[0])

    @property
    def _schemes(self) -> tuple[str, ...]:
        return ("https", "http") if self.family == "phone" else ("tcp",)

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name."""
        return unit_host(self.address)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not fits(self.address, *self._schemes):
            yield "address", WORDS
        if bool(self.username) != (self.password is not None):
            yield "password" if self.username else "username", "both or neither must be there"
        if self.family == "vc" and self.username:
            yield "username", "must not be there: the VC series asks for no login"
        if self.account and not re.fullmatch(r"[\w.+-]+@[\w.-]+", self.account):
            yield "account", "must be number@server"
        if not self.protocols:
            yield "protocols", "must name sip" + ("" if self.family == "phone" else " or h323")
        for key, words in self.tls.problems():
            yield f"tls.{key}", words
        if not 64 <= self.call_rate <= 20000:
            yield "call_rate", "must be between 64 and 20000 kbit/s"


class RoomSystem:
    """A unit of the VC series, which is told by lines; each errand has a connection of its own."""

    __slots__ = ("_call_rate", "_host", "_outside", "_port")

    def __init__(self, outside: Outside, host: str, port: int, call_rate: int) -> None:
        self._outside = outside
        self._host = host
        self._port = port
        self._call_rate = call_rate

    async def attempt(self) -> None:
        """Reach the unit, and ask for something that changes nothing."""
        await self.calls()

    async def dial(self, order: Order) -> None:
        """Make it call."""
        if '"' in order.dial.address:
            raise Malformed("a quotation mark cannot be dialled", reason="request_refused")
        await self._told(
            f'dial manual video {order.dial.protocol} "{self._call_rate}" "{order.dial.address}"'
        )

    async def hang_up(self) -> None:
        """End its call, by the key for it."""
        if await self.calls():
            await self._told("button hangup")

    async def calls(self) -> Sequence[PhoneCall]:
        """One call, where `sysstatus get` says that there is any."""
        states = await self._told()
        found = next((STATES[state] for state in STATES if state in states), None)
        if found is None:
            return []
        return [PhoneCall(id="call", state=found, direction="out" if "outgoing" in states else "")]

    async def tones(self, digits: str) -> None:
        """Send tones, each by itself."""
        await self._told(*(f"gendial {digit}" for digit in digits))

    async def facts(self) -> Facts:
        """What `version` says."""
        told: dict[str, str] = {}
        await self._told("version", into=told)
        return Facts(
            product=told.get("model", "")[:200],
            software=told.get("firmware", "")[:200],
            way="tcp",
        )

    async def _told(self, *commands: str, into: dict[str, str] | None = None) -> set[str]:
        """Give commands, and then ask for the state: all that comes before belongs to them.

        How most commands are answered is not documented, only that refusals begin with `error:`.

        Raises:
            Malformed: the unit refuses one of them.
            Unavailable: it does not answer in time.
        """
        try:
            async with (
                asyncio.timeout(ERRAND_LIMIT),
                telnet(self._outside, self._host, self._port) as lines,
            ):
                for command in (*commands, "sysstatus get"):
                    await lines.send(command)
                while True:
                    line = (await lines.line()).strip()
                    if line.startswith("error:"):
                        raise _refused()
                    if line.startswith("version ") and into is not None:
                        into.update(re.findall(r'"(\w+):([^"]*)"', line))
                    elif not line.startswith(_TOLD_BY_ITSELF) and (found := _WORDS.findall(line)):
                        return set(found)
        except TimeoutError as error:
            raise Unavailable("the unit came to no end in time", reason="timeout") from error


def _refused() -> Malformed:
    return Malformed(
        "the unit refuses the command",
        reason="request_refused",
        fix="check its software, and that its family is right",
    )


class Phone:
    """A phone, which takes Action URIs."""

    __slots__ = ("_account", "_login", "_outside", "_refused", "_turn", "_url")

    def __init__(self, outside: Outside, options: Options) -> None:
        self._outside = outside
        self._url = options.url
        self._account = options.account
        self._login: dict[str, str] = {}
        if options.password is not None:
            login = aiohttp.encode_basic_auth(options.username, options.password.reveal())
            self._login["Authorization"] = login
        self._refused: Denied | None = None
        self._turn = asyncio.Lock()

    async def dial(self, order: Order) -> None:
        """Make it call: `key=number=…`."""
        if order.dial.protocol != "sip":
            raise Malformed(
                "phones dial SIP only", reason="unsupported", fix="set protocols: [sip]"
            )
        if not re.fullmatch(r"[A-Za-z0-9.@:+*~_-]+", order.dial.address):
            raise Malformed(
                "the address cannot be written into an Action URI", reason="request_refused"
            )
        wanted = f"number={order.dial.address}"
        await self._press(f"{wanted}&outgoing_uri={self._account}" if self._account else wanted)

    async def hang_up(self) -> None:
        """End its call: `key=CALLEND`."""
        await self._press("CALLEND")

    async def calls(self) -> None:
        """It does not tell its calls."""
        return

    async def tones(self, digits: str) -> None:
        """Press the keys, one after the other."""
        for digit in digits:
            await self._press("POUND" if digit == "#" else digit)

    async def _press(self, key: str) -> None:
        """Have the phone do what a key does, one key at a time.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        async with self._turn:
            await self._pressed(key)

    async def _pressed(self, key: str) -> None:
        if self._refused is not None:
            raise self._refused.with_traceback(None)
        answer = await ask(
            self._outside.http,
            "GET",
            # As it stands: phones take the key for what is behind the first equals sign.
            URL(f"{self._url.origin()}/servlet?key={key}", encoded=True),
            seconds=SECONDS,
            limit=LIMIT,
            tls=self._outside.tls if self._url.scheme == "https" else True,
            headers=self._login,
        )
        if answer.status in {401, 403}:
            self._refused = _not_allowed(answer.status)
            raise self._refused
        if answer.status != 200:
            raise failure(answer, self._outside.clock.now())


def _not_allowed(status: int) -> Denied:
    return Denied(
        "the phone does not allow the appliance to use its Action URI",
        reason="credentials_refused" if status == 401 else "access_denied",
        fix="name the appliance's address in the phone's Action URI allow list, answer its question"
        " on the screen once, and compare user name and password",
    )


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[RoomSystem | Phone]:
    """Hold what the unit needs; nothing is sent yet."""
    if options.family == "phone":
        yield Phone(replace(outside, trust=options.tls), options)
        return
    yield RoomSystem(outside, options.host, options.url.port or PORT, options.call_rate)
