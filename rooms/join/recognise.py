"""Which platform a link belongs to, decided by its host and path and never by a word in it."""

import functools
import re

import msgspec

from rooms.join.platforms import PLATFORMS
from rooms.join.provider import Link, Provider
from rooms.join.providers import DIALLED
from rooms.join.unwrap import anywhere_marks, is_gateway

PROVIDERS: dict[str, Provider] = {p.name: p for p in (*DIALLED, *PLATFORMS)}
"""Every known platform by its name."""

_LINK = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#\s\\]*)([^\s]*)")
_AUTHORITY = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?(?=:\d{1,5}$|$)")


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A join link and what it says of its meeting."""

    provider: Provider
    link: Link
    url: str
    host: str
    id: str = ""
    name: str = ""
    key: str = ""
    alias: str = ""
    passcode: str = ""

    @property
    def rule(self) -> str:
        """The recogniser's name, for `explain`."""
        return f"{self.provider.name}/{self.link.name}"


def recognise(url: str) -> Recognised | None:
    """The join link that a URL is, or None."""
    parts = _LINK.fullmatch(url)
    if parts is None:
        return None
    scheme, authority, rest = parts[1].lower(), parts[2].lower(), parts[3]
    host = _host(authority)
    for provider, link in _links_of(host):
        if scheme in link.schemes.split():
            found = _path(link).match(rest)
            if found:
                return _recognised(provider, link, url, host, found)
    whole = authority + rest
    low = whole.lower()
    for provider, link, starts in _anywhere():
        if link.holds in low and low.startswith(starts) and scheme in link.schemes.split():
            found = _path(link).match(whole) if host or scheme == "pexip" else None
            if found:
                return _recognised(provider, link, url, host, found)
    return None


def of_interest(url: str) -> bool:
    """Whether a link may join something; most links of an invitation do not."""
    authority = _AUTHORITY.match(url)
    if authority is None or _leads_somewhere(authority[1]):
        return True
    return any(mark in url for mark in _marks())


@functools.lru_cache(maxsize=1024)
def _leads_somewhere(authority: str) -> bool:
    host = _host(authority.lower())
    beginnings = tuple(start for _, _, starts in _anywhere() for start in starts if start)
    return bool(_links_of(host)) or host.startswith(beginnings) or is_gateway(host)


@functools.cache
def _marks() -> tuple[str, ...]:
    """What a link to a host that nobody knows must hold to be of interest."""
    marks = {link.holds for _, link, _ in _anywhere()} | anywhere_marks() | {"teams"}
    return tuple(sorted(marks - {""}))


def known_host(host: str) -> bool:
    """Whether a host serves join links of some platform."""
    return bool(_links_of(host.lower()))


@functools.lru_cache(maxsize=512)
def platform_of_address(host: str) -> Provider | None:
    """The platform whose room systems an address at this host reaches."""
    host = host.lower()
    for suffix, exact in _suffixes(host):
        if suffix in _addresses():
            return _addresses()[suffix]
        if not exact and "*." + suffix in _addresses():
            return _addresses()["*." + suffix]
    return None


def _suffixes(host: str) -> list[tuple[str, bool]]:
    """The host and its parents, each with whether it is the host itself."""
    parents = [(host, True)]
    while "." in host:
        host = host.partition(".")[2]
        parents.append((host, False))
    return parents


@functools.lru_cache(maxsize=512)
def _host(authority: str) -> str:
    """The host of an authority without its port; nothing where somebody hides it behind an @."""
    plain = _HOST.match(authority)
    return plain[0] if plain else ""


@functools.lru_cache(maxsize=512)
def _links_of(host: str) -> tuple[tuple[Provider, Link], ...]:
    """The links that a host may serve by its name."""
    return tuple(
        (provider, link)
        for suffix, exact in _suffixes(host)
        for provider, link, only in _named().get(suffix, ())
        if exact or not only
    )


def _recognised(
    provider: Provider, link: Link, url: str, host: str, found: re.Match[str]
) -> Recognised:
    known = {name: value for name, value in found.groupdict().items() if value}
    return Recognised(provider=provider, link=link, url=url, host=host, **known)


@functools.cache
def _path(link: Link) -> re.Pattern[str]:
    """The expression of a link; it may only end where a part of the link ends."""
    return re.compile(f"(?:{link.path})(?=[/?#&]|$)", re.IGNORECASE | re.ASCII)


@functools.cache
def _named() -> dict[str, tuple[tuple[Provider, Link, bool], ...]]:
    """The links of each host name, with whether its subdomains are left out."""
    table: dict[str, tuple[tuple[Provider, Link, bool], ...]] = {}
    for provider in PROVIDERS.values():
        for link in provider.links:
            for host in link.hosts.split():
                if not host.endswith("*"):
                    name = host.removeprefix("=")
                    table[name] = (*table.get(name, ()), (provider, link, host != name))
    return table


@functools.cache
def _anywhere() -> tuple[tuple[Provider, Link, tuple[str, ...]], ...]:
    """The links that any host may serve, with how its name must begin."""
    return tuple(
        (provider, link, tuple(host.rstrip("*") for host in link.hosts.split()))
        for provider in PROVIDERS.values()
        for link in provider.links
        if link.hosts.endswith("*")
    )


@functools.cache
def _addresses() -> dict[str, Provider]:
    return {host: provider for provider in PROVIDERS.values() for host in provider.sip_hosts}
