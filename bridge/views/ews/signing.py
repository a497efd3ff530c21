"""Who asks: each room system signs in with a user name of its own, by Basic or by NTLM (EP-28)."""

import asyncio
import hashlib
from base64 import b64decode
from hmac import compare_digest

from aiohttp import hdrs, web
from multidict import CIMultiDict

from bridge.limits import client_address
from bridge.readers import Reader, Readers
from bridge.views.ews.handshake import Handshakes, Wrong
from bridge.views.house import COMMON, House
from bridge.views.web import too_many

REALM = 'Basic realm="roombridge"'


FIRST_SWEEP = 256
"""Connections after which those that are gone are looked for."""


class _Connection:
    """What is known of one TCP connection; as long as it is held no other has its number."""

    __slots__ = ("basic", "reader", "signed", "transport")

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.signed: Reader | None = None
        """Who signed in with NTLM: for all that follows on this connection."""
        self.reader: Reader | None = None
        self.basic = b""
        """Digest of the header that `reader` signed in with by Basic."""


class Signing:
    """Asks everybody who they are, and knows them again on the same connection."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self.handshakes = Handshakes(readers)
        self._connections: dict[int, _Connection] = {}
        self._sweep = FIRST_SWEEP

    def reader(self, house: House, request: web.Request) -> Reader | web.Response:
        """Who asks, or what they are answered to tell it.

        Raises:
            Problem: they are locked out.
        """
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        connection = self._connections.get(id(transport))
        shown = request.headers.get(hdrs.AUTHORIZATION, "")
        if not shown:
            signed = connection.signed if connection else None
            if signed is not None and self._readers.current(signed):
                return signed
            return self._asked(house)
        if connection is None:
            connection = self._known(transport)
        scheme, _, rest = shown.partition(" ")
        if scheme.lower() == "basic":
            return self._basic(house, request, connection, rest.strip())
        if scheme.lower() == "ntlm" and not house.proxied:
            return self._ntlm(house, request, connection, rest.strip())
        return self._asked(house)

    def _known(self, transport: asyncio.BaseTransport) -> _Connection:
        if len(self._connections) >= self._sweep:
            for number, one in list(self._connections.items()):
                if one.transport.is_closing():
                    del self._connections[number]
                    self.handshakes.drop(number)
            self._sweep = max(FIRST_SWEEP, 2 * len(self._connections))
        known = self._connections[id(transport)] = _Connection(transport)
        return known

    def _basic(
        self, house: House, request: web.Request, connection: _Connection, shown: str
    ) -> Reader | web.Response:
        digest = hashlib.blake2b(shown.encode(errors="surrogateescape"), digest_size=16).digest()
        before = connection.reader
        if (
            before is not None
            and compare_digest(digest, connection.basic)
            and self._readers.current(before)
        ):
            return before
        self._unlocked(house, request)
        reader = self._proven(shown)
        if not isinstance(reader, Reader):
            return self._wrong(house, request, reader[0])
        connection.reader, connection.basic = reader, digest
        return reader

    def _proven(self, shown: str) -> Reader | tuple[Reader | None]:
        """Whose name and password these are, or only whose name."""
        try:
            name, _, password = b64decode(shown, validate=True).decode().partition(":")
        except ValueError:
            try:  # as some units write names and passwords
                name, _, password = b64decode(shown).decode("latin-1").partition(":")
            except ValueError:
                return (None,)
        reader = self._readers.named(name)
        expected = reader.secret if reader else ""
        same = compare_digest(_digest(password), _digest(expected))
        # A password that is configured and cannot be read is nobody's.
        return reader if same and reader is not None and reader.secret else (reader,)

    def _ntlm(
        self, house: House, request: web.Request, connection: _Connection, shown: str
    ) -> Reader | web.Response:
        self._unlocked(house, request)
        connection.signed = None
        try:
            told = self.handshakes.step(id(connection.transport), shown)
        except Wrong as wrong:
            return self._wrong(house, request, wrong.reader)
        if isinstance(told, str):
            return self._asked(house, f"NTLM {told}")
        connection.signed = told
        return told

    def _unlocked(self, house: House, request: web.Request) -> None:
        address = client_address(request.remote, request.headers, house.proxies)
        if address is not None and (wait := house.limits.locked(address)):
            raise too_many(wait)

    def _wrong(self, house: House, request: web.Request, reader: Reader | None) -> web.Response:
        """A wrong password counts against the address that sent it."""
        if reader is not None:
            self._readers.refused(reader.endpoint, "unauthorized", house.clock.now())
        address = client_address(request.remote, request.headers, house.proxies)
        if address is not None:
            house.limits.wrong(address)
        return self._asked(house)

    def _asked(self, house: House, challenge: str = "") -> web.Response:
        """401: say who you are."""
        headers = CIMultiDict(COMMON)
        if challenge:
            headers.add(hdrs.WWW_AUTHENTICATE, challenge)
        else:
            # Behind a proxy one connection carries many callers: none may sign in for all.
            if not house.proxied:
                headers.add(hdrs.WWW_AUTHENTICATE, "NTLM")
            headers.add(hdrs.WWW_AUTHENTICATE, REALM)
        return web.Response(status=401, headers=headers)


def _digest(words: str) -> bytes:
    """What is compared instead, in constant time: as long for every password."""
    return hashlib.sha256(words.encode()).digest()
