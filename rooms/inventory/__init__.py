"""The inventory as people keep it: rooms, their lists and endpoints, and how it may change."""

from rooms.inventory.document import Document, Fields
from rooms.inventory.edit import Edit, Misfit, edited
from rooms.inventory.plan import Change, changes

__all__ = ["Change", "Document", "Edit", "Fields", "Misfit", "changes", "edited"]
