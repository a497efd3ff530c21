"""An identity provider that does what a test wants, whatever a good one would never do.

What a good one does is tried with one that others wrote: `tests/peers/test_oidc_provider.py`.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from rooms.clock import Clock

CLIENT, SECRET = "roombridge", "a secret: of+two words"
PATHS = {
    "authorization_endpoint": "/authorize?tenant=1",
    "token_endpoint": "/token",
    "jwks_uri": "/keys",
    "userinfo_endpoint": "/userinfo",
    "end_session_endpoint": "/logout",
}
_MADE = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "weak": lambda: rsa.generate_private_key(65537, 1024),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
KINDS = {"PS": "RSA", "RS": "RSA", "ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def private(kind: str = "RSA") -> Any:
    """A key."""
    return _MADE[kind]()


@cache
def usual() -> Any:
    """The key that providers have here: to make one takes a tenth of a second."""
    return private()


def of(algorithm: str) -> Any:
    """A key for an algorithm."""
    kind = KINDS.get(algorithm) or KINDS.get(algorithm[:2]) or "Ed25519"
    return private(kind)


def published(key: Any, kid: str | None, algorithm: str = "RS256", **more: Any) -> dict[str, Any]:
    """A key as everybody may know it."""
    public = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    public.pop("key_ops", None)
    return {**public, **({"kid": kid} if kid is not None else {}), "use": "sig", **more}


def pem(key: Any) -> bytes:
    """A public key as text."""
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(*form))


class Issuer:
    """A provider with one person at its other end."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.url = ""
        self.algorithm, self.kid, self.key = "RS256", "k1", usual()
        self.keys = [published(self.key, "k1")]
        self.described: dict[str, Any] = {}
        """Other than usual of its description."""
        self.claims: dict[str, Any] = {}
        """Other than usual of the next ID token; None leaves a claim out."""
        self.signed: Callable[[dict[str, Any]], str] = self.sign
        """Makes an ID token."""
        self.userinfo: dict[str, Any] | None = None
        self.codes: dict[str, dict[str, str]] = {}
        """What each code was asked for with."""
        self.answers: dict[str, Callable[[], web.StreamResponse]] = {}
        """In place of what usually is at a path."""
        self.leads: Callable[[web.Request], web.StreamResponse] = lambda _: web.Response(
            text="sign in here"
        )
        """What it shows somebody who is sent to it."""
        self.asked: list[str] = []
        self.logins: list[str] = []
        """How the client proved itself."""

    def allow(self, address: str) -> str:
        """What somebody comes back with who was sent here and said yes: the query."""
        sent = {name: one[0] for name, one in parse_qs(urlsplit(address).query).items()}
        code = f"code{len(self.codes)}"
        self.codes[code] = sent
        return f"code={code}&state={sent['state']}"

    def sign(self, claims: dict[str, Any]) -> str:
        """An ID token."""
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.kid})

    def token(self, nonce: str) -> str:
        """The ID token of the person, as usual but for what is wanted otherwise."""
        now = int(self.clock.now().timestamp())
        usual = {
            "iss": self.url,
            "sub": "ada-1",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "preferred_username": "ada@example.com",
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "groups": ["rooms-engineers"],
        }
        claims = {name: one for name, one in {**usual, **self.claims}.items() if one is not None}
        return self.signed(claims)

    async def _describe(self, _: web.Request) -> web.StreamResponse:
        paths = {name: self.url + path for name, path in PATHS.items()}
        told = {"issuer": self.url, **paths, **self.described}
        return web.json_response({name: one for name, one in told.items() if one is not None})

    async def _publish(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"keys": self.keys})

    async def _redeem(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.logins.append(request.headers.get("Authorization") or str(form.get("client_secret")))
        sent = self.codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            sent is None
            or challenge != sent["code_challenge"]
            or form["redirect_uri"] != sent["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = self.token(sent["nonce"])
        return web.json_response({"id_token": token, "access_token": "open", "expires_in": 60})

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        if self.userinfo is None or request.headers.get("Authorization") != "Bearer open":
            return web.json_response({}, status=401)
        return web.json_response(self.userinfo)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path in self.answers:
            return self.answers[request.path]()
        served = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": self._publish,
            "/token": self._redeem,
            "/userinfo": self._tell,
        }
        if request.path not in served:
            return self.leads(request)
        return await served[request.path](request)


@asynccontextmanager
async def issuing(clock: Clock) -> AsyncIterator[Issuer]:
    """A provider that is there."""
    issuer = Issuer(clock)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", issuer._serve)
    async with TestServer(app) as server:
        issuer.url = str(server.make_url("")).rstrip("/")
        yield issuer
