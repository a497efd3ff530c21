"""Telling a unit to call: REFER, and what it tells of that call (RFC 3515, RFC 4488)."""

import asyncio
import re

from connector.sip.dialog import Dialog, allowing
from connector.sip.message import Request, Response
from connector.sip.stack import reply
from connector.sip.transaction import Server

_STATUS = re.compile(rb"SIP/2\.0[ \t]+([1-6][0-9][0-9])(?![0-9])", re.IGNORECASE)


class Referral:
    """One order to call."""

    def __init__(self, dialog: Dialog, sender: str) -> None:
        self.dialog = dialog
        self.status = 0
        """What the unit told last of the call; 0 for nothing."""
        self.told = asyncio.Event()
        """It rings, it stands, it failed, or nothing more will be told."""
        self.over = asyncio.Event()
        """Nothing more will be told."""
        self._sender = sender
        dialog.stack.hear(dialog.call_id, self._hear)

    @property
    def failed(self) -> bool:
        """Whether the unit told that there is no call."""
        return self.status >= 300

    async def send(self, uri: str) -> Response:
        """Give the order.

        Raises:
            NoAnswer, Challenged: as of any request.
        """
        response = await self.dialog.ask(
            "REFER",
            ("refer-to", f"<{uri}>"),
            ("referred-by", f"<{self._sender}>"),
            ("refer-sub", "false"),
            *allowing(),
        )
        # Only who says that nothing is told tells nothing (RFC 4488 §4).
        if response.good and response.first("refer-sub").lower().startswith("false"):
            self.told.set()
            self.over.set()
        return response

    def close(self) -> None:
        """Hear nothing more: the next NOTIFY gets 481, which ends the subscription."""
        self.dialog.stack.deaf(self.dialog.call_id)

    def _hear(self, request: Request, server: Server | None) -> None:
        if server is None:
            return
        if request.method != "NOTIFY":
            server.answer(reply(request, 405, "Method Not Allowed", ("allow", "NOTIFY")))
            return
        if not request.first("event").lower().startswith("refer"):
            server.answer(reply(request, 489, "Bad Event"))
            return
        server.answer(reply(request, 200, "OK", self.dialog.contact))
        found = _STATUS.match(request.body.lstrip())
        if found:
            self.status = int(found[1])
        ended = request.first("subscription-state").lower().startswith("terminated")
        if ended or self.status >= 200:
            self.over.set()
        if ended or self.status >= 180:
            self.told.set()
