"""Looking after room systems: what they are told, what they tell, and how that stands."""

from bridge.dispatch.dispatch import Dispatch

__all__ = ["Dispatch"]
