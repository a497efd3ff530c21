"""Kerberos at the server's end: who a ticket is from, and the proof that the server could read it.

RFC 4559, RFC 4178. Needs python-gssapi and a keytab with `HTTP/` and the server's name
(KRB5_KTNAME); without them no ticket is taken. Only the Negotiate header of the answer that
follows holds the proof: like IIS, the connection is logged on from then on (authPersistNonNTLM).
"""

import importlib
from base64 import b64encode
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary


class Shown(NamedTuple):
    """What came of a token: whose ticket it holds, once that is known, and what is sent back."""

    principal: str
    answer: str


class Tickets:
    """The handshakes that go on, each on its connection."""

    def __init__(self) -> None:
        self._contexts: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def step(self, connection: Any, token: bytes) -> Shown | None:
        """The next step of a connection's handshake; None where the token is worth nothing."""
        try:
            gssapi: Any = importlib.import_module("gssapi")
        except ImportError:
            return None
        context = self._contexts.pop(connection, None) or gssapi.SecurityContext(usage="accept")
        try:
            sent = b64encode(context.step(token) or b"").decode()
            if not context.complete:
                self._contexts[connection] = context
                return Shown("", sent)
            if context.mech != gssapi.MechType.kerberos:
                return None
            return Shown(str(context.initiator_name), sent)
        except gssapi.exceptions.GSSError as error:
            refusal = getattr(error, "token", None)
            return Shown("", b64encode(refusal).decode()) if refusal else None
