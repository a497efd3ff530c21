"""A simulated SIP user agent as far as calls go."""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from connector.simulators.sip.call import Call, Line, Seen
from connector.simulators.sip.login import Gate
from connector.simulators.sip.media import answer_to, offer
from connector.simulators.sip.switches import Switches
from connector.simulators.sip.text import Broken, Place, Text, inner, parse, place, tag

T1 = 0.5
"""Seconds until something is sent again."""
GIVE_UP = 32.0
MEMORY = 10_000
"""Answers that are kept for requests that come again."""
WORDS = {100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 401: "Unauthorized",
    405: "Method Not Allowed", 420: "Bad Extension", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated",
    489: "Bad Event", 501: "Not Implemented", 603: "Decline"}  # fmt: skip


class Phone:
    """Calls, answers, hangs up, and keeps a log; it takes no orders."""

    def __init__(
        self,
        *,
        name: str = "room",
        switches: Switches | None = None,
        product: str = "Simulated/1.0",
    ) -> None:
        self.name = name
        self.product = product
        self.switches = switches or Switches()
        self.gate = Gate(self.switches)
        self.requests: deque[Seen] = deque(maxlen=10_000)
        """Every request that came, the unknown ones too; what was sent again counts once."""
        self.noticed: Callable[[Seen], None] | None = None
        """Who wants to be told of each request at once."""
        self.unknown: deque[str] = deque(maxlen=1000)
        """What came and made no sense, or had a method that is not known here."""
        self.called: list[str] = []
        """The request URI of every call that it made."""
        self.calls: dict[str, Call] = {}
        self.route: tuple[str, int] | None = None
        """Its outbound proxy: calls go there, whatever their address says."""
        self.at = ("", 0)
        self.more: dict[str, Callable[[Line, Text], Awaitable[None]]] = {}
        """What it understands beside calls."""
        self._answers: dict[tuple[str, str, str], bytes] = {}
        self._waiting: dict[tuple[str, int, str], asyncio.Queue[Text]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(
        self,
        host: str,
        port: int,
        udp: asyncio.DatagramTransport,
        connect: Callable[[str, int], Awaitable[Line]],
    ) -> None:
        """It is on the network from now on."""
        self.at = (host, port)
        self._udp = udp
        self._connect = connect

    def datagram(self, peer: tuple[str, int]) -> Callable[[bytes], None]:
        """How a datagram goes to somebody."""

        def send(data: bytes) -> None:
            if not self._udp.is_closing():
                self._udp.sendto(data, peer)

        return send

    async def stop(self) -> None:
        """Switch it off, without a word to anybody."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what comes

    def receive(self, line: Line, data: bytes) -> None:
        """A message came."""
        if self.switches.lose:
            self.switches.lose -= 1
            return
        if self.switches.accepts not in {"both", "udp" if line.transport == "udp" else "tcp"}:
            return
        try:
            text = parse(data)
        except Broken:
            self.unknown.append("no SIP")
            return
        if text.method:
            self._asked(line, text)
        elif waiting := self._waiting.get((text["Call-ID"], *text.sequence)):
            waiting.put_nowait(text)

    def _asked(self, line: Line, text: Text) -> None:
        """A request came, perhaps not for the first time."""
        key = (text["Via"], text["Call-ID"], text["CSeq"])
        if key in self._answers:
            if self._answers[key]:
                line.send(self._answers[key])
            return
        if len(self._answers) > MEMORY:
            self._answers.clear()
        if text.method != "ACK":
            self._answers[key] = b""
        seen = Seen(text.method, text.uri, line.transport, text)
        self.requests.append(seen)
        if self.noticed is not None:
            self.noticed(seen)
        self.spawn(self._take(line, text))

    async def _take(self, line: Line, text: Text) -> None:
        if self.switches.late:
            await asyncio.sleep(self.switches.late)
        call = self.calls.get(text["Call-ID"])
        if text.method == "ACK":
            self._acked(call, text)
        elif text.method == "OPTIONS":
            if self.admitted(line, text):
                self.answer(line, text, 200, ("Allow", "INVITE, ACK, CANCEL, BYE, REFER, OPTIONS"))
        elif text.method in self.more:
            await self.more[text.method](line, text)
        elif text.method == "INVITE":
            await self._invited(line, text, call)
        elif text.method in {"BYE", "INFO", "UPDATE", "CANCEL"}:
            self._within(line, text, call)
        else:
            self.unknown.append(text.method)
            self.answer(line, text, 501)

    def _within(self, line: Line, text: Text, call: Call | None) -> None:
        if call is None:
            self.answer(line, text, 481)
            return
        if text.method == "BYE":
            call.state = "over"
            del self.calls[call.id]
        if text.method == "CANCEL" and call.state == "calling" and call.invite is not None:
            call.state = "over"
            self.answer(line, call.invite, 487, to=call.ours)
        self.answer(line, text, 200)

    def _acked(self, call: Call | None, text: Text) -> None:
        if call is None:
            return
        if text.body:
            call.remote = text.body
        call.acked.set()
        if call.state == "over":
            self.calls.pop(call.id, None)
        else:
            call.state = "up"

    def admitted(self, line: Line, text: Text) -> bool:
        """Whether a request has a right login; if not, one is asked for."""
        if self.gate.admits(text):
            return True
        self.answer(line, text, 401, ("WWW-Authenticate", self.gate.challenge()))
        return False

    def answer(
        self,
        line: Line,
        text: Text,
        status: int,
        *more: tuple[str, str],
        to: str = "",
        body: str = "",
    ) -> Text:
        """Answer, with the fields that every answer repeats."""
        to = to or text["To"]
        if status > 100 and not tag(to):
            to += f";tag={secrets.token_hex(4)}"
        headers = [("Via", value) for value in text.every("Via")]
        headers += [("Record-Route", value) for value in text.every("Record-Route")]
        headers += [("From", text["From"]), ("To", to), ("Call-ID", text["Call-ID"])]
        headers += [("CSeq", text["CSeq"]), ("Server", self.product), *more]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        words = WORDS.get(status, "No")
        made = Text(start=f"SIP/2.0 {status} {words}", headers=headers, body=body)
        self._answers[text["Via"], text["Call-ID"], text["CSeq"]] = made.wire()
        line.send(made.wire())
        return made

    # --- calls out

    async def dial(
        self, uri: str, progress: Callable[[int], Awaitable[None]] | None = None
    ) -> Call:
        """Call somebody."""
        where = Place(*self.route, "udp") if self.route else place(uri)
        line = await self.way(where, None)
        ours = f"<sip:{self.name}@{self.at[0]}>;tag={secrets.token_hex(4)}"
        call = Call(
            id=secrets.token_hex(8), uri=uri, ours=ours, theirs=f"<{uri}>", target=uri, line=line
        )
        call.local = offer(self.at[0])
        self.calls[call.id] = call
        self.called.append(uri)
        invite = self.request("INVITE", call, ("Content-Type", "application/sdp"), body=call.local)
        answered = await self.ask(invite, call, progress)
        status = answered.status if answered else 408
        if answered is None or status >= 300:
            call.state = "over"
            del self.calls[call.id]
        else:
            self._met(call, answered)
        if progress is not None:
            await progress(status)
        return call

    def _met(self, call: Call, answered: Text) -> None:
        """It was answered: the call stands."""
        call.theirs = answered["To"]
        call.remote = answered.body or call.remote
        call.target = inner(answered["Contact"]) or call.target
        call.state = "up"
        ack = self.request("ACK", call)
        call.line.send(ack.wire())

    async def hang_up(self, call: Call) -> int:
        """End a call; the status of the answer, 0 for none."""
        call.number += 1
        call.state = "over"
        self.calls.pop(call.id, None)
        answered = await self.ask(self.request("BYE", call), call)
        return answered.status if answered else 0

    async def change(self, call: Call, *, with_offer: bool = True) -> int:
        """Ask for other media in mid-call; the status of the answer, 0 for none."""
        call.number += 1
        local = offer(self.at[0])
        more = [("Content-Type", "application/sdp")] if with_offer else []
        body = local if with_offer else ""
        answered = await self.ask(self.request("INVITE", call, *more, body=body), call)
        if answered is None or answered.status >= 300:
            return answered.status if answered else 0
        call.remote = answered.body
        call.local = local if with_offer else answer_to(answered.body, self.at[0])
        more = [] if with_offer else [("Content-Type", "application/sdp")]
        ack = self.request("ACK", call, *more, body="" if with_offer else call.local)
        call.line.send(ack.wire())
        return answered.status

    async def say(self, call: Call, method: str, kind: str, body: str) -> int:
        """Send something within a call, such as INFO; the status of the answer, 0 for none."""
        call.number += 1
        answered = await self.ask(
            self.request(method, call, ("Content-Type", kind), body=body), call
        )
        return answered.status if answered else 0

    # --- calls in

    async def _invited(self, line: Line, text: Text, call: Call | None) -> None:
        if call is None and not self.admitted(line, text):
            return
        if call is None:
            call = Call(
                id=text["Call-ID"], uri=text.uri, theirs=text["From"], direction="in",
                ours=f"{text['To']};tag={secrets.token_hex(4)}", target=inner(text["Contact"]),
                line=await self.way(place(text["Contact"]), line),
            )  # fmt: skip
            self.calls[call.id] = call
        call.invite = text
        call.acked.clear()
        if self.switches.rings:
            self.answer(line, text, 180, to=call.ours)
            await asyncio.sleep(self.switches.rings)
            if call.state == "over":
                return
        if self.switches.answers != 200:
            call.state = "over"
            self.answer(line, text, self.switches.answers, to=call.ours)
            return
        call.remote = text.body or call.remote
        call.local = answer_to(text.body, self.at[0]) if text.body else offer(self.at[0])
        contact = ("Contact", self.contact(line.transport))
        sent = self.answer(line, text, 200, contact, to=call.ours, body=call.local)
        await self._until_acked(call, line, sent)

    async def _until_acked(self, call: Call, line: Line, sent: Text) -> None:
        """Answer again until it is confirmed (§13.3.1.4)."""
        pause, waited = T1, 0.0
        while waited < GIVE_UP:
            try:
                async with asyncio.timeout(pause):
                    await call.acked.wait()
            except TimeoutError:
                line.send(sent.wire())
                waited += pause
                pause = min(2 * pause, 4.0)
            else:
                return
        call.state = "over"
        self.calls.pop(call.id, None)

    # --- the wire

    def contact(self, transport: str) -> str:
        """Where it is reached."""
        more = "" if transport == "udp" else f";transport={transport}"
        return f"<sip:{self.name}@{self.at[0]}:{self.at[1]}{more}>"

    def request(self, method: str, call: Call, *more: tuple[str, str], body: str = "") -> Text:
        """A request within a call."""
        transport = call.line.transport
        branch = f"z9hG4bK-{secrets.token_hex(6)}"
        headers = [
            ("Via", f"SIP/2.0/{transport.upper()} {self.at[0]}:{self.at[1]};rport;branch={branch}"),
            ("Max-Forwards", "70"),
            ("From", call.ours),
            ("To", call.theirs),
            ("Call-ID", call.id),
            ("CSeq", f"{call.number} {method}"),
            ("Contact", self.contact(transport)),
            ("User-Agent", self.product),
            *more,
        ]
        return Text(start=f"{method} {call.target} SIP/2.0", headers=headers, body=body)

    async def way(self, where: Place, line: Line | None) -> Line:
        """How somebody is reached: by the connection they opened, or anew."""
        if line is not None and line.transport != "udp":
            return line
        if where.transport == "tcp":
            return await self._connect(where.host, where.port)
        peer = (where.host, where.port)
        return Line("udp", *peer, self.datagram(peer))

    async def ask(
        self,
        request: Text,
        call: Call,
        progress: Callable[[int], Awaitable[None]] | None = None,
    ) -> Text | None:
        """The final answer to a request; None for none. What is refused is confirmed here."""
        key = (request["Call-ID"], *request.sequence)
        queue = self._waiting[key] = asyncio.Queue()
        pause, waited, working = T1, 0.0, False
        call.line.send(request.wire())
        while waited < GIVE_UP:
            try:
                async with asyncio.timeout(GIVE_UP if working else pause):
                    answered = await queue.get()
            except TimeoutError:
                waited += GIVE_UP if working else pause
                pause = min(2 * pause, 4.0)
                if call.line.transport == "udp" and not working:
                    call.line.send(request.wire())
                continue
            if answered.status >= 200:
                if request.method == "INVITE" and answered.status >= 300:
                    self._confirm(request, answered, call)
                return answered
            working = True
            if progress is not None:
                await progress(answered.status)
        return None

    def _confirm(self, request: Text, answered: Text, call: Call) -> None:
        kept = ("Via", "From", "Call-ID", "Max-Forwards")
        headers = [one for one in request.headers if one[0] in kept]
        headers += [("To", answered["To"]), ("CSeq", f"{request.sequence[0]} ACK")]
        call.line.send(Text(start=f"ACK {request.uri} SIP/2.0", headers=headers).wire())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something meanwhile."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
