"""What room systems know of bookings, for `explain`."""

from collections.abc import Callable, Sequence

from bridge.dispatch import Dispatch
from bridge.dispatch.outbox import Outbox, has
from bridge.views.house import EndpointState, House
from rooms.endpoint_agenda import PAST, within_reach
from rooms.join import dial_string
from rooms.model import Booking

FAILING = frozenset({"unreachable", "denied", "unsupported", "quarantined"})


class EndpointReport:
    """Answers what each system of a room was told."""

    def __init__(self, dispatch: Dispatch, house: House) -> None:
        self._dispatch = dispatch
        self._house = house
        self.fetched: Callable[[str], bool] = lambda _: False
        """Whether a system that reads the façade has fetched what is served there now."""

    def __call__(self, room: str, booking: Booking) -> tuple[EndpointState, ...]:
        """What each system of a room knows of a booking; of one that is over, nothing is told."""
        if booking.end + PAST <= self._house.clock.now():
            return ()
        return tuple(self._state(box, room, booking) for box in self._dispatch.of(room))

    def names(self, room: str) -> Sequence[str]:
        """The systems of a room."""
        return [box.settings.id for box in self._dispatch.of(room)]

    def _state(self, box: Outbox, room: str, booking: Booking) -> EndpointState:
        reason = self._reason(box, room, booking)
        dial = (
            dial_string(booking.join, box.settings.options.protocols)
            if booking.can_join and booking.join
            else None
        )
        return EndpointState(
            endpoint=box.settings.id,
            kind=box.settings.kind,
            has_it=reason is None,
            dial=dial.address if dial else None,
            reason=reason,
        )

    def _reason(self, box: Outbox, room: str, booking: Booking) -> str | None:
        """Why a system does not have a booking, or None where it has."""
        if box.state == "dial_only":
            return "endpoint_dial_only"
        agenda = self._house.store.agenda(room)
        if agenda is None:
            return "source_stale"
        near = within_reach(agenda, self._house.clock.now())
        if booking.id not in {one.id for one in near.bookings}:
            return "beyond_push_range"
        if box.state in FAILING:
            return f"endpoint_{box.state}"
        if box.state == "served":
            return None if self.fetched(box.settings.id) else "endpoint_unconfirmed"
        return None if has(box, near) else "endpoint_unconfirmed"
