"""The Exchange façade, wired in: who may read there by the configuration, and who stays away."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from bridge.health import Subject
from bridge.housekeeping import Chore
from bridge.readers import Reader
from bridge.settings.model import Configuration
from bridge.views.ews.routes import Ews
from bridge.views.house import House
from bridge.views.stream import Hub
from bridge.views.web import Route
from connector.endpoint import Reads

LOOK_EVERY = timedelta(minutes=1)
"""Between two looks at who did not come."""


class Facade:
    """Serves the façade by the configuration in force."""

    def __init__(self, house: House, hub: Hub, configured: Callable[[], Configuration]) -> None:
        self._house = house
        self._configured = configured
        self._of: Configuration | None = None
        self.ews = Ews(house, self._up_to_date)
        hub.beside = self.ews.streams

    @property
    def routes(self) -> tuple[Route, ...]:
        """Its routes."""
        self._up_to_date()
        return self.ews.routes

    @property
    def chore(self) -> Chore:
        """Once a minute: which units do not come any more, and which are back."""
        return Chore(name="readers", every=LOOK_EVERY, do=self.look)

    async def look(self) -> None:
        """Say who fell silent, and that others came back."""
        self._up_to_date()
        for endpoint, visit in self._house.readers.turned(self._house.clock.now()):
            subject = Subject("reader", endpoint)
            if visit.silent:
                self._house.health.bad(subject, "reader_silent")
            else:
                self._house.health.good(subject)

    def adopt(self) -> None:
        """By the configuration in force, at once: who has another room signs in anew."""
        self._up_to_date()

    def _up_to_date(self) -> None:
        """Know the readers of the configuration in force; free while it is the same."""
        configuration = self._configured()
        if configuration is not self._of:
            self._of = configuration
            self._house.readers.adopt(readers(configuration), self._house.clock.now())


def readers(configuration: Configuration) -> Iterator[Reader]:
    """The units that sign in at the façade."""
    for endpoint in configuration.inventory.endpoints:
        options = endpoint.options
        if isinstance(options, Reads) and (facade := options.facade) is not None:
            yield Reader(
                endpoint=endpoint.id,
                room=endpoint.room,
                username=facade.username,
                secret=facade.password.reveal(),
                protocols=tuple(getattr(options, "protocols", ())) or ("sip", "h323"),
            )
