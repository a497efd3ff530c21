"""Certificates that end soon or are weak, the appliance's own and those it meets."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bridge.doctor.finding import Finding, finding
from bridge.findings import Severity
from bridge.health import BRIDGE, Subject
from bridge.settings.model import Site

_STEPS: tuple[tuple[timedelta, Severity], ...] = (
    (timedelta(days=7), "error"),
    (timedelta(days=30), "warning"),
    (timedelta(days=60), "info"),
)
"""How long before its end a certificate is worth how many words."""


async def judged(
    subject: Subject, content: bytes, now: datetime, *, whose: str, where: str
) -> list[Finding]:
    """What is wrong with a certificate; `whose` is `own` or `peer`, `where` names the place."""
    # On a thread: reading certificates imports a library that takes its time.
    return await asyncio.to_thread(lambda: list(_faults(subject, content, now, whose, where)))


async def own(site: Site, now: datetime) -> list[Finding]:
    """What is wrong with the certificate that displays see."""
    file = site.listen.tls.certificate_file if site.listen.tls else None
    content = await asyncio.to_thread(_content, file or site.data_dir / "tls" / "certificate.pem")
    if content is None:
        return []
    found = await judged(BRIDGE, content, now, whose="own", where="the appliance")
    if file is None:  # the bridge made it, and makes it anew by itself
        found = [one for one in found if one.code != "own_certificate_ends"]
    return found


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:  # none was made yet, or it is not for whoever asks
        return None


def _faults(
    subject: Subject, content: bytes, now: datetime, whose: str, where: str
) -> Iterator[Finding]:
    from connector.certificates import expires, weakness  # noqa: PLC0415 - see above

    try:
        ends, weak = expires(content), weakness(content)
    except ValueError:
        return
    severity = ending(ends - now)
    if severity is not None:
        words = f"{where}: the certificate {_when(ends, now)}"
        yield finding(subject, f"{whose}_certificate_ends", words, severity=severity)
    if weak:
        words = f"{where}: the certificate has {weak}"
        yield finding(subject, f"{whose}_certificate_weak", words)


def ending(left: timedelta) -> Severity | None:
    """How bad it is that a certificate ends in so long; None where it is not yet."""
    return next((severity for span, severity in _STEPS if left <= span), None)


def _when(ends: datetime, now: datetime) -> str:
    if ends <= now:
        return f"ended on {ends:%Y-%m-%d}"
    return f"ends on {ends:%Y-%m-%d}, in {(ends - now).days} days"
