"""Single sign-on: whether the provider answers, and leads back to this appliance."""

from http import HTTPStatus

from yarl import URL

from bridge.doctor.finding import Finding, finding
from bridge.findings import advice_of
from bridge.health import BRIDGE
from bridge.oidc.failed import SignOnFailed
from bridge.oidc.provider import SECONDS, Provider
from bridge.oidc.single import CALLBACK
from bridge.settings.model import Site
from connector.errors import ConnectorError
from connector.http import ask
from connector.outside import Outside

_LARGEST = 1 << 20
_REFUSALS = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)


async def sign_on(site: Site, outside: Outside | None) -> list[Finding]:
    """What keeps people from signing in by the provider of the site, where it has one."""
    settings = site.people.oidc
    if settings is None or outside is None:
        return []
    back = site.public_url.rstrip("/") + CALLBACK
    provider = Provider(settings=settings, outside=outside)
    try:
        found = await provider.description()
        await provider.published()
    except SignOnFailed as failed:
        code = "sso_unfit" if failed.why == "unfit" else "sso_unreachable"
        return [finding(BRIDGE, code, f"{advice_of(code).words} ({failed.detail})")]
    fields = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": back,
        "scope": "openid",
        "prompt": "none",
        "state": "doctor",
        "nonce": "doctor",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636 appendix B
        "code_challenge_method": "S256",
    }
    asked = URL(found.authorization_endpoint).update_query(fields)
    return [finding(BRIDGE, "sso_redirect")] if await _turned_down(asked, outside) else []


async def _turned_down(address: URL, outside: Outside) -> bool:
    """Whether a provider refuses even to look at a request: it leads nobody back then.

    Who is not signed in there is led back at once (`prompt=none`, OpenID Connect Core §3.1.2.1),
    but only to where this application may be led. Providers that tell people so on a good page are
    not found out.
    """
    try:
        answer = await ask(
            outside.http,
            "GET",
            address,
            seconds=SECONDS,
            limit=_LARGEST,
            tls=outside.tls,
            **outside.route(address),
        )
    except ConnectorError:
        return False  # it answered a moment ago
    return answer.status in _REFUSALS and answer.status != HTTPStatus.TOO_MANY_REQUESTS
