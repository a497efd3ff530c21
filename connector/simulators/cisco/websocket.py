"""The WebSocket of a unit: who may open one, and the questions and news on it."""

import asyncio
import contextlib
from base64 import urlsafe_b64decode
from collections import deque
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from connector.simulators.cisco import calling, login
from connector.simulators.cisco.address import codec_of
from connector.simulators.cisco.calling import Question, Refused, Subscriptions
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.faults import HUGE
from connector.simulators.cisco.login import NotLoggedIn
from connector.simulators.cisco.markup import SIZE_LIMIT

PATH = "/ws"
AUTH = "auth-"
LOGGED = web.RequestKey("LOGGED", bool)
"""Whether a request was written down when it began."""
MINUTE = timedelta(minutes=1)
GOING_AWAY = 1001


async def websocket(request: web.Request) -> web.StreamResponse:
    """Open a WebSocket and answer on it until somebody closes it."""
    codec = codec_of(request)
    refusal = _refusal(request, codec)
    if refusal:
        return web.Response(status=refusal)
    offered = _offered(request)
    answer = web.WebSocketResponse(
        protocols=[offered] if offered else [], max_msg_size=SIZE_LIMIT, timeout=1.0
    )
    await answer.prepare(request)
    codec.log("GET", PATH, 101, peer=request.remote or "", user=request[login.USER])
    request[LOGGED] = True
    await _Line(codec, answer, request).run()
    return answer


def _refusal(request: web.Request, codec: Codec) -> int:
    """The status that refuses a WebSocket, 0 where nothing does."""
    settings = codec.configuration
    if (
        "NetworkServices/Websocket" not in settings
        or settings["NetworkServices/Websocket"] == "Off"
    ):
        return 404
    if not request.secure and "HTTP+" not in settings["NetworkServices/HTTP/Mode"]:
        return 401
    if _too_often(codec):
        return 503
    try:
        name, password = _credentials(request)
    except NotLoggedIn:
        return 401
    request[login.USER] = name
    return 0 if codec.log_in(name, password) else 403


def _too_often(codec: Codec) -> bool:
    """Whether more were opened within a minute than the unit lets."""
    now, rate = codec.now(), codec.switches.websocket_rate
    while codec.opened and now - codec.opened[0] >= MINUTE:
        codec.opened.popleft()
    if rate and len(codec.opened) >= rate:
        return True
    codec.opened.append(now)
    return False


def _offered(request: web.Request) -> str:
    """The subprotocol with the credentials, if it was offered."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    return next((one.strip() for one in offered if one.strip().startswith(AUTH)), "")


def _credentials(request: web.Request) -> tuple[str, str]:
    """Name and password from the header or the subprotocol."""
    offered = _offered(request).removeprefix(AUTH)
    if not offered:
        return login.basic(request.headers.get("Authorization", ""))
    try:
        text = urlsafe_b64decode(offered + "=" * (-len(offered) % 4)).decode()
    except ValueError as error:
        raise NotLoggedIn from error
    name, colon, password = text.partition(":")
    if not colon:
        raise NotLoggedIn
    return name, password


class _Line:
    """One open WebSocket."""

    def __init__(self, codec: Codec, answer: web.WebSocketResponse, request: web.Request) -> None:
        self.codec = codec
        self.answer = answer
        self.user = request[login.USER]
        self.peer = request.remote or ""
        self.transport = request.transport
        self.waiting: deque[bytes] = deque()
        self.more = asyncio.Event()
        self.subscriptions = Subscriptions(codec, self.send)

    def send(self, message: Any) -> None:
        """Put a message behind those that wait to be sent."""
        self.waiting.append(msgspec.json.encode(message))
        self.more.set()

    def cut(self) -> None:
        """Break the connection."""
        # CPython 3.11's TLS transports raise this once they were closed twice.
        with contextlib.suppress(AttributeError):
            if self.transport is not None:
                self.transport.abort()

    async def run(self) -> None:
        """Answer until the connection ends."""
        self.codec.lines.add(self.cut)
        writing = asyncio.create_task(self._write())
        try:
            async for message in self.answer:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    await self._hear(message.data)
        finally:
            self.codec.lines.discard(self.cut)
            self.subscriptions.close()
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await writing

    async def _write(self) -> None:
        while True:
            await self.more.wait()
            self.more.clear()
            while self.waiting:
                await self.answer.send_str(self.waiting.popleft().decode())

    async def _hear(self, data: str | bytes) -> None:
        """Answer one message."""
        raw = data if isinstance(data, str) else data.decode("utf-8", "replace")
        try:
            question = calling.asked(raw)
        except Refused as refused:
            self._log("", refused.code)
            self.send({"jsonrpc": "2.0", "id": None, "error": refused.error()})
            return
        head: dict[str, Any] = {"jsonrpc": "2.0", "id": question.id}
        try:
            await self._suffer(question)
            result, after = self._answer(question, raw)
        except Refused as refused:
            self._log(question.method, refused.code)
            self._reply({**head, "error": refused.error()})
            return
        self._log(question.method, 200)
        self._reply({**head, "result": result})
        for number, tree in after:
            self.subscriptions.tell(number, tree)

    def _reply(self, message: dict[str, Any]) -> None:
        """Answer who wants an answer: a request without an id does not."""
        if message["id"] is not None:
            self.send(message)

    def _log(self, method: str, status: int) -> None:
        self.codec.log("WS", f"{PATH}/{method}", status, peer=self.peer, user=self.user)

    async def _suffer(self, question: Question) -> None:
        """Let the next fault strike this message."""
        fault = self.codec.faults.strike(f"{PATH}/{question.method}", message=True)
        if fault is None:
            return
        if fault.seconds:
            await self.codec.sleep(fault.seconds)
        match fault.kind:
            case "rpc":
                raise Refused(fault.code)
            case "error" | "parameter_error":
                word = "Error" if fault.kind == "error" else "ParameterError"
                code = calling.COMMAND if fault.kind == "error" else calling.PARAMETER
                raise Refused(code, {"status": word, "Reason": "Trouble on request"})
            case "hang":
                await asyncio.Event().wait()
            case "drop":
                self.cut()
                raise asyncio.CancelledError
            case "malformed":
                self.waiting.append(b'{"jsonrpc": "2.0", "id"')
                self.more.set()
            case "huge":
                self.send("x" * HUGE)
            case _:
                pass

    def _answer(self, question: Question, raw: str) -> tuple[Any, list[tuple[int, Any]]]:
        """What a question gets, and what is told after it."""
        codec, params = self.codec, question.params
        match question.method:
            case "xGet":
                return calling.get(codec, params), []
            case "xQuery":
                return calling.query(codec, params), []
            case "xSet":
                return calling.change(codec, params, self.user), []
            case "xFeedback/Subscribe":
                number, now = self.subscriptions.add(params)
                return {"Id": number}, [(number, tree) for tree in now]
            case "xFeedback/Unsubscribe":
                return self.subscriptions.remove(params), []
            case method if method.startswith("xCommand/"):
                return calling.command(codec, question, self.user, raw), []
            case _:
                raise Refused(calling.METHOD)
