"""A namespace of Azure Event Hubs, as far as a receiver sees it: AMQP 1.0 over TLS or WebSockets.

Held against Apache Qpid Proton 0.40 as another client, by hand: TLS, SASL, `$cbs`, `$management`, a
refused link, filters, messages in several frames.

https://learn.microsoft.com/azure/event-hubs/event-hubs-amqp-protocol (addresses, `$cbs`,
`$management`, filters, annotations, conditions), OASIS "AMQP Version 1.0" and "Claims-based
Security". Signatures: https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature
"""

import asyncio
import base64
import hmac
import json
import re
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote_plus

from tests.fakes import amqp
from tests.fakes.amqp import Described, Symbol, ubyte, uint, ulong, ushort

FRAME_SIZE = 4096
"""Bytes of a frame, so that messages come in several."""
HUB = "graph"
POLICY, KEY = "listen", "a2V5IG9mIHRoZSBwb2xpY3k="


@dataclass
class Event:
    """A message in a partition."""

    offset: int
    at: int
    payload: bytes


@dataclass
class Namespace:
    """What the service knows, and how it behaves now."""

    partitions: dict[str, list[Event]] = field(default_factory=lambda: {"0": [], "1": []})
    group: str = "$Default"
    tokens: set[str] = field(default_factory=set)
    """Access tokens of Entra that are good."""
    listen: bool = True
    """Whether whoever signs in may listen."""
    hub: str = HUB
    refusal: tuple[str, str] | None = None
    """Condition and words with which receivers are refused."""
    mute: bool = False
    """Whether connections are taken and nothing is said."""
    beats: bool = True
    """Whether anything is sent on silent connections."""
    lines: set["Line"] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)
    """Where each receiver asked to begin."""
    offered: list[str] = field(default_factory=list)
    """The tokens that came."""
    opened: int = 0

    def post(self, message: object, partition: str = "0") -> None:
        """A message in the form in which Graph sends it."""
        self.put(json.dumps(message).encode(), partition)

    def put(self, body: bytes, partition: str = "0") -> None:
        """Any bytes."""
        self.deliver(amqp.message(annotations={}, data=body), partition)

    def deliver(self, payload: bytes, partition: str = "0") -> None:
        """A whole message."""
        events = self.partitions[partition]
        offset = events[-1].offset + 1 + len(payload) if events else 1000
        events.append(Event(offset, int(time.time() * 1000), payload))
        for line in self.lines:
            line.pump()

    def receivers(self) -> int:
        """How many links receive now."""
        return sum(len(line.receiving) for line in self.lines)

    def drop(self) -> None:
        """Cut every connection."""
        for line in list(self.lines):
            line.cut()

    def close(self, condition: str, words: str) -> None:
        """End every connection, politely."""
        for line in list(self.lines):
            line.send(0, amqp.CLOSE, [error(condition, words)])

    def may(self, kind: str, token: str, audience: str) -> int:
        """What putting a token is answered."""
        self.offered.append(token)
        if audience.rstrip("/").rpartition("/")[2] != self.hub and f"/{self.hub}/" not in audience:
            return 404
        if kind == "jwt":
            return 202 if token in self.tokens else 401
        given = parse_qs(token.removeprefix("SharedAccessSignature "), keep_blank_values=True)
        signed = f"{quote_plus(given['sr'][0])}\n{given['se'][0]}".encode()
        good = base64.b64encode(hmac.digest(KEY.encode(), signed, sha256)).decode()
        right = given["skn"][0] == POLICY and hmac.compare_digest(good, given["sig"][0])
        return 202 if right and int(given["se"][0]) > time.time() else 401


def error(condition: str, words: str) -> Described:
    """An error (Part 2 §2.8.14)."""
    return Described(ulong(0x1D), [Symbol(condition), words, None])


@dataclass
class Link:
    """A link from a partition to a receiver."""

    channel: int
    handle: int
    partition: str
    after: int
    credit: int = 0
    sent: int = 0


