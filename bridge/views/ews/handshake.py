"""Signing in with NTLM version 2 ([MS-NLMP]): a connection signs in, not a request.

The messages and their arithmetic are pyspnego's. Its acceptor takes passwords from a file that an
environment variable names; here they stay in memory, and version 1 is refused.
"""

from base64 import b64decode, b64encode
from collections import OrderedDict
from functools import lru_cache
from hmac import compare_digest
from secrets import token_bytes
from struct import error as StructError  # noqa: N812 - a name that says what it is

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

from bridge.readers import Reader, Readers

_PROOF = 16
"""Bytes of NTProofStr, before what it proves."""
_LEAST = _PROOF + 28
"""Bytes of an answer of version 2 without any pairs; one of version 1 has 24."""
TOKEN_LIMIT = 4096
"""Characters of a message; real ones have some hundred."""
HALF_OPEN = 1000
"""Challenges that wait for an answer; the oldest gives way."""
_FLAGS = (
    NegotiateFlags.unicode
    | NegotiateFlags.ntlm
    | NegotiateFlags.request_target
    | NegotiateFlags.target_type_server
    | NegotiateFlags.target_info
    | NegotiateFlags.extended_session_security
    | NegotiateFlags.always_sign
    | NegotiateFlags.key_128
    | NegotiateFlags.key_56
)
_NAME = "ROOMBRIDGE"


class Wrong(Exception):
    """The answer to a challenge proves nothing."""

    def __init__(self, reader: Reader | None = None) -> None:
        super().__init__("wrong")
        self.reader = reader
        """Whose name was used, where that is known."""


class Handshakes:
    """Challenges that were sent, by connection."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._waiting: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def drop(self, connection: int) -> None:
        """A connection is gone, or begins anew."""
        self._waiting.pop(connection, None)

    def step(self, connection: int, shown: str) -> Reader | str:
        """The next step of a connection: who signed in, or what is sent back.

        Raises:
            Wrong: neither.
        """
        if len(shown) > TOKEN_LIMIT:
            raise Wrong
        try:
            return self._step(connection, b64decode(shown, validate=True))
        except (ValueError, StructError, IndexError, KeyError, TypeError) as error:
            raise Wrong from error

    def _step(self, connection: int, token: bytes) -> Reader | str:
        message = NTLMMessage.unpack(token)
        if isinstance(message, Negotiate):
            return self._challenge(connection)
        nonce = self._waiting.pop(connection, None)
        if nonce is None or not isinstance(message, Authenticate):
            raise Wrong
        return self._signed_in(message, nonce)

    def _challenge(self, connection: int) -> str:
        nonce = self._waiting[connection] = token_bytes(8)
        self._waiting.move_to_end(connection)
        while len(self._waiting) > HALF_OPEN:
            self._waiting.popitem(last=False)
        about = TargetInfo()
        about[AvId.nb_domain_name] = _NAME
        about[AvId.nb_computer_name] = _NAME
        about[AvId.dns_domain_name] = _NAME.lower()
        about[AvId.dns_computer_name] = _NAME.lower()
        sent = Challenge(_FLAGS, nonce, target_name=_NAME, target_info=about)
        return b64encode(sent.pack()).decode()

    def _signed_in(self, message: Authenticate, nonce: bytes) -> Reader:
        try:  # they are decoded only now
            name, domain = message.user_name or "", message.domain_name or ""
        except ValueError as error:
            raise Wrong from error
        answer = message.nt_challenge_response or b""
        reader = self._readers.named(name, domain)
        # Who is not known costs as much as who is, and never has the right answer.
        key = ntowfv2(name, _hash(reader.secret if reader else ""), domain)
        proof = hmac_md5(key, nonce + answer[_PROOF:])
        if len(answer) < _LEAST or not compare_digest(proof, answer[:_PROOF]):
            raise Wrong(reader)
        if reader is None or not reader.secret:
            raise Wrong(reader)
        return reader


@lru_cache(maxsize=4096)
def _hash(password: str) -> bytes:
    """The hash that NTLM is made with; slow, as it is computed without a library."""
    return ntowfv1(password)
