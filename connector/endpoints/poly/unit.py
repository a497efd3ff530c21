"""A Poly unit: which way it is talked to, found out once, and one errand at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

from yarl import URL

from connector.endpoint import Calendar, Facts, Order, PhoneCall
from connector.endpoints.poly.cli import CommandLine, Opens
from connector.endpoints.poly.trio import Trio
from connector.endpoints.poly.videoos import VideoOs
from connector.endpoints.poly.way import Way, unsupported
from connector.endpoints.poly.wire import Wire, decoded
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.http import Answer
from connector.lines import SshTrust, ssh, telnet
from connector.outside import Outside
from connector.secret import Secret
from rooms.model import Agenda

Family = Literal["auto", "videoos", "group", "hdx", "trio"]
LONGEST = 255
"""Characters of what is dialled: more than any address that was ever seen, and one line."""
ERRAND_LIMIT = 80.0
"""Seconds for all that one errand says to a unit."""

T = TypeVar("T")


class Reader:
    """A unit that only reads the façade: nothing is ever sent to it."""

    __slots__ = ()


class Unit:
    """A unit that is told to dial, and asked how it stands."""

    __slots__ = ("_family", "_lines", "_outside", "_refused", "_ssh", "_turn", "_way", "_wire")

    def __init__(
        self,
        outside: Outside,
        url: URL,
        *,
        family: Family,
        username: str,
        password: Secret,
        ssh_trust: SshTrust | None,
        telnet_port: int | None,
        protocols: tuple[str, ...],
        call_rate: int,
    ) -> None:
        self._outside = outside
        self._wire = Wire(outside, url, username, password)
        self._family = family
        self._ssh = ssh_trust
        self._lines = _Lines(telnet_port, protocols, call_rate)
        self._way: Way | None = None
        self._refused: Denied | None = None
        self._turn: asyncio.Lock | None = None

    async def attempt(self) -> None:
        """Reach the unit and sign in, once."""
        await self._errand(lambda way: way.attempt())

    async def dial(self, order: Order) -> None:
        """Make it call."""
        address = order.dial.address
        if not address or len(address) > LONGEST or not address.isprintable():
            raise Malformed(
                f"a unit dials addresses of at most {LONGEST} printable characters",
                reason="request_refused",
            )
        await self._errand(lambda way: way.dial(order))

    async def hang_up(self) -> None:
        """End all its calls."""
        await self._errand(lambda way: way.hang_up())

    async def calls(self) -> Sequence[PhoneCall] | None:
        """The calls it is in."""
        return await self._errand(lambda way: way.calls())

    async def tones(self, digits: str) -> None:
        """Send these tones."""
        await self._errand(lambda way: way.tones(digits))

    async def facts(self) -> Facts:
        """What it is and how it stands."""
        return await self._errand(lambda way: way.facts())

    async def provision(self, calendar: Calendar) -> Sequence[str]:
        """Point it at the façade; the names of the settings that were made."""
        return await self._errand(lambda way: way.provision(calendar))

    async def lists(self, agenda: Agenda) -> bool | None:
        """Whether it lists these bookings; None where it cannot tell."""
        return await self._errand(lambda way: way.lists(agenda))

    @property
    def _host(self) -> str:
        return self._wire.url.host or ""

    async def _errand(self, does: Callable[[Way], Awaitable[T]]) -> T:
        """One errand, after the one before. Who was refused is never tried again."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        try:
            async with self._turn, asyncio.timeout(ERRAND_LIMIT):
                # Behind the turn: the errand before this one may be who was refused.
                if self._refused is not None:
                    raise self._refused.with_traceback(None)
                if self._way is None:
                    self._way = await self._found()
                return await does(self._way)
        except TimeoutError as error:
            raise Unavailable("the unit came to no end in time", reason="timeout") from error
        except Denied as error:
            if error.reason == "credentials_refused":
                self._refused = error
            raise
        except Unavailable:
            if self._family == "auto":
                self._way = None  # it may come back with other software
            raise

    async def _found(self) -> Way:
        """How this unit is talked to: by what its family is, or by what answers."""
        if self._family == "trio":
            return Trio(self._wire)
        if self._family == "videoos":
            return VideoOs(self._wire, self._lines.protocols)
        if self._family == "hdx":
            return self._by_lines()
        return await self._by_asking()

    async def _by_asking(self) -> Way:
        """What answers without a login: a login at the wrong door would count as a failed one."""
        try:
            if _is_rest(await self._wire.ask("GET", self._wire.url / "rest" / "session")):
                return VideoOs(self._wire, self._lines.protocols)
            # A Trio has no command line. Old web services ask for a login whatever the path is.
            may_be_trio = self._family == "auto" and not self._has_lines
            device = self._wire.url / "api/v1/mgmt/device/info"
            if may_be_trio and _is_rest(await self._wire.ask("GET", device)):
                return Trio(self._wire)
        except ConnectorError as error:
            # An old unit has no web service, or none with a TLS that anybody trusts still.
            if not self._has_lines or error.reason == "certificate_changed":
                raise
        return self._by_lines()

    @property
    def _has_lines(self) -> bool:
        return self._ssh is not None or self._lines.telnet is not None

    def _by_lines(self) -> Way:
        """The command line: over SSH where that is configured, else over telnet."""
        lines, wire = self._lines, self._wire
        opens: Opens
        login: tuple[str, Secret] | None = None
        if (trust := self._ssh) is not None:

            def opens() -> Any:
                return ssh(
                    self._outside,
                    self._host,
                    trust.port,
                    username=wire.username,
                    password=wire.password,
                    trust=trust,
                )

        elif (port := lines.telnet) is not None:
            login = (wire.username, wire.password)

            def opens() -> Any:
                return telnet(self._outside, self._host, port)

        else:
            raise unsupported(
                "the unit answers no REST that the bridge knows, and no command line is configured",
                "name its family; for a Trio set apps.restapi.enabled=1, for HDX and Group"
                " configure ssh or telnet",
            )
        return CommandLine(
            opens,
            self._outside.clock,
            way="ssh" if trust is not None else "telnet",
            login=login,
            protocols=lines.protocols,
            call_rate=lines.call_rate,
        )


class _Lines:
    """How its command line is reached without SSH, and what is told there."""

    __slots__ = ("call_rate", "protocols", "telnet")

    def __init__(self, port: int | None, protocols: tuple[str, ...], call_rate: int) -> None:
        self.telnet = port
        self.protocols = protocols
        self.call_rate = call_rate


def _is_rest(answer: Answer) -> bool:
    """Whether a REST interface answers, be it with a refusal: not a page, nor nothing."""
    if answer.status in {404, 405, 410} or 300 <= answer.status < 400 or answer.status >= 500:
        return False
    if answer.status in {401, 403}:
        return True
    try:
        return not answer.is_html and decoded(answer) is not None
    except Malformed:
        return False
