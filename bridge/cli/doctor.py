"""`roombridge doctor`: live checks, by the running appliance or from here."""

import asyncio
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from bridge.cli.control import NotRunning, ask, told
from bridge.cli.tables import pretty
from bridge.doctor import processing
from bridge.doctor.finding import Finding, merged
from bridge.doctor.processing import NotAnExport
from bridge.doctor.visit import Visit
from bridge.findings import ORDER
from bridge.settings.load import read
from bridge.settings.model import Configuration, Site
from bridge.settings.problem import Problem, errors
from connector.keep import Keep
from rooms.clock import Clock
from rooms.room import Room

SECONDS = 600.0
"""How long all checks may take: thousands of room systems are asked for their certificates."""


class _Unfit(Exception):
    """The configuration does not do; its problems were printed."""


@told
def doctor(given: Namespace) -> int:
    """Print what is wrong and what mends it; 1 where anything needs to be done."""
    try:
        exported = processing.rows(given.calendar_processing) if given.calendar_processing else []
        answer = _answer(given)
        if exported:
            _put_in(answer, given, exported)
    except NotAnExport as error:
        print(error, file=sys.stderr)
        return 2
    except _Unfit:
        return 2
    findings = answer["findings"]
    if given.json:
        print(pretty(answer))
    else:
        _print(findings)
        for one in answer.get("sources", ()):
            print(_upkeep(one), file=sys.stderr)
    return int(any(one["severity"] != "info" for one in findings))


def _answer(given: Namespace) -> dict[str, Any]:
    """What the running appliance finds, or what can be found without one."""
    query = {"room": given.room}
    try:
        found = ask(given, "POST", "/doctor", query=query, seconds=SECONDS)
    except NotRunning:
        print(
            "no appliance runs with this configuration: checked from here, each room system with"
            " one try of its password",
            file=sys.stderr,
        )
        return {"running": False, **_alone(given)}
    return {"running": True, **found}


def _alone(given: Namespace) -> dict[str, Any]:
    """All checks from here. The database is not opened: it belongs to the appliance."""
    from bridge.clock import SystemClock  # noqa: PLC0415 - see bridge.cli

    configuration = _configuration(given)
    only = _room(configuration, given.room) if given.room else None
    clock = SystemClock()
    found = asyncio.run(_visit(configuration, clock, only))
    now = clock.now()
    return {
        "as_of": _time(now),
        "findings": [_shape(one, _time(now)) for one in found],
        "sources": [],
    }


async def _visit(configuration: Configuration, clock: Any, only: Room | None) -> list[Finding]:
    from dataclasses import replace  # noqa: PLC0415 - see bridge.cli

    from connector.outside import open_outside  # noqa: PLC0415

    site = configuration.site
    keep = await asyncio.to_thread(_keeps, site, clock)
    async with (
        open_outside(clock, ca_file=site.ca_file) as services,
        open_outside(clock, ca_file=site.ca_file, networks=site.endpoint_networks) as devices,
    ):
        visit = Visit(
            configuration=configuration,
            outside=lambda name, source: replace(
                services, proxy=source.proxy or site.proxy, trust=source.tls, keep=keep(name)
            ),
            services=replace(services, proxy=site.proxy),
            devices=devices,
            only=only,
        )
        return await visit.findings()


def _keeps(site: Site, clock: Clock) -> Callable[[str], Keep | None]:
    """Where each source keeps what a service gave it; nowhere without a vault that opens."""
    from bridge.settings.vaults import vault_of  # noqa: PLC0415 - see bridge.cli
    from bridge.vault.keep import SourceKeep  # noqa: PLC0415
    from bridge.vault.trouble import VaultUnusable  # noqa: PLC0415

    vault = vault_of(site.data_dir, site.vault)
    try:
        vault.reopen()
    except VaultUnusable:  # none, or the configuration's own check says why not
        return lambda _: None
    return lambda name: SourceKeep(vault, name, clock)


def _configuration(given: Namespace) -> Configuration:
    problems: list[Problem] = []
    configuration = read(given.config, problems)
    if configuration is None or any(errors(problems)):
        print(f"{given.config} cannot be used:", file=sys.stderr)
        for problem in problems:
            print(f"  {problem}", file=sys.stderr)
        raise _Unfit
    return configuration


def _room(configuration: Configuration, name: str) -> Room:
    for room in configuration.inventory.rooms:
        if room.id == name:
            return room
    print(f"there is no room {quote(name)}", file=sys.stderr)
    raise _Unfit


def _put_in(answer: dict[str, Any], given: Namespace, exported: list[processing.Row]) -> None:
    """What an export tells replaces what was inferred of the same mailboxes."""
    rooms = _configuration(given).inventory.rooms
    rooms = tuple(room for room in rooms if given.room in {None, room.id})
    pairs = list(processing.matched(rooms, exported))
    known = {room.id for room, _ in pairs}
    inferred = [
        one
        for one in answer["findings"]
        if not (
            one["subject"]["kind"] == "room"
            and one["subject"]["id"] in known
            and one["code"] in processing.TOLD
        )
    ]
    sure = merged(one for room, row in pairs for one in processing.told(room, row))
    listed = [*inferred, *(_shape(one, answer["as_of"]) for one in sure)]
    answer["findings"] = sorted(listed, key=lambda one: ORDER.index(one["severity"]))
    words = f"{len(pairs)} of {len(rooms)} rooms are in {given.calendar_processing}"
    print(words, file=sys.stderr)


def _shape(one: Finding, since: str) -> dict[str, Any]:
    """As the API tells it."""
    return {
        "code": one.code,
        "severity": one.severity,
        "subject": {"kind": one.subject.kind, "id": one.subject.id},
        "words": one.words,
        "fix": one.fix,
        "since": since,
    }


def _time(now: Any) -> str:
    return str(msgspec.to_builtins(now))


def _upkeep(one: dict[str, Any]) -> str:
    """What a source costs and how old its agendas are, in a line."""
    allowed = f" of {one['budget']:,}" if one["budget"] else ""
    told = f", changes told in {one['covered']} of {one['rooms']} rooms"
    words = (
        f"source {one['source']}: {one['requests_day']:,}{allowed} requests in 24 hours or since"
        f" the start, quiet rooms read every {one['interval_s']:.0f} s{told}"
    )
    if one["worst_room"] is None:
        return words
    return (
        f"{words}; agendas are {one['age_p50_s']:.0f} s old, 99 of 100 at most"
        f" {one['age_p99_s']:.0f} s, the oldest {one['age_worst_s']:.0f} s ({one['worst_room']})"
    )


def _print(findings: list[dict[str, Any]]) -> None:
    for one in findings:
        subject = f"{one['subject']['kind']} {one['subject']['id']}".strip()
        print(f"{one['severity'].upper():8}  {subject}: {one['code']}: {one['words']}")
        if one["fix"]:
            print(f"{'':8}  to mend it: {one['fix']}")
    counted = Counter(one["severity"] for one in findings)
    told = ", ".join(f"{counted[severity]} {severity}" for severity in ORDER if counted[severity])
    print(told or "nothing to mend", file=sys.stderr)
