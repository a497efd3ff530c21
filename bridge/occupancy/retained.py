"""What a broker is to keep, and what of that it does not have yet. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from bridge.occupancy.faces import Face, State


class StateShape(msgspec.Struct, frozen=True, kw_only=True):
    """How a room stands, as it is published: no title, no person, no address.

    New keys may come; those that are here stay as they are.
    """

    state: State
    until: datetime | None
    next_start: datetime | None
    presence: Literal["unknown", "free", "in_use", "in_call"]
    stale: bool
    as_of: datetime | None
    """When the calendar was read last before this was published."""


class Retained:
    """Topics with what they should say; what differs only in its age says the same."""

    def __init__(self) -> None:
        self._wanted: dict[str, tuple[bytes, bytes]] = {}
        self._sent: dict[str, bytes] = {}

    def put(self, topic: str, face: Face, as_of: datetime | None) -> None:
        """A room stands so."""
        shape = StateShape(
            state=face.state,
            until=face.until,
            next_start=face.next_start,
            presence=face.presence.state,
            stale=face.stale,
            as_of=as_of,
        )
        ageless = msgspec.structs.replace(shape, as_of=None)
        self._wanted[topic] = msgspec.json.encode(ageless), msgspec.json.encode(shape)

    def keep(self, topics: Collection[str]) -> None:
        """All other topics are taken away."""
        for gone in self._wanted.keys() - set(topics):
            del self._wanted[gone]

    def leave(self, topics: Iterable[str]) -> None:
        """These may be there from an earlier time, and are to be taken away."""
        for topic in topics:
            self._sent.setdefault(topic, b"")

    def due(self) -> Sequence[tuple[str, bytes, bytes]]:
        """Each topic that the broker has not, or otherwise: its name, what to send, its mark.

        What is to be taken away is sent as nothing (OASIS MQTT 3.1.1, 3.3.1.3).
        """
        new = [
            (topic, payload, mark)
            for topic, (mark, payload) in self._wanted.items()
            if self._sent.get(topic) != mark
        ]
        for topic, _, _ in new:  # from now on it may be there, whatever comes of the sending
            self._sent.setdefault(topic, b"")
        return [*new, *((gone, b"", b"") for gone in self._sent.keys() - self._wanted.keys())]

    def sent(self, topic: str, mark: bytes) -> None:
        """The broker took it."""
        if mark:
            self._sent[topic] = mark
        else:
            self._sent.pop(topic, None)

    def forgotten(self) -> None:
        """The broker may have lost all of it, or kept it: what is there now nobody knows."""
        self._sent = dict.fromkeys(self._sent, b"")
