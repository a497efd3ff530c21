"""The terminal of a unit: lines in, lines out, and nothing of SSH."""

import asyncio
import json
import re
from collections.abc import Callable

from connector.simulators.cisco import commands, queries, status, terminal
from connector.simulators.cisco.actions import Result
from connector.simulators.cisco.catalogue import known
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.commands import Giver, Order
from connector.simulators.cisco.faults import HUGE
from connector.simulators.cisco.markup import SIZE_LIMIT, Tree

EXPRESSIONS = 38
"""How many the terminal takes."""
NO_MATCH = "No match on address expression"
UNKNOWN = "Unknown command"

_LENGTH = re.compile(rb"\{(\d{1,8})\} ?\r?\n")
_RESULT_ID = re.compile(r'\s*\|\s*resultid\s*=\s*"([^"]*)"\s*$', re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z]\w*(?:\[\d+\])?):\s*("(?:[^"\\]|\\.)*"|\S*)')
_OUTPUT = re.compile(r"xpreferences\s+outputmode\s+(\w+)", re.IGNORECASE)


class Ended(Exception):
    """Nothing more is said on this connection."""


class Shell:
    """One login at the terminal."""

    def __init__(self, codec: Codec, user: str, peer: str, write: Callable[[str], None]) -> None:
        self._codec = codec
        self._user = user
        self._peer = peer
        self._write = write
        self._rest = b""
        self._echo = True
        self._json = False
        self._open: tuple[str, list[str]] | None = None
        """A command whose body is still coming, line by line."""
        self._wanted: list[str] = []
        self._leave: Callable[[], None] | None = None

    def greet(self) -> None:
        """What a login is answered with."""
        codec = self._codec
        name = codec.configuration["SystemUnit/Name"]
        version = codec.switches.version_text or codec.version.reported
        self._say(f"Welcome to {name}", f"Cisco Codec Release {version}", "*r Login successful")
        self._say("", "OK", "")

    def close(self) -> None:
        """Listen to nothing any more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _say(self, *lines: str) -> None:
        self._write("".join(f"{line}\n" for line in lines))

    async def hear(self, data: bytes) -> None:
        """Do what has come in whole; the rest waits for more.

        Raises:
            Ended: the connection is to be closed.
        """
        self._rest += data
        if len(self._rest) > 2 * SIZE_LIMIT:
            raise Ended
        while self._rest:
            found = _LENGTH.match(self._rest) if self._open is None else None
            if found:
                end = found.end() + int(found[1])
                if len(self._rest) < end:
                    return
                text, self._rest = self._rest[found.end() : end], self._rest[end:]
                line, _, body = text.decode("utf-8", "replace").partition("\n")
                await self._order(line.strip(), body.rstrip("\r\n"))
                continue
            raw, newline, rest = self._rest.partition(b"\n")
            if not newline:
                return
            self._rest = rest
            await self._line(raw.decode("utf-8", "replace").rstrip("\r"))

    async def _line(self, line: str) -> None:
        if self._echo:
            self._say(line)
        if self._open is not None:
            head, lines = self._open
            if line != ".":
                lines.append(line)
                return
            self._open = None
            await self._order(head, "\n".join(lines))
        elif self._takes_body(line):
            self._open = (line.strip(), [])
        elif line.strip():
            await self._order(line.strip(), "")

    def _takes_body(self, line: str) -> bool:
        words = _RESULT_ID.sub("", line).split()
        if not words or words[0].lower() != "xcommand":
            return False
        path = _path(self._codec, " ".join(words[1:]))[0]
        command = known(self._codec.version).get(path)
        return command is not None and command.multiline

    async def _order(self, line: str, body: str) -> None:
        """Do one line."""
        tag = _RESULT_ID.search(line)
        result_id = tag[1] if tag else None
        said = _RESULT_ID.sub("", line).strip()
        word, _, rest = said.partition(" ")
        shown = _PARAMETER.sub("", said).strip()
        refusal = await self._suffer(shown)
        self._codec.log(
            "SSH", f"ssh/{shown}", 500 if refusal else 200, peer=self._peer, user=self._user
        )
        if refusal:
            self._result("Result", refusal, result_id)
            return
        raw = f"{said}\n{body}" if body else said
        match word.lower():
            case "echo":
                self._echo = rest.strip().lower() == "on"
                self._say("OK")
            case "xpreferences":
                found = _OUTPUT.fullmatch(said)
                self._json = found is not None and found[1].lower() == "json"
            case "xcommand":
                self._command(rest, body, raw, result_id)
            case "xstatus":
                self._get("Status", rest, result_id)
            case "xconfiguration":
                self._configure(rest, result_id)
            case "xfeedback":
                self._feedback(rest, result_id)
            case "bye" | "exit":
                raise Ended
            case _:
                self._result("Result", Result("Error", {"Reason": UNKNOWN}), result_id)

    async def _suffer(self, said: str) -> Result | None:
        """Let the next fault strike this line."""
        fault = self._codec.faults.strike(f"ssh/{said}", message=True)
        if fault is None:
            return None
        if fault.seconds:
            await self._codec.sleep(fault.seconds)
        match fault.kind:
            case "error":
                return Result("Error", {"Reason": "Trouble on request"})
            case "parameter_error":
                return Result("ParameterError", {"Reason": "Trouble on request"})
            case "malformed":
                self._say('{"CommandResponse": {"Result"')
            case "huge":
                for _ in range(0, HUGE, 1 << 16):
                    self._write("x" * (1 << 16))
            case "hang":
                await asyncio.Event().wait()
            case "drop":
                raise Ended
            case _:
                pass
        return None

    def _command(self, rest: str, body: str, raw: str, result_id: str | None) -> None:
        order = _ordered(self._codec, rest, body)
        giver = Giver(user=self._user, way="ssh", raw=raw)
        result = commands.perform(self._codec, order, giver)
        if result.status == "Unknown":
            self._result("Result", Result("Error", {"Reason": UNKNOWN}), result_id)
            return
        if not self._json and result.status == "OK":
            self._say("OK")
        self._result(commands.result_name(order.path), result, result_id)

    def _result(self, name: str, result: Result, result_id: str | None) -> None:
        content: Tree = {"@status": result.status, **result.content}
        if self._json:
            self._say(terminal.as_json({"CommandResponse": {name: content}}, result_id))
        else:
            self._say(*terminal.starred("r", content, name), *_tagged(result_id))

    def _get(self, root: str, rest: str, result_id: str | None) -> None:
        """A part of a document."""
        whole = status.status(self._codec) if root == "Status" else self._codec.configuration.tree()
        steps = queries.steps(f"{root}/{'/'.join(rest.split())}")
        found = queries.branch(queries.select({root: whole}, steps))
        if found is None:
            content = {"Reason": NO_MATCH, "XPath": "/".join(map(str, steps))}
            self._result(root, Result("Error", content), result_id)
        else:
            self._document(found, result_id)

    def _document(self, found: Tree, result_id: str | None = None) -> None:
        if self._json:
            self._say(terminal.as_json(found, result_id))
        else:
            self._say(*terminal.document(found), *_tagged(result_id))

    def _configure(self, rest: str, result_id: str | None) -> None:
        """Read settings, or change one."""
        given = re.fullmatch(r"(.+?):\s*(\S.*|)", rest.strip())
        if not given:
            self._get("Configuration", rest, result_id)
            return
        if "Admin" not in self._codec.users.roles(self._user):
            self._result("Configuration", Result("Error", {"Reason": commands.DENIED}), result_id)
            return
        asked = "/".join(re.split(r"[\s/]+", given[1].strip()))
        path = self._codec.configuration.spelled(asked)
        value = _unquoted(given[2].strip())
        try:
            self._codec.configure(path, value)
        except KeyError:
            content = {"Reason": NO_MATCH, "XPath": f"Configuration/{path}"}
            self._result("Configuration", Result("Error", content), result_id)
        except ValueError:
            wrong = _marked(path.split("/"), {"@error": "True", "#": value})
            self._document({"Configuration": wrong}, result_id)
        else:
            self._done(result_id)

    def _done(self, result_id: str | None) -> None:
        """Say that something was done that has no result."""
        if self._json:
            self._say(terminal.as_json({}, result_id))
        else:
            self._say(*_tagged(result_id))

    def _feedback(self, rest: str, result_id: str | None) -> None:
        """Tell of changes, or no more; `all` stands for everything that is told."""
        word, _, expression = rest.strip().partition(" ")
        expression = expression.strip()
        match word.lower():
            case "register" if len(self._wanted) >= EXPRESSIONS:
                reason = {"Reason": "Too many expressions"}
                self._result("Result", Result("Error", reason), result_id)
                return
            case "register":
                self._wanted.append(expression)
                if self._leave is None:
                    self._leave = self._codec.news.listen(self._tell)
            case "deregister":
                gone = expression.lower()
                self._wanted = [w for w in self._wanted if gone not in {"all", w.lower()}]
            case "list":
                self._say(*self._wanted)
            case _:
                self._result("Result", Result("Error", {"Reason": UNKNOWN}), result_id)
                return
        self._done(result_id)

    def _tell(self, news: Tree) -> None:
        """Write what is wanted of some news."""
        found: Tree = {}
        for expression in self._wanted:
            part = queries.branch(queries.select(news, queries.steps(expression)))
            found = found if part is None else queries.merge(found, part)
        if found:
            self._document(found)


def _tagged(result_id: str | None) -> tuple[str, ...]:
    tag = () if result_id is None else (f'** resultId: "{result_id}"',)
    return (*tag, terminal.END)


def _path(codec: Codec, words: str) -> tuple[tuple[str, ...], int]:
    """The command that words begin with, and how many of them are its name."""
    bare = _PARAMETER.split(words, maxsplit=1)[0]
    split = tuple(word for word in re.split(r"[\s/]+", bare) if word)
    return commands.spelled(codec.version, split), len(split)


def _ordered(codec: Codec, words: str, body: str) -> Order:
    path, _length = _path(codec, words)
    given = [(name, _unquoted(value)) for name, value in _PARAMETER.findall(words)]
    return commands.ordered(codec.version, path, given, body)


def _unquoted(text: str) -> str:
    """A value without its quotes."""
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip('"')


def _marked(path: list[str], leaf: Tree) -> Tree:
    """A document with one leaf."""
    found = leaf
    for name in reversed(path):
        found = {name: found}
    return found
