"""A conversation by lines, whatever carries it: in bounds, in time, and told in four ways."""

import asyncio
import importlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.errors import Malformed, Unavailable


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much a unit may say."""

    seconds: float = 25.0
    """For one line."""
    line: int = 1 << 16
    """Bytes of a line."""
    total: int = 1 << 20
    """Bytes since something was sent."""


Read = Callable[[int], Awaitable[bytes]]
Write = Callable[[bytes], Awaitable[None]]


class Lines:
    """A conversation by lines. What comes after the bounds is an error, never waited for."""

    __slots__ = ("_bounds", "_buffer", "_end", "_read", "_size", "_write")

    def __init__(self, read: Read, write: Write, *, bounds: Bounds, end: str = "\r\n") -> None:
        self._read = read
        self._write = write
        self._bounds = bounds
        self._end = end
        self._buffer = b""
        self._size = 0

    async def send(self, text: str) -> None:
        """Send one line; its end is added.

        Raises:
            Unavailable: the connection is gone, or nobody reads.
            Malformed: the text holds control characters, which could be commands of their own.
        """
        if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text):
            raise Malformed("control characters are not sent", reason="request_refused")
        self._size = 0
        with telling(self._bounds.seconds):
            async with asyncio.timeout(self._bounds.seconds):
                await self._write((text + self._end).encode())

    async def line(self, seconds: float | None = None) -> str:
        r"""The next line without its end, which is `\n`, `\r\n` or `\r\r\n`.

        Raises:
            Unavailable: none came in time, or the connection ended.
            Malformed: it is too long, or too much came.
        """
        return (await self._take(lambda text: text.find(b"\n") + 1, seconds)).rstrip("\r\n")

    async def until(self, *prompts: str, seconds: float | None = None) -> str:
        """All that comes up to and with one of the prompts, which end no line.

        Raises:
            Unavailable: none came in time, or the connection ended.
            Malformed: too much came before one.
        """
        ends = [prompt.encode() for prompt in prompts]

        def cut(text: bytes) -> int:
            found = [(text.find(end), len(end)) for end in ends if end in text]
            return sum(min(found)) if found else 0

        return await self._take(cut, seconds)

    async def _take(self, cut: Callable[[bytes], int], seconds: float | None) -> str:
        """What comes up to the place that `cut` names; 0 stands for not yet."""
        wait = self._bounds.seconds if seconds is None else seconds
        with telling(wait):
            async with asyncio.timeout(wait):
                while not (place := cut(self._buffer)):
                    if len(self._buffer) > self._bounds.line or self._size > self._bounds.total:
                        raise Malformed("the unit's answer has no end", reason="too_large")
                    some = await self._read(4096)
                    if not some:
                        raise Unavailable("the unit ended the connection", reason="broken_off")
                    self._size += len(some)
                    self._buffer += some.replace(b"\0", b"")
        taken, self._buffer = self._buffer[:place], self._buffer[place:]
        return taken.decode(errors="replace")


@contextmanager
def telling(seconds: float) -> Iterator[None]:
    """Failures of a connection, told in one of the four ways."""
    try:
        yield
    except TimeoutError as error:
        raise Unavailable(f"no answer within {seconds:g} s", reason="timeout") from error
    except ConnectionRefusedError as error:
        raise Unavailable("no connection", reason="unreachable", everywhere=True) from error
    except (ConnectionError, EOFError) as error:
        raise Unavailable("the connection broke off", reason="broken_off") from error
    except OSError as error:
        raise Unavailable("no connection", reason="unreachable", everywhere=True) from error


async def imported(name: str) -> Any:
    """A library, imported off the loop the first time."""
    library = await asyncio.to_thread(importlib.import_module, name)
    # What they log on the way names users and hosts.
    logging.getLogger(name).setLevel(logging.WARNING)
    return library
