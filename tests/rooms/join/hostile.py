"""Invitations that somebody wrote to make a reader slow, at any length."""

from collections.abc import Callable

from rooms import join

_REPEATED = {
    "schemes": "https://",
    "near misses": "https://zoom.us/j/x ",
    "glued links": "https://zoom.us/j/1",
    "links that wrap themselves": "https://nam11.safelinks.protection.outlook.com/?url=",
    "broken escapes": "https://nam11.safelinks.protection.outlook.com/?url=%xx ",
    "redirects in redirects": "https://www.google.com/url?q=https%3A%2F%2Fwww.google.com%2Furl%3Fq ",
    "tokens of Proofpoint": "https://urldefense.com/v3/__*__;Iw!!$ ",
    "stars of Proofpoint": "https://urldefense.com/v3/__*",
    "mail addresses": "a.b@example.com ",
    "at signs": "@",
    "video addresses": "dial 1234@vc.example.com\n",
    "digits": "1234567890",
    "spaced digits": "1 ",
    "labels": "Meeting ID: ",
    "labelled numbers": "Zoom meeting ID: 123 456 7890\n",
    "passcodes": "password 1 ",
    "empty passcodes": "Passcode: \n",
    "one-tap strings": ",,123456789#",
    "commas": ",,1",
    "hashes": "1.1.1.1##1 ",
    "addresses for H.323": "H.323 1.2.3.4 ",
    "less-than signs": "<",
    "tags never closed": '<a href="',
    "deep divisions": "<div>",
    "hidden divisions": '<div style="display:none">',
    "deep quotes": "<blockquote>",
    "styles never closed": "<style>",
    "comments never closed": "<!--",
    "links in tags": '<a href="https://zoom.us/j/1">x</a>',
    "entities": "&amp;",
    "entities of entities": "&amp;amp;amp;",
    "zero width": "https://zoom.us/\u200bj/\u200b1 ",
    "right to left": "\u202ehttps://zoom.us/j/123\u202c ",
    "quoted lines": "> a\n",
    "headers of messages": "From: a\n",
    "dashes": "\n---- a",
    "quoted-printable": "=3D",
    "soft breaks": "=\n",
    "folded lines": "\n ",
    "escapes": "\\n",
    "brackets": "https://zoom.us/j/1)](",
    "open brackets": "https://zoom.us/j/((((((((",
    "dots": "https://a.a.a.a.a.a.a.a.a.a.a.a ",
    "hosts without a scheme": "zoom.us/j ",
    "half of Webex": "https://a.webex.com/j.php?MTI&",
    "launchers of Teams": "https://teams.microsoft.com/dl/launcher/%2fmeet",
    "interop pages": "https://x.example/teams/?conf=&d=&",
    "ordinary lines": "Topic: a report\nhttps://example.com/a/b\n",
}


def _repeated(part: str) -> Callable[[int], str]:
    return lambda size: (part * (size // len(part) + 1))[:size]


HOSTILE: dict[str, Callable[[int], str]] = {
    **{name: _repeated(part) for name, part in _REPEATED.items()},
    "one long word": lambda size: "a" * (size - 12) + "@example.com",
    "one long link": lambda size: "https://zoom.us/" + "a/" * (size // 2 - 8),
    "one long attribute": lambda size: "<a " + "href=" * (size // 5 - 1) + ">",
    "different meetings": lambda size: "".join(
        f"https://zoom.us/j/{number:011d}\n" for number in range(size // 31)
    ),
}
"""Each takes a length in characters."""


def invitations(size: int) -> dict[str, join.Invitation]:
    """A hostile invitation of each sort, as text and as HTML."""
    return {
        f"{name}, {'HTML' if html else 'text'}": join.Invitation(body=write(size), html=html)
        for name, write in HOSTILE.items()
        for html in (False, True)
    }
