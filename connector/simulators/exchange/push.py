"""Push subscriptions: the server calls the client.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/sendnotification
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from connector.simulators.exchange.call import CONTENT_TYPE, EXCHANGE
from connector.simulators.exchange.markup import Xml, tag
from connector.simulators.exchange.organization import Exchange
from connector.simulators.exchange.refusal import Refused, envelope, success
from connector.simulators.exchange.subscriptions import Subscription

ATTEMPTS = 3
"""Calls in vain after which a subscription is given up."""
_PATIENCE = 30
"""Seconds that a client may take to answer."""
_AGAIN = 30.0
"""Seconds between two attempts."""


async def pushing(application: web.Application) -> AsyncIterator[None]:
    """Call clients while the server runs."""
    timeout = aiohttp.ClientTimeout(total=_PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        task = asyncio.create_task(_push(application[EXCHANGE], http))
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _push(exchange: Exchange, http: aiohttp.ClientSession) -> None:
    """Tell of whatever happens."""
    stirred = exchange.subscriptions.listen()
    try:
        while True:
            await stirred.wait()
            stirred.clear()
            for one in exchange.subscriptions.all():
                if one.way == "Push" and one.waiting:
                    await _tell(exchange, http, one)
    finally:
        exchange.subscriptions.forget(stirred)


async def _tell(exchange: Exchange, http: aiohttp.ClientSession, one: Subscription) -> None:
    """Call one client; who does not answer, or wants no more, loses the subscription."""
    body = envelope(Xml(""), _notification(one))
    for attempt in range(ATTEMPTS):
        if attempt:
            await exchange.sleep(_AGAIN)
        if (answer := await _call(http, one.url, body)) is None:
            continue
        if b"Unsubscribe" not in answer:
            one.heard = exchange.now()
            return
        break
    with contextlib.suppress(Refused):
        exchange.subscriptions.remove(one.id)


async def _call(http: aiohttp.ClientSession, url: str, body: bytes) -> bytes | None:
    """What a client answers; None where it does not."""
    headers = {"Content-Type": CONTENT_TYPE}
    try:
        async with http.post(url, data=body, headers=headers) as answer:
            return await answer.read() if answer.status == web.HTTPOk.status_code else None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


def _notification(one: Subscription) -> Xml:
    """What waits for a client."""
    before = one.told
    notification = tag(
        "m:Notification",
        tag("t:SubscriptionId", one.id),
        tag("t:PreviousWatermark", before),
        tag("t:MoreEvents", "false"),
        *one.take(),
    )
    message = success("SendNotificationResponseMessage", notification)
    return tag("m:SendNotification", tag("m:ResponseMessages", message))
