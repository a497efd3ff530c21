"""Transactions: a request until its final answer, sent again as RFC 3261 §17 says."""

import asyncio
from collections.abc import Callable

import msgspec

from connector.sip.message import Request, Response
from connector.sip.transport import Flow

Heard = Callable[[Response], None]


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds (RFC 3261 §17.1.1.1); tests bring shorter ones."""

    t1: float = 0.5
    """How long an answer takes on its way."""
    t2: float = 4.0
    """The longest time between two sendings."""

    @property
    def limit(self) -> float:
        """When nobody answers any more: timers B, F, H, J, L and M."""
        return 64 * self.t1


class NoAnswer(Exception):
    """Nobody answered in time, or the connection broke; `broken` tells which."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.broken = broken


class Client:
    """A request of ours."""

    def __init__(
        self,
        flow: Flow,
        request: Request,
        timers: Timers,
        heard: Heard | None = None,
    ) -> None:
        self.flow = flow
        self.request = request
        self.over: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.withdrawn = False
        """Whether it is to be cancelled as soon as somebody works on it."""
        self._timers = timers
        self._heard = heard
        self._invite = request.method == "INVITE"
        self._data = bytes(request)
        self._every = timers.t1
        self._proceeding = False
        self._ack = b""
        loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
        self._limit: asyncio.TimerHandle | None = loop.call_later(timers.limit, self._expired)
        if flow.name == "UDP":
            self._again = loop.call_later(self._every, self._resend)
        flow.send(self._data)

    @property
    def proceeding(self) -> bool:
        """Whether somebody works on it: only then may it be cancelled (RFC 3261 §9.1)."""
        return self._proceeding

    def take(self, response: Response) -> None:
        """An answer came, perhaps not for the first time."""
        if not response.final:
            self._provisional()
        elif not self.over.done():
            self._stop()
            if self._invite and not response.good:
                self._ack = bytes(ack(self.request, response))
            self.over.set_result(response)
        if self._ack and response.final:
            self.flow.send(self._ack)
        if self._heard is not None:
            self._heard(response)

    def broken(self) -> None:
        """The connection is gone."""
        self._stop()
        if not self.over.done():
            self.over.set_exception(NoAnswer(broken=True))

    def close(self) -> None:
        """Nobody waits any more."""
        self._stop()
        self.over.cancel()

    def _provisional(self) -> None:
        self._proceeding = True
        if self._invite:  # from here on whoever rings decides how long
            self._stop()

    def _resend(self) -> None:
        """Timers A and E."""
        self.flow.send(self._data)
        self._every *= 2
        if not self._invite:
            self._every = self._timers.t2 if self._proceeding else min(self._every, self._timers.t2)
        self._again = asyncio.get_running_loop().call_later(self._every, self._resend)

    def _expired(self) -> None:
        self._stop()
        if not self.over.done():
            self.over.set_exception(NoAnswer())

    def _stop(self) -> None:
        for timer in (self._again, self._limit):
            if timer is not None:
                timer.cancel()
        self._again = self._limit = None


def ack(request: Request, response: Response) -> Request:
    """The ACK for an INVITE that was refused; part of its transaction (RFC 3261 §17.1.1.3)."""
    kept = {"via", "from", "call-id", "max-forwards", "route"}
    fields = [field for field in request.fields if field[0] in kept]
    fields += [("to", response.first("to")), ("cseq", f"{request.number} ACK")]
    return Request(method="ACK", uri=request.uri, fields=tuple(fields))


def cancel(request: Request) -> Request:
    """The CANCEL for an INVITE (RFC 3261 §9.1)."""
    kept = {"via", "from", "to", "call-id", "max-forwards", "route"}
    fields = [field for field in request.fields if field[0] in kept]
    fields.append(("cseq", f"{request.number} CANCEL"))
    return Request(method="CANCEL", uri=request.uri, fields=tuple(fields))


class Server:
    """A request of somebody else, and what it is answered, as often as it is asked."""

    def __init__(self, flow: Flow, request: Request, timers: Timers) -> None:
        self.flow = flow
        self.request = request
        self.answered: Response | None = None
        """The last answer; None while there is none."""
        self._timers = timers
        self._every = timers.t1
        self._again: asyncio.TimerHandle | None = None
        self._until = 0.0

    def answer(self, response: Response) -> None:
        """Answer, the final answer once; that of an INVITE is sent until somebody confirms it."""
        if self.answered is not None and self.answered.final:
            return
        self.answered = response
        self.flow.send(bytes(response))
        # A 2xx is sent again over streams, too (§13.3.1.4): only the ends know that it came.
        again = response.final and (self.flow.name == "UDP" or response.good)
        if self.request.method == "INVITE" and again:
            loop = asyncio.get_running_loop()
            self._until = loop.time() + self._timers.limit
            self._again = loop.call_later(self._every, self._resend)

    def repeated(self) -> None:
        """The request came once more: so does its answer."""
        if self.answered is not None:
            self.flow.send(bytes(self.answered))

    def confirmed(self) -> None:
        """An ACK came."""
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _resend(self) -> None:
        """Timer G, and the 2xx of §13.3.1.4."""
        self.repeated()
        self._every = min(2 * self._every, self._timers.t2)
        loop = asyncio.get_running_loop()
        if loop.time() < self._until:
            self._again = loop.call_later(self._every, self._resend)
