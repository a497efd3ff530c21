"""Faults of what an answer says, and of its bytes."""

import re
from collections.abc import Callable

from aiohttp import web

from connector.simulators.exchange.faults import Fault, Scene
from connector.simulators.exchange.markup import Xml

MEBIBYTE = 1 << 20
_XML_HEAD = b'<?xml version="1.0" encoding="utf-8"?>'


def _replaced(element: str, value: str) -> Callable[[str], str]:
    """An item with another value in an element."""

    def odd(item: str) -> str:
        """The item, spoilt."""
        return re.sub(f"<t:{element}>[^<]*<", f"<t:{element}>{value}<", item)

    return odd


def _times(start: str, end: str) -> Callable[[str], str]:
    def odd(item: str) -> str:
        """The item at other times."""
        return _replaced("End", end)(_replaced("Start", start)(item))

    return odd


def _zone(name: str) -> Callable[[str], str]:
    def odd(item: str) -> str:
        """The item in another time zone."""
        item = re.sub(
            r'<t:(Start|End)TimeZone Id="[^"]*" Name="[^"]*"/>',
            rf'<t:\1TimeZone Id="{name}" Name="{name}"/>',
            item,
        )
        return re.sub(r"(<t:(?:Start|End)TimeZoneId>)[^<]*<", rf"\g<1>{name}<", item)

    return odd


def _naive(item: str) -> str:
    return re.sub(r"(<t:(?:Start|End|OriginalStart|RecurrenceId)>[^<]*)Z<", r"\1<", item)


def _swapped(item: str) -> str:
    start = re.search("<t:Start>([^<]*)<", item)
    end = re.search("<t:End>([^<]*)<", item)
    return _times(end[1], start[1])(item) if start and end else item


def _no_length(item: str) -> str:
    start = re.search("<t:Start>([^<]*)<", item)
    return _replaced("End", start[1])(item) if start else item


def _without_times(item: str) -> str:
    return re.sub("<t:(Start|End)>[^<]*</t:(Start|End)>", "", item)


def _ten_years(item: str) -> str:
    start = re.search("<t:Start>([^<]{4})([^<]*)<", item)
    return _replaced("End", f"{int(start[1]) + 10}{start[2]}")(item) if start else item


ODDITIES: dict[str, Callable[[str], str]] = {
    "naive_times": _naive,
    "unknown_zone": _zone("Middle-earth Standard Time"),
    "custom_zone": _zone("tzone://Microsoft/Custom"),
    "end_before_start": _swapped,
    "zero_length": _no_length,
    "ten_years": _ten_years,
    "year_1601": _times("1601-01-01T00:00:00Z", "1601-01-01T00:30:00Z"),
    "year_4500": _times("4500-08-31T23:30:00Z", "4500-08-31T23:59:00Z"),
    "not_a_time": _times("tomorrow", "later"),
    "without_times": _without_times,
    "unknown_response": _replaced("MyResponseType", "FutureValue"),
    "control_character": _replaced("Subject", "&#x1F;"),
}
"""Each takes an item that is in order and spoils it; the last is not even XML."""


class OddItems(Fault, frozen=True, kw_only=True):
    """Items that make no sense: one by its id, or all."""

    oddity: str
    item: str | None = None

    def __post_init__(self) -> None:
        if self.oddity not in ODDITIES:
            raise ValueError(f"no such oddity: {self.oddity}")

    def items(self, items: list[Xml], _scene: Scene, /) -> list[Xml]:
        """The items, spoilt."""
        return [
            Xml(ODDITIES[self.oddity](one)) if self.item is None or self.item in one else one
            for one in items
        ]


class Empty(Fault, frozen=True, kw_only=True):
    """No items, though there are some."""

    def items(self, _items: list[Xml], _scene: Scene, /) -> list[Xml]:
        """Nothing."""
        return []


class PartialView(Fault, frozen=True, kw_only=True):
    """A window that stops short and says so with `IncludesLastItemInRange`."""

    most: int = 1

    def limit(self) -> int | None:
        """How many items there are at most."""
        return self.most


class HugeBody(Fault, frozen=True, kw_only=True):
    """Invitations of many megabytes."""

    mebibytes: int = 8

    def items(self, items: list[Xml], _scene: Scene, /) -> list[Xml]:
        """The items, of which the first has got very long."""
        if not items:
            return items
        long = "All work and no play. " * (self.mebibytes * MEBIBYTE // 22)
        first = re.sub(r"(<t:(?:Text)?Body[^>]*>)[^<]*<", rf"\g<1>{long}<", items[0], count=1)
        return [Xml(first), *items[1:]]


class Truncated(Fault, frozen=True, kw_only=True):
    """Half of the XML, in sound HTTP."""

    def body(self, body: bytes, /) -> bytes:
        """The first half."""
        return body[: len(body) // 2]


class Bomb(Fault, frozen=True, kw_only=True):
    """XML that grows without end where entities are expanded ("billion laughs")."""

    def body(self, body: bytes, /) -> bytes:
        """The answer with a subject of gigabytes."""
        levels = [b'<!ENTITY l0 "ha">']
        levels += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">'.encode() for n in range(1, 11)]
        head = _XML_HEAD + b"<!DOCTYPE bomb [" + b"".join(levels) + b"]>"
        spoilt = body.removeprefix(_XML_HEAD).replace(b"NoError<", b"&l10;<", 1)
        return head + spoilt


class ExternalEntity(Fault, frozen=True, kw_only=True):
    """XML that has the client read a file of its own."""

    path: str = "file:///etc/passwd"

    def body(self, body: bytes, /) -> bytes:
        """The answer with the file in a message."""
        head = f'<!DOCTYPE x [<!ENTITY file SYSTEM "{self.path}">]>'.encode()
        spoilt = body.removeprefix(_XML_HEAD).replace(b"NoError<", b"&file;<", 1)
        return _XML_HEAD + head + spoilt


class Deep(Fault, frozen=True, kw_only=True):
    """Elements within elements, thousands of them."""

    levels: int = 100_000

    def body(self, body: bytes, /) -> bytes:
        """The answer, buried."""
        del body
        return _XML_HEAD + b"<a>" * self.levels + b"</a>" * self.levels


class Dropped(Fault, frozen=True, kw_only=True):
    """A connection that breaks in the middle of the answer."""

    async def transfer(self, body: bytes, scene: Scene, /) -> web.StreamResponse | None:
        """Promise everything, send half of it and hang up."""
        response = web.StreamResponse(headers=scene.headers())
        response.content_length = len(body)
        await response.prepare(scene.request)
        await response.write(body[: len(body) // 2])
        if scene.request.transport is not None:
            scene.request.transport.close()
        return response


class Oversized(Fault, frozen=True, kw_only=True):
    """An answer without end in sight; it is made while it is sent, so it costs nothing here."""

    mebibytes: int = 64

    async def transfer(self, body: bytes, scene: Scene, /) -> web.StreamResponse | None:
        """Send the answer with one space after the other before its end."""
        response = web.StreamResponse(headers=scene.headers())
        response.enable_chunked_encoding()
        await response.prepare(scene.request)
        end = b"</s:Envelope>"
        await response.write(body.removesuffix(end))
        padding = b" " * MEBIBYTE
        for _ in range(self.mebibytes):
            await response.write(padding)
        await response.write(end)
        await response.write_eof()
        return response
