"""Which of the printed passcodes is meant, for people and for room systems.

An invitation carries up to three: one that people type, a numeric one for telephones and room
systems, and a token in the link that is neither. Only digits go into a dial string.
"""

from collections.abc import Container, Sequence

from rooms.join.meeting import Found, Meeting

NO_PINS = frozenset({"meet", "teams", "skype", "zoom", "zoomgov", "webex"})
"""Platforms whose PIN is for the telephone, or for the host."""

_NAMES_A_MEETING = frozenset({"id", "tap", "conference"})

# How sure a numeric passcode is: below the lines for room systems; in a one-tap string; labelled
# for telephones and video; inside the printed address; the only passcode there is, in digits.
_BELOW_DIALLING, _TAPPED, _LABELLED, _IN_ADDRESS, _THE_SAME = range(5)
_NUMERIC = {"tap-passcode": _TAPPED, "numeric": _LABELLED}


def passcodes_of(meeting: Meeting, meeting_id: str) -> tuple[str, str, bool]:
    """What a person types, what a room system types, and whether the first is doubtful.

    A passcode below the number of another meeting is not believed: people edit invitations, and
    what they leave behind belongs to the meeting it stands with.
    """
    kinds = {"passcode"} if meeting.provider.access_code_is_id else {"passcode", "access"}
    if meeting.provider.name not in NO_PINS:
        kinds.add("pin")
    believed, doubted = _apart(meeting, meeting_id)
    numeric: dict[int, str] = {}
    for found in believed:
        if found.printed.kind in _NUMERIC:
            numeric.setdefault(_NUMERIC[found.printed.kind], found.printed.value)
        elif found.printed.kind in kinds and _below_dialling(meeting, found):
            numeric[_BELOW_DIALLING] = found.printed.value
    typed = _first(believed, kinds)
    passcode = typed or _first(doubted, kinds) or _in_link(meeting)
    if in_address := _in_address(meeting, meeting_id):
        numeric[_IN_ADDRESS] = in_address
    if passcode.isdigit():
        numeric[_THE_SAME] = passcode
    doubtful = not typed and bool(_first(doubted, kinds))
    return passcode, numeric[min(numeric)] if numeric else "", doubtful


def _apart(meeting: Meeting, meeting_id: str) -> tuple[list[Found], list[Found]]:
    """What is printed for this meeting, and what stands below the number of another."""
    believed: list[Found] = []
    doubted: list[Found] = []
    foreign = False
    for found in meeting.printed:
        value = found.printed.value
        if found.printed.kind in _NAMES_A_MEETING:
            foreign = bool(meeting_id) and value != meeting_id and len(value) >= 9
        (doubted if foreign else believed).append(found)
    return believed, doubted


def _first(found: Sequence[Found], kinds: Container[str]) -> str:
    return next((one.printed.value for one in found if one.printed.kind in kinds), "")


def _below_dialling(meeting: Meeting, found: Found) -> bool:
    """Whether a passcode in digits stands below the addresses for room systems."""
    number = found.passage.number
    lines = [where for passage, where, _ in meeting.gateways if passage == number]
    lines += [one.at for passage, one in meeting.addresses if passage == number]
    return found.printed.value.isdigit() and any(where < found.printed.at for where in lines)


def _in_link(meeting: Meeting) -> str:
    return next((m.found.passcode for m in meeting.mentions if m.found.passcode), "")


def _in_address(meeting: Meeting, meeting_id: str) -> str:
    """The passcode in `id.passcode@host`."""
    for _, one in meeting.addresses:
        number, _, rest = one.user.partition(".")
        if meeting_id and number == meeting_id and rest.isdigit():
            return rest
    return ""
