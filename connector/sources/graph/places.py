"""The rooms that Microsoft 365 knows (https://learn.microsoft.com/graph/api/place-list)."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from connector.discovery import FoundRoom, Tell, silent
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.fingerprint import fingerprint_bytes
from connector.http import Answer
from connector.sources.graph.service import Service

PROGRAM = "connector.sources.graph.places_process"
SECONDS = 600.0
"""For all rooms of a tenant: a hundred pages take a minute or two."""
LIMIT = 64 << 20
"""Bytes of the answer: a hundred thousand rooms."""
PASSED_ON = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH")
"""What the process needs of the environment; it is shown nothing else of it."""


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """As in `places_process`."""

    found: int
    pages: int


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """As in `places_process`, which must not be imported here."""

    rooms: tuple[FoundRoom, ...] = ()
    requests: int = 0
    status: int = 0
    code: str = ""
    retry_after: str = ""
    failure: str = ""


async def discovered(service: Service, tell: Tell = silent) -> Sequence[FoundRoom]:
    """All rooms of the directory, with the lists that they are in.

    Raises:
        Unavailable, Denied, Malformed: named after who must act.
    """
    order = await _order(service)
    try:
        async with asyncio.timeout(SECONDS):
            outcome = await _asked(order, tell)
    except TimeoutError as error:
        raise Unavailable("no whole room list in time", reason="timeout") from error
    for _ in range(outcome.requests):
        service.outside.meter.count("discover")
    if outcome.status or outcome.failure:
        raise _meaning(service, outcome)
    return outcome.rooms


async def _order(service: Service) -> dict[str, object]:
    outside = service.outside
    route = outside.route(service.graph)
    files = (outside.ca_file, outside.trust.ca_file)
    pinned = fingerprint_bytes(outside.trust.fingerprint)
    return {
        "url": str(service.graph),
        "token": await service.identity.token(),
        "proxy": str(route["proxy"]) if route else None,
        "authorities": [str(file) for file in files if file is not None],
        "fingerprint": pinned.hex() if pinned else "",
    }


async def _asked(order: dict[str, object], tell: Tell) -> _Outcome:
    """The outcome of one process, which ends whatever becomes of the appliance."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # tracebacks may hold what was read
        env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        limit=LIMIT,
    )
    try:
        return await _answer_of(process, order, tell)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answer_of(
    process: asyncio.subprocess.Process, order: dict[str, object], tell: Tell
) -> _Outcome:
    if process.stdin is None or process.stdout is None:
        raise TypeError("a process without pipes")
    with suppress(ConnectionError):  # it ended at once: there will be no answer
        process.stdin.write(msgspec.json.encode(order))
        await process.stdin.drain()
    process.stdin.close()
    with suppress(ValueError):  # what is no JSON, and a line without end
        while line := await process.stdout.readline():
            if not line.startswith(b'{"found"'):
                return await asyncio.to_thread(msgspec.json.decode, line, type=_Outcome)
            step = msgspec.json.decode(line, type=_Step)
            tell(step.found, step.pages)
    raise Unavailable("the process that reads rooms ended without an answer", reason="unexpected")


_MALFORMED = {
    "pinned": (
        "certificate_changed",
        "the certificate is not the one whose fingerprint is configured",
    ),
    "certificate": ("certificate_untrusted", "TLS cannot be trusted"),
    "foreign": ("foreign_link", "the next page is at another host; refused"),
    "endless": ("endless_pages", "the room list's pages never end"),
}


def _meaning(service: Service, outcome: _Outcome) -> ConnectorError:
    """What went wrong, in our words."""
    if outcome.failure == "unreachable":
        return Unavailable("no connection", reason="unreachable", everywhere=True)
    if outcome.failure:
        usual = "wrong_shape", "the answer is not a list of rooms"
        reason, words = _MALFORMED.get(outcome.failure, usual)
        return Malformed(words, reason=reason, everywhere=reason.startswith("certificate"))
    headers = CIMultiDict({"Retry-After": outcome.retry_after} if outcome.retry_after else {})
    body = msgspec.json.encode({"error": {"code": outcome.code}})
    error = service.meaning(Answer(outcome.status, CIMultiDictProxy(headers), body))
    if isinstance(error, Denied) and outcome.status == 403:
        error.fix = "grant the application Place.Read.All in Entra: `roombridge guide entra`"
    return error
