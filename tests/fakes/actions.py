"""Somebody who takes orders for rooms and remembers them."""

from bridge.views.booking_shapes import CreateOrder, EndOrder, ExtendOrder, Order, ReleaseOrder
from bridge.views.bookings import Asked


class FakeActions:
    """Does nothing, and says that it was done."""

    def __init__(self) -> None:
        self.taken: list[tuple[Asked, Order]] = []

    async def create(self, asked: Asked, order: CreateOrder) -> tuple[int, bytes]:
        """Booked."""
        return 201, self._told(asked, order, b"created")

    async def extend(self, asked: Asked, order: ExtendOrder) -> tuple[int, bytes]:
        """Extended."""
        return 200, self._told(asked, order, b"extended")

    async def end(self, asked: Asked, order: EndOrder) -> tuple[int, bytes]:
        """Ended."""
        return 200, self._told(asked, order, b"ended")

    async def release(self, asked: Asked, order: ReleaseOrder) -> tuple[int, bytes]:
        """Released."""
        return 200, self._told(asked, order, b"released")

    def _told(self, asked: Asked, order: Order, done: bytes) -> bytes:
        self.taken.append((asked, order))
        return b'{"done":"%b","booking":null,"shown":true,"overlaps":false}' % done
