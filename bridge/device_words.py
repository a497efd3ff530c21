"""What the codes of rooms, and of things in them, mean and what mends them."""

from bridge.advice import Advice

DEVICES = {
    "fault_reported": Advice(
        "somebody reported a fault of the room",
        "look after it, then `roombridge rooms faults ROOM --clear CODE`",
    ),
    "release_failed": Advice(
        "a room that nobody came to could not be given back",
        "it is tried again while the meeting lasts; the words say why, as for any other change of"
        " the calendar: docs/writing.md",
    ),
    "release_not_allowed": Advice(
        "a room that nobody came to may not be given back",
        "set `writes` to `release` (to `full` to give up series too), or"
        " `check_in: {release: false}`",
    ),
    "series_would_be_given_up": Advice(
        "nobody came to a series again and again; the dry run only tells",
        "speak with its organizer, or let the room be given back for good:"
        " `check_in: {strikes_dry_run: false}`",
    ),
    "auto_join_impossible": Advice(
        "the room cannot join its meetings by itself",
        "give it a system that dials and tells of its calls, or set auto_join: {enabled: false}",
    ),
    "auto_leave_unsure": Advice(
        "the room was left in its call after a meeting: it may be another one",
        "hang up at the device if nobody is in the call; what tells which booking a call is for is"
        " left with certainty",
    ),
    "endpoint_quarantined": Advice(
        "the room system failed again and again in a way that does not pass by itself",
        "mend what the words tell; it is tried once an hour, and at once by"
        " `roombridge endpoints push`",
    ),
    "endpoint_drift": Advice(
        "the room system loses its list again and again, or somebody else writes it",
        "let one system alone write the list: take the unit out of the other one (TMS, Webex), or"
        " out of this inventory",
    ),
    "endpoint_clock": Advice(
        "the clock of the room system is wrong",
        "set the time server (NTP) and time zone of the unit: Join comes too early or too late",
    ),
    "endpoint_insistent": Advice(
        "somebody books, extends or releases at the room system again and again",
        "more than 10 a minute or 60 an hour are refused; look who is at the device, and whether"
        " its password is in other hands",
    ),
    "endpoint_unattended": Advice(
        "the room system does not tell what happens there",
        "its list is pushed and checked all the same; look at what it answered in the words",
    ),
    "display_silent": Advice(
        "a display of this room has asked for nothing for an hour or longer",
        "look whether it is on and has its network; `roombridge displays list` tells which one, and"
        " `roombridge displays revoke` forgets one that is gone",
    ),
    "display_copied": Advice(
        "a display of this room showed a credential that it had exchanged for another one: it was"
        " copied, or the display's disk was restored",
        "`roombridge displays list`, then `roombridge displays revoke ID` and pair the display"
        " anew",
    ),
}
"""Of systems that fail, of calls that rooms make by themselves, and of displays."""
