"""Where secrets of the configuration come from."""

import stat
from pathlib import Path
from typing import Protocol

from bridge.settings.problem import Place
from connector.secret import Secret

LIMIT = 64 << 10
"""Bytes of a secret file; the longest are certificates with their key."""


VAULT = "vault:"
ENDPOINT = "endpoint/"
"""What the room list may name of the vault begins so."""


class Named(Protocol):
    """Secrets by name: the vault."""

    def secret(self, name: str, place: Place) -> Secret | None:
        """A secret for this place, or None after saying why not."""


class Secrets:
    """Reads secrets for one file of the configuration.

    `folder` is the only one from which they may come, and then none may stand in the file itself:
    that is so for `rooms.yaml`, which more people edit than may know passwords. Files are noted
    in `read`. Without a vault its names give nothing, and nothing is said of that.
    """

    def __init__(
        self, read: set[Path], folder: Path | None = None, vault: Named | None = None
    ) -> None:
        self._read = read
        self._folder = folder
        self._vault = vault

    def inline(self, text: str, place: Place) -> Secret | None:
        """A secret that stands in the configuration itself, or the name of one in the vault."""
        if text.startswith(VAULT):
            return self._from_vault(text.removeprefix(VAULT), place)
        if self._folder is not None:
            place.error(
                "a secret must not stand in this file",
                f"put it into a file below {self._folder} and name that with {place.path}_file,"
                f" or into the vault: {VAULT}{ENDPOINT}NAME",
            )
            return None
        return Secret(text)

    def _from_vault(self, name: str, place: Place) -> Secret | None:
        if self._folder is not None and not name.startswith(ENDPOINT):
            place.error(f"only {VAULT}{ENDPOINT}NAME may stand in this file")
            return None
        return None if self._vault is None else self._vault.secret(name, place)

    def from_file(self, path: Path, place: Place) -> Secret | None:
        """A secret from a file of its own; the end of its last line does not count."""
        self._read.add(path)
        if self._folder is not None and not _below(path, self._folder):
            place.error(f"must be below {self._folder}", "endpoint_secrets_dir names that folder")
            return None
        try:
            if path.stat().st_mode & stat.S_IROTH:
                place.warn(f"{path} can be read by everybody", f"chmod o= {path}")
            return Secret(_text(path), path)
        except FileNotFoundError:
            place.error(f"there is no file {path}")
        except OSError as error:
            place.error(f"{path} cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            place.error(f"{path} is not text", "certificates are wanted in PEM")
        except ValueError as error:
            place.error(f"{path} {error}")
        return None


def _text(path: Path) -> str:
    if path.stat().st_size > LIMIT:
        raise ValueError("is too large for a secret")
    text = path.read_text().rstrip("\r\n")
    if not text:
        raise ValueError("is empty")
    return text


def _below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
