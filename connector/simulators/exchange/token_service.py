"""The site's token service: OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

import msgspec
from aiohttp import web

from connector.simulators.exchange.call import EXCHANGE

PATH = "/oauth2/token"


async def token(request: web.Request) -> web.Response:
    """An access token for a client that knows its secret."""
    exchange = request.app[EXCHANGE]
    form = await request.post()
    client_id, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
    known = exchange.tokens.clients.get(client_id)
    if form.get("grant_type") != "client_credentials":
        return _reply({"error": "unsupported_grant_type"}, status=400)
    if known is None or known[0] != secret:
        return _reply({"error": "invalid_client"}, status=401)
    issued = exchange.tokens.issue(known[1])
    seconds = int(exchange.tokens.life.total_seconds())
    return _reply({"token_type": "Bearer", "expires_in": seconds, "access_token": issued})


def _reply(value: dict[str, object], *, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
