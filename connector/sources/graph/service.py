"""Graph as one identity reaches it: requests with a token, and what each failure means."""

from datetime import datetime
from typing import Literal
from urllib.parse import quote

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, NotFound
from connector.http import Answer, ask, failure
from connector.identity import Identity
from connector.meter import Purpose
from connector.outside import Outside
from connector.sources.graph import wire

PAGE = 100
"""Events asked for at a time."""
PAGE_LIMIT = 50 << 20
"""Bytes of one page."""
READ_LIMIT = 60.0
"""Seconds for one page."""
PREFER = (
    'outlook.timezone="UTC", outlook.body-content-type="text", IdType="ImmutableId",'
    f" odata.maxpagesize={PAGE}"
)
"""Sent with every page: Microsoft applies some of them to the request that carries them only."""

_FIXES = {
    "ErrorAccessDenied": "add the mailbox to the app's management scope in Exchange and check with"
    " Test-ServicePrincipalAuthorization; a new grant takes up to two hours",
    "MailboxNotEnabledForRESTAPI": "the mailbox is not in Exchange Online: it is on Exchange"
    " Server, without a licence, or deleted",
    "ErrorInvalidUser": "no mailbox has this address: compare `mailbox` with Get-EXOMailbox",
}
_FIXES["MailboxNotSupportedForRESTAPI"] = _FIXES["MailboxNotEnabledForRESTAPI"]
_FIXES["ResourceNotFound"] = _FIXES["Request_ResourceNotFound"] = _FIXES["ErrorInvalidUser"]
_ELSEWHERE = {"MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI"}

Method = Literal["GET", "POST", "PATCH", "DELETE"]


class Service:
    """Graph, with the token of one identity."""

    def __init__(self, outside: Outside, identity: Identity, graph: URL) -> None:
        self.outside = outside
        self.identity = identity
        self.graph = graph
        self._origin = graph.origin()
        self._users = f"{graph}/users/"
        self._tls = outside.tls if graph.scheme == "https" else True
        self._route = outside.route(graph)

    def of(self, mailbox: str, path: str) -> URL:
        """An address below a mailbox; the path is written as it goes over the wire."""
        return URL(f"{self._users}{quote(mailbox, safe='@')}/{path}", encoded=True)

    def follow(self, link: str) -> URL:
        """A link as the service wrote it: only to Graph itself, or the token leaks.

        Raises:
            Malformed: it leads elsewhere.
        """
        try:
            url = URL(link, encoded=True)
            same = url.origin() == self._origin
        except ValueError:
            same = False
        if not same:
            raise Malformed("the next page is at another host; refused", reason="foreign_link")
        return url

    async def read(self, url: URL, purpose: Purpose = "read") -> bytes:
        """One page.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        answer = await self.answer("GET", url, purpose)
        if answer.status != 200:
            raise self.meaning(answer)
        if answer.is_html:
            raise Malformed("a web page came instead of JSON", reason="not_json")
        return answer.body

    async def answer(
        self,
        method: Method,
        url: URL,
        purpose: Purpose,
        body: object = None,
        match: str = "",
    ) -> Answer:
        """Whatever the service answers, asked with a new token where the first is refused.

        With `match` only what still has this entity tag is changed.

        Raises:
            Unavailable, Denied, Malformed: there is no token, or no answer.
        """
        data = None if body is None else msgspec.json.encode(body)
        token = await self.identity.token()
        answer = await self._ask(method, url, purpose, token, data, match=match)
        if answer.status == 401:
            self.identity.refused(token)
            token = await self.identity.token()
            answer = await self._ask(method, url, purpose, token, data, match=match)
        return answer

    async def _ask(
        self,
        method: Method,
        url: URL,
        purpose: Purpose,
        token: str,
        data: bytes | None,
        *,
        match: str,
    ) -> Answer:
        self.outside.meter.count(purpose)
        headers = {
            "Authorization": f"Bearer {token}",
            "Prefer": PREFER,
            "Accept": "application/json",
        }
        if data is not None:
            headers["Content-Type"] = "application/json"
        if match:
            headers["If-Match"] = match
        return await ask(
            self.outside.http,
            method,
            url,
            seconds=READ_LIMIT,
            limit=PAGE_LIMIT,
            tls=self._tls,
            headers=headers,
            data=data,
            **self._route,
        )

    def meaning(self, answer: Answer) -> ConnectorError:
        """What an error answer means here; the service's code tells more than its status."""
        code = wire.error_code(answer.body)
        fix = _FIXES.get(code, "")
        if answer.status == 401:
            return Denied(
                "Graph refused a new token",
                reason="token_refused",
                fix="check that the app still exists, and the appliance's clock",
                everywhere=True,
            )
        if answer.status == 404 and code in _ELSEWHERE:
            return NotFound(f"HTTP 404 {code}", reason="mailbox_elsewhere", fix=fix)
        error = failure(answer, self.outside.clock.now(), what=code)
        error.fix = fix
        return error


def utc(instant: datetime) -> str:
    """An instant as Graph takes it."""
    return f"{instant.isoformat()[:19]}Z"  # strftime takes ten times as long
