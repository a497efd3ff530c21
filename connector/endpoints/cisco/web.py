"""A codec's web interface: `/getxml`, `/putxml` and the private `/bookingsputxml`.

Each request signs in by itself with Basic, so no session is ever opened (EP-13).
"""

import re

from yarl import URL

from connector.endpoints.cisco import commands
from connector.endpoints.cisco.carrier import LIMIT, SECONDS, Login, NotOffered, Refused
from connector.endpoints.cisco.commands import Command
from connector.endpoints.cisco.documents import Document, element, xml
from connector.errors import Malformed, Unavailable
from connector.http import Answer, ask, failure
from connector.outside import Outside


class Web:
    """The way over HTTP."""

    __slots__ = ("_login", "_outside", "_putxml")

    def __init__(self, outside: Outside, url: URL, login: Login) -> None:
        self._outside = outside
        self._putxml = url / "putxml"
        """The one that is kept: to make it takes longer than to write half a list."""
        self._login = login

    @property
    def url(self) -> URL:
        """Where the web interface begins."""
        return self._putxml.with_path("/")

    async def run(self, command: Command) -> Document:
        """Give a command; its result. HTTP 200 is no success: the result's status is (EP-16)."""
        body = commands.as_xml(command)
        answer = self._taken(await self._ask("POST", self._putxml, data=body, kind="text/xml"))
        if _DONE.fullmatch(answer.body):
            return _NOTHING_MORE
        results = [node for node in xml(answer.body).iter() if str(node.tag).endswith("Result")]
        if not results or results[0].get("status") != "OK":
            raise Refused
        return results[0]

    async def read(self, *path: str) -> Document:
        """A part of the status; empty where the codec does not tell."""
        location = "/".join(("/Status", *path))
        answer = await self._ask("GET", (self.url / "getxml").with_query(location=location))
        if answer.status in {400, 404}:  # what has no such page may take bookings all the same
            return element("Status", {})
        if answer.status != 200:
            raise failure(answer, self._outside.clock.now())
        return xml(answer.body)

    async def push(self, body: bytes) -> None:
        """Replace the list by the private interface.

        How its answer looks is not documented (endpoints.md 2.1): only a plain error counts.
        """
        url = self.url / "bookingsputxml"
        answer = self._taken(await self._ask("POST", url, data=body, kind="text/plain"))
        if _is_error(answer.body):
            raise Refused

    def _taken(self, answer: Answer) -> Answer:
        """What a post was answered with, if that is well."""
        if answer.status in {404, 405}:
            raise NotOffered
        if answer.status != 200:
            raise failure(answer, self._outside.clock.now())
        return answer

    async def _ask(
        self, method: str, url: URL, *, data: bytes | None = None, kind: str = ""
    ) -> Answer:
        """One request with the login, and an end to it where the codec says that it is wrong.

        Not being logged in has three forms: 401, a redirect to the sign-in page, and that page
        with status 200 (EP-15).
        """
        async with self._login.trying():
            answer = await ask(
                self._outside.http,
                method,
                url,
                seconds=SECONDS,
                limit=LIMIT,
                tls=self._outside.tls if url.scheme == "https" else True,
                data=data,
                headers=self._login.basic
                | ({"Content-Type": f"{kind}; charset=utf-8"} if kind else {}),
            )
            page = answer.status == 200 and _is_page(answer.body)
            signin = "signin" in answer.headers.get("Location", "")
            if answer.status == 401 or signin or (page and _SIGN_IN.search(answer.body)):
                self._login.refuse()
            if page:
                raise Unavailable("a web page came for an answer", reason="service_error")
            if answer.status == 200:
                self._login.accept()
        return answer


_DONE = re.compile(
    rb"(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?:utf|UTF)-8[\"'])?\?>)?\s*"
    rb"<Command>\s*<[A-Za-z]{1,64}Result(?: item=\"1\")? status=\"OK\" ?/>\s*</Command>\s*",
)
"""Success and nothing else, as most commands end: what this matches need not be parsed."""
_NOTHING_MORE = element("Result", {"status": "OK"})
_SIGN_IN = re.compile(rb"sign.?in|log.?in|password|username", re.IGNORECASE)


def _is_error(body: bytes) -> bool:
    """Whether a document says by itself that something went wrong."""
    try:
        root = xml(body)
    except Malformed:
        return False
    return any(one.get("status") in {"Error", "ParameterError"} for one in root.iter())


def _is_page(body: bytes) -> bool:
    return body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html"))
