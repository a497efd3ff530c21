"""Rooms and room lists of Places, read by Microsoft's own client in a process of its own.

msgraph-sdk takes 392 MB on disk and most of a second to import.
So it is imported here only, and here is never part of the appliance's process: `places.py` starts
this file, writes one order to its standard input and reads lines from its standard output: how far
it is, and the answer last.
"""

import asyncio
import hashlib
import ssl
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpx
import msgspec
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication.anonymous_authentication_provider import (
    AnonymousAuthenticationProvider,
)
from kiota_abstractions.serialization import ParseNode
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.generated.models.entity import Entity
from msgraph.generated.models.room import Room
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from connector.discovery import FoundRoom

PAGES = 500
"""Pages after which a list is held to be endless; each has a hundred rooms."""
SECONDS = 60.0
"""For one page."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to read, and how to get there."""

    url: str
    """Where Graph's v1.0 begins."""
    token: str
    proxy: str | None = None
    authorities: tuple[str, ...] = ()
    """Files with authorities that are trusted besides the system's."""
    fingerprint: str = ""
    """SHA-256 of the only certificate that is trusted, in hex; empty for any that verifies."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is."""

    found: int
    pages: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All rooms, or why there are none."""

    rooms: tuple[FoundRoom, ...] = ()
    requests: int = 0
    status: int = 0
    """The HTTP status of an answer that was none."""
    code: str = ""
    retry_after: str = ""
    failure: str = ""
    """What failed without a status: `unreachable`, `certificate`, `pinned`, `foreign`, `endless`,
    `shape`."""


class Wrong(Exception):
    """An answer that cannot be used; its text is a `failure`."""


def few_fields(self: Entity) -> dict[str, Callable[[ParseNode], None]]:
    """What the client's own method of this name tells of an entity, without what that does besides.

    It imports all 1,200 kinds of entities, twice, for each one that it reads (msgraph-sdk 1.65),
    and takes ten times as long as all the rest: a minute and a half for ten thousand rooms.
    """

    def identity(node: ParseNode) -> None:
        self.id = node.get_str_value()

    def kind(node: ParseNode) -> None:
        self.odata_type = node.get_str_value()

    return {"id": identity, "@odata.type": kind}


class Reader:
    """Reads Places page by page."""

    def __init__(
        self, order: Order, http: httpx.AsyncClient, tell: Callable[[Step], object]
    ) -> None:
        adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=http)
        adapter.base_url = order.url
        self._client = GraphServiceClient(request_adapter=adapter)
        self._origin = httpx.URL(order.url).copy_with(path="/", query=None)
        self.requests = 0
        self._tell = tell
        self._found = 0
        self._known = False

    async def rooms(self) -> Sequence[FoundRoom]:
        """Every room, with the names of the lists that it is in."""
        found = await self._all(self._client.places.graph_room)
        self._known = True
        lists: dict[str, list[str]] = {}
        for one in await self._all(self._client.places.graph_room_list):
            name, address = one.display_name or one.email_address, one.email_address
            if not name or not address:
                continue
            place = self._client.places.by_place_id(address)
            for room in await self._all(place.graph_room_list.rooms):
                lists.setdefault((room.email_address or "").lower(), []).append(name)
        return [_found(room, lists) for room in found if room.email_address]

    async def _all(self, builder: Any) -> list[Any]:
        """All pages of a collection."""
        self.requests += 1
        page = await builder.get()
        items = list(page.value or ())
        self._count(page.value)
        for _ in range(PAGES):
            if not page.odata_next_link:
                return items
            if httpx.URL(page.odata_next_link).copy_with(path="/", query=None) != self._origin:
                raise Wrong("foreign")
            self.requests += 1
            page = await builder.with_url(page.odata_next_link).get()
            items += page.value or ()
            self._count(page.value)
        raise Wrong("endless")

    def _count(self, value: Sequence[Any] | None) -> None:
        """Tell how far it is; what lists hold are rooms that were found before."""
        if not self._known:
            self._found += len(value or ())
        self._tell(Step(found=self._found, pages=self.requests))


def _found(room: Room, lists: dict[str, list[str]]) -> FoundRoom:
    devices = {
        "video": room.video_device_name,
        "audio": room.audio_device_name,
        "display": room.display_device_name,
        "wheelchair": room.is_wheel_chair_accessible,
    }
    features = (*(name for name, there in devices.items() if there), *(room.tags or ()))
    address = room.email_address or ""
    floor = room.floor_label or ("" if room.floor_number is None else str(room.floor_number))
    return FoundRoom(
        mailbox=address,
        name=room.display_name or "",
        building=room.building or "",
        floor=floor,
        capacity=room.capacity or 0,
        features=features,
        lists=tuple(lists.get(address.lower(), ())),
    )


async def carried_out(order: Order, tell: Callable[[Step], object] = lambda _: None) -> Outcome:
    """Read it all; failures are outcomes too."""
    Entity.get_field_deserializers = few_fields
    reader: Reader | None = None
    try:
        trusted = await asyncio.to_thread(_trusted, order)
        async with _http(order, trusted) as http:
            reader = Reader(order, http, tell)
            rooms = await reader.rooms()
            return Outcome(rooms=tuple(rooms), requests=reader.requests)
    except APIError as error:
        headers = error.response_headers or {}
        return Outcome(
            status=error.response_status_code or 0,
            code=getattr(getattr(error, "error", None), "code", None) or "",
            retry_after=headers.get("retry-after", ""),
            requests=reader.requests if reader else 0,
        )
    except Wrong as wrong:
        failure = str(wrong)
    except ssl.SSLError:
        failure = "certificate"
    except httpx.HTTPError as error:
        failure = "certificate" if _about_tls(error) else "unreachable"
    except OSError:
        failure = "unreachable"
    except Exception:  # noqa: BLE001 - the client's models fall over answers that are not Graph's
        failure = "shape"
    return Outcome(failure=failure, requests=reader.requests if reader else 0)


def _http(order: Order, trusted: ssl.SSLContext | bool) -> httpx.AsyncClient:
    """Microsoft's pipeline without its retries: the bridge owns when to ask again."""
    bare = httpx.AsyncClient(
        headers={"Authorization": f"Bearer {order.token}"},
        base_url=order.url,
        proxy=order.proxy,
        verify=trusted,
        timeout=SECONDS,
        trust_env=False,
        follow_redirects=False,
    )
    options = {RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False)}
    made: httpx.AsyncClient = GraphClientFactory.create_with_default_middleware(
        client=bare, options=options
    )
    return made


def _trusted(order: Order) -> ssl.SSLContext | bool:
    """What the service is verified by."""
    url = httpx.URL(order.url)
    if url.scheme != "https":
        return True
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for file in order.authorities:
        context.load_verify_locations(file)
    if order.fingerprint:
        shown = ssl.get_server_certificate((url.host, url.port or 443), timeout=SECONDS)
        held = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
        if held != order.fingerprint:
            raise Wrong("pinned")
        context = ssl.create_default_context(cadata=shown)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _about_tls(error: BaseException | None) -> bool:
    """Whether TLS is what failed, somewhere below."""
    while error is not None:
        if isinstance(error, ssl.SSLError) or "CERTIFICATE_VERIFY" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def main(given: Iterable[str]) -> int:
    """One order in, one outcome out; before it, how far it is."""
    order = msgspec.json.decode("".join(given), type=Order)

    def write(line: Step | Outcome) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()

    write(asyncio.run(carried_out(order, write)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
