"""Rounds of changes, without the network: a client that applies them has what there is."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.simulators.graph import Mailbox, NotThere, Recurrence, Tenant
from connector.simulators.graph.differences import Item, differences, everything, named
from connector.simulators.graph.entry import Event

from .graph_tenant import KESTREL, NOON, meeting

WINDOW = NOON, NOON + timedelta(days=7)
Known = dict[str, tuple[str, object, object]]


def _kestrel() -> Mailbox:
    return Tenant(clock=lambda: NOON).add_mailbox(KESTREL, time_zone="Europe/London")


def _known(items: list[Item], known: Known, *, immutable: bool) -> Known:
    """What a client knows after a round."""
    known = dict(known)
    for item in items:
        name = named(item.event, immutable=immutable)
        if item.form == "removed":
            known.pop(name, None)
        else:
            known[name] = item.event.meeting.subject, item.event.start, item.event.end
    return known


def _occurrence(mailbox: Mailbox, series: Event, chance: Random) -> Event:
    day = (NOON + timedelta(days=chance.randrange(-2, 9))).date()
    return mailbox.on(series.id, day)


def _change(mailbox: Mailbox, chance: Random) -> None:
    """Something happens to the calendar."""
    there = mailbox.entries()
    if not there or chance.random() < 0.3:
        series = Recurrence(type="daily", interval=chance.randrange(1, 4))
        hour = chance.randrange(-48, 240)
        mailbox.add(meeting(hour=hour, recurrence=series if chance.random() < 0.4 else None))
        return
    event = chance.choice(there)
    if event.kind == "seriesMaster" and chance.random() < 0.6:
        try:
            event = _occurrence(mailbox, event, chance)
        except NotThere:
            return
    match chance.randrange(6):
        case 0:
            mailbox.delete(event.id)
        case 1:
            mailbox.refile(event.id)
        case 2:
            mailbox.move(event.id, event.start + timedelta(days=chance.randrange(-9, 9)))
        case 3 if event.kind == "seriesMaster":
            mailbox.edit(event.id, recurrence=Recurrence(type="weekly"))
        case _:
            mailbox.edit(event.id, subject=str(chance.randrange(1000)))


@given(seed=st.integers(0, 1 << 32), immutable=st.booleans())
@settings(max_examples=150, deadline=None)
def test_whoever_applies_every_round_knows_what_there_is(seed: int, immutable: bool) -> None:
    chance, mailbox = Random(seed), _kestrel()
    for _ in range(chance.randrange(5)):
        _change(mailbox, chance)
    version = mailbox.changes.version(NOON)
    known = _known(everything(mailbox, version, WINDOW), {}, immutable=immutable)
    for _ in range(4):
        for _ in range(chance.randrange(6)):
            _change(mailbox, chance)
        since, version = version, mailbox.changes.version(NOON)
        items = differences(mailbox, since, version, WINDOW, immutable=immutable)
        known = _known(items, known, immutable=immutable)
        now = _known(everything(mailbox, version, WINDOW), {}, immutable=immutable)
        assert known == now
        shown = mailbox.view(*WINDOW)
        masters = {one.series_id for one in shown if one.series_id}
        assert len(known) == len(shown) + len(masters)


def test_a_former_state_is_found_again() -> None:
    mailbox = _kestrel()
    first = mailbox.add(meeting("first"))
    series = mailbox.add(meeting("series", recurrence=Recurrence(type="daily")))
    before = mailbox.changes.version(NOON)
    mailbox.delete(mailbox.on(series.id, NOON.date()).id)
    mailbox.edit(first.id, subject="changed")
    mailbox.delete(first.id)
    then = {entry.number: entry for entry in mailbox.at(before)}
    assert then[1].meeting.subject == "first"
    assert then[2].changed == {}
    assert mailbox.entry(1, before) == then[1]
    assert mailbox.entry(1, mailbox.changes.version(NOON)) is None
    assert [entry.number for entry in mailbox.at(mailbox.changes.version(NOON))] == [2]


def test_changes_before_a_moment_are_known_by_their_version() -> None:
    clock = [NOON]
    mailbox = Tenant(clock=lambda: clock[0]).add_mailbox(KESTREL)
    mailbox.add(meeting())
    clock[0] += timedelta(seconds=10)
    mailbox.add(meeting())
    assert mailbox.changes.version(NOON) == 1
    assert mailbox.changes.version(NOON - timedelta(seconds=1)) == 0
    assert mailbox.changes.version(clock[0]) == 2
    with pytest.raises(LookupError):
        mailbox.changes.between(-1, 2)
