"""A codec's WebSocket: JSON-RPC 2.0 on `/ws`, from RoomOS 10.19 wherever HTTP is (EP-21)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NoReturn

import aiohttp
import msgspec
from yarl import URL

from connector.endpoints.cisco import commands
from connector.endpoints.cisco.carrier import LIMIT, SECONDS, Login, NotOffered, Refused
from connector.endpoints.cisco.commands import Command
from connector.endpoints.cisco.documents import Document, element, json
from connector.endpoints.cisco.notices import unknown
from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.http import RETRY_AFTER_LIMIT, untrusted
from connector.outside import Outside

log = logging.getLogger(__name__)

HEARTBEAT = 30.0
"""Seconds between pings; half as long without an answer and the connection counts as gone."""
CLOSE_LIMIT = 2.0
RATE_PAUSE = timedelta(seconds=60)
"""How long to leave a codec alone that has had too many connections (503)."""

Heard = Callable[[Document], None]
"""Takes an `Event` or `Status` that the codec told by itself."""


class Socket:
    """One open connection."""

    __slots__ = ("_asked", "_heard", "_last", "_lost", "_on_lost", "_ws")

    def __init__(
        self, ws: aiohttp.ClientWebSocketResponse, heard: Heard, on_lost: Callable[[], None]
    ) -> None:
        self._ws = ws
        self._heard = heard
        self._on_lost = on_lost
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._last = 0
        self._lost: ConnectorError | None = None

    async def run(self, command: Command) -> Document:
        """Give a command; its result."""
        method, said = commands.as_call(command)
        result = element("Result", await self._ask(method, said))
        if result.get("status", "OK") != "OK":
            raise Refused
        return result

    async def read(self, *path: str) -> Document:
        """A part of the status; empty where the codec does not tell."""
        try:
            found = await self._ask("xGet", {"Path": ["Status", *path]})
        except Refused:
            return element("Status", {})
        for name in reversed(path):
            found = {name: found}
        return element("Status", found)

    async def subscribe(self, *path: str) -> None:
        """Be told of this from now on, for as long as the connection stands."""
        await self._ask("xFeedback/Subscribe", {"Query": list(path), "NotifyCurrentValue": False})

    def check(self) -> None:
        """Whether it still stands.

        Raises:
            Unavailable, Malformed: no, and why.
        """
        if self._lost is not None:
            raise type(self._lost)(str(self._lost), reason=self._lost.reason)

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self.check()
        self._last += 1
        number = self._last
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            async with asyncio.timeout(SECONDS):
                await self._ws.send_str(msgspec.json.encode(call).decode())
                return _result(await answer)
        except TimeoutError as error:
            raise Unavailable(f"no answer within {SECONDS:g} s", reason="timeout") from error
        except (OSError, aiohttp.ClientError) as error:
            raise Unavailable("the connection broke off", reason="broken_off") from error
        finally:
            del self._asked[number]

    async def listen(self) -> None:
        """Take what comes until the connection ends; whoever waits is told so."""
        lost: ConnectorError = Unavailable("the connection broke off", reason="broken_off")
        try:
            async for message in self._ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(json(message.data))
            if isinstance(self._ws.exception(), aiohttp.WebSocketError):
                lost = Malformed("what comes is no WebSocket message", reason="not_json")
        except ConnectorError as error:
            lost = error
        except Exception as error:  # noqa: BLE001 - else nobody would listen, and nobody know
            log.error("what a codec tells could not be taken: %s", type(error).__name__)
        self.lose(lost)
        self._on_lost()

    def lose(self, why: ConnectorError) -> None:
        """It does not stand any more: whoever waits for an answer is told so."""
        self._lost = self._lost or why
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(why)

    def _take(self, message: Any) -> None:
        """An answer, or something that the codec told by itself."""
        if not isinstance(message, dict):
            raise Malformed("what comes is no JSON-RPC", reason="not_json")
        answer = self._asked.get(message["id"]) if isinstance(message.get("id"), int) else None
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif message.get("method") == "xFeedback/Event" and isinstance(message.get("params"), dict):
            for name in ("Event", "Status"):
                if name in message["params"]:
                    self._heard(element(name, message["params"][name]))
        elif "method" in message:
            unknown(f"a message {message['method']}")


def _result(message: dict[str, Any]) -> Any:
    """What an answer says, or the error that it is (endpoints.md 2.7)."""
    error = message.get("error")
    if error is None:
        return message.get("result")
    match error.get("code") if isinstance(error, dict) else None:
        case -31999:
            raise Denied(
                "the user may not do this at the codec",
                reason="access_denied",
                fix="give the local user the role Admin",
            )
        case -31997 | -32603:
            raise Unavailable("the codec is not ready", reason="service_error")
        case -32600 | -32700:
            raise Malformed("the codec does not understand", reason="request_refused")
        case _:
            raise Refused


@asynccontextmanager
async def opened(
    outside: Outside,
    url: URL,
    login: Login,
    *,
    heard: Heard = lambda _: None,
    on_lost: Callable[[], None] = lambda: None,
) -> AsyncIterator[Socket]:
    """Hold a connection; it is closed in the end, whatever happens.

    Raises:
        NotOffered: there is no WebSocket at this codec.
        Unavailable, Denied, Malformed: named after who must act.
    """
    async with login.trying():
        ws = await _upgraded(outside, url, login)
        login.accept()
    socket = Socket(ws, heard, on_lost)
    listening = asyncio.create_task(socket.listen())
    try:
        yield socket
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        socket.lose(Unavailable("the connection was ended", reason="broken_off"))
        await ws.close()


async def _upgraded(outside: Outside, url: URL, login: Login) -> aiohttp.ClientWebSocketResponse:
    secure = url.scheme == "https"
    try:
        async with asyncio.timeout(SECONDS):
            return await outside.sockets.ws_connect(
                url.with_scheme("wss" if secure else "ws") / "ws",
                headers=login.basic,
                ssl=outside.tls if secure else True,
                heartbeat=HEARTBEAT,
                max_msg_size=LIMIT,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_LIMIT),
            )
    except aiohttp.WSServerHandshakeError as error:
        _refused(error, login, secure=secure)
    except TimeoutError as error:
        raise Unavailable(f"no answer within {SECONDS:g} s", reason="timeout") from error
    except (aiohttp.ServerFingerprintMismatch, aiohttp.ClientSSLError) as error:
        raise untrusted(error) from error
    except aiohttp.ClientConnectorError as error:
        raise Unavailable("no connection", reason="unreachable", everywhere=True) from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable("the connection broke off", reason="broken_off") from error
    except ValueError as error:  # what aiohttp raises for bad framing and impossible headers
        raise Malformed("the answer is not HTTP", reason="not_http") from error


def _refused(error: aiohttp.WSServerHandshakeError, login: Login, *, secure: bool) -> NoReturn:
    """What it means that the codec did not change to WebSocket (endpoints.md 2.7)."""
    match error.status:
        case 403:
            login.refuse()
        case 401 if secure:
            login.refuse()
        case 502:
            raise Unavailable("the codec is restarting", reason="service_error") from error
        case 503:
            raise Unavailable(
                "the codec has had too many connections",
                reason="throttled",
                retry_after=_pause(error),
            ) from error
        case _:
            raise NotOffered from error


def _pause(error: aiohttp.WSServerHandshakeError) -> timedelta:
    """How long to leave the codec alone."""
    said = error.headers.get("Retry-After", "") if error.headers else ""
    asked = timedelta(seconds=int(said[:9])) if said.isascii() and said.isdigit() else RATE_PAUSE
    return min(asked, RETRY_AFTER_LIMIT)
