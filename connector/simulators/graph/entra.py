"""The login service: access tokens for applications, by themselves or for somebody.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from collections.abc import Callable, Mapping
from hmac import compare_digest

from aiohttp import web
from yarl import URL

from connector.simulators.graph import assertion, delegated
from connector.simulators.graph.access_token import access_token
from connector.simulators.graph.call import Call
from connector.simulators.graph.refusal import Json, Refused
from connector.simulators.graph.tenant import App, is_guid

_GRAPH_HOSTS = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)
_GRAPH_ID = "00000003-0000-0000-c000-000000000000"
_HUBS = "https://eventhubs.azure.net"


def routes() -> list[web.RouteDef]:
    """What the login service answers here."""
    return [
        web.post("/{tenant}/oauth2/v2.0/token", token),
        web.post("/{tenant}/oauth2/v2.0/devicecode", device_code),
        web.get("/devicelogin", delegated.page),
        web.post("/devicelogin", delegated.entered),
        web.get("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
        web.get("/{tenant}/discovery/v2.0/keys", keys),
    ]


async def token(request: web.Request) -> web.StreamResponse:
    """An access token, in one of the ways that are simulated."""
    call = Call(request, "token")
    form = {name: str(value) for name, value in (await request.post()).items()}

    def make() -> Json:
        _check_tenant(call)
        grant = _parameter(form, "grant_type")
        if grant not in _GRANTS:
            message = f"The app requested an unsupported grant type '{grant}'."
            raise Refused(400, "70003", message, oauth="unsupported_grant_type")
        return _GRANTS[grant](call, _app(call, form), form)

    return await call.answer(make)


async def device_code(request: web.Request) -> web.StreamResponse:
    """The beginning of a sign-in on another device."""
    call = Call(request, "token")
    form = {name: str(value) for name, value in (await request.post()).items()}

    def make() -> Json:
        _check_tenant(call)
        return delegated.begin(call, _app(call, form), _parameter(form, "scope"))

    return await call.answer(make)


def _by_credentials(call: Call, app: App, form: Mapping[str, str]) -> Json:
    """An access token for the application itself."""
    resource = _resource(call, _parameter(form, "scope"))
    _check_credential(call, app, form)
    life = int(call.tenant.token_life.total_seconds())
    return {
        "token_type": "Bearer",
        "expires_in": life,
        "ext_expires_in": life,
        "access_token": _hub_token(call, app)
        if resource == _HUBS
        else call.tenant.issue_token(app.client_id),
    }


def _hub_token(call: Call, app: App) -> str:
    """A token that is good at Event Hubs only."""
    now = call.tenant.now()
    token = access_token(
        tenant_id=call.tenant.tenant_id,
        client_id=app.client_id,
        issued=now,
        expires=now + call.tenant.token_life,
        audience=_HUBS,
    )
    call.tenant.hub.tokens.add(token)
    return token


_GRANTS: dict[str, Callable[[Call, App, Mapping[str, str]], Json]] = {
    "client_credentials": _by_credentials,
    "refresh_token": delegated.by_refresh_token,
    delegated.DEVICE_CODE: delegated.by_device_code,
}


async def configuration(request: web.Request) -> web.StreamResponse:
    """Where the endpoints of the tenant are (OpenID Connect discovery)."""
    call = Call(request, "token")

    def make() -> Json:
        _check_tenant(call, oauth="invalid_tenant")
        there = f"{call.origin}/{call.tenant.tenant_id}"
        return {
            "token_endpoint": f"{there}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "issuer": f"{there}/v2.0",
            "authorization_endpoint": f"{there}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{there}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{there}/discovery/v2.0/keys",
        }

    return await call.answer(make)


async def keys(request: web.Request) -> web.StreamResponse:
    """The keys that sign tokens: none, because the signatures of this service are random."""
    call = Call(request, "token")

    def make() -> Json:
        _check_tenant(call)
        return {"keys": []}

    return await call.answer(make)


def _check_tenant(call: Call, oauth: str = "invalid_request") -> None:
    """Refuse a tenant that is not this one."""
    name = call.request.match_info["tenant"]
    if call.tenant.known_as(name):
        return
    if not is_guid(name) and "." not in name:
        message = f"Specified tenant identifier '{name}' is neither a GUID nor a domain."
        raise Refused(400, "900023", message, oauth=oauth)
    message = f"Tenant '{name}' not found. Is the tenant id right, and the cloud?"
    raise Refused(400, "90002", message, oauth=oauth)


def _app(call: Call, form: Mapping[str, str]) -> App:
    """The application that asks."""
    client_id = _parameter(form, "client_id")
    app = call.tenant.apps.get(client_id.lower())
    if app is None:
        directory = call.tenant.tenant_id
        message = (
            f"Application with identifier '{client_id}' was not found in the directory "
            f"'{directory}'."
        )
        raise Refused(400, "700016", message, oauth="unauthorized_client")
    return app


def _parameter(form: Mapping[str, str], name: str) -> str:
    """A parameter that must be there."""
    if value := form.get(name):
        return value
    message = f"The request body must contain the following parameter: '{name}'."
    raise Refused(400, "900144", message)


def _resource(call: Call, scope: str) -> str:
    """What a token is asked for: all of Graph, or Event Hubs; anything else is refused."""
    if not scope.endswith("/.default"):
        message = f"The provided value for scope {scope} is not valid: it must end with /.default."
        raise Refused(400, "1002012", message, oauth="invalid_scope")
    resource = scope.removesuffix("/.default").rstrip("/")
    known = {_GRAPH_ID, _HUBS, call.origin}
    if resource not in known and URL(resource).host not in _GRAPH_HOSTS:
        message = f"The resource principal named {resource} was not found in the tenant."
        raise Refused(400, "500011", message, oauth="invalid_resource")
    return resource


def _check_credential(call: Call, app: App, form: Mapping[str, str]) -> None:
    """Refuse who cannot prove to be the application."""
    if "client_assertion" in form:
        if form.get("client_assertion_type") != assertion.TYPE:
            message = "The request body must contain the following parameter: "
            raise Refused(400, "900144", f"{message}'client_assertion_type'.")
        here = f"{call.origin}/{call.request.match_info['tenant']}"
        assertion.check(
            form["client_assertion"],
            client_id=app.client_id,
            certificates=app.certificates,
            audiences={f"{here}/oauth2/v2.0/token", f"{here}/v2.0"},
            now=call.tenant.now(),
        )
    elif "client_secret" in form:
        _check_secret(call, app, form["client_secret"])
    else:
        message = "'client_assertion' or 'client_secret' is required for this grant type."
        raise Refused(401, "7000216", message, oauth="invalid_client")


def _check_secret(call: Call, app: App, secret: str) -> None:
    """Refuse a secret that is wrong, or that was right until it expired."""
    if app.secret is None or not compare_digest(app.secret.encode(), secret.encode()):
        message = f"Invalid client secret provided for app '{app.client_id}'."
        raise Refused(401, "7000215", message, oauth="invalid_client")
    if app.secret_expires is not None and app.secret_expires <= call.tenant.now():
        message = f"The provided client secret keys for app '{app.client_id}' are expired."
        raise Refused(401, "7000222", message, oauth="invalid_client")
