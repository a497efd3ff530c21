"""People in the room, as a codec's status tells of them: whether any are there, no more."""

from connector.endpoints.cisco.documents import Document, text

COUNT_LIMIT = 4
"""Digits of a number of people."""


def seen(status: Document) -> bool | None:
    """Whether the codec sees or hears anybody; None where it does not tell (endpoints.md 2.4).

    `PeopleCount Current` is -1 while nothing is counted, as outside calls by default, and
    `PeoplePresence` is `Unknown` while its detector is off. Whoever is counted is there; that a
    camera counts nobody does not speak against a detector that hears somebody.
    """
    count = text(status, "RoomAnalytics/PeopleCount/Current")
    presence = text(status, "RoomAnalytics/PeoplePresence").lower()
    counted = int(count) if count.isdecimal() and len(count) <= COUNT_LIMIT else None
    if counted or presence == "yes":
        return True
    if counted == 0 or presence == "no":
        return False
    return None
