"""Invitations that were read before: a meeting in five rooms is read once."""

from rooms.join.dial import Dialing
from rooms.join.found import Found
from rooms.join.invitation import Invitation
from rooms.join.reading import read
from rooms.join.rules import Rules

MOST = 4096
"""Invitations that are known at a time, a kilobyte or two each."""


class Known:
    """Reads invitations by the rules of a site, each that it does not know.

    An invitation is known by two of Python's hashes, of its body and of all of it: 128 bits, keyed
    anew in every process. Nothing of its text is kept.
    """

    def __init__(self, rules: Rules = Rules()) -> None:  # noqa: B008 a frozen value
        self._rules = rules
        self._found: dict[tuple[int, int, Dialing], Found] = {}

    def read(self, invitation: Invitation, /, *, dialing: Dialing) -> Found:
        """The join details of an invitation, or why there are none; it never raises."""
        key = hash(invitation.body), hash(invitation), dialing
        known = self._found.get(key)
        if known is None:
            if len(self._found) >= MOST:
                del self._found[next(iter(self._found))]
            known = self._found[key] = read(invitation, self._rules, dialing)
        return known
