"""One thing the doctor found."""

from collections.abc import Iterable

import msgspec

from bridge.findings import ORDER, Severity, advice_of, severity_of
from bridge.health import Subject
from connector.checkup import Remark


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one subject; holds no subject of a meeting, person or secret."""

    subject: Subject
    code: str
    severity: Severity
    words: str
    fix: str


def finding(
    subject: Subject,
    code: str,
    words: str = "",
    fix: str = "",
    severity: Severity | None = None,
) -> Finding:
    """A finding; where nothing special is said, in the code's general words."""
    advice = advice_of(code)
    return Finding(
        subject=subject,
        code=code,
        severity=severity or severity_of(code),
        words=words or advice.words,
        fix=fix or advice.fix,
    )


def remarked(subject: Subject, remark: Remark) -> Finding:
    """What a driver remarked."""
    return finding(subject, remark.code, remark.words, remark.fix, remark.severity)


def merged(found: Iterable[Finding]) -> list[Finding]:
    """One finding for each code of a subject, in order of how bad they are."""
    known: dict[tuple[Subject, str], Finding] = {}
    for one in found:
        key = one.subject, one.code
        before = known.get(key)
        known[key] = one if before is None else _joined(before, one)
    return sorted(known.values(), key=lambda one: (ORDER.index(one.severity), one.subject))


def _joined(first: Finding, second: Finding) -> Finding:
    worse = min(first, second, key=lambda one: ORDER.index(one.severity))
    return msgspec.structs.replace(
        first,
        severity=worse.severity,
        words=_both(first.words, second.words),
        fix=_both(first.fix, second.fix),
    )


def _both(first: str, second: str) -> str:
    return first if second in first else f"{first}; {second}"
