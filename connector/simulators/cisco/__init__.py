"""A simulated Cisco codec: what demo and tests push bookings to, and look at afterwards.

Written from Cisco's public documents and the project's notes on the protocols, never from the
driver that talks to it.
"""

from connector.simulators.cisco.address import Address
from connector.simulators.cisco.codec import Codec, NotJoinable
from connector.simulators.cisco.faults import Fault
from connector.simulators.cisco.person import touch
from connector.simulators.cisco.serving import app, serve, serve_all
from connector.simulators.cisco.users import User

__all__ = ["Address", "Codec", "Fault", "NotJoinable", "User", "app", "serve", "serve_all", "touch"]
