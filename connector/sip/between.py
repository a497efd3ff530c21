"""A call between two others, made by somebody who stays in between: third-party call control.

RFC 3725 §4.1 (flow I): the first party is invited without a description of media, what it offers
is offered to the second, and each gets the other's answer. Descriptions pass through unread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from copy import copy
from typing import Any, Literal

from connector.sip.dialog import Challenged, Dialog, allowing
from connector.sip.message import Field, NotSip, Request, Response
from connector.sip.stack import reply
from connector.sip.transaction import NoAnswer, Server
from connector.sip.transport import Flow

RING = 60.0
"""Seconds that the first party may ring."""
ANSWER = 25.0
"""Seconds for the second: the first repeats its answer for 32 s, then it gives up."""
FAREWELL = 3.0
"""Seconds for the answer to a BYE; the call is over without one, too."""
_PASSED_ON = {"INFO", "UPDATE", "MESSAGE"}

State = Literal["dialling", "ringing", "connected", "ending"]
Follow = Callable[[str, Flow], Awaitable[Flow]]
"""The flow to a URI where a dialog leads, or the one that is used now."""


class Refused(Exception):
    """One of the two said no, with this answer; None where its answer makes no sense."""

    def __init__(self, response: Response | None, *, second: bool) -> None:
        super().__init__()
        self.response = response
        self.second = second


class HungUp(Exception):
    """The first party left before the second answered."""


class Leg:
    """The dialog with one of the two."""

    def __init__(self, dialog: Dialog, follow: Follow, ringing: Callable[[], None]) -> None:
        self.dialog = dialog
        self.up = False
        self.inviting = False
        self.waiting: dict[int, tuple[Server, asyncio.Future[Request]]] = {}
        """Invitations by the other end that it has not confirmed yet."""
        self._follow = follow
        self._ringing = ringing
        self._confirmed: dict[int, bytes] = {}
        self._left = False

    async def invite(self, kind: str = "", body: bytes = b"") -> Response:
        """Invite, or invite anew; `confirm` is due after a good answer.

        Raises:
            NoAnswer, Challenged: as of any request. NotSip: the answer makes no sense.
        """
        self.inviting = True
        try:
            response = await self.dialog.ask(
                "INVITE", *allowing(), kind=kind, body=body, heard=self._heard
            )
        except asyncio.CancelledError:
            self._left = not self.up
            raise
        finally:
            self.inviting = False
        if response.good and self.up:
            self.dialog.aim(response)
        elif response.good:
            self.dialog.learn(response)
            self.up = True
            self.dialog.flow = await self._follow(self.dialog.next_hop, self.dialog.flow)
        return response

    def confirm(self, response: Response, kind: str = "", body: bytes = b"") -> None:
        """Send the ACK for a good answer."""
        request = self.dialog.acknowledgement(response.number, kind=kind, body=body)
        self._confirmed[response.number] = self.dialog.stack.send(self.dialog.flow, request)

    async def leave(self) -> None:
        """Send BYE where there is a call."""
        if not self.up:
            return
        self.up = False
        with suppress(NoAnswer, Challenged, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self.dialog.ask("BYE")

    def _heard(self, response: Response) -> None:
        if 180 <= response.status < 200:
            self._ringing()
        if not response.good:
            return
        known = self._confirmed.get(response.number)
        with suppress(NotSip):
            if self._left or (known and self.dialog.is_other(response)):
                self._turn_away(response)
            elif known:
                self.dialog.flow.send(known)

    def _turn_away(self, response: Response) -> None:
        """Somebody answered whom nobody waits for: a fork, or a CANCEL that came too late."""
        other = copy(self.dialog)
        other.learn(response)
        stack = other.stack
        stack.send(other.flow, other.acknowledgement(response.number))
        stack.post(other.flow, other.request("BYE"))


class Between:
    """One call between two parties."""

    def __init__(self, first: Dialog, second: Callable[[], Awaitable[Dialog]], follow: Follow):
        self.state: State = "dialling"
        self.over = asyncio.Event()
        self.first = Leg(first, follow, self._ringing)
        self._second = second
        self._follow = follow
        self._other: Leg | None = None
        self._inviting: asyncio.Task[Response] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        first.stack.hear(first.call_id, self._hearer(lambda: self.first, lambda: self._other))

    @property
    def id(self) -> str:
        """What the call goes by."""
        return self.first.dialog.call_id

    async def make(self) -> None:
        """Connect the two.

        Raises:
            Refused, HungUp, NoAnswer, Challenged, TimeoutError: there is no call, and nobody is
            left in one.
        """
        try:
            async with asyncio.timeout(RING):
                offered = await self.first.invite()
        except NotSip:
            raise Refused(None, second=False) from None
        if not offered.good:
            raise Refused(offered, second=False)
        try:
            async with asyncio.timeout(ANSWER):
                answered = await self._reach_second(offered)
        except BaseException:
            self.first.confirm(offered)  # without it BYE would come before the call
            await self.end()
            raise
        self.first.confirm(offered, answered.first("content-type"), answered.body)
        self.state = "connected"

    async def _reach_second(self, offered: Response) -> Response:
        if not offered.body:
            raise Refused(None, second=False)
        dialog = await self._second()
        if not self.first.up:
            raise HungUp
        leg = self._other = Leg(dialog, self._follow, self._ringing)
        dialog.stack.hear(dialog.call_id, self._hearer(lambda: leg, lambda: self.first))
        inviting = asyncio.create_task(leg.invite(offered.first("content-type"), offered.body))
        self._inviting = inviting
        try:
            answered = await inviting
        except NotSip:
            raise Refused(None, second=True) from None
        except asyncio.CancelledError:
            if self.first.up:
                raise
            raise HungUp from None
        if not answered.good:
            raise Refused(answered, second=True)
        leg.confirm(answered)
        return answered

    async def end(self) -> None:
        """End it for both."""
        self.state = "ending"
        legs = [leg for leg in (self.first, self._other) if leg is not None]
        await asyncio.gather(*(leg.leave() for leg in legs))
        self.over.set()

    async def close(self) -> None:
        """End it, and forget it."""
        await self.end()
        for task in list(self._tasks):
            task.cancel()
        for leg in (self.first, self._other):
            if leg is not None:
                leg.dialog.stack.deaf(leg.dialog.call_id)

    def _ringing(self) -> None:
        if self.state == "dialling":
            self.state = "ringing"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hearer(
        self, mine: Callable[[], Leg], others: Callable[[], Leg | None]
    ) -> Callable[[Request, Server | None], None]:
        def hear(request: Request, server: Server | None) -> None:
            if server is None:
                _confirmed(mine(), request)
            else:
                self._asked(mine(), others(), request, server)

        return hear

    def _asked(self, leg: Leg, other: Leg | None, request: Request, server: Server) -> None:
        """One end wants something."""
        if request.method == "BYE":
            leg.up = False
            server.answer(reply(request, 200, "OK"))
            if self._inviting is not None:
                self._inviting.cancel()
            self._spawn(self.end())
        elif request.method in {"OPTIONS", "CANCEL"}:
            server.answer(reply(request, 200, "OK"))
        elif other is None or not other.up or not leg.up:
            server.answer(reply(request, 481, "Call/Transaction Does Not Exist"))
        elif request.method == "INVITE":
            self._spawn(_reinvited(leg, other, request, server))
        elif request.method in _PASSED_ON:
            self._spawn(_passed_on(other, request, server))
        else:
            server.answer(reply(request, 501, "Not Implemented"))


def _confirmed(leg: Leg, request: Request) -> None:
    waiting = leg.waiting.pop(request.number, None)
    if waiting is not None:
        server, confirmation = waiting
        server.confirmed()
        if not confirmation.done():
            confirmation.set_result(request)


async def _passed_on(other: Leg, request: Request, server: Server) -> None:
    """What one end says to the other about the call: pictures wanted anew, tones."""
    try:
        answered = await other.dialog.ask(
            request.method, *_kept(request), kind=request.first("content-type"), body=request.body
        )
    except (NoAnswer, Challenged):
        server.answer(reply(request, 408, "Request Timeout"))
        return
    answer = reply(request, answered.status, answered.reason)
    server.answer(answer.with_body(answered.first("content-type"), answered.body))


def _kept(request: Request) -> tuple[Field, ...]:
    return tuple(field for field in request.fields if field[0] == "info-package")


async def _reinvited(leg: Leg, other: Leg, request: Request, server: Server) -> None:
    """One end wants other media: the other is asked, and what it answers comes back."""
    if other.inviting or leg.inviting or other.waiting:
        server.answer(reply(request, 491, "Request Pending"))  # both at once: RFC 3261 §14.2
        return
    server.answer(reply(request, 100, "Trying"))
    try:
        leg.dialog.aim(request)
        async with asyncio.timeout(ANSWER):
            answered = await other.invite(request.first("content-type"), request.body)
    except (NoAnswer, Challenged, NotSip, TimeoutError):
        server.answer(reply(request, 504, "Server Time-out"))
        return
    if not answered.good:
        server.answer(reply(request, answered.status, answered.reason))
        return
    confirmation: asyncio.Future[Request] = asyncio.get_running_loop().create_future()
    leg.waiting[request.number] = server, confirmation
    answer = reply(request, 200, "OK", leg.dialog.contact)
    server.answer(answer.with_body(answered.first("content-type"), answered.body))
    if request.body:
        other.confirm(answered)
        return
    # Who invites without an offer answers in its ACK.
    try:
        async with asyncio.timeout(ANSWER):
            ack = await confirmation
    except TimeoutError:
        leg.waiting.pop(request.number, None)
        other.confirm(answered)
    else:
        other.confirm(answered, ack.first("content-type"), ack.body)
