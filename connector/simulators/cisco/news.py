"""What a unit has to tell, and who listens: changes of its status, and events."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from connector.simulators.cisco.markup import Tree
from connector.simulators.cisco.queries import difference

Listener: TypeAlias = Callable[[Tree], None]
"""Gets a document with the root `Status`, `Event` or `Configuration`, and no more in it than
what is new."""


class News:
    """The listeners of one unit; while there are none, nothing is compared."""

    def __init__(self, status: Callable[[], Tree], wakened: Callable[[], None]) -> None:
        self._status = status
        self._wakened = wakened
        """Called when the first listener comes."""
        self._before: Tree = {}
        self._listeners: list[Listener] = []

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell somebody all that is new from now on; what comes back ends it."""
        if not self._listeners:
            self._before = self._status()
            self._wakened()
        self._listeners.append(listener)
        return lambda: self._leave(listener)

    def _leave(self, listener: Listener) -> None:
        with suppress(ValueError):
            self._listeners.remove(listener)

    def event(self, path: str, **content: str) -> None:
        """Tell of something that has happened, such as `Bookings/Start`."""
        told: Tree = content
        for name in reversed(path.split("/")):
            told = {name: told}
        self.tell({"Event": told})

    def changed(self) -> None:
        """Compare the status with what was told of it, and tell the difference."""
        if not self._listeners:
            return
        after = self._status()
        new = difference(self._before, after)
        self._before = after
        if new:
            self.tell({"Status": new})

    def tell(self, document: Tree) -> None:
        """Give everybody a document."""
        for listener in tuple(self._listeners):
            listener(document)
