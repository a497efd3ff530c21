"""What a unit finds to dial in a meeting's body, location and subject (endpoints.md 3.1, 3.3)."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from html import unescape

from connector.simulators.poly.families import TRUTHS, Name
from connector.simulators.poly.literal import only
from connector.simulators.poly.meetings import Number
from connector.simulators.poly.settings import Settings
from connector.simulators.poly.switches import Switches

BEGIN = "--=BEGIN POLYCOM VMR ENCODED TOKEN=--"
END = "--=END POLYCOM VMR ENCODED TOKEN=--"
_TAG = re.compile(r"<[^>]*>")
_STYLE = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"\b(sips?|h323):([^\s<>\"'`,;()\[\]{}|]+)", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w:.@+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def token(body: str, *, strict: bool) -> dict[str, str]:
    """What stands in the encoded token, by key; empty where there is none to be read."""
    encoded = "".join(_TAG.sub("", only(body, BEGIN, END)).split())
    try:
        text = b64decode(encoded, validate=True).decode()
    except (Error, ValueError):
        return {}
    if strict and not text.endswith("\n"):
        return {}
    lines = (line.partition("=") for line in text.splitlines())
    return {key: value for key, equals, value in lines if equals}


def of_token(told: dict[str, str]) -> Number | None:
    """The number that a token means."""
    number = told.get("POLYCOM-VMRNUMBER", "")
    if not number:
        return None
    number = told.get("POLYCOM-DIALINPREFIX", "") + number
    domain = told.get("POLYCOM-SIGNALINGPOSTFIX", "").lstrip("@")
    if domain and "@" not in number:
        number = f"{number}@{domain}"
    h323 = told.get("POLYCOM-SIGNALINGPREFIX", "").rstrip(":").lower() == "h323"
    return Number(number=number, protocol="h323" if h323 else "sip", found="token")


def plain(body: str) -> str:
    """What a person reads of a body."""
    return unescape(_TAG.sub(" ", _STYLE.sub(" ", body)))


def of_text(text: str, settings: Settings) -> Iterator[Number]:
    """Addresses with a scheme in front; e-mail addresses too where the settings say so."""
    allowed = _words(settings, "exchange.meeting.parseAllowedSipUriDomains")
    found = [(one[1].lower(), one[2].rstrip(".:!?")) for one in _SCHEME.finditer(text)]
    if "exchange.meeting.parseEmailsAsSipUris" in settings:
        emails = settings["exchange.meeting.parseEmailsAsSipUris"].lower() in TRUTHS
        found += [("sip", one) for one in _EMAIL.findall(text)] if emails else []
    for scheme, number in found:
        domain = number.partition("@")[2].partition(":")[0].lower()
        if not allowed or domain in allowed:
            yield Number(number=number, protocol="h323" if scheme == "h323" else "sip")


def _words(settings: Settings, name: str) -> set[str]:
    if name not in settings:
        return set()
    return {word for word in re.split(r"[\s,;]+", settings[name].lower()) if word}


def numbers(
    family: Name, settings: Settings, switches: Switches, texts: dict[str, str]
) -> tuple[tuple[Number, ...], str]:
    """Everything to dial in `location`, `subject` and `body`, best first; and the password.

    A Trio looks at texts only, an HDX at the token only, the others at both, the token first:
    nobody has said so of a real one; `reads` has it otherwise.
    """
    usually = {"trio": "text", "hdx": "token"}.get(family, "both")
    reads = switches.reads or usually
    found: list[Number] = []
    told = token(texts["body"], strict=switches.strict_token) if reads != "text" else {}
    if (one := of_token(told)) is not None:
        found.append(one)
    if reads != "token":
        for place in ("location", "subject", "body"):
            text = plain(texts[place]) if place == "body" else texts[place]
            found += [_at(one, place) for one in of_text(text, settings)]
    best = {one.number.lower(): one for one in reversed(found)}
    kept = tuple(one for one in found if best[one.number.lower()] is one)
    return kept, told.get("POLYCOM-MEETINGPASSWORD", "")


def _at(number: Number, place: str) -> Number:
    return Number(
        number=number.number,
        protocol=number.protocol,
        found="location" if place == "location" else "subject" if place == "subject" else "body",
    )
