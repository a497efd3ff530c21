"""From an invitation to join details, with everything that `explain` tells of the way."""

from collections.abc import Sequence

from rooms.join.candidates import meetings_of
from rooms.join.details import Composed
from rooms.join.dial import Dialing
from rooms.join.found import Candidate, Found
from rooms.join.invitation import Invitation
from rooms.join.meeting import TRUST, Meeting
from rooms.join.passages import (
    BODY,
    CONFERENCE,
    HIDDEN,
    LOCATION,
    ONLINE_URL,
    QUOTED,
    SUBJECT,
    Passage,
    passages_of,
)
from rooms.join.prose import silent
from rooms.join.rules import Evidence, Outcome, Rule, Rules, try_rule
from rooms.model import JoinDetails, NoJoinReason

MOST_CANDIDATES = 12
"""Meetings that were not taken and are still told of."""

_NOTHING = Found(reason=NoJoinReason.NO_ONLINE_MEETING)

_SURE = {
    CONFERENCE: 0.99,
    ONLINE_URL: 0.97,
    LOCATION: 0.92,
    BODY: 0.9,
    SUBJECT: 0.8,
    QUOTED: 0.6,
    HIDDEN: 0.4,
}


def read(
    invitation: Invitation,
    rules: Rules = Rules(),  # noqa: B008 a frozen value
    dialing: Dialing = Dialing(),  # noqa: B008 a frozen value
) -> Found:
    """The join details of an invitation, or why there are none; it never raises."""
    if not rules and silent(invitation):
        return _NOTHING
    passages, notes = passages_of(invitation)
    found = _built_in(passages, notes, dialing)
    if not rules:
        return found
    evidence = Evidence(
        passages=passages,
        organizer_domain=invitation.organizer_domain,
        details=found.details,
    )
    tried: list[str] = []
    for rule in rules:
        outcome = try_rule(rule, evidence)
        tried.append(f"{rule.name}: {outcome.words}")
        if outcome.excludes or outcome.details is not None:
            return _ruled(rule, outcome, found, tried)
    return _after(found, tried)


def _built_in(passages: Sequence[Passage], notes: Sequence[str], dialing: Dialing) -> Found:
    """What the built-in recognisers find."""
    if not any(passage.mentions for passage in passages):
        for passage in passages:
            passage.without_scheme()
    meetings = meetings_of(passages)
    if not meetings:
        return _nothing(passages, notes)
    chosen, *others = meetings
    made = Composed(chosen, dialing)
    details = made.details()
    return Found(
        details=details,
        reason=_reason(details, made, dialing),
        source=chosen.place,
        rule=_rule(chosen),
        confidence=_confidence(chosen, others, made),
        candidates=tuple(_candidate(other, chosen) for other in others[:MOST_CANDIDATES]),
        tried=tuple(_rule(meeting) for meeting in meetings[: MOST_CANDIDATES + 1]),
        notes=(*notes, *_through(chosen), *made.notes, *_lacks(details, made)),
    )


def _reason(details: JoinDetails, made: Composed, dialing: Dialing) -> NoJoinReason | None:
    """Why there is nothing to dial, or None."""
    if made.way.closed or not (details.sip or details.h323):
        return NoJoinReason.NO_DIAL_ROUTE
    if made.way.asks and not dialing.may_ask:
        return NoJoinReason.PASSCODE_UNKNOWN
    return None


def _nothing(passages: Sequence[Passage], notes: Sequence[str]) -> Found:
    """No meeting; or one behind a link that nobody can read."""
    unreadable = [link for passage in passages for link in passage.opaque if link.joins]
    if not unreadable:
        return Found(reason=NoJoinReason.NO_ONLINE_MEETING, notes=tuple(notes))
    hint = f" of {unreadable[0].hint}" if unreadable[0].hint else ""
    words = f"{unreadable[0].gateway} rewrote the link{hint}: only its own server can tell it"
    return Found(reason=NoJoinReason.LINK_UNREADABLE, notes=(*notes, words))


def _rule(meeting: Meeting) -> str:
    """The recogniser that found a meeting."""
    url = meeting.url
    if url is not None:
        return url.found.rule
    by = "address" if meeting.addresses or meeting.ways else "number"
    return f"{meeting.provider.name}/{by}"


def _confidence(chosen: Meeting, others: Sequence[Meeting], made: Composed) -> float:
    """How sure the choice is, from 0 to 1."""
    sure = _SURE[chosen.place]
    if not chosen.mentions:
        sure -= 0.2
    if chosen.provider.name == "sip" and all(one.sure < 2 for _, one in chosen.addresses):
        sure -= 0.3
    if others and chosen.score - others[0].score < 5:
        sure -= 0.15
    sure -= 0.05 * min(len(made.notes), 2)
    return round(max(sure, 0.1), 2)


def _candidate(meeting: Meeting, chosen: Meeting) -> Candidate:
    """A meeting that was not taken, and why."""
    url = meeting.url
    if TRUST[meeting.place] < TRUST[chosen.place]:
        why = f"{chosen.place} is trusted before {meeting.place}"
    elif meeting.penalty > chosen.penalty:
        why = "the words beside it tell of another meeting, or its link is of a lesser kind"
    elif meeting.score < chosen.score:
        why = "less is printed for it"
    else:
        why = "it stands below"
    return Candidate(
        source=meeting.place,
        provider=meeting.provider.name,
        score=meeting.score,
        meeting_id=meeting.id or None,
        join_url=url.found.url if url else None,
        why=why,
    )


def _through(meeting: Meeting) -> list[str]:
    url = meeting.url
    return [f"the link was rewritten by {gateway}" for gateway in (url.through if url else ())]


def _lacks(details: JoinDetails, made: Composed) -> list[str]:
    """What the host would have to have."""
    if details.sip or details.h323:
        return []
    return [f"the host lacks {made.meeting.provider.needs}"]


def _ruled(rule: Rule, outcome: Outcome, found: Found, tried: Sequence[str]) -> Found:
    """What a rule of the site decided."""
    if outcome.excludes:
        return Found(
            reason=NoJoinReason.RULE_EXCLUDED,
            rule=rule.name,
            tried=(*tried,),
            notes=found.notes,
        )
    details = outcome.details
    dialled = details is not None and (details.sip or details.h323)
    return Found(
        details=details,
        reason=None if dialled else NoJoinReason.NO_DIAL_ROUTE,
        source=outcome.source or found.source,
        rule=rule.name,
        confidence=1.0,
        candidates=found.candidates,
        tried=(*tried,),
    )


def _after(found: Found, tried: Sequence[str]) -> Found:
    """What the built-in recognisers found after no rule matched."""
    return Found(
        details=found.details,
        reason=found.reason,
        source=found.source,
        rule=found.rule,
        confidence=found.confidence,
        candidates=found.candidates,
        tried=(*tried, *found.tried),
        notes=found.notes,
    )
