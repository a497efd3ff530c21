"""Descriptions of media that look like a room's (RFC 4566, RFC 3264). No media are sent."""

import secrets

_LINES = (
    "m=audio {audio} RTP/AVP 9 0 8 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
    "m=video {video} RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n"
    "a=fmtp:97 profile-level-id=42801f\r\na=sendrecv\r\n"
)


def offer(host: str) -> str:
    """Audio and video, another session each time."""
    number = secrets.randbelow(1 << 31)
    family = "IP6" if ":" in host else "IP4"
    port = 16384 + 4 * secrets.randbelow(4000)
    head = f"v=0\r\no=- {number} 1 IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n"
    return head + _LINES.format(audio=port, video=port + 2)


def answer_to(offered: str, host: str) -> str:
    """As many media as were offered: audio and video are taken, the rest is refused."""
    ours = offer(host)
    head, *lines = ours.split("m=")
    known = dict(zip(("audio", "video"), lines, strict=True))
    parts = []
    for line in offered.splitlines():
        if line.startswith("m="):
            kind = line[2:].split(" ")[0]
            parts.append(known.pop(kind, "") or f"{kind} 0 {' '.join(line.split(' ')[2:])}\r\n")
    return head + "".join(f"m={part}" for part in parts)
