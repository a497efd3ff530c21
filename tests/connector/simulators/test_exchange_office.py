"""Office days, for whoever tries the simulated Exchange."""

from datetime import date

from connector.simulators.exchange import Exchange, populate
from rooms.room import Room


def test_rooms_hold_a_week_of_meetings() -> None:
    exchange = Exchange()
    room = Room(
        id="kestrel",
        name="Kestrel",
        mailbox="kestrel@example.com",
        source="x",
        time_zone="Europe/London",
    )
    populate(exchange, [room], date(2026, 11, 23))
    populate(exchange, [room], date(2026, 11, 23))
    assert len(exchange.mailbox("kestrel@example.com")) > 20
