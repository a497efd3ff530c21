"""What carries commands to a codec: HTTP, WebSocket or SSH, and how each fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
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
AT_A_TIME = 2
"""Logins on their way with a password that was accepted before: less than half of what locks a
user out, where the password is another one since."""


class NotOffered(Exception):
    """The codec has no such way in."""


class Refused(NotOffered):
    """The codec knows no such command, does not take its words, or will not do it.

    What it says besides is not repeated: it may hold what was dialled.
    """


class Carrier(Protocol):
    """One way to talk to a codec."""

    def run(self, command: Command) -> Awaitable[Document]:
        """Give a command; its result.

        Raises:
            Refused: the codec does not do that.
            NotOffered: this way does not lead to commands.
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """

    def read(self, *path: str) -> Awaitable[Document]:
        """A `Status` with the part at a path in it, and nothing else; empty where there is none.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """


class Login:
    """With what one signs in, and whether the codec has refused it.

    Once refused, nothing is sent again (EP-14): five wrong logins lock a user out for an hour.
    Until it was accepted once, only one is tried at a time; after that two, as the password may be
    changed at the codec at any time.
    """

    __slots__ = ("_accepted", "_places", "_refused", "password", "username")

    def __init__(self, username: str, password: Secret) -> None:
        self.username = username
        self.password = password
        self._accepted = False
        self._refused = False
        self._places: asyncio.Semaphore | None = None

    @property
    def basic(self) -> dict[str, str]:
        """The header of HTTP Basic."""
        value = aiohttp.encode_basic_auth(self.username, self.password.reveal())
        return {"Authorization": value}

    def trying(self) -> AbstractAsyncContextManager[None]:
        """Sign in within this, unless the codec has refused it before.

        Raises:
            Denied: it has, or the password is not known at all.
        """
        places = self._places
        if places is None or places.locked() or not self._accepted or self._refused:
            return self._in_turn()
        return places  # nearly always, and at a fraction of the cost

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """No more sign in within this than there are places."""
        if not self.password:
            raise Denied(
                "the password that the configuration names cannot be read",
                reason="credentials_missing",
                fix="`roombridge check` tells which; put it back and reload",
            )
        self._places = self._places or asyncio.Semaphore(1)
        async with self._places:
            if self._refused:
                self.refuse()
            yield

    def accept(self) -> None:
        """The codec let the user in."""
        if not self._accepted and self._places is not None:
            for _ in range(AT_A_TIME - 1):
                self._places.release()
        self._accepted = True

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
