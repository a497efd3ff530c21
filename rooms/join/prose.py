"""Invitations in which no meeting can stand: nothing but prose, as most of them."""

import re

from rooms.join.invitation import Invitation
from rooms.join.text import LIMIT, readable

# Of links and addresses, and of what could become one: markup, entities, escapes.
_MARKS = ("@", "/", "##", "&", "=", "\\", "<", "%")
# No shorter number is a meeting's.
_NUMBER = re.compile(r"\d{3}[ \-\u00a0\u202f]?\d{2}")


def silent(invitation: Invitation) -> bool:
    """Whether an invitation surely holds nothing to join: a few looks that cost next to nothing."""
    if invitation.conference or invitation.online_url or len(invitation.body) > LIMIT:
        return False
    texts = (invitation.body, invitation.subject, *invitation.locations)
    return not any(map(_speaks, texts))


def _speaks(text: str) -> bool:
    if any(mark in text for mark in _MARKS):
        return True
    if not text.isascii():
        text = readable(text)
    return any(digit in text for digit in "0123456789") and _NUMBER.search(text) is not None
