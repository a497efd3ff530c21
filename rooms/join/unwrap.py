"""Links as they were before mail filters rewrote them."""

import base64
import binascii
import functools
import re
import urllib.parse

import msgspec

from rooms.join.gateways import GATEWAYS, Gateway

LAYERS = 8
"""Filters behind one another that are undone; a longer chain is somebody's joke."""

_PARTS = re.compile(r"(?i)(?:([a-z][a-z0-9+.\-]*)://)?([^/?#]*)(.*)", re.DOTALL)
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})(?!.?$)", re.DOTALL)
_ONE_SLASH = re.compile(r"(?i)^(https?):/(?=[^/])")
_COUNTRY = re.compile(r"[a-z]{2,3}(?:\.[a-z]{2})?")
_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STARS = re.compile(r"\*(?:\*(.))?", re.DOTALL)
_PROOFPOINT3 = re.compile(r"/v3/__(.*?)__;([A-Za-z0-9_=\-]*)!", re.DOTALL)


class Unwrapped(msgspec.Struct, frozen=True):
    """A link, the filters it came through, and the one that would not give it up."""

    url: str
    through: tuple[str, ...] = ()
    opaque: str = ""
    hint: str = ""
    """The host an unreadable link says it leads to."""


def unwrap(url: str) -> Unwrapped:
    """The link behind the filters; each layer is decoded exactly once."""
    through: list[str] = []
    while len(through) < LAYERS:
        gateway = _gateway(url)
        if gateway is None:
            break
        if gateway.keeps == "nothing":
            return Unwrapped(url, tuple(through), gateway.name, _query(url, "domain") or "")
        target = _target(gateway, url.replace("&amp;", "&"))
        if target is None or target == url:
            return Unwrapped(url, tuple(through), gateway.name)
        through.append(gateway.name)
        url = _ONE_SLASH.sub(r"\1://", target)
    return Unwrapped(url, tuple(through))


def is_gateway(host: str) -> bool:
    """Whether a host is known for rewritten links."""
    return len(_gateways_of(host)) > len(_tables()[1])


def anywhere_marks() -> set[str]:
    """What rewritten links hold whose host can be any."""
    return {gateway.path for gateway in _tables()[1]}


def _gateway(url: str) -> Gateway | None:
    parts = _PARTS.match(url)
    if parts is None or (parts[1] or "https").lower() not in {"http", "https"}:
        return None
    rest = parts[3]
    for gateway in _gateways_of(parts[2].lower().partition(":")[0]):
        if gateway.path in rest:
            return gateway
    return None


@functools.lru_cache(maxsize=512)
def _gateways_of(host: str) -> tuple[Gateway, ...]:
    """The filters that a host may belong to, the best named first."""
    named, anywhere = _tables()
    found: list[Gateway] = []
    while host:
        found += named.get(host, ())
        label, _, host = host.partition(".")
        if label == "google" and _COUNTRY.fullmatch(host):
            found += named["google.*"]
    return (*found, *anywhere)


@functools.cache
def _tables() -> tuple[dict[str, tuple[Gateway, ...]], tuple[Gateway, ...]]:
    named: dict[str, tuple[Gateway, ...]] = {}
    for gateway in GATEWAYS:
        for host in gateway.hosts.split():
            named[host] = (*named.get(host, ()), gateway)
    return named, named.pop("*")


def _target(gateway: Gateway, url: str) -> str | None:
    """What a link keeps, or None where it is damaged: half a link joins nothing."""
    if _BROKEN.search(url):
        return None
    for place in gateway.keeps.split():
        how, _, name = place.partition(":")
        target = _WAYS[how](url, name)
        if target is not None:
            return target
    return None


def _query(url: str, name: str) -> str | None:
    found = re.search(rf"[?&;]{name}=([^&#]*)", url)
    return urllib.parse.unquote(found[1]) if found else None


def _base64(url: str, name: str) -> str | None:
    kept = _query(url, name)
    return _text(kept) if kept else None


def _base64_query(url: str, _: str) -> str | None:
    inner = _text(url.partition("?")[2])
    return _query("?" + inner, "url") if inner else None


def _text(encoded: str) -> str | None:
    encoded = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _segment(url: str, _: str) -> str | None:
    found = re.search(r"(?i)(?<=/)https?(?:%3a|:)(?:%2f|/)[^/?#]*", url[8:])
    return urllib.parse.unquote(found[0]) if found else None


def _fences(url: str, _: str) -> str | None:
    target = url.partition("___")[2].rpartition("___")[0]
    if target[:9].lower().startswith(("http%3a", "https%3a")):
        target = urllib.parse.unquote(target)
    return target if target.lower().startswith(("http:/", "https:/")) else None


def _proofpoint2(url: str, _: str) -> str | None:
    found = re.search(r"[?&]u=([^&#]*)", url)
    if found is None:
        return None
    return urllib.parse.unquote(found[1].replace("-", "%").replace("_", "/"))


def _proofpoint3(url: str, _: str) -> str | None:
    """Each `*` stands for one byte of the token behind `;`, `**X` for a run of them."""
    found = _PROOFPOINT3.search(url)
    if found is None:
        return None
    token = found[2].rstrip("=")
    try:
        held = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    whole = bytearray()
    used = last = 0
    for star in _STARS.finditer(found[1]):
        count = _RUNS.find(star[1]) + 2 if star[1] else 1
        whole += found[1][last : star.start()].encode(errors="replace") + held[used : used + count]
        used, last = used + count, star.end()
    return (whole + found[1][last:].encode(errors="replace")).decode(errors="replace")


_WAYS = {
    "query": _query,
    "base64": _base64,
    "base64-query": _base64_query,
    "segment": _segment,
    "fences": _fences,
    "proofpoint2": _proofpoint2,
    "proofpoint3": _proofpoint3,
}
