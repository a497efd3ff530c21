"""What fails now, since when, and what a person can do about it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from bridge.findings import FINDINGS, Severity, advice_of, severity_of
from rooms.clock import Clock

log = logging.getLogger(__name__)


_LEVELS: Mapping[Severity, int] = {
    "critical": logging.CRITICAL,
    "error": logging.WARNING,  # an outage is no fault of ours
    "warning": logging.WARNING,
    "info": logging.INFO,
}


class Subject(NamedTuple):
    """What can fail by itself."""

    kind: Literal[
        "bridge",
        "source",
        "identity",
        "watch",
        "discovery",
        "presence",
        "room",
        "watched",
        "mailbox",
        "endpoint",
        "auto_join",
        "attendance",
        "reader",
        "fault",
        "display",
    ]
    """`identity`: the credentials of a source, `watch`: how it learns of changes, `discovery`: how
    it lists rooms, `presence`: whether it takes that of rooms, `watched`: how it learns of one
    room's changes, `mailbox`: where that is, `auto_join`: whether it can dial by itself,
    `attendance`: whether it can be given back when nobody comes; all told apart from reading.
    `reader`: whether a room system comes for its calendar, apart from whether it can be reached.
    `fault`: what people reported of a room, `display`: how its paired displays are."""
    id: str

    @property
    def about(self) -> Literal["bridge", "source", "room", "endpoint"]:
        """What people call its kind: identity, watch and discovery are their source's."""
        match self.kind:
            case "identity" | "watch" | "discovery" | "presence":
                return "source"
            case "watched" | "mailbox" | "auto_join" | "attendance" | "fault" | "display":
                return "room"
            case "reader":
                return "endpoint"
            case kind:
                return kind

    def __str__(self) -> str:
        return f"{self.kind} {self.id}".strip()


BRIDGE = Subject("bridge", "")


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that fails; holds no subject, person or secret."""

    code: str
    since: datetime
    words: str
    fix: str = ""
    severity: Severity = "warning"
    endpoint: str | None = None
    source: str | None = None


class Health:
    """What fails, by subject. A failure is logged once, and its end once."""

    def __init__(self, clock: Clock, changed: Callable[[Subject], None] = lambda _: None) -> None:
        self._clock = clock
        self._changed = changed
        self._troubles: dict[Subject, dict[str, Trouble]] = {}

    def bad(
        self,
        subject: Subject,
        code: str,
        words: str = "",
        fix: str = "",
        *,
        severity: Severity | None = None,
        since: datetime | None = None,
    ) -> None:
        """Something fails, since now if nothing else is said; again changes its words alone."""
        advice = advice_of(code)
        known = self._troubles.setdefault(subject, {})
        before = known.get(code)
        trouble = Trouble(
            code=code,
            since=before.since if before else since or self._clock.now(),
            words=words or advice.words,
            fix=(fix or advice.fix).replace("{source}", subject.id),
            severity=severity or severity_of(code),
            endpoint=subject.id if subject.about == "endpoint" else None,
            source=subject.id if subject.about == "source" else None,
        )
        known[code] = trouble
        if before is None:
            log.log(_LEVELS[trouble.severity], "%s: %s: %s", subject, code, trouble.words)
        if before != trouble:
            self._changed(subject)

    def only(self, subject: Subject, code: str, words: str = "", fix: str = "") -> None:
        """Something fails, and nothing else of the same subject does, but for findings."""
        for other in _passing(self._troubles.get(subject, {})):
            if other != code:
                self.good(subject, other)
        self.bad(subject, code, words, fix)

    def good(self, subject: Subject, code: str | None = None) -> None:
        """Something works again: one trouble of a subject, or all of them but for findings.

        What the doctor found ends by name only: a calendar that is read well says nothing of it.
        """
        known = self._troubles.get(subject, {})
        ended = (
            [code]
            if code is not None and code in known
            else _passing(known)
            if code is None
            else []
        )
        for gone in ended:
            del known[gone]
            log.info("%s: %s is over", subject, gone)
        if not known:
            self._troubles.pop(subject, None)
        if ended:
            self._changed(subject)

    def of(self, *subjects: Subject) -> tuple[Trouble, ...]:
        """What fails of these subjects, in the order asked for.

        What the doctor found is for who runs the appliance, not for who stands before a room:
        `all` has it.
        """
        return tuple(
            trouble
            for subject in subjects
            for trouble in self._troubles.get(subject, {}).values()
            if trouble.code not in FINDINGS
        )

    def findings(self, subject: Subject) -> tuple[Trouble, ...]:
        """What the doctor found of a subject."""
        known = self._troubles.get(subject, {})
        return tuple(trouble for trouble in known.values() if trouble.code in FINDINGS)

    def all(self) -> Iterator[tuple[Subject, Trouble]]:
        """Everything that fails."""
        for subject, known in self._troubles.items():
            for trouble in known.values():
                yield subject, trouble

    def forget(self, keep: Callable[[Subject], bool]) -> None:
        """Drop the troubles of what is not configured any more."""
        for subject in [subject for subject in self._troubles if not keep(subject)]:
            del self._troubles[subject]


def _passing(known: Mapping[str, Trouble]) -> list[str]:
    """The troubles that end when all is well."""
    return [code for code in known if code not in FINDINGS]


def count(health: Health) -> Mapping[tuple[str, str], int]:
    """How many subjects of each kind have each trouble."""
    counted: dict[tuple[str, str], int] = {}
    for subject, trouble in health.all():
        key = (subject.kind, trouble.code)
        counted[key] = counted.get(key, 0) + 1
    return counted
