"""Why a meeting cannot be joined, or is left out, in words for people; and what mends it."""

from bridge.words import Advice
from rooms.model import NoJoinReason

NO_JOIN = {
    NoJoinReason.NO_ONLINE_MEETING: Advice(
        "the invitation holds nothing to join", "add an online meeting to it"
    ),
    NoJoinReason.BODY_STRIPPED: Advice(
        "the mailbox deletes the text of invitations",
        "Set-CalendarProcessing -Identity {mailbox} -DeleteComments $false (new invitations only)",
    ),
    NoJoinReason.LINK_UNREADABLE: Advice(
        "a mail filter rewrote the link so that it cannot be read",
        "except the room mailboxes from link rewriting",
    ),
    NoJoinReason.NO_DIAL_ROUTE: Advice(
        "an online meeting without a way in for SIP or H.323",
        "the host needs a video gateway: CVI for Teams, interop for Meet, CRC for Zoom",
    ),
    NoJoinReason.PASSCODE_UNKNOWN: Advice(
        "the invitation does not tell the passcode that a room system needs",
        "send the whole invitation, with its numeric passcode",
    ),
    NoJoinReason.PRIVATE_HIDDEN: Advice(
        "private meetings are not joined here", "privacy.private_join decides"
    ),
    NoJoinReason.TENTATIVE: Advice(
        "the room has not accepted yet", "accept it, or set tentative: join"
    ),
    NoJoinReason.ALL_DAY_EXCLUDED: Advice("all-day meetings are left out", "all_day decides"),
    NoJoinReason.RULE_EXCLUDED: Advice("a rule of this site excludes it", "join.rules decides"),
}
"""Each no-join reason; `{mailbox}` stands for the room's mailbox."""

LEFT_OUT = {
    "cancelled": "it was cancelled",
    "declined": "the room declined it",
    "unreadable": "its times make no sense",
} | {reason.value: advice.words for reason, advice in NO_JOIN.items()}
