"""The room list as it was understood last: five thousand rooms of YAML take a second to read.

It is used only for exactly the same text read by the same version, and holds no secret: those are
read from their files and the vault again. It may be deleted at any time.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from bridge.settings.model import EndpointSettings, Inventory, RoomList, Settings
from bridge.settings.problem import Problem
from bridge.settings.secrets import VAULT
from connector import load
from connector.secret import Secret
from rooms.room import Room

NAME = "rooms.compiled"


class _Endpoint(Settings, frozen=True, kw_only=True):
    id: str
    kind: str
    room: str
    options: msgspec.Raw


class _Compiled(Settings, frozen=True, kw_only=True):
    key: bytes
    rooms: tuple[Room, ...]
    lists: tuple[RoomList, ...]
    endpoints: tuple[_Endpoint, ...]
    warnings: tuple[Problem, ...]
    read: tuple[str, ...]


class _Lost(Exception):
    """A secret cannot be read now: the full reader says so in words."""


def key_of(files: Iterable[Path]) -> bytes | None:
    """What the room list was read from; None where a file cannot be read."""
    digest = hashlib.sha256(version("room-calendar-bridge").encode())
    try:
        for file in files:
            content = file.read_bytes()
            digest.update(f"{file}\0{len(content)}\0".encode() + content)
    except OSError:
        return None
    return digest.digest()


def load_compiled(
    folder: Path, key: bytes | None, vault: Callable[[str], Secret | None]
) -> tuple[Inventory, tuple[Problem, ...], set[Path]] | None:
    """The room list of exactly this text, its warnings and its files; None where it is not here."""
    try:
        kept = msgspec.msgpack.decode((folder / NAME).read_bytes(), type=_Compiled)
        if key is None or kept.key != key:
            return None
        inventory = Inventory(
            rooms=kept.rooms,
            lists=kept.lists,
            endpoints=tuple(_endpoint(endpoint, vault) for endpoint in kept.endpoints),
        )
    except (OSError, msgspec.DecodeError, _Lost, KeyError):
        return None
    return inventory, kept.warnings, {Path(name) for name in kept.read}


def save_compiled(
    folder: Path,
    key: bytes | None,
    inventory: Inventory,
    warnings: Iterable[Problem],
    read: Iterable[Path],
) -> None:
    """Keep a room list that is good. Where that is not possible the next start takes longer."""
    if key is None:
        return
    encode = msgspec.msgpack.Encoder(enc_hook=_whence).encode
    kept = _Compiled(
        key=key,
        rooms=inventory.rooms,
        lists=inventory.lists,
        endpoints=tuple(
            _Endpoint(
                id=endpoint.id,
                kind=endpoint.kind,
                room=endpoint.room,
                options=msgspec.Raw(encode(endpoint.options)),
            )
            for endpoint in inventory.endpoints
        ),
        warnings=tuple(warnings),
        read=tuple(map(str, read)),
    )
    part = folder / f"{NAME}.new"
    with suppress(OSError):
        part.write_bytes(encode(kept))
        part.chmod(0o600)
        part.replace(folder / NAME)


def _endpoint(kept: _Endpoint, vault: Callable[[str], Secret | None]) -> EndpointSettings:
    def read_again(kind: Any, name: Any) -> Secret | Path:
        return _read_again(kind, name, vault)

    options = msgspec.msgpack.decode(
        kept.options, type=load.endpoint(kept.kind).Options, dec_hook=read_again
    )
    return EndpointSettings(id=kept.id, kind=kept.kind, room=kept.room, options=options)


def _whence(value: Any) -> str:
    """Where a secret came from, which is no secret; a path as it is written."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Secret) and value.vault:
        return VAULT + value.vault
    if isinstance(value, Secret) and value.file is not None:
        return str(value.file)
    raise NotImplementedError


def _read_again(kind: Any, name: Any, vault: Callable[[str], Secret | None]) -> Secret | Path:
    if kind is Path:
        return Path(name)
    if kind is not Secret:
        raise NotImplementedError
    if name.startswith(VAULT):  # files have absolute paths, or one from the folder we run in
        secret = vault(name.removeprefix(VAULT))
        if secret is None:
            raise _Lost
        return secret
    try:
        return Secret(Path(name).read_text().rstrip("\r\n"), Path(name))
    except (OSError, UnicodeDecodeError) as error:
        raise _Lost from error
