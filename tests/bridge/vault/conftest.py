"""A vault in a folder, and keys for it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.vault.keys import Key, LocalKey
from bridge.vault.vault import Vault
from connector.secret import Secret

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BY = "cli:ada"


def key(seed: int = 1) -> LocalKey:
    return LocalKey(hashlib.sha256(bytes([seed])).digest())


def vault_at(folder: Path, *keys: Key) -> Vault:
    """Another process's view of the same file."""
    ring: Sequence[Key] = keys or (key(),)
    return Vault(folder / "vault", lambda: ring)


def opened(folder: Path, *keys: Key) -> Vault:
    vault = vault_at(folder, *keys)
    vault.reopen()
    return vault


def values(folder: Path, *keys: Key) -> dict[str, str]:
    """All secrets, as a process that starts now reads them."""
    vault = opened(folder, *keys)
    return {one.name: vault.require(one.name).reveal() for one in vault.listed()}


def put(vault: Vault, name: str, value: str) -> None:
    vault.put(name, Secret(value), at=AT, by=BY)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = vault_at(tmp_path)
    made.init(at=AT, by=BY)
    return made
