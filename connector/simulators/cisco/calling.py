"""JSON-RPC 2.0 as units speak it over the WebSocket: what each method does, and its errors."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from connector.simulators.cisco import commands, queries, status, values
from connector.simulators.cisco.catalogue import known
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.commands import Giver
from connector.simulators.cisco.markup import Items, Tree
from connector.simulators.cisco.queries import Node, Step

PARSE, INVALID, METHOD, PARAMETER, INTERNAL = -32700, -32600, -32601, -32602, -32603
DENIED, TOO_MANY, NOT_READY, COMMAND = -31999, -31998, -31997, 1

MESSAGES = {
    PARSE: "Parse error.",
    INVALID: "Invalid request.",
    METHOD: "Method not found.",
    PARAMETER: "Invalid params.",
    INTERNAL: "Internal error.",
    DENIED: "Permission denied.",
    TOO_MANY: "Subscriber count exceeded.",
    NOT_READY: "Not ready.",
    COMMAND: "Command returned an error.",
}
NO_MATCH = "No match on address expression"


class Refused(Exception):
    """An answer with an error."""

    def __init__(self, code: int, data: Any = None) -> None:
        super().__init__(code)
        self.code = code
        self.data = data

    def error(self) -> dict[str, Any]:
        """What stands in the answer."""
        said = {"code": self.code, "message": MESSAGES.get(self.code, "Error.")}
        return said if self.data is None else {**said, "data": self.data}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is one."""

    method: str
    params: dict[str, Any] = {}
    id: str | int | None = None


def asked(message: str | bytes) -> Question:
    """The request in a message.

    Raises:
        Refused: it is none.
    """
    try:
        found = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(PARSE) from error
    if not isinstance(found, dict) or found.get("jsonrpc") != "2.0":
        raise Refused(INVALID)
    try:
        return msgspec.convert(found, Question)
    except msgspec.ValidationError as error:
        raise Refused(INVALID) from error


def document(codec: Codec) -> Tree:
    """All that can be asked for."""
    return {"Status": status.status(codec), "Configuration": codec.configuration.tree()}


def get(codec: Codec, params: dict[str, Any]) -> Any:
    """What stands at a path."""
    found = queries.dig(document(codec), _path(params.get("Path")))
    if found is None:
        raise Refused(PARAMETER, {"Reason": NO_MATCH})
    return _plain(codec, found, params.get("Path"))


def query(codec: Codec, params: dict[str, Any]) -> Any:
    """All that an address with wildcards names, with what stands above it."""
    found = queries.select(document(codec), _path(params.get("Query")))
    return {} if found is None else values.plain(found, numbers=codec.switches.numbers)


def change(codec: Codec, params: dict[str, Any], user: str) -> bool:
    """Change a setting."""
    if "Admin" not in codec.users.roles(user):
        raise Refused(DENIED)
    path = _path(params.get("Path"))
    if path[0] != "Configuration" or "Value" not in params:
        raise Refused(PARAMETER)
    try:
        codec.configure("/".join(map(str, path[1:])), values.text(params["Value"]))
    except (KeyError, ValueError) as error:
        raise Refused(PARAMETER, {"XPath": "/".join(map(str, path))}) from error
    return True


def command(codec: Codec, question: Question, user: str, raw: str) -> Any:
    """Do what a command says."""
    path = commands.spelled(codec.version, question.method.split("/")[1:])
    body = str(question.params.get("body", ""))
    given = list(_given(question.params))
    if any("\n" in value for _name, value in given):
        raise Refused(PARAMETER)
    order = commands.ordered(codec.version, path, given, body)
    result = commands.perform(codec, order, Giver(user=user, way="/ws", raw=raw))
    content = {"status": result.status, **_plain(codec, result.content)}
    if result.status == "Unknown":
        raise Refused(METHOD if path not in known(codec.version) else PARAMETER)
    if result.status == "ParameterError":
        raise Refused(PARAMETER, content)
    if result.content.get("Reason") == commands.DENIED:
        raise Refused(DENIED)
    if result.status == "Error":
        raise Refused(COMMAND, content)
    return content


def _given(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The parameters of a command; a list stands for one that comes more than once."""
    for name, value in params.items():
        if name != "body":
            for one in value if isinstance(value, list) else [value]:
                yield name, values.text(one)


def _plain(codec: Codec, node: Node, path: Any = None) -> Any:
    name = path[-1] if isinstance(path, list) and path and isinstance(path[-1], str) else ""
    if isinstance(node, Items) and not node:
        return []
    return values.plain(node, name, numbers=codec.switches.numbers)


def _path(given: Any) -> tuple[Step, ...]:
    """A list of names and numbers; a text with slashes will do."""
    if isinstance(given, str):
        given = list(queries.steps(given))
    if not isinstance(given, list) or not given:
        raise Refused(PARAMETER)
    if not all(isinstance(step, str | int) for step in given):
        raise Refused(PARAMETER)
    return tuple(int(s) if isinstance(s, str) and s.isdecimal() else s for s in given)


class Subscriptions:
    """What one connection wants to hear of; its numbers begin with 0."""

    def __init__(self, codec: Codec, send: Callable[[Any], None]) -> None:
        self._codec = codec
        self._send = send
        self._wanted: dict[int, tuple[Step, ...]] = {}
        self._next = 0
        self._leave: Callable[[], None] | None = None

    def __len__(self) -> int:
        return len(self._wanted)

    def add(self, params: dict[str, Any]) -> tuple[int, Sequence[Tree]]:
        """A new subscription: its number, and what is told of it at once."""
        wanted = _path(params.get("Query"))
        total = sum(map(len, self._codec.subscribed))
        if total >= self._codec.switches.subscriptions:
            raise Refused(TOO_MANY)
        if self._leave is None:
            self._leave = self._codec.news.listen(self._hear)
            self._codec.subscribed.add(self)
        number, self._next = self._next, self._next + 1
        self._wanted[number] = wanted
        if not params.get("NotifyCurrentValue"):
            return number, ()
        now = queries.branch(queries.select(document(self._codec), wanted))
        return number, [now] if now else []

    def remove(self, params: dict[str, Any]) -> bool:
        """End a subscription."""
        if self._wanted.pop(params.get("Id", -1), None) is None:
            raise Refused(PARAMETER)
        return True

    def close(self) -> None:
        """End all."""
        self._wanted.clear()
        self._codec.subscribed.discard(self)
        if self._leave is not None:
            self._leave()

    def tell(self, number: int, found: Tree) -> None:
        """Send what a subscription is to hear."""
        told = values.plain(found, numbers=self._codec.switches.numbers)
        params = {"Id": number, **told}
        self._send({"jsonrpc": "2.0", "method": "xFeedback/Event", "params": params})

    def _hear(self, news: Tree) -> None:
        for number, wanted in tuple(self._wanted.items()):
            found = queries.branch(queries.select(news, wanted))
            if found is not None:
                self.tell(number, found)
