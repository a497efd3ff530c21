"""What carries commands to a codec: HTTP, WebSocket or SSH, and how each fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn, Protocol

import aiohttp

from connector.endpoints.cisco.commands import Command
from connector.endpoints.cisco.documents import Document
from connector.errors import Denied
from connector.secret import Secret

SECONDS = 25.0
"""For one answer: codecs that wake up have been seen to take twenty."""
LIMIT = 1 << 20
"""Bytes of an answer."""


class NotOffered(Exception):
    """The codec has no such way in."""


class Refused(NotOffered):
    """The codec knows no such command, does not take its words, or will not do it.

    What it says besides is not repeated: it may hold what was dialled.
    """


class Carrier(Protocol):
    """One way to talk to a codec."""

    async def run(self, command: Command) -> Document:
        """Give a command; its result.

        Raises:
            Refused: the codec does not do that.
            NotOffered: this way does not lead to commands.
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """

    async def read(self, *path: str) -> Document:
        """A `Status` with the part at a path in it, and nothing else; empty where there is none.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


class Login:
    """With what one signs in, and whether the codec has refused it.

    Once refused, nothing is sent again (EP-14): five wrong logins lock a user out for an hour.
    Until it was accepted once, only one is tried at a time.
    """

    __slots__ = ("_accepted", "_refused", "_turn", "password", "username")

    def __init__(self, username: str, password: Secret) -> None:
        self.username = username
        self.password = password
        self._accepted = False
        self._refused = False
        self._turn: asyncio.Lock | None = None

    @property
    def basic(self) -> dict[str, str]:
        """The header of HTTP Basic."""
        value = aiohttp.encode_basic_auth(self.username, self.password.reveal())
        return {"Authorization": value}

    @asynccontextmanager
    async def trying(self) -> AsyncIterator[None]:
        """Sign in within this, unless the codec has refused it before.

        Raises:
            Denied: it has, or the password is not known at all.
        """
        if not self.password:
            raise Denied(
                "the password that the configuration names cannot be read",
                reason="credentials_missing",
                fix="`roombridge check` tells which; put it back and reload",
            )
        if self._accepted and not self._refused:
            yield
            return
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            if self._refused:
                self.refuse()
            yield

    def accept(self) -> None:
        """The codec let the user in."""
        self._accepted = True
        self._turn = None

    def refuse(self) -> NoReturn:
        """The codec said no, now or before.

        Raises:
            Denied: always.
        """
        self._refused = True
        raise Denied(
            "the codec refuses user name or password",
            reason="credentials_refused",
            fix="set the password of a local Admin user; the bridge does not try again by itself,"
            " so that the user is not locked out",
        )
