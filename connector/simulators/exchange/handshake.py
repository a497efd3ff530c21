"""Logging on with NTLM, or with Kerberos where the machine has it: a connection, not a request.

[MS-NLMP] for NTLM version 2, RFC 4559 for Negotiate. Once logged on, a connection needs no
Authorization header (IIS: authPersistSingleRequest is false).
"""

from base64 import b64decode, b64encode
from binascii import Error
from hmac import compare_digest
from secrets import token_bytes
from struct import error as StructError  # noqa: N812 - a name that says what it is
from typing import Any
from weakref import WeakKeyDictionary

from spnego._ntlm_raw.crypto import hmac_md5, ntowfv1, ntowfv2
from spnego._ntlm_raw.messages import (
    Authenticate,
    AvId,
    Challenge,
    Negotiate,
    NegotiateFlags,
    NTLMMessage,
    TargetInfo,
)

from connector.simulators.exchange.people import People, User
from connector.simulators.exchange.tickets import Tickets

_SIGNATURE = b"NTLMSSP\0"
_PROOF = 16
"""Bytes of NTProofStr, before what it proves."""
_FLAGS = (
    NegotiateFlags.unicode
    | NegotiateFlags.ntlm
    | NegotiateFlags.request_target
    | NegotiateFlags.target_type_domain
    | NegotiateFlags.target_info
    | NegotiateFlags.extended_session_security
    | NegotiateFlags.always_sign
    | NegotiateFlags.key_128
    | NegotiateFlags.key_56
)


class Connections:
    """What is known of connections: a challenge that was sent, and who logged on."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._challenges: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
        self._users: WeakKeyDictionary[Any, User] = WeakKeyDictionary()
        self.tickets = Tickets()
        self._proofs: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def user(self, connection: object) -> User | None:
        """Who logged on over a connection."""
        return self._users.get(connection)

    def proof(self, connection: object) -> str:
        """What shows a client that the server could read its ticket; once, else empty."""
        return self._proofs.pop(connection, "")

    def step(self, connection: object, credentials: str) -> User | str | None:
        """The next step: somebody who is logged on, a token to send back, or nothing at all."""
        try:
            token = b64decode(credentials, validate=True)
            if not token.startswith(_SIGNATURE):
                return self._kerberos(connection, token)
            message = NTLMMessage.unpack(token)
        except (Error, ValueError, StructError):
            return None
        if isinstance(message, Negotiate):
            return self._challenge(connection)
        if isinstance(message, Authenticate) and connection in self._challenges:
            return self._authenticate(connection, message)
        return None

    def _challenge(self, connection: object) -> str:
        """A challenge for this connection."""
        self._users.pop(connection, None)
        nonce = self._challenges[connection] = token_bytes(8)
        about = TargetInfo()
        about[AvId.nb_domain_name] = "EXAMPLE"
        about[AvId.nb_computer_name] = "SIM01"
        about[AvId.dns_domain_name] = "example.com"
        about[AvId.dns_computer_name] = "sim01.example.com"
        sent = Challenge(_FLAGS, nonce, target_name="EXAMPLE", target_info=about)
        return b64encode(sent.pack()).decode()

    def _authenticate(self, connection: object, message: Authenticate) -> User | None:
        """Whoever knows the password that the answer was made with."""
        nonce = self._challenges.pop(connection)
        name, domain = message.user_name or "", message.domain_name or ""
        user = self._people.find(f"{domain}\\{name}" if domain else name)
        right = user is not None and _proves(message, nonce, user.password)
        admitted = self._people.admit(user, right=right)
        if admitted is not None:
            self._users[connection] = admitted
        return admitted

    def _kerberos(self, connection: object, token: bytes) -> User | str | None:
        """Somebody with a ticket, or what is sent back."""
        shown = self.tickets.step(connection, token)
        if shown is None or not shown.principal:
            return None if shown is None else shown.answer
        admitted = self._people.admit(self._people.find(shown.principal), right=True)
        if admitted is not None:
            self._users[connection] = admitted
            self._proofs[connection] = shown.answer
        return admitted


def _proves(message: Authenticate, nonce: bytes, password: str) -> bool:
    """Whether an answer was made with a password ([MS-NLMP] 3.3.2)."""
    answer = message.nt_challenge_response or b""
    key = ntowfv2(message.user_name or "", ntowfv1(password), message.domain_name)
    return compare_digest(hmac_md5(key, nonce + answer[_PROOF:]), answer[:_PROOF])
