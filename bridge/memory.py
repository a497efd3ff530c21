"""Keeping what lies in memory there: tokens, secrets, what invitations say."""

import ctypes
import resource
from contextlib import suppress

PR_SET_DUMPABLE = 4
"""From linux/prctl.h."""


def shut() -> None:
    """Have no image of this process written, and let no other process of its user look into it.

    A core limit of zero alone is not enough: the kernel does not heed it where cores are piped to a
    program (core(5)). What the system does not offer is left out; the unit sets its part too.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
