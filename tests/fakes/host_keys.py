"""RSA keys for simulated units, of which a few are made and then taken in turn."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import asyncssh

DIFFERENT = 5
"""Keys that differ one after another: more than any test asks for of one unit."""


@contextmanager
def shared() -> Iterator[None]:
    """Let what asks for a new RSA key have one of these; other kinds cost next to nothing."""
    make = asyncssh.generate_private_key
    made: defaultdict[tuple[str, str], list[asyncssh.SSHKey]] = defaultdict(list)

    def given(kind: str, *comment: Any, **how: Any) -> asyncssh.SSHKey:
        if kind != "ssh-rsa":
            return make(kind, *comment, **how)
        keys = made[kind, repr((comment, how))]
        key = make(kind, *comment, **how) if len(keys) < DIFFERENT else keys.pop(0)
        keys.append(key)
        return key

    with mock.patch.object(asyncssh, "generate_private_key", given):
        yield
