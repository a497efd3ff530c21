"""Dialogs: what two ends share from the first request to the last (RFC 3261 §12)."""

import secrets
from collections.abc import Collection

from connector.sip.address import bracketed, named, uri
from connector.sip.digest import Login, answer, challenge
from connector.sip.message import Field, Request, Response
from connector.sip.stack import ALLOWED, PRODUCT, Stack
from connector.sip.transaction import Heard
from connector.sip.transport import Flow


class Challenged(Exception):
    """A login is asked for: none is configured, or it was refused."""

    def __init__(self, *, given: bool) -> None:
        super().__init__()
        self.given = given
        """Whether one was sent."""


class Dialog:
    """One conversation with one other end, as its caller sees it."""

    def __init__(
        self,
        stack: Stack,
        flow: Flow,
        *,
        ours: str,
        theirs: str,
        login: Login | None = None,
        gates: Collection[int] = (401, 407),
    ) -> None:
        self.stack = stack
        self.flow = flow
        self.call_id = secrets.token_hex(16)
        self.tag = ""
        """Theirs; empty until they answered."""
        self.signed = False
        """Whether a login was sent."""
        self._ours = f"<{ours}>;tag={secrets.token_hex(8)}"
        self._theirs = f"<{theirs}>"
        self._target = theirs
        self._routes: list[str] = []
        self._number = secrets.randbelow(1 << 16)
        self._login = login
        self._gates = gates  # whoever else asks for a login is refusing us
        self._signature: tuple[Field, ...] = ()
        self._contact = contact(flow, ours)

    @property
    def contact(self) -> Field:
        """Where the other end finds us."""
        return "contact", self._contact

    @property
    def next_hop(self) -> str:
        """The URI that requests within the dialog go to."""
        return named(self._routes[0]).uri if self._routes else self._target

    def request(
        self, method: str, *more: Field, number: int = 0, kind: str = "", body: bytes = b""
    ) -> Request:
        """The next request, or with `number` an ACK for an earlier one."""
        if not number:
            self._number += 1
        fields: list[Field] = [
            ("max-forwards", "70"),
            ("from", self._ours),
            ("to", self._theirs),
            ("call-id", self.call_id),
            ("cseq", f"{number or self._number} {method}"),
            ("contact", self._contact),
            ("user-agent", PRODUCT),
            *(("route", route) for route in self._routes),
            *more,
        ]
        request = Request(method=method, uri=self._target, fields=tuple(fields))
        return request.with_body(kind, body)

    async def ask(
        self,
        method: str,
        *more: Field,
        kind: str = "",
        body: bytes = b"",
        heard: Heard | None = None,
    ) -> Response:
        """Ask, and sign in where that is asked for: once, as a second try might lock out.

        Raises:
            NoAnswer: none came. Challenged: a login is asked for that we have not got.
        """
        request = self.request(method, *more, kind=kind, body=body)
        response = await self.stack.ask(self.flow, request, heard)
        signed = renewed = False
        while response.status in self._gates:
            asked = challenge(response)
            # An old nonce says that the password was right: asking anew is no second try.
            if self._login is None or asked is None or (signed and (renewed or not asked.stale)):
                raise Challenged(given=signed)
            renewed, signed = signed, True
            self.signed = True
            line = answer(response, asked, self._login, method, self._target)
            request = self.request(method, *more, line, kind=kind, body=body)
            if method == "INVITE":
                self._signature = (line,)
            response = await self.stack.ask(self.flow, request, heard)
        return response

    def acknowledgement(self, number: int, *, kind: str = "", body: bytes = b"") -> Request:
        """The ACK for a 2xx, with the login of its INVITE (RFC 3261 §13.2.2.4)."""
        return self.request("ACK", *self._signature, number=number, kind=kind, body=body)

    def is_other(self, response: Response) -> bool:
        """Whether somebody else than the other end we know answered."""
        return named(response.first("to")).tag != self.tag

    def learn(self, response: Response) -> None:
        """What a 2xx to an INVITE says of the other end.

        Raises:
            NotSip: it makes no sense.
        """
        self.tag = named(response.first("to")).tag
        self._theirs = response.first("to")
        self._routes = response.each("record-route")[::-1]
        self.aim(response)

    def aim(self, message: Request | Response) -> None:
        """The other end may have moved (§12.2.1.2).

        Raises:
            NotSip: nobody could be asked there.
        """
        for value in message.each("contact")[:1]:
            moved = named(value).uri
            _ = uri(moved)
            self._target = moved


def contact(flow: Flow, ours: str) -> str:
    """Where we are reached by a flow."""
    host, port = flow.local
    user = ours.partition(":")[2].partition("@")[0] if "@" in ours else "bridge"
    how = "" if flow.name == "UDP" else f";transport={flow.name.lower()}"
    return f"<sip:{user}@{bracketed(host)}:{port}{how}>"


def allowing() -> tuple[Field, Field]:
    """What we understand, for requests that begin something."""
    return ("allow", ALLOWED), ("supported", "norefersub")
