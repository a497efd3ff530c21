"""Faults of an answer on its way: its bytes, and how they travel."""

from typing import Literal

from aiohttp import web

from connector.simulators.graph.faults import Fault, Scene

MEBIBYTE = 1 << 20


class Truncated(Fault, frozen=True, kw_only=True):
    """Half of the JSON, in sound HTTP."""

    def body(self, body: bytes, /) -> bytes:
        """The first half."""
        return body[: len(body) // 2]


class InvalidJson(Fault, frozen=True, kw_only=True):
    """Something that looks like JSON."""

    def body(self, body: bytes, /) -> bytes:
        """The body, its colons gone."""
        return body.replace(b":", b" ")


class WrongCharset(Fault, frozen=True, kw_only=True):
    """Bytes in another encoding than the header says."""

    encoding: Literal["latin-1", "cp1252", "utf-16"] = "latin-1"

    def body(self, body: bytes, /) -> bytes:
        """The body with an umlaut in each subject, in the other encoding."""
        text = body.decode().replace('"subject":"', '"subject":"Gespräch: ')
        return text.encode(self.encoding, "replace")


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
    """A page without end in sight; it is made while it is sent, so that it costs nothing here."""

    mebibytes: int = 64

    async def transfer(self, body: bytes, scene: Scene, /) -> web.StreamResponse | None:
        """Send the page with one space after the other before its end."""
        response = web.StreamResponse(headers=scene.headers())
        await response.prepare(scene.request)
        await response.write(body[:-1])
        padding = b" " * MEBIBYTE
        for _ in range(self.mebibytes):
            await response.write(padding)
        await response.write(body[-1:])
        await response.write_eof()
        return response
