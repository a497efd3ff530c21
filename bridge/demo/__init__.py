"""The whole system on loopback, with nothing to configure; everything outside is simulated."""

from bridge.demo.names import demo_rooms
from bridge.demo.tenancy import SECRET, serve_graph
from bridge.demo.whole import Demo, demo

__all__ = ["SECRET", "Demo", "demo", "demo_rooms", "serve_graph"]
