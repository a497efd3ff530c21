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

from connector.endpoint import Facts, Order, PhoneCall
from connector.errors import Denied, Malformed
from connector.http import ask, failure
from connector.lines import Lines, telnet
from connector.outside import Outside, Trust
from connector.secret import Secret

acknowledge = ""
notice = ""

PORT = 6024
SECONDS = 25.0
"""For one request to a phone."""
LIMIT = 1 << 16
"""Bytes of an answer."""
ERRAND_LIMIT = 60.0
"""Seconds for all that one errand says."""
_END = frozenset({"callinfo end", "system is not in a call"})


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
    """What it can dial, best first; phones dial SIP only."""
    call_rate: int = 1920
    """kbit/s at which the VC series is told to dial."""

    @property
    def url(self) -> URL:
        """The address as a URL; of the VC series only host and port count."""
        scheme = "https" if self.family == "phone" else "tcp"
        return URL(self.address if "://" in self.address else f"{scheme}://{self.address}")

    @property
    def host(self) -> str:
        """Where it is: an IP address or a name."""
        return self.url.host or ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        schemes = {"https", "http"} if self.family == "phone" else {"tcp"}
        try:
            fit = self.url.scheme in schemes and self.host and self.url.path in {"/", ""}
        except ValueError:
            fit = False
        if not fit:
            yield "address", "must be an IP address or name, with a port where it is not the usual"
        if bool(self.username) != (self.password is not None):
            yield "password" if self.username else "username", "both or neither must be there"
        if self.family == "vc" and self.username:
            yield "username", "must not be there: the VC series asks for no login"
        if self.account and not re.fullmatch(r"[\w.+-]+@[\w.-]+", self.account):
            yield "account", "must be number@server"
        for key, words in self.tls.problems():
            yield f"tls.{key}", words
        if not 64 <= self.call_rate <= 20000:
            yield "call_rate", "must be between 64 and 20000 kbit/s"


class RoomSystem:
    """A unit of the VC series, which is told by lines."""

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
        async with self._open() as lines:
            await lines.send(
                f"dial manual video {order.dial.protocol}"
                f' "{self._call_rate}" "{order.dial.address}"'
            )
            # How the unit answers is not documented; a question behind it brings refusals in.
            await _callinfo(lines)

    async def hang_up(self) -> None:
        """End all its calls."""
        async with self._open() as lines:
            if await _callinfo(lines):
                await lines.send("hangup all")
                await _callinfo(lines)

    async def calls(self) -> Sequence[PhoneCall]:
        """The calls of `callinfo all`."""
        async with self._open() as lines:
            return await _callinfo(lines)

    async def facts(self) -> Facts:
        """How it is talked to: what `sysstatus get` answers is not documented."""
        async with self._open() as lines:
            await _callinfo(lines)
        return Facts(product="Yealink VC", way="tcp")

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Lines]:
        async with telnet(self._outside, self._host, self._port) as lines:
            yield lines


async def _callinfo(lines: Lines) -> list[PhoneCall]:
    """The calls the unit is in; its complaints about what was sent before come with them.

    Raises:
        Malformed: it complains.
        Unavailable: it does not answer in time.
    """
    await lines.send("callinfo all")
    found = []
    while True:
        line = (await lines.line()).strip().removeprefix("->").strip()
        if line.lower().startswith("error"):
            raise Malformed(
                "the unit refuses the command",
                reason="request_refused",
                fix="check its software, and that its family is right",
            )
        if line in _END:
            return found
        parts = line.split(":")
        if parts[0] == "callinfo" and len(parts) > 1:
            found.append(_call(parts))


def _call(parts: list[str]) -> PhoneCall:
    """A `callinfo:` line; where its words are not known, the call is told all the same."""
    words = {part.strip().lower() for part in parts[2:]}
    return PhoneCall(
        id=parts[1][:40],
        state="connected" if "connected" in words else "unknown",
        direction="out" if "outgoing" in words else "in" if "incoming" in words else "",
    )


class Phone:
    """A phone, which takes Action URIs."""

    __slots__ = ("_account", "_login", "_outside", "_refused", "_url")

    def __init__(self, outside: Outside, options: Options) -> None:
        self._outside = outside
        self._url = options.url
        self._account = options.account
        self._login: dict[str, str] = {}
        if options.password is not None:
            login = aiohttp.encode_basic_auth(options.username, options.password.reveal())
            self._login["Authorization"] = login
        self._refused: Denied | None = None

    async def dial(self, order: Order) -> None:
        """Make it call: `key=number=…`."""
        if order.dial.protocol != "sip":
            raise Malformed(
                "phones dial SIP only", reason="unsupported", fix="set protocols: [sip]"
            )
        if re.search(r"[&#;=?\s]", order.dial.address):
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
            await self._press({"*": "STAR", "#": "POUND"}.get(digit, digit))

    async def _press(self, key: str) -> None:
        """Have the phone do what a key does.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        if self._refused is not None:
            raise self._refused
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
        " on the screen once, and compare user name and password; then reload",
    )


class _Bounded(RoomSystem):
    """A unit of the VC series whose errands come one after the other, each in bounded time."""

    __slots__ = ("_turn",)


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[RoomSystem | Phone]:
    """Hold what the unit needs; nothing is sent yet."""
    if options.family == "phone":
        yield Phone(replace(outside, trust=options.tls), options)
        return
    yield RoomSystem(outside, options.host, options.url.port or PORT, options.call_rate)
