"""A notice in words: a mail, or JSON. Only ids, codes and fixed words: nothing that is private."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from bridge.alerts.ledger import Note, Notice
from bridge.findings import advice_of, severity_of
from bridge.settings.alerts import Smtp

LISTED = 100
"""Troubles that one message names; of more it tells how many."""


def headline(notice: Notice) -> str:
    """All of it in a few words."""
    if not notice:
        return "test message"
    parts = []
    if notice.began:
        parts.append(f"{len(notice.began)} new")
    if notice.over:
        parts.append(f"{len(notice.over)} over")
    if notice.standing:
        parts.append(f"{notice.standing} standing")
    return "troubles: " + ", ".join(parts)


def lines(notice: Notice) -> Iterator[str]:
    """The words of a notice."""
    if not notice:
        yield "This is a test: alerts arrive here."
        return
    if notice.began:
        yield "It fails:"
        yield from _listed(notice.began)
    if notice.over:
        yield "It works again:"
        yield from _listed(notice.over)
    if notice.standing:
        yield f"Told before and failing still: {notice.standing}"


def mail(notice: Notice, smtp: Smtp, appliance: str, now: datetime) -> EmailMessage:
    """A notice as a mail."""
    made = EmailMessage()
    made["Subject"] = f"[room calendars] {appliance}: {headline(notice)}"
    made["From"] = smtp.sender
    made["To"] = ", ".join(smtp.to)
    made["Date"] = format_datetime(now)
    made["Message-ID"] = make_msgid(domain=appliance)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice comes back
    made.set_content("\n".join([f"Appliance: {appliance}", "", *lines(notice)]))
    return made


def payload(notice: Notice, appliance: str, now: datetime) -> dict[str, Any]:
    """A notice as JSON; `text` is what chat services show."""
    text = "\n".join([f"{appliance}: {headline(notice)}", *lines(notice)])
    return {
        "appliance": appliance,
        "at": now,
        "test": not notice,
        "text": text,
        "began": [_fields(note) for note in notice.began[:LISTED]],
        "over": [_fields(note) for note in notice.over[:LISTED]],
        "counts": {
            "began": len(notice.began),
            "over": len(notice.over),
            "standing": notice.standing,
        },
    }


def _listed(notes: Sequence[Note]) -> Iterator[str]:
    for note in notes[:LISTED]:
        span = f"since {note.since:%Y-%m-%d %H:%M} UTC"
        if note.ended is not None:
            yield f"- {note.subject}: {note.code}, {span} until {note.ended:%Y-%m-%d %H:%M} UTC"
            continue
        yield f"- {note.subject}: {note.code}, {span}"
        yield from (f"  {words}" for words in _words(note) if words)
    if len(notes) > LISTED:
        yield f"- and {len(notes) - LISTED} more"


def _fields(note: Note) -> dict[str, Any]:
    words, fix = _words(note)
    return {
        "kind": note.subject.about,
        "id": note.subject.id,
        "code": note.code,
        "since": note.since,
        "ended": note.ended,
        "severity": severity_of(note.code),
        "words": words,
        "fix": fix,
    }


def _words(note: Note) -> tuple[str, str]:
    """What a code means and what mends it: the words that are fixed, and no others."""
    advice = advice_of(note.code)
    return advice.words, advice.fix.replace("{source}", note.subject.id)
