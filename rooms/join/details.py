"""Join details of a meeting, composed from its link and everything printed for it."""

from rooms.join import addresses, families, grammar
from rooms.join.dial import Dialing
from rooms.join.meeting import Meeting
from rooms.join.passcodes import passcodes_of
from rooms.model import JoinDetails


class Composed:
    """The join details of a meeting while they are put together."""

    def __init__(self, meeting: Meeting, dialing: Dialing) -> None:
        """All that the details of this meeting are made from, and the way in it leads to."""
        self.meeting = meeting
        self.notes: list[str] = []
        self.id = meeting.id or _printed_id(meeting)
        self.passcode, self.numeric, doubtful = passcodes_of(meeting, self.id)
        if doubtful:
            self.notes.append("the passcode stands below the number of another meeting")
        self.printed = _best_address(meeting, self.id, "sip")
        hashed = _best_address(meeting, self.id, "h323")
        self.way = families.way_in(
            meeting,
            families.Known(
                id=self.id,
                numeric=self.numeric,
                passcode=self.passcode,
                sip=self.printed,
                h323=hashed.address if hashed else "",
            ),
            dialing,
        )
        self.id = self.id or self.way.id
        self.notes += self.way.notes

    def details(self) -> JoinDetails:
        """The finished details; an address that breaks its grammar is left out."""
        url = self.meeting.url
        way = self.way
        return JoinDetails(
            provider=self.meeting.provider.name,
            meeting_id=self.id or None,
            passcode=self.passcode or None,
            numeric_passcode=self.numeric or None,
            join_url=url.found.url if url else None,
            sip=way.sip if way.sip and grammar.sip_uri(way.sip) else None,
            sip_printed=self.printed.address if self.printed else None,
            h323=way.h323 if way.h323 and grammar.h323_address(way.h323) else None,
            h323_gateways=tuple(gateway for _, _, gateway in self.meeting.gateways),
        )


def _printed_id(meeting: Meeting) -> str:
    provider = meeting.provider
    kinds = {"id"} if provider.name in {"teams", "skype"} else {"id", "conference", "vtc"}
    if provider.access_code_is_id:
        kinds.add("access")
    low, high = provider.digits if provider.digits[1] else (3, 40)
    for found in meeting.printed:
        if found.printed.kind in kinds and low <= len(found.printed.value) <= high:
            return found.printed.value
    return ""


def _best_address(meeting: Meeting, meeting_id: str, protocol: str) -> addresses.Printed | None:
    """The printed address to dial: with the meeting's number, of its platform, the surest."""

    def rank(place: tuple[int, addresses.Printed]) -> tuple[bool, bool, int, int, int]:
        number, one = place
        names_it = bool(meeting_id) and one.user.startswith(meeting_id)
        ours = one.provider is meeting.provider and not one.host.lower().startswith("lync.")
        return not names_it, not ours, -one.sure, number, one.at

    fit = [place for place in meeting.addresses if place[1].protocol == protocol]
    return min(fit, key=rank)[1] if fit else None
