"""One request to Google: its token, its limits, and what each failure means."""

import re
from typing import Any

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.http import Answer, ask, failure, retry_after
from connector.identity import Identity
from connector.meter import Purpose
from connector.outside import Outside

PAGE_LIMIT = 50 << 20
"""Bytes of one answer."""
CALL_LIMIT = 60.0
"""Seconds for one answer."""

# https://developers.google.com/workspace/calendar/api/guides/errors: all come with 403.
_QUOTA = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "dailyLimitExceededUnreg",
    "calendarUsageLimitsExceeded",
    "variableTermLimitExceeded",
    "limitExceeded",
}
_SHARE = (
    "share the room's calendar with the service account (or with `subject`); `roombridge guide"
    " google` says how far"
)


class Calls:
    """Requests of one service account, with one set of scopes."""

    def __init__(self, outside: Outside, identity: Identity) -> None:
        self._outside = outside
        self.identity = identity

    async def __call__(
        self, method: str, url: URL, purpose: Purpose, body: object = None
    ) -> Answer:
        """An answer below 300, with a new token where the first is refused.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        answer = await self.plain(method, url, purpose, body)
        if not 200 <= answer.status < 300:
            raise meaning(answer, self._outside)
        if answer.is_html:
            raise Malformed("a web page came instead of JSON", reason="not_json")
        return answer

    async def plain(
        self, method: str, url: URL, purpose: Purpose, body: object = None, *, match: str = ""
    ) -> Answer:
        """Whatever answer came; with `match` only that version is changed (RFC 9110 §13.1.1)."""
        token = await self.identity.token()
        answer = await self._ask(method, url, purpose, body, match=match, token=token)
        if answer.status == 401:
            self.identity.refused(token)
            token = await self.identity.token()
            answer = await self._ask(method, url, purpose, body, match=match, token=token)
        return answer

    async def _ask(
        self, method: str, url: URL, purpose: Purpose, body: object, *, match: str, token: str
    ) -> Answer:
        self._outside.meter.count(purpose)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if match:
            headers["If-Match"] = match
        if body is not None:
            headers["Content-Type"] = "application/json"
        return await ask(
            self._outside.http,
            method,
            url,
            seconds=CALL_LIMIT,
            limit=PAGE_LIMIT,
            tls=self._outside.tls if url.scheme == "https" else True,
            headers=headers,
            data=None if body is None else msgspec.json.encode(body),
            **self._outside.route(url),
        )


def meaning(answer: Answer, outside: Outside) -> ConnectorError:
    """What an error answer means: with 403 Google's `reason` tells quota from permission."""
    now, why = outside.clock.now(), error_reason(answer.body)
    message = f"HTTP {answer.status} {why}".rstrip()
    if answer.status == 401:
        return Denied(
            "Google refused a new token",
            reason="token_refused",
            fix="check that the service account still exists, and the appliance's clock",
            everywhere=True,
        )
    if answer.status == 403 and why in _QUOTA:
        return Unavailable(message, reason="throttled", retry_after=retry_after(answer, now))
    if answer.status == 403 and why == "accessNotConfigured":
        return Denied(message, reason="api_disabled", everywhere=True)
    error = failure(answer, now, what=why)
    if answer.status == 403:
        error.fix = _SHARE
        if why in {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}:
            error.everywhere = True
            error.fix = "delegate the scopes that `roombridge guide google` names"
    if answer.status == 404:
        error.fix = f"compare `mailbox` with the resource's address, and {_SHARE}"
    return error


def error_reason(body: bytes) -> str:
    """Google's own code in an error answer, or nothing; its message may name people."""
    try:
        answer: Any = msgspec.json.decode(body)
        code = answer["error"]["errors"][0]["reason"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[\w.]{1,80}", code) else ""
