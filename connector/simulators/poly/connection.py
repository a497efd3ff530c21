"""How a unit reaches EWS: one connection that is kept, NTLM or Basic (endpoints.md 3.2)."""

import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import aiohttp
import spnego
from spnego.exceptions import SpnegoError
from yarl import URL

from connector.simulators.poly.settings import Account
from connector.simulators.poly.soap import ACTION
from connector.simulators.poly.unit import Unit

PATIENCE = 20.0
"""Seconds that an answer may take."""
LARGEST = 8 << 20
VALIDATES = "feature.exchangeCalendar.validateCaCerts"
"""A Trio's setting: whether it asks an authority; off at first, and unknown of the others."""
PATH = "/EWS/Exchange.asmx"


class Unreachable(Exception):
    """Nobody answers."""


class NotAdmitted(Exception):
    """Wrong password, or the server offers no way to log in that the unit uses."""


class Refused(Exception):
    """The server says no; the status."""


def places(account: Account, *, lower: bool) -> Iterator[URL]:
    """Where to ask, one after the other: https, then http, unless a scheme was given."""
    server = account.server
    schemes = [""] if "://" in server else ["https://", "http://"]
    for scheme in schemes:
        url = URL(scheme + server)
        if not url.path.lower().endswith(".asmx"):
            url = url.with_path(url.path.rstrip("/") + PATH)
        yield url.with_path(url.path.lower()) if lower else url


class Connection:
    """One connection to a server, logged on or not."""

    def __init__(self, unit: Unit, account: Account, trust: ssl.SSLContext | None) -> None:
        self.unit = unit
        self.account = account
        self.trust = trust
        self.url: URL | None = None
        """Where it was answered."""
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the connection go."""
        if self._http is not None:
            await self._http.close()
        self._http = None

    async def ask(self, operation: str, body: str) -> str:
        """The answer to a SOAP request, whatever it says.

        Raises:
            Unreachable, NotAdmitted, Refused: there is none.
        """
        last: Exception | None = None
        lower = self.unit.switches.path == "lower"
        # A connection that was kept may have ended meanwhile: the same address once more.
        known = [self.url, self.url] if self.url else places(self.account, lower=lower)
        for url in known:
            try:
                answer = await self.post(url, operation, body)
            except Unreachable as error:
                await self.close()
                last = error
            else:
                self.url = url
                return answer
        self.url = None
        raise Unreachable from last

    async def post(self, url: URL, operation: str, body: str) -> str:
        """The answer of this address.

        Raises:
            Unreachable, NotAdmitted, Refused: there is none.
        """
        headers = {"SOAPAction": f'"{ACTION}{operation}"'}
        try:
            status, text = await self._logged_on(url, headers, body.encode())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._note(operation, 0)
            raise Unreachable from error
        except SpnegoError as error:
            self._note(operation, 401)
            raise NotAdmitted from error
        self._note(operation, status)
        if status == 401:
            raise NotAdmitted
        # A SOAP fault comes with 500, and is an answer.
        if status != 200 and not (status == 500 and "Envelope" in text):
            raise Refused(str(status))
        return text

    def _note(self, operation: str, status: int) -> None:
        self.unit.note("ews", operation, status, user=self.account.login)

    async def _logged_on(
        self, url: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        """The answer, after logging on where that is asked for."""
        status, offers, text = await self._send(url, headers, body)
        if status != 401:
            return status, text
        way = self._way(offers)
        if way == "basic":
            login = aiohttp.encode_basic_auth(self.account.login, self.account.password)
            status, _, text = await self._send(url, {**headers, "Authorization": login}, body)
            return status, text
        if way == "ntlm":
            return await self._handshake(url, headers, body)
        return status, text

    def _way(self, offers: list[str]) -> str:
        """How to log on: what the unit can and the server offers, NTLM rather than Basic."""
        login = self.unit.switches.login or ("either" if self.account.basic else "ntlm")
        offered = {offer.partition(" ")[0].lower() for offer in offers}
        for way in ("ntlm", "basic"):
            if way in offered and login in {way, "either"}:
                return way
        return ""

    async def _handshake(
        self, url: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        """NTLM: three messages over one connection ([MS-NTHT])."""
        drops = self.unit.faults.strike("ews ntlm")
        client = spnego.client(
            self.account.login,
            self.account.password,
            hostname=url.host or "",
            service="http",
            protocol="ntlm",
        )
        first = _ntlm(client.step())
        status, offers, text = await self._send(url, {**headers, "Authorization": first}, b"")
        challenge = next((one for one in offers if one.lower().startswith("ntlm ")), "")
        if status != 401 or not challenge:
            return status, text
        if drops is not None:
            # The rest of the handshake goes over another connection, and cannot succeed there.
            await self.close()
        last = _ntlm(client.step(b64decode(challenge.partition(" ")[2])))
        status, _, text = await self._send(url, {**headers, "Authorization": last}, body)
        if status == 401 and drops is not None:
            return await self._handshake(url, headers, body)
        return status, text

    async def _send(
        self, url: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[str], str]:
        """One request as it is: the status, what may be used to log on, and the text."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                # One connection, since NTLM logs a connection on and not a request.
                connector=aiohttp.TCPConnector(
                    limit=1, ssl=self.trust or self.unit.settings.truth(VALIDATES)
                ),
                timeout=aiohttp.ClientTimeout(total=PATIENCE),
                headers={"Content-Type": "text/xml; charset=utf-8"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        async with self._http.post(
            url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            raw = b""
            while piece := await answer.content.read(LARGEST):
                raw += piece
                if len(raw) > LARGEST:
                    raise aiohttp.ClientPayloadError("too large")
            offers = answer.headers.getall("WWW-Authenticate", [])
            return answer.status, offers, raw.decode(errors="replace")


def _ntlm(message: bytes | None) -> str:
    return f"NTLM {b64encode(message or b'').decode()}"
