"""A Microsoft 365 tenant that demo and tests talk to instead of Microsoft.

It is written from Microsoft's documents and validated against its metadata, never from our own
client. `Tenant` is its Python face, `app(tenant)` its HTTP face.
"""

from connector.simulators.graph.directory import RoomDetails
from connector.simulators.graph.entry import Event, NotThere
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.meeting import Attendee, Meeting, Online
from connector.simulators.graph.office import populate
from connector.simulators.graph.people import Account
from connector.simulators.graph.recurrence import Recurrence
from connector.simulators.graph.serving import app
from connector.simulators.graph.tenant import CLIENT_ID, TENANT_ID, Tenant

__all__ = [
    "CLIENT_ID",
    "TENANT_ID",
    "Account",
    "Attendee",
    "Event",
    "Mailbox",
    "Meeting",
    "NotThere",
    "Online",
    "Recurrence",
    "RoomDetails",
    "Tenant",
    "app",
    "populate",
]
