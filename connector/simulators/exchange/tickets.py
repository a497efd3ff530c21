"""Kerberos at the server's end: who a ticket is from, and the proof that the server could read it.

RFC 4559, RFC 4178. Needs python-gssapi and a keytab with `HTTP/` and the server's name
(KRB5_KTNAME); without them no ticket is taken. A sign-in that is bound to another certificate than
the server's is refused (RFC 5929 section 4; Extended Protection `Allow`). Only the Negotiate header
of the answer that follows holds the proof: like IIS, the connection is logged on from then on
(authPersistNonNTLM).
"""

import importlib
from base64 import b64encode
from hashlib import sha256
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary


class Shown(NamedTuple):
    """What came of a token: whose ticket it holds, once that is known, and what is sent back."""

    principal: str
    answer: str


class Tickets:
    """The handshakes that go on, each on its connection."""

    def __init__(self) -> None:
        self.certificate = b""
        """The server's own, DER; empty where nothing is to be compared with it."""
        self._contexts: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def step(self, connection: Any, token: bytes) -> Shown | None:
        """The next step of a connection's handshake; None where the token is worth nothing."""
        try:
            gssapi: Any = importlib.import_module("gssapi")
        except ImportError:
            return None
        context = self._contexts.pop(connection, None) or self._begun(gssapi)
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

    def _begun(self, gssapi: Any) -> Any:
        """What a handshake begins with."""
        if not self.certificate:
            return gssapi.SecurityContext(usage="accept")
        own = b"tls-server-end-point:" + sha256(self.certificate).digest()
        bound = gssapi.raw.ChannelBindings(application_data=own)
        return gssapi.SecurityContext(usage="accept", channel_bindings=bound)
