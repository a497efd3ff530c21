"""One SIP unit that is made to call."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any, Literal

from connector.endpoint import Facts, Order, PhoneCall
from connector.endpoints.sip.errors import (
    UNSUPPORTED,
    challenged,
    failed,
    no_offer,
    refused,
    silent,
)
from connector.endpoints.sip.referral import Referral
from connector.endpoints.sip.ways import Ways
from connector.errors import Malformed, Unavailable
from connector.sip.address import bracketed, uri
from connector.sip.between import Between, HungUp, Refused
from connector.sip.dialog import Challenged, Dialog
from connector.sip.digest import Login
from connector.sip.message import Response
from connector.sip.transaction import NoAnswer
from connector.sip.transport import Flow
from rooms.join.grammar import sip_uri

Mode = Literal["auto", "refer", "3pcc"]
Taken = asyncio.Future[None]

PATIENCE = 20.0
"""Seconds until an order counts as taken by a unit that rings."""
FIRST_WORD = 4.0
"""Seconds for the first NOTIFY that says more than that it tries."""
FOLLOWED = 180.0
"""Seconds in which the unit may tell how its call goes."""
_OTHERWISE = UNSUPPORTED | {403, 603}
"""Answers to REFER after which the bridge connects the call itself. Some units answer 603 to any
REFER; 403 may be about REFER alone, unless a login was sent: that may be wrong."""


class _NotObeyed(Exception):
    """The unit does not take orders by REFER."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class Unit:
    """A SIP room system, or whatever answers at its address."""

    __slots__ = (
        "_aor", "_calls", "_login", "_mode", "_referral", "_sender", "_tasks", "_ways",
        "_works",
    )  # fmt: skip

    def __init__(
        self, ways: Ways, *, mode: Mode, aor: str, sender: str, login: Login | None
    ) -> None:
        self._ways = ways
        self._mode = mode
        self._aor = aor
        self._sender = sender
        self._login = login
        self._works: Literal["refer", "3pcc", ""] = ""
        """What it was found to obey."""
        self._calls: dict[asyncio.Task[None], tuple[Between, str]] = {}
        """Calls that the bridge connects, by who stays in between, and what they are for."""
        self._referral: tuple[Referral, str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def dial(self, order: Order) -> None:
        """Make it call: it is told to, or connected with the meeting by the bridge."""
        target = _target(order)
        if self._mode != "3pcc" and self._works != "3pcc":
            try:
                await self._launch(lambda taken: self._refer(target, order.booking, taken))
            except _NotObeyed as error:
                if self._mode == "refer":
                    raise refused(error.status) from error
            else:
                self._works = "refer"
                return
        await self._launch(lambda taken: self._connect(target, order.booking, taken))

    async def hang_up(self) -> None:
        """End the calls that the bridge connected; of others it knows nothing."""
        if not self._calls and self._works != "3pcc" and self._mode != "3pcc":
            raise Malformed(
                "a unit that calls by itself cannot be told by SIP to hang up",
                reason="unsupported",
                fix="hang up at the unit, or let the bridge connect its calls (`mode: 3pcc`)",
            )
        await _ended(self._calls)

    async def calls(self) -> Sequence[PhoneCall] | None:
        """Those that the bridge connected, or the one the unit tells of; else it cannot tell."""
        known = [
            PhoneCall(id=call.id, state=call.state, direction="out", booking=booking)
            for call, booking in self._calls.values()
        ]
        if self._referral is not None:
            referral, booking = self._referral
            state: Literal["ringing", "dialling"] = (
                "ringing" if referral.status >= 180 else "dialling"
            )
            known.append(
                PhoneCall(id=referral.dialog.call_id, state=state, direction="out", booking=booking)
            )
        return known or None

    async def attempt(self) -> None:
        """Ask it for what it offers, signing in once where that is asked for."""
        await self._options()

    async def facts(self) -> Facts:
        """What it says it is."""
        response = await self._options()
        told = response.first("server") or response.first("user-agent")
        product = "".join(sign for sign in told if sign.isprintable())[:80]
        return Facts(product=product, way=self._works or self._mode)

    async def close(self) -> None:
        """End what the bridge connected."""
        await _ended(self._tasks)

    async def _options(self) -> Response:
        with _told():
            async with self._ways.unit() as flow:
                response = await self._dialog(flow, self._aor).ask("OPTIONS")
        # Who does not know OPTIONS answered all the same; so did who is busy.
        if response.status in {403, 404, 408, 410, 480, 604} or 502 <= response.status <= 504:
            raise refused(response.status)
        return response

    async def _refer(self, target: str, booking: str, taken: Taken) -> None:
        """Tell it to call, and listen to what it tells of that call."""
        async with self._ways.unit() as flow:
            referral = Referral(self._dialog(flow, self._aor), self._own(flow))
            try:
                with _told():
                    response = await referral.send(target)
                self._check(referral, response)
                with suppress(TimeoutError):
                    async with asyncio.timeout(FIRST_WORD):
                        await referral.told.wait()
                if referral.failed:
                    raise failed(referral.status)
                _take(taken)
                self._referral = None if referral.over.is_set() else (referral, booking)
                with suppress(TimeoutError):
                    async with asyncio.timeout(FOLLOWED):
                        await referral.over.wait()
            finally:
                referral.close()
                if self._referral is not None and self._referral[0] is referral:
                    self._referral = None

    def _check(self, referral: Referral, response: Response) -> None:
        if response.good:
            return
        wrong_login = response.status == 403 and referral.dialog.signed
        if response.status in _OTHERWISE and not wrong_login:
            raise _NotObeyed(response.status)
        raise refused(response.status)

    async def _connect(self, target: str, booking: str, taken: Taken) -> None:
        """Call the unit and the meeting, and stay in between until it is over."""
        async with AsyncExitStack() as held:
            flow = await held.enter_async_context(self._ways.unit())

            async def meeting() -> Dialog:
                way = await held.enter_async_context(self._ways.meeting(target))
                # A password of the site is for the site's own PBX, never for the meeting.
                return self._dialog(way, target, gates=(407,) if self._ways.by_proxy else ())

            async def follow(leads: str, used: Flow) -> Flow:
                return await self._ways.follow(held, leads, used)

            call = Between(self._dialog(flow, self._aor), meeting, follow)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine runs in one
            self._calls[task] = call, booking
            patience = asyncio.get_running_loop().call_later(PATIENCE, _rings, call, taken)
            try:
                with _told():
                    await call.make()
                self._works = "3pcc"
                _take(taken)
                await call.over.wait()
            finally:
                patience.cancel()
                await call.close()
                del self._calls[task]

    def _dialog(self, flow: Flow, theirs: str, *, gates: Collection[int] = (401, 407)) -> Dialog:
        return Dialog(
            self._ways.stack,
            flow,
            ours=self._own(flow),
            theirs=theirs,
            login=self._login,
            gates=gates,
        )

    def _own(self, flow: Flow) -> str:
        return self._sender or f"sip:bridge@{bracketed(flow.local[0])}"

    async def _launch(self, work: Callable[[Taken], Coroutine[Any, Any, None]]) -> None:
        """Begin something that outlives the order, and wait until it was taken."""
        taken: Taken = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(work(taken))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        try:
            await asyncio.wait({task, taken}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.cancelled():
            raise Unavailable("the call was ended before it stood", reason="broken_off")
        if task.done():
            task.result()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to the order while it waited; later nobody asks


def _take(taken: Taken) -> None:
    if not taken.done():
        taken.set_result(None)


def _rings(call: Between, taken: Taken) -> None:
    """Whoever ordered does not wait until somebody in the room answers."""
    if call.state == "ringing":
        _take(taken)


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Calls and orders are ended, each as is proper."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def _target(order: Order) -> str:
    """The URI that is called.

    Raises:
        Malformed: it is no SIP address, or one that could say more than whom to call.
    """
    dial = order.dial
    if dial.protocol != "sip":
        raise Malformed(
            "a SIP unit dials SIP addresses only",
            reason="unsupported",
            fix="leave only `sip` in `protocols`",
        )
    parsed = sip_uri(dial.address)
    text = (
        dial.address
        if dial.address.lower().startswith(("sip:", "sips:"))
        else f"sip:{dial.address}"
    )
    try:
        uri(text)
    except ValueError:
        parsed = None
    if parsed is None:
        raise Malformed("what is to be dialled is no SIP address", reason="request_refused")
    return text


@contextmanager
def _told() -> Iterator[None]:
    """Failures of SIP in the words of the bridge."""
    try:
        yield
    except Challenged as error:
        raise challenged(error) from error
    except NoAnswer as error:
        raise silent(error) from error
    except Refused as error:
        status = None if error.response is None else error.response.status
        if error.second:
            raise failed(status) from error
        raise (no_offer() if status is None else refused(status)) from error
    except HungUp as error:
        raise Unavailable(
            "the unit hung up before the meeting answered", reason="broken_off"
        ) from error
    except TimeoutError as error:
        raise Unavailable("nobody took the call in time", reason="timeout") from error
