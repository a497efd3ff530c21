"""How one codec is talked to: found out once, and again after it was away or has other software."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, TypeVar

from yarl import URL

from connector.endpoints.cisco import terminal, websocket
from connector.endpoints.cisco.carrier import Carrier, Login, NotOffered
from connector.endpoints.cisco.commands import Command
from connector.endpoints.cisco.documents import Document, version_of
from connector.endpoints.cisco.web import Web
from connector.endpoints.cisco.websocket import Heard, Socket
from connector.errors import Malformed, Unavailable
from connector.lines import SshTrust
from connector.outside import Outside

T = TypeVar("T")
Version = tuple[int, ...]
Form = Literal["put", "private"]
Transport = Literal["auto", "http", "websocket", "ssh", "pull"]

HAS_SOCKET: Version = (10, 19)
"""From here on the WebSocket follows the HTTP service unless somebody switched it off."""
SSH_FOR = 3600.0
"""Seconds after which a codec that is talked to over SSH is asked over HTTP again: after a start
its terminal may be there first."""
SOFTWARE = ("SystemUnit", "Software")


class Talk:
    """The ways to one codec, and what is known of them."""

    __slots__ = (
        "_changed",
        "_login",
        "_no_socket",
        "_outside",
        "_over_ssh",
        "_socket",
        "_ssh",
        "_ssh_until",
        "_transport",
        "form",
        "lister",
        "version",
        "web",
    )

    def __init__(
        self,
        outside: Outside,
        url: URL,
        login: Login,
        *,
        transport: Transport,
        trust: SshTrust | None,
    ) -> None:
        self._outside = outside
        self._login = login
        self._transport = transport
        self._ssh = trust
        self._socket: Socket | None = None
        self._no_socket = False
        self._over_ssh = False
        self._ssh_until = 0.0
        self._changed: asyncio.Event | None = None
        self.form: Form | None = None
        """In which the list is pushed; None until that was found out."""
        self.lister = 0
        """Which of `commands.LISTS` told the list last."""
        self.web = Web(outside, url, login)
        self.version: Version | None = None
        """None until the codec was asked; empty where it does not tell."""

    @property
    def _url(self) -> URL:
        """Where the web interface begins; made when it is needed, which is seldom."""
        return self.web.url

    async def do(self, work: Callable[[Carrier], Awaitable[T]]) -> T:
        """Have something done over the way in use; over SSH where nobody answers HTTP.

        Raises:
            NotOffered, Refused: the codec does not do that.
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        if self._over_ssh and self._outside.clock.monotonic() >= self._ssh_until:
            self._over_ssh = False
            self._wake()
        at_hand = self._at_hand
        try:
            if at_hand is not None:
                return await work(at_hand)
            async with self._opened() as carrier:
                return await work(carrier)
        except Unavailable as error:
            over_ssh = self._over_ssh
            self.forget()
            if error.reason != "unreachable" or over_ssh or self._transport != "auto":
                raise
            if self._ssh is None or not self._ssh.fingerprint:
                raise _unreachable(error) from error
        async with terminal.opened(self._outside, self._url.host or "", self._ssh, self._login) as (
            carrier
        ):
            done = await work(carrier)
            self._over_ssh = True
            self._ssh_until = self._outside.clock.monotonic() + SSH_FOR
            return done

    def run(self, command: Command) -> Awaitable[Document]:
        """Give one command; its result. Fails as `do` does."""
        return self.do(lambda carrier: carrier.run(command))

    def read(self, *path: str) -> Awaitable[Document]:
        """Read one part of the status. Fails as `do` does."""
        return self.do(lambda carrier: carrier.read(*path))

    @property
    def _at_hand(self) -> Carrier | None:
        """What needs no opening: the WebSocket that is held, or HTTP."""
        if self._socket is not None:
            return self._socket
        return None if self.over_socket or self.over_ssh else self.web

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Carrier]:
        """A WebSocket or SSH session for this use only."""
        if self._transport == "websocket":
            async with AsyncExitStack() as stack:
                opening = websocket.opened(self._outside, self._url, self._login)
                try:
                    socket = await stack.enter_async_context(opening)
                except NotOffered as error:
                    raise _switched_off() from error
                yield socket
        else:
            trust = self._ssh or SshTrust()  # without a fingerprint it says what is missing
            host = self._url.host or ""
            async with terminal.opened(self._outside, host, trust, self._login) as session:
                yield session

    @property
    def over_ssh(self) -> bool:
        """Whether it is talked to over SSH."""
        return self._over_ssh or self._transport == "ssh"

    @property
    def over_socket(self) -> bool:
        """Whether it is talked to over a WebSocket."""
        return self._socket is not None or self._transport == "websocket"

    @property
    def opens_each_time(self) -> bool:
        """Whether each `do` signs in anew: what belongs together is then better done in one."""
        return self._socket is None and (self._transport == "websocket" or self.over_ssh)

    async def learn(self, over: Carrier | None = None) -> Version:
        """Which software runs there, asked once."""
        if self.version is None:
            self.learnt(await (over or self).read(*SOFTWARE))
        return self.version or ()

    def learnt(self, status: Document) -> None:
        """A status with the software version came by."""
        version = version_of(status)
        if self.version is not None and self.version != version:
            self.forget()
        self.version = version

    def forget(self) -> None:
        """It may come back with other software."""
        self.version = self.form = None
        self._no_socket = self._over_ssh = False
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    async def changed(self) -> None:
        """Wait until it was away, or has other software."""
        self._changed = asyncio.Event()
        try:
            await self._changed.wait()
        finally:
            self._changed = None

    @property
    def may_have_socket(self) -> bool:
        """Whether it is worth trying to open a WebSocket."""
        if self._transport != "auto":
            return self._transport == "websocket"
        return (self.version or ()) >= HAS_SOCKET and not self._no_socket and not self._over_ssh

    def has_no_socket(self) -> None:
        """The codec does not offer the WebSocket.

        Raises:
            Malformed: and the settings want no other way.
        """
        if self._transport == "websocket":
            raise _switched_off()
        self._no_socket = True

    @asynccontextmanager
    async def socket(self, heard: Heard, on_lost: Callable[[], None]) -> AsyncIterator[Socket]:
        """Hold the WebSocket; meanwhile everything goes over it.

        Raises:
            NotOffered: there is none.
            Unavailable, Denied, Malformed: named after who must act.
        """
        opening = websocket.opened(
            self._outside, self._url, self._login, heard=heard, on_lost=on_lost
        )
        try:
            async with opening as socket:
                self._socket = socket
                yield socket
        except Unavailable:
            self.forget()
            raise
        finally:
            self._socket = None


def _switched_off() -> Malformed:
    return Malformed(
        "the codec offers no WebSocket",
        reason="unsupported",
        fix="set NetworkServices Websocket to FollowHTTPService at the codec, or `transport: auto`",
    )


def _unreachable(error: Unavailable) -> Unavailable:
    return Unavailable(
        str(error),
        reason=error.reason,
        fix="check address, firewall and that the codec is on; where its web interface is switched"
        " off (NetworkServices HTTP Mode), switch it on or set `ssh` with the fingerprint of its"
        " host key: `roombridge endpoints show` prints it where `ssh` is set",
        everywhere=error.everywhere,
    )
