"""One SIP element for all units: its sockets, and who is asked and answered by them."""

import asyncio
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
from ipaddress import IPv4Network, IPv6Network

import aiohttp
import msgspec

from connector.outside import within
from connector.sip.address import bracketed, named
from connector.sip.message import Field, NotSip, Request, Response, Via, read
from connector.sip.remembered import Remembered
from connector.sip.transaction import Client, Heard, NoAnswer, Server, Timers, cancel
from connector.sip.transport import DatagramFlow, Datagrams, Flow, Name, Stream, connected

log = logging.getLogger(__name__)

ALLOWED = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, INFO, UPDATE"
PRODUCT = "Room Calendar Bridge"
FIRST_LIMIT = 10.0
"""Seconds in which whoever connects has to say something."""
STREAMS = 500
"""Connections that others may hold open at a time."""
_METHODS = frozenset(
    (*ALLOWED.split(", "), "MESSAGE", "PRACK", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE")
)

Hearer = Callable[[Request, Server | None], None]
"""Takes a request within a conversation; an ACK has nothing to be answered by."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where another element is."""

    name: Name
    address: str
    """Its IP address."""
    port: int
    host: str = ""
    """As it was configured: what a certificate must name."""


class Stack:
    """Sockets that all units of one appliance share.

    They are opened when they are first needed. A unit that is not in a call costs nothing here.
    """

    def __init__(
        self,
        *,
        host: str = "",
        port: int = 0,
        timers: Timers = Timers(),  # noqa: B008 - a frozen value
        networks: Collection[IPv4Network | IPv6Network] | None = None,
    ) -> None:
        self.users = 0
        """Endpoints that share it."""
        self._host = host
        self._port = port
        self._timers = timers
        self._networks = networks
        self._datagrams: dict[bool, Datagrams] = {}
        self._streams: dict[tuple[Target, object], Stream] = {}
        self._accepted: set[Stream] = set()
        self._listening: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._clients: dict[tuple[str, str], Client] = {}
        self._servers = Remembered(2 * timers.limit)
        self._hearers: dict[str, Hearer] = {}
        self._met: set[str] = set()

    @asynccontextmanager
    async def reach(
        self, target: Target, tls: ssl.SSLContext | aiohttp.Fingerprint | None = None
    ) -> AsyncIterator[Flow]:
        """The way to another element, for as long as it is needed.

        Raises:
            OSError: there is none; transport.Changed, ssl.SSLError: it cannot be trusted.
        """
        if target.name == "UDP":
            async with self._opening:
                datagrams = await self._udp(six=":" in target.address)
            yield datagrams.flow((target.address, target.port))
            return
        stream = await self._stream(target, tls)
        stream.users += 1
        try:
            yield stream
        finally:
            stream.users -= 1
            if not stream.users:
                stream.close()

    async def ask(self, flow: Flow, request: Request, heard: Heard | None = None) -> Response:
        """Ask, and wait for the final answer; an INVITE is withdrawn where the caller is cancelled.

        `heard` is told every answer, those that follow a final one included.

        Raises:
            NoAnswer: none came.
        """
        client = self._begin(flow, with_via(request, flow), heard)
        try:
            return await asyncio.shield(client.over)
        except asyncio.CancelledError:
            if request.method == "INVITE":
                self._withdraw(client)
            else:
                self._end(client)
            raise

    def send(self, flow: Flow, request: Request) -> bytes:
        """Send what has no answer, an ACK for a 2xx; the same bytes may be sent again."""
        data = bytes(with_via(request, flow))
        flow.send(data)
        return data

    def post(self, flow: Flow, request: Request) -> None:
        """Ask without waiting for the answer; it is asked again until there is one."""
        self._begin(flow, with_via(request, flow))

    def hear(self, call_id: str, hearer: Hearer) -> None:
        """From now on requests of this conversation have somebody who takes them."""
        self._hearers[call_id] = hearer

    def deaf(self, call_id: str) -> None:
        """The conversation is over."""
        self._hearers.pop(call_id, None)

    async def close(self) -> None:
        """Close every socket; who still waits for an answer gets none."""
        for client in list(self._clients.values()):
            client.close()
        self._servers.close()
        for stream in [*self._streams.values(), *self._accepted]:
            stream.close()
        for datagrams in self._datagrams.values():
            datagrams.close()
        if self._listening is not None:
            self._listening.close()
        await asyncio.sleep(0)  # asyncio closes sockets in the next round

    def _begin(self, flow: Flow, request: Request, heard: Heard | None = None) -> Client:
        client = Client(flow, request, self._timers, heard)
        key = (request.via.branch, request.method)
        self._clients[key] = client
        client.over.add_done_callback(partial(self._answered, key, request.method == "INVITE"))
        return client

    def _answered(self, key: tuple[str, str], invite: bool, over: asyncio.Future[Response]) -> None:
        """Answers to an INVITE may still come again, and each has to be confirmed again."""
        if not over.cancelled():
            over.exception()  # told to whoever still waits
        if invite and not over.cancelled():
            loop = asyncio.get_running_loop()
            loop.call_later(self._timers.limit, self._clients.pop, key, None)
        else:
            self._clients.pop(key, None)

    def _end(self, client: Client) -> None:
        client.close()

    def _withdraw(self, client: Client) -> None:
        if client.over.done():
            return
        client.withdrawn = not client.proceeding
        if client.proceeding:
            self._begin(client.flow, cancel(client.request))

    async def _udp(self, *, six: bool) -> Datagrams:
        datagrams = self._datagrams.get(six)
        if datagrams is None:
            host = self._host or ("::" if six else "0.0.0.0")  # noqa: S104 - units call back
            _, datagrams = await asyncio.get_running_loop().create_datagram_endpoint(
                partial(Datagrams, self._take), local_addr=(host, self._port)
            )
            self._datagrams[six] = datagrams
        return datagrams

    async def _stream(
        self, target: Target, tls: ssl.SSLContext | aiohttp.Fingerprint | None
    ) -> Stream:
        key = (target, tls)
        stream = self._streams.get(key)
        if stream is not None and not stream.closed:
            return stream
        port = await self._listen() if target.name == "TCP" else 0
        stream = Stream(self._take, self._lost, target.name, port)
        # Nobody waits for another's connection; two to the same element do no harm.
        peer = target.address, target.port
        await connected(stream, peer, tls, target.host, self._host)
        self._streams[key] = stream
        return stream

    async def _listen(self) -> int:
        """Hear TCP, too; over TLS others answer by the connection that we opened."""
        async with self._opening:
            if self._listening is None:
                self._listening = await asyncio.get_running_loop().create_server(
                    self._accept, self._host or None, self._port
                )
        return int(self._listening.sockets[0].getsockname()[1])

    def _accept(self) -> Stream:
        return Stream(self._take, self._lost, "TCP", 0, accepted=True, opened=self._met_stream)

    def _met_stream(self, stream: Stream) -> None:
        """Somebody connected: welcome or not, and not for long unless a message comes."""
        if self._welcome(stream):
            asyncio.get_running_loop().call_later(FIRST_LIMIT, self._hurry, stream)

    def _hurry(self, stream: Stream) -> None:
        if not stream.heard:
            stream.close()

    def _lost(self, flow: Flow) -> None:
        for key in [key for key, stream in self._streams.items() if stream is flow]:
            del self._streams[key]
        if isinstance(flow, Stream):
            self._accepted.discard(flow)
        for client in [one for one in self._clients.values() if one.flow is flow]:
            client.broken()

    def _take(self, flow: Flow, data: bytes) -> None:
        """A message came from somewhere."""
        if not self._welcome(flow):
            return
        try:
            message = read(data)
            if isinstance(message, Response):
                self._response(message)
            else:
                self._request(flow, message)
        except NotSip as error:
            if data.strip():
                self._once(f"what came by SIP makes no sense: {error}")

    def _welcome(self, flow: Flow) -> bool:
        """Whether a message may come from there."""
        peer = flow.peer.partition("%")[0].removeprefix("::ffff:")
        if not peer or (self._networks is not None and not within(peer, self._networks)):
            if isinstance(flow, Stream):
                flow.close()
            return False
        if isinstance(flow, Stream) and flow.accepted and flow not in self._accepted:
            if len(self._accepted) >= STREAMS:
                flow.close()
                return False
            self._accepted.add(flow)
        return True

    def _response(self, response: Response) -> None:
        client = self._clients.get((response.via.branch, response.kind))
        if client is None:
            return
        client.take(response)
        if client.withdrawn and client.proceeding:
            self._withdraw(client)

    def _request(self, flow: Flow, request: Request) -> None:
        top = request.via
        flow, request = answerable(flow, request, top)
        method = "INVITE" if request.method == "ACK" else request.method
        key = (top.branch, f"{top.host}:{top.port}", method)
        server = self._servers.get(key)
        hearer = self._hearers.get(request.call_id)
        if request.method == "ACK":
            if server is not None:
                server.confirmed()
            elif hearer is not None:
                hearer(request, None)
            return
        if server is not None:
            server.repeated()
            return
        server = Server(flow, request, self._timers)
        self._servers.add(key, server)
        needed = [] if method == "CANCEL" else request.each("require")
        if needed:  # nothing beyond RFC 3261 is promised (§8.2.2.3)
            server.answer(reply(request, 420, "Bad Extension", ("unsupported", ", ".join(needed))))
        elif hearer is None:
            self._unknown(request, server)
        else:
            hearer(request, server)

    def _unknown(self, request: Request, server: Server) -> None:
        """Nobody is waiting for this."""
        method = request.method if request.method in _METHODS else "of another method"
        self._once(f"a SIP request that belongs to no call: {method}")
        inside = False
        with suppress(NotSip):
            inside = bool(named(request.first("to")).tag)
        if inside or request.method in {"CANCEL", "NOTIFY"}:
            server.answer(reply(request, 481, "Call/Transaction Does Not Exist"))
        elif request.method == "OPTIONS":
            server.answer(reply(request, 200, "OK", ("allow", ALLOWED)))
        else:
            server.answer(reply(request, 405, "Method Not Allowed", ("allow", ALLOWED)))

    def _once(self, words: str) -> None:
        """Say something that others could make us say without end."""
        if words not in self._met:
            self._met.add(words)
            log.info("%s; said once", words)


def with_via(request: Request, flow: Flow) -> Request:
    """A request that says where its answer goes; with a CANCEL that is settled already."""
    host, port = flow.local
    branch = f"z9hG4bK{secrets.token_hex(12)}"
    value = f"SIP/2.0/{flow.name} {bracketed(host)}:{port};branch={branch};rport"
    return msgspec.structs.replace(request, fields=(("via", value), *request.fields))


def answerable(flow: Flow, request: Request, top: Via) -> tuple[Flow, Request]:
    """Where answers go over UDP: to the source, at its port where it asks for that (RFC 3581)."""
    if not isinstance(flow, DatagramFlow):
        return flow, request
    seen = f";received={flow.peer}"
    if "rport" in top.parameters:
        seen += f";rport={flow.port}"
    else:
        flow = flow.to(top.port or 5060)
    first, *more = request.each("via")
    kept = ";".join(
        part
        for part in first.split(";")
        if part.strip().lower().partition("=")[0] not in {"rport", "received"}
    )
    values = [("via", kept + seen), *(("via", one) for one in more)]
    return flow, msgspec.structs.replace(request, fields=(*values, *request.without("via")))


def reply(
    request: Request, status: int, reason: str, *more: Field, tag: str = "", body: bytes = b""
) -> Response:
    """An answer with the fields that every answer repeats (RFC 3261 §8.2.6)."""
    kept = {"via", "from", "call-id", "cseq", "record-route"}
    fields = [field for field in request.fields if field[0] in kept]
    to = request.first("to")
    with suppress(NotSip):
        if status > 100 and not named(to).tag:
            to = f"{to};tag={tag or secrets.token_hex(6)}"
    return Response(
        status=status,
        reason=reason,
        fields=(*fields, ("to", to), ("server", PRODUCT), *more),
        body=body,
    )


__all__ = ["ALLOWED", "PRODUCT", "Hearer", "NoAnswer", "Stack", "Target", "reply"]
