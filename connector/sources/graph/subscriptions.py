"""Subscriptions: one a room, as Graph has them, and nothing but that.

https://learn.microsoft.com/graph/api/resources/subscription. These requests are the only ones of
the reading half that are not GET; what they change is who is told of changes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from yarl import URL

from connector.errors import Malformed, Unavailable
from connector.http import Answer
from connector.sources.graph import wire
from connector.sources.graph.hub import PREFIX
from connector.sources.graph.service import Service

SHORTEST = 45
"""Minutes; Graph makes shorter lives as long as this."""
LONGEST = 10_080
"""Minutes that Graph allows for Outlook's basic notifications."""
PAGES = 1000
"""Pages of the list of subscriptions."""


class Subscription(wire.Wire):
    """One of this application's."""

    id: str
    resource: str | None = None
    notification_url: str | None = None
    expiration_date_time: str | None = None

    @property
    def mailbox(self) -> str:
        """The mailbox whose events it tells of; empty where it tells of something else."""
        parts = (self.resource or "").strip("/").split("/")
        whole = len(parts) == 3 and parts[0].lower() == "users" and parts[2].lower() == "events"
        return parts[1].lower() if whole else ""

    def expires(self, otherwise: datetime) -> datetime:
        """When it ends."""
        try:
            at = datetime.fromisoformat(self.expiration_date_time or "")
        except ValueError:
            return otherwise
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class _Page(wire.Wire):
    value: list[Subscription]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class Desk:
    """Where subscriptions are made, renewed and ended."""

    def __init__(self, service: Service, minutes: int) -> None:
        self._service = service
        self._url = service.graph / "subscriptions"
        self._minutes = minutes

    async def subscribe(self, mailbox: str, hook: str, secret: str) -> Subscription:
        """Let Graph tell of a mailbox's events.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        wanted = {
            "changeType": "created,updated,deleted",
            "notificationUrl": hook,
            "lifecycleNotificationUrl": hook,  # it cannot be added later
            "resource": f"users/{mailbox}/events",
            "clientState": secret,
            "latestSupportedTlsVersion": "v1_2",
        }
        return _decoded(await self._lasting("POST", self._url, wanted))

    async def renew(self, one: str) -> Subscription:
        """Let it live on; this is what `reauthorizationRequired` asks for, too.

        Raises:
            NotFound: there is no such subscription any more.
            Unavailable, Denied, Malformed: named after who must act.
        """
        return _decoded(await self._lasting("PATCH", self._url / one, {}))

    async def end(self, one: str) -> None:
        """End one, if it is still there.

        Raises:
            Unavailable, Denied, Malformed: named after who must act.
        """
        answer = await self._service.answer("DELETE", self._url / one, "watch")
        if answer.status not in {200, 204, 404}:
            raise self._service.meaning(answer)

    async def all(self) -> Sequence[Subscription]:
        """All of this application's.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        found: list[Subscription] = []
        url = self._url
        for _ in range(PAGES):
            body = await self._service.read(url, "watch")
            try:
                page = msgspec.json.decode(body, type=_Page)
            except wire.NO_JSON as error:
                raise _odd() from error
            found += page.value
            if page.next_link is None:
                return found
            url = self._service.follow(page.next_link)
        raise Malformed("the list of subscriptions never ends", reason="endless_pages")

    def expected(self) -> datetime:
        """When one ends that begins now."""
        return self._service.outside.clock.now() + timedelta(minutes=self._minutes)

    async def _lasting(self, method: str, url: URL, wanted: dict[str, str]) -> Answer:
        """Ask for as long a life as is allowed: where it is too long, half of it is tried."""
        while True:
            minutes = self._minutes
            until = f"{self.expected():%Y-%m-%dT%H:%M:%S.0000000Z}"
            answer = await self._service.answer(
                "POST" if method == "POST" else "PATCH",
                url,
                "watch",
                wanted | {"expirationDateTime": until},
            )
            if answer.status in {200, 201}:
                return answer
            if answer.status == 409:  # one of an earlier run, which is being ended
                raise Unavailable("HTTP 409: there is one already", reason="service_error")
            if answer.status != 400:
                raise self._service.meaning(answer)
            if _of_the_hook(answer.body):
                raise _unreached(wanted.get("notificationUrl", ""))
            if minutes <= SHORTEST:
                raise self._service.meaning(answer)
            if minutes == self._minutes:  # others may have halved it meanwhile
                self._minutes = max(SHORTEST, minutes // 2)


def _decoded(answer: Answer) -> Subscription:
    try:
        return msgspec.json.decode(answer.body, type=Subscription)
    except wire.NO_JSON as error:
        raise _odd() from error


def _odd() -> Malformed:
    return Malformed("the answer is not a subscription", reason="wrong_shape")


def _of_the_hook(body: bytes) -> bool:
    """Whether Graph complains of the address that it shall call, rather than of the life.

    Only its message tells.
    """
    try:
        message = msgspec.json.decode(body)["error"]["message"]
    except (*wire.NO_JSON, KeyError, TypeError):
        return False
    words = message.lower() if isinstance(message, str) else ""
    close = words.replace(" ", "")
    named = any(one in close for one in ("notificationurl", "eventhub", "keyvault"))
    return named or "validation request" in words


def _unreached(hook: str) -> Unavailable:
    if hook.startswith(PREFIX):
        return Unavailable(
            "Microsoft 365 cannot send to the Event Hub", reason="hub_refused", everywhere=True
        )
    return Unavailable(
        "Microsoft 365 cannot reach the appliance at public_url",
        reason="hook_unreachable",
        everywhere=True,
    )
