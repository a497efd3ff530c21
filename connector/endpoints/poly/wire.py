"""JSON over HTTPS, as all Poly units with REST speak it."""

from typing import Any

import aiohttp
import msgspec
from yarl import URL

from connector.errors import Malformed
from connector.http import Answer, ask
from connector.outside import Outside
from connector.secret import Secret

SECONDS = 25.0
"""For one request: units that wake up have been seen to take twenty."""
LIMIT = 1 << 20
"""Bytes of an answer."""


class Wire:
    """Where a unit's REST begins, and the login that goes with each request."""

    __slots__ = ("_outside", "basic", "password", "url", "username")

    def __init__(self, outside: Outside, url: URL, username: str, password: Secret) -> None:
        self._outside = outside
        self.url = url
        self.username = username
        self.password = password
        self.basic = {"Authorization": aiohttp.encode_basic_auth(username, password.reveal())}

    @property
    def outside(self) -> Outside:
        """The outside world: its clock tells when answers came."""
        return self._outside

    async def ask(
        self,
        method: str,
        url: URL,
        *,
        body: object = None,
        headers: dict[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """One request and its whole answer, whatever its status."""
        told = {"Accept": "application/json", **(headers or {})}
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            told["Content-Type"] = "application/json"
        return await ask(
            self._outside.http,
            method,
            url,
            seconds=seconds,
            limit=LIMIT,
            tls=self._outside.tls if url.scheme == "https" else True,
            headers=told,
            data=data,
        )


def decoded(answer: Answer) -> Any:
    """The JSON of an answer; None where it has no body.

    Raises:
        Malformed: something else than JSON came.
    """
    body = answer.body.strip()
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(
            "something else than the unit's REST answers",
            reason="not_json",
            fix="check the address; a proxy or sign-in page may stand between",
        ) from error


def whole(value: object) -> dict[str, Any]:
    """An object, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def items(value: object, *names: str) -> list[dict[str, Any]]:
    """The objects of a list that stands by itself, or under one of the names; or the one object."""
    if isinstance(value, dict):
        inside = next((value[name] for name in names if name in value), None)
        if inside is None:
            return [value] if value else []
        value = inside
        if isinstance(value, dict):
            return [value]
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]


def text(value: object) -> str:
    """A short text, whatever stands there."""
    return value[:200] if isinstance(value, str) else ""
