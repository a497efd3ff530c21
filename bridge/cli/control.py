"""The command line's way to the running appliance: its HTTP API over its control socket."""

import http.client
import os
import socket
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from bridge.settings import files
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Secrets
from bridge.settings.typed import Reader

RUNTIME = Path("/run/roombridge/control.sock")
SECONDS = 30.0
PIECE = 64 << 10
"""Bytes of a long answer that are read at a time."""
NO_CONTENT = 204


class NotRunning(Exception):
    """No appliance answers."""


class Refused(Exception):
    """The appliance said no; the words say why."""

    def __init__(self, words: str, told: Mapping[str, Any] | None = None) -> None:
        super().__init__(words)
        self.told = told or {}
        """All that it answered (RFC 9457)."""


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path
        self._seconds = seconds

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._seconds)
        self.sock.connect(str(self._path))


class _Sent(NamedTuple):
    """What goes with a question."""

    body: bytes | None = None
    headers: Mapping[str, str] = {}


def ask(
    given: Namespace,
    method: str,
    path: str,
    *,
    query: dict[str, str | None] | None = None,
    body: object = None,
    headers: dict[str, str] | None = None,
    seconds: float = SECONDS,
) -> Any:  # what the API answers
    """One question to the running appliance.

    Raises:
        NotRunning: no appliance answers on its socket.
        Refused: it answered with a problem.
    """
    message = _Sent()
    if body is not None:
        typed = {"Content-Type": "application/json", **(headers or {})}
        message = _Sent(msgspec.json.encode(body), typed)
    elif headers:
        message = _Sent(None, headers)
    with _answered(given, method, _target(path, query), message, seconds) as answer:
        return _meaning(answer.status, answer.read())


def send(
    given: Namespace,
    path: str,
    content: bytes,
    kind: str,
    *,
    query: dict[str, str | None] | None = None,
    seconds: float = SECONDS,
) -> Any:  # what the API answers
    """Bring something that is no JSON, of this media type, to the running appliance.

    Raises:
        NotRunning: no appliance answers on its socket.
        Refused: it answered with a problem.
    """
    message = _Sent(content, {"Content-Type": kind})
    with _answered(given, "POST", _target(path, query), message, seconds) as answer:
        return _meaning(answer.status, answer.read())


def fetch(
    given: Namespace,
    path: str,
    *,
    query: dict[str, str | None] | None = None,
    seconds: float = SECONDS,
) -> bytes:
    """What the running appliance has there, as it is.

    Raises:
        NotRunning: no appliance answers on its socket.
        Refused: it answered with a problem.
    """
    with _answered(given, "GET", _target(path, query), _Sent(), seconds) as answer:
        content = answer.read()
        if answer.status >= 400:
            _meaning(answer.status, content)
        return content


def lines(
    given: Namespace, path: str, *, query: dict[str, str | None] | None = None
) -> Iterator[bytes]:
    """The lines of an answer, as they come.

    Raises:
        NotRunning: no appliance answers on its socket, or not to the end.
        Refused: it answered with a problem.
    """
    with _answered(given, "GET", _target(path, query), _Sent(), SECONDS) as answer:
        if answer.status >= 400:
            _meaning(answer.status, answer.read())
        rest = b""
        # Its own lines end silently where the answer breaks off (`http.client` peeks).
        while piece := answer.read(PIECE):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line + b"\n" for line in whole)
        if rest:
            yield rest


def _target(path: str, query: dict[str, str | None] | None) -> str:
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    return f"/api/v1{path}" + (f"?{urlencode(asked)}" if asked else "")


@contextmanager
def _answered(
    given: Namespace,
    method: str,
    target: str,
    sent: "_Sent",
    seconds: float,
) -> Iterator[http.client.HTTPResponse]:
    """The beginning of an answer; while it is read, what goes wrong is told as ever."""
    for place in (RUNTIME, _data_dir(given.config) / "control.sock"):
        connection = _OverSocket(place, seconds)
        try:
            try:
                connection.request(method, target, *sent)
                answer = connection.getresponse()
            except (FileNotFoundError, ConnectionRefusedError):
                continue
            except PermissionError as error:
                raise Refused(f"{place} is not for {os.environ.get('USER', 'you')}") from error
            yield answer
        except BrokenPipeError:  # of who reads what we print
            raise
        except http.client.HTTPException as error:
            raise NotRunning(f"{place}: the answer broke off") from error
        except OSError as error:
            raise NotRunning(f"{place}: {error}") from error
        finally:
            connection.close()
        return
    raise NotRunning("no appliance runs with this configuration; `roombridge run` starts it")


def _meaning(status: int, content: bytes) -> Any:
    if status == NO_CONTENT:
        return None
    try:
        told = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise NotRunning("something else than an appliance answers") from error
    if status >= 400:
        raise Refused(told.get("detail") or told.get("title") or f"HTTP {status}", told)
    return told


def _data_dir(config: Path) -> Path:
    """Where the appliance of this configuration keeps its data; the rest may be wrong."""
    from bridge.settings.model import Site  # noqa: PLC0415 - see bridge.cli

    problems: list[Problem] = []
    node = files.document(config, problems)
    if node is not None:
        reader = Reader(config.parent, Secrets(set()))
        given = reader.given(Site, node, Place([], config), besides=["sources"]) or {}
        if isinstance(given.get("data_dir"), Path):
            return Path(given["data_dir"])
    return Site().data_dir


def told(function: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """A command that asks: what went wrong is told in words, with its exit status."""

    def command(given: Namespace) -> int:
        try:
            return function(given)
        except Refused as error:
            print(error, file=sys.stderr)
            return 1
        except NotRunning as error:
            print(error, file=sys.stderr)
            return 2

    return command
