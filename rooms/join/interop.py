"""Ways into Teams that other vendors sell (Cloud Video Interop): links and addresses as printed."""

import re
import urllib.parse

import msgspec

from rooms.join import grammar

_PEXIP_ME = re.compile(
    r"(?i)https?://pexip\.me/teams/([\w\-]+(?:\.[\w\-]+)+)/(\d{1,40})(?=[/?#]|$)"
)
_PAGE = re.compile(r"(?i)https?://([^/?#@\s]+)/(?:[\w/]{0,40}/)?(ms)?teams/?\?([^#\s]+)")
_GIVEN = re.compile(r"(?:^|&)(?:amp;)?([A-Za-z]{1,20})=([^&]{1,200})")
_DIGITS = re.compile(r"\d{3,40}")


class Interop(msgspec.Struct, frozen=True, kw_only=True):
    """One way into a Teams meeting for room systems."""

    sip: str
    vendor: str
    h323: str = ""
    vtc: str = ""


def of_link(url: str) -> Interop | None:
    """The way in that a page with dialling instructions names in its link."""
    if "teams/" not in url[12:] and "teams?" not in url[12:]:
        return None
    if short := _PEXIP_ME.match(url):
        return _valid(sip=f"{short[2]}@{short[1]}", vendor="pexip", vtc=short[2])
    page = _PAGE.match(url)
    if page is None:
        return None
    host = page[1].lower()
    given = {name.lower(): urllib.parse.unquote(value) for name, value in _GIVEN.findall(page[3])}
    if page[2]:
        return _of_webex(given) if host in {"www.webex.com", "webex.com"} else None
    conference = given.get("conf", "")
    if "key" in given and "d" not in given:
        tenant = host.removeprefix("dialin.")
        domain = "t.plcm.vc" if tenant == "plcm.vc" else f"t.{tenant}"
        return _valid(sip=f"{given['key']}.{conference}@{domain}", vendor="poly", vtc=conference)
    called = given.get("prefix", "") + conference
    domain = given.get("d", "")
    address = given.get("ip", "")
    return _valid(
        sip=f"{called}@{domain}",
        h323=f"{called}@{address}" if grammar.is_ipv4(address) else "",
        vendor="pexip",
        vtc=conference,
    )


def of_address(user: str, host: str, vtc: str) -> Interop | None:
    """The way in that a printed address and video conference id make together."""
    low = host.lower()
    if not vtc:
        return None
    if low.endswith("webex.com"):
        return _valid(sip=f"{vtc}.{user}@{host}", vendor="webex", vtc=vtc)
    if low.endswith("bjn.vc"):
        return _valid(sip=f"{user}.{vtc}@{host}", vendor="bluejeans", vtc=vtc)
    if user.endswith(vtc):
        return _valid(sip=f"{user}@{host}", vendor="printed", vtc=vtc)
    if _DIGITS.fullmatch(user):
        return _valid(sip=f"{user}.{vtc}@{host}", vendor="poly", vtc=vtc)
    return _valid(sip=f"{vtc}@{host}", vendor="pexip", vtc=vtc)


def _of_webex(given: dict[str, str]) -> Interop | None:
    conference, tenant = given.get("confid", ""), given.get("tenantkey", "")
    domain = given.get("domain", "")
    if not tenant or not domain:
        return None
    return _valid(sip=f"{conference}.{tenant}@{domain}", vendor="webex", vtc=conference)


def _valid(*, sip: str, vendor: str, vtc: str, h323: str = "") -> Interop | None:
    if not vtc or grammar.sip_uri(sip) is None:
        return None
    return Interop(sip=sip, vendor=vendor, vtc=vtc, h323=h323 if grammar.h323_address(h323) else "")
