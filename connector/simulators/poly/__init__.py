"""A simulated Poly room system: it reads a calendar from EWS, shows it, and is told to dial.

Written from public documents and the project's notes on the protocols, never from the driver that
talks to it nor from the façade that it reads.
"""

from connector.simulators.poly.address import Address
from connector.simulators.poly.faults import Fault
from connector.simulators.poly.meetings import Meeting, NotJoinable, Number
from connector.simulators.poly.serving import app, serve
from connector.simulators.poly.unit import Unit

__all__ = ["Address", "Fault", "Meeting", "NotJoinable", "Number", "Unit", "app", "serve"]
