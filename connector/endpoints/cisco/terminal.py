"""A codec's terminal over SSH, in JSON: for units whose web interface is switched off.

Each use signs in and out again; what the unit tells by itself is not listened to here.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from connector.endpoints.cisco import commands
from connector.endpoints.cisco.carrier import LIMIT, SECONDS, Login, Refused
from connector.endpoints.cisco.commands import Command
from connector.endpoints.cisco.documents import Document, element, json
from connector.errors import Denied, Malformed
from connector.lines import Bounds, Lines, SshTrust, ssh
from connector.outside import Outside

TRIES_LIMIT = 100
"""Lines of one answer that look like its end."""
WELCOME_LIMIT = 200
"""Lines before the prompt-less terminal says `OK`."""


class Terminal:
    """One session."""

    __slots__ = ("_lines", "_tags")

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._tags: Iterator[int] = itertools.count(1)

    async def begin(self) -> None:
        """Wait for the welcome, then ask for JSON without echo; that itself is not answered."""
        await self._until_ok()
        await self._lines.send("echo off")
        await self._until_ok()
        await self._lines.send("xPreferences outputmode json")

    async def _until_ok(self) -> None:
        for _ in range(WELCOME_LIMIT):
            if (await self._lines.line()).strip() == "OK":
                return
        raise Malformed("no codec's terminal answers", reason="unsupported")

    async def run(self, command: Command) -> Document:
        """Give a command; its result."""
        tag = next(self._tags)
        answer = await self._ask(list(commands.as_lines(command, tag)), tag)
        response = answer.get("CommandResponse")
        results = response if isinstance(response, dict) else {}
        for name, said in results.items():
            if name.endswith("Result"):
                result = element(name, said)
                if result.get("status", "OK") == "OK":
                    return result
        raise Refused

    async def read(self, *path: str) -> Document:
        """A part of the status; empty where the codec does not tell."""
        tag = next(self._tags)
        line = " ".join(("xStatus", *path)) + f' | resultId="{tag}"'
        answer = await self._ask([line], tag)
        return element("Status", answer.get("Status") or {})

    async def _ask(self, lines: list[str], tag: int) -> dict[str, Any]:
        for line in lines:
            await self._lines.send(line)
        while True:
            answer = await self._object()
            if str(answer.get("ResultId", "")) == str(tag):
                return answer

    async def _object(self) -> dict[str, Any]:
        """The next JSON object, which may stand on one line or on many."""
        said: list[str] = []
        size = deep = tries = 0
        while True:
            line = await self._lines.line()
            if not said and not line.lstrip().startswith("{"):
                continue
            said.append(line)
            size += len(line)
            deep += line.count("{") - line.count("}")
            if size > LIMIT or tries > TRIES_LIMIT:
                raise Malformed("the codec's answer has no end", reason="too_large")
            if line.rstrip().endswith("}") and deep <= 0:
                tries += 1
                try:
                    found = json("".join(said))
                except Malformed:
                    continue  # a brace inside of a text
                return found if isinstance(found, dict) else {}


@asynccontextmanager
async def opened(
    outside: Outside, host: str, trust: SshTrust, login: Login
) -> AsyncIterator[Terminal]:
    """Sign in, and out again in the end.

    Raises:
        Unavailable, Denied, NotFound, Malformed: named after who must act.
    """
    bounds = Bounds(seconds=SECONDS, line=LIMIT, total=LIMIT)
    name, word = login.username, login.password
    async with AsyncExitStack() as stack:
        async with login.trying():
            session = ssh(
                outside, host, trust.port, username=name, password=word, trust=trust, bounds=bounds
            )
            try:
                lines = await stack.enter_async_context(session)
            except Denied as error:
                if error.reason == "credentials_refused":
                    login.refuse()
                raise
            login.accept()
        terminal = Terminal(lines)
        await terminal.begin()
        yield terminal
