"""What a display is told beside the agenda: its room, its looks, and what it offers."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import msgspec
from aiohttp import web

from bridge.callers import Caller
from bridge.views.display_shapes import (
    ColoursShape,
    DimShape,
    DisplayShape,
    LookShape,
    OffersShape,
    ShownRoomShape,
)
from bridge.views.house import COMMON, JSON, House, encode
from bridge.views.rooms import seen_room
from bridge.views.web import Problem, Route
from rooms.display import DisplayPolicy, Offer
from rooms.room import Room

MINUTE = timedelta(minutes=1)


class Logo(NamedTuple):
    """A site's logo as it was read."""

    body: bytes
    kind: str
    """Its media type."""
    etag: str


class _Means(NamedTuple):
    """What offers depend on beside the room itself."""

    writable: bool
    dials: bool
    logo: Logo | None


class Told(NamedTuple):
    """What a room's display is told."""

    room: Room
    means: _Means
    offers: OffersShape
    version: str
    body: bytes


class Doors:
    """What displays are told; made once for as long as nothing of it changes."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[str, Told] = {}
        self.logos: Mapping[str, Logo] = {}
        """By file."""

    def of(self, room: Room) -> Told:
        """What a room's display is told now. Costs next to nothing while nothing changes."""
        means = _Means(
            writable=self._house.writable(room),
            dials=self._house.dials(room.id),
            logo=self.logos.get(room.policy.display.logo),
        )
        known = self._known.get(room.id)
        if known is not None and known.room is room and known.means == means:
            return known
        told = self._known[room.id] = _told(room, means)
        return told

    def version(self, room: Room) -> str:
        """Another one whenever a display is told something else."""
        return self.of(room).version

    def forget(self, keep: Mapping[str, Room]) -> None:
        """Drop what was told of rooms that are gone."""
        for name in self._known.keys() - keep.keys():
            del self._known[name]


def _told(room: Room, means: _Means) -> Told:
    offered = offers(room, writable=means.writable, dials=means.dials)
    shape = DisplayShape(
        room=ShownRoomShape(
            id=room.id,
            name=room.name,
            building=room.building,
            floor=room.floor,
            capacity=room.capacity,
            features=room.features,
            time_zone=room.time_zone,
        ),
        look=_look(room, means.logo),
        offers=offered,
        pin=_asked(room.policy.display, offered),
        version="",
    )
    version = hashlib.blake2b(encode(shape), digest_size=8).hexdigest()
    body = encode(msgspec.structs.replace(shape, version=version))
    return Told(room=room, means=means, offers=offered, version=version, body=body)


def _look(room: Room, logo: Logo | None) -> LookShape:
    policy = room.policy.display
    colours = policy.colours
    return LookShape(
        language=policy.language,
        clock=policy.clock,
        theme=policy.theme,
        colours=ColoursShape(
            free=colours.free, busy=colours.busy, soon=colours.soon, check_in=colours.check_in
        ),
        # Another address for another picture: pages keep what they have.
        logo=f"/api/v1/rooms/{room.id}/logo?{logo.etag.strip(chr(34))}" if logo else None,
        dim=DimShape(start=policy.dim.start, end=policy.dim.end) if policy.dim.start else None,
    )


def offers(room: Room, *, writable: bool, dials: bool) -> OffersShape:
    """What can be done at a room's door, with a source and room systems that can do so much."""
    policy = room.policy.display
    adhoc = writable and room.policy.allows("adhoc")
    release = writable and room.policy.allows("release")
    books = adhoc and "book" in policy.offers
    return OffersShape(
        book=tuple(span // MINUTE for span in policy.book) if books else (),
        until_next=books and policy.until_next,
        longest=policy.longest // MINUTE,
        extend=adhoc and "extend" in policy.offers,
        end=release and "end" in policy.offers,
        check_in=room.policy.check_in.enabled and "check_in" in policy.offers,
        release=release and "release" in policy.offers,
        join=dials and "join" in policy.offers,
        report="report" in policy.offers,
        find=policy.find if "find" in policy.offers else "none",
    )


def _asked(policy: DisplayPolicy, offered: OffersShape) -> tuple[Offer, ...]:
    """What the PIN is asked for. To book elsewhere is to book."""
    if not policy.pin:
        return ()
    can: dict[Offer, bool] = {
        "book": bool(offered.book) or offered.until_next,
        "extend": offered.extend,
        "end": offered.end,
        "check_in": offered.check_in,
        "release": offered.release,
        "join": offered.join,
        "report": offered.report,
        "find": offered.find != "none",
    }
    wanted = {*policy.pin_for} | ({"find"} if "book" in policy.pin_for else set())
    return tuple(offer for offer, possible in can.items() if possible and offer in wanted)


def routes(doors: Doors) -> tuple[Route, ...]:
    """Where displays ask how they look and what they offer."""

    async def display(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        room = seen_room(house, caller, request)
        return web.Response(body=doors.of(room).body, headers=JSON)

    async def logo(house: House, caller: Caller, request: web.Request) -> web.StreamResponse:
        room = seen_room(house, caller, request)
        found = doors.logos.get(room.policy.display.logo)
        if found is None:
            raise Problem(404, "not_found")
        headers = COMMON | {
            "Content-Type": found.kind,
            "Cache-Control": "private, max-age=86400",
            "ETag": found.etag,
            # An SVG opened by itself is a document: it must not do anything.
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
            ),
        }
        if request.headers.get("If-None-Match") == found.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=found.body, headers=headers)

    room = "/api/v1/rooms/{room}"
    return (
        Route(
            method="GET",
            path=f"{room}/display",
            serve=display,
            scope="read",
            summary="How the room's display looks, and what it offers",
            answer=DisplayShape,
            problems=("unknown_room",),
        ),
        Route(
            method="GET",
            path=f"{room}/logo",
            serve=logo,
            scope="read",
            summary="The site's logo, for the room's display",
            answer="image/*",
            also={304: "The picture has not changed"},
            problems=("unknown_room", "not_found"),
        ),
    )
