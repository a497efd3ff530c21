"""Channels on which Google calls the appliance: one a room, with an overlap when it is renewed.

https://developers.google.com/workspace/calendar/api/guides/push
"""

import hmac
import random
import secrets
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
from yarl import URL

from connector.errors import ConnectorError, Malformed
from connector.outside import Outside
from connector.sources.google.calls import Calls
from connector.watching import Call
from rooms.room import Room

LIFE = timedelta(days=7)
"""How long a channel is asked to live: Google's own default."""
RENEW = 0.75
"""The share of its life after which another takes its place."""
TAKEN = frozenset({"sync", "exists", "not_exists"})


class _Opened(msgspec.Struct, rename="camel"):
    resource_id: str
    expiration: str | int | None = None


@dataclass(kw_only=True)
class Channel:
    """A channel that is held."""

    room: str
    mailbox: str
    id: str
    token: str
    resource_id: str
    expires: datetime
    renew: datetime
    heard: bool = False
    """Whether it made its first call: then Google reaches the appliance."""


@dataclass
class Channels:
    """The channels that are held, by their ids."""

    outside: Outside
    calls: Calls
    held: dict[str, Channel] = field(default_factory=dict)
    _rooms: dict[str, list[Channel]] = field(default_factory=dict)
    """The same by room, in the order in which they were opened."""

    def of(self, room: Room) -> list[Channel]:
        """The channels of a room's present mailbox that live, oldest first."""
        now = self.outside.clock.now()
        return [
            one
            for one in self._rooms.get(room.id, ())
            if one.mailbox == room.mailbox and one.expires > now
        ]

    def covers(self, room: Room) -> bool:
        """Whether Google is known to call when this room changes."""
        return any(one.heard for one in self.of(room))

    def due(self, room: Room) -> bool:
        """Whether a room needs another channel."""
        now = self.outside.clock.now()
        return all(one.renew <= now for one in self.of(room))

    async def open(self, room: Room, events: URL, hook: URL) -> Channel:
        """Ask for a channel; it is known before Google's first call can come.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        now = self.outside.clock.now()
        channel = Channel(
            room=room.id,
            mailbox=room.mailbox,
            id=secrets.token_hex(16),
            token=secrets.token_urlsafe(32),
            resource_id="",
            expires=now + LIFE,
            renew=now + LIFE,
        )
        self.held[channel.id] = channel
        self._rooms.setdefault(room.id, []).append(channel)
        body = {
            "id": channel.id,
            "type": "web_hook",
            "address": str(hook),
            "token": channel.token,
            "expiration": str(int(channel.expires.timestamp() * 1000)),
        }
        try:
            answer = await self.calls("POST", events / "watch", "watch", body)
            told = _opened(answer.body)
            channel.expires = _ends(told) or channel.expires
        except BaseException:
            self._drop(channel)
            raise
        channel.resource_id = told.resource_id
        life = channel.expires - now
        channel.renew = now + life * random.uniform(RENEW - 0.05, RENEW + 0.05)  # noqa: S311 - spreads load, protects nothing
        return channel

    async def stop(self, channel: Channel, calendar: URL) -> None:
        """Let a channel end; one that cannot be stopped ends by itself, and is not listened to."""
        self._drop(channel)
        if not channel.resource_id:
            return
        body = {"id": channel.id, "resourceId": channel.resource_id}
        try:
            await self.calls("POST", calendar / "channels" / "stop", "watch", body)
        except ConnectorError:
            return

    def _drop(self, channel: Channel) -> None:
        """Listen to a channel no longer."""
        self.held.pop(channel.id, None)
        left = [one for one in self._rooms.pop(channel.room, ()) if one is not channel]
        if left:
            self._rooms[channel.room] = left

    def older(self, room: Room) -> list[Channel]:
        """Channels that are no longer needed, as a younger one has made its first call."""
        now = self.outside.clock.now()
        mine = self._rooms.get(room.id, [])
        heard = [at for at, one in enumerate(mine) if one.heard and one.mailbox == room.mailbox]
        return [
            one
            for at, one in enumerate(mine)
            if one.expires <= now or one.mailbox != room.mailbox or (heard and at < heard[-1])
        ]

    def overlap(self, channel: Channel) -> bool:
        """Whether a room has another channel beside this one."""
        return len(self._rooms.get(channel.room, ())) > 1

    def stray(self, rooms: Container[str]) -> list[Channel]:
        """Channels of rooms that are not watched any more."""
        gone = [key for key in self._rooms if key not in rooms]
        return [one for key in gone for one in self._rooms[key]]

    def proven(self, call: Call) -> Channel | None:
        """The channel that a message is of; None where it proves nothing.

        What is wrong is counted: no channel of that name, or not its secret.
        """
        meter = self.outside.meter
        state = call.headers.get("x-goog-resource-state", "")
        name = call.headers.get("x-goog-channel-id", "")
        if state not in TAKEN or not name:
            meter.heard("malformed")
            return None
        channel = self.held.get(name)
        given = call.headers.get("x-goog-channel-token", "")
        if channel is None:
            meter.heard("unknown")
            return None
        # Bytes that are no text come as surrogates, which must not stop the comparison.
        if not hmac.compare_digest(given.encode(errors="replace"), channel.token.encode()):
            meter.heard("forged")
            return None
        meter.heard("taken")
        return channel


def events_of(calendar: URL, mailbox: str) -> URL:
    """Where the events of a calendar are."""
    return URL(f"{calendar}/calendars/{quote(mailbox, safe='')}/events", encoded=True)


def _opened(body: bytes) -> _Opened:
    try:
        return msgspec.json.decode(body, type=_Opened)
    except (ValueError, RecursionError) as error:
        raise Malformed("the answer is no channel", reason="wrong_shape") from error


def _ends(told: _Opened) -> datetime | None:
    """When a channel ends, where Google tells: milliseconds since 1970."""
    try:
        seconds = int(told.expiration or 0) / 1000
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed("the end of a channel makes no sense", reason="wrong_shape") from error
