"""A Google Workspace that demo and tests talk to instead of Google.

It is written from Google's documents and validated against its discovery documents, never from our
own client. `Workspace` is its Python face, `app(workspace)` its HTTP face.
"""

from connector.simulators.google.accounts import ServiceAccount
from connector.simulators.google.calendar import Calendar, NotThere
from connector.simulators.google.faults import Fault
from connector.simulators.google.office import populate
from connector.simulators.google.serving import app
from connector.simulators.google.workspace import ACCOUNT, CUSTOMER, Workspace

__all__ = [
    "ACCOUNT",
    "CUSTOMER",
    "Calendar",
    "Fault",
    "NotThere",
    "ServiceAccount",
    "Workspace",
    "app",
    "populate",
]
