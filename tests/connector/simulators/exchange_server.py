"""What the tests of the simulated Exchange share: a clock, a room, and somebody who asks in SOAP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer
from lxml import etree

from connector.simulators.exchange import PATH, Exchange, Mailbox, Meeting, app

from .graph_tenant import NOON, Clock

KESTREL = "kestrel@example.com"
ADA = "ada@example.com"
LIST = "rooms@example.com"
SERVICE = "svc@example.com"
SPACES = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "e": "http://schemas.microsoft.com/exchange/services/2006/errors",
}
CALENDAR = '<t:DistinguishedFolderId Id="calendar"/>'
VIEW = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>{shape}</t:BaseShape></m:ItemShape>'
    '<m:CalendarView {limit}StartDate="{start}" EndDate="{end}"/>'
    "<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindItem>"
)


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def codes(self) -> list[str]:
        found = self.root.iter(*(f"{{{SPACES[name]}}}ResponseCode" for name in "me"))
        return [one.text or "" for one in found]

    @property
    def code(self) -> str:
        assert len(self.codes) == 1, self.body
        return self.codes[0]

    def texts(self, path: str) -> list[str]:
        return [one.text or "" for one in self.root.findall(f".//{path}", SPACES)]

    def ids(self, path: str = "t:ItemId") -> list[str]:
        return [one.get("Id", "") for one in self.root.findall(f".//{path}", SPACES)]

    @property
    def subjects(self) -> list[str]:
        return self.texts("t:Subject")


class Caller:
    """A server that answers, and a service account that asks."""

    def __init__(self, exchange: Exchange, clock: Clock, http: "TestClient[Any, Any]") -> None:
        self.exchange = exchange
        self.clock = clock
        self.http = http
        self.auth: str | None = encode_basic_auth(SERVICE, "right")
        self.impersonated: str | None = KESTREL
        self.version = "Exchange2016"
        self.headers: dict[str, str] = {}
        self.said: list[bytes] = []

    @property
    def kestrel(self) -> Mailbox:
        return self.exchange.mailbox(KESTREL)

    @property
    def authorization(self) -> dict[str, str]:
        """The header by which the account says who it is."""
        return {"Authorization": self.auth} if self.auth else {}

    def envelope(self, body: str) -> str:
        """A request as clients write it."""
        spaces = " ".join(f'xmlns:{name}="{SPACES[name]}"' for name in ("s", "m", "t"))
        sid = f"<t:PrimarySmtpAddress>{self.impersonated}</t:PrimarySmtpAddress>"
        acting = (
            f"<t:ExchangeImpersonation><t:ConnectingSID>{sid}</t:ConnectingSID></t:ExchangeImpersonation>"
            if self.impersonated
            else ""
        )
        header = f'<t:RequestServerVersion Version="{self.version}"/>{acting}'
        return f"<s:Envelope {spaces}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"

    async def post(self, text: str | bytes, **more: Any) -> Answer:
        """Any request."""
        headers = {"Content-Type": "text/xml; charset=utf-8"} | self.authorization | self.headers
        async with self.http.post(
            PATH, data=text, headers=headers, allow_redirects=False, **more
        ) as answer:
            body = await answer.read()
        self.said.append(body)
        return Answer(answer.status, answer.headers, body)

    async def ask(self, body: str) -> Answer:
        """A SOAP request."""
        return await self.post(self.envelope(body))

    async def view(
        self,
        start: str = "2026-11-23T00:00:00Z",
        end: str = "2026-11-30T00:00:00Z",
        *,
        shape: str = "Default",
        folder: str = CALENDAR,
        most: int | None = None,
    ) -> Answer:
        """The week of the room."""
        limit = f'MaxEntriesReturned="{most}" ' if most else ""
        return await self.ask(
            VIEW.format(shape=shape, start=start, end=end, folder=folder, limit=limit)
        )

    async def get(self, *ids: str, shape: str = "AllProperties", more: str = "") -> Answer:
        """Items by their ids."""
        items = "".join(f'<t:ItemId Id="{one}"/>' for one in ids)
        return await self.ask(
            f"<m:GetItem><m:ItemShape><t:BaseShape>{shape}</t:BaseShape>{more}</m:ItemShape>"
            f"<m:ItemIds>{items}</m:ItemIds></m:GetItem>"
        )

    async def sync(self, state: str = "", most: int = 512) -> Answer:
        """What changed."""
        said = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        return await self.ask(
            "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
            f"<m:SyncFolderId>{CALENDAR}</m:SyncFolderId>{said}"
            f"<m:MaxChangesReturned>{most}</m:MaxChangesReturned></m:SyncFolderItems>"
        )

    async def subscribe(self, way: str = "Streaming", more: str = "") -> Answer:
        """Interest in the room's calendar."""
        types = "".join(
            f"<t:EventType>{name}Event</t:EventType>" for name in ("Created", "Modified", "Deleted")
        )
        return await self.ask(
            f"<m:Subscribe><m:{way}SubscriptionRequest><t:FolderIds>{CALENDAR}</t:FolderIds>"
            f"<t:EventTypes>{types}</t:EventTypes>{more}</m:{way}SubscriptionRequest></m:Subscribe>"
        )

    async def control(
        self, method: str, path: str, body: object = None, status: int | None = None
    ) -> Any:
        """Use the control API."""
        async with self.http.request(method, f"/control{path}", json=body) as answer:
            raw = await answer.read()
        assert answer.status == (status or (201 if method == "POST" else 200)), raw
        return msgspec.json.decode(raw)


@asynccontextmanager
async def asking(**options: Any) -> AsyncIterator[Caller]:
    """A server with one room at noon, and an account that may impersonate it."""
    clock = Clock()
    exchange = Exchange(clock=clock, sleep=clock.sleep, **options)
    exchange.add_mailbox(KESTREL, name="Kestrel", time_zone="Europe/London")
    exchange.add_mailbox(ADA, name="Ada Lovelace", time_zone="Europe/London", hidden=True)
    exchange.add_user(SERVICE, "right", impersonates=[KESTREL, ADA], mailbox=SERVICE)
    exchange.add_room_list(LIST, [KESTREL, ADA], name="Rooms")
    client: TestClient[Any, Any] = TestClient(TestServer(app(exchange)))
    async with client as http:
        yield Caller(exchange, clock, http)


def meeting(
    subject: str = "Review", *, hour: float = 13, minutes: int = 30, **more: Any
) -> Meeting:
    """A meeting at an hour of the day, in UTC."""
    start: datetime = NOON.replace(hour=0) + timedelta(hours=hour)
    return Meeting(subject=subject, start=start, end=start + timedelta(minutes=minutes), **more)
