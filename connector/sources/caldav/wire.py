"""Requests to a CalDAV server, and what their answers mean."""

import asyncio
from collections.abc import Iterable

from yarl import URL

from connector.errors import ConnectorError, Malformed
from connector.http import Answer, ask, failure
from connector.meter import Purpose
from connector.outside import Outside
from connector.sources.caldav import dav
from connector.sources.caldav.dav import Multistatus

ANSWER_LIMIT = 64 << 20
"""Bytes of one answer."""
READ_LIMIT = 60.0
"""Seconds for one request."""
AT_ONCE = 32 << 10
"""Bytes of an answer that is taken apart on the loop."""
TOGETHER = 200
"""Objects asked for in one request."""


class Server:
    """A CalDAV server, reached with one login."""

    def __init__(self, outside: Outside, login: dict[str, str]) -> None:
        self._outside = outside
        self._login = login

    async def properties(self, url: URL, *names: str, depth: str = "0") -> Multistatus:
        """Properties of a resource, and with depth 1 of what is in it.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        return await self._asked("PROPFIND", url, dav.propfind(*names), depth)

    async def report(self, url: URL, body: bytes, *, depth: str = "1") -> Multistatus:
        """A report on a calendar (RFC 3253 §3.6).

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        return await self._asked("REPORT", url, body, depth)

    async def objects(self, url: URL, hrefs: Iterable[str]) -> list[dav.Resource]:
        """Objects of a calendar by name; each is told of."""
        names = list(hrefs)
        found: list[dav.Resource] = []
        for at in range(0, len(names), TOGETHER):
            some = names[at : at + TOGETHER]
            found += (await self.report(url, dav.multiget(some))).resources
        return found

    async def _asked(self, method: str, url: URL, body: bytes, depth: str) -> Multistatus:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        answer = await self.send(method, url, body, headers)
        if answer.status != 207:
            raise self.meaning(answer)
        if len(answer.body) <= AT_ONCE:
            return dav.multistatus(answer.body)
        return await asyncio.to_thread(dav.multistatus, answer.body)

    async def send(
        self,
        method: str,
        url: URL,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        purpose: Purpose = "read",
    ) -> Answer:
        """One request and its answer, whatever that is."""
        self._outside.meter.count(purpose)
        return await ask(
            self._outside.http,
            method,
            url,
            seconds=READ_LIMIT,
            limit=ANSWER_LIMIT,
            tls=self._outside.tls if url.scheme == "https" else True,
            headers={**self._login, **(headers or {})},
            data=body,
            **self._outside.route(url),
        )

    def meaning(self, answer: Answer) -> ConnectorError:
        """The error that an answer stands for."""
        if answer.status < 300:
            return Malformed("something else than a calendar server answers", reason="not_dav")
        return failure(answer, self._outside.clock.now())


def follow(url: URL, href: str) -> URL:
    """The address that a server names: only at the server itself, or the password leaks.

    Raises:
        Malformed: it is elsewhere.
    """
    try:
        found = url.join(URL(href, encoded=True))
        same = found.origin() == url.origin()
    except ValueError:
        same = False
    if not same:
        raise Malformed("the server names a resource at another host", reason="foreign_link")
    return found
