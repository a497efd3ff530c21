"""Answering a challenge: digest authentication (RFC 3261 §22, RFC 7616, RFC 8760)."""

import hashlib
import secrets

import msgspec

from connector.secret import Secret
from connector.sip.message import Field, Response, parameters, split

_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""Best first."""
_FIELDS = {
    401: ("www-authenticate", "authorization"),
    407: ("proxy-authenticate", "proxy-authorization"),
}
_COUNT = "00000001"
"""A nonce is used once: each request is challenged anew."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs in."""

    username: str
    password: Secret


class Challenge(msgspec.Struct, frozen=True):
    """What is asked for."""

    algorithm: str
    """As it was written; empty where it was not."""
    values: dict[str, str]

    @property
    def stale(self) -> bool:
        """Whether the password was right and only the nonce is old."""
        return self.values.get("stale", "").lower() == "true"


def challenge(response: Response) -> Challenge | None:
    """The best challenge in a 401 or 407 that can be answered; None without one."""
    found: dict[str, Challenge] = {}
    for name, value in response.fields:
        if name != _FIELDS[response.status][0]:
            continue
        scheme, _, rest = value.partition(" ")
        values = parameters(";".join(split(rest)))
        written = values.get("algorithm", "")
        words = split(values.get("qop", ""))
        known = scheme.lower() == "digest" and (not words or "auth" in words)
        if known and values.get("nonce"):
            found.setdefault(written.upper() or "MD5", Challenge(written, values))
    return next((found[name] for name in _HASHES if name in found), None)


def answer(response: Response, asked: Challenge, login: Login, method: str, uri: str) -> Field:
    """The header field that answers a challenge."""
    values = asked.values
    digested = _HASHES[asked.algorithm.upper() or "MD5"]

    def h(*parts: str) -> str:
        return digested(":".join(parts).encode()).hexdigest()

    realm, nonce = values.get("realm", ""), values["nonce"]
    ours = h(login.username, realm, login.password.reveal())
    words = _quoted(username=login.username, realm=realm, nonce=nonce, uri=uri)
    if values.get("qop"):
        mark = secrets.token_hex(8)
        words += [*_quoted(cnonce=mark), f"nc={_COUNT}", "qop=auth"]
        words += _quoted(response=h(ours, nonce, _COUNT, mark, "auth", h(method, uri)))
    else:
        words += _quoted(response=h(ours, nonce, h(method, uri)))
    if asked.algorithm:
        words.append(f"algorithm={asked.algorithm}")
    if "opaque" in values:
        words += _quoted(opaque=values["opaque"])
    return _FIELDS[response.status][1], "Digest " + ", ".join(words)


def _quoted(**values: str) -> list[str]:
    return [
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in values.items()
    ]
