"""An Exchange Server that demo and tests talk to instead of Microsoft's.

It is written from Microsoft's documents and validated against its schemas, never from our own
client. `Exchange` is its Python face, `app(exchange)` its HTTP face.
"""

from connector.simulators.exchange.mailbox import Mailbox
from connector.simulators.exchange.organization import USERNAME, Exchange, RoomList
from connector.simulators.exchange.people import User
from connector.simulators.exchange.serving import PATH, app, serve
from connector.simulators.graph.entry import Event, NotThere
from connector.simulators.graph.meeting import Attendee, Meeting, Online
from connector.simulators.graph.office import populate
from connector.simulators.graph.recurrence import Recurrence

__all__ = [
    "PATH",
    "USERNAME",
    "Attendee",
    "Event",
    "Exchange",
    "Mailbox",
    "Meeting",
    "NotThere",
    "Online",
    "Recurrence",
    "RoomList",
    "User",
    "app",
    "populate",
    "serve",
]
