"""SIP and H.323 addresses that stand in a text, told from the mail addresses around them."""

import itertools
import re
from collections.abc import Iterator, Sequence

import msgspec

from rooms.join import grammar, words
from rooms.join.provider import Provider
from rooms.join.recognise import platform_of_address

LEAD = 72
"""Characters before an address that can say what it is."""

MOST = 100
"""Addresses of one passage that are kept."""

_USER = re.compile(r"[A-Za-z0-9_.+!~*'&=$%\-]{1,128}")
_HOST = re.compile(r"[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){0,10}(?::\d{2,5}(?!\d))?")
_SCHEME = re.compile(r"(?i)(sips?|h323|mailto|xmpp|im|conf:sip|callto|skype|tel):\s{0,2}(?://)?$")
_GLUED_TLD = re.compile(r"(?<=\.)([a-z]{2,12})[A-Z][A-Za-z]*$")
_SPACE_USER = re.compile(r"(?i).{1,60}\.(?:vmr|vr|space|cospace)")
_HASHES = re.compile(r"\d{3,20}(?:#[0-9]{1,20}){0,3}")
_GATEWAY = re.compile(r"[A-Za-z0-9.\-]{4,120}")
_IP = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])")

_DIALLED = frozenset({"sip", "sips", "h323"})
_NOT_DIALLED = frozenset({"xmpp", "im", "conf:sip", "skype", "tel"})
_NUMBERED = frozenset({"zoom", "zoomgov", "ringcentral"})
"""Platforms whose addresses begin with a number; others are placeholders."""

SCHEME, KNOWN, LED, NUMERIC = 4, 3, 2, 1
"""How sure it is that an address is dialled: by scheme, by host, by what leads to it, by form."""


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """An address that stands in the text."""

    protocol: str
    """`sip` or `h323`."""
    address: str
    """Without its scheme."""
    user: str = ""
    host: str = ""
    at: int
    sure: int
    provider: Provider | None = None


def printed(
    text: str, links: Sequence[tuple[int, int]] = (), mail_domain: str = ""
) -> list[Printed]:
    """The addresses of a text, in order; those inside `links` belong to the links.

    A number at `mail_domain` is a mail address, as long as nothing says otherwise.
    """
    found = list(itertools.islice(_with_at(text, links, mail_domain), MOST)) if "@" in text else []
    if "##" in text:
        found += itertools.islice(_with_hashes(text), MOST)
    found.sort(key=_place)
    return found


def _place(one: Printed) -> int:
    return one.at


def gateways(text: str, near: Sequence[int]) -> list[tuple[int, str]]:
    """IP addresses printed below a heading for H.323 or shortly behind a dialled address."""
    starts = sorted((*near, *_headings(text)))
    found: dict[str, int] = {}
    at = 0
    for start in starts:
        at, end = max(at, start), max(at, start) + 240
        while ip := _IP.search(text, at, end):
            at = ip.end()
            before = text[max(0, ip.start() - 1) : ip.start()]
            if before not in {".", "@", "#"} and not text.startswith("##", at):
                end = at + 170
                if grammar.is_ipv4(ip[0]) and len(found) < MOST:
                    found.setdefault(ip[0], ip.start())
    return [(at, address) for address, at in found.items()]


def _headings(text: str) -> Iterator[int]:
    """Where a text speaks of H.323."""
    at = text.find("323")
    while at >= 0:
        if text[max(0, at - 2) : at].lower().rstrip(".").endswith("h"):
            yield at
        at = text.find("323", at + 3)


def _with_at(text: str, links: Sequence[tuple[int, int]], mail_domain: str) -> Iterator[Printed]:
    at = text.find("@")
    link = 0
    while at >= 0:
        while link < len(links) and links[link][1] <= at:
            link += 1
        if link < len(links) and links[link][0] <= at:
            at = text.find("@", links[link][1])
            continue
        one = _around(text, at)
        if one is not None and (one.sure > NUMERIC or one.host.lower() != mail_domain):
            yield one
        at = text.find("@", at + 1)


def _around(text: str, at: int) -> Printed | None:
    """The address around an `@`, if it is one that is dialled."""
    user = _USER.match(text[max(0, at - 128) : at][::-1])
    host = _HOST.match(text, at + 1)
    if user is None or host is None:
        return None
    name = user[0][::-1].lstrip("'*.~=&")
    where = _GLUED_TLD.sub(r"\1", host[0].rstrip("-"))
    start = at - len(name)
    found = _SCHEME.search(text[max(0, start - 12) : start])
    scheme = found[1].lower() if found else ""
    if scheme in _NOT_DIALLED or not _may_be_dialled(name, where, scheme):
        return None
    bare = where.partition(":")[0]
    provider = platform_of_address(bare)
    if provider is not None and provider.name in _NUMBERED and not name[0].isdigit():
        return None
    sure = SCHEME if scheme in _DIALLED else _sure(text, start, name, bare, provider)
    if not sure:
        return None
    return Printed(
        protocol="h323" if scheme == "h323" else "sip",
        address=f"{name}@{where}",
        user=name,
        host=bare,
        at=start,
        sure=sure,
        provider=provider,
    )


def _may_be_dialled(user: str, where: str, scheme: str) -> bool:
    """Whether the grammar allows an address, and somebody could answer there."""
    if user.lower() in words.NOBODY.parts or not ("." in where or scheme in _DIALLED):
        return False
    understood = grammar.h323_address if scheme == "h323" else grammar.sip_uri
    return understood(f"{user}@{where}") is not None


def _sure(text: str, start: int, user: str, host: str, provider: Provider | None) -> int:
    """How sure it is that an address without a scheme is dialled; 0 if it is for mail."""
    if provider is not None:
        return KNOWN
    if host.lower() in words.MAIL_HOSTS.parts:
        return 0
    line = text.rfind("\n", max(0, start - LEAD), start) + 1
    same = text[max(line, start - LEAD) : start].lower()
    if words.MAIL_LEAD.stand_in(same):
        return 0
    above = (
        text[max(0, line - LEAD - 4) : line].rstrip().rpartition("\n")[2].lower() if line else ""
    )
    if words.VIDEO_LEAD.stand_in(same) or (
        not same.strip(" \t*-•·<>[(\"'|") and words.VIDEO_LEAD.stand_in(above)
    ):
        return LED
    if (user.isdigit() and len(user) > 2) or _SPACE_USER.fullmatch(user) or grammar.is_ipv4(host):
        return 0 if words.MAIL_LEAD.stand_in(above) else NUMERIC
    return 0


def _with_hashes(text: str) -> Iterator[Printed]:
    at = text.find("##")
    while at >= 0:
        behind = _HASHES.match(text, at + 2)
        before = _GATEWAY.match(text[max(0, at - 120) : at][::-1])
        if behind and before:
            host = before[0][::-1].lstrip(".-")
            address = f"{host}##{behind[0]}"
            if "." in host and grammar.h323_address(address):
                yield Printed(
                    protocol="h323",
                    address=address,
                    user=behind[0].partition("#")[0],
                    host=host,
                    at=at - len(host),
                    sure=SCHEME,
                    provider=platform_of_address(host),
                )
        at = text.find("##", at + 2)
