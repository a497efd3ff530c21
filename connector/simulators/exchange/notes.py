"""What is learned of a request on its way, for the journal."""

from dataclasses import dataclass, field
from uuid import uuid4

from aiohttp import web


@dataclass(slots=True)
class Notes:
    """A request, as far as it was understood."""

    request_id: str = field(default_factory=lambda: str(uuid4()))
    user: str = ""
    auth: str = ""
    operation: str = ""
    mailbox: str = ""
    code: str = ""


NOTES = web.RequestKey("notes", Notes)
