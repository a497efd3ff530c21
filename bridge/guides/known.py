"""What a configuration tells a guide, however unfinished it is.

Somebody who reads a guide has no certificate yet, and perhaps no client_id: what is missing stands
as a word in <angle brackets>.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import yaml

from bridge.settings import files
from bridge.settings.load import read
from bridge.settings.problem import Problem
from bridge.settings.typed import bare

SCOPE = "Room Calendar Bridge rooms"
"""The management scope in Exchange that holds the rooms."""
_PLAIN = (
    "tenant_id",
    "client_id",
    "certificate_file",
    "subject",
    "username",
    "notifications",
    "presence",
)
"""Settings that a guide may show: no secret is among them."""
_HUB = ("namespace", "hub", "consumer_group", "key_vault_secret", "tenant_domain")
"""The same of an Event Hub."""


class Unknown(Exception):
    """There is no telling what the guide is for; the words say why."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A room and its mailbox."""

    name: str
    mailbox: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a guide fills in."""

    source: str
    settings: Mapping[str, str] = {}
    """Plain settings of the source, as they stand in the file."""
    canary: str = ""
    rooms: Sequence[Place] = ()
    writes: bool = False
    """Whether calendars of its rooms may be changed."""
    writer: str = ""
    """The client_id of a second identity, that writes."""
    folder: str = "/etc/roombridge"
    """Where the configuration lies."""

    def get(self, name: str) -> str:
        """A setting, or its name in angle brackets."""
        return self.settings.get(name) or f"<{name}>"


def known(file: Path, kind: str, source: str = "") -> Known:
    """What a configuration tells about its source of a kind.

    Raises:
        Unknown: it cannot be read, or it has several such sources and none was named.
    """
    problems: list[Problem] = []
    node = files.document(file, problems)
    if node is None:
        raise Unknown("\n".join(map(str, problems)))
    sources = _sources(node)
    name = _chosen(sources, kind, source)
    given = sources.get(name, {})
    configuration = read(file, [])
    rooms = configuration.inventory.rooms if configuration else ()
    boxes, second = given.get("mailboxes"), given.get("writer")
    return Known(
        source=name or kind,
        settings=_plain(given),
        canary=str(boxes.get("canary", "")) if isinstance(boxes, dict) else "",
        rooms=[
            Place(name=room.name, mailbox=room.mailbox)
            for room in rooms
            if not sources or (name and room.source == name)
        ],
        writes=any(room.source == name and room.policy.writes != "none" for room in rooms),
        writer=str(second.get("client_id", "")) if isinstance(second, dict) else "",
        folder=str(file.parent.absolute()),
    )


def kind_of(file: Path, source: str, *kinds: str) -> str:
    """The first of these kinds that the named source is, or any one where none is named.

    Empty where there is none, or the configuration cannot be read.
    """
    node = files.document(file, [])
    sources = _sources(node) if node is not None else {}
    told = [str(one.get("kind")) for name, one in sources.items() if source in {"", name}]
    return next((kind for kind in kinds if kind in told), "")


def _plain(given: Mapping[str, object]) -> dict[str, str]:
    """What may be shown of a source, with what is below `eventhub` by its path."""
    found = {key: one for key in _PLAIN if isinstance(one := given.get(key), str)}
    hub = given.get("eventhub")
    if isinstance(hub, dict):
        found |= {f"eventhub.{key}": str(hub[key]) for key in _HUB if hub.get(key)}
    signed = isinstance(hub, dict) and (
        "connection_string" in hub or "connection_string_file" in hub
    )
    return found | ({"eventhub.signed": "yes"} if signed else {})


def _sources(node: yaml.Node) -> dict[str, dict[str, object]]:
    told = bare(node)
    listed = told.get("sources") if isinstance(told, dict) else None
    if not isinstance(listed, dict):
        return {}
    return {str(name): one for name, one in listed.items() if isinstance(one, dict)}


def _chosen(sources: Mapping[str, Mapping[str, object]], kind: str, source: str) -> str:
    """The source that is meant; empty where the configuration has none of the kind yet."""
    fit = [name for name, one in sources.items() if one.get("kind") == kind]
    if source:
        if source not in fit:
            raise Unknown(f"there is no source {source} of kind {kind}")
        return source
    if len(fit) > 1:
        raise Unknown(f"several sources are of kind {kind}: name one with --source")
    return next(iter(fit), "")
