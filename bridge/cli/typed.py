"""Secrets that a person gives: typed without echo, or read from a file or standard input."""

import getpass
import sys
from pathlib import Path

_LIMIT = 1 << 20
"""Bytes that are read at most; the vault refuses much less."""


class BadSecret(Exception):
    """What was given is no secret that could be kept; the words say why."""


def typed(what: str = "Secret") -> str:
    """A secret that somebody types twice.

    Raises:
        BadSecret: it was not the same twice.
    """
    first = getpass.getpass(f"{what}: ", sys.stderr)
    if first != getpass.getpass("Again: ", sys.stderr):
        raise BadSecret("the two are not the same")
    return first


def read(file: Path | None) -> str:
    """A secret from a file or standard input; the end of its last line does not count.

    Raises:
        BadSecret: it is not text.
        OSError: it cannot be read.
    """
    if file is None:
        content = sys.stdin.buffer.read(_LIMIT)
    else:
        with file.open("rb") as opened:
            content = opened.read(_LIMIT)
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadSecret("this is not text; certificates are wanted in PEM") from error
