"""The command line's way to the running appliance: its HTTP API over its control socket."""

import http.client
import os
import socket
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from bridge.settings import files
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Secrets
from bridge.settings.typed import Reader

RUNTIME = Path("/run/roombridge/control.sock")
SECONDS = 30.0
NO_CONTENT = 204
Query = Mapping[str, str | None] | None


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


def ask(
    given: Namespace,
    method: str,
    path: str,
    *,
    query: Query = None,
    body: object = None,
    seconds: float = SECONDS,
) -> Any:  # what the API answers
    """One question to the running appliance.

    Raises:
        NotRunning: no appliance answers on its socket.
        Refused: it answered with a problem.
    """
    if body is None:
        return _meaning(*_exchanged(given, (method, path, query), b"", "", seconds))
    sent = msgspec.json.encode(body)
    kind = "application/json"
    return _meaning(*_exchanged(given, (method, path, query), sent, kind, seconds))


def fetch(given: Namespace, path: str, *, query: Query = None, seconds: float = SECONDS) -> bytes:
    """What the running appliance has there, as it is.

    Raises:
        NotRunning: no appliance answers on its socket.
        Refused: it answered with a problem.
    """
    status, content = _exchanged(given, ("GET", path, query), b"", "", seconds)
    if status >= 400:
        _meaning(status, content)
    return content


def send(
    given: Namespace,
    path: str,
    content: bytes,
    kind: str,
    *,
    query: Query = None,
    seconds: float = SECONDS,
) -> Any:  # what the API answers
    """Something that is no JSON, brought to the running appliance.

    Raises:
        NotRunning: no appliance answers on its socket.
        Refused: it answered with a problem.
    """
    return _meaning(*_exchanged(given, ("POST", path, query), content, kind, seconds))


def _exchanged(
    given: Namespace, asked: tuple[str, str, Query], body: bytes, kind: str, seconds: float
) -> tuple[int, bytes]:
    """The status of an answer and what is in it."""
    method, path, query = asked
    told = {name: value for name, value in (query or {}).items() if value is not None}
    target = f"/api/v1{path}" + (f"?{urlencode(told)}" if told else "")
    headers = {"Content-Type": kind} if kind else {}
    for place in (RUNTIME, _data_dir(given.config) / "control.sock"):
        connection = _OverSocket(place, seconds)
        try:
            connection.request(method, target, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (FileNotFoundError, ConnectionRefusedError):
            continue
        except PermissionError as error:
            raise Refused(f"{place} is not for {os.environ.get('USER', 'you')}") from error
        except OSError as error:
            raise NotRunning(f"{place}: {error}") from error
        finally:
            connection.close()
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
