"""Channels: Google calls an address whenever a calendar changed; now and then it does not.

https://developers.google.com/workspace/calendar/api/guides/push
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Literal

import aiohttp
from yarl import URL

from connector.simulators.google.refusal import Refused, invalid, not_found

DEFAULT_LIFE = timedelta(seconds=604_800)
TOKEN_LIMIT = 256
DELIVERY_LIMIT = 10.0
"""Seconds that a client may take to answer."""
State = Literal["sync", "exists", "not_exists"]


@dataclass(kw_only=True)
class Channel:
    """Somebody who wants to be called."""

    id: str
    calendar: str
    address: URL
    token: str
    account: str
    expires: datetime
    resource_uri: str
    number: int = 0

    @property
    def resource_id(self) -> str:
        """What is watched, as an opaque name; the same for each channel on it."""
        return sha256(self.calendar.encode()).hexdigest()[:27]


class Channels:
    """The channels of a workspace, and the calls that they make."""

    def __init__(
        self, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self.life = DEFAULT_LIFE
        """How long a channel lives at most, and where nothing is asked for."""
        self.plain_http = False
        """Whether `http` on loopback will do; Google takes `https` only."""
        self.drop_share = 0.0
        """The share of messages that are lost, 0 to 1."""
        self.delay = 0.0
        """Seconds between a change and the call."""
        self.state: State = "exists"
        """What the next changes are called."""
        self.delivered: list[tuple[str, State, int]] = []
        """Calls that were made: the channel, the state, the status of the answer (0: none)."""
        self.dropped = 0
        self._random = random.Random(7)  # noqa: S311 - repeatable on purpose
        self._now = now
        self._sleep = sleep
        self._channels: dict[str, Channel] = {}
        self._calls: set[asyncio.Task[None]] = set()

    def all(self) -> list[Channel]:
        """The channels that live."""
        now = self._now()
        self._channels = {key: one for key, one in self._channels.items() if one.expires > now}
        return list(self._channels.values())

    def open(self, channel: Channel) -> Channel:
        """A new channel; its first message is `sync`.

        Raises:
            Refused: the address or id will not do.
        """
        if len(channel.token) > TOKEN_LIMIT:
            raise invalid("Channel token is too long.", "invalid")
        if not self._reachable(channel.address):
            raise Refused(
                400,
                "push.webhookUrlNotHttps",
                f"WebHook callback must be HTTPS: {channel.address}",
            )
        if any(one.id == channel.id for one in self.all()):
            raise invalid(f"Channel id {channel.id} not unique", "channelIdNotUnique")
        self._channels[channel.id] = channel
        self._call(channel, "sync")
        return channel

    def stop(self, channel_id: str, resource_id: str, account: str) -> None:
        """No more calls.

        Raises:
            Refused: there is no such channel of this account.
        """
        one = self._channels.get(channel_id)
        if one is None or one.resource_id != resource_id or one.account != account:
            raise not_found()
        del self._channels[channel_id]

    def tell(self, calendar: str) -> None:
        """A calendar changed: every channel on it makes a call, unless the message is lost."""
        for channel in self.all():
            if channel.calendar == calendar:
                if self._random.random() < self.drop_share:
                    self.dropped += 1
                else:
                    self._call(channel, self.state)

    async def settled(self) -> None:
        """Wait until all calls that are under way have ended."""
        while self._calls:
            await asyncio.wait(self._calls)

    async def close(self) -> None:
        """Give up the calls that are under way."""
        for task in self._calls:
            task.cancel()
        await self.settled()

    def _reachable(self, address: URL) -> bool:
        if address.scheme == "https":
            return bool(address.host)
        with contextlib.suppress(ValueError):
            loopback = ip_address(address.host or "").is_loopback
            return self.plain_http and address.scheme == "http" and loopback
        return False

    def _call(self, channel: Channel, state: State) -> None:
        channel.number += 1
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # changed before anything runs: nobody is there to be called
            return
        task = loop.create_task(self._deliver(channel, state, channel.number))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _deliver(self, channel: Channel, state: State, number: int) -> None:
        """One POST without a body."""
        if self.delay:
            await self._sleep(self.delay)
        status = 0
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with (
                aiohttp.ClientSession() as http,
                asyncio.timeout(DELIVERY_LIMIT),
                http.post(channel.address, headers=headers(channel, state, number)) as answer,
            ):
                status = answer.status
        self.delivered.append((channel.id, state, status))


def headers(channel: Channel, state: State, number: int) -> dict[str, str]:
    """What a message says: all of it stands in headers."""
    told = {
        "X-Goog-Channel-ID": channel.id,
        "X-Goog-Message-Number": str(number),
        "X-Goog-Resource-ID": channel.resource_id,
        "X-Goog-Resource-State": state,
        "X-Goog-Resource-URI": channel.resource_uri,
        "X-Goog-Channel-Expiration": format_datetime(
            channel.expires.astimezone(UTC).replace(microsecond=0), usegmt=True
        ),
        "Content-Length": "0",
    }
    return told | ({"X-Goog-Channel-Token": channel.token} if channel.token else {})
