"""The login service for people: sign-in with a code on another device, and refresh tokens.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token,
RFC 8628 for `slow_down`
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping

import msgspec
from aiohttp import web

from connector.simulators.graph.call import TENANT, Call
from connector.simulators.graph.people import CODE_LIFE, INTERVAL, SignIn
from connector.simulators.graph.refusal import Json, Refused
from connector.simulators.graph.tenant import App

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
OPEN_ID = frozenset({"openid", "profile", "email", "offline_access"})
GRAPH = "https://graph.microsoft.com/"


_PAGE = """<!doctype html><html lang="en"><title>Sign in (simulated)</title>
<form method="post"><h1>Sign in to the simulated tenant</h1>
<p><label>Code <input name="code" required></label>
<p><label>Account <input name="account" type="email" required></label>
<p><button>Sign in</button><p role="status">%s</form></html>"""


async def page(_request: web.Request) -> web.StreamResponse:
    """Where a code is entered. There are no passwords here."""
    return web.Response(text=_PAGE % "", content_type="text/html")


async def entered(request: web.Request) -> web.StreamResponse:
    """Somebody enters a code and says who they are."""
    form = await request.post()
    try:
        tenant = request.app[TENANT]
        tenant.sign_in(str(form.get("code", "")), str(form.get("account", "")))
    except KeyError:
        words = "There is no such code that waits, or no such account."
        return web.Response(text=_PAGE % words, content_type="text/html", status=400)
    return web.Response(text=_PAGE % "You are signed in.", content_type="text/html")


def begin(call: Call, app: App, scope: str) -> Json:
    """A code for the device, and one for whoever signs in elsewhere."""
    scopes = tuple(scope.split())
    if not scopes:
        message = "The request body must contain the following parameter: 'scope'."
        raise Refused(400, "900144", message)
    made = call.tenant.sign_ins.begin(app.client_id, scopes)
    page = f"{call.origin}/devicelogin"
    return {
        "user_code": made.user_code,
        "device_code": made.device_code,
        "verification_uri": page,
        "expires_in": int(CODE_LIFE.total_seconds()),
        "interval": int(INTERVAL.total_seconds()),
        "message": f"To sign in, use a web browser to open the page {page} and enter the code "
        f"{made.user_code} to authenticate.",
    }


def by_device_code(call: Call, app: App, form: Mapping[str, str]) -> Json:
    """Tokens once somebody signed in; until then the reason why there are none."""
    one = call.tenant.sign_ins.by_device(form.get("device_code", ""))
    if one is None or one.client_id != app.client_id or one.used:
        message = "Verification code is not valid."
        raise Refused(400, "70018", message, oauth="bad_verification_code")
    _check_public(app)
    if call.tenant.sign_ins.too_soon(one):
        raise Refused(400, "70016", "OAuth 2.0 device flow error: too soon.", oauth="slow_down")
    if one.declined:
        message = "The end-user denied the authorization request."
        raise Refused(400, "70017", message, oauth=one.declined)
    if not one.account:
        _still_waiting(call, one)
    one.used = True
    return _tokens(call, app, one.account, one.scopes)


def by_refresh_token(call: Call, app: App, form: Mapping[str, str]) -> Json:
    """New tokens for an old one, for the same person and not for more than before."""
    kept = call.tenant.refresh_tokens
    token = kept.get(form.get("refresh_token", ""))
    if token is None or token.client_id != app.client_id:
        raise _grant("9002313", "Invalid request. Request is malformed or invalid.")
    if token.revoked or token.account not in call.tenant.accounts:
        raise _grant(
            "50173",
            "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
        )
    if kept.expired(token):
        raise _grant(
            "700082",
            "The refresh token has expired due to inactivity. The token was issued on "
            f"{token.issued.isoformat()} and was inactive for 90.00:00:00.",
        )
    _check_public(app)
    scopes = tuple(form.get("scope", "").split()) or token.scopes
    if not {_bare(one) for one in scopes} - OPEN_ID <= {_bare(one) for one in token.scopes}:
        message = "The user or administrator has not consented to use the application."
        raise _grant("65001", message)
    return _tokens(call, app, token.account, scopes)


def _still_waiting(call: Call, one: SignIn) -> None:
    """Nobody signed in yet, or nobody will."""
    if one.expires <= call.tenant.now():
        message = "This device code has expired."
        raise Refused(400, "70020", message, oauth="expired_token")
    message = "The provided request has not yet been authorized by the user."
    raise Refused(400, "70016", message, oauth="authorization_pending")


def _check_public(app: App) -> None:
    """Refuse an application that was not allowed to do without a secret."""
    if not app.public:
        message = (
            "The request body must contain the following parameter: 'client_assertion' or "
            "'client_secret'."
        )
        raise Refused(401, "7000218", message, oauth="invalid_client")


def _tokens(call: Call, app: App, address: str, scopes: tuple[str, ...]) -> Json:
    """What is given to somebody who signed in."""
    life = int(call.tenant.token_life.total_seconds())
    granted = tuple(_bare(one) for one in scopes if one not in OPEN_ID)
    text = call.tenant.issue_token(app.client_id, account=address, scopes=granted)
    told: Json = {
        "token_type": "Bearer",
        "scope": " ".join(f"{GRAPH}{one}" for one in granted),
        "expires_in": life,
        "ext_expires_in": life,
        "access_token": text,
    }
    if "offline_access" in scopes:
        told["refresh_token"] = call.tenant.refresh_tokens.issue(app.client_id, address, scopes)
    if "openid" in scopes:
        told["id_token"] = _id_token(call, app, address)
    return told


def _id_token(call: Call, app: App, address: str) -> str:
    """Who signed in, as a token without signature: it comes over a channel that is trusted."""
    now = int(call.tenant.now().timestamp())
    claims = {
        "aud": app.client_id,
        "iss": f"{call.origin}/{call.tenant.tenant_id}/v2.0",
        "iat": now,
        "exp": now + 3600,
        "oid": str(call.tenant.accounts[address].id),
        "preferred_username": address,
        "name": address.partition("@")[0],
        "tid": call.tenant.tenant_id,
        "ver": "2.0",
    }
    return ".".join([_encoded({"typ": "JWT", "alg": "none"}), _encoded(claims), ""])


def _encoded(part: Json) -> str:
    return urlsafe_b64encode(msgspec.json.encode(part)).decode().rstrip("=")


def _bare(scope: str) -> str:
    """A permission by its name alone."""
    return scope.rpartition("/")[2]


def _grant(code: str, message: str) -> Refused:
    return Refused(400, code, message, oauth="invalid_grant")
