"""`roombridge secrets`: the encrypted vault, with the appliance running or not."""

import os
import pwd
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bridge.cli.tables import moment, pretty, table
from bridge.cli.typed import BadSecret, read, typed
from bridge.settings import files
from bridge.settings.mentions import mentions
from bridge.settings.model import VaultSettings
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Secrets
from bridge.settings.typed import Reader
from bridge.settings.vaults import basics, vault_of
from bridge.vault.disk import made_for
from bridge.vault.keys import key_from, new_key
from bridge.vault.trouble import NoSuchSecret, VaultUnusable
from bridge.vault.vault import Vault
from connector.secret import Secret


class _BadConfiguration(Exception):
    """What says where the vault is and what opens it cannot be read."""


def _told(command: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """A command whose troubles are told in words: 1 for the name, 2 for the vault."""

    def run(given: Namespace) -> int:
        try:
            return command(given)
        except VaultUnusable as error:
            print(f"{error} ({error.fix})" if error.fix else error, file=sys.stderr)
            return 1 if isinstance(error, NoSuchSecret) else 2
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            print(f"{where}{error.strerror or 'cannot be written'}", file=sys.stderr)
        except (BadSecret, _BadConfiguration) as error:
            print(error, file=sys.stderr)
        return 2

    return run


@_told
def init(given: Namespace) -> int:
    """Make a vault."""
    folder, settings = _basics(given.config)
    vault = vault_of(folder, settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.key_file is not None and not vault.exists():
        _made(settings.key_file, folder)
    vault.init(at=datetime.now(UTC), by=_who())
    _say(given, {"vault": vault.id, "keys": list(vault.keys)}, f"{vault.file} is made")
    return 0


@_told
def set_(given: Namespace) -> int:
    """Put a secret into the vault."""
    vault = _vault(given)
    vault.reopen()  # before somebody types for nothing
    value = typed() if given.file is None and sys.stdin.isatty() else read(given.file)
    vault.put(given.name, Secret(value), at=datetime.now(UTC), by=_who())
    _say(given, {"name": given.name}, f"{given.name} is set: use it as vault:{given.name}")
    return 0


@_told
def every(given: Namespace) -> int:
    """List the secrets without their values."""
    vault = _vault(given)
    vault.reopen()
    listed = [
        {"name": one.name, "set": one.at.isoformat(timespec="seconds"), "by": one.by}
        for one in vault.listed()
    ]
    if given.json:
        print(pretty({"vault": vault.id, "keys": vault.keys, "secrets": listed}))
        return 0
    print(table(("NAME", "SET", "BY"), [(o["name"], moment(o["set"]), o["by"]) for o in listed]))
    return 0


@_told
def delete(given: Namespace) -> int:
    """Forget a secret."""
    vault = _vault(given)
    vault.reopen()
    vault.require(given.name)
    used = mentions(given.config)
    if not given.force and (used is None or given.name in used):
        where = "" if used is None else f": {', '.join(used[given.name])}"
        words = "the configuration cannot be read, it may use" if used is None else "in use is"
        print(f"{words} {given.name}{where} (--force deletes it all the same)", file=sys.stderr)
        return 1
    vault.drop(given.name, at=datetime.now(UTC), by=_who())
    _say(given, {"name": given.name}, f"{given.name} is deleted")
    return 0


@_told
def rotate(given: Namespace) -> int:
    """Encrypt everything anew."""
    folder, settings = _basics(given.config)
    vault = vault_of(folder, settings)
    vault.reopen()
    more = []
    if given.key_file is not None:
        _made(given.key_file, folder)
        more.append(key_from(given.key_file))
    keys = vault.rotate(at=datetime.now(UTC), by=_who(), more=more)
    words = f"everything is encrypted anew; the vault opens with {' or '.join(keys)}"
    if more:
        words += "\nput the new key in the former one's place, then `roombridge secrets rotate`"
        words += " ends the former one's use"
    _say(given, {"vault": vault.id, "keys": keys}, words)
    return 0


def _vault(given: Namespace) -> Vault:
    return vault_of(*_basics(given.config))


def _basics(config: Path) -> tuple[Path, VaultSettings]:
    """Where the vault is and what opens it; the rest of the configuration may be wrong."""
    problems: list[Problem] = []
    place = Place(problems, config)
    node = files.document(config, problems)
    if node is not None:
        nodes = Reader(config.parent, Secrets(set())).keys(node, place) or {}
        found = basics(config.parent, nodes, place)
        if not problems:
            return found
    raise _BadConfiguration("\n".join(map(str, problems)))


def _made(file: Path, folder: Path) -> None:
    """Make a key file where there is none."""
    if not file.exists():
        made_for(folder, file, f"{new_key()}\n".encode())
        print(f"{file} is made: without it nobody opens the vault, keep a copy", file=sys.stderr)


def _who() -> str:
    """Who does it, for the audit log: by the system's word, and by sudo's behind it."""
    user = os.getuid()
    if user == 0:
        user = int(os.environ.get("SUDO_UID", "0"))
    try:
        return f"cli:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"cli:{user}"


def _say(given: Namespace, answer: object, words: str) -> None:
    if given.json:
        print(pretty(answer))
    else:
        print(words, file=sys.stderr)
