"""Asking Exchange: each request on a thread, in its turn, with credentials that may be sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import TracebackType
from typing import Self, TypeVar
from xml.sax.saxutils import escape

from connector.errors import ConnectorError, Denied
from connector.identity import Identity
from connector.meter import Purpose
from connector.outside import Outside
from connector.source import Credential
from connector.sources.ews import meaning
from connector.sources.ews.affinity import Affinity
from connector.sources.ews.caution import Caution
from connector.sources.ews.channel import Channel, Login, Response
from connector.sources.ews.soap import Element, Fault, Message, envelope, messages, parse

OPEN = 10
"""Requests open at a time: well below Exchange's EWSMaxConcurrency of 27."""
BEHIND = 2
"""How many of them may be subscriptions and the like: thousands at a start, behind the reads."""
_AUTODISCOVER = "/autodiscover/autodiscover.xml"
_TRUSTED = "let the server take tokens of token_url for this application, and check `scope`"
_TICKET = (
    "check that the account may log on to Exchange, and that nothing between ends TLS and begins it"
    " anew (Extended Protection)"
)
_TAKEN = {"ntlm": {"ntlm", "negotiate"}, "kerberos": {"negotiate"}}
_LOCKED = b"account is currently locked out"

T = TypeVar("T")


class Line:
    """The requests of one account to one server.

    `impersonates` says whether the account acts as the mailbox that is asked for.
    """

    def __init__(
        self,
        login: Login,
        outside: Outside,
        *,
        impersonates: bool,
        bearer: Identity | None = None,
    ) -> None:
        self.login = login
        self.outside = outside
        self.impersonates = impersonates
        self.caution = Caution(
            outside.clock,
            str(login.url),
            login.auth,
            login.username,
            login.password.reveal() if login.password else "",
        )
        self._bearer = bearer
        self._behind = asyncio.Semaphore(BEHIND)
        self._pool = ThreadPoolExecutor(OPEN, thread_name_prefix="ews")
        self._channel = Channel(login, outside, sessions=OPEN)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bearer is not None:
            await self._bearer.__aexit__(kind, error, trace)
        self._channel.abort()
        self._pool.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._pool.shutdown)
        self._channel.close()

    async def ask(
        self,
        operation: Element,
        read: Callable[[list[Message]], T],
        *,
        mailbox: str = "",
        purpose: Purpose = "read",
        affinity: Affinity | None = None,
    ) -> T:
        """What `read`, in the thread, makes of the answer to an operation.

        Raises:
            Fault: Exchange refuses it; the caller may know more about it than `meaning`.
            Unavailable, Denied, Malformed: it did not come to an answer.
        """
        body = envelope(operation, impersonated=mailbox if self.impersonates else "")
        loop = asyncio.get_running_loop()

        def work(headers: dict[str, str]) -> "T | Response":
            response = self._channel.post(body, headers)
            if affinity is not None:
                affinity.learn(response.headers)
            if not meaning.is_soap(response):
                return response
            root = parse(response.body)
            # Whoever gets as far as Exchange itself was let in.
            loop.call_soon_threadsafe(self.caution.worked)
            return read(messages(root))

        async with (
            self._behind if purpose == "watch" else nullcontext(),
            self.caution.sending() as sent,
        ):
            got, token = await self.let_in(self._sent(work, mailbox, affinity, purpose), sent)
            if isinstance(got, Response) and got.status == 401 and self._bearer is not None:
                self._bearer.refused(token)
                got, token = await self._sent(work, mailbox, affinity, purpose)
            if isinstance(got, Response):
                raise self.refusal(got, sent, token)
            return got

    async def _sent(
        self,
        work: Callable[[dict[str, str]], T],
        mailbox: str,
        affinity: Affinity | None,
        purpose: Purpose,
    ) -> tuple[T, str]:
        """What comes of one request, and the token that it carried."""
        headers, token = await self.headers(mailbox, affinity)
        self.outside.meter.count(purpose)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, headers), token

    async def let_in(self, asking: Awaitable[T], sent: int) -> T:
        """What comes of a request, if the KDC takes the keytab: it counts wrong ones too."""
        try:
            return await asking
        except Denied as error:
            if self.login.auth != "kerberos" or error.reason != "credentials_refused":
                raise
            raise self.caution.refused(sent, str(error), error.fix) from None

    async def told(
        self,
        operation: Element,
        read: Callable[[list[Message]], T],
        *,
        mailbox: str = "",
        purpose: Purpose = "read",
    ) -> T:
        """The same as `ask`, with Exchange's refusals named after who must act."""
        try:
            return await self.ask(operation, read, mailbox=mailbox, purpose=purpose)
        except Fault as fault:
            raise meaning.of(fault) from fault

    async def headers(
        self, mailbox: str, affinity: Affinity | None = None
    ) -> tuple[dict[str, str], str]:
        """What goes with a request, and the token in it.

        Without the anchor Exchange answers 503 at times, and takes twice as long
        (https://learn.microsoft.com/exchange/client-developer/exchange-web-services/
        impersonation-and-ews-in-exchange).
        """
        anchor = mailbox or self.login.username
        headers = {"X-AnchorMailbox": anchor} if "@" in anchor else {}
        if affinity is not None:
            headers = affinity.headers()
        if self._bearer is None:
            self._present()
            return headers, ""
        token = await self._bearer.token()
        return headers | {"Authorization": f"Bearer {token}"}, token

    def _present(self) -> None:
        """Nothing is sent with a password that is not there: it would count as a wrong one.

        Raises:
            Denied: the file cannot be read, or somebody revoked the source.
        """
        if self.login.auth in {"basic", "ntlm"} and not self.login.password:
            raise Denied(
                "the password that the configuration names cannot be read",
                reason="credentials_missing",
                everywhere=True,
            )

    def credentials(self) -> Sequence[Credential]:
        """What the account proves itself with, where that is a client secret."""
        return self._bearer.credentials() if self._bearer else ()

    async def redirected(self, mailbox: str) -> bool:
        """Whether Autodiscover sends elsewhere for a mailbox ([MS-OXDSCLI], POX).

        Raises:
            Unavailable, Denied, Malformed: nobody tells.
        """
        body = _whereabouts(mailbox)
        headers = {"Content-Type": "text/xml; charset=utf-8", "X-AnchorMailbox": mailbox}

        def work(more: dict[str, str]) -> bool | Response:
            response = self._channel.post(body, headers | more, path=_AUTODISCOVER)
            if response.status != 200:
                return response
            return any(
                one.tag.endswith("}Action") and one.text in {"redirectAddr", "redirectUrl"}
                for one in parse(response.body).iter()
            )

        async with self.caution.sending() as sent:
            got, token = await self.let_in(self._sent(work, mailbox, None, "read"), sent)
            if isinstance(got, Response):
                raise self.refusal(got, sent, token)
            return got

    def refusal(self, response: Response, sent: int, token: str) -> ConnectorError:
        """The error of an answer without SOAP."""
        if response.status != 401:
            return meaning.bare(response, self.outside.clock.now())
        if self._bearer is not None:
            # A token locks nobody out: it is dropped, and another one is asked for.
            self._bearer.refused(token)
            return _denied("the server refuses a new token", "token_refused", _TRUSTED)
        offers = meaning.offers(response)
        if offers and not offers & _TAKEN.get(self.login.auth, offers):
            # Nothing was sent, so nothing was refused.
            words = f"the server does not take {self.login.auth}, but {', '.join(sorted(offers))}"
            return _denied(words, "credentials_refused", "set `auth` to one of these")
        if self.login.auth == "kerberos":
            return _denied("the server refuses the Kerberos ticket", "credentials_refused", _TICKET)
        locked = _LOCKED in response.body
        words = "the account is locked out" if locked else "the server refused the credentials"
        return self.caution.refused(sent, words)


def _denied(words: str, reason: str, fix: str) -> Denied:
    return Denied(words, reason=reason, fix=fix, everywhere=True)


def _whereabouts(mailbox: str) -> bytes:
    space = "http://schemas.microsoft.com/exchange/autodiscover/outlook"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{space}/requestschema/2006">'
        f"<Request><EMailAddress>{escape(mailbox)}</EMailAddress><AcceptableResponseSchema>"
        f"{space}/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()
