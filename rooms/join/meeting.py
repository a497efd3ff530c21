"""One meeting that an invitation may mean, with everything that was printed for it."""

import msgspec

from rooms.join import addresses, labels
from rooms.join.passages import (
    BODY,
    CONFERENCE,
    HIDDEN,
    LOCATION,
    ONLINE_URL,
    QUOTED,
    SUBJECT,
    Mention,
    Passage,
    Way,
)
from rooms.join.provider import Provider

TRUST = {
    CONFERENCE: 60,
    ONLINE_URL: 55,
    LOCATION: 40,
    BODY: 30,
    SUBJECT: 25,
    QUOTED: 15,
    HIDDEN: 5,
}
"""How much a place is trusted; all that makes a meeting more complete counts less than a step."""

BARE = Provider(
    name="sip",
    title="SIP or H.323",
    route="printed",
    needs="nothing: the invitation prints the address",
)
"""An address that belongs to no platform that is known."""


class Found(msgspec.Struct, frozen=True):
    """Something printed, and in which passage."""

    passage: Passage
    printed: labels.Printed


class Meeting:
    """One meeting that the invitation may mean, while it is put together."""

    def __init__(self, provider: Provider, place: str, order: tuple[int, int]) -> None:
        """A meeting of a platform, first met at a place."""
        self.provider = provider
        self.place = place
        self.order = order
        self.id = ""
        self.mentions: list[Mention] = []
        self.printed: list[Found] = []
        self.addresses: list[tuple[int, addresses.Printed]] = []
        self.gateways: list[tuple[int, int, str]] = []
        """Passage, position and address."""
        self.ways: list[tuple[int, Way]] = []
        self.penalty = 0

    @property
    def score(self) -> int:
        """How likely it is to be the one that is meant."""
        complete = 2 * bool(self.printed) + 3 * bool(self.addresses or self.ways)
        complete += any(mention.has_password for mention in self.mentions)
        return TRUST[self.place] + complete - self.penalty

    @property
    def url(self) -> Mention | None:
        """The best of its links."""
        return min(self.mentions, key=_by_use, default=None)

    def says(self, user: str) -> bool:
        """Whether the user part of an address begins with the number of this meeting."""
        return bool(self.id) and (user == self.id or user.startswith(self.id + "."))


def by_likelihood(meeting: Meeting) -> tuple[int, tuple[int, int]]:
    """Sorts the likeliest meeting first."""
    return -meeting.score, meeting.order


def _by_use(mention: Mention) -> tuple[int, bool, int, int, int]:
    return (
        mention.found.link.rank,
        not mention.has_password,
        -TRUST[mention.place],
        mention.passage,
        mention.at,
    )
