"""What reading costs where there is little to read."""

import subprocess
import sys
import time

from rooms import join

HEAVY = ("lxml", "jinja2", "re2", "email", "icalendar", "yaml", "asyncio")


def test_importing_the_reader_imports_nothing_heavy() -> None:
    code = f"import sys, rooms.join; print([m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_an_ordinary_invitation_is_read_in_well_under_a_millisecond() -> None:
    line = "Please find the agenda below, the report follows on Monday.\nTel. +49 89 1234567\n"
    invitation = join.Invitation(subject="Round", locations=("Room 5",), body=(line * 30)[:2048])
    join.read(invitation)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        join.read(invitation)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.0005
