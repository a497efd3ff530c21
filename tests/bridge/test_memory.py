"""No image of the process is written."""

import subprocess
import sys

PROGRAM = """
import ctypes, resource
from bridge import memory
memory.shut()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_process_that_was_shut_can_neither_be_dumped_nor_looked_into() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["0", "0", "0"]
