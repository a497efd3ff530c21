"""Signing in by the provider of the site: out to it, back from it, and out of it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bridge.admin.pages import Pages, back
from bridge.callers import Caller
from bridge.oidc.attempts import LASTS
from bridge.oidc.failed import EVERY, SignOnFailed
from bridge.oidc.single import CALLBACK, Entered, SingleSignOn
from bridge.views import signed_in
from bridge.views.house import House
from bridge.views.people import written
from bridge.views.sessions import LOGIN, onward, visitor
from bridge.views.web import ANYBODY, Handler, Route

BEGIN, OUT = "/admin/sso", "/admin/sso/out"
SECURE, PLAIN = "__Secure-roombridge_sso", "roombridge_sso"
"""The cookie of a sign-in on its way, by TLS and without it. It comes back from another site's
page, which a strict one would not."""


class SinglePages:
    """Answers at the addresses that single sign-on passes."""

    def __init__(self, pages: Pages, single: SingleSignOn | None) -> None:
        self._pages = pages
        self._single = single

    def offered(self, request: web.Request) -> dict[str, Any]:
        """What the page says at which people sign in: who else knows them, and what went wrong."""
        settings = self._single.settings if self._single is not None else None
        why = request.query.get("sso", "")
        return {
            "provider": settings.shown if settings is not None else "",
            "local": settings is None or settings.allow_local,
            "why": why if settings is not None and why in {*EVERY, "out"} else "",
        }

    async def begin(self, house: House, caller: Caller, request: web.Request) -> web.Response:
        """To the provider; who is signed in goes on."""
        goes_on, single = onward(request.query.get("next", "")), self._single
        if caller.person is not None:
            return back(goes_on)
        if single is None or single.settings is None:
            return back(LOGIN)
        home = urlsplit(single.public_url)
        if request.host.lower() != home.netloc.lower() and "here" not in request.query:
            # The provider leads back there, and the cookie must be there too.
            there = urlencode({"next": goes_on, "here": 1})
            return _to(f"{single.public_url}{BEGIN}?{there}")
        try:
            address, cookie = await single.begin(goes_on)
        except SignOnFailed as failed:
            return back(LOGIN, sso=failed.why)
        response = _to(address)
        by_tls = signed_in.secure(house, request)
        response.set_cookie(
            SECURE if by_tls else PLAIN,
            cookie,
            max_age=int(LASTS.total_seconds()),
            path=CALLBACK,
            httponly=True,
            samesite="Lax",
            secure=by_tls,
        )
        return response

    async def callback(self, house: House, _caller: Caller, request: web.Request) -> web.Response:
        """Back from the provider; signed in, or with why not."""
        single = self._single
        if single is None:
            return back(LOGIN)
        try:
            entered = await self._entered(house, single, request)
        except SignOnFailed as failed:
            return _ended(back(LOGIN, sso=failed.why), house, request)
        # A strict cookie comes with no request that another site's page began, redirects included:
        # the next one is begun by a page of ours.
        response = await self._pages.answer(request, ANYBODY, "onward", to=entered.goes_on)
        signed_in.remember(response, house, request, entered.secret)
        return _ended(response, house, request)

    async def out(self, _house: House, _caller: Caller, _request: web.Request) -> web.Response:
        """Signed out here before; now at the provider too."""
        if self._single is None:
            return back(LOGIN)
        try:
            return _to(await self._single.out() or LOGIN)
        except SignOnFailed as failed:
            return back(LOGIN, sso=failed.why)

    @staticmethod
    async def _entered(house: House, single: SingleSignOn, request: web.Request) -> Entered:
        """Who came back.

        Raises:
            Problem: their address is locked out, or the disk fails.
            SignOnFailed: why nobody did.
        """
        came = visitor(house, request)
        cookie = request.cookies.get(SECURE if signed_in.secure(house, request) else PLAIN, "")
        try:
            with written():
                return await single.end(request.query, cookie, came)
        except SignOnFailed as failed:
            if failed.why == "unproven" and came.address:  # invented codes are guesses too
                house.limits.wrong(came.address)
            raise

    @property
    def routes(self) -> Sequence[Route]:
        """The addresses."""
        return (
            _leading(
                BEGIN,
                self.begin,
                "Sign in by the identity provider: to it",
                query={"next": "The page to go on to."},
            ),
            Route(
                method="GET",
                path=CALLBACK,
                serve=self.callback,
                scope=None,
                page=True,
                displays=False,
                summary="Sign in by the identity provider: back from it, with a code",
                answer="text/html",
                also={303: "Nobody was signed in: to `/admin/login`, with why not"},
                query={
                    "code": "What the provider gives for who was identified.",
                    "state": "What the request carried.",
                    "iss": "The provider's name (RFC 9207).",
                    "error": "Why there is no code.",
                },
                problems=("disk_failing",),
            ),
            _leading(OUT, self.out, "Sign out at the identity provider too"),
        )


def _leading(path: str, serve: Handler, summary: str, **more: Any) -> Route:
    """What leads elsewhere, whoever asks."""
    return Route(
        method="GET",
        path=path,
        serve=serve,
        scope=None,
        page=True,
        displays=False,
        summary=summary,
        answer="",
        status=303,
        **more,
    )


def _to(address: str) -> web.Response:
    """Elsewhere, which is not told from where."""
    response = back(address)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _ended(response: web.Response, house: House, request: web.Request) -> web.Response:
    """Without the cookie of a sign-in that is over, however it went."""
    by_tls = signed_in.secure(house, request)
    name = SECURE if by_tls else PLAIN
    response.del_cookie(name, path=CALLBACK, httponly=True, samesite="Lax", secure=by_tls)
    return response
