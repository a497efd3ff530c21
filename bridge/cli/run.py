"""`roombridge run`: the appliance in the foreground."""

import asyncio
import logging
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bridge import logs, memory, systemd
from bridge.inventory.opening import Opening
from bridge.settings.load import usable
from bridge.settings.model import Configuration
from bridge.settings.problem import Problem, Unusable
from rooms.database import DatabaseUnusable

if TYPE_CHECKING:
    from bridge.prepared import Prepared

log = logging.getLogger(__name__)

AGAIN = 5.0
"""Seconds before a start that waits looks again."""
_EXTENDED = 60_000_000
"""Microseconds by which each look puts off systemd's patience."""


def run(given: Namespace) -> int:
    """Run until a signal; 2 where the configuration or the machine does not let it start."""
    logs.set_up(as_json=given.json)
    memory.shut()
    opening = Opening()
    try:
        configuration, problems = _read(given.config, opening)
    except DatabaseUnusable as error:
        print(error, file=sys.stderr)
        return 2
    except Unusable as error:
        opening.close()
        print(f"{given.config} cannot be used:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return 2
    for problem in problems:
        log.warning("%s", problem)
    return serve(configuration, opening)


def _read(file: Path, opening: Opening) -> tuple[Configuration, list[Problem]]:
    """The configuration; a key service that comes up after us is waited for.

    After a power failure everything starts at once: giving up would need a person for each bridge.
    """
    told: list[str] = []
    while True:
        try:
            return usable(file, stored=opening)
        except Unusable as error:
            if not error.passes:
                raise
            words = [str(problem) for problem in error.problems]
            if words != told:
                log.warning("waiting, tried again every %d s: %s", AGAIN, "; ".join(words))
            told = words
        # systemd would end a start that takes so long.
        systemd.notify(f"STATUS=waiting for the key service\nEXTEND_TIMEOUT_USEC={_EXTENDED}")
        time.sleep(AGAIN)


def serve(configuration: Configuration, opening: Opening | None = None) -> int:
    """Run an appliance by a configuration that is good."""
    from bridge.clock import SystemClock  # noqa: PLC0415
    from bridge.prepared import prepared  # noqa: PLC0415 - after the configuration is known to be good

    try:
        made = prepared(configuration, SystemClock(), opening)
    except (DatabaseUnusable, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        try:
            runner.run(_until_signal(made))
        except OSError as error:
            listen = configuration.site.listen
            words = error.strerror or str(error)
            print(f"cannot serve on {listen.address} port {listen.port}: {words}", file=sys.stderr)
            return 2
    return 0


async def _until_signal(made: "Prepared") -> None:
    from bridge.app import running  # noqa: PLC0415 - see above

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(made) as appliance:
        loop.add_signal_handler(signal.SIGHUP, appliance.rereading.wanted.set)
        log.info("serving on %s port %d", made.configuration.site.listen.address, appliance.port)
        if not made.people.accounts.owned and made.configuration.site.people.oidc is None:
            log.info(
                "nobody can sign in yet:"
                " roombridge people invite NAME --role owner prints a one-time code"
            )
        await stop.wait()
        log.info("stopping")


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: a TLS connection takes an eighth of the memory."""
    from aiohttp import http_parser  # noqa: PLC0415 - see above

    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        log.warning("aiohttp runs without its C extensions: expect a quarter of the speed")
    try:
        import uvloop  # noqa: PLC0415 - Linux only
    except ImportError:
        return None
    new: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return new
