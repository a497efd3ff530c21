"""A session with a VideoOS unit: opened for one errand, and always ended (endpoints.md 3.5).

Units are said to lock up when sessions stay open for long, and their cookies differ by software:
the newer ones want an XSRF header, some want Basic as well. All is sent, so that each finds its
own.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any

from connector.endpoints.poly.way import refused, unsupported
from connector.endpoints.poly.wire import Wire, decoded, text, whole
from connector.errors import ConnectorError, Malformed, Unavailable
from connector.http import Answer, failure

PATHS = ("session", "current/session")
"""Where sessions are begun, first the documented one."""
END_SECONDS = 5.0
LOCKED = timedelta(minutes=5)
"""How long a unit that locked its port is left alone."""

_REASONS = re.compile(r"Session(?:AlreadyActive|RequestInvalid|PortLockout|NoActiveSession)")


class Session:
    """What is said to a unit between its login and its logout."""

    __slots__ = ("_busy", "_cookies", "_path", "_wire")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._cookies: dict[str, str] = {}
        self._path = ""
        """Where the session was begun; empty where there is none, and Basic has to do."""
        self._busy = False
        """Whether somebody else's session keeps this one out."""

    async def get(self, path: str, **query: str) -> Any:
        """What the unit answers to a question.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        return decoded(await self.ask("GET", path, query=query))

    async def post(self, path: str, body: object = None) -> Any:
        """What the unit answers to an order.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        return decoded(await self.ask("POST", path, body=body))

    async def ask(
        self, method: str, path: str, *, body: object = None, query: dict[str, str] | None = None
    ) -> Answer:
        """One request that succeeds; where the session was lost meanwhile, in a new one, once."""
        answer = await self._once(method, path, body, query)
        lost = answer.status in {401, 403} or _reason(answer) == "SessionNoActiveSession"
        if lost and self._path:
            await self._login()
            answer = await self._once(method, path, body, query)
        if answer.status in {401, 403} and self._busy:
            raise Unavailable("another session holds the unit", reason="service_error")
        if answer.status == 401:
            raise refused()
        if not 200 <= answer.status < 300:
            raise failure(answer, self._wire.outside.clock.now(), what=_reason(answer))
        _check(answer)
        return answer

    async def begin(self) -> None:
        """Log in. A session of ours that the unit still holds is ended first.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        if await self._login():
            return
        await self._end(PATHS[0])
        # Where it stays so, Basic may do without a session: what is asked next tells.
        self._busy = not await self._login()

    async def end(self) -> None:
        """Log out, whatever comes of it: a session that stays open is worse.

        After a refusal nothing is sent: with the wrong password that would be a second try.
        """
        if self._path or self._cookies:
            await self._end(self._path or PATHS[0])

    async def _end(self, path: str) -> None:
        with suppress(ConnectorError):
            await self._wire.ask(
                "DELETE", self._url(path), headers=self._headers(), seconds=END_SECONDS
            )
        self._path = ""
        self._cookies.clear()

    async def _login(self) -> bool:
        """Whether a session began; False where another one is active.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        self._cookies.clear()
        login = {
            "user": self._wire.username,
            "password": self._wire.password.reveal(),
            "action": "Login",
        }
        for path in PATHS:
            answer = await self._once("POST", path, login, None)
            if answer.status in {404, 405}:
                continue
            reason = _reason(answer)
            if reason == "SessionAlreadyActive":
                return False
            self._judge(answer, reason)
            self._path = path
            session = text(whole(whole(decoded(answer)).get("session")).get("sessionId"))
            if session:
                self._cookies.setdefault("session_id", session)
            return True
        return True  # no sessions there: Basic has to do

    def _judge(self, answer: Answer, reason: str) -> None:
        """Raise what a login's answer stands for, where it is no success."""
        if reason == "SessionPortLockout" or _locked(answer):
            raise Unavailable(
                "the unit locked its port after too many failed logins",
                reason="throttled",
                retry_after=LOCKED,
            )
        if answer.status in {400, 401, 403, 412}:
            # How a wrong password is told is not documented. What is no other known word is taken
            # for that: the login is always written alike, and a second one might lock the user out.
            self._cookies.clear()
            raise refused()
        if not 200 <= answer.status < 300:
            raise failure(answer, self._wire.outside.clock.now(), what=reason)
        if answer.is_html:
            raise unsupported(
                "a web page answers instead of REST",
                "switch the unit's REST API on, or name its family",
            )
        if whole(decoded(answer)).get("success") is False:
            self._cookies.clear()
            raise refused()

    async def _once(
        self, method: str, path: str, body: object, query: dict[str, str] | None
    ) -> Answer:
        url = self._url(path)
        answer = await self._wire.ask(
            method,
            url.with_query(query) if query else url,
            body=body,
            headers=self._headers(),
        )
        for told in answer.headers.getall("Set-Cookie", []):
            with suppress(CookieError):
                for name, cookie in SimpleCookie(told).items():
                    self._cookies[name] = cookie.value
        return answer

    def _url(self, path: str) -> Any:
        return self._wire.url / "rest" / path

    def _headers(self) -> dict[str, str]:
        headers = dict(self._wire.basic)
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in self._cookies.items())
        if token := self._cookies.get("XSRF-TOKEN"):
            headers["x-xsrf-token"] = token
        return headers


@asynccontextmanager
async def session(wire: Wire) -> AsyncIterator[Session]:
    """A session for one errand; it is ended even where the login's answer could not be read."""
    opened = Session(wire)
    try:
        await opened.begin()
        yield opened
    finally:
        await opened.end()


def _reason(answer: Answer) -> str:
    """The unit's own word for what is wrong, where it is one of the documented ones."""
    found = _REASONS.search(answer.body[:4096].decode(errors="replace"))
    return found[0] if found else ""


def _locked(answer: Answer) -> bool:
    """Whether the login's result says that the port is locked."""
    if answer.is_html or b"loginResult" not in answer.body:
        return False
    result = text(whole(whole(decoded(answer)).get("loginStatus")).get("loginResult"))
    return "LOCKOUT" in result and result != "NOLOCKOUT"


def _check(answer: Answer) -> None:
    """HTTP 200 is no success where the body says otherwise, or is a web page."""
    if answer.is_html:
        raise Malformed(
            "a web page answers instead of REST",
            reason="not_json",
            fix="check the address; a proxy or sign-in page may stand between",
        )
    if answer.body[:1] == b"{" and whole(decoded(answer)).get("success") is False:
        raise Malformed("the unit refuses the request", reason="request_refused")
