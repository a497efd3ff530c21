"""A calendar source: its settings, the way to its services, its identity and rights."""

from collections.abc import Iterator, Sequence

from yarl import URL

from bridge.doctor import certificates, machine
from bridge.doctor.finding import Finding, finding, remarked
from bridge.findings import advice_of
from bridge.health import Subject
from bridge.settings.model import SourceSettings
from connector import load
from connector.checkup import Examined, Reaching, Remarkable, Wanted
from connector.errors import ConnectorError
from connector.outside import Outside
from connector.peer import answered, certificate
from connector.presence import TellsPresence
from connector.writing import ExaminedWriter


def settings(subject: Subject, source: SourceSettings) -> Iterator[Finding]:
    """What can be told from the configuration alone."""
    options = source.options
    if isinstance(options, Remarkable):
        yield from (remarked(subject, remark) for remark in options.remarks())
    if not isinstance(options, Reaching):  # it reads nobody's mailboxes
        return
    if not source.mailboxes.domains and not source.mailboxes.allow:
        yield finding(subject, "mailboxes_open", fix=_open_fix(subject.id))
    if not source.mailboxes.canary:
        words = f"name a person's mailbox in sources.{subject.id}.mailboxes.canary"
        yield finding(subject, "no_canary", fix=f"{words}; it is asked for once a day")


def _open_fix(source: str) -> str:
    return f"set sources.{source}.mailboxes: {{domains: [example.com]}}, or allow: [addresses]"


async def ways(subject: Subject, source: SourceSettings, outside: Outside) -> list[Finding]:
    """The way to the source's services: proxy, TLS, clock."""
    options = source.options
    if not isinstance(options, Reaching):
        return []
    found: list[Finding] = []
    dated = False
    for url in options.services:
        answer = await answered(outside, url)
        if answer.fault:
            found.append(_way(subject, answer.fault, url))
        elif answer.date is not None and not dated:
            dated = True
            found += machine.clock(subject, answer.date, outside.clock.now())
        if not outside.route(url):  # through a proxy nobody's certificate can be seen
            shown = await certificate(url)
            if shown is not None:
                now = outside.clock.now()
                where = url.host or ""
                found += await certificates.judged(subject, shown, now, whose="peer", where=where)
    return found


def _way(subject: Subject, fault: str, url: URL) -> Finding:
    host = url.host or ""
    if fault.startswith("proxy_"):
        return finding(subject, fault, f"{advice_of(fault).words} ({host})")
    advice = advice_of(fault)
    return finding(subject, "service_unreachable", f"{host}: {advice.words}", advice.fix)


async def writer(
    subject: Subject, settings_: SourceSettings, outside: Outside, mailboxes: Sequence[str]
) -> list[Finding]:
    """The identity that writes, looked at without writing anything."""
    wanted = Wanted(mailboxes=mailboxes, writes=True, presence=_shows_presence(settings_))
    driver = load.writing(settings_.kind)
    try:
        async with driver.connect(settings_.options, outside) as opened:
            if not isinstance(opened, ExaminedWriter):
                return []
            return [remarked(subject, remark) for remark in await opened.examine(wanted)]
    except ConnectorError as error:
        return [finding(subject, "writer_fails", str(error), error.fix)]


def writes_apart(settings_: SourceSettings) -> bool:
    """Whether another identity writes than the one that reads."""
    return getattr(settings_.options, "writer", None) is not None


def _shows_presence(settings_: SourceSettings) -> bool:
    options = settings_.options
    return isinstance(options, TellsPresence) and options.presence == "write"


async def rights(
    subject: Subject,
    settings_: SourceSettings,
    outside: Outside,
    mailboxes: Sequence[str],
    *,
    writes: bool,
) -> list[Finding]:
    """Identity and rights, as the driver sees them over a connection of its own.

    A token is got anew: the one in use may be an hour old, and tell what was granted then.
    """
    wanted = Wanted(
        canary=settings_.mailboxes.canary,
        mailboxes=mailboxes,
        writes=writes,
        presence=_shows_presence(settings_) and not writes_apart(settings_),
    )
    driver = load.source(settings_.kind)
    try:
        async with driver.connect(settings_.options, outside) as source:
            if not isinstance(source, Examined):
                return []
            return [remarked(subject, remark) for remark in await source.examine(wanted)]
    except ConnectorError as error:
        return [finding(subject, "identity_fails", str(error), error.fix)]
