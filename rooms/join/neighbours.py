"""Which meeting stands next to a place of a passage."""

import bisect
from collections.abc import Container, Sequence

from rooms.join.meeting import Meeting, by_likelihood
from rooms.join.passages import Passage

_REACH = 16
"""Links that are looked at in either direction."""


class Neighbours:
    """The meetings of a passage in the order in which their links stand."""

    def __init__(self, passage: Passage, meetings: Sequence[Meeting]) -> None:
        """Meetings, and a passage that links or addresses to some of them stand in."""
        self._only = meetings[0] if len(meetings) == 1 else None
        if self._only is not None:
            return
        number = passage.number
        places = [(m.at, one) for one in meetings for m in one.mentions if m.passage == number]
        if not places:
            places = [
                (a.at, one) for one in meetings for where, a in one.addresses if where == number
            ]
        places.sort(key=lambda place: place[0])
        self._places = [place for place, _ in places]
        self._meetings = [meeting for _, meeting in places]
        self._elsewhere = meetings

    def of(
        self,
        at: int,
        routes: Container[str] | None = None,
        among: Container[Meeting] | None = None,
    ) -> Meeting | None:
        """The meeting whose link stands last before a place, or else first behind it.

        Where the passage has no link at all, the likeliest meeting of the invitation.
        """
        order: Sequence[Meeting]
        if self._only is not None:
            order = (self._only,)
        elif self._places:
            here = bisect.bisect_right(self._places, at)
            order = [
                *reversed(self._meetings[max(0, here - _REACH) : here]),
                *self._meetings[here : here + _REACH],
            ]
        else:
            order = sorted(self._elsewhere, key=by_likelihood)
        for meeting in order:
            if (routes is None or meeting.provider.route in routes) and (
                among is None or meeting in among
            ):
                return meeting
        return None
