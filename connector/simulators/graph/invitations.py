"""Invitations as the meeting services write them, in our own words.

The forms are theirs: what stands where, which number is meant for whom. Numbers and names are
invented, addresses those set aside for documentation, so that nothing real is dialled.
"""

from hashlib import sha256
from urllib.parse import quote

from connector.simulators.graph.meeting import Online

_RULE = "________________________________"
_TEAMS_TENANT = "11111111-2222-4333-8444-555555555555"
_ORGANIZER = "66666666-7777-4888-8999-000000000000"


def zoom(seed: str) -> str:
    """A Zoom meeting with a way in for room systems."""
    number, passcode = f"8{digits(seed, 10)}", digits(f"{seed} passcode", 6)
    link = f"https://example.zoom.us/j/{number}?pwd={letters(seed, 32)}.1"
    return _lines(
        "You are invited to a Zoom meeting.",
        f"Join Zoom Meeting<br>{_link(link)}",
        f"Meeting ID: {_spaced(number, 3, 4, 4)}<br>Passcode: {passcode}",
        f"One tap mobile<br>{_link(f'tel:+15550100,,{number}#', '+1 555 0100')} US",
        f"Join by SIP<br>{_link(f'sip:{number}@zoomcrc.com', f'{number}@zoomcrc.com')}",
        "Join by H.323<br>203.0.113.37 (US West)<br>203.0.113.121 (US East)<br>"
        f"Meeting ID: {_spaced(number, 3, 4, 4)}<br>Passcode: {passcode}",
    )


def teams(seed: str, *, room_systems: bool) -> str:
    """A Teams meeting; room systems get in only where the organizer's company pays for that."""
    number, passcode = digits(seed, 12), letters(f"{seed} passcode", 8)
    video = digits(f"{seed} video", 10)
    rows = [
        _RULE,
        "<b>Microsoft Teams meeting</b>",
        f"<b>Join:</b> {_link(teams_link(seed))}",
        f"Meeting ID: {_spaced(number, 3, 3, 3, 3)}<br>Passcode: {passcode}",
    ]
    if room_systems:
        more = f"https://www.webex.com/msteams?confid={video}&tenantkey=example&domain=m.webex.com"
        key = _link("mailto:example@m.webex.com", "example@m.webex.com")
        rows += [
            "<b>Join on a video conferencing device</b>",
            f"Tenant key: {key}<br>Video ID: {_spaced(video, 3, 3, 3, 1)}",
            _link(more, "More info"),
        ]
    return _lines(*rows, _RULE)


def teams_online(seed: str) -> Online:
    """What the service itself attaches to a Teams meeting."""
    return Online(join_url=teams_link(seed), conference_id=digits(f"{seed} phone", 9))


def teams_link(seed: str) -> str:
    """The join link of a Teams meeting."""
    thread = quote(f"19:meeting_{letters(seed, 48)}@thread.v2", safe="")
    context = quote(f'{{"Tid":"{_TEAMS_TENANT}","Oid":"{_ORGANIZER}"}}', safe="")
    return f"https://teams.microsoft.com/l/meetup-join/{thread}/0?context={context}"


def webex(seed: str) -> str:
    """A Webex meeting."""
    number, password = f"25{digits(seed, 9)}", letters(f"{seed} password", 9)
    link = f"https://example.webex.com/example/j.php?MTID=m{sha256(seed.encode()).hexdigest()[:32]}"
    dial = f"{number}@example.webex.com"
    return _lines(
        "<b>Join from the meeting link</b>",
        _link(link),
        "<b>Join by meeting number</b>",
        f"Meeting number (access code): {_spaced(number, 4, 3, 4)}<br>"
        f"Meeting password: {password} ({digits(f'{seed} keys', 8)} from phones and video systems)",
        "<b>Join from a video system or application</b>",
        f"Dial {_link(f'sip:{dial}', dial)}<br>"
        "You can also dial 203.0.113.68 and enter your meeting number.",
    )


def meet(seed: str) -> str:
    """A Google Meet meeting; room systems that speak SIP have no way in."""
    code = letters(seed, 10).lower()
    link = f"https://meet.google.com/{code[:3]}-{code[3:7]}-{code[7:]}"
    return _lines(
        f"Join with Google Meet: {_link(link)}",
        f"Or dial: (US) +1 555-010-0199 PIN: {digits(f'{seed} pin', 9)}#",
    )


def digits(seed: str, count: int) -> str:
    """Digits that are always the same for the same seed."""
    return str(int(sha256(f"{seed} digits".encode()).hexdigest(), 16))[1 : count + 1]


def letters(seed: str, count: int) -> str:
    """Letters of both cases that are always the same for the same seed."""
    alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
    raw = sha256(f"{seed} letters".encode()).digest() * 2
    return "".join(alphabet[byte % len(alphabet)] for byte in raw[:count])


def _spaced(number: str, *groups: int) -> str:
    """A number in groups, as people read it."""
    parts, rest = [], number
    for size in groups:
        parts.append(rest[:size])
        rest = rest[size:]
    return " ".join(parts)


def _link(address: str, words: str = "") -> str:
    """A link; its address is its words where it has none."""
    written = address.replace("&", "&amp;").replace('"', "&quot;")
    return f'<a href="{written}">{words or written}</a>'


def _lines(*rows: str) -> str:
    """One paragraph for each row."""
    return "".join(f"<p>{row}</p>\r\n" for row in rows)
