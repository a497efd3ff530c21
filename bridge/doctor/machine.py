"""The machine the appliance runs on: disk, and its clock against the services' clocks."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bridge.doctor.finding import Finding, finding
from bridge.findings import Severity
from bridge.health import BRIDGE, Subject

ENOUGH = 500 << 20
"""Bytes that should be free."""
TOO_LITTLE = 50 << 20
CLOCK_WARNS = timedelta(minutes=1)
CLOCK_FAILS = timedelta(minutes=5)
"""What Entra tolerates in the times of a signed assertion; Kerberos too."""


async def disk(data_dir: Path) -> list[Finding]:
    """Whether data_dir can be written, and has space."""
    return await asyncio.to_thread(lambda: list(_disk(data_dir)))


def _disk(data_dir: Path) -> Iterator[Finding]:
    if not os.access(data_dir, os.W_OK | os.X_OK):
        yield finding(BRIDGE, "disk_unwritable")
    try:
        free = shutil.disk_usage(data_dir).free
    except OSError:
        return
    if free < ENOUGH:
        severity: Severity = "error" if free < TOO_LITTLE else "warning"
        yield finding(BRIDGE, "disk_low", f"{free >> 20} MiB are left", severity=severity)


def clock(subject: Subject, there: datetime, here: datetime) -> Iterator[Finding]:
    """Whether the appliance's clock goes with that of a service."""
    apart = here - there
    if abs(apart) >= CLOCK_WARNS:
        way = "ahead of" if apart > timedelta() else "behind"
        seconds = int(abs(apart).total_seconds())
        words = f"the appliance's clock is {seconds} s {way} the service's"
        severity: Severity = "error" if abs(apart) >= CLOCK_FAILS else "warning"
        yield finding(subject, "clock_off", words, severity=severity)
