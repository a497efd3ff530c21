"""The stack that all endpoints of one appliance share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connector.outside import Outside
from connector.sip.stack import Stack


@asynccontextmanager
async def shared(outside: Outside, host: str = "", port: int = 0) -> AsyncIterator[Stack]:
    """The stack behind a local address; the last one that leaves closes its sockets."""
    key = "sip", host, port
    stack = outside.shared.get(key)
    if stack is None:
        stack = outside.shared[key] = Stack(host=host, port=port, networks=outside.networks)
    stack.users += 1
    try:
        yield stack
    finally:
        stack.users -= 1
        if not stack.users:
            del outside.shared[key]
            await stack.close()
