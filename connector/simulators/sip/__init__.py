"""A simulated SIP room system, and a meeting that it can call.

Written from RFC 3261, 3264, 3515, 4488 and 7616 alone, never from the driver that talks to it.
"""

from connector.simulators.sip.agent import Agent, Meeting
from connector.simulators.sip.call import Call, Seen
from connector.simulators.sip.phone import Phone
from connector.simulators.sip.serving import Address, serve
from connector.simulators.sip.switches import Switches

__all__ = ["Address", "Agent", "Call", "Meeting", "Phone", "Seen", "Switches", "serve"]
