"""How units reach out: what they post by themselves, and the time that passes for them."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial

import aiohttp

from connector.simulators.cisco.codec import Codec, Posted
from connector.simulators.cisco.slots import Post

TLS_VERIFY = "HttpFeedback/TlsVerify"
PATIENCE = aiohttp.ClientTimeout(total=20)
SECOND = 1.0
TYPES = {"XML": "text/xml", "JSON": "application/json"}


class Trusts:
    """Which certificates units believe, by the authority that each was given."""

    def __init__(self) -> None:
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def of(self, codec: Codec, *, verify: bool) -> ssl.SSLContext | bool:
        """What a unit demands of who answers it; without verifying, nothing."""
        if not verify:
            return False
        pem = codec.authority
        if pem not in self._contexts:
            made = await asyncio.to_thread(ssl.create_default_context, cadata=pem or None)
            self._contexts[pem] = made
        return self._contexts[pem]


class Outbox:
    """What each of many units posts, in its order, one at a time."""

    def __init__(self, codecs: Sequence[Codec], http: aiohttp.ClientSession) -> None:
        self._http = http
        self._trusts = Trusts()
        self._waiting: dict[Codec, deque[Post]] = {}
        self._working: dict[Codec, asyncio.Task[None]] = {}
        for codec in codecs:
            codec.slots.post = partial(self._add, codec)

    def _add(self, codec: Codec, post: Post) -> None:
        self._waiting.setdefault(codec, deque()).append(post)
        if codec not in self._working:
            self._working[codec] = asyncio.create_task(self._work(codec))

    async def _work(self, codec: Codec) -> None:
        waiting = self._waiting[codec]
        try:
            while waiting:
                post = waiting.popleft()
                if not post.slot.failed and codec.is_up():
                    await self._send(codec, post)
        finally:
            self._working.pop(codec, None)

    async def _send(self, codec: Codec, post: Post) -> None:
        """Post once: what is not taken is not sent again."""
        settings = codec.configuration
        verify = TLS_VERIFY in settings and settings[TLS_VERIFY] == "On"
        trust = await self._trusts.of(codec, verify=verify)
        status = 0
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            async with self._http.post(
                post.slot.url,
                data=post.body.encode(),
                headers={"Content-Type": TYPES[post.slot.format]},
                allow_redirects=False,
                ssl=trust,
                timeout=PATIENCE,
            ) as answer:
                await answer.read()
                status = answer.status
        codec.posted.append(
            Posted(at=codec.now(), url=post.slot.url, body=post.body, status=status)
        )
        codec.slots.answered(post.slot, taken=200 <= status < 300)

    async def close(self) -> None:
        """Send nothing any more."""
        tasks = tuple(self._working.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Pulse:
    """Lets time pass for the units that need it; while none does, it rests."""

    def __init__(self, codecs: Sequence[Codec]) -> None:
        self._codecs = codecs
        self._roused = asyncio.Event()
        for codec in codecs:
            codec.roused = self._roused.set

    async def run(self) -> None:
        """Look once a second at who is awake."""
        while True:
            awake = [codec for codec in self._codecs if codec.awake]
            if not awake:
                self._roused.clear()
                await self._roused.wait()
            await asyncio.sleep(SECOND)
            for codec in awake:
                codec.life.tick()


@contextlib.asynccontextmanager
async def reaching_out(codecs: Sequence[Codec]) -> AsyncIterator[None]:
    """Let units post, and time pass for them, as long as they are served."""
    async with aiohttp.ClientSession(trust_env=False) as http:
        outbox = Outbox(codecs, http)
        pulse = asyncio.create_task(Pulse(codecs).run())
        try:
            yield
        finally:
            pulse.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pulse
            await outbox.close()
