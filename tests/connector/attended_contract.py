"""What every driver promises whose device tells things by itself."""

import asyncio
from typing import Any, Protocol

from connector.endpoint import Attended, CallsChanged, Order
from rooms.join import DialString
from tests.connector.cisco_units import attended

ORDER = Order(dial=DialString("sip", "91234567890@zoomcrc.com"), booking="one")


class Line(Protocol):
    """The calls on the device's side."""

    calls: Any


class AttendedContract:
    """Subclasses bring `endpoint` and `codec`."""

    async def test_how_it_stands_is_told_first(self, endpoint: Any) -> None:
        assert isinstance(endpoint, Attended)
        async with attended(endpoint) as ear:
            assert (await ear.hears(CallsChanged)).calls == ()

    async def test_a_call_is_told_with_its_booking_and_its_end(
        self, endpoint: Any, codec: Line
    ) -> None:
        async with attended(endpoint) as ear:
            await ear.hears(CallsChanged)
            await endpoint.dial(ORDER)
            told = await ear.hears(CallsChanged, lambda told: bool(told.calls))
            assert [(one.direction, one.booking) for one in told.calls] == [("out", "one")]
            codec.calls.hang_up_all()
            await ear.hears(CallsChanged, lambda told: not told.calls)

    async def test_listening_ends_when_nobody_listens_and_can_begin_again(
        self, endpoint: Any
    ) -> None:
        for _ in range(3):
            async with attended(endpoint) as ear:
                await ear.hears(CallsChanged)
            assert ear.listening.cancelled()

    async def test_who_listens_may_be_slow_without_harm(self, endpoint: Any, codec: Line) -> None:
        async with attended(endpoint) as ear:
            await ear.hears(CallsChanged)
            for _ in range(20):
                await endpoint.dial(ORDER)
                codec.calls.hang_up_all()
            await asyncio.wait_for(ear.hears(CallsChanged, lambda told: not told.calls), 5)
            await ear.quiet(endpoint)
            assert not ear.listening.done()
