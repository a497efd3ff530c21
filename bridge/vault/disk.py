"""The vault's file on disk: written whole or not at all, by one process at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bridge.vault.trouble import VaultUnusable

LIMIT = 16 << 20
"""Bytes of a vault; five thousand passwords take less than one mebibyte."""

_BETWEEN = 0.01
_TRIES = 4000
"""For 40 s: a rotation may wait for two answers of a key service."""


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Keep other writers away, of this process and of others.

    The folder itself is locked: a lock file made by root could not be opened by the appliance.

    Raises:
        VaultUnusable: somebody else has been writing for too long.
    """
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(folder)
        yield
    finally:
        os.close(folder)


def _lock(folder: int) -> None:
    """Wait for the lock, but not for ever: its owner may be stopped, and we must be able to end."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN)
        else:
            return
    raise VaultUnusable(
        "another process has been writing the vault for too long", "end it and try again"
    )


def load(file: Path) -> bytes | None:
    """What is in the file; None where there is none.

    Raises:
        VaultUnusable: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultUnusable(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > LIMIT:
        raise VaultUnusable(f"{file} is too large for a vault")
    return content


def replace(file: Path, content: bytes) -> None:
    """Put content in place of the file's, as one step: after a crash the former is there, or this.

    Raises:
        OSError: it could not be written; the former stays.
    """
    part = file.with_name(file.name + ".new")
    with suppress(FileNotFoundError):
        part.unlink()  # of a writer that was killed; we hold the lock
    try:
        _written(part, content, file.parent)
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    synced(file.parent)


def synced(folder: Path) -> None:
    """Have the names in a folder on disk, too."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _written(file: Path, content: bytes, folder: Path) -> None:
    """A new file, on disk, for its owner only.

    What root writes belongs to whom the folder belongs: the appliance must read it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o600), "wb") as opened:
        if os.geteuid() == 0:
            owner = folder.stat()
            os.fchown(opened.fileno(), owner.st_uid, owner.st_gid)
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def made_for(folder: Path, file: Path, content: bytes) -> None:
    """Write a new file that only its owner reads: the owner of the folder, where we are root.

    Raises:
        OSError: it could not be written, or is there already.
    """
    _written(file, content, folder)
    synced(file.parent)
