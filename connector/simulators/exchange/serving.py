"""The server as a web application: EWS and the control API."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from lxml import etree

from connector.simulators.exchange import autodiscover, control, token_service
from connector.simulators.exchange.authentication import admit
from connector.simulators.exchange.call import CONTENT_TYPE, EXCHANGE, Call
from connector.simulators.exchange.journal import Asked
from connector.simulators.exchange.markup import Xml
from connector.simulators.exchange.notes import NOTES, Notes
from connector.simulators.exchange.operations import LONG, OPERATIONS
from connector.simulators.exchange.organization import Exchange
from connector.simulators.exchange.people import User
from connector.simulators.exchange.push import pushing
from connector.simulators.exchange.refusal import Refused, envelope, soap_fault

PATH = "/EWS/Exchange.asmx"
_CAMEL = {
    autodiscover.SOAP_PATH: "/Autodiscover/Autodiscover.svc",
    autodiscover.POX_PATH: "/Autodiscover/Autodiscover.xml",
}
"""IIS does not mind capitals."""
_BROKEN_OFF = 0
_LARGEST_REQUEST = 8 << 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def app(exchange: Exchange) -> web.Application:
    """Everything a server answers."""
    application = web.Application(middlewares=[_remember], client_max_size=_LARGEST_REQUEST)
    application[EXCHANGE] = exchange
    application.cleanup_ctx.append(pushing)
    application.on_response_prepare.append(_prove)
    application.add_routes([web.post(path, ews) for path in (PATH, PATH.lower())])
    application.add_routes([web.post(token_service.PATH, token_service.token)])
    for path, handler in (
        (autodiscover.SOAP_PATH, autodiscover.soap),
        (autodiscover.POX_PATH, autodiscover.pox),
    ):
        application.add_routes([web.post(path, handler), web.post(_CAMEL[path], handler)])
    application.add_subapp("/control", control.application(exchange))
    return application


@asynccontextmanager
async def serve(
    exchange: Exchange,
    address: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve a simulated server; scheme, host and port under which it answers."""
    runner = web.AppRunner(
        app(exchange), access_log=None, shutdown_timeout=1, handler_cancellation=True
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, ssl_context=tls).start()
        yield f"http{'s' if tls else ''}://{address}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ews(request: web.Request) -> web.StreamResponse:
    """One SOAP request."""
    who = admit(request)
    if isinstance(who, web.Response):
        return who
    try:
        call = _read(request, who.user, await request.read())
    except Refused as refused:
        return _whole(None, request, refused)
    counted = [] if call.operation in LONG else [call.user.key]
    call.exchange.in_flight.update(counted)
    try:
        return await _answer(call)
    except Refused as refused:
        return _whole(call, request, refused)
    finally:
        call.exchange.in_flight.subtract(counted)


async def _answer(call: Call) -> web.StreamResponse:
    """The answer, unless something is in the way."""
    if call.exchange.in_flight[call.user.key] > call.exchange.concurrency_limit:
        raise Refused("ErrorServerBusy", whole=True, values={"BackOffMilliseconds": "5000"})
    call.faults = call.exchange.faults.take(call.operation, call.mailbox_name)
    for fault in call.faults:
        if (instead := await fault.instead(call)) is not None:
            return instead
    if call.exchange.anchor_required and "X-AnchorMailbox" not in call.request.headers:
        return web.Response(status=503, text="Service Unavailable", content_type="text/html")
    call.check_impersonation()
    if call.operation in LONG:
        return await LONG[call.operation](call)
    if call.operation not in OPERATIONS:
        raise Refused("ErrorInvalidRequest", whole=True)
    body = call.enveloped(_done(call))
    for fault in call.faults:
        body = fault.body(body)
    for fault in call.faults:
        if (sent := await fault.transfer(body, call)) is not None:
            return sent
    return _affine(call, web.Response(body=body, headers=call.headers()))


def _done(call: Call) -> Xml:
    """What an operation answers.

    Raises:
        Refused: a number that is none, an element that is missing: against the schema.
    """
    try:
        return OPERATIONS[call.operation](call)
    except (ValueError, IndexError) as error:
        raise Refused("ErrorSchemaValidation", whole=True) from error


def _affine(call: Call, response: web.Response) -> web.Response:
    """The answer with the cookie by which a client comes back to the same server."""
    asked = call.request.headers.get("X-PreferServerAffinity", "").lower() == "true"
    if asked and "X-BackEndOverrideCookie" not in call.request.cookies:
        cookie = f"{call.backend_name}~1941996295"
        response.set_cookie("X-BackEndOverrideCookie", cookie, path="/")
    return response


def _read(request: web.Request, user: User, body: bytes) -> Call:
    """A request, understood.

    Raises:
        Refused: it is no SOAP, or asks for nothing.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("ErrorSchemaValidation", whole=True) from None
    return Call(request, user, root)


def _whole(call: Call | None, request: web.Request, refused: Refused) -> web.Response:
    """A SOAP fault."""
    request[NOTES].code = refused.code
    fault = soap_fault(refused)
    body = call.enveloped(fault) if call else envelope(Xml(""), fault)
    headers = call.headers() if call else {"Content-Type": CONTENT_TYPE}
    return web.Response(status=500, body=body, headers=headers)


async def _prove(request: web.Request, response: web.StreamResponse) -> None:
    """Show a client that logs on with Kerberos who answers (RFC 4559 section 5)."""
    if proof := request.app[EXCHANGE].connections.proof(request.transport):
        response.headers["WWW-Authenticate"] = f"Negotiate {proof}"


@web.middleware
async def _remember(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note every request that is not one of control, whatever becomes of it."""
    request[NOTES] = Notes()
    status = _BROKEN_OFF
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    else:
        return response
    finally:
        if not request.path.startswith("/control/"):
            _note(request, status)


def _note(request: web.Request, status: int) -> None:
    exchange = request.app[EXCHANGE]
    notes = request[NOTES]
    affinity = [
        f"{name}={request.headers[name]}"
        for name in ("X-PreferServerAffinity",)
        if name in request.headers
    ]
    if cookie := request.cookies.get("X-BackEndOverrideCookie"):
        affinity.append(f"cookie={cookie}")
    asked = Asked(
        time=exchange.now(),
        path=request.path,
        operation=notes.operation,
        mailbox=notes.mailbox,
        user=notes.user,
        auth=notes.auth,
        status=status,
        code=notes.code,
        anchor=request.headers.get("X-AnchorMailbox", "").lower(),
        affinity=" ".join(affinity),
        connection=id(request.transport) & 0xFFFFFF,
        peer=request.remote or "",
    )
    exchange.journal.add(asked)
