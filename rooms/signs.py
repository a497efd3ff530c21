"""Signs in a calendar of what its mailbox does to invitations: counts, nothing of their content.

No interface tells how a room mailbox is set. What it does shows in what it keeps
(https://learn.microsoft.com/powershell/module/exchange/set-calendarprocessing).
"""

from collections.abc import Iterable, Iterator

from rooms.model import Event, Response, Value

MOST = 0.95
"""The share of invitations from which a habit is told: one or two may be so by themselves."""
FEW = 5
"""Invitations from which on a habit can be told at all."""
MANY = 20
"""Invitations of which one ought to have come from outside, or be private."""


class Signs(Value, frozen=True, kw_only=True):
    """What was counted in one calendar."""

    invited: int = 0
    """Invitations that the room accepted; what it booked for itself passed no rules."""
    empty_body: int = 0
    empty_subject: int = 0
    organizer_subject: int = 0
    """Those that bear their organizer's name as subject."""
    private: int = 0
    pending: int = 0
    """Invitations that were not answered yet, beside those accepted."""
    domains: frozenset[str] = frozenset()
    """Mail domains of organizers."""


def signs_of(events: Iterable[Event]) -> Signs:
    """Count a calendar's invitations."""
    invited = empty_body = empty_subject = organizer_subject = private = pending = 0
    addresses: set[str] = set()
    for event in events:
        if event.own or event.cancelled:
            continue
        addresses.add(event.organizer.address)
        pending += event.response is Response.TENTATIVE
        if event.response is Response.ACCEPTED:
            invited += 1
            empty_body += not event.body or event.body.isspace()
            empty_subject += not event.subject or event.subject.isspace()
            organizer_subject += _named_after_organizer(event)
            private += event.private
    return Signs(
        invited=invited,
        empty_body=empty_body,
        empty_subject=empty_subject,
        organizer_subject=organizer_subject,
        private=private,
        pending=pending,
        domains=frozenset({_domain(address) for address in addresses} - {""}),
    )


def habits(signs: Signs, domains: Iterable[str]) -> Iterator[str]:
    """What a mailbox seems to do, as codes; `domains` are the site's own."""
    if signs.pending >= FEW and signs.invited == 0:
        yield "never_accepts"
    if signs.invited < FEW:
        return
    if signs.empty_body >= MOST * signs.invited:
        yield "bodies_stripped"
    if signs.empty_subject >= MOST * signs.invited:
        yield "subjects_stripped"
    if signs.organizer_subject >= MOST * signs.invited:
        yield "organizer_as_subject"
    own = {domain.lower() for domain in domains}
    if signs.invited >= MANY and signs.domains and signs.domains <= own:
        yield "external_never_accepted"
    if signs.invited >= MANY and not signs.private:
        yield "private_flag_unknown"


def _named_after_organizer(event: Event) -> bool:
    name, subject = event.organizer.name, event.subject
    if name != subject:
        name, subject = name.strip().casefold(), subject.strip().casefold()
    return bool(name) and subject == name


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
