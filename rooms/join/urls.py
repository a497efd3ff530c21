"""The links in a text, whole: wrapped ones joined, glued words and closing marks cut off."""

import re
from collections.abc import Iterator

LONGEST = 8192
"""Characters a link may have; what is longer is not one."""

SCHEMES = ("https", "http", "zoommtg", "zoomus", "msteams", "pexip", "chime")
"""What links begin with that join something."""

_SCHEME = re.compile("|".join(scheme[::-1] for scheme in SCHEMES), re.IGNORECASE)
_BODY = re.compile(r"[^\s<>\"`\\^{}|\x80-\xbf\u0250-\U0010ffff]{1,8192}")
_UNBROKEN = re.compile(r"[ \t]{0,8}[^\s<>\"]*[ \t]{0,8}")
_NEXT_LINE = re.compile(r"[ \t]{0,3}\n[ \t]{0,4}([A-Za-z0-9%&=?._~/@+\-]{2,400})(?=[\s<>]|$)")
_PART = re.compile(r"(?!.*://|[^%/=]*@)(?=.*[A-Za-z])(?:.*[%&=?/_]|(?=.*\d).{10})")
_GLUED = re.compile(
    r"(?:Meeting|Webinar|Passcode|Password|Kenncode|Passwort|Join|Topic|Besprechung|R[eé]union"
    r"|Mot|Contrase|C[oó]digo|Senha|One|Dial|Or|Click)$"
)
_GLUED_NEXT = re.compile(
    r"[ ]?(?:ID|number|link|password|passcode|code|\(|:|by|from|tap|in\b|de\b|da\b|iPhone)",
    re.IGNORECASE,
)
_CONTEXT = re.compile(r"\{\"Tid\"[^{}\s]{1,300}\}")
_TRAILING = ".,;:!?'*~"
_CLOSING = {")": "(", "]": "["}
_WIDTH = 66
"""A line at least so long may have been wrapped inside a link."""


def find(text: str) -> Iterator[tuple[int, int, str]]:
    """Each link of a text with where it begins and ends."""
    at = text.find("://")
    while at >= 0:
        scheme = _SCHEME.match(text[max(0, at - 8) : at][::-1])
        if scheme is None:
            at = text.find("://", at + 3)
            continue
        start = at - scheme.end()
        if text.startswith("/v3/__", start - 6):
            start = _before_proofpoint(text, start)
        end, url = _whole(text, start, at + 3)
        if len(url) > at + 3 - start:
            yield start, end, url
        at = text.find("://", max(end, at + 3))


def _before_proofpoint(text: str, start: int) -> int:
    """Proofpoint's links stand without a scheme at times, the link they hold with one."""
    for host in ("urldefense.com", "urldefense.us", "urldefense.proofpoint.com"):
        if text.startswith(host, start - 6 - len(host)):
            return start - 6 - len(host)
    return start


def _whole(text: str, start: int, at: int) -> tuple[int, str]:
    """Where a link ends, and the link."""
    if text[start - 1 : start] == "<" and (wrapped := _in_angles(text, at)):
        return at + len(wrapped), text[start:at] + "".join(wrapped.split())
    body = _BODY.match(text, at)
    if body is None:
        return at, ""
    end = body.end()
    url = text[start:end]
    if text.startswith("{", end) and url.endswith("context=") and (c := _CONTEXT.match(text, end)):
        return c.end(), url + c[0]
    if text.startswith(("\n", " \n"), end):
        end, url = _continued(text, end, url)
    whole, url = url, _trimmed(text, start, end, url)
    return end - len(whole) + len(url), url


def _in_angles(text: str, at: int) -> str:
    """What stands up to the closing `>`, if lines were broken in it and nothing else."""
    close = text.find(">", at, at + LONGEST)
    if close < 0 or text.find("\n", at, close) < 0:
        return ""
    lines = text[at:close].split("\n")
    return text[at:close] if all(_UNBROKEN.fullmatch(line) for line in lines) else ""


def _continued(text: str, end: int, url: str) -> tuple[int, str]:
    """The link with its next line, where a line of full width broke it."""
    while end - text.rfind("\n", 0, end) > _WIDTH and len(url) < LONGEST:
        more = _NEXT_LINE.match(text, end)
        if more is None or not _PART.match(more[1]):
            break
        end = more.end()
        url += more[1]
    return end, url


def _trimmed(text: str, start: int, end: int, url: str) -> str:
    """The link without the marks and words around it."""
    before = text[start - 1 : start]
    if before == "'" and "'" in url:
        url = url.partition("'")[0]
    if "]" in url or ")" in url:
        url = _balanced(url)
    inner = url.find("http", 10)
    if inner > 0 and url[inner - 1].isalnum() and re.match(r"https?://", url[inner:]):
        url = url[:inner]
    elif (glued := _GLUED.search(url, len(url) - 12)) and _GLUED_NEXT.match(text, end):
        url = url[: glued.start()]
    if before == "<" and text.startswith(">", end):
        return url
    while url and (url[-1] in _TRAILING or (url[-1] == "_" and before == "_")):
        url = url[:-1]
    return url


def _balanced(url: str) -> str:
    """The link up to the first bracket that it closes without having opened it."""
    opened: list[str] = []
    for place, mark in enumerate(url):
        if mark in "([":
            opened.append(mark)
        elif mark in _CLOSING and (not opened or opened.pop() != _CLOSING[mark]):
            return url[:place]
    return url