class Line:
    """One connection."""

    def __init__(self, namespace: Namespace, write: Callable[[bytes], None]) -> None:
        self.namespace = namespace
        self.write = write
        self.cut: Callable[[], None] = lambda: None
        self.receiving: dict[tuple[int, int], Link] = {}
        self.replies: dict[tuple[int, str], int] = {}
        """Where answers of a node go: the handle."""
        self.asking: dict[tuple[int, int], str] = {}
        self.refused: set[tuple[int, int]] = set()
        """Links that were ended from here and not yet from there."""
        self.trusted = False
        self.delivery = 0
        self.parts: dict[tuple[int, int], bytes] = {}

    async def serve(self, read: Callable[[int], Awaitable[bytes]]) -> None:
        """From the first byte to the last."""
        if self.namespace.mute:
            await asyncio.Event().wait()
        assert await read(8) == amqp.SASL_HEADER
        self.write(amqp.SASL_HEADER)
        mechanisms = amqp.Symbols(("MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"))
        self.write(amqp.frame(0, amqp.SASL_MECHANISMS, [mechanisms], kind=1))
        assert (await self._frame(read)).code == amqp.SASL_INIT
        self.write(amqp.frame(0, amqp.SASL_OUTCOME, [ubyte(0)], kind=1))
        assert await read(8) == amqp.HEADER
        self.write(amqp.HEADER)
        self.namespace.opened += 1
        self.namespace.lines.add(self)
        beat = asyncio.create_task(self._beat())
        try:
            while True:
                frame = await self._frame(read)
                if frame.code == amqp.CLOSE:
                    self.send(0, amqp.CLOSE, [])
                    return
                self._act(frame)
        finally:
            beat.cancel()
            self.namespace.lines.discard(self)

    def send(self, channel: int, code: int, fields: list[Any], payload: bytes = b"") -> None:
        self.write(amqp.frame(channel, code, fields, payload))

    async def _frame(self, read: Callable[[int], Awaitable[bytes]]) -> amqp.Frame:
        header = await read(8)
        size = struct.unpack(">I", header[:4])[0]
        return amqp.framed(header, await read(size - 8) if size > 8 else b"")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self.namespace.beats:
                self.write(amqp.EMPTY_FRAME)

    def _act(self, frame: amqp.Frame) -> None:
        match frame.code:
            case amqp.OPEN:
                self.send(0, amqp.OPEN, ["hub", None, uint(FRAME_SIZE), ushort(100), uint(240_000)])
            case amqp.BEGIN:
                window = uint(5000)
                begun = [ushort(frame.channel), uint(1), window, window, uint(255)]
                self.send(frame.channel, amqp.BEGIN, begun)
            case amqp.ATTACH:
                self._attach(frame)
            case amqp.FLOW:
                self._flow(frame)
            case amqp.TRANSFER:
                self._transfer(frame)
            case amqp.DETACH:
                self._detach(frame)
            case amqp.END:
                self.send(frame.channel, amqp.END, [])
            case _:  # empty frames, dispositions
                pass

    def _attach(self, frame: amqp.Frame) -> None:
        name, handle, receives = frame.fields[:3]
        source, target = frame.field(5), frame.field(6)
        node = (source if receives else target).value[0].rpartition("//")[2]
        refusal = None
        if "$" in node.partition("/")[0]:
            if receives:
                self.replies[frame.channel, node] = handle
            else:
                self.asking[frame.channel, handle] = node
        else:
            refusal = self._receive(frame, handle, node, source)
        answer: list[Any] = [name, uint(handle), not receives, ubyte(0), ubyte(0)]
        answer += [None if refusal else _echo(source), _echo(target), None, None]
        self.send(frame.channel, amqp.ATTACH, [*answer, uint(0) if receives else None])
        if refusal:
            self.refused.add((frame.channel, handle))
            self.send(frame.channel, amqp.DETACH, [uint(handle), True, refusal])
        elif not receives:
            self._grant(frame.channel, handle)

    def _detach(self, frame: amqp.Frame) -> None:
        key = frame.channel, frame.field(0)
        self.receiving.pop(key, None)
        if key in self.refused:  # this is the answer to ours
            self.refused.discard(key)
        else:
            self.send(frame.channel, amqp.DETACH, [uint(frame.field(0)), True])

    def _grant(self, channel: int, handle: int) -> None:
        """Let a sender send."""
        window, one, none = uint(5000), uint(1), uint(0)
        self.send(channel, amqp.FLOW, [none, window, one, window, uint(handle), none, uint(100)])

    def _receive(
        self, frame: amqp.Frame, handle: int, address: str, source: Described
    ) -> Described | None:
        """Begin to serve a partition, or say why not."""
        space = self.namespace
        if not (self.trusted and space.listen):
            words = "Unauthorized access. 'Listen' claim(s) are required to perform this operation."
            return error("amqp:unauthorized-access", words)
        if space.refusal:
            return error(*space.refusal)
        path = address[address.index(space.hub) :]
        _, _, group, _, partition = path.split("/")
        if group != space.group or partition not in space.partitions:
            return error("amqp:not-found", "The messaging entity could not be found.")
        selector = source.value[7][Symbol("apache.org:selector-filter:string")].value
        space.filters.append(selector)
        match = re.fullmatch(r"amqp\.annotation\.x-opt-offset (>=?) '(@latest|-1|\d+)'", selector)
        if match is None:
            return error("amqp:invalid-field", "The filter cannot be read.")
        events = space.partitions[partition]
        last = events[-1].offset if events else -1
        after = last if match[2] == "@latest" else int(match[2])
        if after > last:
            return error("amqp:argument-error", "The supplied offset is invalid.")
        link = Link(frame.channel, handle, partition, after)
        self.receiving[frame.channel, handle] = link
        return None

    def _flow(self, frame: amqp.Frame) -> None:
        link = self.receiving.get((frame.channel, frame.field(4)))
        if link is not None:
            link.credit = (frame.field(5) or 0) + (frame.field(6) or 0) - link.sent
            self.pump()

    def pump(self) -> None:
        """Send what receivers have not had yet, as far as they want it."""
        for link in self.receiving.values():
            for event in self.namespace.partitions[link.partition]:
                if event.offset <= link.after or link.credit < 1:
                    continue
                annotations = {
                    Symbol("x-opt-sequence-number"): amqp.long(event.offset),
                    Symbol("x-opt-offset"): str(event.offset),
                    Symbol("x-opt-enqueued-time"): amqp.timestamp(event.at),
                }
                head = amqp.message(annotations=annotations)
                rest = event.payload[len(amqp.message(annotations={})) :]
                link.after, link.credit, link.sent = event.offset, link.credit - 1, link.sent + 1
                self._hand(link.channel, link.handle, head + rest)

    def _hand(self, channel: int, handle: int, payload: bytes) -> None:
        """A message to the other side, in as many frames as it needs."""
        self.delivery += 1
        room = FRAME_SIZE - 100
        pieces = [payload[at : at + room] for at in range(0, len(payload), room)]
        for number, piece in enumerate(pieces, start=1):
            tag = str(self.delivery).encode()
            more = number < len(pieces)
            fields = [uint(handle), uint(self.delivery), tag, uint(0), True, more]
            self.send(channel, amqp.TRANSFER, fields, piece)

    def _transfer(self, frame: amqp.Frame) -> None:
        key = frame.channel, frame.field(0)
        whole = self.parts.pop(key, b"") + frame.payload
        if frame.field(5):
            self.parts[key] = whole
            return
        accepted = [True, uint(frame.field(1)), uint(frame.field(1)), True]
        self.send(frame.channel, amqp.DISPOSITION, [*accepted, Described(ulong(0x24), [])])
        asked = amqp.sections(whole)
        node = self.asking[key]
        status, words, value = self._answer(node, asked)
        names = {"status-code": status, "status-description": words}
        identity = asked[amqp.PROPERTIES][0]
        reply = amqp.message(
            properties=[None, None, None, None, None, identity], application=names, value=value
        )
        self._hand(frame.channel, self.replies[frame.channel, node], reply)

    def _answer(self, node: str, asked: dict[int, Any]) -> tuple[int, str, Any]:
        given = asked[amqp.APPLICATION]
        if node == "$cbs":
            status = self.namespace.may(given["type"], asked[amqp.VALUE], given["name"])
            self.trusted = self.trusted or status == 202
            # The words of a service may hold what it was given: nobody may tell them on.
            return status, "Accepted" if status == 202 else f"refused {asked[amqp.VALUE]}", None
        if not (self.trusted and self.namespace.listen):
            return 401, "Unauthorized", None
        if given["name"] != self.namespace.hub:
            return 404, "The messaging entity could not be found.", None
        events = self.namespace.partitions.get(given.get("partition", ""), [])
        last = events[-1] if events else Event(-1, 0, b"")
        now = amqp.timestamp(int(time.time() * 1000))
        if "partition" not in given:
            ids = list(self.namespace.partitions)
            known = {"name": self.namespace.hub, "created_at": now, "partition_ids": ids}
            return 200, "OK", known | {"partition_count": len(ids)}
        about = {
            "name": self.namespace.hub,
            "partition": given["partition"],
            "begin_sequence_number": amqp.long(0),
            "last_enqueued_sequence_number": amqp.long(last.offset),
            "last_enqueued_offset": str(last.offset),
            "last_enqueued_time_utc": amqp.timestamp(last.at),
            "is_partition_empty": not events,
        }
        return 200, "OK", about


def _echo(value: Described | None) -> Any:
    """A source or target with its address only."""
    return None if value is None else Described(ulong(value.descriptor), value.value[:1])
