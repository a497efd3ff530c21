"""The presence of rooms' accounts in Microsoft Teams, set as an application.

`Presence.ReadWrite.All` is consented in Entra for the whole tenant: no scope narrows it
(https://learn.microsoft.com/graph/api/presence-setpresence). Each application has a session of its
own with each account; among all sessions Teams shows the busiest, and what a person chose before
any. A session ends by itself: what is not renewed is Offline, and `Available` fades within five
minutes already (https://learn.microsoft.com/graph/cloud-communications-manage-presence-state).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from connector.errors import ConnectorError
from connector.http import Answer
from connector.identity import Identity
from connector.outside import Outside
from connector.presence import Presences, Shown
from connector.sources.graph import Options, way
from connector.sources.graph.service import Service

PERMISSION = "Presence.ReadWrite.All"
_WORDS: dict[Shown, tuple[str, str]] = {
    "available": ("Available", "Available"),
    "in_call": ("Busy", "InACall"),
}
"""Availability and activity: two of the few pairs that applications may set."""
_LASTS: dict[Shown, timedelta] = {
    "available": timedelta(minutes=4),
    "in_call": timedelta(minutes=30),
}
_EXPIRES: dict[Shown, str] = {"available": "PT10M", "in_call": "PT1H"}
"""How long a session outlives the bridge: from PT5M to PT4H are taken."""
_FIX = (
    f"grant the application permission {PERMISSION} (`roombridge guide entra`), or set the source's"
    " `presence: none`"
)


@asynccontextmanager
async def connect(options: Options, outside: Outside) -> AsyncIterator[Presences]:
    """Hold the identity that may change things, and its token."""
    writing = options.writing
    async with Identity(outside, way(writing, outside)) as identity:
        yield GraphPresences(Service(outside, identity, writing.graph), writing.client_id)


class GraphPresences:
    """The presence of accounts, in the sessions of one application."""

    def __init__(self, service: Service, session: str) -> None:
        self._service = service
        self._session = session
        """Microsoft wants the application's id here."""

    def lasts(self, shown: Shown) -> timedelta:
        """After how long it must be said again."""
        return _LASTS[shown]

    async def set(self, mailbox: str, shown: Shown) -> None:
        """Show this from now on."""
        availability, activity = _WORDS[shown]
        body = {
            "sessionId": self._session,
            "availability": availability,
            "activity": activity,
            "expirationDuration": _EXPIRES[shown],
        }
        answer = await self._post(mailbox, "setPresence", body)
        if answer.status != 200:
            raise self._refusal(answer)

    async def clear(self, mailbox: str) -> None:
        """End the session; where there is none, that is as well."""
        answer = await self._post(mailbox, "clearPresence", {"sessionId": self._session})
        if answer.status not in {200, 404}:
            raise self._refusal(answer)

    async def _post(self, mailbox: str, verb: str, body: object) -> Answer:
        url = self._service.of(mailbox, f"presence/{verb}")
        return await self._service.answer("POST", url, "write", body)

    def _refusal(self, answer: Answer) -> ConnectorError:
        error = self._service.meaning(answer)
        if answer.status == 403:
            error.fix, error.everywhere = _FIX, True
        return error
